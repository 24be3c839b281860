//! Events that subscriptions take, and what becomes of each.
//!
//! What an event is worth is decided outside: expressions are text to this crate. Whoever has looked at an event says under
//! which key it is known, and whether it starts a run. The same event may come twice, as its sender, or the one who passes
//! it on, may not know whether the first time was enough: an event whose key was taken is a duplicate and starts nothing.
//! The keys of the newest events are in the views, not in the state.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::ids::{Revision, RunKey};
use crate::limits::{EVENT_KEY_BYTES_MAX, EVENT_KEYS_REMEMBERED};
use crate::rejection::{Reason, Rejection};
use crate::run::RunOptions;
use crate::subscription::SubscriptionKey;
use crate::time::Timestamp;

/// What tells an event of a subscription from all others of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(Arc<str>);

impl EventKey {
    /// Checks and wraps a key: 1 to 256 bytes of text without control characters.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        let invalid = |why: String| {
            let short: String = text.chars().take(80).collect();
            Rejection::new(Reason::InvalidArgument, format!("event key {short:?}: {why}"))
                .field("key")
                .help(format!("use 1 to {EVENT_KEY_BYTES_MAX} bytes of text; make a digest of what is longer"))
        };
        if text.is_empty() {
            return Err(invalid("it is empty".into()));
        }
        if text.len() > EVENT_KEY_BYTES_MAX {
            return Err(invalid(format!("it is {} bytes long, the limit is {EVENT_KEY_BYTES_MAX}", text.len())));
        }
        if text.contains(|c: char| c.is_control()) {
            return Err(invalid("it holds a control character".into()));
        }
        Ok(Self(text.into()))
    }

    /// The key of an event of the cluster's own log.
    #[must_use]
    pub fn of_revision(revision: Revision) -> Self {
        Self(revision.to_string().into())
    }

    /// The key of that a run lasts long, or did: there is one for each run, whoever finds out, and when.
    #[must_use]
    pub fn of_long_run(run: &RunKey) -> Self {
        Self(format!("long:{run}").into())
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What becomes of an event: one of these, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventOutcome {
    /// It started this run of the subscription's pipeline.
    Fired { run: u64 },
    /// The filter does not let it through.
    Filtered,
    /// It is not what the expressions need.
    Malformed { message: String },
    /// No run could be started for it.
    Refused { reason: Reason, message: String },
}

/// Events of a trigger for a subscription, as whoever looked at them says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intake {
    /// Generation of the subscription that they were held against.
    pub generation: Revision,
    /// None: the cursor stays where it is, wherever that is.
    pub cursor: Option<CursorMove>,
    /// In order.
    pub events: Vec<IncomingEvent>,
}

/// From where to where a cursor moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorMove {
    /// None: it was nowhere yet.
    pub from: Option<Arc<[u8]>>,
    pub to: Arc<[u8]>,
}

/// An event that is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingEvent {
    pub key: EventKey,
    /// When it happened, as the trigger says.
    pub occurred_at: Timestamp,
    pub verdict: EventVerdict,
}

/// What filter and expressions have made of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventVerdict {
    Fire(Box<Firing>),
    /// The filter does not let it through.
    Filtered,
    /// It is not what the expressions need, in words.
    Malformed(String),
}

impl EventVerdict {
    /// Bytes of its texts; a command has [so many](crate::limits::TAKEN_BYTES_MAX) at most.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Fire(firing) => {
                let pairs = firing.variables.iter().chain(&firing.labels);
                firing.note.len() + pairs.map(|(name, value)| name.len() + value.len()).sum::<usize>()
            }
            Self::Filtered => 0,
            Self::Malformed(message) => message.len(),
        }
    }
}

/// What a run is given by its event, over what the subscription gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firing {
    pub variables: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    /// Empty: the subscription's.
    pub note: String,
}

impl Firing {
    /// What a run is started with: what the subscription says, and over it what its event says.
    #[must_use]
    pub fn over(&self, options: &RunOptions) -> RunOptions {
        let mut options = options.clone();
        options.variables.extend(self.variables.clone());
        options.labels.extend(self.labels.clone());
        if !self.note.is_empty() {
            options.note.clone_from(&self.note);
        }
        options
    }
}

/// An event of the cluster's own log that the leader found a subscription to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowedEvent {
    pub subscription: SubscriptionKey,
    /// Generation of the subscription that it was held against.
    pub generation: Revision,
    /// The event. Of what was found out without one, the newest that was looked at.
    pub revision: Revision,
    /// Set if it is told that the run of the cause lasts long, or did, which counts once a run; else the event itself is told.
    pub is_long: bool,
    /// Its time.
    pub occurred_at: Timestamp,
    /// The run that it is about, or that brought it about.
    pub cause: Option<RunKey>,
    pub verdict: EventVerdict,
}

/// What has become of an event of an intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenEvent {
    pub key: EventKey,
    pub occurred_at: Timestamp,
    /// Of a duplicate that of the first.
    pub outcome: EventOutcome,
    /// Of a duplicate the number of the first; none: it is the first, and the subscription's next.
    pub duplicate_of: Option<u64>,
}

/// What an intake answers about an event. Messages are left out: answers are kept for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFate {
    pub kind: FateKind,
    /// Whether it was taken before; then the rest says what became of it then.
    pub is_duplicate: bool,
}

/// As [`EventOutcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FateKind {
    Fired { run: u64 },
    Filtered,
    Malformed,
    Refused(Reason),
}

impl TakenEvent {
    /// In the form of an answer.
    #[must_use]
    pub fn fate(&self) -> EventFate {
        let kind = match self.outcome {
            EventOutcome::Fired { run } => FateKind::Fired { run },
            EventOutcome::Filtered => FateKind::Filtered,
            EventOutcome::Malformed { .. } => FateKind::Malformed,
            EventOutcome::Refused { reason, .. } => FateKind::Refused(reason),
        };
        EventFate { kind, is_duplicate: self.duplicate_of.is_some() }
    }
}

/// Number of the event whose key is forgotten when the one of this number is taken.
#[must_use]
pub fn forgotten(number: u64) -> Option<u64> {
    number.checked_sub(EVENT_KEYS_REMEMBERED).filter(|number| *number > 0)
}

/// Numbers for the events of an intake, from that of its first new one on; a duplicate has none of its own.
pub fn numbered(first: u64, taken: &[TakenEvent]) -> impl Iterator<Item = (u64, &TakenEvent)> {
    let new = taken.iter().filter(|event| event.duplicate_of.is_none());
    (0..).map(move |place: u64| first.saturating_add(place)).zip(new)
}
