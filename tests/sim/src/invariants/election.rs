//! Claim: in each term one node leads, at most. Source: Raft's election safety. Check: whoever takes itself for the
//! leader of a term is the only one that ever did.

use std::collections::BTreeMap;

use gofer_domain::NodeId;

use super::Invariant;
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Election(BTreeMap<u64, NodeId>);

impl Invariant for Election {
    fn name(&self) -> &'static str {
        "election-safety"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        let Fact::Leads { node, term } = fact else { return Ok(()) };
        let first = *self.0.entry(*term).or_insert(*node);
        if first == *node {
            return Ok(());
        }
        Err(format!("nodes {first} and {node} both led in term {term}"))
    }
}
