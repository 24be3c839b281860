//! The flags of local runs.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::args::parse_timeout;
use crate::pipeline::source::SourceArgs;
use crate::run::parse_variable;

/// What launches the tasks of a local run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DriverChoice {
    /// As plain processes of this machine; images are ignored.
    Process,
    /// In containers; every task needs an image.
    Docker,
}

/// Options of the node that a local run is given.
#[derive(Args, Clone, Debug, Default)]
pub struct LocalNodeArgs {
    /// Launch all tasks with this driver [default: as each task says, else docker where a daemon answers]
    #[arg(long, value_enum)]
    pub(crate) driver: Option<DriverChoice>,
    /// Label of the local node, for tasks with constraints (repeatable)
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) labels: Vec<(String, String)>,
    /// Docker's socket [default: the first that answers]
    #[arg(long, env = "GOFER_DOCKER_SOCKET", value_name = "SOCKET")]
    pub(crate) docker_socket: Option<PathBuf>,
}

/// Arguments of `gofer run local`.
#[derive(Args, Clone, Debug)]
pub struct LocalRunArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Variable in the environment of every task, as of `gofer run start` (repeatable)
    #[arg(short, long = "variable", value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) variable: Vec<(String, String)>,
    /// Environment of every task, in place of what the pipeline says (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) env: Vec<(String, String)>,
    /// Run only this task, as if those it waits for had ended as it wants (repeatable)
    #[arg(long = "task", value_name = "TASK")]
    pub(crate) tasks: Vec<String>,
    /// With --task: run all that they wait for, too
    #[arg(long, requires = "tasks")]
    pub(crate) with_parents: bool,
    #[command(flatten)]
    pub(crate) node: LocalNodeArgs,
    /// Keep the data directory, and say how to look at it
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Arguments of `gofer pipeline test`.
#[derive(Args, Clone, Debug)]
pub struct TestArgs {
    /// Pipeline file, or directory of a program; gofer-test.toml lies beside it
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) path: PathBuf,
    /// Test file [default: gofer-test.toml beside the pipeline]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Run only the case of this name (repeatable)
    #[arg(long = "case", value_name = "NAME")]
    pub(crate) cases: Vec<String>,
    /// Write the results as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) node: LocalNodeArgs,
    /// Longest time for compiling and running a program
    #[arg(long, default_value = "10m", value_parser = parse_timeout, value_name = "DURATION")]
    pub(crate) program_timeout: Duration,
}
