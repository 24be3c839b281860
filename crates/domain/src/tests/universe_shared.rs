//! Random commands about shared tasks, and random uses of them.

use std::collections::BTreeMap;

use super::script::{pipeline_config, task_config};
use super::universe::task_id;
use crate::config::TaskConfig;
use crate::shared::{Pins, key};
use crate::values::{Parameter, ParameterKind, SharedTask, TaskKind, Value};
use crate::{Command, NamespaceId, PipelineId, Version};

fn name(number: u8) -> PipelineId {
    PipelineId::new(&format!("s{}", number % 2)).unwrap()
}

/// A version of a shared task, its end, or a pause. Some ask for a setting, of which some are numbers.
pub(super) fn shared_command(a: u8, b: u8) -> Command {
    let pipeline = key(&name(a));
    match b % 8 {
        5 => Command::DeletePipeline { pipeline, force: b.is_multiple_of(3) },
        6 => Command::DisablePipeline { pipeline },
        7 => Command::EnablePipeline { pipeline },
        kind => {
            let mut config = pipeline_config(name(a).as_str());
            let mut task = task_config();
            task.resources.cpu_millis = u64::from(kind);
            config.tasks.insert(task_id(0), task);
            let numbers = ParameterKind::Integer { least: 0, most: 9 };
            let parameter = Parameter {
                description: String::new(),
                kind: if kind == 2 { numbers } else { ParameterKind::Text },
                default: (kind != 3).then(|| "0".to_owned()),
            };
            config.parameters.insert("A".into(), parameter);
            Command::RegisterPipeline { namespace: NamespaceId::shared_tasks(), config: std::sync::Arc::new(config) }
        }
    }
}

/// Makes a task one that uses a shared task.
pub(super) fn use_shared(task: &mut TaskConfig, kind: u8, output: Option<Value>) {
    task.command.clear();
    let version = (kind == 14).then_some(Version(2));
    let settings = match output {
        Some(value) if kind == 13 => BTreeMap::from([("A".to_owned(), value)]),
        _ => BTreeMap::new(),
    };
    task.kind = TaskKind::Shared(Box::new(SharedTask { name: name(kind), version, settings }));
}

/// What a run may have of versions.
pub(super) fn pins(number: u8) -> Pins {
    (number.is_multiple_of(2))
        .then(|| (task_id(usize::from(number % 6)), Version(u64::from(number % 3))))
        .into_iter()
        .collect()
}
