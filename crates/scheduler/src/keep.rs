//! What keeps plug-ins running: for each trigger with something to launch, one run of its pipeline. A function of the state and
//! of what this leader has seen of earlier runs.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::plugin::{PLUGINS, plugin_config, plugin_pipeline, plugin_trigger};
use gofer_domain::run::RunOptions;
use gofer_domain::state::LiveRun;
use gofer_domain::{
    Command, NamespaceId, Node, Pipeline, PipelineConfig, PipelineId, PipelineKey, Revision, RunKey, State, Timestamp,
    Trigger,
};

/// A plug-in that ran for so long is well: the next one may be started soon.
const STEADY: Duration = Duration::from_secs(60);
/// Pause before a plug-in that has ended is started again: after the first end, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

/// No name of a pipeline comes before it.
const FIRST: &str = "0";

/// What this leader has seen of plug-ins.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    seen: BTreeMap<PipelineKey, Seen>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Generation of the trigger: a plug-in that is changed has a new chance.
    generation: Revision,
    /// The newest run.
    run: u64,
    /// Since when that is known to be live.
    since: Timestamp,
    /// Runs that ended soon, one after the other.
    ends: u32,
    /// Whether its end was wanted.
    is_stopped: bool,
    /// Once the run has ended: when another may be started.
    next: Option<Timestamp>,
}

/// What to do, and when to look again at the latest.
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    pub(crate) commands: Vec<Command>,
    pub(crate) next: Option<Timestamp>,
}

/// What is to be done for plug-ins.
pub(crate) fn keep(state: &State, now: Timestamp, memory: &mut Memory) -> Keeping {
    let mut keeping = Keeping::default();
    for (name, trigger) in &state.triggers {
        let Some(launch) = &trigger.spec.launch else { continue };
        if let (Some(key), Some(config)) = (plugin_pipeline(name), plugin_config(name, launch)) {
            let seen = memory.seen.entry(key.clone()).or_default();
            if seen.generation != trigger.generation {
                let is_stopped = seen.generation != Revision::default();
                *seen = Seen { generation: trigger.generation, run: seen.run, is_stopped, ..Seen::default() };
            }
            keep_one(state, now, &key, trigger, config, seen, &mut keeping);
        }
    }
    stop_others(state, &mut keeping);
    memory.seen.retain(|key, _| wanted(state, key).is_some());
    keeping
}

/// The trigger whose plug-in a pipeline keeps running.
fn wanted<'a>(state: &'a State, key: &PipelineKey) -> Option<&'a Trigger> {
    let trigger = state.triggers.get(&plugin_trigger(key)?)?;
    trigger.spec.launch.is_some().then_some(trigger)
}

fn keep_one(
    state: &State,
    now: Timestamp,
    key: &PipelineKey,
    trigger: &Trigger,
    config: PipelineConfig,
    seen: &mut Seen,
    keeping: &mut Keeping,
) {
    let known = state.pipelines.get(key).filter(|known| !known.deleted);
    if let Some((run, live)) = known.and_then(|known| live(state, known)) {
        if seen.run != run.run {
            *seen = Seen { run: run.run, since: now, is_stopped: false, next: None, ..*seen };
        }
        if live.run.stopping.is_none()
            && let Some(message) = unwanted(state, trigger, live, &config)
        {
            seen.is_stopped = true;
            keeping.commands.push(Command::CancelRun { run, message });
        }
        return;
    }
    let next = known.map_or(now, |known| seen.next_start(known.last_run, now));
    if !trigger.enabled || known.is_some_and(|known| !known.enabled) {
        return;
    }
    if !state.namespaces.contains_key(&key.namespace) {
        let description = "Plug-ins that the cluster keeps running".to_owned();
        let command = Command::CreateNamespace { namespace: key.namespace.clone(), description };
        if !keeping.commands.contains(&command) {
            keeping.commands.push(command);
        }
        return;
    }
    let Some(known) = known.filter(|known| *known.config == config) else {
        let (namespace, config) = (key.namespace.clone(), Arc::new(config));
        return keeping.commands.push(Command::RegisterPipeline { namespace, config });
    };
    if next <= now {
        // The version by its number: which one is live is nothing that a plug-in depends on.
        let (pipeline, version) = (key.clone(), Some(known.version));
        keeping.commands.push(Command::StartRun { pipeline, version, options: Box::new(RunOptions::default()) });
    } else {
        keeping.next = Some(keeping.next.map_or(next, |other| other.min(next)));
    }
}

impl Seen {
    /// When the next run may be started, as this one has ended.
    fn next_start(&mut self, last_run: u64, now: Timestamp) -> Timestamp {
        if let (Some(next), true) = (self.next, self.run == last_run) {
            return next;
        }
        // One that has ended before it was seen was not stopped by anybody, and did not live for long.
        let is_known = self.run == last_run;
        let is_new = last_run == 0 || (is_known && self.is_stopped);
        let lived = if is_known { now.since(self.since) } else { Duration::ZERO };
        self.ends = if is_new || lived >= STEADY { 0 } else { self.ends.saturating_add(1) };
        let pause = match self.ends {
            0 if is_new => Duration::ZERO,
            ends => PAUSES.0.saturating_mul(1 << ends.saturating_sub(1).min(16)).min(PAUSES.1),
        };
        self.run = last_run;
        let next = now.after(pause);
        self.next = Some(next);
        next
    }
}

/// The live run of a plug-in. There is one at most, unless somebody has registered another pipeline of its name.
fn live<'a>(state: &'a State, pipeline: &Pipeline) -> Option<(RunKey, &'a LiveRun)> {
    let run = *pipeline.running.iter().chain(&pipeline.queue).next()?;
    let key = RunKey { pipeline: pipeline.key.clone(), run };
    let live = state.runs.get(&key)?;
    Some((key, live))
}

/// Why a run is to end, if it is.
fn unwanted(state: &State, trigger: &Trigger, live: &LiveRun, config: &PipelineConfig) -> Option<String> {
    if !trigger.enabled {
        return Some("the trigger is disabled".to_owned());
    }
    if *live.config != *config {
        return Some("the trigger launches something else by now".to_owned());
    }
    let attempts = live.run.tasks.values().filter_map(|task| task.attempts.last());
    let mut nodes =
        attempts.filter(|attempt| attempt.finished_at.is_none()).filter_map(|attempt| state.nodes.get(&attempt.node));
    let drained = nodes.find(|node| node.draining)?;
    let is_room = state.nodes.values().any(Node::takes_attempts);
    is_room.then(|| format!("node {} is drained; the plug-in goes on elsewhere", drained.spec.name))
}

/// Ends plug-ins whose trigger is gone, or does not launch anything any more.
fn stop_others(state: &State, keeping: &mut Keeping) {
    let (Ok(namespace), Ok(pipeline)) = (NamespaceId::new(PLUGINS), PipelineId::new(FIRST)) else { return };
    let all = state.pipelines.range(PipelineKey { namespace, pipeline }..);
    let ours = all.take_while(|(key, _)| key.namespace.as_str() == PLUGINS);
    for (key, pipeline) in ours.filter(|(key, _)| wanted(state, key).is_none()) {
        if let Some((run, live)) = live(state, pipeline)
            && live.run.stopping.is_none()
            && is_kept(live)
        {
            let message = match plugin_trigger(key).and_then(|trigger| state.triggers.get(&trigger)) {
                Some(_) => "the trigger does not launch its plug-in any more",
                None => "the trigger is not installed any more",
            };
            keeping.commands.push(Command::CancelRun { run, message: message.to_owned() });
        }
    }
}

/// Whether a leader has started the run.
fn is_kept(live: &LiveRun) -> bool {
    live.run.started_by.starts_with("leader:")
}
