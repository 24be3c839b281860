//! `gofer audit show`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gofer_audit::{Replay, Until};
use gofer_cli::{ClientArgs, EXIT_OK, render};
use gofer_domain::{NamespaceId, PipelineId, PipelineKey, Rejection, RunKey};
use serde_json::{Value, json};

use super::replay::{time_text, until};
use super::screen::Screen;
use super::source::{ArchiveArgs, open};
use super::{Failure, ScratchArgs};

/// Arguments of `gofer audit show`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ShowArgs {
    /// What to show
    #[arg(value_enum)]
    kind: Kind,
    /// Its name: PIPELINE/RUN or NAMESPACE/PIPELINE/RUN, a pipeline's, a namespace's, or a node's name or id
    name: String,
    /// Revision to show it at, or the time of one in RFC 3339 [default: the end]
    #[arg(long, value_name = "REVISION|TIME", value_parser = until)]
    at: Option<Until>,
    /// Data directory or export to read, instead of asking a cluster; it must begin with revision 1
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    scratch: ScratchArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Run,
    Pipeline,
    Namespace,
    Node,
}

/// What is looked for, understood before anything is replayed.
enum Wanted {
    Run(RunKey),
    Pipeline(PipelineKey),
    Namespace(NamespaceId),
    /// By name or id.
    Node(String),
}

pub(super) fn run(client: &ClientArgs, screen: &Screen, args: &ShowArgs) -> Result<u8, Failure> {
    let wanted = wanted(client, args)?;
    let source = open(client, args.source.as_deref(), &args.archive)?;
    let mut replay = Replay::new(&args.scratch.path())?;
    let until = args.at.unwrap_or(Until::End);
    let last = Some(source.extent().last);
    screen.metered("replaying", last, |meter| replay.advance(source.as_ref(), until, meter))?;
    let state = replay.state();
    let shown = find(&replay, &wanted)?.ok_or_else(|| {
        Failure::Usage(format!("at revision {} there is no {} {}", state.revision, word(args.kind), args.name))
    })?;
    screen.document(&json!({
        "revision": state.revision.0,
        "time": time_text(state.time),
        "head": replay.head(),
        word(args.kind): shown,
    }))?;
    Ok(EXIT_OK)
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Run => "run",
        Kind::Pipeline => "pipeline",
        Kind::Namespace => "namespace",
        Kind::Node => "node",
    }
}

fn wanted(client: &ClientArgs, args: &ShowArgs) -> Result<Wanted, Failure> {
    let refused = |rejection: Rejection| Failure::Usage(rejection.to_string());
    let pipeline = |namespace: &str, pipeline: &str| -> Result<PipelineKey, Failure> {
        let namespace = NamespaceId::new(namespace).map_err(refused)?;
        Ok(PipelineKey { namespace, pipeline: PipelineId::new(pipeline).map_err(refused)? })
    };
    let own = client.namespace.as_deref();
    Ok(match args.kind {
        Kind::Run => {
            let parts = render::run_reference(own, std::slice::from_ref(&args.name));
            let (namespace, name, run) = parts
                .map_err(|text| Failure::Usage(text.strip_prefix("error: ").map_or(text.clone(), str::to_owned)))?;
            Wanted::Run(RunKey { pipeline: pipeline(&namespace, &name)?, run })
        }
        Kind::Pipeline => {
            let (namespace, name) = args.name.split_once('/').unwrap_or((own.unwrap_or("default"), &args.name));
            Wanted::Pipeline(pipeline(namespace, name)?)
        }
        Kind::Namespace => Wanted::Namespace(NamespaceId::new(&args.name).map_err(refused)?),
        Kind::Node => Wanted::Node(args.name.clone()),
    })
}

fn find(replay: &Replay, wanted: &Wanted) -> Result<Option<Value>, Failure> {
    let state = replay.state();
    let found = match wanted {
        Wanted::Run(key) => replay.run(key)?,
        Wanted::Pipeline(key) => state.pipelines.get(key).map(gofer_audit::encoded_pipeline),
        Wanted::Namespace(id) => state.namespaces.get(id).map(gofer_audit::encoded_namespace),
        Wanted::Node(name) => {
            let mut nodes = state.nodes.values();
            nodes.find(|node| node.spec.name == *name || node.id.to_string() == *name).map(gofer_audit::encoded_node)
        }
    };
    Ok(found.and_then(|(message, bytes)| render::message_json(message, &bytes)))
}
