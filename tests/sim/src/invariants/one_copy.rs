//! Claim: no two containers of a task run at the same time, on whatever nodes, and an attempt runs once. Source: leases,
//! and launch ids. Check: what runs, by true time.

use std::collections::{BTreeMap, BTreeSet};

use gofer_domain::{AttemptKey, NodeId, TaskKey};

use super::Invariant;
use crate::history::Fact;

#[derive(Default)]
pub(super) struct OneCopy {
    live: BTreeMap<TaskKey, (AttemptKey, NodeId)>,
    launched: BTreeSet<AttemptKey>,
}

impl Invariant for OneCopy {
    fn name(&self) -> &'static str {
        "one-live-copy"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Launched { node, attempt } => {
                if !self.launched.insert(attempt.clone()) {
                    return Err(format!("attempt {attempt} was launched a second time, on node {node}"));
                }
                if let Some((other, elsewhere)) = self.live.insert(attempt.task.clone(), (attempt.clone(), *node)) {
                    return Err(format!("{attempt} runs on node {node} while {other} runs on node {elsewhere}"));
                }
            }
            Fact::Ended { attempt, .. } if self.live.get(&attempt.task).is_some_and(|(live, _)| live == attempt) => {
                self.live.remove(&attempt.task);
            }
            _ => {}
        }
        Ok(())
    }
}
