//! Clients that give pipelines subscriptions, change them and take them away, and plug-ins that tell of events. What has no
//! answer is told again, under another request id and through other nodes, as gateways and plug-ins do: keys and cursors
//! alone keep it from counting twice.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use gofer_consensus::{Proposal, ProposeError};
use gofer_domain::{
    Actor, Answer, Command, CursorMove, EventKey, EventVerdict, Firing, IncomingEvent, Intake, RequestId, RunOptions,
    Subscription, SubscriptionKey, SubscriptionName, SubscriptionSpec, Timestamp, TriggerName, TriggerSpec,
};
use gofer_rng::Rng;
use gofer_store::Outcome;
use tokio::time::sleep;

use crate::client::Client;
use crate::history::Fact;
use crate::host::EPOCH_MS;
use crate::net::{Ask, Place, Reply, Sight};
use crate::workload;

/// The plug-in's name.
const TRIGGER: &str = "plugin";
/// Variable of a run that has the key of its event.
const VARIABLE: &str = "KEY";
/// How many events are told of once more in the end, by each plug-in.
const AGAIN: usize = 5;

/// What a subscription asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// Events of the plug-in, each with a key that tells it from all others.
    Keys,
    /// Events of the plug-in, by cursor: its keys tell nothing, as each try has others.
    Cursor,
    /// Runs of a pipeline.
    Runs,
    /// Any events of the log.
    Log,
    /// Any as well, to start nothing for them: what is followed is frequent then.
    Watch,
}

/// The subscriptions: of which pipeline, and to what. Pipelines whose runs are short, or wait, or replace one another.
const SUBSCRIPTIONS: [(u64, &str, Of); 8] = [
    (0, "keys", Of::Keys),
    (4, "keys", Of::Keys),
    (4, "cursor", Of::Cursor),
    (5, "cursor", Of::Cursor),
    (4, "runs", Of::Runs),
    (5, "runs", Of::Runs),
    (4, "log", Of::Log),
    (0, "watch", Of::Watch),
];

/// Kinds of events of the log: those that are rare enough for each to start a run, and what plug-ins have taken.
const KINDS: [&str; 4] =
    ["node_registered,node_lost", "run_annotated,run_stop_requested", "subscription_updated", "events_taken"];

/// What the pipelines' ends, or beginnings, are to be like.
const CONDITIONS: [&[(&str, &str)]; 7] = [
    &[],
    &[("on", "failed,cancelled")],
    &[("on", "started")],
    &[("on", "recovered,failed"), ("in-a-row", "2")],
    &[("rate", "50%/4")],
    &[("longer-than", "3s")],
    &[("on", "succeeded"), ("in-a-row", "2"), ("rate", "34%/3"), ("longer-than", "2s")],
];

/// The events with keys of their own.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// Number of the newest.
    newest: u64,
    /// Those for which there was an answer.
    acknowledged: Vec<(SubscriptionKey, EventKey)>,
}

/// Events that a plug-in tells of.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    request: RequestId,
    actor: Actor,
    pub(crate) subscription: SubscriptionKey,
    cursor: Option<(u64, u64)>,
    events: Vec<EventKey>,
}

impl Telling {
    /// What the gateway of a node makes of it that knows the subscription so.
    pub(crate) fn proposal(&self, known: &Subscription) -> Proposal {
        let place = |position: u64| -> Arc<[u8]> { position.to_string().into_bytes().into() };
        let cursor = self.cursor.map(|(from, to)| CursorMove { from: (from > 0).then(|| place(from)), to: place(to) });
        let incoming = |key: &EventKey| IncomingEvent {
            key: key.clone(),
            occurred_at: Timestamp(EPOCH_MS),
            verdict: verdict(&known.spec.filter, key),
        };
        let events = self.events.iter().map(incoming).collect();
        let intake = Box::new(Intake { generation: known.generation, cursor, events });
        let command = Command::TakeEvents { subscription: self.subscription.clone(), intake };
        Proposal { request_id: self.request, actor: self.actor.clone(), command }
    }
}

/// A filter of one word is enough here.
fn verdict(filter: &str, key: &EventKey) -> EventVerdict {
    let is_even = number(key).is_multiple_of(2);
    if (filter == "odd" && is_even) || (filter == "even" && !is_even) {
        return EventVerdict::Filtered;
    }
    let variables = BTreeMap::from([(VARIABLE.to_owned(), key.to_string())]);
    EventVerdict::Fire(Box::new(Firing { variables, ..Firing::default() }))
}

/// The number in a key: it begins with a letter, and may go on after a dash.
fn number(key: &EventKey) -> u64 {
    let digits = key.as_str().get(1..).and_then(|rest| rest.split('-').next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Taken,
    /// The cursor is not where it was thought to be.
    Elsewhere,
    /// The subscription is gone, or takes nothing now.
    Refused,
}

impl Client {
    /// Keeps subscriptions, as others may, and leaves those that there are in the end as they are: they must have taken all by
    /// then.
    pub(crate) async fn keep_subscriptions(mut self) {
        self.commit(install()).await;
        for (pipeline, name, of) in SUBSCRIPTIONS {
            let create = create(&mut self.rng, key(pipeline, name), of);
            self.commit(create).await;
        }
        while !self.shared.closing.load(Ordering::Relaxed) {
            let (breaks, mends) = commands(&mut self.rng);
            for command in [Some(breaks), mends].into_iter().flatten() {
                self.commit(command).await;
                let pause = self.rng.range(50, 1500);
                sleep(Duration::from_millis(pause)).await;
            }
        }
        self.shared.busy.fetch_sub(1, Ordering::Relaxed);
    }

    /// Is a plug-in, which tells of events. Another one may tell of the same.
    pub(crate) async fn tell(mut self) {
        // Up to where it believes the cursors to be.
        let mut cursors = BTreeMap::new();
        while !self.shared.closing.load(Ordering::Relaxed) {
            match SUBSCRIPTIONS[self.rng.below(4)] {
                (pipeline, name, Of::Keys) => self.tell_keys(&key(pipeline, name)).await,
                (pipeline, name, _) => self.tell_next(&key(pipeline, name), &mut cursors).await,
            }
            let pause = self.rng.range(50, 1500);
            sleep(Duration::from_millis(pause)).await;
        }
        for _ in 0..AGAIN {
            if let Some((subscription, key)) = self.acknowledged() {
                self.tell_until_known(&subscription, None, &[key]).await;
            }
        }
        self.shared.busy.fetch_sub(1, Ordering::Relaxed);
    }

    /// Tells of events by key: mostly new ones, also such that somebody may have told of before.
    async fn tell_keys(&mut self, subscription: &SubscriptionKey) {
        if self.rng.chance(250)
            && let Some((subscription, key)) = self.acknowledged()
        {
            self.tell_until_known(&subscription, None, &[key]).await;
            return;
        }
        let mut numbers = Vec::new();
        for _ in 0..self.rng.range(1, 3) {
            let is_new = self.rng.chance(800);
            let mut stream = self.shared.stream.lock().unwrap_or_else(PoisonError::into_inner);
            stream.newest += u64::from(is_new);
            let number = if is_new { stream.newest } else { self.rng.range(1, stream.newest) };
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        let keys: Vec<EventKey> = numbers.into_iter().map(|number| event(&format!("e{number}"))).collect();
        if self.tell_until_known(subscription, None, &keys).await == Said::Taken {
            let mut stream = self.shared.stream.lock().unwrap_or_else(PoisonError::into_inner);
            stream.acknowledged.extend(keys.into_iter().map(|key| (subscription.clone(), key)));
        }
    }

    /// Tells of what follows on the cursor.
    async fn tell_next(&mut self, subscription: &SubscriptionKey, cursors: &mut BTreeMap<SubscriptionKey, u64>) {
        let from = cursors.get(subscription).copied().unwrap_or_default();
        let to = from + self.rng.range(1, 3);
        let (teller, chance) = (self.number, self.rng.range(0, 999_999));
        let keys: Vec<EventKey> =
            (from + 1..=to).map(|position| event(&format!("c{position}-{teller}-{chance}"))).collect();
        match self.tell_until_known(subscription, Some((from, to)), &keys).await {
            Said::Taken => drop(cursors.insert(subscription.clone(), to)),
            Said::Refused => {}
            Said::Elsewhere => {
                if let Some(Sight::Cursor(cursor)) = self.look(Place::Cursor(subscription.clone())).await {
                    let position = cursor.and_then(|cursor| std::str::from_utf8(&cursor).ok()?.parse().ok());
                    cursors.insert(subscription.clone(), position.unwrap_or_default());
                }
            }
        }
    }

    fn acknowledged(&mut self) -> Option<(SubscriptionKey, EventKey)> {
        let stream = self.shared.stream.lock().unwrap_or_else(PoisonError::into_inner);
        self.rng.pick(&stream.acknowledged).cloned()
    }

    /// Tells of events until somebody says what has become of them.
    async fn tell_until_known(
        &mut self,
        subscription: &SubscriptionKey,
        cursor: Option<(u64, u64)>,
        events: &[EventKey],
    ) -> Said {
        loop {
            let telling = Telling {
                request: RequestId(self.rng.bytes()),
                actor: Actor(format!("trigger:{TRIGGER}/{}", self.number)),
                subscription: subscription.clone(),
                cursor,
                events: events.to_vec(),
            };
            if let Some(said) = self.tell_once(telling).await {
                return said;
            }
            let pause = self.rng.range(20, 400);
            sleep(Duration::from_millis(pause)).await;
        }
    }

    /// None: nobody knows, or it has to be held against something else.
    async fn tell_once(&mut self, telling: Telling) -> Option<Said> {
        let node = self.node();
        let patience = Duration::from_millis(self.rng.range(1000, 6000));
        // Some turn to another node before this one has given up.
        let own = Duration::from_millis(self.rng.range(800, 7000));
        let ask = Ask::Take { telling: Box::new(telling.clone()), patience };
        let outcomes = match self.shared.endpoint.ask(node, ask, own).await? {
            Reply::Outcomes(Ok(outcomes)) => outcomes,
            Reply::Outcomes(Err(ProposeError::Precondition(_))) => return Some(Said::Refused),
            _ => return None,
        };
        let Some(outcome) = outcomes.into_iter().next() else { return Some(Said::Refused) };
        self.shared.history.tell(Fact::Answered { request: telling.request, outcome: outcome.clone() });
        match outcome {
            Outcome::Accepted { revision, answer: Answer::Events(fates) } => {
                let Telling { request, subscription, events, .. } = telling;
                let fates = events.into_iter().zip(fates).collect();
                self.shared.history.tell(Fact::Acknowledged { request, subscription, revision, fates });
                Some(Said::Taken)
            }
            Outcome::Rejected(rejection) if rejection.field == "generation" => None,
            Outcome::Rejected(rejection) if rejection.field == "cursor" => Some(Said::Elsewhere),
            Outcome::Accepted { .. } | Outcome::Rejected(_) => Some(Said::Refused),
        }
    }
}

fn event(key: &str) -> EventKey {
    workload::id(EventKey::new(key))
}

fn key(pipeline: u64, name: &str) -> SubscriptionKey {
    SubscriptionKey { pipeline: workload::key(pipeline), name: workload::id(SubscriptionName::new(name)) }
}

fn trigger(name: &str) -> TriggerName {
    workload::id(TriggerName::new(name))
}

fn install() -> Command {
    let spec = TriggerSpec { description: String::new(), token_digest: Some([7; 32]), launch: None };
    Command::InstallTrigger { trigger: trigger(TRIGGER), spec: Arc::new(spec) }
}

/// Something about a subscription, or the plug-in, and what makes good for it; now and then it is refused.
fn commands(rng: &mut Rng) -> (Command, Option<Command>) {
    let (pipeline, name, of) = SUBSCRIPTIONS[rng.below(SUBSCRIPTIONS.len())];
    let subscription = key(pipeline, name);
    match rng.range(0, 19) {
        0..11 => {
            let spec = Arc::new(spec(rng, of));
            (Command::UpdateSubscription { subscription, spec, generation: None }, None)
        }
        11..15 => {
            let set = |enabled| Command::SetSubscriptionEnabled { subscription: subscription.clone(), enabled };
            (set(false), Some(set(true)))
        }
        15..18 => {
            let create = create(rng, subscription.clone(), of);
            (Command::DeleteSubscription { subscription }, Some(create))
        }
        18 => {
            let set = |enabled| Command::SetTriggerEnabled { trigger: trigger(TRIGGER), enabled };
            (set(false), Some(set(true)))
        }
        _ => (Command::UninstallTrigger { trigger: trigger(TRIGGER) }, Some(install())),
    }
}

fn create(rng: &mut Rng, subscription: SubscriptionKey, of: Of) -> Command {
    Command::CreateSubscription { subscription, spec: Arc::new(spec(rng, of)), enabled: rng.chance(900) }
}

fn spec(rng: &mut Rng, of: Of) -> SubscriptionSpec {
    let mut settings = BTreeMap::new();
    let (trigger, filter) = match of {
        Of::Keys | Of::Cursor => (trigger(TRIGGER), ["", "", "odd", "even"][rng.below(4)]),
        Of::Runs => {
            let source = workload::key(rng.next() % workload::count()).pipeline;
            settings.insert("pipeline".to_owned(), source.to_string());
            let conditions = CONDITIONS[rng.below(CONDITIONS.len())].iter();
            settings.extend(conditions.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            (trigger("pipeline"), if rng.chance(250) { "payload.run % 2 == 0" } else { "" })
        }
        Of::Log => {
            settings.insert("kinds".to_owned(), KINDS[rng.below(KINDS.len())].to_owned());
            (trigger("event"), "")
        }
        Of::Watch => {
            settings.insert("kinds".to_owned(), "task_finished".to_owned());
            (trigger("event"), "false")
        }
    };
    SubscriptionSpec {
        description: format!("of {}", rng.range(0, 9)),
        trigger,
        settings,
        filter: filter.to_owned(),
        variables: BTreeMap::from([(VARIABLE.to_owned(), "event.key".to_owned())]),
        options: RunOptions::default(),
    }
}
