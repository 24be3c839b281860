//! `gofer run local` and `gofer pipeline test`: what they ask of a node that lives only as long as they do.
//!
//! Starting that node is the caller's work, as is ending it; here a pipeline is made ready for it, run over the public
//! API, and shown. Nothing in here decides how a run goes.

mod args;
mod follow;
mod run;
mod session;
mod shape;
mod shared;
mod suite;
mod summary;
mod visible;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::sync::watch;

use crate::args::ClientArgs;
use crate::error::Error;
use crate::output::Output;

pub use args::{DriverChoice, LocalNodeArgs, LocalRunArgs, TestArgs};

/// What a job needs of its node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Drivers that have to work; none: `process`, and `docker` where a daemon answers.
    pub drivers: Option<Vec<&'static str>>,
    pub labels: BTreeMap<String, String>,
    pub docker_socket: Option<PathBuf>,
    /// Whether the data directory stays when all is over.
    pub keep: bool,
}

/// The node that a job was given.
#[derive(Clone, Debug)]
pub struct LocalNode {
    pub id: u64,
    /// Where it serves, `ip:port`.
    pub address: String,
    /// The drivers that it has.
    pub drivers: Vec<&'static str>,
    /// Becomes true when somebody wants the job to end; it then cancels what runs, and waits for that.
    pub interrupted: watch::Receiver<bool>,
}

/// Something to be done on a node of its own.
#[derive(Debug)]
pub struct LocalJob {
    client: ClientArgs,
    output: Output,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Run(Box<run::Job>),
    Test(Box<suite::Suite>),
}

impl LocalJob {
    /// Reads the pipeline of `gofer run local`, and makes it ready.
    ///
    /// # Errors
    /// The exit code; what is wrong was shown.
    pub async fn run(client: &ClientArgs, args: &LocalRunArgs) -> Result<Self, ExitCode> {
        let output = Output::new(client);
        let prepared = run::Job::prepare(args, &output).await;
        Self::new(client, output, prepared.map(|job| Work::Run(Box::new(job))))
    }

    /// Reads the pipeline and the test file of `gofer pipeline test`.
    ///
    /// # Errors
    /// The exit code; what is wrong was shown.
    pub async fn test(client: &ClientArgs, args: &TestArgs) -> Result<Self, ExitCode> {
        let output = Output::new(client);
        let prepared = suite::Suite::prepare(args, &output).await;
        Self::new(client, output, prepared.map(|suite| Work::Test(Box::new(suite))))
    }

    fn new(client: &ClientArgs, output: Output, work: Result<Work, Error>) -> Result<Self, ExitCode> {
        match work {
            Ok(work) => Ok(Self { client: client.clone(), output, work }),
            Err(error) => {
                output.error(&error);
                Err(ExitCode::from(error.exit_code()))
            }
        }
    }

    /// What it needs of its node.
    #[must_use]
    pub fn needs(&self) -> &Needs {
        match &self.work {
            Work::Run(job) => job.needs(),
            Work::Test(suite) => suite.needs(),
        }
    }

    /// Does it, and shows the result. On return nothing of it runs any more, unless the node failed.
    pub async fn execute(&self, node: &LocalNode) -> ExitCode {
        let client = ClientArgs { address: vec![node.address.clone()], ..self.client.clone() };
        let mut session = session::Session::new(&client, node.clone());
        let result = match &self.work {
            Work::Run(job) => Box::pin(job.execute(&mut session)).await,
            Work::Test(suite) => Box::pin(suite.execute(&mut session)).await,
        };
        ExitCode::from(result.unwrap_or_else(|error| {
            self.output.error(&error);
            error.exit_code()
        }))
    }

    /// Shows why there is no node for it (any more).
    #[must_use]
    pub fn node_failed(&self, why: &str) -> ExitCode {
        self.show_cursor();
        let help = match why.contains("container daemon") || why.contains("--docker-socket") {
            true => "start the daemon, or run the commands as processes of this machine: --driver process",
            false => "check the directory for temporary files (TMPDIR): its permissions, and the room on its disk",
        };
        let error = Error::Local { message: format!("the local node failed: {why}"), help: help.to_owned() };
        self.output.error(&error);
        ExitCode::from(error.exit_code())
    }

    /// Its first run, as other commands name it.
    #[must_use]
    pub fn run_name(&self) -> String {
        let pipeline = match &self.work {
            Work::Run(job) => job.pipeline(),
            Work::Test(suite) => suite.pipeline(),
        };
        format!("{}/{pipeline}/1", self.client.namespace())
    }

    /// A remark beside the result.
    pub fn notice(&self, text: &str) {
        self.output.notice(text);
    }

    /// Gives a terminal its cursor back, in whatever state the job left it.
    pub fn show_cursor(&self) {
        if self.output.terminal && !self.output.is_json() {
            // Nobody may be there to see it.
            let _ = self.output.write(b"\x1b[?25h");
        }
    }
}
