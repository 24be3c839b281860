//! Claim: an attempt that is recorded as succeeded, or as failed with an exit code, did end so. Source: exit codes count
//! only when the driver has them. Check: the recorded outcome against the container's end.

use std::collections::BTreeMap;

use gofer_domain::{AttemptKey, AttemptOutcome, Event};

use super::Invariant;
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Outcomes(BTreeMap<AttemptKey, Option<i32>>);

impl Invariant for Outcomes {
    fn name(&self) -> &'static str {
        "true-outcomes"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Ended { attempt, code, .. } => drop(self.0.insert(attempt.clone(), *code)),
            Fact::Recorded { event, .. } => {
                let Event::AttemptFinished { attempt, outcome, .. } = &**event else { return Ok(()) };
                let told = match outcome {
                    AttemptOutcome::Succeeded => Some(0),
                    AttemptOutcome::Failed { exit_code: Some(code), .. } => Some(*code),
                    _ => return Ok(()),
                };
                let was = self.0.get(attempt).copied();
                if was != Some(told) {
                    return Err(format!("{attempt} is recorded as ended with {told:?}, and it did with {was:?}"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
