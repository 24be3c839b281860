//! `gofer backup`: a cluster copied to a directory, checked there, and made into another cluster.

mod fetch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use clap::{Args, Subcommand};
use gofer_audit::{ExportOptions, Meter};
use gofer_cli::{ClientArgs, EXIT_FAILED, EXIT_OK};
use gofer_domain::Timestamp;
use gofer_recovery::{BlobSource, Content, Create, Created, DataDirectoryBlobs, Error, Operator};
use serde_json::{Value, json};

use crate::audit::export;
use crate::audit::replay::time_text;
use crate::audit::screen::Screen;
use crate::audit::source::{ArchiveArgs, open_directory};
use crate::audit::{Failure, ScratchArgs};
use fetch::Fetch;

/// Commands about backups. A backup is a directory: the event log as `gofer audit export` writes it, the logs of all
/// attempts, and a statement of what they amount to.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum BackupCommand {
    /// Copy a running cluster, or a node's data directory, to a directory
    ///
    /// Asks any node of the cluster, which goes on working. The backup holds all that was acknowledged before the
    /// command began. Repeat it on the same directory to add what has happened since: what is there is not copied
    /// again. After an interruption the directory is still the backup that it was before, or none.
    #[command(after_help = "Examples:\n  \
        gofer backup create /mnt/backup/gofer\n  \
        gofer backup create /mnt/backup/gofer --address 10.0.0.2:7600\n  \
        gofer backup create /mnt/backup/gofer --consistency local    # without a leader\n  \
        gofer backup create /mnt/backup/gofer --data-dir /var/lib/gofer\n  \
        gofer backup create /mnt/backup/gofer --archive file:///mnt/gofer-archive    # the nodes have dropped events\n\n\
        Exit codes: 0 all is in the backup, 1 it is made, and lacks logs that no node has")]
    Create(CreateArgs),
    /// Check that a backup is whole and unchanged
    ///
    /// Checks the digest of every file, the chain of the events, and that the events add up to the state that they
    /// added up to when the backup was made.
    #[command(after_help = "Examples:\n  gofer backup verify /mnt/backup/gofer\n\n\
        Exit codes: 0 the backup is right, 1 it is not")]
    Verify(VerifyArgs),
    /// Make the data directory of a new cluster's first node from a backup
    ///
    /// The new cluster has the backup's namespaces, pipelines, runs, logs and history, and an id of its own. It has
    /// none of the old nodes: attempts that had not ended are lost, and tried again as far as their retry policies
    /// allow. Start a node on the directory, then let others join it.
    #[command(after_help = "Examples:\n  \
        gofer backup restore /mnt/backup/gofer --data-dir /var/lib/gofer\n  \
        gofer server --data-dir /var/lib/gofer --listen 10.0.0.1:7600\n  \
        gofer server --data-dir /var/lib/gofer --listen 10.0.0.2:7600 --join 10.0.0.1:7600   # on the next machine")]
    Restore(RestoreArgs),
}

/// Arguments of `gofer backup create`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CreateArgs {
    /// Directory of the backup: a new one, or an earlier backup to add to
    backup: PathBuf,
    /// Data directory of a node to read, running or not, instead of asking a cluster
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    scratch: ScratchArgs,
}

/// Arguments of `gofer backup verify`.
#[derive(Args, Clone, Debug)]
pub(crate) struct VerifyArgs {
    /// Directory of the backup
    backup: PathBuf,
    #[command(flatten)]
    scratch: ScratchArgs,
}

/// Arguments of `gofer backup restore`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RestoreArgs {
    /// Directory of the backup
    backup: PathBuf,
    /// Data directory to make; it must be missing or empty
    #[arg(long, env = "GOFER_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
}

/// Runs a command and shows its result.
pub(crate) fn run(client: &ClientArgs, command: BackupCommand) -> ExitCode {
    let screen = Screen::new(client);
    let result = match command {
        BackupCommand::Create(args) => create(client, &screen, &args),
        BackupCommand::Verify(args) => verify(&screen, &args),
        BackupCommand::Restore(args) => restore(&screen, &args),
    };
    let code = result.unwrap_or_else(|failure| {
        screen.failure(&failure);
        failure.exit_code()
    });
    ExitCode::from(code)
}

fn create(client: &ClientArgs, screen: &Screen, args: &CreateArgs) -> Result<u8, Failure> {
    let start = Instant::now();
    let mut fetch = Fetch::new(client)?;
    let mut local = args.data_dir.as_ref().map(|dir| DataDirectoryBlobs::open(dir)).transpose()?;
    let (source, from): (String, &mut dyn BlobSource) = match (&args.data_dir, &mut local) {
        (Some(dir), Some(local)) => (format!("the data directory {}", dir.display()), local),
        _ => (format!("the cluster at {}", client.address.join(", ")), &mut fetch),
    };
    let options = Create {
        dir: args.backup.clone(),
        scratch: args.scratch.path(),
        source,
        build: env!("CARGO_PKG_VERSION").to_owned(),
        now: now(),
    };
    let (added, Created { statement, fetched }) = screen.metered("backing up", None, |meter| {
        let added = export_events(client, args, meter)?;
        Ok::<_, Failure>((added, gofer_recovery::create(&options, from, meter)?))
    })?;
    let content = statement.content;
    let missing = content.missing_blobs.len();
    if screen.is_json() {
        let mut value = content_json(&content);
        value["added_events"] = added.into();
        value["added_blobs"] = fetched.into();
        screen.document(&value)?;
    } else {
        screen.line(&format!(
            "{} holds cluster {} up to revision {}",
            args.backup.display(),
            content.cluster_id,
            content.revision
        ))?;
        screen.line(&format!("  of {}, head {}", time_text(Timestamp(content.time_ms)), content.head))?;
        screen
            .line(&format!("  events added: {added}, logs added: {fetched}, {:.1}s", start.elapsed().as_secs_f64()))?;
    }
    if missing == 0 {
        return Ok(EXIT_OK);
    }
    screen.notice(&format!(
        "{missing} logs or parts of objects are not in it, as no node that answered has them; repeat the command when \
         more nodes run, or with the --data-dir of each"
    ));
    Ok(EXIT_FAILED)
}

/// Adds what the export in the backup's directory lacks; how many events that was.
fn export_events(client: &ClientArgs, args: &CreateArgs, meter: &Meter) -> Result<u64, Failure> {
    let options = ExportOptions::default();
    let (before, manifest) = match &args.data_dir {
        Some(from) => {
            let source = open_directory(from, &args.archive)?;
            // Otherwise the export would begin there, and never become a backup.
            if source.extent().first > 1 && !args.backup.join("manifest.json").exists() {
                return Err(export::dropped(source.as_ref()));
            }
            export::offline(source.as_ref(), &args.backup, options, None, meter)?
        }
        None => export::live(client, args.archive.open()?, &args.backup, options, None, meter)?,
    };
    Ok(manifest.events - before)
}

fn verify(screen: &Screen, args: &VerifyArgs) -> Result<u8, Failure> {
    let start = Instant::now();
    let checked =
        screen.metered("verifying", None, |meter| gofer_recovery::verify(&args.backup, &args.scratch.path(), meter));
    let content = match checked {
        Ok(checked) => checked.content,
        Err(error) if error.is_fault() => {
            let text = error.to_string();
            if screen.is_json() {
                screen.document(&json!({ "backup": args.backup, "valid": false, "fault": text }))?;
            } else {
                screen.line(&format!("{}: not right", args.backup.display()))?;
                screen.line(&format!("  {text}"))?;
            }
            return Ok(EXIT_FAILED);
        }
        Err(error) => return Err(error.into()),
    };
    if screen.is_json() {
        let mut value = content_json(&content);
        value["valid"] = true.into();
        screen.document(&value)?;
        return Ok(EXIT_OK);
    }
    let seconds = start.elapsed().as_secs_f64();
    screen.line(&format!("{}: right, up to revision {}, {seconds:.1}s", args.backup.display(), content.revision))?;
    screen.line(&format!("  cluster {}, of {}", content.cluster_id, time_text(Timestamp(content.time_ms))))?;
    screen.line(&format!("  head {}, state {}", content.head, content.state_digest))?;
    screen.line(&format!("  made {} from {}", time_text(Timestamp(content.created_ms)), content.source))?;
    if !content.missing_blobs.is_empty() {
        screen.line(&format!("  without {} logs that no node had", content.missing_blobs.len()))?;
    }
    Ok(EXIT_OK)
}

fn restore(screen: &Screen, args: &RestoreArgs) -> Result<u8, Failure> {
    let start = Instant::now();
    let restored = screen.metered("restoring", None, |meter| {
        gofer_recovery::restore(&args.backup, &args.data_dir, &operator(), meter)
    })?;
    let (content, data) = (&restored.content, args.data_dir.display());
    if screen.is_json() {
        screen.document(&json!({
            "data_dir": args.data_dir,
            "node": restored.node.0,
            "cluster_id": restored.cluster.to_string(),
            "revision": restored.revision.0,
            "restored_from": content_json(content),
        }))?;
        return Ok(EXIT_OK);
    }
    screen.line(&format!("{data} is node {} of the new cluster {}", restored.node, restored.cluster))?;
    screen.line(&format!(
        "  it goes on from revision {} of cluster {}, {:.1}s",
        content.revision,
        content.cluster_id,
        start.elapsed().as_secs_f64()
    ))?;
    screen.line(&format!("  start it with `gofer server --data-dir {data}`, then let other nodes join it"))?;
    Ok(EXIT_OK)
}

fn content_json(content: &Content) -> Value {
    serde_json::to_value(content).unwrap_or_default()
}

/// Who runs this program, and now.
pub(crate) fn operator() -> Operator {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let name = name.filter(|name| !name.is_empty() && name.len() <= 64 && !name.contains(char::is_control));
    Operator { name: name.unwrap_or_else(|| "unknown".to_owned()), now: now() }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Audit(error) => Self::Audit(error),
            Error::Blobs(source) => match source.downcast::<gofer_cli::ClientError>() {
                Ok(error) => Self::Client(*error),
                Err(source) => Self::Recovery(Error::Blobs(source)),
            },
            error => Self::Recovery(error),
        }
    }
}
