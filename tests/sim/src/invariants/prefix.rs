//! Claim: all nodes apply the same entries at the same indexes, and a process never goes back. Source: Raft's log
//! matching and state machine safety. Check: what follows from the entries up to an index, which is a revision and the
//! hash of its event, is the same wherever and whenever it is seen.

use std::collections::BTreeMap;

use gofer_domain::NodeId;

use super::Invariant;
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Prefix {
    reached: BTreeMap<u64, (u64, [u8; 32], NodeId)>,
    newest: BTreeMap<(NodeId, u64), u64>,
}

impl Invariant for Prefix {
    fn name(&self) -> &'static str {
        "same-entries"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        let Fact::Applied { node, life, index, revision, head } = fact else { return Ok(()) };
        let newest = self.newest.entry((*node, *life)).or_default();
        if *index < *newest {
            return Err(format!("node {node} went back from entry {newest} to {index}"));
        }
        *newest = *index;
        let (known, hash, first) = *self.reached.entry(*index).or_insert((*revision, *head, *node));
        if (known, hash) == (*revision, *head) {
            return Ok(());
        }
        Err(format!("after entry {index}, node {first} was at revision {known} and node {node} is at {revision}"))
    }
}
