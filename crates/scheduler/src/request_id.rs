//! Idempotency keys of the leader's decisions: functions of the decision, so that one repeated is taken once.

use gofer_domain::{Command, RequestId, Revision};
use sha2::{Digest as _, Sha256};

/// The id of a decision made from the state at `revision`, by any leader.
///
/// A refusal is recorded under its id, so whoever decides the same again after one counts up `refusals`.
pub(crate) fn of(command: &Command, revision: Revision, refusals: u64) -> RequestId {
    let subject = match command {
        Command::AssignAttempt { attempt, node, driver } => format!("assign {attempt} {node} {}", driver.name()),
        Command::AdvanceTask { task } => format!("advance task {task}"),
        Command::TimeOutTask { task } => format!("time out task {task}"),
        Command::TimeOutRun { run } => format!("time out run {run}"),
        Command::TimeOutAttempt { attempt } => format!("time out attempt {attempt}"),
        Command::DeclareNodeLost { node, incarnation } => format!("lost {node} {incarnation}"),
        Command::SettleSlots { schedule, settlement } => format!("settle {schedule} {settlement:?}"),
        other => format!("{other:?}"),
    };
    let digest = Sha256::digest(format!("gofer scheduler/{revision}/{refusals}/{subject}"));
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    RequestId(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gofer_domain::NodeId;

    #[test]
    fn the_same_decision_has_the_same_id() {
        let lost = |incarnation| Command::DeclareNodeLost { node: NodeId(1), incarnation };
        let id = of(&lost(1), Revision(5), 0);
        assert_eq!(id, of(&lost(1), Revision(5), 0));
        assert_ne!(id, of(&lost(2), Revision(5), 0));
        assert_ne!(id, of(&lost(1), Revision(6), 0));
        assert_ne!(id, of(&lost(1), Revision(5), 1));
    }
}
