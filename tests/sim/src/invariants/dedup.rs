//! Claim: a request has one effect and one answer, however often it is sent. Source: the recorded answers. Check: all
//! answers to a request are equal, and all events of a request have the same cause.

use std::collections::BTreeMap;

use gofer_domain::RequestId;
use gofer_store::Outcome;

use super::Invariant;
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Dedup {
    answers: BTreeMap<RequestId, Outcome>,
    causes: BTreeMap<RequestId, u64>,
}

impl Invariant for Dedup {
    fn name(&self) -> &'static str {
        "one-effect"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Answered { request, outcome } => {
                let first = self.answers.entry(*request).or_insert_with(|| outcome.clone());
                if first != outcome {
                    return Err(format!("request {request} was answered {first:?}, then {outcome:?}"));
                }
            }
            Fact::Recorded { revision, cause, request, .. } => {
                let first = *self.causes.entry(*request).or_insert(*cause);
                if first != *cause {
                    return Err(format!("request {request} took effect at revision {first} and again at {revision}"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
