//! Watching the program: output, orders, lease, end.

use std::os::fd::{AsFd, BorrowedFd};
use std::process::{ChildStderr, ChildStdout};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use serde::{Deserialize, Serialize};

use super::program::Program;
use crate::driver::{Exit, LaunchSpec};
use crate::launch_dir::LaunchDir;
use crate::lease::{self, Watch};
use crate::logfile::{RECORD_BYTES_MAX, Stream, Writer, unix_ms};
use crate::redact::{Mask, Redactor};

/// How often orders are looked for.
const ORDERS_MS: u64 = 100;
/// How often the lease is looked at.
const LEASE_MS: u64 = 250;
/// How often the last processes are looked for once the program has ended.
const END_MS: u64 = 10;

/// `stop.json`: an order to end the program. A later order may replace it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stop {
    /// When to use force, in milliseconds of the lease's clock.
    pub(crate) kill_at_ms: u64,
}

pub(super) struct Supervisor<'a> {
    dir: &'a LaunchDir,
    log: Writer,
    log_error: Option<String>,
    program: Program,
    /// The reading ends; none once all writers are gone.
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    buffer: Vec<u8>,
    /// Of standard output and standard error; none without secrets.
    redactors: Option<[Redactor; 2]>,
    redacted: Vec<u8>,
    status: Option<WaitStatus>,
    lease: Option<Watch<'a>>,
    lease_at_ms: u64,
    fenced: bool,
    orders_at_ms: u64,
    told_to_end: bool,
}

/// How a pipe stands after a read.
enum Pumped {
    Some,
    Nothing,
    Closed,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(dir: &'a LaunchDir, spec: &'a LaunchSpec, log: Writer, mut program: Program) -> Self {
        let (stdout, stderr) = (program.stdout.take(), program.stderr.take());
        for pipe in [stdout.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd)].into_iter().flatten() {
            let _ = rustix::fs::fcntl_setfl(pipe, OFlags::NONBLOCK);
        }
        Self {
            dir,
            log,
            log_error: None,
            program,
            stdout,
            stderr,
            buffer: vec![0; RECORD_BYTES_MAX],
            redactors: Some(spec.secrets.patterns())
                .filter(|patterns| !patterns.is_empty())
                .map(|patterns| [Arc::clone(&patterns), patterns].map(|patterns| Redactor::new(patterns, Mask::Short))),
            redacted: Vec::new(),
            status: None,
            lease: spec.lease_file.as_deref().map(Watch::new),
            lease_at_ms: 0,
            fenced: false,
            orders_at_ms: 0,
            told_to_end: false,
        }
    }

    /// Runs until the program and all its descendants have ended and their output is written.
    pub(super) fn run(mut self) -> Exit {
        while self.status.is_none() {
            self.sleep(ORDERS_MS);
            self.pump();
            self.reap();
            if self.status.is_none() {
                self.check_lease();
                self.check_orders();
            }
        }
        // What the program left behind is ours by now, or will be when its parent is killed.
        while !self.reap() {
            kill_children();
            self.sleep(END_MS);
            self.pump();
        }
        while self.pump() {}
        self.release(Stream::Stdout);
        self.release(Stream::Stderr);
        if let Err(error) = self.log.sync() {
            self.log_error.get_or_insert_with(|| error.to_string());
        }
        self.exit()
    }

    /// Waits for output, the end of the program, or the time.
    fn sleep(&self, ms: u64) {
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(3);
        let pipes: [Option<BorrowedFd<'_>>; 2] =
            [self.stdout.as_ref().map(AsFd::as_fd), self.stderr.as_ref().map(AsFd::as_fd)];
        fds.extend(pipes.into_iter().flatten().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        if self.status.is_none() {
            fds.push(PollFd::new(&self.program.pidfd, PollFlags::IN));
        }
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::try_from(ms * 1_000_000).unwrap_or(0) };
        let _ = poll(&mut fds, Some(&timeout));
    }

    /// Moves output into the log, a bounded amount. False when there was none.
    fn pump(&mut self) -> bool {
        let mut moved = false;
        for stream in [Stream::Stdout, Stream::Stderr] {
            match self.pump_one(stream) {
                Pumped::Some => moved = true,
                Pumped::Nothing => {}
                Pumped::Closed if stream == Stream::Stdout => self.stdout = None,
                Pumped::Closed => self.stderr = None,
            }
        }
        moved
    }

    fn pump_one(&mut self, stream: Stream) -> Pumped {
        let fd = match stream {
            Stream::Stdout => self.stdout.as_ref().map(AsFd::as_fd),
            Stream::Stderr | Stream::Notice => self.stderr.as_ref().map(AsFd::as_fd),
        };
        let Some(fd) = fd else { return Pumped::Nothing };
        let length = match rustix::io::read(fd, &mut self.buffer[..]) {
            Ok(0) => return Pumped::Closed,
            Ok(length) => length,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Pumped::Nothing,
            Err(_) => return Pumped::Closed,
        };
        let output = match redactor(&mut self.redactors, stream) {
            None => &self.buffer[..length],
            Some(redactor) => {
                self.redacted.clear();
                redactor.push(&self.buffer[..length], &mut self.redacted);
                &self.redacted[..]
            }
        };
        // Without its log the program goes on; its pipes must not fill up.
        if !output.is_empty()
            && let Err(error) = self.log.append(stream, unix_ms(), output)
        {
            self.log_error.get_or_insert_with(|| error.to_string());
        }
        Pumped::Some
    }

    /// Writes what was held back as it might have become a secret.
    fn release(&mut self, stream: Stream) {
        let Some(redactor) = redactor(&mut self.redactors, stream) else { return };
        self.redacted.clear();
        redactor.finish(&mut self.redacted);
        if !self.redacted.is_empty()
            && let Err(error) = self.log.append(stream, unix_ms(), &self.redacted)
        {
            self.log_error.get_or_insert_with(|| error.to_string());
        }
    }

    /// Collects who ended. True when there are no children left.
    fn reap(&mut self) -> bool {
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.program.pid => self.status = Some(status),
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    fn check_lease(&mut self) {
        let now = lease::now_ms();
        if now < self.lease_at_ms + LEASE_MS {
            return;
        }
        self.lease_at_ms = now;
        if self.lease.as_mut().is_some_and(Watch::has_run_out) {
            self.fenced = true;
            self.kill();
        }
    }

    fn check_orders(&mut self) {
        let now = lease::now_ms();
        if now < self.orders_at_ms + ORDERS_MS {
            return;
        }
        self.orders_at_ms = now;
        let stop = match self.dir.read_json::<Stop>("stop.json") {
            Ok(None) => return,
            Ok(Some(stop)) => stop,
            // An order that can't be read is an order all the same.
            Err(_) => Stop { kill_at_ms: now },
        };
        if now >= stop.kill_at_ms {
            self.kill();
        } else if !self.told_to_end {
            self.told_to_end = true;
            // Not waited for yet, so the id is still the program's.
            let _ = rustix::process::kill_process_group(self.program.pid, Signal::TERM);
        }
    }

    /// Kills the program and whatever can be found of it.
    fn kill(&self) {
        let _ = rustix::process::kill_process_group(self.program.pid, Signal::KILL);
        if let Some(cgroup) = &self.program.cgroup {
            cgroup.kill();
        }
        kill_children();
    }

    fn exit(self) -> Exit {
        let out_of_memory = self.program.cgroup.as_ref().is_some_and(|cgroup| {
            let ran_out = cgroup.ran_out_of_memory();
            cgroup.remove();
            ran_out
        });
        let status = self.status;
        let signal = status.and_then(WaitStatus::terminating_signal);
        let code = status.and_then(WaitStatus::exit_status).or(signal.map(|signal| 128 + signal));
        let out_of_memory = out_of_memory && code != Some(0);
        let mut message = match (self.fenced, out_of_memory, signal) {
            (true, _, _) => "lease ran out".to_owned(),
            (_, true, _) => "out of memory".to_owned(),
            (_, _, Some(signal)) => format!("ended by signal {signal}"),
            _ => String::new(),
        };
        if let Some(error) = self.log_error {
            let separator = if message.is_empty() { "" } else { "; " };
            message = format!("{message}{separator}output was lost: {error}");
        }
        Exit {
            code,
            signal,
            out_of_memory,
            fenced: self.fenced,
            command_not_found: false,
            never_started: false,
            outputs_fault: String::new(),
            started_at_ms: self.program.started_at_ms,
            finished_at_ms: 0,
            message,
        }
    }
}

fn redactor(redactors: &mut Option<[Redactor; 2]>, stream: Stream) -> Option<&mut Redactor> {
    let [stdout, stderr] = redactors.as_mut()?;
    Some(if stream == Stream::Stdout { stdout } else { stderr })
}

/// Kills the children of this process: they are not waited for yet, so their ids are theirs.
fn kill_children() {
    for pid in children() {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

fn children() -> Vec<Pid> {
    let own = rustix::process::getpid().as_raw_nonzero();
    if let Ok(text) = std::fs::read_to_string(format!("/proc/self/task/{own}/children")) {
        return text.split_whitespace().filter_map(|word| word.parse().ok()).filter_map(Pid::from_raw).collect();
    }
    // Kernels without that file.
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(own.get())).filter_map(Pid::from_raw).collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before is in parentheses and may contain anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
