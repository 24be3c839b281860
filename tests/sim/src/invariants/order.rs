//! Claim: a task runs only after the tasks it depends on have ended as it requires. Source: the pipeline's graph. Check:
//! when a container begins, the recorded end of every parent is as required, and no container of a parent runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gofer_domain::config::Requirement;
use gofer_domain::{Event, PipelineConfig, PipelineId, TaskKey, TaskStatus};

use super::Invariant;
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Order {
    /// All versions of a pipeline have the same graph here.
    configs: BTreeMap<PipelineId, Arc<PipelineConfig>>,
    ended: BTreeMap<TaskKey, TaskStatus>,
    live: BTreeSet<TaskKey>,
}

impl Order {
    fn launched(&self, task: &TaskKey) -> Result<(), String> {
        let config = self.configs.get(&task.run.pipeline.pipeline).and_then(|config| config.tasks.get(&task.task));
        let Some(config) = config else { return Err(format!("{task} runs and is in no pipeline")) };
        for (parent, requirement) in &config.depends_on {
            let parent = TaskKey { run: task.run.clone(), task: parent.clone() };
            if self.live.contains(&parent) {
                return Err(format!("{task} runs while {parent} still runs"));
            }
            let fits = match (requirement, self.ended.get(&parent)) {
                (_, None) => false,
                (Requirement::Any, Some(_)) => true,
                (Requirement::Success, Some(status)) => *status == TaskStatus::Succeeded,
                (Requirement::Failure, Some(status)) => *status != TaskStatus::Succeeded,
            };
            if !fits {
                return Err(format!("{task} runs although {parent} has not ended as required ({requirement:?})"));
            }
        }
        Ok(())
    }
}

impl Invariant for Order {
    fn name(&self) -> &'static str {
        "order-of-tasks"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Recorded { event, .. } => match &**event {
                Event::PipelineRegistered { pipeline, config, .. } => {
                    self.configs.insert(pipeline.pipeline.clone(), config.clone());
                }
                Event::TaskKept { task, .. } => drop(self.ended.insert(task.clone(), TaskStatus::Succeeded)),
                Event::TaskFinished { task, status } => drop(self.ended.insert(task.clone(), status.clone())),
                _ => {}
            },
            Fact::Launched { attempt, .. } => {
                self.launched(&attempt.task)?;
                self.live.insert(attempt.task.clone());
            }
            Fact::Ended { attempt, .. } => drop(self.live.remove(&attempt.task)),
            _ => {}
        }
        Ok(())
    }
}
