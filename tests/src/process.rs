//! The process of a node, however it is started: its output, its signals and its end.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

/// A process that is started again and again, and whose output goes to one file. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Option<Child>,
    log: PathBuf,
    /// Length of the log when the process was started last.
    log_start: u64,
}

impl Process {
    /// None is started yet; its output will be added to `log`.
    #[must_use]
    pub fn new(log: PathBuf) -> Self {
        Self { child: None, log, log_start: 0 }
    }

    /// Starts it with this command, to which only its surroundings are added: no input, the output to the log, the level
    /// of logs from `GOFER_TEST_LOG`, and no configuration file from outside.
    ///
    /// # Errors
    /// When it runs already, or can't be started.
    pub fn start(&mut self, mut command: Command) -> anyhow::Result<()> {
        self.ended();
        anyhow::ensure!(self.child.is_none(), "it runs already");
        let log = File::options().create(true).append(true).open(&self.log)?;
        self.log_start = log.metadata()?.len();
        command
            .env_remove("GOFER_CONFIG")
            .env("RUST_LOG", std::env::var("GOFER_TEST_LOG").unwrap_or_else(|_| "info,openraft=error".into()))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let program = command.get_program().to_owned();
        self.child = Some(command.spawn().with_context(|| format!("can't start {}", program.display()))?);
        Ok(())
    }

    /// SIGKILL to the process, not to what it has started, and waits until it is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; then there is nothing to kill.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill_process(self.pid()?, signal)?)
    }

    /// Its id.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pid(&self) -> anyhow::Result<Pid> {
        let child = self.child.as_ref().context("it does not run")?;
        Pid::from_raw(i32::try_from(child.id())?).context("no process id")
    }

    /// Whether it was started, and neither killed nor seen to end.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.child.is_some()
    }

    /// How it ended by itself, if it did; told once.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut()?.try_wait().ok().flatten()?;
        self.child = None;
        Some(status)
    }

    /// What it printed since it was started last, the last `most` lines.
    #[must_use]
    pub fn log_tail(&self, most: usize) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.log_start))?;
            file.read_to_end(&mut text)
        });
        if let Err(error) = read {
            return format!("{}: {error}", self.log.display());
        }
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(most)..].join("\n")
    }

    /// Everything it ever printed.
    ///
    /// # Errors
    /// When the log can't be read.
    pub fn whole_log(&self) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(&self.log)?).into_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn wait(process: &mut Process) -> ExitStatus {
        loop {
            if let Some(status) = process.ended() {
                return status;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    #[test]
    fn it_is_started_again_after_its_end_and_tells_what_it_printed_since() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = Process::new(dir.path().join("log"));
        process.start(shell("echo one; exit 3")).unwrap();
        assert_eq!(wait(&mut process).code(), Some(3));
        assert!(!process.is_started() && process.ended().is_none() && process.pid().is_err());
        process.start(shell("echo two; echo three; exec sleep 600")).unwrap();
        assert!(process.start(shell("true")).is_err(), "two of them would run");
        while process.log_tail(9).lines().count() < 2 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!((process.log_tail(9).as_str(), process.log_tail(1).as_str()), ("two\nthree", "three"));
        assert_eq!(process.whole_log().unwrap(), "one\ntwo\nthree\n");
        process.signal(Signal::TERM).unwrap();
        assert!(!wait(&mut process).success());
        assert!(process.start(Command::new("/no/such/program")).unwrap_err().to_string().contains("/no/such/program"));
    }
}
