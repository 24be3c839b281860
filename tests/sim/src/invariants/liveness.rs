//! Claim: once everything works again, every call is answered and every run ends. Source: retries, losses, time-outs.
//! Check: at the end of a long quiet time, by what is recorded.

use std::collections::BTreeSet;

use gofer_domain::{Event, RunKey};

use super::{End, Invariant};
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Liveness(BTreeSet<RunKey>);

impl Invariant for Liveness {
    fn name(&self) -> &'static str {
        "everything-ends"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        if let Fact::Recorded { event, .. } = fact {
            match &**event {
                Event::RunCreated { run, .. } => drop(self.0.insert(run.clone())),
                Event::RunFinished { run, .. } => drop(self.0.remove(run)),
                _ => {}
            }
        }
        Ok(())
    }

    fn end(&mut self, end: &End) -> Result<(), String> {
        if end.busy > 0 {
            return Err(format!("{} clients still wait for an answer", end.busy));
        }
        match self.0.first() {
            Some(run) => Err(format!("run {run} has not ended, nor have {} others", self.0.len() - 1)),
            None => Ok(()),
        }
    }
}
