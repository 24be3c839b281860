//! The shim: the small process between a node and one program.
//!
//! It outlives the node, so that the program does. It holds the launch lock for its life, claims the launch, runs the
//! program, writes its output and exit, and ends the program on order, or when the lease runs out. It has one thread
//! and no async runtime, and knows nothing but the launch directory and what it is [handed](handover). The [fork
//! server](fork_server) makes it.

mod fork_server;
pub(crate) mod handover;
mod program;
mod supervisor;

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::driver::{Error, Exit, LaunchSpec};
use crate::launch_dir::{Claim, LaunchDir, Lock};
use crate::lease;
use crate::logfile::{Writer, unix_ms};
use crate::outputs;
use crate::secrets::{SecretDir, Secrets};

pub(crate) use fork_server::ForkServer;
pub use fork_server::shims_main;
pub(crate) use program::Running;
pub(crate) use supervisor::Stop;

/// How long a shim waits for a lock that somebody else holds and did not claim under.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// How long an exit record is tried to be written.
const RECORD_PATIENCE: Duration = Duration::from_secs(600);

/// What a shim that did not launch says to the launcher, on its standard output.
pub(crate) mod answer {
    /// The spec can't be carried out; nothing was claimed.
    pub(crate) const INVALID: &str = "invalid ";
    /// Nothing was claimed for a reason that may pass.
    pub(crate) const REFUSED: &str = "refused ";
}

/// What a process does that was made to be the shim of a launch directory.
fn shim(dir: &Path, token: &str) -> ExitCode {
    match launch(&LaunchDir::at(dir), token) {
        Ok(()) => ExitCode::SUCCESS,
        Err(answer) => {
            // Nobody may be there to read it.
            let _ = writeln!(io::stdout(), "{answer}");
            ExitCode::FAILURE
        }
    }
}

fn launch(dir: &LaunchDir, token: &str) -> Result<(), String> {
    let refused = |what: &str, error: &dyn std::fmt::Display| format!("{}{what}: {error}", answer::REFUSED);
    rustix::process::setsid().map_err(|error| refused("can't make a session", &error))?;
    let Some(lock) = lock(dir).map_err(|error| refused("can't lock the launch", &error))? else { return Ok(()) };
    let launch = Launch::prepare(dir, lock)?;
    let claim = Claim::Run(token.to_owned());
    match dir.claim(&claim) {
        Ok(winner) if winner == claim => {}
        Ok(_) => return Ok(()),
        Err(error) => return Err(refused("can't claim the launch", &error)),
    }
    launch.run(dir);
    Ok(())
}

/// The launch lock; none when the launch is somebody else's.
fn lock(dir: &LaunchDir) -> Result<Option<Lock>, Error> {
    let patience = Instant::now() + LOCK_PATIENCE;
    loop {
        if dir.claimed()?.is_some() {
            return Ok(None);
        }
        // Whoever asks whether the lock is held holds it for an instant, so one refusal says nothing.
        if let Some(lock) = dir.try_lock()? {
            return Ok(if dir.claimed()?.is_some() { None } else { Some(lock) });
        }
        if Instant::now() > patience {
            return Ok(None);
        }
        sleep(Duration::from_millis(5));
    }
}

/// Everything that can fail, done before the claim.
struct Launch {
    _lock: Lock,
    spec: LaunchSpec,
    log: Writer,
}

impl Launch {
    fn prepare(dir: &LaunchDir, lock: Lock) -> Result<Self, String> {
        let refused = |error: &dyn std::fmt::Display| format!("{}{error}", answer::REFUSED);
        // No buffer of the standard library's keeps a copy of a secret.
        let bytes = Secrets::receive(Unbuffered(rustix::stdio::stdin())).map_err(|error| refused(&error))?;
        let spec = handover::decode(&bytes).ok_or_else(|| refused(&"the launcher did not hand over the whole spec"))?;
        if let Some(path) = &spec.working_directory
            && !path.is_dir()
        {
            return Err(format!("{}working directory {} does not exist on this node", answer::INVALID, path.display()));
        }
        if let Some(path) = &spec.lease_file
            && lease::Watch::new(path).has_run_out()
        {
            return Err(refused(&"the node's lease ran out"));
        }
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(|error| refused(&format!("can't adopt orphans: {error}")))?;
        let log = Writer::open(&dir.log(), spec.log_bytes_max).map_err(|error| refused(&error))?;
        Ok(Self { _lock: lock, spec, log })
    }

    /// Runs the program to its end and records that. The claim is ours.
    fn run(self, dir: &LaunchDir) {
        let Self { _lock, spec, mut log } = self;
        let mut exit = match program::start(dir, &spec, &mut log) {
            Ok(program) => {
                hang_up();
                supervisor::Supervisor::new(dir, &spec, log, program).run()
            }
            Err(exit) => exit,
        };
        if let Some(path) = spec.outputs.as_ref().filter(|_| !spec.secrets.is_empty()) {
            exit.outputs_fault = outputs::search(path, Some(&spec.secrets)).unwrap_or_default();
        }
        let _ = SecretDir::of(dir.path()).remove();
        record(dir, &exit);
        hang_up();
    }
}

/// Reads from a file as it is.
struct Unbuffered<'a>(BorrowedFd<'a>);

impl io::Read for Unbuffered<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(self.0, into)?)
    }
}

/// Lets the launcher know that there is nothing more to wait for.
fn hang_up() {
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
    }
}

/// Writes the exit record. While the disk is full, the launch counts as running.
fn record(dir: &LaunchDir, exit: &Exit) {
    let patience = Instant::now() + RECORD_PATIENCE;
    let exit = Exit { finished_at_ms: unix_ms(), ..exit.clone() };
    while dir.write_exit(&exit).is_err() && dir.exists() && Instant::now() < patience {
        sleep(Duration::from_secs(1));
    }
}
