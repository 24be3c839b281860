//! Events about pipelines.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::config::PipelineConfig;
use crate::event::Event;
use crate::ids::{PipelineKey, Version};
use crate::state::{Pipeline, State};
use crate::time::Timestamp;

pub(super) fn apply(state: &mut State, time: Timestamp, event: &Event) {
    if let Event::PipelineRegistered { pipeline, version, config } = event {
        register(state, time, pipeline, *version, config);
    } else if let Event::PipelineEnabled { pipeline } | Event::PipelineDisabled { pipeline } = event {
        if let Some(pipeline) = state.pipelines.get_mut(pipeline) {
            pipeline.enabled = matches!(event, Event::PipelineEnabled { .. });
            pipeline.updated_at = time;
        }
    } else if let Event::PipelineDeleted { pipeline } = event
        && let Some(pipeline) = state.pipelines.get_mut(pipeline)
    {
        pipeline.deleted = true;
        pipeline.updated_at = time;
    }
}

/// A first version, a new version, or the revival of a tombstone, which is enabled again like a new pipeline.
fn register(state: &mut State, time: Timestamp, key: &PipelineKey, version: Version, config: &Arc<PipelineConfig>) {
    let config = Arc::clone(config);
    if let Some(pipeline) = state.pipelines.get_mut(key) {
        if pipeline.deleted {
            pipeline.deleted = false;
            pipeline.enabled = true;
            pipeline.created_at = time;
        }
        pipeline.version = version;
        pipeline.config = config;
        pipeline.updated_at = time;
        return;
    }
    let pipeline = Pipeline {
        key: key.clone(),
        version,
        config,
        enabled: true,
        deleted: false,
        last_run: 0,
        running: BTreeSet::new(),
        queue: VecDeque::new(),
        created_at: time,
        updated_at: time,
    };
    state.pipelines.insert(key.clone(), pipeline);
}
