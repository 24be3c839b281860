//! Nodes: their coming, their pauses and their loss.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::RunDraft;
use super::{Context, Decision, Verdict, first, precondition, queue};
use crate::event::{Answer, Event};
use crate::ids::{NodeId, PipelineKey, RunKey, TaskId};
use crate::limits::NODES_MAX;
use crate::node::{Node, NodeSpec, NodeStatus};
use crate::rejection::{Reason, Rejection};
use crate::run::AttemptOutcome;
use crate::validate::validate_node_spec;

/// Begins a new incarnation of a node, which outdates every lease and declaration of loss of the one before.
///
/// A ready node keeps its placed attempts: it adopts what still runs and reports on the rest. A lost one has none
/// left, they were lost with it. Draining goes on across a new start.
pub(super) fn register(context: Context<'_>, node: NodeId, spec: &NodeSpec) -> Verdict {
    validate_node_spec(spec).or_else(first)?;
    let nodes = &context.state.nodes;
    if let Some(other) = nodes.values().find(|other| other.id != node && other.spec.name == spec.name) {
        let message = format!("node {} is called {} already", other.id, spec.name);
        return Err(Rejection::new(Reason::AlreadyExists, message)
            .field("spec.name")
            .help("choose another name, or remove that node if it is gone for good"));
    }
    let known = nodes.get(&node);
    if known.is_none() && nodes.len() >= NODES_MAX {
        let message = format!("the cluster has {} nodes, the limit is {NODES_MAX}", nodes.len());
        return Err(Rejection::new(Reason::ResourceExhausted, message).help("remove one that is gone for good"));
    }
    let incarnation = known.map_or(0, |known| known.incarnation).saturating_add(1);
    let events = vec![Event::NodeRegistered { node, incarnation, spec: Box::new(spec.clone()) }];
    Ok(Decision { events, answer: Answer::NodeIncarnation(incarnation) })
}

/// Keeps new attempts away from a node, or lets them come again; what runs there goes on.
pub(super) fn drain(context: Context<'_>, node: NodeId, draining: bool) -> Verdict {
    let known = find(context, node)?;
    let event = if draining { Event::NodeDrained { node } } else { Event::NodeUndrained { node } };
    Ok(Decision::done((known.draining != draining).then_some(event).into_iter().collect()))
}

/// Takes a ready node's attempts for lost. Holds for the incarnation whose lease ran out only.
pub(super) fn declare_lost(context: Context<'_>, node: NodeId, incarnation: u64) -> Verdict {
    let known = find(context, node)?;
    if known.incarnation != incarnation {
        let message = format!("node {node} is in incarnation {}, not {incarnation}", known.incarnation);
        return Err(precondition(message)
            .field("incarnation")
            .help("it has come back meanwhile; look at its lease again"));
    }
    if known.status == NodeStatus::Lost {
        return Ok(Decision::done(Vec::new()));
    }
    let mut events = vec![Event::NodeLost { node, incarnation }];
    lose_attempts(context, &[known], "its lease ran out", &mut events);
    Ok(Decision::done(events))
}

/// Takes a node out; its live attempts are lost.
pub(super) fn remove(context: Context<'_>, node: NodeId) -> Verdict {
    let known = find(context, node)?;
    let mut events = Vec::new();
    remove_all(context, &[known], "it was removed", &mut events);
    Ok(Decision::done(events))
}

/// Takes nodes out at once; their live attempts are lost.
pub(super) fn remove_all(context: Context<'_>, nodes: &[&Node], why: &str, events: &mut Vec<Event>) {
    let ready = nodes.iter().filter(|node| node.status == NodeStatus::Ready);
    events.extend(ready.map(|node| Event::NodeLost { node: node.id, incarnation: node.incarnation }));
    lose_attempts(context, nodes, why, events);
    events.extend(nodes.iter().map(|node| Event::NodeRemoved { node: node.id }));
}

fn find(context: Context<'_>, node: NodeId) -> Result<&Node, Rejection> {
    context.state.nodes.get(&node).ok_or_else(|| {
        Rejection::new(Reason::NotFound, format!("node {node} does not exist")).field("node").help("list the nodes")
    })
}

/// Ends every attempt of some nodes, and with each what depends on it. Runs are taken one by one and pipelines after
/// them, since several attempts of one run, and several runs of one pipeline, may end here.
fn lose_attempts(context: Context<'_>, nodes: &[&Node], why: &str, events: &mut Vec<Event>) {
    let mut by_run: BTreeMap<&RunKey, Vec<(&TaskId, &str)>> = BTreeMap::new();
    for node in nodes {
        for attempt in context.state.index.placed.get(&node.id).into_iter().flatten() {
            by_run.entry(&attempt.task.run).or_default().push((&attempt.task.task, &node.spec.name));
        }
    }
    let mut ended: BTreeMap<&PipelineKey, BTreeSet<u64>> = BTreeMap::new();
    for (key, tasks) in by_run {
        let Some(live) = context.state.runs.get(key) else { continue };
        let mut draft = RunDraft::new(live, context.time);
        for (task, node) in tasks {
            let message = format!("node {node} was lost: {why}");
            draft.finish_attempt(task, AttemptOutcome::Lost { message }, None, BTreeMap::new(), events);
        }
        if draft.conclude(events) {
            ended.entry(&key.pipeline).or_default().insert(key.run);
        }
    }
    for (pipeline, runs) in ended {
        queue::runs_ended(context, pipeline, &runs, events);
    }
}
