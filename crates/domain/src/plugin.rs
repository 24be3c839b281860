//! Plug-ins that a cluster keeps running.
//!
//! Each is a pipeline of one task in a namespace of its own, of which there is one run at a time. So a plug-in is placed,
//! leased, adopted after a failover, logged and stopped as any other task is, and never runs twice.

use std::collections::BTreeMap;

use crate::config::{Overlap, PipelineConfig, RetryPolicy, TaskConfig};
use crate::ids::{NamespaceId, PipelineId, PipelineKey, TaskId, TriggerName};
use crate::trigger::Launch;

/// The namespace of these pipelines.
pub const PLUGINS: &str = "plugins";
/// The task of each.
pub const PLUGIN_TASK: &str = "plugin";

/// The pipeline that keeps the plug-in of a trigger running. None if the name of the trigger can't be that of a pipeline.
#[must_use]
pub fn plugin_pipeline(trigger: &TriggerName) -> Option<PipelineKey> {
    let (namespace, pipeline) = (NamespaceId::new(PLUGINS).ok()?, PipelineId::new(trigger.as_str()).ok()?);
    Some(PipelineKey { namespace, pipeline })
}

/// The trigger whose plug-in the runs of a pipeline are.
#[must_use]
pub fn plugin_trigger(pipeline: &PipelineKey) -> Option<TriggerName> {
    let is_plugin = pipeline.namespace.as_str() == PLUGINS;
    is_plugin.then(|| TriggerName::new(pipeline.pipeline.as_str()).ok()).flatten()
}

/// What is registered for a plug-in.
#[must_use]
pub fn plugin_config(trigger: &TriggerName, launch: &Launch) -> Option<PipelineConfig> {
    let (id, task) = (PipelineId::new(trigger.as_str()).ok()?, TaskId::new(PLUGIN_TASK).ok()?);
    Some(PipelineConfig {
        id,
        description: format!("The plug-in of the trigger {trigger}, which the cluster keeps running"),
        parallelism: 1,
        overlap: Overlap::Forbid,
        timeout: None,
        variables: BTreeMap::new(),
        parameters: BTreeMap::new(),
        tasks: BTreeMap::from([(task, plugin_task(launch))]),
    })
}

/// What is launched. One attempt: how soon another follows on one that has ended is the keeper's to say.
pub(crate) fn plugin_task(launch: &Launch) -> TaskConfig {
    let Launch { image, pull, entrypoint, command, environment, secret_env, resources, driver } = launch.clone();
    let retry = RetryPolicy { attempts: 1, retry_lost: true, ..RetryPolicy::default() };
    TaskConfig {
        image,
        pull,
        entrypoint,
        command,
        environment,
        secret_env,
        resources,
        driver,
        retry,
        ..TaskConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::validate_config;

    #[test]
    fn what_is_registered_is_valid_and_names_its_trigger() {
        let trigger = TriggerName::new("jira").unwrap();
        let launch = Launch { image: Some("jira:1".into()), ..Launch::default() };
        let config = plugin_config(&trigger, &launch).unwrap();
        validate_config(&config).unwrap();
        let key = plugin_pipeline(&trigger).unwrap();
        assert_eq!((key.to_string().as_str(), plugin_trigger(&key)), ("plugins/jira", Some(trigger)));
        let other = PipelineKey { namespace: NamespaceId::new("default").unwrap(), pipeline: key.pipeline };
        assert_eq!(plugin_trigger(&other), None);
    }
}
