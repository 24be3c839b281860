//! Events on their way to a subscription: held against what that says, and taken by the log, once.

use gofer_consensus::{Proposal, ProposeError};
use gofer_domain::{
    Actor, Answer, Command, CursorMove, EventFate, EventKey, EventVerdict, Intake, Rejection, RequestId, Revision,
    Subscription, SubscriptionKey,
};
use gofer_store::Outcome;
use gofer_triggers::{Judge, TriggerEvent};
use tokio::time::Instant;

use crate::errors::{self, Fault};
use crate::server::Parts;

/// How often an event is held against its subscription anew because that was changed meanwhile.
const TRIES: u8 = 4;
/// Field of the rejection of an intake that was made for another generation.
const GENERATION: &str = "generation";

/// What has become of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub key: EventKey,
    pub fate: EventFate,
    /// Why it is malformed, if it is and was not known before.
    pub message: String,
    pub revision: Revision,
}

/// Why events were not taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    Rejected(Rejection),
    Unanswered(ProposeError, RequestId),
}

impl From<NotTaken> for Fault {
    fn from(error: NotTaken) -> Self {
        match error {
            NotTaken::Rejected(rejection) => errors::rejected(&rejection),
            NotTaken::Unanswered(error, request_id) => errors::unanswered(&error, Some(request_id)),
        }
    }
}

/// Has what was judged taken by a subscription.
pub(crate) async fn propose(
    parts: &Parts,
    subscription: &SubscriptionKey,
    intake: Intake,
    actor: Actor,
    deadline: Instant,
) -> Result<(Revision, Vec<EventFate>), NotTaken> {
    let request_id = RequestId(uuid::Uuid::new_v4().into_bytes());
    let count = intake.events.len();
    let command = Command::TakeEvents { subscription: subscription.clone(), intake: Box::new(intake) };
    let outcomes = parts.cluster.propose_until(vec![Proposal { request_id, actor, command }], deadline).await;
    let outcome = outcomes.map_err(|error| NotTaken::Unanswered(error, request_id))?.into_iter().next();
    match outcome {
        Some(Outcome::Accepted { revision, answer: Answer::Events(fates) }) if fates.len() == count => {
            Ok((revision, fates))
        }
        Some(Outcome::Rejected(rejection)) => Err(NotTaken::Rejected(rejection)),
        Some(Outcome::Accepted { .. }) | None => {
            let nothing = ProposeError::Unknown("the answer does not say what became of the events".into());
            Err(NotTaken::Unanswered(nothing, request_id))
        }
    }
}

/// Has one event taken, whatever the subscription says by then.
pub(crate) async fn take(
    parts: &Parts,
    key: &SubscriptionKey,
    mut subscription: Subscription,
    actor: Actor,
    event: &TriggerEvent,
    deadline: Instant,
) -> Result<Taken, Fault> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        let judge = Judge::new(&subscription.spec).map_err(|rejection| errors::rejected(&rejection))?;
        let incoming = judge.incoming(event);
        let message = match &incoming.verdict {
            EventVerdict::Malformed(message) => message.clone(),
            EventVerdict::Fire(_) | EventVerdict::Filtered => String::new(),
        };
        let intake = Intake { generation: subscription.generation, cursor: None, events: vec![incoming] };
        match propose(parts, key, intake, actor.clone(), deadline).await {
            Ok((revision, fates)) => {
                let fate = fates.first().copied().ok_or_else(lost)?;
                return Ok(Taken { key: event.key.clone(), fate, message, revision });
            }
            Err(NotTaken::Rejected(rejection)) if rejection.field == GENERATION && tries > 0 => {
                let reached = parts.cluster.read_barrier(deadline).await;
                reached.map_err(|error| errors::unanswered(&error, None))?;
                let now = parts.store.read(|state| state.subscriptions.get(key).cloned());
                subscription = now.ok_or_else(|| errors::rejected(&rejection))?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn lost() -> Fault {
    errors::unanswered(&ProposeError::Unknown("the answer is empty".into()), None)
}

/// A cursor's move, from the parts of messages.
pub(crate) fn cursor_move(from: Option<Vec<u8>>, to: Vec<u8>) -> CursorMove {
    CursorMove { from: from.map(Into::into), to: to.into() }
}
