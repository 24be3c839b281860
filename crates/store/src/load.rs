//! The hot state, read from the views when a store is opened. Runs that have ended are not looked at.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use gofer_domain::shared::{self, Definitions};
use gofer_domain::state::LiveRun;
use gofer_domain::{
    Pipeline, PipelineConfig, PipelineKey, Revision, Run, RunKey, RunStatus, State, TaskConfig, Version,
};
use gofer_wire::model::v1 as model;

use crate::applied::Applied;
use crate::codec::{self, DecodeError};
use crate::db::{Db, VIEWS};
use crate::error::Error;
use crate::keys::{self, kind};
use crate::reader;

const LIVE: &str = "the list of live runs";

pub(crate) fn state(db: &Db, applied: &Applied) -> Result<State, Error> {
    let mut state =
        State { cluster: applied.cluster, revision: applied.revision, time: applied.time, ..State::default() };
    for namespace in records::<model::Namespace, _>(db, kind::NAMESPACE, codec::namespace_from_wire)? {
        state.namespaces.insert(namespace.id.clone(), namespace);
    }
    for node in records::<model::Node, _>(db, kind::NODE, codec::node_from_wire)? {
        state.nodes.insert(node.id, node);
    }
    state.archive = crate::archive::extent(db)?;
    for (scope, key, object) in records::<model::Object, _>(db, kind::OBJECT, codec::object_from_wire)? {
        state.objects.insert(scope, key, object);
    }
    state.secrets = crate::secret::load(db)?;
    for (key, schedule) in records::<model::Schedule, _>(db, kind::SCHEDULE, codec::schedule_from_wire)? {
        state.schedules.insert(key, schedule);
    }
    state.triggers = records::<model::Trigger, _>(db, kind::TRIGGER, codec::trigger_from_wire)?.into_iter().collect();
    for (key, subscription) in records::<model::Subscription, _>(db, kind::SUBSCRIPTION, codec::subscription_from_wire)?
    {
        state.subscriptions.insert(key, subscription);
    }
    let followed = db.get::<model::Followed>(VIEWS, &keys::followed())?;
    state.followed = followed.map(|followed| Revision(followed.revision));
    let mut configs = Configs { db, read: BTreeMap::new() };
    for item in db.scan_prefix(VIEWS, &[kind::PIPELINE])? {
        let (key, value) = item?;
        let mut message: model::Pipeline = db.decode(&key, &value)?;
        let decode = |error: DecodeError| Error::decode("a pipeline", &error);
        let name = codec::pipeline_key_from_wire(message.r#ref.as_ref()).map_err(decode)?;
        if let Some(stub) = message.release.take() {
            let missing = || Error::corrupt(format!("pipeline {name}"), format!("its release {} is missing", stub.id));
            message.release = Some(reader::release(db, &name, stub.id)?.ok_or_else(missing)?);
        }
        let newest = configs.get(&name, Version(message.version))?;
        let live = match message.live_version {
            0 => Arc::clone(&newest),
            version => configs.get(&name, Version(version))?,
        };
        let to = message.release.as_ref().map(|release| Version(release.to_version));
        let released = to.map(|version| configs.get(&name, version)).transpose()?;
        let with = codec::PipelineConfigs { newest, live, released };
        state.pipelines.insert(name, codec::pipeline_from_wire(&message, with).map_err(decode)?);
    }
    for item in db.scan_prefix(VIEWS, &[kind::LIVE])? {
        let (key, _) = item?;
        let key = keys::live_run(&key).ok_or_else(|| Error::corrupt(LIVE, "a key is malformed"))?;
        let mut run = reader::head(db, &key)?.ok_or_else(|| Error::corrupt(LIVE, format!("run {key} is missing")))?;
        let config = configs.get(&key.pipeline, run.version)?;
        reader::fill(db, &mut run, &config)?;
        enlist(&mut state, &run)?;
        let shared = configs.shared(&run, &config)?;
        state.runs.insert(key, LiveRun { run, config, shared });
    }
    line_up(&mut state);
    state.reindex();
    Ok(state)
}

/// Adds a live run to its pipeline's lists. The stored head of a pipeline leaves them out, as it is written with every
/// run that begins or ends. Runs come in the order of their numbers; see [`line_up`].
fn enlist(state: &mut State, run: &Run) -> Result<(), Error> {
    let pipeline = state.pipelines.get_mut(&run.key.pipeline);
    let pipeline = pipeline.ok_or_else(|| Error::corrupt(LIVE, format!("run {} has no pipeline", run.key)))?;
    match run.status {
        RunStatus::Queued => pipeline.queue.push_back(run.key.run),
        RunStatus::Running => {
            pipeline.running.insert(run.key.run);
        }
        RunStatus::Succeeded | RunStatus::Failed { .. } | RunStatus::Cancelled { .. } => {
            return Err(Error::corrupt(LIVE, format!("run {} has ended", run.key)));
        }
    }
    Ok(())
}

/// Puts the runs that wait in the order in which they were queued: the greater priority first, then the lesser number.
fn line_up(state: &mut State) {
    let State { pipelines, runs, .. } = state;
    for Pipeline { key, queue, .. } in pipelines.values_mut() {
        let priority = |run: &u64| {
            let key = RunKey { pipeline: key.clone(), run: *run };
            Reverse(runs.get(&key).map_or(0, |live| live.run.options.priority))
        };
        // They were read in the order of their numbers, which a stable sort keeps.
        queue.make_contiguous().sort_by_cached_key(priority);
    }
}

/// Versions that were read already, so that the runs of one version share one configuration.
struct Configs<'a> {
    db: &'a Db,
    read: BTreeMap<(PipelineKey, Version), Arc<PipelineConfig>>,
}

impl Configs<'_> {
    fn get(&mut self, key: &PipelineKey, version: Version) -> Result<Arc<PipelineConfig>, Error> {
        if let Some(config) = self.read.get(&(key.clone(), version)) {
            return Ok(Arc::clone(config));
        }
        let config = reader::config(self.db, key, version)?
            .ok_or_else(|| Error::corrupt(format!("pipeline {key}"), format!("its version {version} is missing")))?;
        self.read.insert((key.clone(), version), Arc::clone(&config));
        Ok(config)
    }

    /// Those of the shared tasks that a run uses.
    fn shared(&mut self, run: &Run, config: &PipelineConfig) -> Result<Definitions, Error> {
        let mut definitions = Definitions::new();
        for (id, version) in &run.shared {
            if let Some(used) = config.tasks.get(id).and_then(TaskConfig::shared) {
                definitions.insert(id.clone(), self.get(&shared::key(&used.name), *version)?);
            }
        }
        Ok(definitions)
    }
}

pub(crate) fn records<M: prost::Message + Default, T>(
    db: &Db,
    kind: u8,
    decode: impl Fn(&M) -> Result<T, DecodeError>,
) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    for item in db.scan_prefix(VIEWS, &[kind])? {
        let (key, value) = item?;
        let what = format!("record {:?}", String::from_utf8_lossy(&key));
        found.push(decode(&db.decode(&key, &value)?).map_err(|error| Error::decode(&what, &error))?);
    }
    Ok(found)
}
