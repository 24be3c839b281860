//! Tests of the core as a whole: scripts of commands with the events they lead to, and properties of random ones.

mod properties;
mod properties_schedules;
mod properties_subscriptions;
mod rules;
mod script;
mod script_archive;
mod script_attempts;
mod script_backfills;
mod script_clusters;
mod script_figures;
mod script_following;
mod script_intake;
mod script_nodes;
mod script_objects;
mod script_overlap;
mod script_pipelines;
mod script_release_words;
mod script_releases;
mod script_runs;
mod script_schedules;
mod script_secrets;
mod script_shared;
mod script_subscriptions;
mod script_triggers;
mod script_values;
mod universe;
mod universe_backfills;
mod universe_releases;
mod universe_schedules;
mod universe_secrets;
mod universe_shared;
mod universe_subscriptions;
mod world;

pub(crate) use script::{node_spec, pipeline_config, task_config};
