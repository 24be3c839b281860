//! Claim: what becomes of an event is decided once. An acknowledged event of a key has one fate, whoever tells of it however
//! often; where a cursor is moved events come in order, and none is left out; and each event of the log that a subscription
//! asks for is taken by it, if it was enabled from then on. A run is started for exactly the events that say so, with what
//! they give it. Source: keys, cursors, and the one place up to which the log was followed. Check: subscriptions are followed
//! through the recorded events, what is due to them is told from their settings, and what plug-ins were answered is compared
//! with what is recorded; in the end, with the state of each node.

mod asked;

use std::collections::{BTreeMap, BTreeSet};

use gofer_domain::limits::CHAIN_DEPTH_MAX;
use gofer_domain::{
    BuiltIn, CursorMove, Event, EventFate, EventKey, EventOutcome, FateKind, Reason, RequestId, Revision, RunKey,
    State, SubscriptionEvent, SubscriptionKey, SubscriptionSpec, TakenEvent, TriggerName,
};

use super::{End, Invariant};
use crate::history::Fact;
use asked::{Happened, Log};

#[derive(Default)]
pub(super) struct Events {
    log: Log,
    /// Plug-ins that are installed, and whether they are enabled.
    triggers: BTreeMap<TriggerName, bool>,
    subscriptions: BTreeMap<SubscriptionKey, Known>,
    /// All that there ever were, by the revision that made them.
    made: BTreeSet<(SubscriptionKey, u64)>,
    /// What those have taken.
    records: BTreeMap<(SubscriptionKey, u64, EventKey), Record>,
    /// Up to where the log was followed.
    followed: Option<u64>,
    /// The command whose events are being seen.
    command: Command,
    /// Runs that must be created, with what they are given.
    told: BTreeMap<RunKey, Start>,
    depths: BTreeMap<RunKey, u32>,
}

/// A subscription as it stands.
struct Known {
    spec: SubscriptionSpec,
    made: u64,
    generation: u64,
    enabled: bool,
    /// Events of the log up to this one are none of its.
    since: u64,
    cursor: u64,
    taken: u64,
    fired: u64,
    /// Events of the log that it has asked for ever since they happened, and their revisions.
    due: BTreeMap<EventKey, u64>,
}

/// What has become of an event.
struct Record {
    number: u64,
    outcome: EventOutcome,
    request: RequestId,
    revision: u64,
}

#[derive(Default)]
struct Command {
    cause: u64,
    /// Up to where the log was followed before it.
    from: Option<u64>,
    /// What it has to bring, since it passes by.
    owed: BTreeMap<(SubscriptionKey, EventKey), u64>,
}

#[derive(Debug, PartialEq, Eq)]
struct Start {
    event: Option<SubscriptionEvent>,
    depth: u32,
}

/// An event as it was recorded.
struct Recorded<'a> {
    revision: u64,
    cause: u64,
    time: u64,
    request: RequestId,
    event: &'a Event,
}

/// What the log says of events that were taken.
#[derive(Clone, Copy)]
struct Intake<'a> {
    subscription: &'a SubscriptionKey,
    generation: &'a Revision,
    cursor: Option<&'a CursorMove>,
    first: u64,
    taken: &'a [TakenEvent],
}

impl Events {
    fn recorded(&mut self, seen: &Recorded<'_>) -> Result<(), String> {
        if seen.cause != self.command.cause {
            self.complete()?;
            self.command = Command { cause: seen.cause, from: self.followed, owed: BTreeMap::new() };
        }
        match seen.event {
            Event::TriggerInstalled { trigger, .. } | Event::TriggerEnabled { trigger } => {
                self.triggers.insert(trigger.clone(), true);
            }
            Event::TriggerDisabled { trigger } => drop(self.triggers.insert(trigger.clone(), false)),
            Event::TriggerUninstalled { trigger } => drop(self.triggers.remove(trigger)),
            Event::EventsFollowed { from, to } => self.passed(from.0, to.0)?,
            Event::EventsTaken { subscription, generation, cursor, first, taken, .. } => {
                let cursor = cursor.as_ref();
                self.taken(seen, &Intake { subscription, generation, cursor, first: *first, taken })?;
            }
            Event::RunCreated { .. } => self.created(seen.event)?,
            _ => self.subscribed(seen.revision, seen.event)?,
        }
        let Some(happened) = self.log.see(seen.revision, seen.time, seen.event)? else { return Ok(()) };
        for (key, known) in &mut self.subscriptions {
            let is_new = |event: &EventKey| !self.records.contains_key(&(key.clone(), known.made, event.clone()));
            let due: Vec<_> = known.asks(happened).into_iter().filter(is_new).collect();
            known.due.extend(due.into_iter().map(|event| (event, happened.revision)));
        }
        Ok(())
    }

    /// A command has brought all that it had to.
    fn complete(&self) -> Result<(), String> {
        match self.command.owed.first_key_value() {
            Some(((subscription, event), revision)) => {
                let cause = self.command.cause;
                Err(format!("{subscription} has not taken {event} of revision {revision}, which {cause} passes by"))
            }
            None => Ok(()),
        }
    }

    fn subscribed(&mut self, revision: u64, event: &Event) -> Result<(), String> {
        if let Event::SubscriptionCreated { subscription, spec, enabled } = event {
            let known = Known {
                spec: (**spec).clone(),
                made: revision,
                generation: revision,
                enabled: *enabled,
                since: revision,
                cursor: 0,
                taken: 0,
                fired: 0,
                due: BTreeMap::new(),
            };
            if known.is_of_log() {
                self.followed.get_or_insert(revision);
            }
            self.made.insert((subscription.clone(), revision));
            self.subscriptions.insert(subscription.clone(), known);
        } else if let Event::SubscriptionDeleted { subscription } = event {
            self.subscriptions.remove(subscription);
            if !self.subscriptions.values().any(Known::is_of_log) {
                self.followed = None;
            }
        } else if let Event::SubscriptionUpdated { subscription, spec } = event {
            let Self { log, subscriptions, .. } = self;
            let known = subscriptions.get_mut(subscription).ok_or_else(|| format!("there is no {subscription}"))?;
            (known.spec, known.generation) = ((**spec).clone(), revision);
            // It may have been looked at in vain meanwhile, so only what was asked for all the time is due.
            let mut due = std::mem::take(&mut known.due);
            due.retain(|event, at| log.at(*at).is_some_and(|happened| known.asks(happened).contains(event)));
            known.due = due;
        } else if let Event::SubscriptionEnabled { subscription } = event {
            let known = self.known(subscription)?;
            (known.enabled, known.since) = (true, revision);
        } else if let Event::SubscriptionDisabled { subscription } = event {
            let known = self.known(subscription)?;
            known.enabled = false;
            known.due.clear();
        }
        Ok(())
    }

    fn known(&mut self, key: &SubscriptionKey) -> Result<&mut Known, String> {
        self.subscriptions.get_mut(key).ok_or_else(|| format!("there is no subscription {key}"))
    }

    /// The log was looked at up to a revision.
    fn passed(&mut self, from: u64, to: u64) -> Result<(), String> {
        if self.followed != Some(from) || to <= from || to >= self.command.cause {
            let (followed, cause) = (self.followed, self.command.cause);
            return Err(format!("{cause} goes on from {from} to {to}, and the log is followed up to {followed:?}"));
        }
        self.followed = Some(to);
        for (key, known) in &self.subscriptions {
            let passed = known.due.iter().filter(|(_, revision)| **revision <= to);
            let owed = passed.map(|(event, revision)| ((key.clone(), event.clone()), *revision));
            self.command.owed.extend(owed);
        }
        Ok(())
    }

    fn taken(&mut self, seen: &Recorded<'_>, intake: &Intake<'_>) -> Result<(), String> {
        let Intake { subscription, generation, cursor, first, taken } = *intake;
        let known = self.known(subscription)?;
        let (made, is_of_log, trigger) = (known.made, known.is_of_log(), known.spec.trigger.clone());
        let fits = known.enabled && known.generation == generation.0 && known.taken + 1 == first;
        let can_take = is_of_log || self.triggers.get(&trigger) == Some(&true);
        if !fits || !can_take {
            return Err(format!("{subscription} takes events now, at generation {generation} and from number {first}"));
        }
        if let Some(cursor) = cursor {
            self.moved(subscription, cursor, taken)?;
        }
        for event in taken {
            let id = (subscription.clone(), made, event.key.clone());
            let (TakenEvent { key, outcome, duplicate_of, .. }, record) = (event, self.records.get(&id));
            match (duplicate_of, record) {
                (Some(number), Some(record)) if record.number == *number && record.outcome == *outcome => {}
                (None, None) => {
                    let number = self.first_taken(subscription, event)?;
                    let (outcome, request, revision) = (outcome.clone(), seen.request, seen.revision);
                    self.records.insert(id, Record { number, outcome, request, revision });
                }
                (_, record) => {
                    let before = record.map(|record| (record.number, &record.outcome));
                    return Err(format!("{subscription} takes {key} as {event:?}, and before it was {before:?}"));
                }
            }
            self.command.owed.remove(&(subscription.clone(), event.key.clone()));
            self.known(subscription)?.due.remove(&event.key);
        }
        Ok(())
    }

    /// A cursor moves over as many events as there are, in order.
    fn moved(&mut self, key: &SubscriptionKey, cursor: &CursorMove, taken: &[TakenEvent]) -> Result<(), String> {
        let position = |place: &[u8]| std::str::from_utf8(place).ok().and_then(|text| text.parse::<u64>().ok());
        let (from, to) = (cursor.from.as_deref().map_or(Some(0), position), position(&cursor.to));
        let known = self.known(key)?;
        let (Some(from), Some(to)) = (from, to) else { return Err(format!("{key} moves its cursor: {cursor:?}")) };
        let events = taken.iter().map(|event| event.duplicate_of.is_none().then(|| number(&event.key)));
        if from != known.cursor || !events.eq((from + 1..=to).map(Some)) {
            let at = known.cursor;
            return Err(format!("{key} moves its cursor from {at}: {cursor:?}, with {taken:?}"));
        }
        known.cursor = to;
        Ok(())
    }

    /// An event is taken for the first time. Returns its number.
    fn first_taken(&mut self, key: &SubscriptionKey, event: &TakenEvent) -> Result<u64, String> {
        let known = self.subscriptions.get(key).ok_or_else(|| format!("there is no subscription {key}"))?;
        let (passes, depth) = match known.is_of_log() {
            true => self.found(known, event)?,
            false => (passes(&known.spec.filter, number(&event.key)), 0),
        };
        let fits = match &event.outcome {
            EventOutcome::Filtered => !passes,
            EventOutcome::Fired { .. } => passes && depth <= CHAIN_DEPTH_MAX,
            EventOutcome::Refused { reason: Reason::FailedPrecondition, .. } => passes && depth > CHAIN_DEPTH_MAX,
            EventOutcome::Refused { reason, .. } => passes && *reason == Reason::OverlapForbidden,
            EventOutcome::Malformed { .. } => false,
        };
        if !fits {
            return Err(format!("{event:?} of {key} passes: {passes}, and its run would be of depth {depth}"));
        }
        let known = self.known(key)?;
        known.taken += 1;
        let number = known.taken;
        if let EventOutcome::Fired { run } = event.outcome {
            known.fired += 1;
            let of = SubscriptionEvent { subscription: key.name.clone(), event: event.key.clone() };
            self.told.insert(RunKey { pipeline: key.pipeline.clone(), run }, Start { event: Some(of), depth });
        }
        Ok(number)
    }

    /// An event of the log is one that the subscription asks for: whether its filter lets it pass, and how deep its run is.
    fn found(&self, known: &Known, event: &TakenEvent) -> Result<(bool, u32), String> {
        let wrong = |why: &str| format!("{event:?} is taken, but {why}");
        let run = match event.key.as_str().strip_prefix("long:") {
            Some(_) => {
                let run = self.depths.keys().find(|run| EventKey::of_long_run(run) == event.key);
                let run = run.ok_or_else(|| wrong("there is no such run"))?;
                let started = self.log.started(run).ok_or_else(|| wrong("it has not begun"))?;
                let limit = asked::longer_than(&known.spec).filter(|_| asked::is_of(&known.spec, run));
                if limit.is_none_or(|limit| event.occurred_at.0 < started + limit) {
                    return Err(wrong("it is not that long"));
                }
                Some(run)
            }
            None => {
                let revision = event.key.as_str().parse::<u64>().unwrap_or_default();
                let happened = self.log.at(revision).ok_or_else(|| wrong("nothing of that kind happened"))?;
                if Some(revision) <= self.command.from || revision <= known.since {
                    return Err(wrong("that is over"));
                }
                if !happened.is_asked(&known.spec) || happened.time != event.occurred_at.0 {
                    return Err(wrong("it is not asked for"));
                }
                happened.run()
            }
        };
        let depth = run.map_or(0, |run| self.depths.get(run).copied().unwrap_or_default() + 1);
        Ok((run.is_none_or(|run| passes(&known.spec.filter, run.run)), depth))
    }

    fn created(&mut self, event: &Event) -> Result<(), String> {
        let Event::RunCreated { run, options, retry_of, subscription, depth, .. } = event else { return Ok(()) };
        let again = retry_of.map(|of| RunKey { pipeline: run.pipeline.clone(), run: of });
        let again = again.and_then(|of| self.depths.get(&of).copied()).unwrap_or_default();
        let expected = self.told.remove(run).unwrap_or(Start { event: None, depth: again });
        let found = Start { event: subscription.clone(), depth: *depth };
        if expected != found {
            return Err(format!("run {run} is {found:?}, expected was {expected:?}"));
        }
        if let Some(SubscriptionEvent { event, .. }) = subscription
            && options.variables.get("KEY").map(String::as_str) != Some(event.as_str())
        {
            return Err(format!("run {run} for {event} was given {:?}", options.variables));
        }
        self.depths.insert(run.clone(), *depth);
        Ok(())
    }

    /// A plug-in was told what has become of its events.
    fn acknowledged(
        &self,
        request: RequestId,
        subscription: &SubscriptionKey,
        revision: u64,
        fates: &[(EventKey, EventFate)],
    ) -> Result<(), String> {
        let made = self.made.range((subscription.clone(), 0)..=(subscription.clone(), revision)).next_back();
        let Some((_, made)) = made else { return Err(format!("{subscription} was not there at {revision}")) };
        for (key, fate) in fates {
            let record = self.records.get(&(subscription.clone(), *made, key.clone()));
            let Some(record) = record.filter(|record| record.revision <= revision) else {
                return Err(format!(
                    "request {request} was told {fate:?} of {key}, and {subscription} has not taken it"
                ));
            };
            let kind = match &record.outcome {
                EventOutcome::Fired { run } => FateKind::Fired { run: *run },
                EventOutcome::Filtered => FateKind::Filtered,
                EventOutcome::Malformed { .. } => FateKind::Malformed,
                EventOutcome::Refused { reason, .. } => FateKind::Refused(*reason),
            };
            let expected = EventFate { kind, is_duplicate: record.request != request };
            if expected != *fate {
                return Err(format!("request {request} was told {fate:?} of {key}, and it is {expected:?}"));
            }
        }
        Ok(())
    }

    /// Whether a state is what its log tells.
    fn is_state(&self, state: &State) -> bool {
        let is_same = |(key, known): (&SubscriptionKey, &Known)| {
            state.subscriptions.get(key).is_some_and(|found| {
                let cursor = found.cursor.as_deref().unwrap_or(b"0");
                (found.generation.0, found.since.0, found.enabled) == (known.generation, known.since, known.enabled)
                    && (found.taken, found.fired, cursor)
                        == (known.taken, known.fired, known.cursor.to_string().as_bytes())
            })
        };
        state.subscriptions.count() == self.subscriptions.len()
            && state.followed.map(|followed| followed.0) == self.followed
            && self.subscriptions.iter().all(is_same)
    }
}

impl Known {
    fn is_of_log(&self) -> bool {
        BuiltIn::of(&self.spec.trigger).is_some()
    }

    /// Under which keys something is to be taken.
    fn asks(&self, happened: &Happened) -> Vec<EventKey> {
        if !self.enabled || self.since >= happened.revision {
            return Vec::new();
        }
        let long = happened.run().filter(|_| happened.was_long(&self.spec)).map(EventKey::of_long_run);
        let own = happened.is_asked(&self.spec).then(|| EventKey::of_revision(Revision(happened.revision)));
        long.into_iter().chain(own).collect()
    }
}

/// The number that a plug-in has put in a key.
fn number(key: &EventKey) -> u64 {
    let digits = key.as_str().trim_start_matches(['c', 'e']).split('-').next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// Whether a filter lets an event pass, or one about a run.
fn passes(filter: &str, number: u64) -> bool {
    match filter {
        "odd" => !number.is_multiple_of(2),
        "even" | "payload.run % 2 == 0" => number.is_multiple_of(2),
        "false" => false,
        _ => true,
    }
}

impl Invariant for Events {
    fn name(&self) -> &'static str {
        "events-once"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Recorded { revision, cause, time, request, event, .. } => {
                let (revision, cause, request) = (*revision, *cause, *request);
                self.recorded(&Recorded { revision, cause, time: time.0, request, event })
            }
            Fact::Acknowledged { request, subscription, revision, fates } => {
                self.acknowledged(*request, subscription, revision.0, fates)
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, end: &End) -> Result<(), String> {
        self.complete()?;
        if let Some((run, start)) = self.told.first_key_value() {
            return Err(format!("run {run} for {start:?} was never created"));
        }
        let due = self.subscriptions.iter().find_map(|(key, known)| Some((key, known.due.first_key_value()?)));
        if let Some((key, (event, revision))) = due {
            return Err(format!("{key} has never taken {event} of revision {revision}"));
        }
        match end.nodes.iter().find(|(_, (.., state))| !self.is_state(state)) {
            Some((node, _)) => Err(format!("node {node} has other subscriptions than its log tells")),
            None => Ok(()),
        }
    }
}
