//! `gofer run`.

pub(crate) mod graph;
pub(crate) mod live;
pub(crate) mod logs;
mod show;
pub(crate) mod state;
mod watch;

use clap::{Args, Subcommand};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use crate::args::MutationArgs;
use crate::client::{Call, request, runs};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::reference::{self, run_text};

pub(crate) use show::node_names;

/// Runs of pipelines.
#[derive(Subcommand, Clone, Debug)]
pub enum RunCommand {
    /// Start a run of a pipeline
    ///
    /// With --watch it is followed until it ends, and the exit code is 1 unless it succeeds.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer run start release\n",
            "  gofer run start release -v TAG=v1.2 -v DRY_RUN=1 --watch\n",
            "  gofer run start team-a/release --version 3",
        )
    )]
    Start {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        /// Variable in the environment of every task (repeatable)
        #[arg(short, long = "variable", value_name = "NAME=VALUE", value_parser = parse_variable)]
        variable: Vec<(String, String)>,
        /// Version to run [default: the live one, or the one that a release chooses]
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        version: u64,
        /// Label for people and their tools; may be given again
        #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
        label: Vec<(String, String)>,
        /// Free text about the run
        #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
        note: String,
        /// From -100 to 100; of the runs and tasks that wait, the greater goes first
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N", allow_negative_numbers = true)]
        priority: i32,
        /// Follow the run until it ends
        #[arg(long)]
        watch: bool,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// List the runs of a pipeline, newest first
    #[command(after_help = "Examples:\n  gofer run list release\n  gofer run list release --limit 1000 -o json")]
    List {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        /// Most runs to list
        #[arg(long, default_value_t = 20, value_name = "N",
              value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
    },
    /// Show a run with its tasks and attempts
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer run get release/42\n",
            "  gofer run get release latest -o json\n",
            "  gofer audit show run release/42 --at 2026-11-24T12:00:00Z    # as it was then",
        )
    )]
    Get {
        #[command(flatten)]
        run: RunArgs,
    },
    /// Follow a run until it ends
    ///
    /// On a terminal the tasks are redrawn in place, parents first; otherwise each change is a line (with -o json:
    /// each update an object). When the node is lost, the watch goes on with the next one. The exit code is 0 when
    /// the run succeeds, else 1.
    #[command(after_help = "Examples:\n  gofer run watch release/42\n  gofer run watch release/latest | cat")]
    Watch {
        #[command(flatten)]
        run: RunArgs,
    },
    /// Print what the tasks of a run wrote
    ///
    /// Without a task all of them are shown, each line with its task. Remarks of Gofer's own go to standard error.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer run logs release/42\n",
            "  gofer run logs -f release/latest build\n",
            "  gofer run logs release 42 build --attempt 1",
        )
    )]
    Logs {
        /// PIPELINE/RUN (or NAMESPACE/PIPELINE/RUN, or PIPELINE RUN), then optionally a task
        #[arg(required = true, num_args = 1..=3, value_name = "RUN [TASK]")]
        words: Vec<String>,
        #[command(flatten)]
        options: LogsArgs,
    },
    /// End a run: its attempts are stopped, its waiting tasks are not started
    #[command(
        after_help = "Examples:\n  gofer run cancel release/42\n  gofer run cancel release/latest -m 'wrong tag'"
    )]
    Cancel {
        #[command(flatten)]
        run: RunArgs,
        /// Why, for the record
        #[arg(short, long, default_value = "", hide_default_value = true)]
        message: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Start a new run with the version and the variables of a finished one
    ///
    /// With --failed or --from the results and the outputs of tasks that succeeded are kept, and only the others run
    /// again, with all that depends on them.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer run retry release/42\n",
            "  gofer run retry release/42 --failed        # only what did not succeed\n",
            "  gofer run retry release/latest --from test --watch",
        )
    )]
    Retry {
        #[command(flatten)]
        run: RunArgs,
        /// Run only those tasks again that did not succeed
        #[arg(long)]
        failed: bool,
        /// Run this task again, too, and keep what succeeded otherwise; may be given again
        #[arg(long, value_name = "TASK")]
        from: Vec<String>,
        /// Follow the new run until it ends
        #[arg(long)]
        watch: bool,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Change the note and the labels of a run, ended or not
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer run annotate release/42 --note 'the registry was down'\n",
            "  gofer run annotate release/42 --label ticket=OPS-7 --remove-label triage",
        )
    )]
    Annotate {
        #[command(flatten)]
        args: AnnotateArgs,
    },
    /// Approve a task that waits for it
    #[command(after_help = "Examples:\n  gofer run approve release/42 deploy -m 'tested by hand'")]
    Approve {
        #[command(flatten)]
        answer: AnswerArgs,
    },
    /// Decline a task that waits for approval: it fails
    #[command(after_help = "Examples:\n  gofer run decline release/42 deploy -m 'not on a Friday'")]
    Decline {
        #[command(flatten)]
        answer: AnswerArgs,
    },
}

/// What is noted about a run.
#[derive(Args, Clone, Debug)]
pub struct AnnotateArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Free text about the run; empty takes it away
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Label to add or to change; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    label: Vec<(String, String)>,
    /// Label to take away; may be given again
    #[arg(long, value_name = "NAME")]
    remove_label: Vec<String>,
    #[command(flatten)]
    mutation: MutationArgs,
}

/// An answer to a task that waits for approval.
#[derive(Args, Clone, Debug)]
pub struct AnswerArgs {
    /// PIPELINE/RUN (or NAMESPACE/PIPELINE/RUN, or PIPELINE RUN), then the task
    #[arg(required = true, num_args = 2..=3, value_name = "RUN TASK")]
    words: Vec<String>,
    /// Why, for the record
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
    #[command(flatten)]
    mutation: MutationArgs,
}

/// Names one run.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// PIPELINE/RUN, NAMESPACE/PIPELINE/RUN or PIPELINE RUN; RUN is a number or `latest`
    #[arg(required = true, num_args = 1..=2, value_name = "RUN")]
    words: Vec<String>,
}

/// Options of `gofer run logs`.
#[derive(Args, Clone, Copy, Debug)]
pub struct LogsArgs {
    /// Go on until the run has ended
    #[arg(short, long)]
    follow: bool,
    /// Attempt to show [default: the newest of each task]
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
    attempt: u32,
    /// Begin each line with its time
    #[arg(long)]
    timestamps: bool,
}

/// Shows the output of a run, or of one task of it.
pub(crate) async fn show_logs(context: &mut Context<'_>, words: &[String], options: LogsArgs) -> Result<u8, Error> {
    let (name, rest) = reference::run(context.args.namespace(), words)?;
    let task = match rest {
        [] => String::new(),
        [task] => task.clone(),
        _ => return Err(Error::usage("only one task can be named", "leave it out for all tasks")),
    };
    let run = reference::resolve(&mut context.client, name).await?;
    logs::logs(context, run, task, options).await
}

pub(crate) async fn execute(context: &mut Context<'_>, command: RunCommand) -> Result<u8, Error> {
    match command {
        RunCommand::Start { pipeline, variable, version, label, note, priority, watch, mutation } => {
            let pipeline = reference::pipeline(context.args.namespace(), &pipeline)?;
            let message = api::StartRunRequest {
                pipeline: Some(pipeline),
                version,
                variables: variables("variable", variable)?,
                labels: variables("label", label)?,
                note,
                priority,
                ..Default::default()
            };
            start(context, message, watch, mutation).await
        }
        RunCommand::List { pipeline, limit } => show::list(context, &pipeline, limit).await,
        RunCommand::Get { run } => {
            let run = resolve(context, &run).await?;
            show::get(context, &run).await
        }
        RunCommand::Watch { run } => {
            let run = resolve(context, &run).await?;
            watch::watch(context, run).await
        }
        RunCommand::Logs { words, options } => show_logs(context, &words, options).await,
        RunCommand::Cancel { run, message, mutation } => {
            let run = resolve(context, &run).await?;
            let id = mutation.id();
            let text = run_text(Some(&run));
            let message = api::CancelRunRequest { request_id: id.as_bytes().to_vec(), run: Some(run), message };
            let ask = async |channel, patience| runs(channel).cancel_run(request(message.clone(), patience)).await;
            let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
            context.done(&format!("cancelling {text}"), &json!({ "run": text, "revision": header.revision }))
        }
        RunCommand::Retry { run, failed, from, watch, mutation } => {
            let run = resolve(context, &run).await?;
            let id = mutation.id();
            let keep = failed || !from.is_empty();
            let message =
                api::RetryRunRequest { request_id: id.as_bytes().to_vec(), run: Some(run), keep, tasks: from };
            let ask = async |channel, patience| runs(channel).retry_run(request(message.clone(), patience)).await;
            let answer = context.client.call(Call::Mutate(id), ask).await?;
            started(context, answer.run, watch).await
        }
        RunCommand::Annotate { args } => annotate(context, args).await,
        RunCommand::Approve { answer } => decide(context, answer, true).await,
        RunCommand::Decline { answer } => decide(context, answer, false).await,
    }
}

async fn annotate(context: &mut Context<'_>, args: AnnotateArgs) -> Result<u8, Error> {
    let AnnotateArgs { run, note, label, remove_label, mutation } = args;
    if note.is_none() && label.is_empty() && remove_label.is_empty() {
        let help = "give --note, --label or --remove-label";
        return Err(Error::usage("there is nothing to change", help));
    }
    let run = resolve(context, &run).await?;
    let (id, text) = (mutation.id(), run_text(Some(&run)));
    let message = api::AnnotateRunRequest {
        request_id: id.as_bytes().to_vec(),
        run: Some(run),
        note,
        labels: variables("label", label)?,
        remove_labels: remove_label,
    };
    let ask = async |channel, patience| runs(channel).annotate_run(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    context.done(&format!("noted at {text}"), &json!({ "run": text, "revision": header.revision }))
}

async fn decide(context: &mut Context<'_>, answer: AnswerArgs, approve: bool) -> Result<u8, Error> {
    let AnswerArgs { words, message, mutation } = answer;
    let (name, rest) = reference::run(context.args.namespace(), &words)?;
    let [task] = rest else {
        return Err(Error::usage("no task is named", "name the run and then the task, as in release/42 deploy"));
    };
    let task = task.clone();
    let run = reference::resolve(&mut context.client, name).await?;
    let (id, text) = (mutation.id(), format!("task {task} of {}", run_text(Some(&run))));
    let task = Some(model::TaskRef { run: Some(run), task });
    let message = api::DecideApprovalRequest { request_id: id.as_bytes().to_vec(), task, approve, message };
    let ask = async |channel, patience| runs(channel).decide_approval(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    let word = if approve { "approved" } else { "declined" };
    context.done(&format!("{word} {text}"), &json!({ "approved": approve, "revision": header.revision }))
}

pub(crate) async fn start(
    context: &mut Context<'_>,
    mut message: api::StartRunRequest,
    watch: bool,
    mutation: MutationArgs,
) -> Result<u8, Error> {
    let id = mutation.id();
    message.request_id = id.as_bytes().to_vec();
    let ask = async |channel, patience| runs(channel).start_run(request(message.clone(), patience)).await;
    let answer = context.client.call(Call::Mutate(id), ask).await?;
    started(context, answer.run, watch).await
}

async fn started(context: &mut Context<'_>, run: Option<model::RunRef>, watch: bool) -> Result<u8, Error> {
    let run = run.ok_or_else(|| Error::Malformed("the node answered without a run".into()))?;
    let text = run_text(Some(&run));
    if !watch {
        let value = json!({ "namespace": run.namespace, "pipeline": run.pipeline, "run": run.run });
        return context.done(&format!("started {text}"), &value);
    }
    if !context.output.is_json() {
        context.output.line(&format!("started {text}"))?;
    }
    watch::watch(context, run).await
}

async fn resolve(context: &mut Context<'_>, run: &RunArgs) -> Result<model::RunRef, Error> {
    let name = reference::whole_run(context.args.namespace(), &run.words)?;
    reference::resolve(&mut context.client, name).await
}

/// The exit code of a run that was waited for.
pub(crate) fn exit_code(status: model::RunStatus) -> u8 {
    if status == model::RunStatus::Succeeded { EXIT_OK } else { crate::error::EXIT_FAILED }
}

/// Sorted by name, as the wire wants it.
pub(crate) fn variables(what: &str, given: Vec<(String, String)>) -> Result<Vec<model::Variable>, Error> {
    let mut sorted = std::collections::BTreeMap::new();
    for (name, value) in given {
        if sorted.insert(name.clone(), value).is_some() {
            return Err(Error::usage(format!("the {what} {name} is given twice"), "give each once"));
        }
    }
    Ok(sorted.into_iter().map(|(name, value)| model::Variable { name, value }).collect())
}

pub(crate) fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("use NAME=VALUE".into()),
    }
}
