//! Records of the views as domain values.

use std::sync::Arc;

use gofer_domain::{
    EventKey, PipelineConfig, PipelineKey, Release, Revision, Run, RunKey, SubscriptionKey, TakenEvent, TaskRun,
    Timestamp, Version,
};
use gofer_wire::model::v1 as model;
use rocksdb::Direction;

use crate::codec;
use crate::db::{Db, VIEWS};
use crate::error::Error;
use crate::keys::{self, kind};

/// A run with all its tasks.
pub(crate) fn run(db: &Db, key: &RunKey) -> Result<Option<Run>, Error> {
    let Some(mut run) = head(db, key)? else { return Ok(None) };
    let config = config(db, &key.pipeline, run.version)?.ok_or_else(|| no_version(key, run.version))?;
    fill(db, &mut run, &config)?;
    Ok(Some(run))
}

/// A run without its tasks.
pub(crate) fn head(db: &Db, key: &RunKey) -> Result<Option<Run>, Error> {
    let message = db.get::<model::Run>(VIEWS, &keys::run(kind::RUN, key))?;
    message.map(|message| decode(db, key, message)).transpose()
}

/// Adds the tasks to a run's head; those without a record are pending.
pub(crate) fn fill(db: &Db, run: &mut Run, config: &PipelineConfig) -> Result<(), Error> {
    run.tasks = config.tasks.keys().map(|id| (id.clone(), TaskRun::pending())).collect();
    for item in db.scan_prefix(VIEWS, &keys::run(kind::TASK, &run.key))? {
        let (name, value) = item?;
        let task: model::TaskRun = db.decode(&name, &value)?;
        let (id, task) = codec::task_from_wire(&task)
            .map_err(|error| Error::decode(&format!("a task of run {}", run.key), &error))?;
        run.tasks.insert(id, task);
    }
    Ok(())
}

/// The error for a run whose version is not there.
pub(crate) fn no_version(run: &RunKey, version: Version) -> Error {
    Error::corrupt(format!("run {run}"), format!("its version {version} is missing"))
}

/// Heads of a pipeline's runs below `before`, newest first.
pub(crate) fn runs(db: &Db, pipeline: &PipelineKey, before: u64, limit: usize) -> Result<Vec<Run>, Error> {
    let prefix = keys::pipeline(kind::RUN, pipeline);
    let Some(newest) = before.checked_sub(1) else { return Ok(Vec::new()) };
    let start = [&prefix[..], &newest.to_be_bytes()].concat();
    let mut runs = Vec::new();
    for item in db.scan(VIEWS, &start, Direction::Reverse)?.take(limit) {
        let (key, value) = item?;
        let Some(number) = key.strip_prefix(&prefix[..]).and_then(|number| number.try_into().ok()) else { break };
        let key = RunKey { pipeline: pipeline.clone(), run: u64::from_be_bytes(number) };
        runs.push(decode(db, &key, db.decode(&start, &value)?)?);
    }
    Ok(runs)
}

/// One version of a pipeline.
pub(crate) fn config(db: &Db, key: &PipelineKey, version: Version) -> Result<Option<Arc<PipelineConfig>>, Error> {
    let Some(config) = db.get::<model::PipelineConfig>(VIEWS, &keys::version(key, version))? else { return Ok(None) };
    let what = format!("version {version} of {key}");
    codec::config_from_wire(config).map(|config| Some(Arc::new(config))).map_err(|error| Error::decode(&what, &error))
}

/// The record of a release of a pipeline.
pub(crate) fn release(db: &Db, key: &PipelineKey, release: u64) -> Result<Option<model::Release>, Error> {
    db.get::<model::Release>(VIEWS, &keys::release(key, release))
}

/// A pipeline's releases below `before`, newest first.
pub(crate) fn releases(db: &Db, key: &PipelineKey, before: u64, limit: usize) -> Result<Vec<Release>, Error> {
    let prefix = keys::pipeline(kind::RELEASE, key);
    let Some(newest) = before.checked_sub(1) else { return Ok(Vec::new()) };
    let mut releases = Vec::new();
    for item in db.scan(VIEWS, &keys::release(key, newest), Direction::Reverse)?.take(limit) {
        let (name, value) = item?;
        if !name.starts_with(&prefix) {
            break;
        }
        let release = codec::release_from_wire(&db.decode(&name, &value)?);
        releases.push(release.map_err(|error| Error::decode(&format!("a release of {key}"), &error))?);
    }
    Ok(releases)
}

/// An event that a subscription has taken and not forgotten, and when it did.
pub(crate) fn taken(
    db: &Db,
    of: &SubscriptionKey,
    created: Revision,
    number: u64,
) -> Result<Option<(TakenEvent, Timestamp)>, Error> {
    let record = db.get::<model::TakenEvent>(VIEWS, &keys::taken(of, created, number))?;
    record.map(|record| decode_taken(of, number, &record)).transpose()
}

/// Number of the event of a key that a subscription has taken and not forgotten.
pub(crate) fn taken_number(
    db: &Db,
    of: &SubscriptionKey,
    created: Revision,
    event: &EventKey,
) -> Result<Option<u64>, Error> {
    let record = db.get::<model::TakenKey>(VIEWS, &keys::taken_key(of, created, event))?;
    Ok(record.map(|record| record.number))
}

/// Events that a subscription has taken, numbered below `before`, newest first.
pub(crate) fn all_taken(
    db: &Db,
    of: &SubscriptionKey,
    created: Revision,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, TakenEvent, Timestamp)>, Error> {
    let prefix = keys::taken_of(of, created);
    let Some(newest) = before.checked_sub(1) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for item in db.scan(VIEWS, &keys::taken(of, created, newest), Direction::Reverse)?.take(limit) {
        let (key, value) = item?;
        let Some(number) = key.strip_prefix(&prefix[..]).and_then(|number| number.try_into().ok()) else { break };
        let number = u64::from_be_bytes(number);
        let (taken, at) = decode_taken(of, number, &db.decode(&key, &value)?)?;
        found.push((number, taken, at));
    }
    Ok(found)
}

fn decode_taken(
    of: &SubscriptionKey,
    number: u64,
    record: &model::TakenEvent,
) -> Result<(TakenEvent, Timestamp), Error> {
    let what = || format!("event {number} that subscription {of} has taken");
    codec::taken_from_record(record).map_err(|error| Error::decode(&what(), &error))
}

fn decode(db: &Db, key: &RunKey, mut head: model::Run) -> Result<Run, Error> {
    if let Some(given) = db.get::<model::Run>(VIEWS, &keys::run(kind::VARIABLES, key))? {
        head.variables = given.variables;
    }
    let run = codec::run_from_wire(&head).map_err(|error| Error::decode(&format!("run {key}"), &error))?;
    if run.key != *key {
        return Err(Error::corrupt(format!("run {key}"), format!("its record says that it is {}", run.key)));
    }
    Ok(run)
}
