//! Pipelines that tests run.

use std::path::Path;
use std::process::Command;

use gofer_wire::model::v1 as model;

/// The image that tests run containers of: a busybox.
pub const IMAGE: &str = "gofer-busybox";

/// Makes [`IMAGE`], unless Docker has it.
///
/// # Errors
/// When it can't be made, for example since no Docker answers.
pub fn import_image() -> anyhow::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/make-image");
    let status = Command::new(script).arg(IMAGE).status()?;
    anyhow::ensure!(status.success(), "no image could be made: is dockerd running?");
    Ok(())
}

/// A pipeline of these tasks, with the defaults for the rest.
#[must_use]
pub fn pipeline(id: &str, tasks: Vec<model::TaskConfig>) -> model::PipelineConfig {
    model::PipelineConfig { id: id.into(), tasks, ..Default::default() }
}

/// A task that runs a script in a shell, after its parents have succeeded.
#[must_use]
pub fn shell_task(id: &str, script: &str, parents: &[&str]) -> model::TaskConfig {
    let depends_on = parents
        .iter()
        .map(|parent| model::Dependency { task: (*parent).into(), requirement: model::Requirement::Success.into() })
        .collect();
    model::TaskConfig {
        id: id.into(),
        command: ["/bin/sh", "-c", script].map(String::from).to_vec(),
        depends_on,
        ..Default::default()
    }
}

/// A task that appends `run task attempt` to the file named by `GOFER_EFFECTS`, then runs for `seconds`.
#[must_use]
pub fn effects_task(id: &str, seconds: &str, parents: &[&str]) -> model::TaskConfig {
    let script = format!(
        "echo \"$GOFER_RUN $GOFER_TASK $GOFER_ATTEMPT\" >> \"$GOFER_EFFECTS\"; sleep {seconds}; echo done {id}"
    );
    shell_task(id, &script, parents)
}
