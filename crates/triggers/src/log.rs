//! Which events of the cluster's own log a subscription asks for, and what it is told of them.

mod runs;
mod slots;
mod tasks;

use std::collections::BTreeSet;
use std::time::Duration;

use gofer_domain::{
    BuiltIn, Event, EventKey, NamespaceId, ObjectScope, PipelineId, PipelineKey, Rejection, Revision, Run, RunKey,
    SubscriptionKey, SubscriptionSpec, Timestamp,
};
use gofer_wire::json;
use serde_json::{Value, json};

use crate::built_in::{Settings, fault};
use crate::event::TriggerEvent;
use runs::Runs;
use slots::Slots;
use tasks::Tasks;

/// An event of the log.
#[derive(Clone, Copy, Debug)]
pub struct LogEvent<'a> {
    pub revision: Revision,
    pub at: Timestamp,
    /// Who gave the command.
    pub actor: &'a str,
    pub event: &'a Event,
    /// The event, encoded as `gofer.log.v1.Event`.
    pub encoded: &'a [u8],
}

impl LogEvent<'_> {
    /// The run that it is about, or that brought it about.
    #[must_use]
    pub fn cause(&self) -> Option<RunKey> {
        self.event.subject().run().cloned().or_else(|| run_of_task(self.actor))
    }
}

/// The run of a task that acts by itself, such as one that puts an object.
fn run_of_task(actor: &str) -> Option<RunKey> {
    let mut parts = actor.strip_prefix("task:")?.split('/');
    let namespace = NamespaceId::new(parts.next()?).ok()?;
    let pipeline = PipelineId::new(parts.next()?).ok()?;
    let run = parts.next()?.parse().ok()?;
    Some(RunKey { pipeline: PipelineKey { namespace, pipeline }, run })
}

/// Where to look for those that ask for an event: what it is, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the kind among the fields of `gofer.log.v1.Event`.
    pub kind: u32,
    /// None: whatever it is about.
    pub pipeline: Option<PipelineKey>,
}

/// What a subscription to a trigger of the log asks for.
#[derive(Clone, Debug)]
pub struct Interest(Of);

#[derive(Clone, Debug)]
enum Of {
    Runs(Runs),
    Tasks(Tasks),
    Slots(Slots),
    Objects {
        pipeline: PipelineKey,
        on: BTreeSet<&'static str>,
        of: BTreeSet<&'static str>,
        prefix: String,
    },
    /// Kinds by number, in events of the namespace and of the cluster.
    Events {
        namespace: NamespaceId,
        kinds: BTreeSet<u32>,
    },
}

const RUN_CREATED: &str = "run_created";
const RUN_STARTED: &str = "run_started";
const RUN_FINISHED: &str = "run_finished";
const TASK_QUEUED: &str = "task_queued";
const TASK_FINISHED: &str = "task_finished";
/// What becomes of schedules and of their slots.
const OF_SCHEDULES: [&str; 5] =
    ["slots_settled", "schedule_updated", "schedule_enabled", "schedule_disabled", "schedule_deleted"];
const OBJECT_PUT: &str = "object_put";
const OBJECT_DELETED: &str = "object_deleted";
/// They come of following the log, and would not end if they were followed.
const NEVER: [&str; 1] = ["events_followed"];

impl Interest {
    /// What a subscription asks for; None if it has nothing to do with the log.
    ///
    /// # Errors
    /// `InvalidArgument`, with the field `settings.NAME`.
    pub fn of(key: &SubscriptionKey, spec: &SubscriptionSpec) -> Result<Option<Self>, Rejection> {
        Self::of_pipeline(&key.pipeline, spec)
    }

    /// Checks the settings, whichever pipeline they are of.
    pub(crate) fn check(spec: &SubscriptionSpec) -> Result<(), Rejection> {
        let any = PipelineKey { namespace: NamespaceId::new("any")?, pipeline: PipelineId::new("any")? };
        Self::of_pipeline(&any, spec).map(|_| ())
    }

    fn of_pipeline(own: &PipelineKey, spec: &SubscriptionSpec) -> Result<Option<Self>, Rejection> {
        let Some(trigger) = BuiltIn::of(&spec.trigger) else { return Ok(None) };
        let settings = Settings::of(trigger, spec);
        let of = match trigger {
            BuiltIn::Pipeline => Of::Runs(Runs::of(&settings, pipeline(&settings, own)?)?),
            BuiltIn::Task => Of::Tasks(Tasks::of(&settings, pipeline(&settings, own)?)?),
            BuiltIn::Schedule => Of::Slots(Slots::of(&settings, pipeline(&settings, own)?)?),
            BuiltIn::Object => Of::Objects {
                pipeline: match settings.text("pipeline") {
                    "" => own.clone(),
                    _ => pipeline(&settings, own)?,
                },
                on: choices(&settings, "on", &["put", "deleted"])?,
                of: choices(&settings, "of", &["pipeline", "run"])?,
                prefix: settings.text("prefix").to_owned(),
            },
            BuiltIn::Event => Of::Events { namespace: own.namespace.clone(), kinds: kinds(&settings)? },
            BuiltIn::Webhook | BuiltIn::Github | BuiltIn::Git | BuiltIn::Manual => return Ok(None),
        };
        Ok(Some(Self(of)))
    }

    /// Where what it asks for is found.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let of = |kinds: &[&str], pipeline: &PipelineKey| {
            let numbers = kinds.iter().filter_map(|kind| json::event_number(kind));
            numbers.map(|kind| Place { kind, pipeline: Some(pipeline.clone()) }).collect()
        };
        match &self.0 {
            Of::Runs(Runs { pipeline, longer_than: None, .. }) => of(&[RUN_CREATED, RUN_FINISHED], pipeline),
            Of::Runs(Runs { pipeline, .. }) => of(&[RUN_CREATED, RUN_STARTED, RUN_FINISHED], pipeline),
            Of::Tasks(Tasks { pipeline, .. }) => of(&[TASK_QUEUED, TASK_FINISHED], pipeline),
            Of::Slots(Slots { pipeline, .. }) => of(&OF_SCHEDULES, pipeline),
            Of::Objects { pipeline, .. } => of(&[OBJECT_PUT, OBJECT_DELETED], pipeline),
            Of::Events { kinds, .. } => kinds.iter().map(|kind| Place { kind: *kind, pipeline: None }).collect(),
        }
    }

    /// What it is told of an event; None if it does not ask for it. `run` looks up a run as it stands.
    pub fn event(&self, log: &LogEvent<'_>, run: &dyn Fn(&RunKey) -> Option<Run>) -> Option<TriggerEvent> {
        let (kind, payload) = match &self.0 {
            Of::Runs(runs) => runs.told(log, run)?,
            Of::Tasks(tasks) => tasks.told(log, run)?,
            Of::Slots(slots) => slots.told(log)?,
            Of::Objects { pipeline, on, of, prefix } => of_object(log, pipeline, (on, of), prefix)?,
            Of::Events { namespace, .. } => of_any(log, namespace)?,
        };
        Some(TriggerEvent { key: EventKey::of_revision(log.revision), kind, occurred_at: log.at, payload })
    }

    /// What it is told besides of a run that has ended: that it had lasted long. The key is the run's own, so it counts once,
    /// be it told while the run goes on, afterwards, or both.
    pub fn ended_long(&self, log: &LogEvent<'_>, run: &dyn Fn(&RunKey) -> Option<Run>) -> Option<TriggerEvent> {
        self.runs()?.ended_long(log, run)
    }

    /// The pipeline whose runs it is told of when they last longer than this.
    #[must_use]
    pub fn longer_than(&self) -> Option<(&PipelineKey, Duration)> {
        let runs = self.runs()?;
        Some((&runs.pipeline, runs.longer_than?))
    }

    /// What it is told of a run that goes on, and has lasted long.
    #[must_use]
    pub fn long_run(&self, run: &Run, now: Timestamp) -> Option<TriggerEvent> {
        let (runs, started) = (self.runs()?, run.started_at?);
        let is_long = runs.longer_than.is_some_and(|limit| now.since(started) >= limit);
        is_long.then(|| runs.long(&run.key, ("running", ""), (started, now), Some(run)))
    }

    fn runs(&self) -> Option<&Runs> {
        match &self.0 {
            Of::Runs(runs) => Some(runs),
            Of::Tasks(_) | Of::Slots(_) | Of::Objects { .. } | Of::Events { .. } => None,
        }
    }
}

type Told = (String, Value);

fn of_object(
    log: &LogEvent<'_>,
    pipeline: &PipelineKey,
    (on, of): (&BTreeSet<&'static str>, &BTreeSet<&'static str>),
    prefix: &str,
) -> Option<Told> {
    let (scope, key, kind, content) = match log.event {
        Event::ObjectPut { scope, key, content } => (scope, key, "put", Some(content)),
        Event::ObjectDeleted { scope, key, .. } => (scope, key, "deleted", None),
        _ => return None,
    };
    let (belongs, number) = match scope {
        ObjectScope::Pipeline(_) => ("pipeline", None),
        ObjectScope::Run(run) => ("run", Some(run.run)),
    };
    let is_wanted =
        scope.pipeline() == pipeline && on.contains(kind) && of.contains(belongs) && key.as_str().starts_with(prefix);
    let payload = || {
        json!({
            "namespace": pipeline.namespace.as_str(),
            "pipeline": pipeline.pipeline.as_str(),
            "run": number,
            "key": key.as_str(),
            "bytes": content.map(|content| content.bytes),
            "sha256": content.map(|content| json::hex(&content.digest)),
            "by": log.actor,
        })
    };
    is_wanted.then(|| (kind.to_owned(), payload()))
}

fn of_any(log: &LogEvent<'_>, namespace: &NamespaceId) -> Option<Told> {
    if let Event::EventsTaken { from_log: true, .. } = log.event {
        return None;
    }
    if log.event.subject().namespace().is_some_and(|of| of != namespace) {
        return None;
    }
    let Value::Object(event) = json::encoded("gofer.log.v1.Event", log.encoded).ok()? else { return None };
    let (kind, payload) = event.into_iter().next()?;
    Some((kind, payload))
}

/// NAME or NAMESPACE/NAME.
fn names(settings: &Settings) -> Result<(Option<NamespaceId>, PipelineId), Rejection> {
    let text = settings.text("pipeline");
    let refuse = |rejection: Rejection| fault("pipeline", rejection.message, "write NAME, or NAMESPACE/NAME");
    match text.split_once('/') {
        None => Ok((None, PipelineId::new(text).map_err(refuse)?)),
        Some((namespace, name)) => {
            Ok((Some(NamespaceId::new(namespace).map_err(refuse)?), PipelineId::new(name).map_err(refuse)?))
        }
    }
}

fn pipeline(settings: &Settings, own: &PipelineKey) -> Result<PipelineKey, Rejection> {
    let (namespace, pipeline) = names(settings)?;
    Ok(PipelineKey { namespace: namespace.unwrap_or_else(|| own.namespace.clone()), pipeline })
}

fn choices(settings: &Settings, name: &str, all: &'static [&'static str]) -> Result<BTreeSet<&'static str>, Rejection> {
    let known = |word: &str| all.iter().copied().find(|choice| *choice == word);
    Ok(settings.words(name, known, &all.join(", "))?.into_iter().collect())
}

fn kinds(settings: &Settings) -> Result<BTreeSet<u32>, Rejection> {
    let known = |word: &str| json::event_number(word).filter(|_| !NEVER.contains(&word));
    let kinds = settings.words("kinds", known, "kinds that `gofer events -o json` shows, such as task_finished")?;
    Ok(kinds.into_iter().collect())
}

#[cfg(test)]
pub(crate) mod tests;
