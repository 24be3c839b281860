//! What the event log says, put together for the checks: runs, attempts, and where attempts were placed.

use std::collections::{BTreeMap, BTreeSet};

use gofer_wire::log::v1::EventEnvelope;
use gofer_wire::log::v1::event::Kind;
use gofer_wire::model::v1 as model;
use prost::Message as _;

use super::Verdict;
use super::slots::{Slots, millis};

/// A pipeline and the number of its run.
pub(crate) type RunId = (String, u64);
/// A run, a task, and the number of its attempt.
pub(crate) type AttemptId = (RunId, String, u32);

/// Name of the variable that tells runs of the harness apart.
pub(crate) const TOKEN: &str = "TOKEN";

/// A run as the log tells it. Revisions are 0 for what has not happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) created: u64,
    pub(crate) started: u64,
    pub(crate) finished: u64,
    pub(crate) token: Option<u64>,
    pub(crate) succeeded: bool,
}

/// An attempt as the log tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempt {
    pub(crate) succeeded: bool,
}

/// All that the checks want to know of an event log.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) events: u64,
    pub(crate) runs: BTreeMap<RunId, Run>,
    pub(crate) attempts: BTreeMap<AttemptId, Attempt>,
    pub(crate) slots: Slots,
    /// Pipelines that may have one run at a time.
    exclusive: BTreeSet<String>,
    /// Live runs of those.
    live: BTreeMap<String, BTreeSet<u64>>,
    draining: BTreeSet<u64>,
    gone: BTreeSet<u64>,
    /// Their ids never come back.
    removed: BTreeSet<u64>,
    overlaps: Vec<String>,
    misplaced: Vec<String>,
    twice: Vec<String>,
    drains: u64,
    losses: u64,
}

impl Facts {
    /// Takes the next event.
    ///
    /// # Errors
    /// When it can't be decoded, or is not the next one.
    pub(crate) fn add(&mut self, envelope: &EventEnvelope) -> anyhow::Result<()> {
        let revision = envelope.revision;
        anyhow::ensure!(revision == self.events + 1, "revision {revision} follows on {}", self.events);
        self.events = revision;
        let event = gofer_wire::log::v1::Event::decode(&envelope.payload[..])?;
        if let Some(kind) = event.kind {
            self.slots.apply(&kind, millis(envelope.time.as_ref()));
            self.apply(kind, revision);
        }
        Ok(())
    }

    fn apply(&mut self, kind: Kind, revision: u64) {
        match kind {
            Kind::PipelineRegistered(event) => self.registered(event.config.unwrap_or_default()),
            Kind::RunCreated(event) => {
                let token = event.variables.iter().find(|variable| variable.name == TOKEN);
                let token = token.and_then(|variable| variable.value.parse().ok());
                let id = run_id(event.run);
                if self.runs.insert(id.clone(), Run { created: revision, token, ..Run::default() }).is_some() {
                    self.twice.push(format!("run {} of {} was created twice", id.1, id.0));
                }
            }
            Kind::RunStarted(event) => {
                let id = run_id(event.run);
                self.runs.entry(id.clone()).or_default().started = revision;
                self.began(id, revision);
            }
            Kind::RunFinished(event) => {
                let succeeded = event.status() == model::RunStatus::Succeeded;
                let id = run_id(event.run);
                if let Some(live) = self.live.get_mut(&id.0) {
                    live.remove(&id.1);
                }
                let run = self.runs.entry(id).or_default();
                (run.finished, run.succeeded) = (revision, succeeded);
            }
            Kind::AttemptPlaced(event) => self.placed(attempt_id(event.attempt), event.node),
            Kind::AttemptFinished(event) => {
                let result = event.outcome.unwrap_or_default().result();
                let attempt = self.attempts.entry(attempt_id(event.attempt)).or_default();
                attempt.succeeded = result == model::AttemptResult::Succeeded;
                self.losses += u64::from(result == model::AttemptResult::Lost);
            }
            Kind::NodeDrained(event) => {
                self.drains += 1;
                self.draining.insert(event.node);
            }
            Kind::NodeUndrained(event) => drop(self.draining.remove(&event.node)),
            Kind::NodeRegistered(event) => {
                self.gone.remove(&event.node);
                if self.removed.contains(&event.node) {
                    self.misplaced.push(format!("node {} was registered after it was removed", event.node));
                }
            }
            Kind::NodeLost(event) => drop(self.gone.insert(event.node)),
            Kind::NodeRemoved(event) => {
                self.gone.insert(event.node);
                self.removed.insert(event.node);
            }
            _ => {}
        }
    }

    fn registered(&mut self, config: model::PipelineConfig) {
        if matches!(config.overlap(), model::OverlapPolicy::Queue | model::OverlapPolicy::Forbid) {
            self.exclusive.insert(config.id);
        }
    }

    fn began(&mut self, (pipeline, run): RunId, revision: u64) {
        if !self.exclusive.contains(&pipeline) {
            return;
        }
        let live = self.live.entry(pipeline.clone()).or_default();
        if let Some(other) = live.first() {
            self.overlaps
                .push(format!("run {run} of {pipeline} began at revision {revision} while run {other} went on"));
        }
        live.insert(run);
    }

    fn placed(&mut self, id: AttemptId, node: u64) {
        let ((pipeline, run), task, number) = &id;
        let name = format!("attempt {number} of {task} in run {run} of {pipeline}");
        if self.draining.contains(&node) {
            self.misplaced.push(format!("{name} was placed on node {node}, which is draining"));
        }
        if self.gone.contains(&node) {
            self.misplaced.push(format!("{name} was placed on node {node}, which is lost or removed"));
        }
        if self.attempts.insert(id, Attempt::default()).is_some() {
            self.twice.push(format!("{name} was placed twice"));
        }
    }

    /// Run numbers by token, of one pipeline or of all whose name begins like that.
    pub(crate) fn created(&self, prefix: &str) -> BTreeMap<u64, Vec<u64>> {
        let mut created: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for ((pipeline, number), run) in &self.runs {
            if let (true, Some(token)) = (pipeline.starts_with(prefix), run.token) {
                created.entry(token).or_default().push(*number);
            }
        }
        created
    }

    /// Tokens of a pipeline's runs, in the order in which the runs were made.
    pub(crate) fn order(&self, pipeline: &str) -> Vec<u64> {
        let runs = self.runs.range((pipeline.to_owned(), 0)..=(pipeline.to_owned(), u64::MAX));
        let mut found: Vec<(u64, u64)> = runs.filter_map(|(_, run)| Some((run.created, run.token?))).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, token)| token).collect()
    }

    /// Numbers of a pipeline's runs that have ended.
    pub(crate) fn ended(&self, pipeline: &str) -> Vec<u64> {
        let runs = self.runs.range((pipeline.to_owned(), 0)..=(pipeline.to_owned(), u64::MAX));
        runs.filter(|(_, run)| run.finished > 0).map(|((_, number), _)| *number).collect()
    }

    /// The log never lets exclusive runs overlap.
    pub(crate) fn no_overlap(&self) -> Verdict {
        let runs = self.runs.iter().filter(|((pipeline, _), run)| self.exclusive.contains(pipeline) && run.started > 0);
        let detail = format!("{} runs of {} pipelines", runs.count(), self.exclusive.len());
        Verdict::new("the log never has two runs of such a pipeline at once", detail, self.overlaps.clone())
    }

    /// The log places nothing where it may not be.
    pub(crate) fn well_placed(&self) -> Verdict {
        let detail = format!(
            "{} attempts placed, {} drains, {} attempts lost with their node",
            self.attempts.len(),
            self.drains,
            self.losses
        );
        Verdict::new(
            "nothing is placed on a draining, lost or removed node, and no removed one comes back",
            detail,
            self.misplaced.clone(),
        )
    }

    /// The log gives each run number and each attempt once.
    pub(crate) fn once(&self) -> Verdict {
        let detail = format!("{} runs, {} attempts", self.runs.len(), self.attempts.len());
        Verdict::new("the log has every run and every attempt once", detail, self.twice.clone())
    }
}

fn run_id(run: Option<model::RunRef>) -> RunId {
    let run = run.unwrap_or_default();
    (run.pipeline, run.run)
}

fn attempt_id(attempt: Option<model::AttemptRef>) -> AttemptId {
    let attempt = attempt.unwrap_or_default();
    (run_id(attempt.run), attempt.task, attempt.attempt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gofer_wire::log::v1 as log;

    fn run(pipeline: &str, run: u64) -> Option<model::RunRef> {
        Some(model::RunRef { namespace: "default".into(), pipeline: pipeline.into(), run })
    }

    fn created(pipeline: &str, number: u64, token: &str) -> Kind {
        let variables = vec![model::Variable { name: TOKEN.into(), value: token.into() }];
        Kind::RunCreated(log::RunCreated { run: run(pipeline, number), variables, ..Default::default() })
    }

    fn started(number: u64) -> Kind {
        Kind::RunStarted(log::RunStarted { run: run("q", number) })
    }

    fn finished(number: u64) -> Kind {
        Kind::RunFinished(log::RunFinished { run: run("q", number), ..Default::default() })
    }

    fn placed(node: u64, attempt: u32) -> Kind {
        let attempt = model::AttemptRef { run: run("q", 1), task: "t".into(), attempt };
        Kind::AttemptPlaced(log::AttemptPlaced { attempt: Some(attempt), node, ..Default::default() })
    }

    fn facts(kinds: Vec<Kind>) -> Facts {
        let mut facts = Facts::default();
        let config =
            model::PipelineConfig { id: "q".into(), overlap: model::OverlapPolicy::Queue.into(), ..Default::default() };
        let first = Kind::PipelineRegistered(log::PipelineRegistered { config: Some(config), ..Default::default() });
        for (index, kind) in std::iter::once(first).chain(kinds).enumerate() {
            let payload = log::Event { kind: Some(kind) }.encode_to_vec().into();
            facts.add(&EventEnvelope { revision: index as u64 + 1, payload, ..Default::default() }).unwrap();
        }
        facts
    }

    #[test]
    fn overlapping_runs_are_found() {
        assert!(facts(vec![started(1), finished(1), started(2)]).no_overlap().holds);
        assert!(!facts(vec![started(1), started(2), finished(1)]).no_overlap().holds);
    }

    #[test]
    fn misplaced_and_doubled_attempts_are_found() {
        let drained = |node| Kind::NodeDrained(log::NodeDrained { node });
        let undrained = |node| Kind::NodeUndrained(log::NodeUndrained { node });
        let lost = |node| Kind::NodeLost(log::NodeLost { node, ..Default::default() });
        let back = |node| Kind::NodeRegistered(log::NodeRegistered { node, ..Default::default() });
        let holds = |kinds| {
            let facts = facts(kinds);
            (facts.well_placed().holds, facts.once().holds)
        };
        assert_eq!(holds(vec![drained(2), placed(1, 1), undrained(2), placed(2, 2)]), (true, true));
        assert_eq!(holds(vec![drained(2), placed(2, 1)]), (false, true));
        assert_eq!(holds(vec![lost(2), placed(2, 1)]), (false, true));
        assert_eq!(holds(vec![lost(2), back(2), placed(2, 1)]), (true, true));
        assert_eq!(holds(vec![placed(1, 1), placed(2, 1)]), (true, false));
        assert_eq!(holds(vec![created("q", 1, "7"), created("q", 1, "8")]), (true, false));
    }

    #[test]
    fn tokens_are_found_by_pipeline_and_in_order() {
        let facts = facts(vec![created("list-1", 1, "9"), created("list-1", 2, "4"), created("list-10", 1, "5")]);
        assert_eq!(facts.order("list-1"), [9, 4]);
        assert_eq!(facts.created("list"), BTreeMap::from([(4, vec![2]), (5, vec![1]), (9, vec![1])]));
        let gap = EventEnvelope { revision: 9, ..Default::default() };
        assert!(Facts::default().add(&gap).is_err());
    }
}
