//! The watches of a trigger: one task for each subscription, and what it has on its way to the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gofer_wire::plugin::v1 as wire;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::error::{SendError, WatchError};
use crate::event::{Event, Fate};
use crate::plugin::Trigger;
use crate::subscription::{Name, Submission, Subscription};
use crate::told::{Told, View};

/// Pause before a watch begins anew: after the first failure, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(60));
/// Pause before what no leader has answered is sent again.
const AGAIN: Duration = Duration::from_millis(250);
/// Submissions that wait for the stream.
const WAITING: usize = 1024;

type Ended = Result<(Name, u64, Result<(), WatchError>), JoinError>;

/// All watches.
pub(crate) struct Watches<T> {
    trigger: Arc<T>,
    kept: BTreeMap<Name, Watch>,
    /// The same, for what answers requests.
    pub(crate) view: View,
    is_viewed: bool,
    /// Those that the stream under way has told of.
    told: BTreeSet<Name>,
    is_streaming: bool,
    /// What waits for its answer, by the id of its message.
    sent: BTreeMap<u64, Name>,
    /// When to look at a watch again.
    timers: BTreeSet<(Instant, Name)>,
    last_id: u64,
    pub(crate) tasks: JoinSet<(Name, u64, Result<(), WatchError>)>,
    pub(crate) submissions: mpsc::Receiver<Submission>,
    submit: mpsc::Sender<Submission>,
}

/// A subscription, and the task that watches for it.
struct Watch {
    /// As the cluster has told of it last, with the cursor that is known since.
    subscription: wire::Subscription,
    number: u64,
    task: Task,
    pending: Option<Pending>,
    failures: u32,
}

enum Task {
    Running(AbortHandle),
    /// It has failed, and begins anew at the time that its timer says.
    Waiting,
    /// It has nothing more to do.
    Done,
}

/// Events that are on their way.
struct Pending {
    /// Of the message. None: it is to be sent.
    id: Option<u64>,
    events: Vec<wire::Event>,
    cursor: Option<wire::CursorMove>,
    /// The cursor has moved already: what became of the events is asked for once more, by their keys.
    has_moved: bool,
    answer: oneshot::Sender<Result<Vec<Fate>, SendError>>,
}

impl<T: Trigger> Watches<T> {
    /// `is_viewed`: the trigger answers requests.
    pub(crate) fn new(trigger: Arc<T>, is_viewed: bool) -> Self {
        let (submit, submissions) = mpsc::channel(WAITING);
        Self {
            trigger,
            kept: BTreeMap::new(),
            view: View::default(),
            is_viewed,
            told: BTreeSet::new(),
            is_streaming: false,
            sent: BTreeMap::new(),
            timers: BTreeSet::new(),
            last_id: 0,
            tasks: JoinSet::new(),
            submissions,
            submit,
        }
    }

    /// A stream is there; it will tell of all subscriptions.
    pub(crate) fn begin_stream(&mut self) {
        self.is_streaming = true;
        self.told.clear();
    }

    /// The stream has ended: whatever was not answered is to be sent again.
    pub(crate) fn end_stream(&mut self) {
        self.is_streaming = false;
        self.sent.clear();
        for watch in self.kept.values_mut() {
            if let Some(pending) = &mut watch.pending {
                pending.id = None;
            }
        }
    }

    /// The cluster tells of a subscription.
    pub(crate) fn told(&mut self, subscription: wire::Subscription) -> Vec<wire::Events> {
        let Some(name) = subscription.r#ref.clone().map(Name::from) else { return Vec::new() };
        self.told.insert(name.clone());
        match self.kept.get_mut(&name) {
            Some(known) if known.subscription.generation == subscription.generation => {
                known.subscription = subscription;
                self.send(&name).into_iter().collect()
            }
            _ => {
                self.drop_watch(&name);
                self.start(name, subscription, 0);
                Vec::new()
            }
        }
    }

    /// A subscription has gone.
    pub(crate) fn gone(&mut self, name: &Name) {
        self.told.remove(name);
        self.drop_watch(name);
    }

    /// The stream has told of all that there are.
    pub(crate) fn synced(&mut self) {
        let gone: Vec<Name> = self.kept.keys().filter(|name| !self.told.contains(*name)).cloned().collect();
        for name in gone {
            self.drop_watch(&name);
        }
    }

    /// A watch has events.
    pub(crate) fn submit(&mut self, submission: Submission) -> Vec<wire::Events> {
        let Submission { name, watch, events, cursor, answer } = submission;
        let Some(known) = self.kept.get_mut(&name).filter(|known| known.number == watch) else {
            let _ = answer.send(Err(SendError::Changed("it is watched anew".to_owned())));
            return Vec::new();
        };
        known.pending = Some(Pending {
            id: None,
            events: events.into_iter().map(Event::into_wire).collect(),
            cursor: cursor.map(|(from, to)| wire::CursorMove { from, to }),
            has_moved: false,
            answer,
        });
        self.send(&name).into_iter().collect()
    }

    /// The message with what a watch has on its way, if it is to be sent now.
    fn send(&mut self, name: &Name) -> Option<wire::Events> {
        if !self.is_streaming || !self.told.contains(name) {
            return None;
        }
        let known = self.kept.get_mut(name)?;
        let pending = known.pending.as_mut().filter(|pending| pending.id.is_none())?;
        self.last_id += 1;
        pending.id = Some(self.last_id);
        self.sent.insert(self.last_id, name.clone());
        Some(wire::Events {
            id: self.last_id,
            subscription: Some(name.into()),
            generation: known.subscription.generation,
            events: pending.events.clone(),
            cursor: pending.cursor.clone().filter(|_| !pending.has_moved),
        })
    }

    /// The cluster says what became of events.
    pub(crate) fn taken(&mut self, taken: wire::Taken) -> Vec<wire::Events> {
        let Some(name) = self.sent.remove(&taken.id) else { return Vec::new() };
        let Some(known) = self.kept.get_mut(&name) else { return Vec::new() };
        let Some(pending) = known.pending.take_if(|pending| pending.id == Some(taken.id)) else { return Vec::new() };
        let Some(refusal) = taken.refusal else {
            if let Some(cursor) = pending.cursor {
                known.subscription.cursor = Some(cursor.to);
            }
            known.failures = 0;
            let _ = pending.answer.send(Ok(taken.fates.into_iter().map(Fate::from_wire).collect()));
            return Vec::new();
        };
        self.refused(name, pending, refusal)
    }

    fn refused(&mut self, name: Name, mut pending: Pending, refusal: wire::Refusal) -> Vec<wire::Events> {
        debug!(subscription = %name, reason = %refusal.message, "events were not taken");
        let Some(known) = self.kept.get_mut(&name) else { return Vec::new() };
        match refusal.kind() {
            wire::RefusalKind::Unavailable => {
                pending.id = None;
                known.pending = Some(pending);
                self.timers.insert((Instant::now() + AGAIN, name));
                Vec::new()
            }
            wire::RefusalKind::Cursor
                if pending.cursor.as_ref().map(|cursor| &cursor.to) == refusal.cursor.as_ref() =>
            {
                pending.id = None;
                pending.has_moved = true;
                known.pending = Some(pending);
                self.send(&name).into_iter().collect()
            }
            wire::RefusalKind::Cursor => {
                known.subscription.cursor = refusal.cursor;
                let _ = pending.answer.send(Err(SendError::Changed(refusal.message)));
                Vec::new()
            }
            wire::RefusalKind::Subscription | wire::RefusalKind::Unspecified => {
                let _ = pending.answer.send(Err(SendError::Changed(refusal.message)));
                Vec::new()
            }
            wire::RefusalKind::Invalid => {
                let _ = pending.answer.send(Err(SendError::Invalid(refusal.message)));
                Vec::new()
            }
        }
    }

    /// A watch has ended.
    pub(crate) fn ended(&mut self, ended: Ended) {
        let (name, number, result) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let of = |watch: &Watch| matches!(&watch.task, Task::Running(task) if task.id() == error.id());
                let Some((name, watch)) = self.kept.iter().find(|(_, watch)| of(watch)) else { return };
                (name.clone(), watch.number, Err(error.into()))
            }
        };
        let Some(known) = self.kept.get_mut(&name).filter(|known| known.number == number) else { return };
        known.pending = None;
        match result {
            Ok(()) => known.task = Task::Done,
            Err(error) => {
                warn!(subscription = %name, %error, "a watch has ended; it begins anew");
                known.task = Task::Waiting;
                known.failures = known.failures.saturating_add(1);
                let pause = PAUSES.0.saturating_mul(1 << known.failures.min(16).saturating_sub(1)).min(PAUSES.1);
                self.timers.insert((Instant::now() + pause.mul_f64(0.75 + fastrand::f64() / 2.0), name));
            }
        }
    }

    /// When something is due next.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// Does what is due.
    pub(crate) fn overdue(&mut self) -> Vec<wire::Events> {
        let mut messages = Vec::new();
        while self.timers.first().is_some_and(|(due, _)| *due <= Instant::now()) {
            let Some((_, name)) = self.timers.pop_first() else { break };
            match self.kept.get(&name).map(|known| (&known.task, known.failures)) {
                Some((Task::Waiting, failures)) => {
                    if let Some(known) = self.kept.remove(&name) {
                        self.start(name, known.subscription, failures);
                    }
                }
                Some((Task::Running(_), _)) => messages.extend(self.send(&name)),
                Some((Task::Done, _)) | None => {}
            }
        }
        messages
    }

    fn start(&mut self, name: Name, subscription: wire::Subscription, failures: u32) {
        self.last_id += 1;
        let number = self.last_id;
        let settings = subscription.settings.iter().map(|setting| (setting.name.clone(), setting.value.clone()));
        let settings: BTreeMap<_, _> = settings.collect();
        if self.is_viewed {
            let told = Told { generation: subscription.generation, settings: settings.clone() };
            Arc::make_mut(&mut self.view).insert(name.clone(), Arc::new(told));
        }
        let handed = Subscription {
            name: name.clone(),
            watch: number,
            settings,
            cursor: subscription.cursor.clone(),
            engine: self.submit.clone(),
        };
        let (trigger, of) = (Arc::clone(&self.trigger), name.clone());
        let task = self.tasks.spawn(async move { (of, number, trigger.watch(handed).await) });
        let watch = Watch { subscription, number, task: Task::Running(task), pending: None, failures };
        self.kept.insert(name, watch);
    }

    fn drop_watch(&mut self, name: &Name) {
        if self.is_viewed {
            Arc::make_mut(&mut self.view).remove(name);
        }
        if let Some(Watch { task: Task::Running(task), .. }) = self.kept.remove(name) {
            task.abort();
        }
    }
}
