//! Claim: what was acknowledged stays. Source: an entry counts once a majority has it on the disk. Check: an accepted
//! command's revision is among the recorded events when it is answered, and on every member in the end. (That a
//! recorded event is never replaced by another is `chain-heads`.)

use super::{End, Invariant};
use crate::history::Fact;
use gofer_store::Outcome;

#[derive(Default)]
pub(super) struct Acknowledged {
    recorded: u64,
    newest: u64,
}

impl Invariant for Acknowledged {
    fn name(&self) -> &'static str {
        "acknowledged-is-durable"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Recorded { revision, .. } => self.recorded = *revision,
            Fact::Answered { request, outcome: Outcome::Accepted { revision, .. } } => {
                self.newest = self.newest.max(revision.0);
                if revision.0 > self.recorded {
                    let recorded = self.recorded;
                    return Err(format!("request {request} was accepted at {revision}, events end at {recorded}"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, end: &End) -> Result<(), String> {
        let newest = self.newest.max(self.recorded);
        match end.nodes.iter().find(|(_, (revision, ..))| *revision < newest) {
            Some((node, (revision, ..))) => Err(format!("node {node} ends at revision {revision}, not at {newest}")),
            None => Ok(()),
        }
    }
}
