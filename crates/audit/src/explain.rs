//! Why a run went as it did: its events as sentences, each with what led to it.

mod words;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use gofer_domain::config::PipelineConfig;
use gofer_domain::{AttemptOutcome, Event, NodeId, ObjectScope, RunKey, TaskId, TaskStatus, Timestamp, Version};

use crate::chain::read_checked;
use crate::envelope::Envelope;
use crate::error::Error;
use crate::source::EventSource;
use crate::verify::Meter;

/// A fact about a run, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    pub revision: u64,
    pub time: Timestamp,
    /// Who gave the command.
    pub actor: String,
    /// Revision of the first event of the same command.
    pub cause: u64,
    pub text: String,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub run: RunKey,
    pub version: Version,
    /// In the order of the log.
    pub sentences: Vec<Sentence>,
    /// Whether its end is among them.
    pub is_finished: bool,
}

/// Tells the story of a run; none when the source knows no such run.
///
/// # Errors
/// [`Error::Fault`] at the first event that does not fit; else when the source can't be read.
pub fn explain(source: &dyn EventSource, run: &RunKey, meter: &Meter) -> Result<Option<Explanation>, Error> {
    let extent = source.extent();
    let mut teller = Teller::new(run);
    if extent.last >= extent.first {
        read_checked(source, extent.first, extent.last, &mut |envelope| {
            meter.add(1);
            teller.hear(source, envelope)?;
            Ok(if teller.is_finished { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
    }
    let Some(version) = teller.version else { return Ok(None) };
    let (sentences, is_finished) = (teller.sentences, teller.is_finished);
    Ok(Some(Explanation { run: run.clone(), version, sentences, is_finished }))
}

/// How a task stands.
#[derive(Debug, Default)]
struct TaskStory {
    status: Option<TaskStatus>,
    /// How its newest attempt ended.
    outcome: Option<AttemptOutcome>,
    /// Attempts that ended, the lost ones aside.
    tries: u32,
    lost: u32,
    nodes: BTreeMap<u32, NodeId>,
}

struct Teller<'a> {
    run: &'a RunKey,
    version: Option<Version>,
    /// Revisions at which the versions of the run's pipeline were registered.
    registered: BTreeMap<Version, u64>,
    config: Option<Arc<PipelineConfig>>,
    tasks: BTreeMap<TaskId, TaskStory>,
    names: BTreeMap<NodeId, String>,
    /// The stored bytes of the first event of the present command.
    command: Vec<u8>,
    sentences: Vec<Sentence>,
    is_finished: bool,
}

impl<'a> Teller<'a> {
    fn new(run: &'a RunKey) -> Self {
        Self {
            run,
            version: None,
            registered: BTreeMap::new(),
            config: None,
            tasks: BTreeMap::new(),
            names: BTreeMap::new(),
            command: Vec::new(),
            sentences: Vec::new(),
            is_finished: false,
        }
    }

    fn hear(&mut self, source: &dyn EventSource, envelope: &Envelope<'_>) -> Result<(), Error> {
        if envelope.cause == envelope.revision {
            self.command.clear();
            self.command.extend_from_slice(envelope.bytes);
        }
        if !self.may_matter(envelope.payload) {
            return Ok(());
        }
        // What this version does not know is not about anything that it tells of.
        let Ok(event) = envelope.decode() else { return Ok(()) };
        match &event {
            Event::NodeRegistered { node, spec, .. } => {
                self.names.insert(*node, spec.name.clone());
            }
            Event::PipelineRegistered { pipeline, version, .. } if *pipeline == self.run.pipeline => {
                self.registered.insert(*version, envelope.revision);
            }
            _ => {}
        }
        if run_of(&event) != Some(self.run) {
            return Ok(());
        }
        if let Event::RunCreated { version, .. } | Event::RunMoved { version, .. } = &event {
            self.version = Some(*version);
            self.config = self.read_config(source, *version)?;
        }
        self.tell_cause(envelope, &event);
        let text = self.words(envelope, &event);
        self.tell(envelope, text);
        self.remember(event);
        Ok(())
    }

    /// Whether an event can be about the run, its pipeline or a node, as far as that is seen without decoding it.
    fn may_matter(&self, payload: &[u8]) -> bool {
        let name = self.run.pipeline.pipeline.as_str().as_bytes();
        let mut tag = payload;
        let kind = crate::envelope::read_varint(&mut tag).unwrap_or(0) >> 3;
        // The numbers of the kinds about nodes.
        (19..=23).contains(&kind) || payload.windows(name.len()).any(|part| part == name)
    }

    fn read_config(&self, source: &dyn EventSource, version: Version) -> Result<Option<Arc<PipelineConfig>>, Error> {
        let Some(revision) = self.registered.get(&version) else { return Ok(None) };
        let bytes = source.event(*revision)?.unwrap_or_default();
        let event = Envelope::parse(&bytes).ok().and_then(|envelope| envelope.decode().ok());
        Ok(event.and_then(|event| match event {
            Event::PipelineRegistered { config, .. } => Some(config),
            _ => None,
        }))
    }

    /// The first event of the present command.
    fn command(&self) -> Option<Event> {
        Envelope::parse(&self.command).ok()?.decode().ok()
    }

    fn tell(&mut self, envelope: &Envelope<'_>, text: String) {
        self.sentences.push(Sentence {
            revision: envelope.revision,
            time: envelope.time,
            actor: envelope.actor.to_owned(),
            cause: envelope.cause,
            text,
        });
    }

    /// The loss of a node is no event of the run, yet it is what the run's next ones follow from.
    fn tell_cause(&mut self, envelope: &Envelope<'_>, event: &Event) {
        let is_told = self.sentences.last().is_some_and(|last| last.cause == envelope.cause);
        if is_told || !matches!(event, Event::AttemptFinished { .. }) {
            return;
        }
        let text = match self.command() {
            Some(Event::NodeLost { node, .. }) => {
                format!("node {} was declared lost: its lease had run out", self.node(node))
            }
            Some(Event::ClusterRestored { from, revision, .. }) => {
                format!("the cluster was restored from a backup of cluster {from} at revision {revision}")
            }
            Some(Event::ClusterRecovered { survivor, revision, .. }) => {
                let survivor = self.node(survivor);
                format!("the cluster was recovered with what node {survivor} had, up to revision {revision}")
            }
            Some(Event::NodeRemoved { node }) => format!("node {} was taken out of the cluster", self.node(node)),
            Some(Event::NodeRegistered { node, .. }) => format!("node {} registered anew", self.node(node)),
            _ => return,
        };
        let command = std::mem::take(&mut self.command);
        if let Ok(cause) = Envelope::parse(&command) {
            self.tell(&cause, text);
        }
        self.command = command;
    }

    fn remember(&mut self, event: Event) {
        match event {
            Event::TaskFinished { task, status } => self.task(task.task).status = Some(status),
            Event::AttemptPlaced { attempt, node, .. } => {
                self.task(attempt.task.task).nodes.insert(attempt.attempt, node);
            }
            Event::AttemptFinished { attempt, outcome, .. } => {
                let task = self.task(attempt.task.task);
                match outcome {
                    AttemptOutcome::Lost { .. } => task.lost += 1,
                    _ => task.tries += 1,
                }
                task.outcome = Some(outcome);
            }
            Event::RunFinished { .. } => self.is_finished = true,
            _ => {}
        }
    }

    fn task(&mut self, id: TaskId) -> &mut TaskStory {
        self.tasks.entry(id).or_default()
    }

    /// A node's name, else its number.
    fn node(&self, id: NodeId) -> String {
        self.names.get(&id).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| id.to_string())
    }
}

/// The run that an event is about.
fn run_of(event: &Event) -> Option<&RunKey> {
    match event {
        Event::RunCreated { run, .. }
        | Event::RunStarted { run }
        | Event::RunStopRequested { run, .. }
        | Event::RunAnnotated { run, .. }
        | Event::RunMoved { run, .. }
        | Event::RunFinished { run, .. } => Some(run),
        Event::TaskQueued { task, .. }
        | Event::TaskWaiting { task }
        | Event::TaskKept { task, .. }
        | Event::TaskFinished { task, .. } => Some(&task.run),
        Event::AttemptPlaced { attempt, .. }
        | Event::AttemptLaunching { attempt }
        | Event::AttemptStarted { attempt }
        | Event::AttemptStopRequested { attempt, .. }
        | Event::AttemptFinished { attempt, .. } => Some(&attempt.task.run),
        Event::ObjectPut { scope: ObjectScope::Run(run), .. }
        | Event::ObjectDeleted { scope: ObjectScope::Run(run), .. }
        | Event::ObjectsDropped { scope: ObjectScope::Run(run), .. } => Some(run),
        _ => None,
    }
}
