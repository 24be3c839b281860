//! What a subscription makes of an event.

use std::collections::BTreeMap;

use gofer_domain::{EventKey, EventVerdict, Firing, IncomingEvent, Reason, Rejection, SubscriptionSpec, Timestamp};
use gofer_expressions::{Event, Outcome, Program};
use serde_json::Value;

/// Something that a trigger tells.
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerEvent {
    /// What it is known by.
    pub key: EventKey,
    /// What kind of event it is, in the words of its trigger.
    pub kind: String,
    pub occurred_at: Timestamp,
    pub payload: Value,
}

/// The expressions of a subscription, ready to judge.
#[derive(Clone, Debug)]
pub struct Judge(Program);

impl Judge {
    /// Reads the expressions.
    ///
    /// # Errors
    /// `InvalidArgument`, with the field `filter` or `expressions.NAME`.
    pub fn new(spec: &SubscriptionSpec) -> Result<Self, Rejection> {
        let expressions = spec.variables.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        Program::new(&spec.filter, expressions).map(Self).map_err(|fault| {
            Rejection::new(Reason::InvalidArgument, fault.message)
                .field(fault.field)
                .help("expressions are written in CEL, over `payload` and `event`; see docs/expressions.md")
        })
    }

    /// What becomes of an event, as far as expressions say.
    #[must_use]
    pub fn judge(&self, event: &TriggerEvent) -> EventVerdict {
        let TriggerEvent { key, kind, occurred_at, payload } = event;
        let unix_millis = i64::try_from(occurred_at.0).unwrap_or(i64::MAX);
        match self.0.judge(&Event { key: key.as_str(), kind, unix_millis, payload }) {
            Outcome::Fire(variables) => {
                EventVerdict::Fire(Box::new(Firing { variables, labels: BTreeMap::new(), note: String::new() }))
            }
            Outcome::Filtered => EventVerdict::Filtered,
            Outcome::Malformed(message) => EventVerdict::Malformed(message),
        }
    }

    /// The same, as it is told to the log.
    #[must_use]
    pub fn incoming(&self, event: &TriggerEvent) -> IncomingEvent {
        IncomingEvent { key: event.key.clone(), occurred_at: event.occurred_at, verdict: self.judge(event) }
    }
}

/// What a subscription makes of one event.
#[must_use]
pub fn judge(spec: &SubscriptionSpec, event: &TriggerEvent) -> EventVerdict {
    match Judge::new(spec) {
        Ok(judge) => judge.judge(event),
        // They were read when the subscription was made, by another release then.
        Err(rejection) => EventVerdict::Malformed(format!("its expressions can't be read: {}", rejection.message)),
    }
}
