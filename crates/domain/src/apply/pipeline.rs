//! Events about pipelines.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::config::PipelineConfig;
use crate::ends::Ends;
use crate::event::{Event, Standing};
use crate::ids::{PipelineKey, Version};
use crate::release::{Cause, Release, Releases, Strategy};
use crate::state::{Pipeline, State};
use crate::time::Timestamp;

pub(super) fn apply(state: &mut State, time: Timestamp, event: &Event) {
    if let Event::PipelineRegistered { pipeline, version, config, standing } = event {
        register(state, time, pipeline, *version, config);
        stand(state, time, pipeline, *version, standing);
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
            pipeline.ends = Ends::default();
        }
        pipeline.version = version;
        pipeline.config = config;
        pipeline.updated_at = time;
        return;
    }
    let pipeline = Pipeline {
        key: key.clone(),
        version,
        releases: Releases::new(version, Arc::clone(&config)),
        config,
        enabled: true,
        deleted: false,
        last_run: 0,
        running: BTreeSet::new(),
        queue: VecDeque::new(),
        ends: Ends::default(),
        created_at: time,
        updated_at: time,
    };
    state.pipelines.insert(key.clone(), pipeline);
}

/// Makes the version that was just registered live, unless it is held.
fn stand(state: &mut State, time: Timestamp, key: &PipelineKey, version: Version, standing: &Standing) {
    let Some(pipeline) = state.pipelines.get_mut(key) else { return };
    let config = Arc::clone(&pipeline.config);
    match standing {
        Standing::Held => {}
        Standing::Live => pipeline.releases.go_live(version, config, false),
        Standing::Released { release, registered_by } => {
            let (live, strategy) = (pipeline.releases.live, Strategy::Replace(Cause::Registered));
            // Nothing was live before the first version.
            let from = if live == version { Version(0) } else { live };
            let release = Release::new(*release, from, version, strategy, registered_by.clone(), time);
            super::release::replace(pipeline, &mut state.index, release, config, "");
        }
    }
}
