//! `gofer task install`.

use std::path::Path;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use super::NAMESPACE;
use crate::client::{Call, pipelines, request};
use crate::command::Context;
use crate::error::Error;
use crate::pipeline::source::{self, SourceArgs};
use crate::pipeline_file::{self, Format};

/// What was installed.
struct Installed {
    name: String,
    version: u64,
    live_version: u64,
    secrets: Vec<String>,
}

pub(super) async fn file(context: &mut Context<'_>, name: Option<String>, path: &Path) -> Result<u8, Error> {
    let args = SourceArgs::with(path, std::time::Duration::from_secs(600), &[]);
    let loaded = source::load(&args, &context.output).await?;
    let mut config = loaded.pipeline.config.clone();
    if let Some(name) = name {
        config.id = name;
    }
    let installed = install(context, config).await.map_err(|error| loaded.placed(error))?;
    show(context, &[installed])
}

pub(super) async fn provided(context: &mut Context<'_>, names: &[String], all: bool) -> Result<u8, Error> {
    let mut installed = Vec::new();
    let wanted = |name: &str| all || names.iter().any(|wanted| wanted == name);
    for definition in gofer_provided::definitions().iter().filter(|definition| wanted(definition.name)) {
        let path = format!("{}.toml", definition.name);
        let pipeline = pipeline_file::parse(Path::new(&path), definition.file, Format::Toml)?;
        installed.push(install(context, pipeline.config).await?);
    }
    show(context, &installed)
}

async fn install(context: &mut Context<'_>, config: model::PipelineConfig) -> Result<Installed, Error> {
    let id = uuid::Uuid::new_v4();
    let (name, secrets) = (config.id.clone(), secrets(&config));
    let message = api::RegisterPipelineRequest {
        request_id: id.as_bytes().to_vec(),
        namespace: NAMESPACE.into(),
        config: Some(config),
        validate_only: false,
        hold: false,
    };
    let ask = async |channel, patience| pipelines(channel).register_pipeline(request(message.clone(), patience)).await;
    let answer = context.client.call(Call::Mutate(id), ask).await?;
    Ok(Installed { name, version: answer.version, live_version: answer.live_version, secrets })
}

/// The names of the secrets that a shared task asks for, each once.
pub(crate) fn secrets(config: &model::PipelineConfig) -> Vec<String> {
    let of = |task: &model::TaskConfig| {
        let both = task.secret_env.iter().chain(&task.secret_files);
        both.map(|variable| variable.value.clone()).collect::<Vec<_>>()
    };
    let all: std::collections::BTreeSet<String> = config.tasks.iter().flat_map(of).collect();
    all.into_iter().collect()
}

fn show(context: &Context<'_>, installed: &[Installed]) -> Result<u8, Error> {
    let mut lines = Vec::new();
    let mut values = Vec::new();
    for Installed { name, version, live_version, secrets } in installed {
        let live = if live_version == version || *live_version == 0 {
            String::new()
        } else {
            format!(
                "; version {live_version} stays live until that is released: gofer -n {NAMESPACE} release start {name}"
            )
        };
        lines.push(format!("installed {name} version {version}{live}"));
        for secret in secrets {
            lines.push(format!("  it gets the secret {secret}: gofer secret set {secret} --namespace {NAMESPACE}"));
        }
        values.push(json!({ "task": name, "version": version, "live_version": live_version, "secrets": secrets }));
    }
    context.done(&lines.join("\n"), &json!({ "installed": values }))
}
