//! Claim: a linearizable read shows all that was acknowledged, and all that another one had shown, before it began.
//! Source: the read index. Check: revisions of answers and reads, in the order of the clients' time.

use std::collections::BTreeMap;

use gofer_store::Outcome;

use super::Invariant;
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Reads {
    /// What a read that begins now has to show.
    floor: u64,
    begun: BTreeMap<u64, u64>,
}

impl Invariant for Reads {
    fn name(&self) -> &'static str {
        "reads-never-go-back"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Answered { outcome: Outcome::Accepted { revision, .. }, .. } => {
                self.floor = self.floor.max(revision.0);
            }
            Fact::ReadBegun { read } => drop(self.begun.insert(*read, self.floor)),
            Fact::ReadDone { read, node, revision, linearizable } => {
                let floor = self.begun.remove(read).unwrap_or(0);
                if *linearizable {
                    self.floor = self.floor.max(*revision);
                    if *revision < floor {
                        return Err(format!("a read on node {node} saw revision {revision}, {floor} was known before"));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}
