//! Shared tasks of a local run: those that come with the program and ask for no secrets.

use std::collections::BTreeMap;
use std::path::Path;

use gofer_wire::model::v1 as model;
use model::task_config::Kind;

use crate::error::Error;
use crate::pipeline_file::{self, Format};

/// What has to be installed before a pipeline can run.
///
/// # Errors
/// When a task uses another one; says which.
pub(super) fn wanted(config: &model::PipelineConfig) -> Result<Vec<model::PipelineConfig>, Error> {
    let mut wanted = BTreeMap::new();
    for task in &config.tasks {
        let Some(Kind::Shared(shared)) = &task.kind else { continue };
        let unable = |why: &str| {
            let message = format!("task {} uses the shared task {}, {why}", task.id, shared.name);
            let help = "choose other tasks (--task), or put a stub in its place in a case (gofer pipeline test)";
            Error::usage(message, help)
        };
        let definition = gofer_provided::definition(&shared.name);
        let definition =
            definition.ok_or_else(|| unable("and a local run has those only that come with the program"))?;
        let path = format!("{}.toml", definition.name);
        let definition = pipeline_file::parse(Path::new(&path), definition.file, Format::Toml)?.config;
        if !crate::task::secrets(&definition).is_empty() {
            return Err(unable("which needs secrets, and a local run has none"));
        }
        if shared.version > 1 {
            return Err(unable("in a version that a local run does not have"));
        }
        wanted.insert(shared.name.clone(), definition);
    }
    Ok(wanted.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn using(name: &str, version: u64) -> model::PipelineConfig {
        let shared = model::SharedTask { name: name.into(), version, settings: Vec::new() };
        let task = model::TaskConfig { id: "t".into(), kind: Some(Kind::Shared(shared)), ..Default::default() };
        model::PipelineConfig { id: "p".into(), tasks: vec![task], ..Default::default() }
    }

    #[test]
    fn only_what_comes_with_the_program_and_needs_no_secrets_is_there() {
        let found = wanted(&using("debug", 0)).unwrap();
        assert_eq!((found.len(), found[0].id.as_str()), (1, "debug"));
        assert!(wanted(&using("wait", 1)).is_ok());
        for (name, version, words) in [
            ("notify-slack", 0, "needs secrets"),
            ("deploy", 0, "those only that come with the program"),
            ("debug", 2, "a version"),
        ] {
            let error = wanted(&using(name, version)).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(wanted(&model::PipelineConfig::default()).unwrap().is_empty());
    }
}
