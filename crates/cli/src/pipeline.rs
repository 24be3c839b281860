//! `gofer pipeline`.

mod diff;
mod graph;
mod init;
mod register;
pub(crate) mod source;

use std::path::PathBuf;

use clap::Subcommand;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use crate::args::MutationArgs;
use crate::client::{Call, Client, pipelines, request};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::{Style, tame};
use crate::pipeline_file::{self, Format};
use crate::release::strategy;
use crate::table::Table;
use crate::{json as to_json, reference, time};

pub use graph::GraphFormat;
pub use init::Language;
pub use source::SourceArgs;

/// Pipelines and their versions.
#[derive(Subcommand, Clone, Debug)]
pub enum PipelineCommand {
    /// Register a pipeline, as a new version if there is one already
    ///
    /// PATH is a file in TOML or JSON, told by its extension, else by its content; `-` reads standard input. Or it is the
    /// directory of a program that prints a pipeline: one with a Cargo.toml (run with `cargo run`), a go.mod (`go run .`),
    /// or a Python file (`python3 FILE`; pipeline.py or main.py if there are several). docs/sdk.md describes the SDKs.
    ///
    /// The form of the newest version again changes nothing. Runs keep the version they were started with. The new version
    /// is live at once, unless it is held, the pipeline is pinned, or a release of it is in progress.
    ///
    /// A pipeline has an `id` and `[tasks.<id>]` tables with `image`, `command`, `env`, `depends_on`, `when`,
    /// `retry`, `timeout` and more; and it may have parameters. docs/pipelines.md describes all of it.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer pipeline register release.toml\n",
            "  gofer pipeline register ./ci\n",
            "  gofer pipeline register nightly.py --validate-only\n",
            "  gofer pipeline register release.toml --hold       # then: gofer release start release --strategy canary\n",
            "  gofer pipeline register ./ci -- --branch main    # arguments of the program\n",
            "  gofer -n team-a pipeline register - < release.toml",
        )
    )]
    Register {
        #[command(flatten)]
        source: SourceArgs,
        /// Let the cluster check the pipeline, and change nothing
        #[arg(long)]
        validate_only: bool,
        /// Keep the version that is live in force; `gofer release start` makes the new one live
        #[arg(long)]
        hold: bool,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Check a pipeline without a cluster
    ///
    /// Applies the rules of a cluster of this version, and reports all faults at once; those of a program with the lines
    /// that declared the tasks. `register --validate-only` asks a cluster instead.
    #[command(after_help = "Examples:\n  gofer pipeline validate release.toml\n  gofer pipeline validate ./ci -o json")]
    Validate {
        #[command(flatten)]
        source: SourceArgs,
    },
    /// Draw a pipeline
    ///
    /// Asks no cluster. Of the tasks that a task waits for, those marked (failure) must fail, those marked (any) must only
    /// end; in drawings, their lines are dashed and dotted.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer pipeline graph release.toml\n",
            "  gofer pipeline graph ./ci --format svg > ci.svg\n",
            "  gofer pipeline graph ./ci --format dot | dot -Tpng > ci.png",
        )
    )]
    Graph {
        #[command(flatten)]
        source: SourceArgs,
        /// How the picture is written
        #[arg(long, value_enum, default_value_t)]
        format: GraphFormat,
    },
    /// Write a small pipeline that can be registered as it is
    ///
    /// A program gets a copy of the SDK beside it, so that nothing needs to be downloaded. Without --language, a terminal
    /// is asked. No file is ever overwritten.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer pipeline init ci --language python\n",
            "  gofer pipeline register ci",
        )
    )]
    Init {
        /// Directory to write to; made if it is not there
        #[arg(default_value = ".")]
        directory: PathBuf,
        /// What the pipeline is written in
        #[arg(long, value_enum)]
        language: Option<Language>,
    },
    /// List the pipelines of the namespace
    #[command(after_help = "Examples:\n  gofer pipeline list\n  gofer -n team-a pipeline list -o json")]
    List,
    /// Show a pipeline and its configuration
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer pipeline get release\n",
            "  gofer pipeline get release --version 3\n",
            "  gofer pipeline get release --file > release.toml\n",
            "  gofer audit show pipeline release --at 2026-11-24T12:00:00Z    # as it was then",
        )
    )]
    Get {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        /// Version whose configuration is shown [default: the newest]
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        version: u64,
        /// Print only the configuration, as a pipeline file (TOML; with -o json: JSON)
        #[arg(long)]
        file: bool,
    },
    /// Let a pipeline start runs again
    #[command(after_help = "Examples:\n  gofer pipeline enable release")]
    Enable {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Keep a pipeline from starting runs; those that run go on
    #[command(after_help = "Examples:\n  gofer pipeline disable release")]
    Disable {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Delete a pipeline without live runs; its history stays
    #[command(after_help = "Examples:\n  gofer pipeline delete release")]
    Delete {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Show what registering a pipeline would change
    ///
    /// Compares the newest registered version with the file, or with what the program prints, both in the canonical
    /// form of that format (fixed order, no defaults), line by line. Changes nothing. The exit code is 0 when they are
    /// equal, 1 when they differ.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer pipeline diff release.toml\n",
            "  gofer pipeline diff ./ci && echo nothing to do",
        )
    )]
    Diff {
        #[command(flatten)]
        source: SourceArgs,
    },
}

/// A change of a pipeline that needs only its name.
#[derive(Clone, Copy)]
enum Change {
    Enable,
    Disable,
    Delete,
}

pub(crate) async fn execute(context: &mut Context<'_>, command: PipelineCommand) -> Result<u8, Error> {
    match command {
        PipelineCommand::Register { source, validate_only, hold, mutation } => {
            register::register(context, &source, (validate_only, hold), mutation).await
        }
        PipelineCommand::Validate { source } => register::validate(context, &source).await,
        PipelineCommand::Graph { source, format } => {
            graph::execute(context, &source::load(&source, &context.output).await?, format)
        }
        PipelineCommand::Init { directory, language } => init::execute(context, &directory, language),
        PipelineCommand::List => list(context).await,
        PipelineCommand::Get { pipeline, version, file } => get(context, &pipeline, version, file).await,
        PipelineCommand::Enable { pipeline, mutation } => change(context, &pipeline, Change::Enable, mutation).await,
        PipelineCommand::Disable { pipeline, mutation } => change(context, &pipeline, Change::Disable, mutation).await,
        PipelineCommand::Delete { pipeline, mutation } => change(context, &pipeline, Change::Delete, mutation).await,
        PipelineCommand::Diff { source } => diff::execute(context, &source).await,
    }
}

/// A pipeline with the configuration of a version; 0: the newest.
pub(crate) async fn fetch(
    client: &mut Client,
    name: &model::PipelineRef,
    version: u64,
) -> Result<model::Pipeline, Error> {
    ask(client, name, version).await?.pipeline.ok_or_else(unsaid)
}

async fn ask(client: &mut Client, name: &model::PipelineRef, version: u64) -> Result<api::GetPipelineResponse, Error> {
    let message = api::GetPipelineRequest { pipeline: Some(name.clone()), version, consistency: client.consistency };
    let ask = async |channel, patience| pipelines(channel).get_pipeline(request(message.clone(), patience)).await;
    client.call(Call::Read, ask).await
}

fn unsaid() -> Error {
    Error::Malformed("the node answered without a pipeline".into())
}

/// All pipelines of a namespace, without their configurations.
pub(crate) async fn all(context: &mut Context<'_>, namespace: &str) -> Result<Vec<model::Pipeline>, Error> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = api::ListPipelinesRequest {
            namespace: namespace.into(),
            consistency: context.client.consistency,
            page_size: 1_000,
            page_token,
        };
        let ask = async |channel, patience| pipelines(channel).list_pipelines(request(message.clone(), patience)).await;
        let page = context.client.call(Call::Read, ask).await?;
        all.extend(page.pipelines);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

async fn list(context: &mut Context<'_>) -> Result<u8, Error> {
    let all = all(context, context.args.namespace()).await?;
    if context.output.is_json() {
        context.output.document(&json!({ "pipelines": to_json::messages("gofer.model.v1.Pipeline", &all)? }))?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let mut table =
        Table::new(&["PIPELINE", "STATUS", "VERSION", "LIVE", "RUNNING", "QUEUED", "LAST RUN", "UPDATED"], 1);
    for pipeline in all {
        let (status, style) = status(&pipeline);
        let last = if pipeline.last_run == 0 { String::new() } else { pipeline.last_run.to_string() };
        let cells = [
            pipeline.r#ref.as_ref().map(|name| name.pipeline.clone()).unwrap_or_default(),
            status.to_owned(),
            pipeline.version.to_string(),
            live(&pipeline),
            pipeline.running.len().to_string(),
            pipeline.queue.len().to_string(),
            last,
            time::age(pipeline.updated_at.as_ref(), now),
        ];
        table.row(cells, style);
    }
    let empty = format!(
        "namespace {} has no pipelines; register one with `gofer pipeline register PATH`",
        context.args.namespace()
    );
    table.show(&context.output, &empty)?;
    Ok(EXIT_OK)
}

/// `4`, `4 pinned`, `4 -> 5 canary`.
fn live(pipeline: &model::Pipeline) -> String {
    let live = pipeline.live_version;
    match (&pipeline.release, &pipeline.pin) {
        (Some(release), _) => format!("{live} -> {} {}", release.to_version, strategy(release)),
        (None, Some(_)) => format!("{live} pinned"),
        (None, None) => live.to_string(),
    }
}

/// Lines about what is live, the last one without its end.
fn live_lines(pipeline: &model::Pipeline, now: jiff::Timestamp) -> String {
    let mut text = format!("live      version {}", pipeline.live_version);
    if let Some(pin) = &pipeline.pin {
        let why = if pin.message.is_empty() { String::new() } else { format!(": {}", tame(&pin.message)) };
        let age = time::age(pin.pinned_at.as_ref(), now);
        text.push_str(&format!("\npinned    by {}, {age}{why}", tame(&pin.pinned_by)));
    }
    if let Some(release) = &pipeline.release {
        let (id, to, strategy) = (release.id, release.to_version, strategy(release));
        text.push_str(&format!("\nrelease   {id}, {strategy} to version {to}; see `gofer release status`"));
    }
    text
}

fn status(pipeline: &model::Pipeline) -> (&'static str, Style) {
    match (pipeline.deleted, pipeline.enabled) {
        (true, _) => ("deleted", Style::Bad),
        (false, true) => ("enabled", Style::Good),
        (false, false) => ("disabled", Style::Warning),
    }
}

async fn get(context: &mut Context<'_>, name: &str, version: u64, file: bool) -> Result<u8, Error> {
    let name = reference::pipeline(context.args.namespace(), name)?;
    let answer = ask(&mut context.client, &name, version).await?;
    let pipeline = answer.pipeline.ok_or_else(unsaid)?;
    let config = pipeline.config.clone().unwrap_or_default();
    if file {
        let format = if context.output.is_json() { Format::Json } else { Format::Toml };
        context.output.write(pipeline_file::canonical(&config, format)?.as_bytes())?;
        return Ok(EXIT_OK);
    }
    if context.output.is_json() {
        let mut document = to_json::message("gofer.model.v1.Pipeline", &pipeline)?;
        if !answer.problems.is_empty() {
            document["problems"] = json!(answer.problems);
        }
        context.output.document(&document)?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let (status, style) = status(&pipeline);
    let shown = if version == 0 { pipeline.version } else { version };
    let numbers = |numbers: &[u64]| match numbers {
        [] => "none".to_owned(),
        _ => numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    };
    let head = format!(
        "pipeline  {}\nstatus    {}\nnewest    version {}, registered {}\n{}\n\
         runs      running: {}; queued: {}; newest: {}\n\nversion {shown}:\n\n",
        reference::pipeline_text(Some(&name)),
        context.output.paint(style, status),
        pipeline.version,
        time::age(pipeline.updated_at.as_ref(), now),
        live_lines(&pipeline, now),
        numbers(&pipeline.running),
        numbers(&pipeline.queue),
        if pipeline.last_run == 0 { "none".into() } else { pipeline.last_run.to_string() },
    );
    context.output.write(head.as_bytes())?;
    for problem in &answer.problems {
        context.output.notice(&format!("no run can start: {}", tame(problem)));
    }
    context.output.write(pipeline_file::canonical(&config, Format::Toml)?.as_bytes())?;
    Ok(EXIT_OK)
}

async fn change(context: &mut Context<'_>, name: &str, change: Change, mutation: MutationArgs) -> Result<u8, Error> {
    let name = reference::pipeline(context.args.namespace(), name)?;
    let id = mutation.id();
    let request_id = id.as_bytes().to_vec();
    let pipeline = Some(name.clone());
    let call = Call::Mutate(id);
    let (done, header) = match change {
        Change::Enable => {
            let message = api::EnablePipelineRequest { request_id, pipeline };
            let ask =
                async |channel, patience| pipelines(channel).enable_pipeline(request(message.clone(), patience)).await;
            ("enabled", context.client.call(call, ask).await?.header)
        }
        Change::Disable => {
            let message = api::DisablePipelineRequest { request_id, pipeline };
            let ask =
                async |channel, patience| pipelines(channel).disable_pipeline(request(message.clone(), patience)).await;
            ("disabled", context.client.call(call, ask).await?.header)
        }
        Change::Delete => {
            let message = api::DeletePipelineRequest { request_id, pipeline, force: false };
            let ask =
                async |channel, patience| pipelines(channel).delete_pipeline(request(message.clone(), patience)).await;
            ("deleted", context.client.call(call, ask).await?.header)
        }
    };
    let name = reference::pipeline_text(Some(&name));
    let value = json!({ "pipeline": name, "done": done, "revision": header.unwrap_or_default().revision });
    context.done(&format!("{done} {name}"), &value)
}
