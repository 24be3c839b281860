//! The order in which queued tasks get their turn.

use std::collections::{BTreeMap, BTreeSet};

use gofer_domain::{NamespaceId, Revision, State, TaskKey, Timestamp};

/// Queued tasks whose time has come: fair between namespaces, by priority and age within each.
pub(super) struct Queue<'a> {
    /// Waiting tasks by namespace, the next one last.
    waiting: BTreeMap<&'a NamespaceId, Vec<&'a Entry>>,
    /// Live attempts by namespace, those of this plan included.
    live: BTreeMap<&'a NamespaceId, usize>,
    /// Whose turn it is: fewest live attempts, then oldest task.
    turns: BTreeSet<Turn<'a>>,
}

type Entry = (Timestamp, Revision, TaskKey);
type Turn<'a> = (usize, Timestamp, Revision, &'a NamespaceId);

impl<'a> Queue<'a> {
    /// The queue at a time, and the time at which it grows by itself.
    pub(super) fn new(state: &'a State, now: Timestamp) -> (Self, Option<Timestamp>) {
        let mut queue = Self { waiting: BTreeMap::new(), live: BTreeMap::new(), turns: BTreeSet::new() };
        let mut next = None;
        for entry in &state.index.queued {
            if entry.0 > now {
                next = Some(entry.0);
                break;
            }
            queue.waiting.entry(namespace(&entry.2)).or_default().push(entry);
        }
        for attempt in state.index.placed.values().flatten() {
            *queue.live.entry(namespace(&attempt.task)).or_default() += 1;
        }
        let namespaces: Vec<_> = queue.waiting.keys().copied().collect();
        for waiting in queue.waiting.values_mut() {
            waiting.reverse();
            // Stable, so the order of time stays among equals. Mostly there is nothing to do.
            waiting.sort_by_key(|(.., task)| priority(state, task));
        }
        for namespace in namespaces {
            queue.line_up(namespace);
        }
        (queue, next)
    }

    /// The next task; it leaves the queue.
    pub(super) fn next(&mut self) -> Option<&'a TaskKey> {
        let (.., namespace) = self.turns.pop_first()?;
        let (.., task) = self.waiting.get_mut(namespace)?.pop()?;
        self.line_up(namespace);
        Some(task)
    }

    /// Counts the task that was taken last as placed.
    pub(super) fn count(&mut self, task: &'a TaskKey) {
        let namespace = namespace(task);
        if let Some(turn) = self.turn(namespace) {
            self.turns.remove(&turn);
        }
        *self.live.entry(namespace).or_default() += 1;
        self.line_up(namespace);
    }

    fn line_up(&mut self, namespace: &'a NamespaceId) {
        self.turns.extend(self.turn(namespace));
    }

    fn turn(&self, namespace: &'a NamespaceId) -> Option<Turn<'a>> {
        let (time, revision, _) = self.waiting.get(namespace)?.last()?;
        Some((self.live.get(namespace).copied().unwrap_or(0), *time, *revision, namespace))
    }
}

fn priority(state: &State, task: &TaskKey) -> i32 {
    state.runs.get(&task.run).map_or(0, |live| live.run.options.priority)
}

fn namespace(task: &TaskKey) -> &NamespaceId {
    &task.run.pipeline.namespace
}
