//! What the nodes have left while a plan is made.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use gofer_domain::config::{DriverKind, Resources, TaskConfig};
use gofer_domain::{Node, NodeId, State};

use super::{PlanInput, driver_for};

/// The nodes that may take attempts, with what the plan gave them so far.
pub(super) struct Rooms<'a> {
    rooms: Vec<Room<'a>>,
    /// Nodes with Docker, those included that take nothing now.
    docker: Vec<&'a Node>,
    free: u64,
    /// What fitted nowhere: room only shrinks, so it never will in this plan.
    hopeless: BTreeSet<Shape<'a>>,
}

struct Room<'a> {
    node: &'a Node,
    preferred: bool,
    attempts: u64,
    used: Resources,
}

/// All that decides where a task fits.
type Shape<'a> = (Option<DriverKind>, bool, bool, &'a BTreeMap<String, String>, (u64, u64));

impl<'a> Rooms<'a> {
    pub(super) fn new(state: &'a State, input: &PlanInput) -> Self {
        let open = state.nodes.values().filter(|node| node.takes_attempts() && !input.refused.contains(&node.id));
        let rooms: Vec<_> = open
            .map(|node| Room {
                node,
                preferred: input.preferred.contains(&node.id),
                attempts: state.index.placed.get(&node.id).map_or(0, |placed| placed.len() as u64),
                used: state.index.used.get(&node.id).copied().unwrap_or_default(),
            })
            .collect();
        let free = rooms.iter().map(|room| u64::from(room.node.spec.slots).saturating_sub(room.attempts)).sum();
        let docker = state.nodes.values().filter(|node| node.spec.drivers.contains(&DriverKind::Docker)).collect();
        Self { rooms, docker, free, hopeless: BTreeSet::new() }
    }

    /// Whether no slot is left anywhere.
    pub(super) fn are_full(&self) -> bool {
        self.free == 0
    }

    /// Takes room for a task on the best node that has some.
    pub(super) fn take(&mut self, task: &'a TaskConfig) -> Option<(NodeId, DriverKind)> {
        let shape = shape(task);
        if self.hopeless.contains(&shape) {
            return None;
        }
        let docker_known = task.image.is_some() && self.docker.iter().any(|node| has_labels(node, &task.constraints));
        let fitting = self.rooms.iter_mut().filter_map(|room| Some((room.fits(task, docker_known)?, room)));
        let Some((driver, room)) = fitting.min_by(|(_, a), (_, b)| a.order(b)) else {
            self.hopeless.insert(shape);
            return None;
        };
        room.attempts += 1;
        room.used = sum(room.used, task.resources);
        self.free = self.free.saturating_sub(1);
        Some((room.node.id, driver))
    }
}

impl Room<'_> {
    fn fits(&self, task: &TaskConfig, docker_known: bool) -> Option<DriverKind> {
        let Self { node, attempts, .. } = self;
        let capacity = node.spec.capacity;
        let used = sum(self.used, task.resources);
        let fits = *attempts < u64::from(node.spec.slots)
            && (capacity.cpu_millis == 0 || used.cpu_millis <= capacity.cpu_millis)
            && (capacity.memory_bytes == 0 || used.memory_bytes <= capacity.memory_bytes)
            && has_labels(node, &task.constraints);
        fits.then(|| driver_for(task, |driver| node.spec.drivers.contains(&driver), docker_known)).flatten()
    }

    /// Better first.
    fn order(&self, other: &Self) -> Ordering {
        // Attempts by slots, compared without fractions.
        let load = self.attempts * u64::from(other.node.spec.slots);
        let other_load = other.attempts * u64::from(self.node.spec.slots);
        (!self.preferred, load, self.node.id).cmp(&(!other.preferred, other_load, other.node.id))
    }
}

fn shape(task: &TaskConfig) -> Shape<'_> {
    let program = !(task.entrypoint.is_empty() && task.command.is_empty());
    let Resources { cpu_millis, memory_bytes } = task.resources;
    (task.driver, task.image.is_some(), program, &task.constraints, (cpu_millis, memory_bytes))
}

fn has_labels(node: &Node, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(label, value)| node.spec.labels.get(label) == Some(value))
}

fn sum(a: Resources, b: Resources) -> Resources {
    Resources {
        cpu_millis: a.cpu_millis.saturating_add(b.cpu_millis),
        memory_bytes: a.memory_bytes.saturating_add(b.memory_bytes),
    }
}
