//! `gofer audit replay`.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use gofer_audit::{Comparison, DataDirectory, EventSource, Hash, Joined, Messages, Replay, Until};
use gofer_cli::{ClientArgs, EXIT_FAILED, EXIT_OK, render};
use gofer_domain::{RunStatus, State, Timestamp};
use serde_json::{Value, json};

use super::screen::Screen;
use super::source::{ArchiveArgs, open};
use super::{Failure, ScratchArgs};

/// Arguments of `gofer audit replay`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReplayArgs {
    /// Data directory or export to replay, instead of asking a cluster; it must begin with revision 1
    source: Option<PathBuf>,
    /// Last revision, or the time of it in RFC 3339 [default: the end]
    #[arg(long, value_name = "REVISION|TIME", value_parser = until)]
    until: Option<Until>,
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    scratch: ScratchArgs,
}

pub(super) fn until(text: &str) -> Result<Until, String> {
    if let Ok(revision) = text.parse() {
        return Ok(Until::Revision(revision));
    }
    let time: jiff::Timestamp = text.parse().map_err(|_| "use a revision, or a time like 2026-11-24T12:00:00Z")?;
    let millis = u64::try_from(time.as_millisecond()).map_err(|_| "use a time after 1970")?;
    Ok(Until::Time(Timestamp(millis)))
}

/// A time in RFC 3339.
pub(crate) fn time_text(time: Timestamp) -> String {
    let millis = i64::try_from(time.0).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    millis.map_or_else(|| time.to_string(), |time| format!("{time:.3}"))
}

pub(super) fn run(client: &ClientArgs, screen: &Screen, args: &ReplayArgs) -> Result<u8, Failure> {
    let start = Instant::now();
    let directory = args.source.as_ref().and_then(|path| DataDirectory::open(path).ok());
    let (opened, joined);
    let source: &dyn EventSource = match (&directory, args.archive.open()?) {
        (Some(directory), None) => directory,
        (Some(directory), Some(archive)) => {
            joined = Joined::new(archive, Box::new(directory))?;
            &joined
        }
        (None, _) => {
            opened = open(client, args.source.as_deref(), &args.archive)?;
            opened.as_ref()
        }
    };
    let until = args.until.unwrap_or(Until::End);
    let mut replay = Replay::new(&args.scratch.path())?;
    screen.metered("replaying", Some(source.extent().last), |meter| replay.advance(source, until, meter))?;
    let digest = replay.digest()?;
    let is_end = replay.state().revision.0 == source.extent().last;
    let compared = directory.as_ref().filter(|_| is_end).map(|node| replay.compare(node.store())).transpose()?;
    let seconds = start.elapsed().as_secs_f64();
    if screen.is_json() {
        screen.document(&state_json(&replay, digest, compared.as_ref()))?;
    } else {
        for line in summary(&replay, digest, compared.as_ref(), seconds) {
            screen.line(&line)?;
        }
    }
    let is_right = compared.is_none_or(|compared| compared.first_difference.is_none());
    Ok(if is_right { EXIT_OK } else { EXIT_FAILED })
}

fn summary(replay: &Replay, digest: Hash, compared: Option<&Comparison>, seconds: f64) -> Vec<String> {
    let state = replay.state();
    let deleted = state.pipelines.values().filter(|pipeline| pipeline.deleted).count();
    let runs: u64 = state.pipelines.values().map(|pipeline| pipeline.last_run).sum();
    let running = state.runs.values().filter(|live| live.run.status == RunStatus::Running).count();
    let cluster = state.cluster.map_or_else(|| "none".to_owned(), |cluster| cluster.to_string());
    let mut lines = vec![
        format!("revision    {}, of {}", state.revision, time_text(state.time)),
        format!("cluster     {cluster}"),
        format!("head        {}", replay.head()),
        format!("state       {digest}"),
        format!("namespaces  {}", state.namespaces.len()),
        format!("pipelines   {}, {deleted} of them deleted", state.pipelines.len()),
        format!("runs        {runs}; live: {running} running, {} queued", state.runs.len() - running),
        format!("nodes       {}", state.nodes.len()),
    ];
    for node in state.nodes.values() {
        let status = if node.takes_attempts() { "ready" } else { "takes no attempts" };
        lines.push(format!("  {} ({}): {status}, incarnation {}", node.spec.name, node.id, node.incarnation));
    }
    lines.push(format!("replayed in {seconds:.1}s"));
    match compared {
        None => {}
        Some(Comparison { records, first_difference: None }) => {
            lines.push(format!("equal to the node's stored state ({records} records)"));
        }
        Some(Comparison { first_difference: Some(first), .. }) => {
            lines.push(format!("NOT equal to the node's stored state; first at {first}"));
        }
    }
    lines
}

fn state_json(replay: &Replay, digest: Hash, compared: Option<&Comparison>) -> Value {
    let state: &State = replay.state();
    let mut value = json!({
        "revision": state.revision.0,
        "time": time_text(state.time),
        "cluster_id": state.cluster.map(|cluster| cluster.to_string()),
        "head": replay.head(),
        "state_digest": digest,
        "equal": compared.map(|compared| compared.first_difference.is_none()),
        "first_difference": compared.and_then(|compared| compared.first_difference.clone()),
    });
    for Messages { list, message, encoded } in replay.messages() {
        value[list] = encoded.iter().filter_map(|bytes| render::message_json(message, bytes)).collect();
    }
    value
}
