//! One gofer process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::Context;
use rustix::process::Signal;
use tonic::transport::{Channel, Endpoint};

use crate::Process;

/// Lines of its output that an error shows.
const TAIL: usize = 40;

/// A node's process, its data directory and its address. Killed when dropped.
#[derive(Debug)]
pub struct Node {
    pub address: String,
    pub data: PathBuf,
    flags: Vec<String>,
    process: Process,
}

impl Node {
    /// A node that is not started yet.
    #[must_use]
    pub fn new(root: &Path, name: &str, flags: Vec<String>) -> Self {
        Self {
            address: format!("127.0.0.1:{}", free_port()),
            data: root.join(name),
            flags,
            process: Process::new(root.join(format!("{name}.log"))),
        }
    }

    /// Starts the process, with `extra` flags besides its own.
    ///
    /// # Errors
    /// When the binary is missing or can't be executed.
    pub fn start(&mut self, extra: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(binary()?);
        command
            .arg("server")
            .args(["--listen", &self.address])
            .arg("--data-dir")
            .arg(&self.data)
            .args(&self.flags)
            .args(extra);
        self.process.start(command)
    }

    /// Starts the process with `instead` after its own flags, of which those with the same names are left out.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub fn start_with(&mut self, extra: &[&str], instead: &[&str]) -> anyhow::Result<()> {
        let before = self.flags.clone();
        let is_replaced = |flag: &String| instead.iter().any(|other| flag.starts_with("--") && flag == other);
        let mut kept = Vec::new();
        let mut flags = before.iter().peekable();
        while let Some(flag) = flags.next() {
            let is_replaced = is_replaced(flag);
            let value = flags.next_if(|value| !value.starts_with("--"));
            if !is_replaced {
                kept.push(flag.clone());
                kept.extend(value.cloned());
            }
        }
        self.flags = kept.into_iter().chain(instead.iter().map(ToString::to_string)).collect();
        let started = self.start(extra);
        self.flags = before;
        started
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Sends a signal to the process.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.process.signal(signal)
    }

    /// SIGTERM, then waits for a clean exit.
    ///
    /// # Errors
    /// When it takes longer than `limit` or ends with a failure.
    pub fn terminate(&mut self, limit: Duration) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        let start = std::time::Instant::now();
        while start.elapsed() < limit {
            if let Some(status) = self.process.ended() {
                anyhow::ensure!(status.success(), "gofer ended with {status}; its log: {}", self.log_tail());
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
        anyhow::bail!("gofer did not stop within {limit:?}; its log: {}", self.log_tail())
    }

    /// Waits until the process ends by itself, which it must with a failure; returns the end of what it printed.
    ///
    /// # Errors
    /// When it does not run, goes on for longer than `limit`, or ends as if all were well.
    pub async fn failed(&mut self, limit: Duration) -> anyhow::Result<String> {
        anyhow::ensure!(self.is_running(), "not started");
        let start = std::time::Instant::now();
        while start.elapsed() < limit {
            if let Some(status) = self.process.ended() {
                anyhow::ensure!(!status.success(), "gofer ended with {status}; its log: {}", self.log_tail());
                return Ok(self.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::bail!("gofer still runs after {limit:?}; its log: {}", self.log_tail())
    }

    /// Whether the process was started and not killed.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.is_started()
    }

    /// Id of the process.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pid(&self) -> anyhow::Result<i32> {
        Ok(self.process.pid()?.as_raw_nonzero().get())
    }

    /// Peak resident memory of the process so far, in bytes.
    ///
    /// # Errors
    /// When it does not run.
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    /// A channel to this node; it connects on first use.
    ///
    /// # Panics
    /// Never: the address is well formed.
    ///
    /// # Errors
    /// When the address is malformed.
    pub fn channel(&self) -> anyhow::Result<Channel> {
        Ok(Endpoint::from_shared(format!("http://{}", self.address))?
            .connect_timeout(Duration::from_secs(1))
            .timeout(Duration::from_secs(30))
            .connect_lazy())
    }

    /// The end of what the process printed since it was started last.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.process.log_tail(TAIL)
    }
}

/// The gofer binary: `GOFER_BIN`, else the one built beside this test.
///
/// # Errors
/// When there is none; says how to build it.
pub fn binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("GOFER_BIN") {
        return Ok(path.into());
    }
    let executable = std::env::current_exe()?;
    let found = executable.ancestors().map(|directory| directory.join("gofer")).find(|path| path.is_file());
    found.context("no gofer binary beside the tests; build it with `cargo build --release --package gofer`")
}

/// A port nobody listens on now, and that no other call in this process has given out.
///
/// Below the range from which the kernel picks ports of outgoing connections, so that none of those takes it before
/// its node does.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + u16::try_from(std::process::id() % 240).unwrap_or(0) * 50;
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed) % 12_000;
        let port = 20_000 + (port - 20_000) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
