//! `gofer run local` and `gofer pipeline test`: a node of this process for as long as they go on.

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use gofer_cli::{ClientArgs, EXIT_FAILED, EXIT_INTERRUPTED, LocalJob, LocalNode, LocalRunArgs, TestArgs};
use gofer_node::config::{DockerSettings, ExecutionSettings, RaftSettings, Settings};
use gofer_node::{Config, Embedded};
use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::program::log_if_asked;

/// Runs a pipeline on this machine.
pub(crate) fn run(client: &ClientArgs, args: &LocalRunArgs) -> ExitCode {
    within_runtime(async { carry_out(LocalJob::run(client, args).await).await })
}

/// Runs the test cases of a pipeline on this machine.
pub(crate) fn test(client: &ClientArgs, args: &TestArgs) -> ExitCode {
    within_runtime(async { carry_out(LocalJob::test(client, args).await).await })
}

fn within_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    log_if_asked();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_or(ExitCode::from(EXIT_FAILED), |runtime| runtime.block_on(work))
}

/// Starts a node in a directory of its own, does the job on it, and leaves neither behind.
async fn carry_out(prepared: Result<LocalJob, ExitCode>) -> ExitCode {
    let job = match prepared {
        Ok(job) => job,
        Err(code) => return code,
    };
    let directory = match tempfile::Builder::new().prefix("gofer-local-").tempdir() {
        Ok(directory) => directory,
        Err(error) => return job.node_failed(&format!("it can't have a directory: {error}")),
    };
    let config = match Config::resolve(&settings(&job, directory.path()), &Settings::default()) {
        Ok(config) => config,
        Err(error) => return job.node_failed(&error.to_string()),
    };
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return job.node_failed(&format!("signals can't be received: {error}")),
    };
    let started = tokio::select! {
        started = Embedded::start(config) => started,
        () = signals.next() => return ExitCode::from(EXIT_INTERRUPTED),
    };
    match started {
        Ok(node) => on_node(&job, node, directory, signals).await,
        Err(error) => job.node_failed(&format!("{error:#}")),
    }
}

async fn on_node(job: &LocalJob, mut node: Embedded, directory: TempDir, mut signals: Signals) -> ExitCode {
    let (interrupt, interrupted) = watch::channel(false);
    let local = LocalNode { id: node.id(), address: node.address().to_owned(), drivers: node.drivers(), interrupted };
    let work = async {
        let code = tokio::select! {
            code = job.execute(&local) => code,
            error = node.failed() => job.node_failed(&format!("{error:#}")),
        };
        if let Err(error) = node.end().await {
            job.notice(&format!("something is left on this machine: {error:#}"));
        }
        code
    };
    let second = async {
        signals.next().await;
        // Nobody may listen any more.
        let _ = interrupt.send(true);
        signals.next().await;
    };
    tokio::select! {
        code = work => {
            leave(job, directory);
            code
        }
        () = second => abandon(job, directory),
    }
}

/// Leaves at once. What runs is killed by its own keepers, which need the directory for that: their lease is over.
fn abandon(job: &LocalJob, directory: TempDir) -> ! {
    let path = directory.keep();
    let ended = gofer_drivers::lease::write(&path.join("lease"), 0);
    job.show_cursor();
    let when = if ended.is_ok() { "at once" } else { "within seconds" };
    job.notice(&format!("left; what still runs ends {when}, and its records stay in {}", path.display()));
    // The node's tasks would be waited for otherwise.
    std::process::exit(i32::from(EXIT_INTERRUPTED))
}

/// What a node that lives for one job is configured like. It elects itself sooner than one that has others to wait for.
fn settings(job: &LocalJob, directory: &Path) -> Settings {
    let needs = job.needs();
    Settings {
        data_dir: Some(directory.to_owned()),
        // Port 0 is any free one; nobody from elsewhere can reach it.
        listen: Some("127.0.0.1:0".to_owned()),
        name: Some("local".to_owned()),
        bootstrap: Some(true),
        labels: needs.labels.clone(),
        execution: ExecutionSettings {
            drivers: needs.drivers.as_ref().map(|drivers| drivers.iter().map(|name| (*name).to_owned()).collect()),
            ..ExecutionSettings::default()
        },
        docker: DockerSettings { socket: needs.docker_socket.clone(), mounts: Vec::new() },
        raft: RaftSettings {
            heartbeat_ms: Some(30),
            election_min_ms: Some(100),
            election_max_ms: Some(150),
            ..RaftSettings::default()
        },
        ..Settings::default()
    }
}

/// Removes the directory, or says how to look at it.
fn leave(job: &LocalJob, directory: TempDir) {
    if job.needs().keep {
        let path = directory.keep();
        let path = path.display();
        job.notice(&format!(
            "kept {path}\n  gofer audit explain {run} --source {path}    # why the run went as it did\n  \
             gofer up --data-dir {path}    # for `gofer run get {run}`, `gofer run logs {run}`",
            run = job.run_name(),
        ));
        return;
    }
    let path = directory.path().to_owned();
    if let Err(error) = directory.close()
        && error.kind() != ErrorKind::NotFound
    {
        job.notice(&format!("{} can't be removed: {error}", path.display()));
    }
}

/// What asks this process to end: an interrupt, a termination, the loss of its terminal.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> std::io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
