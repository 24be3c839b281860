//! `gofer object`: bytes that pipelines and runs keep under keys.

mod get;
mod progress;
mod put;
mod source;

use clap::{Args, Subcommand};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use crate::args::MutationArgs;
use crate::client::{Call, objects};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::table::Table;
use crate::{json as to_json, reference, size, time};

/// Objects.
#[derive(Subcommand, Clone, Debug)]
pub enum ObjectCommand {
    /// Put a file, or standard input, as an object
    ///
    /// An object of that key is replaced once all of the new one is there. When a node is lost on the way, the put goes
    /// on with another one; what a majority of the nodes has is not sent again. In a task, the run's own objects are
    /// meant unless --of-pipeline is given.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer object put --pipeline release cache.tar cache.tar\n",
            "  gofer object put --pipeline release --run 12 report.html build/report.html\n",
            "  tar c target | gofer object put cache/target.tar - --of-pipeline    # in a task",
        )
    )]
    Put {
        #[arg(value_name = "KEY")]
        key: String,
        /// `-`: standard input
        #[arg(value_name = "FILE")]
        file: String,
        #[command(flatten)]
        scope: ScopeArgs,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Get an object into a file, or to standard output
    ///
    /// The file appears once all of it is there and right. When a node is lost on the way, reading goes on with another.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer object get --pipeline release cache.tar cache.tar\n",
            "  gofer object get --pipeline release --run latest report.html > report.html\n",
            "  gofer object get cache/target.tar --of-pipeline | tar x    # in a task",
        )
    )]
    Get {
        #[arg(value_name = "KEY")]
        key: String,
        /// `-`: standard output
        #[arg(value_name = "FILE", default_value = "-")]
        file: String,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// List objects
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer object list --pipeline release\n",
            "  gofer object list --pipeline release --run 12 --prefix reports/ -o json\n",
            "  gofer object list --pipeline release --with-runs",
        )
    )]
    List {
        /// Only keys that begin so
        #[arg(long, default_value = "", value_name = "PREFIX", hide_default_value = true)]
        prefix: String,
        /// Those of the pipeline's runs, too
        #[arg(long)]
        with_runs: bool,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Show what an object is
    #[command(after_help = "Examples:\n  gofer object info --pipeline release cache.tar")]
    Info {
        #[arg(value_name = "KEY")]
        key: String,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Delete an object
    #[command(after_help = "Examples:\n  gofer object delete --pipeline release --run 12 report.html")]
    Delete {
        #[arg(value_name = "KEY")]
        key: String,
        #[command(flatten)]
        scope: ScopeArgs,
        #[command(flatten)]
        mutation: MutationArgs,
    },
}

/// Whose objects.
#[derive(Args, Clone, Debug)]
pub struct ScopeArgs {
    /// Pipeline that the objects are of
    #[arg(long, env = "GOFER_PIPELINE", value_name = "PIPELINE")]
    pipeline: Option<String>,
    /// Run of it that they are of, a number or `latest` [default: none, the pipeline itself]
    #[arg(long, env = "GOFER_RUN", value_name = "RUN")]
    run: Option<String>,
    /// The pipeline's own, in a task
    #[arg(long)]
    of_pipeline: bool,
}

pub(crate) async fn execute(context: &mut Context<'_>, command: ObjectCommand) -> Result<u8, Error> {
    match command {
        ObjectCommand::Put { key, file, scope, mutation } => {
            let scope = resolve(context, scope).await?;
            put::put(context, scope, key, &file, mutation.id()).await
        }
        ObjectCommand::Get { key, file, scope } => {
            let scope = resolve(context, scope).await?;
            get::get(context, scope, key, &file).await
        }
        ObjectCommand::List { prefix, with_runs, scope } => {
            let scope = resolve(context, scope).await?;
            list(context, scope, prefix, with_runs).await
        }
        ObjectCommand::Info { key, scope } => {
            let scope = resolve(context, scope).await?;
            info(context, scope, key).await
        }
        ObjectCommand::Delete { key, scope, mutation } => {
            let scope = resolve(context, scope).await?;
            let id = mutation.id();
            let message = api::DeleteObjectRequest {
                request_id: id.as_bytes().to_vec(),
                scope: Some(scope.clone()),
                key: key.clone(),
            };
            let sealed = context.client.authorized(message);
            let ask = async |channel, patience| objects(channel).delete_object(again(&sealed, patience)).await;
            let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
            let value = json!({ "scope": scope_text(Some(&scope)), "key": key, "revision": header.revision });
            context.done(&format!("deleted object {key} of {}", scope_text(Some(&scope))), &value)
        }
    }
}

/// The same message for another try.
fn again<T: Clone>(sealed: &tonic::Request<T>, patience: std::time::Duration) -> tonic::Request<T> {
    let mut request = tonic::Request::new(sealed.get_ref().clone());
    *request.metadata_mut() = sealed.metadata().clone();
    request.set_timeout(patience);
    request
}

/// The scope that the arguments name.
async fn resolve(context: &mut Context<'_>, args: ScopeArgs) -> Result<model::ObjectScope, Error> {
    let Some(pipeline) = args.pipeline else {
        return Err(Error::usage("no pipeline is named", "pass --pipeline, and --run for the objects of a run"));
    };
    let pipeline = reference::pipeline(context.args.namespace(), &pipeline)?;
    let run = match args.run.filter(|run| !args.of_pipeline && !run.is_empty()) {
        None => 0,
        Some(run) => {
            let words = [format!("{}/{}", pipeline.namespace, pipeline.pipeline), run];
            let name = reference::whole_run(context.args.namespace(), &words)?;
            reference::resolve(&mut context.client, name).await?.run
        }
    };
    Ok(model::ObjectScope { pipeline: Some(pipeline), run })
}

/// A scope as people write it.
pub(crate) fn scope_text(scope: Option<&model::ObjectScope>) -> String {
    let Some(scope) = scope else { return String::new() };
    let pipeline = reference::pipeline_text(scope.pipeline.as_ref());
    if scope.run == 0 { pipeline } else { format!("{pipeline}/{}", scope.run) }
}

async fn list(
    context: &mut Context<'_>,
    scope: model::ObjectScope,
    prefix: String,
    with_runs: bool,
) -> Result<u8, Error> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = api::ListObjectsRequest {
            scope: Some(scope.clone()),
            consistency: context.client.consistency,
            page_size: 1_000,
            page_token,
            prefix: prefix.clone(),
            with_runs,
        };
        let sealed = context.client.authorized(message);
        let ask = async |channel, patience| objects(channel).list_objects(again(&sealed, patience)).await;
        let page = context.client.call(Call::Read, ask).await?;
        all.extend(page.objects);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if context.output.is_json() {
        context.output.document(&json!({ "objects": to_json::messages("gofer.model.v1.Object", &all)? }))?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let mut table = Table::new(&["OF", "KEY", "SIZE", "AGE", "SHA-256"], 1);
    for object in all {
        let content = object.content.unwrap_or_default();
        let cells = [
            scope_text(object.scope.as_ref()),
            object.key,
            size::rough(content.bytes),
            time::age(object.created_at.as_ref(), now),
            to_json::hex(content.digest.get(..6).unwrap_or_default()),
        ];
        table.row(cells, Style::Bold);
    }
    table.show(&context.output, "there are no objects")?;
    Ok(EXIT_OK)
}

async fn info(context: &mut Context<'_>, scope: model::ObjectScope, key: String) -> Result<u8, Error> {
    let message = api::DescribeObjectRequest { scope: Some(scope), key, consistency: context.client.consistency };
    let sealed = context.client.authorized(message);
    let ask = async |channel, patience| objects(channel).describe_object(again(&sealed, patience)).await;
    let object = context.client.call(Call::Read, ask).await?.object.unwrap_or_default();
    if context.output.is_json() {
        context.output.document(&to_json::message("gofer.model.v1.Object", &object)?)?;
        return Ok(EXIT_OK);
    }
    let content = object.content.unwrap_or_default();
    let kept = match &content.place {
        None => "on the nodes".to_owned(),
        Some(place) => format!("in store {}, folder {}", to_json::hex(&place.store), to_json::hex(&place.folder)),
    };
    let (of, age) = (scope_text(object.scope.as_ref()), time::age(object.created_at.as_ref(), time::now()));
    for (name, value) in [
        ("key", object.key),
        ("of", of),
        ("bytes", content.bytes.to_string()),
        ("sha-256", to_json::hex(&content.digest)),
        ("kept", kept),
        ("age", age),
        ("revision", object.revision.to_string()),
    ] {
        context.output.line(&format!("{name:<9} {value}"))?;
    }
    Ok(EXIT_OK)
}
