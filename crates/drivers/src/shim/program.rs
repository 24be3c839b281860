//! Starting the program: environment, limits, session, pipes.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};

use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal};
use serde::{Deserialize, Serialize};

use crate::cgroup::Cgroup;
use crate::driver::{Exit, LaunchSpec};
use crate::launch_dir::LaunchDir;
use crate::logfile::{Writer, unix_ms};
use crate::secrets::{DIR_VARIABLE, SecretDir};

/// `PATH` of programs that get none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The name of the program that this is: a task that asks for it gets the node's own, wherever that lies.
const OWN: &str = "gofer";
/// The executable of this process, also when its file was replaced since.
const SELF: &str = "/proc/self/exe";

/// A program that was started.
pub(super) struct Program {
    pub(super) pid: Pid,
    pub(super) pidfd: OwnedFd,
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
    pub(super) cgroup: Option<Cgroup>,
    pub(super) started_at_ms: u64,
}

/// Who runs, for adopters and for people.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) shim_pid: i32,
    pub(crate) program_pid: i32,
    pub(crate) started_at_ms: u64,
    pub(crate) cgroup: Option<Cgroup>,
}

/// Starts the program; on failure answers the exit to record.
pub(super) fn start(dir: &LaunchDir, spec: &LaunchSpec, log: &mut Writer) -> Result<Program, Exit> {
    let started_at_ms = unix_ms();
    let failed = |message: String| Exit { started_at_ms, never_started: true, ..Exit::unknown(message) };
    let work = match &spec.working_directory {
        Some(path) => path.clone(),
        None => dir.file("work"),
    };
    if spec.working_directory.is_none() {
        std::fs::create_dir_all(&work).map_err(|error| failed(format!("can't make a working directory: {error}")))?;
    }
    let mut words = spec.entrypoint.iter().chain(&spec.command);
    let name = words.next().ok_or_else(|| failed("there is no program to run".into()))?;
    let outputs = spec.outputs.iter().map(|path| ("GOFER_OUTPUTS", path));
    let mut command = if name == OWN { Command::new(SELF) } else { Command::new(name) };
    command
        .arg0(name)
        .args(words)
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", &work)
        .envs(&spec.environment)
        .envs(outputs)
        .current_dir(&work);
    command.envs(spec.secrets.env.iter().map(|(name, value)| (name, value.as_str())));
    if !spec.secrets.files.is_empty() {
        let secrets = SecretDir::of(dir.path());
        secrets
            .create(&spec.secrets, false)
            .map_err(|error| failed(format!("can't make the files of its secrets: {error}")))?;
        command.env(DIR_VARIABLE, secrets.files());
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (cgroup, address_space) = limits(dir, spec, log);
    isolate(&mut command, cgroup.as_ref(), address_space).map_err(|error| failed(format!("can't limit: {error}")))?;
    let mut child = command.spawn().map_err(|error| {
        if let Some(cgroup) = &cgroup {
            cgroup.remove();
        }
        let command_not_found = is_not_executable(&error);
        let message = if command_not_found {
            format!("program {name:?} can't be executed: {error}")
        } else {
            format!("program {name:?} could not be started: {error}")
        };
        Exit { command_not_found, code: command_not_found.then_some(127), ..failed(message) }
    })?;
    let pid = Pid::from_child(&child);
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty());
    let Ok(pidfd) = pidfd else {
        // It dies with this process.
        let message = "the program can't be watched on this kernel; Linux 5.3 or newer is needed";
        return Err(Exit { started_at_ms, ..Exit::unknown(message) });
    };
    let running = Running {
        shim_pid: rustix::process::getpid().as_raw_nonzero().get(),
        program_pid: pid.as_raw_nonzero().get(),
        started_at_ms,
        cgroup: cgroup.clone(),
    };
    if let Err(error) = dir.write_running(&running) {
        let _ = log.notice(unix_ms(), &format!("process ids could not be recorded: {error}"));
    }
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    Ok(Program { pid, pidfd, stdout, stderr, cgroup, started_at_ms })
}

/// Sets up the limits: a control group, or what there is without one.
fn limits(dir: &LaunchDir, spec: &LaunchSpec, log: &mut Writer) -> (Option<Cgroup>, Option<u64>) {
    if spec.memory_bytes == 0 && spec.cpu_millis == 0 {
        return (None, None);
    }
    let name = dir.path().file_name().unwrap_or_default().to_string_lossy();
    match Cgroup::create(&name, spec.memory_bytes, spec.cpu_millis) {
        Ok(cgroup) => (Some(cgroup), None),
        Err(error) => {
            let _ = log.notice(
                unix_ms(),
                &format!(
                    "no control group can be made ({error}), so the CPU limit does not hold and the memory limit \
                     bounds the address space instead; run the node with delegated control groups"
                ),
            );
            (None, (spec.memory_bytes > 0).then_some(spec.memory_bytes))
        }
    }
}

/// Whether the program is at fault rather than the machine.
fn is_not_executable(error: &io::Error) -> bool {
    const EXEC_FORMAT: i32 = rustix::io::Errno::NOEXEC.raw_os_error();
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
    ) || error.raw_os_error() == Some(EXEC_FORMAT)
}

/// Gives the program a session of its own, limits, and death with this process.
#[allow(unsafe_code, reason = "pre_exec is the only way to set these between fork and exec")]
fn isolate(command: &mut Command, cgroup: Option<&Cgroup>, address_space: Option<u64>) -> io::Result<()> {
    let doors = cgroup.map_or_else(|| Ok(Vec::new()), Cgroup::doors)?;
    let shim = rustix::process::getpid();
    let enter = move || -> io::Result<()> {
        rustix::process::setsid()?;
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        if rustix::process::getppid() != Some(shim) {
            return Err(rustix::io::Errno::SRCH.into());
        }
        for door in &doors {
            rustix::io::write(door, b"0")?;
        }
        if let Some(bytes) = address_space {
            rustix::process::setrlimit(Resource::As, Rlimit { current: Some(bytes), maximum: Some(bytes) })?;
        }
        Ok(())
    };
    // SAFETY: the closure only makes system calls on values made before; it neither allocates nor takes a lock.
    unsafe { command.pre_exec(enter) };
    Ok(())
}
