//! `gofer task`: shared tasks, which are pipelines in a namespace of their own.

mod install;
mod show;

pub(crate) use install::secrets;

use std::path::PathBuf;

use clap::Subcommand;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use crate::args::MutationArgs;
use crate::client::{Call, pipelines, request};
use crate::command::Context;
use crate::error::Error;
use crate::run;

/// The namespace of shared tasks.
pub(crate) const NAMESPACE: &str = "tasks";

/// Shared tasks.
#[derive(Subcommand, Clone, Debug)]
pub enum TaskCommand {
    /// Install a shared task, or a new version of one
    ///
    /// Those that come with the program are named by --provided. Others are pipeline files with one container; their
    /// parameters are what pipelines may set. Runs keep the version that they were created with. The namespace of shared
    /// tasks is `tasks`; their secrets are set there.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer task install --provided notify-slack\n",
            "  gofer secret set slack-webhook-url --namespace tasks    # which it needs\n",
            "  gofer task install --all-provided\n",
            "  gofer task install deploy --file deploy-task.toml",
        )
    )]
    Install {
        /// Name of the shared task [default: the id in the file]
        #[arg(value_name = "NAME", conflicts_with_all = ["provided", "all_provided"])]
        name: Option<String>,
        /// Pipeline file (TOML or JSON; `-`: standard input)
        #[arg(long, value_name = "PATH", conflicts_with_all = ["provided", "all_provided"],
              required_unless_present_any = ["provided", "all_provided"])]
        file: Option<PathBuf>,
        /// One that comes with the program (repeatable)
        #[arg(long, value_name = "NAME", value_parser = provided_name)]
        provided: Vec<String>,
        /// All that come with the program
        #[arg(long, conflicts_with = "provided")]
        all_provided: bool,
    },
    /// List the shared tasks, and those that could be installed
    #[command(after_help = "Examples:\n  gofer task list\n  gofer task list --provided\n  gofer task list -o json")]
    List {
        /// List those that come with the program, installed or not; asks no node
        #[arg(long)]
        provided: bool,
    },
    /// Show a shared task: its settings, its secrets, and which pipelines name it
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer task get notify-slack\n",
            "  gofer task get notify-slack --version 3\n",
            "  gofer task get notify-slack --file > notify-slack.toml",
        )
    )]
    Get {
        /// Name of the shared task
        task: String,
        /// Version that is shown [default: the newest]
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        version: u64,
        /// Print only the pipeline file (TOML; with -o json: JSON)
        #[arg(long)]
        file: bool,
    },
    /// List the versions of a shared task, newest first
    #[command(after_help = "Examples:\n  gofer task versions notify-slack\n  gofer task versions deploy --limit 5")]
    Versions {
        /// Name of the shared task
        task: String,
        /// Most versions to list
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000))]
        limit: u64,
    },
    /// Uninstall a shared task that no pipeline names
    ///
    /// Its versions stay in the log, and runs that were created before go on with theirs. With --force it is done although
    /// pipelines name it: their new runs are refused, and `gofer pipeline get` says why.
    #[command(after_help = "Examples:\n  gofer task uninstall deploy\n  gofer task uninstall deploy --force")]
    Uninstall {
        /// Name of the shared task
        task: String,
        /// Also if pipelines name it
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Try a shared task: run it once, by itself
    ///
    /// With --watch it is followed until it ends, and the exit code is 1 unless it succeeds. Its run is one of the
    /// namespace `tasks`: `gofer -n tasks run logs NAME/latest`.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer task run debug --watch\n",
            "  gofer task run notify-slack -s TEXT='It works' -s OUTCOME=succeeded --watch",
        )
    )]
    Run {
        /// Name of the shared task
        task: String,
        /// What it is given for a parameter (repeatable)
        #[arg(short, long = "setting", value_name = "NAME=VALUE", value_parser = run::parse_variable)]
        setting: Vec<(String, String)>,
        /// Version to run [default: the live one]
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        version: u64,
        /// Follow the run until it ends
        #[arg(long)]
        watch: bool,
        #[command(flatten)]
        mutation: MutationArgs,
    },
}

pub(crate) async fn execute(context: &mut Context<'_>, command: TaskCommand) -> Result<u8, Error> {
    match command {
        TaskCommand::Install { name, file, provided, all_provided } => match file {
            Some(file) => install::file(context, name, &file).await,
            None => install::provided(context, &provided, all_provided).await,
        },
        TaskCommand::List { provided: true } => show::list_provided(context),
        TaskCommand::List { provided: false } => show::list(context).await,
        TaskCommand::Get { task, version, file } => show::get(context, &task, version, file).await,
        TaskCommand::Versions { task, limit } => show::versions(context, &task, limit).await,
        TaskCommand::Uninstall { task, force, mutation } => uninstall(context, &task, force, mutation).await,
        TaskCommand::Run { task, setting, version, watch, mutation } => {
            let message = api::StartRunRequest {
                pipeline: Some(reference(&task)?),
                version,
                variables: run::variables("setting", setting)?,
                ..api::StartRunRequest::default()
            };
            run::start(context, message, watch, mutation).await
        }
    }
}

/// A shared task by its name; `tasks/NAME` will do, too.
fn reference(name: &str) -> Result<model::PipelineRef, Error> {
    let pipeline = crate::reference::pipeline(NAMESPACE, name)?;
    if pipeline.namespace != NAMESPACE {
        let help = format!("shared tasks are in the namespace {NAMESPACE}; write their name alone");
        return Err(Error::usage(format!("{name:?} names no shared task"), help));
    }
    Ok(pipeline)
}

fn provided_name(text: &str) -> Result<String, String> {
    if gofer_provided::definition(text).is_some() {
        return Ok(text.to_owned());
    }
    let names: Vec<&str> = gofer_provided::definitions().iter().map(|definition| definition.name).collect();
    Err(format!("none of that name comes with the program; there are {}", names.join(", ")))
}

async fn uninstall(context: &mut Context<'_>, task: &str, force: bool, mutation: MutationArgs) -> Result<u8, Error> {
    let name = reference(task)?;
    let id = mutation.id();
    let message =
        api::DeletePipelineRequest { request_id: id.as_bytes().to_vec(), pipeline: Some(name.clone()), force };
    let ask = async |channel, patience| pipelines(channel).delete_pipeline(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header;
    let value =
        json!({ "task": name.pipeline, "done": "uninstalled", "revision": header.unwrap_or_default().revision });
    context.done(&format!("uninstalled {}", name.pipeline), &value)
}
