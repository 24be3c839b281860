//! One look at a repository: what has changed since the cursor, told to the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use gofer_consensus::Proposal;
use gofer_domain::limits::TAKEN_EVENTS_MAX;
use gofer_domain::{Actor, Command, CursorMove, EventKey, IncomingEvent, Intake, RequestId, Timestamp};
use gofer_git::{Change, Cursor, Kind, Limits, Patterns, Remote};
use gofer_store::Outcome;
use gofer_triggers::{Judge, Repository, TriggerEvent};
use serde_json::json;
use zeroize::Zeroizing;

use crate::agenda::Due;
use crate::poller::Parts;

/// Longest part of a reference that a key has, in bytes.
const REFERENCE_BYTES_MAX: usize = 180;

/// What a look has brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    Nothing,
    /// What is there was noted, and counts for nothing: it was there before.
    Began,
    Told {
        changes: usize,
    },
    /// The cursor is elsewhere by now, or the subscription is another.
    NotTaken(String),
    Failed(String),
}

type References = BTreeMap<String, String>;

/// Looks at the repository of a subscription.
pub(crate) async fn look(parts: &Parts, due: &Due) -> Looked {
    match changed(parts, due).await {
        Ok(looked) => looked,
        Err(why) => Looked::Failed(why),
    }
}

async fn changed(parts: &Parts, due: &Due) -> Result<Looked, String> {
    let repository = Repository::of(&due.spec).map_err(|rejection| rejection.message)?;
    let token = match &repository.secret {
        None => None,
        Some(name) => Some(parts.secrets.read(&due.key.pipeline, name).await?),
    };
    let patterns =
        Patterns::new(repository.branches.iter().map(String::as_str), repository.tags.iter().map(String::as_str));
    let patterns = patterns.map_err(|fault| fault.to_string())?;
    let (url, user) = (repository.url.clone(), repository.user.clone());
    let asking = tokio::task::spawn_blocking(move || ask(&url, &user, token.as_ref()));
    let now = asking.await.map_err(|error| error.to_string())?.map_err(|fault| fault.to_string())?;
    let seen = Cursor::of(&now, &patterns).map_err(|fault| fault.to_string())?;
    // One of other patterns would take for new what only was not looked at.
    let before = due.cursor.as_deref().and_then(|bytes| Cursor::decode(bytes).ok());
    let Some(before) = before.filter(|before| before.is_for(&patterns)) else {
        return Ok(match take(parts, due, Vec::new(), due.cursor.clone(), seen.encode()).await? {
            Ok(_) => Looked::Began,
            Err(why) => Looked::NotTaken(why),
        });
    };
    if before == seen {
        return Ok(Looked::Nothing);
    }
    tell(parts, due, &repository.url, before.changes(&now, &patterns), &now, &patterns).await
}

fn ask(url: &str, user: &str, token: Option<&Zeroizing<Vec<u8>>>) -> Result<References, gofer_git::Fault> {
    let mut remote = Remote::new(url, false)?;
    if let Some(token) = token {
        let token = Zeroizing::new(String::from_utf8_lossy(token).trim_end().to_owned());
        remote = remote.with_token(Some(user), &token)?;
    }
    gofer_git::references(&remote, &Limits::default())
}

/// Tells of changes, so many at a time as one command takes; the cursor is at what is told of each time.
async fn tell(
    parts: &Parts,
    due: &Due,
    url: &str,
    changes: Vec<Change>,
    now: &References,
    patterns: &Patterns,
) -> Result<Looked, String> {
    let judge = Judge::new(&due.spec).map_err(|rejection| rejection.message)?;
    let at = Timestamp(parts.raft.host().unix_ms());
    let mut cursor = due.cursor.clone();
    let count = changes.len();
    let mut told = 0;
    loop {
        let (some, rest) = changes
            .get(told..)
            .unwrap_or_default()
            .split_at_checked(TAKEN_EVENTS_MAX)
            .unwrap_or((changes.get(told..).unwrap_or_default(), &[]));
        let seen = Cursor::of(&without(now, rest), patterns).map_err(|fault| fault.to_string())?.encode();
        let events = some.iter().zip(told..).map(|(change, place)| {
            let number = due.taken.saturating_add(u64::try_from(place).unwrap_or(u64::MAX)).saturating_add(1);
            event(change, url, number, at).map(|event| judge.incoming(&event))
        });
        let events = events.collect::<Result<Vec<IncomingEvent>, String>>()?;
        if let Err(why) = take(parts, due, events, cursor, seen.clone()).await? {
            return Ok(Looked::NotTaken(why));
        }
        told += some.len();
        cursor = Some(seen.into());
        if rest.is_empty() {
            return Ok(Looked::Told { changes: count });
        }
    }
}

/// What would be there without these changes, as far as a cursor knows it.
fn without(now: &References, changes: &[Change]) -> References {
    let mut then = now.clone();
    for change in changes {
        match &change.old {
            Some(old) => then.insert(change.reference.clone(), old.clone()),
            None => then.remove(&change.reference),
        };
    }
    then
}

/// A change as an event. Its key has a number, as a branch may come back to where it was.
fn event(change: &Change, url: &str, number: u64, at: Timestamp) -> Result<TriggerEvent, String> {
    let Change { reference, kind, old, new } = change;
    let commit = new.as_deref().unwrap_or_default();
    let short = reference.get(..reference.floor_char_boundary(REFERENCE_BYTES_MAX)).unwrap_or_default();
    let key = EventKey::new(&format!("{number} {short} {commit}")).map_err(|rejection| rejection.message)?;
    let name = reference.splitn(3, '/').nth(2).unwrap_or_default();
    let (kind, branch, tag) = match kind {
        Kind::Branch => ("push", Some(name), None),
        Kind::Tag => ("tag", None, Some(name)),
    };
    let mut git = json!({ "repository": url, "ref": reference, "commit": commit, "is_new": old.is_none() });
    if let Some(members) = git.as_object_mut() {
        let known = [("branch", branch), ("tag", tag), ("before", old.as_deref())];
        members.extend(known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    }
    Ok(TriggerEvent { key, kind: kind.to_owned(), occurred_at: at, payload: json!({ "git": git }) })
}

/// Has events taken together with the cursor's move. The inner error says that somebody else was first.
async fn take(
    parts: &Parts,
    due: &Due,
    events: Vec<IncomingEvent>,
    from: Option<Arc<[u8]>>,
    to: Vec<u8>,
) -> Result<Result<(), String>, String> {
    let cursor = Some(CursorMove { from, to: to.into() });
    let intake = Box::new(Intake { generation: due.generation, cursor, events });
    let command = Command::TakeEvents { subscription: due.key.clone(), intake };
    let request_id = RequestId(uuid::Uuid::new_v4().into_bytes());
    let proposal = Proposal { request_id, actor: Actor("git".to_owned()), command };
    // What became of it when nobody answers, the next look finds out: by the cursor.
    let outcomes = parts.propose.propose(vec![proposal]).await.map_err(|error| error.to_string())?;
    match outcomes.into_iter().next() {
        Some(Outcome::Accepted { .. }) => Ok(Ok(())),
        Some(Outcome::Rejected(rejection)) => Ok(Err(rejection.message)),
        None => Err("the answer is empty".to_owned()),
    }
}

#[cfg(test)]
mod tests;
