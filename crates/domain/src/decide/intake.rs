//! What becomes of events that subscriptions take, decided once.
//!
//! An event whose key was taken is answered with what became of it then, whoever tells of it again. A cursor moves in the same
//! decision that starts the runs, from where it stands or not at all, so no event is left out between two intakes.

use std::collections::BTreeMap;

use super::create::NewRun;
use super::starts::Starts;
use super::subscription::find;
use super::{Context, Decision, Verdict, precondition};
use crate::event::{Answer, Event};
use crate::ids::{Revision, RunKey};
use crate::intake::{
    CursorMove, EventFate, EventKey, EventOutcome, EventVerdict, Firing, FollowedEvent, IncomingEvent, Intake,
    TakenEvent,
};
use crate::limits::{CHAIN_DEPTH_MAX, CURSOR_BYTES_MAX, EVENT_MESSAGE_BYTES_MAX, TAKEN_BYTES_MAX, TAKEN_EVENTS_MAX};
use crate::rejection::{Reason, Rejection};
use crate::state::Pipeline;
use crate::subscription::{Subscription, SubscriptionEvent, SubscriptionKey};
use crate::trigger::BuiltIn;

/// Takes events of a trigger.
pub(super) fn take(context: Context<'_>, key: &SubscriptionKey, intake: &Intake) -> Verdict {
    let known = find(context, key)?;
    let Intake { generation, cursor, events } = intake;
    check_size(events.iter().map(|event| event.key.as_str().len() + event.verdict.bytes()))?;
    check_current(context, key, known, *generation)?;
    if let Some(cursor) = cursor {
        check_cursor(key, known, cursor)?;
    }
    let mut taker = Taker::new(context);
    let wants = events.iter().map(|IncomingEvent { key, occurred_at, verdict }| Wanted {
        key: key.clone(),
        occurred_at: *occurred_at,
        verdict,
        depth: 0,
    });
    let cursor = cursor.as_ref().filter(|cursor| known.cursor.as_ref() != Some(&cursor.to)).cloned();
    let fates = taker.take(key, known, cursor, wants);
    Ok(Decision { events: taker.starts.into_events(), answer: Answer::Events(fates) })
}

/// Goes on through the log, and takes the events that were found to be asked for. What is about a subscription that is gone or
/// disabled is left out: others must not wait for it. If one says something else by now, all is refused, and the leader looks at
/// the log again: nobody else would hold the event against what it says now.
///
/// Events may lie beyond the place that the log is followed to with them: one that more subscriptions ask for than a command
/// takes needs several. Who looks at it again meanwhile tells of duplicates.
pub(super) fn follow(context: Context<'_>, from: Revision, to: Revision, events: &[FollowedEvent]) -> Verdict {
    check_followed(context, from, to)?;
    check_size(events.iter().map(|event| event.verdict.bytes()))?;
    let newest = context.state.revision;
    // That a run lasts long is found out without an event.
    let is_inside = |event: &FollowedEvent| (event.is_long || from < event.revision) && event.revision <= newest;
    let is_whole = |event: &FollowedEvent| !event.is_long || event.cause.is_some();
    if !events.iter().all(is_whole) {
        let message = "an event says that a run lasts long, and not which one";
        return Err(Rejection::new(Reason::InvalidArgument, message).field("events").help("name it as the cause"));
    }
    if !events.iter().all(is_inside) || !events.is_sorted_by_key(|event| event.revision) {
        let message = format!("the events are not in order, or not all after revision {from} and up to {newest}");
        return Err(Rejection::new(Reason::InvalidArgument, message).field("events").help("look at the log anew"));
    }
    if let Some(event) = events.iter().find(|event| is_changed(context, event)) {
        let message = format!("subscription {} was changed after the events were held against it", event.subscription);
        return Err(precondition(message).field("events").help("hold them against what it says now"));
    }
    let mut taker = Taker::new(context);
    if from < to {
        taker.starts.insert(0, Event::EventsFollowed { from, to });
    }
    let current: Vec<(&FollowedEvent, &Subscription)> =
        events.iter().filter_map(|event| Some((event, asking(context, event)?))).collect();
    for group in current.chunk_by(|(one, _), (next, _)| one.subscription == next.subscription) {
        let Some((FollowedEvent { subscription, .. }, known)) = group.first() else { continue };
        let wants = group.iter().map(|(event, _)| Wanted {
            key: key_of(event),
            occurred_at: event.occurred_at,
            verdict: &event.verdict,
            depth: depth_after(context, event.cause.as_ref()),
        });
        taker.take(subscription, known, None, wants);
    }
    Ok(Decision::done(taker.starts.into_events()))
}

/// The subscription that an event is for, if it was there when the event happened, and takes events.
fn asking<'a>(context: Context<'a>, event: &FollowedEvent) -> Option<&'a Subscription> {
    let known = context.state.subscriptions.get(&event.subscription)?;
    // A run that is long by now may have begun before anybody asked.
    let is_new = known.since < event.revision || event.is_long;
    (known.enabled && is_new && follows_the_log(known)).then_some(known)
}

/// Whether the subscription that an event is for is not as the leader saw it.
fn is_changed(context: Context<'_>, event: &FollowedEvent) -> bool {
    asking(context, event).is_some_and(|known| known.generation != event.generation)
}

fn key_of(event: &FollowedEvent) -> EventKey {
    let run = event.cause.as_ref().filter(|_| event.is_long);
    run.map_or_else(|| EventKey::of_revision(event.revision), EventKey::of_long_run)
}

fn follows_the_log(known: &Subscription) -> bool {
    BuiltIn::of(&known.spec.trigger).is_some_and(BuiltIn::follows_the_log)
}

/// The depth of a run that is started by an event of this one.
fn depth_after(context: Context<'_>, cause: Option<&RunKey>) -> u32 {
    let depth = |run: &RunKey| {
        let live = context.state.runs.get(run).map(|live| live.run.depth);
        live.or_else(|| context.history.depth(run))
    };
    cause.and_then(depth).map_or(0, |depth| depth.saturating_add(1))
}

fn check_followed(context: Context<'_>, from: Revision, to: Revision) -> Result<(), Rejection> {
    let refuse = |field: &str, message: String| {
        Err(precondition(message).field(field).help("nothing is lost; go on from where the log was followed to"))
    };
    match context.state.followed {
        None => return refuse("from", "no subscription asks for events of the log".into()),
        Some(followed) if followed != from => {
            return refuse("from", format!("the log is followed up to revision {followed}, not {from}"));
        }
        Some(_) => {}
    }
    if to < from {
        return refuse("to", format!("revision {to} is before {from}"));
    }
    if to > context.state.revision {
        return refuse("to", format!("the newest revision is {}, which is before {to}", context.state.revision));
    }
    Ok(())
}

/// An intake was made for the subscription as it is, and the subscription can take it.
fn check_current(
    context: Context<'_>,
    key: &SubscriptionKey,
    known: &Subscription,
    generation: Revision,
) -> Result<(), Rejection> {
    if known.generation != generation {
        let message = format!("subscription {key} is of generation {}, not {generation}", known.generation);
        return Err(precondition(message)
            .field("generation")
            .help("it was changed meanwhile; hold the events against what it says now"));
    }
    if !known.enabled {
        return Err(precondition(format!("subscription {key} is disabled"))
            .field("subscription")
            .help("enable it; its cursor stays where it is"));
    }
    if follows_the_log(known) {
        let message = format!("subscription {key} is to trigger {}, whose events are in the log", known.spec.trigger);
        return Err(precondition(message).field("trigger").help("they are taken by themselves"));
    }
    match context.state.broken(&known.spec) {
        None => Ok(()),
        Some(broken) => Err(precondition(format!("subscription {key} is broken: {broken}"))
            .field(broken.field())
            .help(broken.help())),
    }
}

fn check_cursor(key: &SubscriptionKey, known: &Subscription, cursor: &CursorMove) -> Result<(), Rejection> {
    if cursor.to.len() > CURSOR_BYTES_MAX {
        let message = format!("the cursor is {} bytes long, the limit is {CURSOR_BYTES_MAX}", cursor.to.len());
        return Err(Rejection::new(Reason::InvalidArgument, message)
            .field("cursor")
            .help("keep a shorter one, or a reference to it"));
    }
    if known.cursor != cursor.from {
        let message = format!("the cursor of subscription {key} is elsewhere");
        return Err(precondition(message)
            .field("cursor")
            .help("somebody has moved it meanwhile; read it, and go on from there"));
    }
    Ok(())
}

fn check_size(events: impl ExactSizeIterator<Item = usize>) -> Result<(), Rejection> {
    let invalid = |message| {
        Err(Rejection::new(Reason::InvalidArgument, message).field("events").help("take fewer events at a time"))
    };
    let count = events.len();
    if count > TAKEN_EVENTS_MAX {
        return invalid(format!("there are {count} events, the limit is {TAKEN_EVENTS_MAX}"));
    }
    let bytes: usize = events.sum();
    if bytes > TAKEN_BYTES_MAX {
        return invalid(format!("the texts of the events have {bytes} bytes, the limit is {TAKEN_BYTES_MAX}"));
    }
    Ok(())
}

/// An event to be taken.
struct Wanted<'a> {
    key: EventKey,
    occurred_at: crate::Timestamp,
    verdict: &'a EventVerdict,
    /// Of the run that it starts.
    depth: u32,
}

/// Takes events one after the other, each with what came before it in the same command.
struct Taker<'a> {
    context: Context<'a>,
    starts: Starts<'a>,
    /// What this command has taken.
    taken: BTreeMap<(SubscriptionKey, EventKey), (u64, EventOutcome)>,
    /// Numbers of the newest events, where they are others than in the state.
    newest: BTreeMap<SubscriptionKey, u64>,
}

impl<'a> Taker<'a> {
    fn new(context: Context<'a>) -> Self {
        Self { context, starts: Starts::new(context), taken: BTreeMap::new(), newest: BTreeMap::new() }
    }

    /// What becomes of events of a subscription, in order. Nothing is recorded if all were taken before and the cursor stays.
    fn take<'w>(
        &mut self,
        key: &SubscriptionKey,
        known: &Subscription,
        cursor: Option<CursorMove>,
        wants: impl Iterator<Item = Wanted<'w>>,
    ) -> Vec<EventFate> {
        let place = self.starts.count();
        let mut newest = self.newest.get(key).copied().unwrap_or(known.taken);
        let first = newest.saturating_add(1);
        let mut taken = Vec::new();
        for Wanted { key: event, occurred_at, verdict, depth } in wants {
            let id = (key.clone(), event.clone());
            let before = self.taken.get(&id).cloned();
            let before = before.or_else(|| self.context.history.taken(key, known.created, &event));
            let (duplicate_of, outcome) = match before {
                Some((number, outcome)) => (Some(number), outcome),
                None => {
                    newest = newest.saturating_add(1);
                    let outcome = self.decide(key, known, &event, verdict, depth);
                    self.taken.insert(id, (newest, outcome.clone()));
                    (None, outcome)
                }
            };
            taken.push(TakenEvent { key: event, occurred_at, outcome, duplicate_of });
        }
        self.newest.insert(key.clone(), newest);
        let fates = taken.iter().map(TakenEvent::fate).collect();
        if newest >= first || cursor.is_some() {
            let event = Event::EventsTaken {
                subscription: key.clone(),
                generation: known.generation,
                cursor,
                first,
                taken,
                from_log: follows_the_log(known),
            };
            self.starts.insert(place, event);
        }
        fates
    }

    fn decide(
        &mut self,
        key: &SubscriptionKey,
        known: &Subscription,
        event: &EventKey,
        verdict: &EventVerdict,
        depth: u32,
    ) -> EventOutcome {
        let firing = match verdict {
            EventVerdict::Fire(firing) => firing,
            EventVerdict::Filtered => return EventOutcome::Filtered,
            EventVerdict::Malformed(message) => return EventOutcome::Malformed { message: short(message) },
        };
        match self.start(key, known, event, firing, depth) {
            Ok(run) => EventOutcome::Fired { run },
            Err(Rejection { reason, message, .. }) => EventOutcome::Refused { reason, message: short(&message) },
        }
    }

    /// Starts a run like one that somebody asks for.
    fn start(
        &mut self,
        key: &SubscriptionKey,
        known: &Subscription,
        event: &EventKey,
        firing: &Firing,
        depth: u32,
    ) -> Result<u64, Rejection> {
        if depth > CHAIN_DEPTH_MAX {
            let message =
                format!("{depth} runs have started one another by their events, the limit is {CHAIN_DEPTH_MAX}");
            return Err(precondition(message));
        }
        let options = firing.over(&known.spec.options);
        super::create::check_options(&options)?;
        let subscription = Some(SubscriptionEvent { subscription: key.name.clone(), event: event.clone() });
        let new = |pipeline: &Pipeline| {
            let choice = pipeline.releases.choose();
            NewRun { subscription, depth, ..NewRun::of(choice, &options) }
        };
        self.starts.start(&key.pipeline, new)
    }
}

fn short(text: &str) -> String {
    text[..text.floor_char_boundary(EVENT_MESSAGE_BYTES_MAX)].to_owned()
}
