//! Claim: two nodes that hold a revision hold the same events up to it. Source: the hash chain of the event log. Check:
//! a node's head at a revision is the hash of the event that was first seen there.

use super::{End, Invariant};
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Chain(Vec<[u8; 32]>);

impl Invariant for Chain {
    fn name(&self) -> &'static str {
        "chain-heads"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Recorded { revision, hash, .. } => {
                self.0.push(*hash);
                let count = self.0.len() as u64;
                if count == *revision { Ok(()) } else { Err(format!("revision {revision} is event number {count}")) }
            }
            Fact::Applied { node, revision, head, .. } => {
                let known = usize::try_from(*revision).ok().and_then(|at| self.0.get(at.checked_sub(1)?));
                match known {
                    Some(hash) if hash != head => Err(format!("node {node} has another event at revision {revision}")),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// At the end, the nodes that are equally far have equal states, too.
    fn end(&mut self, end: &End) -> Result<(), String> {
        let Some((first, (revision, head, state))) = end.nodes.first_key_value() else { return Ok(()) };
        for (node, (other_revision, other_head, other)) in &end.nodes {
            if (other_revision, other_head) == (revision, head) && other != state {
                return Err(format!("the states of nodes {first} and {node} differ at revision {revision}"));
            }
        }
        Ok(())
    }
}
