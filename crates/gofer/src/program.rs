//! The command line of the whole program.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use gofer_cli::{
    ClientArgs, ClientCommand, ClusterCommand, EXIT_CODES_HELP, EXIT_FAILED, LocalRunArgs, PipelineCommand, RunCommand,
    SecretCommand, TestArgs,
};
use tracing_subscriber::EnvFilter;

use crate::audit::{self, AuditCommand};
use crate::backup::{self, BackupCommand};
use crate::doctor::{self, DoctorArgs};
use crate::local;
use crate::recover::{self, RecoverArgs};
use crate::secret::{self, ExportKeyRingArgs, ImportKeyRingArgs};
use crate::server::{self, ConfigCommand, ServerArgs};

/// What a node logs unless `RUST_LOG` says otherwise. openraft warns at every heartbeat that a dead node misses.
const LOG_FILTER: &str = "info,openraft=error";

/// Runs container workloads when something happens, on a cluster that survives the loss of nodes
#[derive(Parser)]
#[command(name = "gofer", version, after_help = EXIT_CODES_HELP, arg_required_else_help = true)]
struct Program {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a cluster of one node, without any configuration
    ///
    /// Its data is in $XDG_DATA_HOME/gofer or ~/.local/share/gofer unless --data-dir says otherwise.
    #[command(after_help = "Examples:\n  gofer up\n  gofer up --data-dir ./data --listen 127.0.0.1:7700")]
    Up(Box<ServerArgs>),
    /// Run a node of a cluster
    ///
    /// Settings come from flags, then from GOFER_* variables, then from the configuration file, then from defaults.
    /// A node with an empty data directory bootstraps a cluster, joins one, or waits until it is added.
    #[command(after_help = "Examples:\n  \
        gofer server --data-dir /var/lib/gofer --listen 10.0.0.1:7600 --bootstrap\n  \
        gofer server --data-dir /var/lib/gofer --listen 10.0.0.2:7600 --join 10.0.0.1:7600\n  \
        gofer server --config /etc/gofer/gofer.toml")]
    Server(Box<ServerArgs>),
    /// Look at the configuration of a node
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the cluster, change its members, and recover it
    #[command(subcommand)]
    Cluster(ClusterProgram),
    /// Register, test and look at pipelines
    #[command(subcommand)]
    Pipeline(PipelineProgram),
    /// Start, follow and end runs, on a cluster or on this machine
    #[command(subcommand)]
    Run(RunProgram),
    /// Set, list and delete secrets, and look after the key that protects them
    #[command(subcommand)]
    Secret(SecretProgram),
    #[command(flatten)]
    Client(ClientCommand),
    /// Back a cluster up, check backups, and restore them
    #[command(subcommand)]
    Backup(Box<BackupCommand>),
    /// Export, verify, replay, compare and explain the event log
    #[command(subcommand)]
    Audit(Box<AuditCommand>),
    /// Look for what is wrong with a cluster, and say what to do about it
    ///
    /// Has every member look at its disk, its clock, the other members and its log, and compares what they find. With
    /// --data-dir, a node's files are looked at instead: their format, events, state, logs and Raft log.
    #[command(after_help = "Examples:\n  \
        gofer doctor\n  \
        gofer doctor --address 10.0.0.2:7600 -o json\n  \
        gofer doctor --data-dir /var/lib/gofer\n\n\
        Exit codes: 0 all is well, 1 something is not, and the output says what to do")]
    Doctor(DoctorArgs),
    /// Be the program of a shared task; its settings are in the environment
    #[command(hide = true)]
    Provided {
        /// Which of them
        name: String,
    },
    /// Print a completion script for a shell
    #[command(
        after_help = "Examples:\n  gofer completion bash > /etc/bash_completion.d/gofer\n  source <(gofer completion zsh)"
    )]
    Completion {
        /// Shell to complete in
        shell: Shell,
    },
    /// Write the manual pages
    #[command(after_help = "Examples:\n  gofer man --dir /usr/local/share/man/man1")]
    Man {
        /// Directory to write them to
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
}

/// What the client asks of a cluster, and what is done to the data of a node without one.
#[derive(Subcommand)]
enum ClusterProgram {
    #[command(flatten)]
    Client(ClusterCommand),
    /// Make a stopped node the only member, after a majority of the voters was lost for good
    ///
    /// The node goes on from what it has, as a cluster of its own with a new id. What the others had and it had not is
    /// lost. The other members are dropped: they are refused until their data directories are emptied. Asks for
    /// confirmation. The recovery is an event of the log.
    #[command(after_help = "Examples:\n  \
        gofer cluster recover --data-dir /var/lib/gofer\n  \
        gofer cluster recover --data-dir /var/lib/gofer --yes")]
    Recover(RecoverArgs),
}

/// What the client asks of a cluster about pipelines, and what needs none.
#[derive(Subcommand)]
enum PipelineProgram {
    #[command(flatten)]
    Client(PipelineCommand),
    /// Run the cases of gofer-test.toml on this machine, without a cluster
    ///
    /// Each case is a run of the pipeline with its own variables, tasks and stubs, and says how the run and its tasks have
    /// to end and what they have to print. docs/local-runs.md describes the file. The node that runs them is in this
    /// process, and gone at the end.
    #[command(after_help = "Examples:\n  \
        gofer pipeline test ./ci\n  \
        gofer pipeline test release.toml --case 'a failed publication is taken back'\n  \
        gofer pipeline test ./ci --driver process --junit results.xml\n\n\
        Exit codes: 0 all cases passed, 1 one did not, 2 a file or the pipeline is wrong, 4 the node failed")]
    Test(Box<TestArgs>),
}

/// What the client asks of a cluster about runs, and what needs none.
#[derive(Subcommand)]
enum RunProgram {
    #[command(flatten)]
    Client(RunCommand),
    /// Run a pipeline on this machine, without a cluster
    ///
    /// Reads PATH as `gofer pipeline register` does, and runs it on a node in this process, which decides and launches
    /// as every node does, and is gone at the end. On a terminal the tasks are redrawn below their output; otherwise
    /// each line of output has its task. An interrupt cancels the run and waits for its end; a second one leaves at once.
    #[command(after_help = "Examples:\n  \
        gofer run local release.toml\n  \
        gofer run local ./ci -v TAG=v1.2 --env CI=1\n  \
        gofer run local ./ci --task test --driver process\n  \
        gofer run local ./ci --task report --with-parents --keep\n  \
        gofer run local ./ci -- --branch main    # arguments of the program\n\n\
        Exit codes: 0 the run succeeded, 1 it did not, 2 a file or the pipeline is wrong, 4 the node failed, \
        130 interrupted")]
    Local(Box<LocalRunArgs>),
}

/// What the client asks of a cluster about secrets, and what is done to the keys of a node without one.
#[derive(Subcommand)]
enum SecretProgram {
    #[command(flatten)]
    Client(SecretCommand),
    /// Copy the keys of a node to a file, for the day when a backup is restored
    ///
    /// Backups, archives and exports hold encrypted secrets and no key. A copy opens all that were live when it was made,
    /// and stays good until the next rotation, so make one after each. It is not encrypted: keep it apart from backups,
    /// as whoever has both has the secrets, also those that were deleted since. The node may run.
    #[command(after_help = "Examples:\n  \
        gofer secret export-key-ring /mnt/usb/gofer-keys --data-dir /var/lib/gofer\n  \
        gofer secret export-key-ring keys && age -e -r KEY keys > keys.age && shred -u keys")]
    ExportKeyRing(ExportKeyRingArgs),
    /// Give the keys in such a file to a stopped node, most often one whose data was restored
    ///
    /// The other nodes get them from this one. Keys that the cluster does not use any more are destroyed when the node
    /// starts.
    #[command(after_help = "Examples:\n  \
        gofer backup restore /mnt/backup/gofer --data-dir /var/lib/gofer\n  \
        gofer secret import-key-ring /mnt/usb/gofer-keys --data-dir /var/lib/gofer\n  \
        gofer server --data-dir /var/lib/gofer --listen 10.0.0.1:7600\n  \
        gofer secret status")]
    ImportKeyRing(ImportKeyRingArgs),
}

/// Runs the program with the process's arguments.
pub(crate) fn main() -> ExitCode {
    let program = Program::parse();
    let result = match program.command {
        Command::Up(args) => {
            log_to_stderr();
            server::up(*args)
        }
        Command::Server(args) => {
            log_to_stderr();
            server::serve(&args)
        }
        Command::Config(command) => server::config(&command),
        Command::Cluster(ClusterProgram::Client(command)) => {
            return client(&program.client, ClientCommand::Cluster(command));
        }
        Command::Cluster(ClusterProgram::Recover(args)) => return recover::run(&program.client, &args),
        Command::Pipeline(PipelineProgram::Client(command)) => {
            return client(&program.client, ClientCommand::Pipeline(command));
        }
        Command::Pipeline(PipelineProgram::Test(args)) => return local::test(&program.client, &args),
        Command::Run(RunProgram::Client(command)) => return client(&program.client, ClientCommand::Run(command)),
        Command::Run(RunProgram::Local(args)) => return local::run(&program.client, &args),
        Command::Secret(SecretProgram::Client(command)) => {
            return client(&program.client, ClientCommand::Secret(command));
        }
        Command::Secret(SecretProgram::ExportKeyRing(args)) => return secret::export(&program.client, &args),
        Command::Secret(SecretProgram::ImportKeyRing(args)) => return secret::import(&program.client, &args),
        Command::Client(command) => return client(&program.client, command),
        Command::Doctor(args) => return doctor::run(&program.client, &args),
        Command::Backup(command) => return backup::run(&program.client, *command),
        Command::Audit(command) => return audit::run(&program.client, *command),
        Command::Provided { name } => return gofer_provided::main(&name),
        Command::Completion { shell } => {
            gofer_cli::write_completion(&Program::command(), shell, &mut std::io::stdout()).map_err(Into::into)
        }
        Command::Man { dir } => gofer_cli::write_man_pages(&Program::command(), &dir).map(drop).map_err(Into::into),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            // Nobody may be there to read it.
            let _ = writeln!(std::io::stderr(), "gofer: {error:#}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn client(args: &ClientArgs, command: ClientCommand) -> ExitCode {
    // One thread does for a client, and starts sooner.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(gofer_cli::run(args, command));
            // A read of standard input may never end.
            runtime.shutdown_background();
            code
        }
        Err(_) => ExitCode::from(EXIT_FAILED),
    }
}

fn log_to_stderr() {
    log(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG_FILTER)));
}

/// Logs only what `RUST_LOG` asks for: the node of a local run is nobody's concern otherwise.
pub(crate) fn log_if_asked() {
    if let Ok(filter) = EnvFilter::try_from_default_env() {
        log(filter);
    }
}

fn log(filter: EnvFilter) {
    let is_terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_terminal).init();
}
