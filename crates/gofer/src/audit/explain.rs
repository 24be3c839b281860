//! `gofer audit explain`.

use std::path::PathBuf;

use clap::Args;
use gofer_audit::explain;
use gofer_cli::{ClientArgs, EXIT_OK, render};
use gofer_domain::{NamespaceId, PipelineId, PipelineKey, RunKey};
use serde_json::{Value, json};

use super::Failure;
use super::replay::time_text;
use super::screen::Screen;
use super::source::{ArchiveArgs, open};

/// Arguments of `gofer audit explain`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExplainArgs {
    /// PIPELINE/RUN, NAMESPACE/PIPELINE/RUN or PIPELINE RUN
    #[arg(required = true, num_args = 1..=2)]
    run: Vec<String>,
    /// Data directory or export to read, instead of asking a cluster
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    #[command(flatten)]
    archive: ArchiveArgs,
}

pub(super) fn run(client: &ClientArgs, screen: &Screen, args: &ExplainArgs) -> Result<u8, Failure> {
    let (namespace, pipeline, run) =
        render::run_reference(client.namespace.as_deref(), &args.run).map_err(|text| usage(&text))?;
    let namespace = NamespaceId::new(&namespace).map_err(|rejection| usage(&rejection.to_string()))?;
    let pipeline = PipelineId::new(&pipeline).map_err(|rejection| usage(&rejection.to_string()))?;
    let key = RunKey { pipeline: PipelineKey { namespace, pipeline }, run };
    let source = open(client, args.source.as_deref(), &args.archive)?;
    let events = source.extent().last;
    let told = screen.metered("reading", Some(events), |meter| explain(source.as_ref(), &key, meter))?;
    let told = told.ok_or_else(|| {
        let first = source.extent().first;
        let before = match first {
            0 | 1 => String::new(),
            _ => format!(
                " from revision {first} on; if earlier events are in the archive of the cluster, name it with --archive"
            ),
        };
        Failure::Usage(format!("{} knows no run {key}{before}", source.name()))
    })?;
    if screen.is_json() {
        let sentences = told.sentences.iter().map(|sentence| {
            json!({
                "revision": sentence.revision,
                "time": time_text(sentence.time),
                "actor": sentence.actor,
                "cause_revision": sentence.cause,
                "text": sentence.text,
            })
        });
        let sentences: Vec<Value> = sentences.collect();
        screen.document(&json!({
            "run": key.to_string(),
            "version": told.version.0,
            "finished": told.is_finished,
            "sentences": sentences,
        }))?;
        return Ok(EXIT_OK);
    }
    screen.line(&format!("run {key}, version {}", told.version))?;
    let mut command = None;
    for sentence in &told.sentences {
        // What follows from one command stands below it.
        let is_same = command == Some(sentence.cause);
        command = Some(sentence.cause);
        let head = if is_same { " ".repeat(26) } else { format!("{:<24}  ", time_text(sentence.time)) };
        let by = if is_same { String::new() } else { format!("  [{}]", sentence.actor) };
        screen.line(&format!("{:>8}  {head}{}{by}", sentence.revision, sentence.text))?;
    }
    if !told.is_finished {
        screen.line("          the log ends before the run does")?;
    }
    Ok(EXIT_OK)
}

fn usage(text: &str) -> Failure {
    Failure::Usage(text.strip_prefix("error: ").unwrap_or(text).to_owned())
}
