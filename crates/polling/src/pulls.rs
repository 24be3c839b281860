//! A look at the pull requests of a repository, for the trigger `github`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gofer_domain::Timestamp;
use gofer_git::pulls::{Change, Cursor, Limits, Memory, Seen};
use gofer_git::{Fault, pulls};
use gofer_triggers::{Pulls, TriggerEvent, pull_event};
use tokio::time::Instant;
use tracing::info;

use crate::agenda::Due;
use crate::look::Looked;
use crate::poller::Parts;
use crate::tell::{Changes, take, tell};

/// Services that want to be left alone, and by whom: their limits are those of a token, which several subscriptions may use.
#[derive(Debug, Default)]
pub(crate) struct Rests(Mutex<BTreeMap<[u8; 32], Instant>>);

impl Rests {
    /// How long somebody must not ask yet.
    fn left(&self, account: &[u8; 32], now: Instant) -> Option<Duration> {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(account).copied()?;
        Some(until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    fn note(&self, account: [u8; 32], until: Instant, now: Instant) {
        let mut rests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rests.retain(|_, until| *until > now);
        let known = rests.entry(account).or_insert(until);
        *known = until.max(*known);
    }
}

/// Looks at the pull requests of a subscription; what to remember for the next look.
pub(crate) async fn look(parts: &Parts, due: &Due) -> Result<(Looked, Option<Memory>), String> {
    let asked = Pulls::of(&due.spec).map_err(|rejection| rejection.message)?;
    let patterns = asked.patterns().map_err(|fault| fault.to_string())?;
    let mut repository = asked.repository;
    if let Some(token) = parts.token(due, asked.token.as_ref()).await? {
        repository = repository.with_token(&token).map_err(|fault| fault.to_string())?;
    }
    let (account, name) = (repository.account(), repository.full_name());
    if let Some(wait) = parts.rests.left(&account, Instant::now()) {
        let why = "the limit of requests is used up, maybe by another subscription".to_owned();
        return Ok((Looked::Rests { why, wait }, None));
    }
    let before = due.cursor.as_deref().and_then(|bytes| Cursor::decode(bytes).ok());
    let memory = due.memory.clone();
    let asking = tokio::task::spawn_blocking(move || {
        pulls::look(&repository, &patterns, before.as_ref(), memory.as_deref(), &Limits::default())
    });
    let now = Instant::now;
    let seen = match asking.await.map_err(|error| error.to_string())? {
        Ok(seen) => seen,
        Err(Fault::Busy { message, wait }) => {
            parts.rests.note(account, now() + wait, now());
            return Ok((Looked::Rests { why: message, wait }, None));
        }
        Err(fault) => return Err(fault.to_string()),
    };
    if let Some(wait) = seen.rest {
        let seconds = wait.as_secs();
        info!(subscription = %due.key, seconds, "the limit of requests is used up; it is looked again after that");
        parts.rests.note(account, now() + wait, now());
    }
    told(parts, due, &name, seen).await
}

async fn told(parts: &Parts, due: &Due, name: &str, seen: Seen) -> Result<(Looked, Option<Memory>), String> {
    let Seen { changes, cursor, memory, rest: _ } = seen;
    let Some(changes) = changes else {
        return Ok(match take(parts, due, Vec::new(), due.cursor.clone(), cursor.encode()).await? {
            Ok(()) => (Looked::Began, memory),
            Err(why) => (Looked::NotTaken(why), None),
        });
    };
    if changes.is_empty() && due.cursor.as_deref() == Some(&cursor.encode()) {
        return Ok((Looked::Nothing, memory));
    }
    let looked = tell(parts, due, &Found { name, changes, cursor }).await?;
    let memory = memory.filter(|_| matches!(looked, Looked::Told { .. }));
    Ok((looked, memory))
}

/// Pull requests that were opened, pushed to or closed.
struct Found<'l> {
    name: &'l str,
    changes: Vec<Change>,
    /// Has all of them in it.
    cursor: Cursor,
}

impl Changes for Found<'_> {
    fn count(&self) -> usize {
        self.changes.len()
    }

    fn event(&self, place: usize, number: u64, at: Timestamp) -> Result<TriggerEvent, String> {
        let change = self.changes.get(place).ok_or("there is no such change")?;
        pull_event(change, self.name, number, at).map_err(|rejection| rejection.message)
    }

    fn cursor(&self, told: usize) -> Result<Vec<u8>, String> {
        Ok(self.cursor.without(self.changes.get(told..).unwrap_or_default()).encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_rests_for_whom_it_wants_to() {
        let rests = Rests::default();
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        rests.note([1; 32], now + 10 * second, now);
        rests.note([1; 32], now + 5 * second, now);
        assert_eq!(rests.left(&[1; 32], now), Some(10 * second), "the longer one counts");
        assert_eq!(rests.left(&[2; 32], now), None);
        assert_eq!(rests.left(&[1; 32], now + 10 * second), None);
        rests.note([2; 32], now + 20 * second, now + 11 * second);
        assert_eq!(rests.0.lock().unwrap().len(), 1, "what is over is forgotten");
    }
}
