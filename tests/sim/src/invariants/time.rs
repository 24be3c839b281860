//! Claim: the time of events never goes back. Source: the leader's stamp, which is no older than any before it, even
//! those of other leaders. Check: times of events in the order of their revisions.

use gofer_domain::Timestamp;

use super::Invariant;
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Time(Timestamp);

impl Invariant for Time {
    fn name(&self) -> &'static str {
        "time-goes-on"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        let Fact::Recorded { revision, time, .. } = fact else { return Ok(()) };
        let before = std::mem::replace(&mut self.0, *time);
        if before <= *time {
            Ok(())
        } else {
            Err(format!("revision {revision} is of {time}, the one before of {before}"))
        }
    }
}
