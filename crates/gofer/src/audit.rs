//! `gofer audit`: the event log exported, verified, replayed, compared and explained.

mod diff;
mod explain;
pub(crate) mod export;
pub(crate) mod replay;
pub(crate) mod screen;
mod show;
pub(crate) mod source;
mod trust;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use gofer_cli::{ClientArgs, ClientError, EXIT_FAILED, EXIT_OK, EXIT_USAGE};

use screen::Screen;

/// Commands about the event log. Those that take a SOURCE read a node's data directory, also while the node runs, or a
/// directory made by `gofer audit export`; they change nothing in it. Without one, `replay`, `show`, `diff` and `explain`
/// stream the events from the cluster at --address, and check and fold them here. Events that the nodes have dropped are
/// read from the archive of the cluster with --archive.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum AuditCommand {
    /// Copy the event log to a directory, or print it as JSON
    ///
    /// Reads a data directory or an earlier export with --data-dir, else asks the cluster at --address. The directory
    /// gets compressed segments named by their digests, and a manifest. Repeat the command to go on after an
    /// interruption, or to add what has happened since.
    #[command(after_help = "Examples:\n  \
        gofer audit export ./archive\n  \
        gofer audit export ./archive --data-dir /var/lib/gofer\n  \
        gofer audit export ./whole --archive file:///mnt/gofer-archive\n  \
        gofer audit export --format jsonl --data-dir ./archive --from 100 --to 200")]
    Export(export::ExportArgs),
    /// Check that a log is whole and unchanged
    ///
    /// Checks each event's hash, its link to the one before it, revisions, times, causes and contents, the digests of
    /// segments, and that the log ends where the manifest or the node says it does. Only a checkpoint that was kept
    /// elsewhere shows that whoever controls all of a log cut off its end, or wrote it anew.
    #[command(after_help = "Examples:\n  \
        gofer audit verify /var/lib/gofer\n  \
        gofer audit verify /var/lib/gofer --archive file:///mnt/gofer-archive\n  \
        gofer audit verify ./archive --checkpoint head.txt --trust \"$(cat trusted.pub)\"\n\n\
        Exit codes: 0 the log is right, 1 it is not")]
    Verify(verify::VerifyArgs),
    /// Sign the newest revision of a data directory, after verifying all before it
    ///
    /// Keep the result where nobody who controls the log can change it. The signing key is made on first use, as
    /// node.key in the data directory.
    #[command(after_help = "Examples:\n  gofer audit checkpoint --data-dir /var/lib/gofer > head.txt")]
    Checkpoint(trust::DataDirArgs),
    /// Print the public key that a node's checkpoints are checked with
    #[command(after_help = "Examples:\n  gofer audit key --data-dir /var/lib/gofer > trusted.pub")]
    Key(trust::DataDirArgs),
    /// Rebuild the state at a revision or a time from the events alone
    ///
    /// Reads a data directory or an export, else streams the events of the cluster at --address. Of a data directory,
    /// the state at its end is compared with what the node has stored.
    #[command(after_help = "Examples:\n  \
        gofer audit replay /var/lib/gofer\n  \
        gofer audit replay /var/lib/gofer --archive file:///mnt/gofer-archive\n  \
        gofer audit replay --address 10.0.0.1:7600 --until 2026-11-24T12:00:00Z\n  \
        gofer audit replay ./archive --until 1200 -o json\n  \
        gofer audit replay ./archive --until 2026-11-24T12:00:00Z\n\n\
        Exit codes: 0 the state is right, 1 the log or the node's state is not")]
    Replay(replay::ReplayArgs),
    /// Show a run, a pipeline, a namespace or a node as it was at a revision or a time
    ///
    /// Rebuilds the state up to there from the events alone, and prints the record as JSON. Reads a data directory or an
    /// export with --source, else streams the events of the cluster at --address.
    #[command(after_help = "Examples:\n  \
        gofer audit show run release/12 --at 1200\n  \
        gofer audit show pipeline release --at 2026-11-24T12:00:00Z --address 10.0.0.1:7600\n  \
        gofer audit show run release/12 --at 1200 --source /var/lib/gofer\n  \
        gofer audit show node n1 --source ./archive")]
    Show(show::ShowArgs),
    /// Show what changed between two revisions, or where two logs part
    ///
    /// Without a SOURCE, the events of the cluster at --address are streamed.
    #[command(after_help = "Examples:\n  \
        gofer audit diff --from 100 --to 200\n  \
        gofer audit diff /var/lib/gofer --from 100 --to 200\n  \
        gofer audit diff ./archive-of-n1 ./archive-of-n2\n\n\
        Exit codes: 0 no difference between two logs, 1 they part")]
    Diff(diff::DiffArgs),
    /// Tell why a run went as it did
    ///
    /// Reads a data directory or an export with --source, else streams the events of the cluster at --address.
    #[command(after_help = "Examples:\n  \
        gofer audit explain release/12\n  \
        gofer audit explain release/12 --source /var/lib/gofer\n  \
        gofer audit explain default/release/12 --source ./archive -o json")]
    Explain(explain::ExplainArgs),
}

/// Why a command ended without its result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Audit(gofer_audit::Error),
    #[error(transparent)]
    Client(ClientError),
    #[error(transparent)]
    Recovery(gofer_recovery::Error),
    #[error(transparent)]
    Secrets(#[from] gofer_secrets::Error),
    /// Wrong arguments.
    #[error("{0}")]
    Usage(String),
    #[error("the output can't be written")]
    Output(#[source] std::io::Error),
    /// Whoever read our output stopped to.
    #[error("the reader of the output is gone")]
    Closed,
}

impl From<gofer_audit::Error> for Failure {
    fn from(error: gofer_audit::Error) -> Self {
        match error {
            gofer_audit::Error::Source(source) => match source.downcast::<ClientError>() {
                Ok(error) => Self::Client(*error),
                Err(source) => Self::Audit(gofer_audit::Error::Source(source)),
            },
            error => Self::Audit(error),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Output(error) }
    }
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            // Faults and wrong signatures are answers to what was asked.
            Self::Audit(gofer_audit::Error::Fault(_) | gofer_audit::Error::Untrusted(_)) | Self::Output(_) => {
                EXIT_FAILED
            }
            Self::Recovery(error) if error.is_fault() => EXIT_FAILED,
            Self::Audit(_) | Self::Recovery(_) | Self::Secrets(_) | Self::Usage(_) => EXIT_USAGE,
            Self::Client(error) => error.exit_code(),
            Self::Closed => EXIT_OK,
        }
    }
}

/// Runs a command and shows its result.
pub(crate) fn run(client: &ClientArgs, command: AuditCommand) -> ExitCode {
    let screen = Screen::new(client);
    let result = match command {
        AuditCommand::Export(args) => export::run(client, &screen, &args),
        AuditCommand::Show(args) => show::run(client, &screen, &args),
        AuditCommand::Verify(args) => verify::run(&screen, &args),
        AuditCommand::Checkpoint(args) => trust::checkpoint(&screen, &args),
        AuditCommand::Key(args) => trust::key(&screen, &args),
        AuditCommand::Replay(args) => replay::run(client, &screen, &args),
        AuditCommand::Diff(args) => diff::run(client, &screen, &args),
        AuditCommand::Explain(args) => explain::run(client, &screen, &args),
    };
    let code = result.unwrap_or_else(|failure| {
        screen.failure(&failure);
        failure.exit_code()
    });
    ExitCode::from(code)
}

/// Directory for what a replay needs while it goes on.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ScratchArgs {
    /// Directory for temporary files, with room for the state [default: the system's]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

impl ScratchArgs {
    pub(crate) fn path(&self) -> PathBuf {
        self.scratch.clone().unwrap_or_else(std::env::temp_dir)
    }
}
