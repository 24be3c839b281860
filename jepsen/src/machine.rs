//! A node: its namespace, its small disk, its process.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use gofer_tests::Process;
use rustix::process::{Pid, Signal};
use tonic::transport::{Channel, Endpoint};

use crate::net;

/// What the disks of all runs are called in the list of mounts.
const DISK: &str = "gofer-jepsen";
/// How a process is made to see another time.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// A node of the cluster under test.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) index: usize,
    /// `n1` and so on.
    pub(crate) name: String,
    pub(crate) channel: Channel,
    /// Where its disk is mounted.
    disk: PathBuf,
    process: Mutex<Process>,
    binary: PathBuf,
    flags: Vec<String>,
    fakes_time: bool,
    /// Whether a fault has it: nobody else starts or stops it then.
    claimed: AtomicBool,
}

/// What nodes have in common.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    pub(crate) binary: PathBuf,
    pub(crate) flags: Vec<String>,
    /// Preload libfaketime; the binary has to be linked dynamically.
    pub(crate) fakes_time: bool,
    /// Size of a node's disk, in mebibytes.
    pub(crate) disk_mib: u64,
}

impl Machine {
    /// Mounts its disk; starts nothing.
    ///
    /// # Errors
    /// When the disk can't be mounted.
    pub(crate) fn create(folder: &Path, index: usize, build: &Build) -> anyhow::Result<Self> {
        let name = format!("n{}", index + 1);
        let disk = folder.join("disks").join(&name);
        std::fs::create_dir_all(&disk)?;
        let (target, options) = (disk.display().to_string(), format!("size={}m", build.disk_mib));
        net::run(&["mount", "-t", "tmpfs", "-o", &options, DISK, &target])?;
        let channel = Endpoint::from_shared(format!("http://{}", net::address(index)))?
            .connect_timeout(Duration::from_secs(1))
            .http2_keep_alive_interval(Duration::from_secs(2))
            .keep_alive_timeout(Duration::from_secs(4))
            .connect_lazy();
        let machine = Self {
            index,
            process: Mutex::new(Process::new(folder.join(format!("{name}.log")))),
            name,
            channel,
            disk,
            binary: build.binary.clone(),
            flags: build.flags.clone(),
            fakes_time: build.fakes_time,
            claimed: AtomicBool::new(false),
        };
        machine.skew("+0")?;
        Ok(machine)
    }

    /// The node's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.disk.join("data")
    }

    /// Starts the process, with `extra` flags besides its own.
    ///
    /// # Errors
    /// When it runs already, or can't be started.
    pub(crate) fn start(&self, extra: &[&str]) -> anyhow::Result<()> {
        let [enter, words @ ..] = net::enter(&net::namespace(self.index));
        let mut command = Command::new(enter);
        command
            .args(words)
            .arg(&self.binary)
            .args(["server", "--listen", &net::address(self.index), "--name", &self.name, "--drivers", "process"])
            .arg("--data-dir")
            .arg(self.data())
            .args(&self.flags)
            .args(extra)
            // Ctrl-C is for the harness.
            .process_group(0);
        if self.fakes_time {
            command
                .env("LD_PRELOAD", FAKETIME)
                .env("FAKETIME_TIMESTAMP_FILE", self.time_file())
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                .env("DONT_FAKE_MONOTONIC", "1")
                .env("FAKETIME_CACHE_DURATION", "1");
        }
        self.process().start(command).with_context(|| format!("{} can't be started", self.name))
    }

    /// SIGKILL to the node's process, not to its tasks, and waits until it is gone.
    pub(crate) fn kill(&self) {
        self.process().kill();
    }

    /// Sends a signal to the process.
    ///
    /// # Errors
    /// When it does not run.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.process().signal(signal).with_context(|| self.name.clone())
    }

    /// Id of the process.
    ///
    /// # Errors
    /// When it does not run.
    pub(crate) fn pid(&self) -> anyhow::Result<Pid> {
        self.process().pid().with_context(|| self.name.clone())
    }

    /// Whether it was started, and neither killed nor seen to end.
    pub(crate) fn is_started(&self) -> bool {
        self.process().is_started()
    }

    /// How the process ended by itself, if it did; it can be started again then.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.process().ended()
    }

    /// Waits until the process ends by itself; nothing if it goes on.
    pub(crate) async fn ends_within(&self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            let ended = self.ended();
            if ended.is_some() || start.elapsed() > limit {
                return ended;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the process printed since it was started last, the last `most` lines.
    pub(crate) fn log_tail(&self, most: usize) -> String {
        self.process().log_tail(most)
    }

    /// Everything the node ever printed.
    ///
    /// # Errors
    /// When the log can't be read.
    pub(crate) fn whole_log(&self) -> anyhow::Result<String> {
        self.process().whole_log()
    }

    /// Leaves about so many bytes free, until [`Self::make_room`].
    ///
    /// # Errors
    /// When the ballast can't be made at all.
    pub(crate) fn fill(&self, left: u64) -> anyhow::Result<()> {
        let ballast = File::create(self.ballast())?;
        let piece = vec![1; 64 * 1024];
        let mut size = 0;
        while ballast.write_all_at(&piece, size).is_ok() {
            size += piece.len() as u64;
        }
        Ok(ballast.set_len(size.saturating_sub(left))?)
    }

    /// Removes what [`Self::fill`] wrote.
    ///
    /// # Errors
    /// When it can't be removed.
    pub(crate) fn make_room(&self) -> anyhow::Result<()> {
        match std::fs::remove_file(self.ballast()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Removes all the node has.
    ///
    /// # Errors
    /// When it can't be removed.
    pub(crate) fn empty(&self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(self.data()).with_context(|| format!("can't empty {}", self.data().display()))
    }

    /// Sets the offset of the clock that the node sees, as libfaketime reads it: `+12.5`.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn skew(&self, offset: &str) -> anyhow::Result<()> {
        // Whole or not at all: the node may read at any moment.
        let next = self.disk.join("time.next");
        std::fs::write(&next, format!("{offset}\n"))?;
        Ok(std::fs::rename(next, self.time_file())?)
    }

    /// Takes the node for a fault; nothing if another has it.
    pub(crate) fn claim(self: &std::sync::Arc<Self>) -> Option<Claim> {
        let free = self.claimed.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        free.then(|| Claim(self.clone()))
    }

    /// Whether a fault has it.
    pub(crate) fn is_claimed(&self) -> bool {
        self.claimed.load(Ordering::SeqCst)
    }

    fn ballast(&self) -> PathBuf {
        self.disk.join("ballast")
    }

    fn time_file(&self) -> PathBuf {
        self.disk.join("time")
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A node in the hands of one fault, until dropped.
#[derive(Debug)]
pub(crate) struct Claim(std::sync::Arc<Machine>);

impl std::ops::Deref for Claim {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.claimed.store(false, Ordering::SeqCst);
    }
}

/// Unmounts the disks of this or an earlier run.
pub(crate) fn unmount_all() {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let ours = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        (words.next() == Some(DISK)).then(|| words.next()).flatten()
    });
    for path in ours {
        // Lazily: a program that is just dying may still have a file open.
        if let Err(error) = net::run(&["umount", "--lazy", &path.replace("\\040", " ")]) {
            eprintln!("{error:#}");
        }
    }
}
