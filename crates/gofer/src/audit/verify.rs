//! `gofer audit verify`.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use gofer_audit::{Checkpoint, PublicKey, Verification};
use gofer_cli::{EXIT_FAILED, EXIT_OK};
use serde_json::json;

use super::screen::Screen;
use super::source::{ArchiveArgs, open_directory};
use super::{Failure, trust};

/// Arguments of `gofer audit verify`.
#[derive(Args, Clone, Debug)]
pub(crate) struct VerifyArgs {
    /// Data directory or export to check
    source: PathBuf,
    /// Signed head that the log must agree with
    #[arg(long, value_name = "FILE", requires = "trust")]
    checkpoint: Option<PathBuf>,
    /// Public key whose signature counts (repeatable; one of them must have signed)
    #[arg(long, value_name = "KEY", requires = "checkpoint")]
    trust: Vec<PublicKey>,
    #[command(flatten)]
    archive: ArchiveArgs,
}

pub(super) fn run(screen: &Screen, args: &VerifyArgs) -> Result<u8, Failure> {
    let start = Instant::now();
    let signed = args.checkpoint.as_ref().map(|path| trust::read_checkpoint(path, &args.trust)).transpose()?;
    let checkpoint: Option<&Checkpoint> = signed.as_ref().map(|(checkpoint, _)| checkpoint);
    // A manifest that contradicts itself keeps an export from being opened, and is a fault like others.
    let source = match open_directory(&args.source, &args.archive) {
        Err(gofer_audit::Error::Fault(fault)) => {
            if screen.is_json() {
                screen.document(&json!({ "source": args.source, "valid": false, "fault": fault }))?;
            } else {
                screen.line(&format!("{}: not right", args.source.display()))?;
                screen.line(&format!("  {fault}"))?;
            }
            return Ok(EXIT_FAILED);
        }
        source => source?,
    };
    let extent = source.extent();
    let events = extent.last.saturating_add(1).saturating_sub(extent.first);
    let found =
        screen.metered("verifying", Some(events), |meter| gofer_audit::verify(source.as_ref(), checkpoint, meter))?;
    let seconds = start.elapsed().as_secs_f64();
    let signers = signed.map(|(_, signers)| signers).unwrap_or_default();
    if screen.is_json() {
        let mut value = serde_json::to_value(&found).unwrap_or_default();
        value["source"] = json!(args.source);
        value["valid"] = found.fault.is_none().into();
        value["remark"] = json!(source.remark());
        value["end_by"] = source.authority().into();
        value["signed_by"] = json!(signers);
        value["seconds"] = seconds.into();
        screen.document(&value)?;
    } else {
        for line in lines(&source.name(), source.authority(), &found, &signers, seconds) {
            screen.line(&line)?;
        }
        source.remark().map_or(Ok(()), |remark| screen.line(&format!("  {remark}")))?;
    }
    Ok(if found.fault.is_none() { EXIT_OK } else { EXIT_FAILED })
}

fn lines(name: &str, authority: &str, found: &Verification, signers: &[String], seconds: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let range = match found.events {
        0 => "no events".to_owned(),
        events => format!("revisions {} to {} ({events} events)", found.first_revision, found.last_revision),
    };
    if let Some(fault) = &found.fault {
        lines.push(format!("{name}: not right"));
        lines.push(format!("  {fault}"));
        lines.push(format!("  right up to there: {range}"));
        return lines;
    }
    lines.push(format!("{name}: {range} are right, {seconds:.1}s"));
    lines.push(format!("  cluster {}, head {}", found.cluster_id, found.head));
    if found.first_revision > 1 {
        let before = found.first_revision - 1;
        lines.push(format!(
            "  revisions 1 to {before} were not there to be checked; --archive adds those in an archive"
        ));
    }
    match found.checkpoint {
        Some(revision) => {
            lines
                .push(format!("  agrees with the checkpoint at revision {revision}, signed by {}", signers.join(", ")));
        }
        None => lines.push(format!(
            "  its end is known from {authority} only; a checkpoint from elsewhere would prove that nothing is cut off"
        )),
    }
    lines
}
