//! One look for a subscription: what has changed since its cursor, told to the log.

use std::time::Duration;

use gofer_domain::BuiltIn;
use gofer_git::pulls::Memory;

use crate::agenda::Due;
use crate::poller::Parts;
use crate::{pulls, references};

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
    /// Whoever is asked wants to be left alone for so long.
    Rests {
        why: String,
        wait: Duration,
    },
    Failed(String),
}

/// Looks at what a subscription is about; what is worth remembering until the next look.
pub(crate) async fn look(parts: &Parts, due: &Due) -> (Looked, Option<Memory>) {
    let looked = match BuiltIn::of(&due.spec.trigger) {
        Some(BuiltIn::Github) => pulls::look(parts, due).await,
        Some(_) | None => references::look(parts, due).await.map(|looked| (looked, None)),
    };
    looked.unwrap_or_else(|why| (Looked::Failed(why), None))
}
