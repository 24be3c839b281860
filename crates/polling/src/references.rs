//! A look at the branches and tags of a repository, for the trigger `git`.

use std::collections::BTreeMap;

use gofer_domain::{EventKey, Timestamp};
use gofer_git::{Change, Cursor, Kind, Limits, Patterns, Remote};
use gofer_triggers::{Repository, TriggerEvent};
use serde_json::json;

use crate::agenda::Due;
use crate::look::Looked;
use crate::poller::Parts;
use crate::tell::{Changes, take, tell};

/// Longest part of a reference that a key has, in bytes.
const REFERENCE_BYTES_MAX: usize = 180;

type References = BTreeMap<String, String>;

/// Looks at the repository of a subscription.
pub(crate) async fn look(parts: &Parts, due: &Due) -> Result<Looked, String> {
    let repository = Repository::of(&due.spec).map_err(|rejection| rejection.message)?;
    let token = parts.token(due, repository.secret.as_ref()).await?;
    let patterns =
        Patterns::new(repository.branches.iter().map(String::as_str), repository.tags.iter().map(String::as_str));
    let patterns = patterns.map_err(|fault| fault.to_string())?;
    let (url, user) = (repository.url.clone(), repository.user.clone());
    let asking = tokio::task::spawn_blocking(move || ask(&url, &user, token.as_deref().map(String::as_str)));
    let now = asking.await.map_err(|error| error.to_string())?.map_err(|fault| fault.to_string())?;
    let seen = Cursor::of(&now, &patterns).map_err(|fault| fault.to_string())?;
    // One of other patterns would take for new what only was not looked at.
    let before = due.cursor.as_deref().and_then(|bytes| Cursor::decode(bytes).ok());
    let Some(before) = before.filter(|before| before.is_for(&patterns)) else {
        return Ok(match take(parts, due, Vec::new(), due.cursor.clone(), seen.encode()).await? {
            Ok(()) => Looked::Began,
            Err(why) => Looked::NotTaken(why),
        });
    };
    if before == seen {
        return Ok(Looked::Nothing);
    }
    let changes = before.changes(&now, &patterns);
    tell(parts, due, &Moved { url: &repository.url, changes, now: &now, patterns: &patterns }).await
}

fn ask(url: &str, user: &str, token: Option<&str>) -> Result<References, gofer_git::Fault> {
    let mut remote = Remote::new(url, false)?;
    if let Some(token) = token {
        remote = remote.with_token(Some(user), token)?;
    }
    gofer_git::references(&remote, &Limits::default())
}

/// Branches and tags that are new or have moved.
struct Moved<'l> {
    url: &'l str,
    changes: Vec<Change>,
    now: &'l References,
    patterns: &'l Patterns,
}

impl Changes for Moved<'_> {
    fn count(&self) -> usize {
        self.changes.len()
    }

    fn event(&self, place: usize, number: u64, at: Timestamp) -> Result<TriggerEvent, String> {
        let change = self.changes.get(place).ok_or("there is no such change")?;
        event(change, self.url, number, at)
    }

    fn cursor(&self, told: usize) -> Result<Vec<u8>, String> {
        let then = without(self.now, self.changes.get(told..).unwrap_or_default());
        Ok(Cursor::of(&then, self.patterns).map_err(|fault| fault.to_string())?.encode())
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

#[cfg(test)]
mod tests;
