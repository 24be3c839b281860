//! What keeps a command from nodes that don't know it yet (see [`gofer_domain::logic`]).

use gofer_domain::{NodeId, Rejection, State, logic};
use gofer_store::Outcome;

use crate::commands::Encoded;
use crate::error::ProposeError;

/// Which commands of a call may be proposed. The others are answered here, and their answers are not recorded: the same
/// request passes once the cluster is upgraded.
#[derive(Debug, Default)]
pub struct Gate {
    /// Empty: all pass.
    verdicts: Vec<Result<(), Rejection>>,
}

impl Gate {
    /// Looks at commands; `members` are those of the cluster, registered or not.
    pub(crate) fn new(state: &State, members: &[NodeId], commands: &[Encoded]) -> Self {
        // The state machine does not know of a member that never registered.
        let stranger = members.iter().find(|member| !state.nodes.contains_key(member));
        let check = |command: &Encoded| match (command.command().logic_version(), stranger) {
            (needed @ 2.., Some(stranger)) => {
                Err(logic::unknown(&format!("member {stranger}, which has not registered yet,"), 0, needed))
            }
            _ => logic::check(state, command.command()),
        };
        Self { verdicts: commands.iter().map(check).collect() }
    }

    /// Whether every command may pass.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.verdicts.iter().all(Result::is_ok)
    }

    /// The commands that may pass, in order.
    #[must_use]
    pub fn passing(&self, commands: &[Encoded]) -> Vec<Encoded> {
        let pairs = commands.iter().zip(&self.verdicts);
        pairs.filter(|(_, verdict)| verdict.is_ok()).map(|(command, _)| command.clone()).collect()
    }

    /// The outcomes of all commands, in order, given those of the ones that passed.
    ///
    /// # Errors
    /// `Unknown` when one of those is missing.
    pub fn merge(self, passed: Vec<Outcome>) -> Result<Vec<Outcome>, ProposeError> {
        let mut passed = passed.into_iter();
        let merged = self.verdicts.into_iter().map(|verdict| match verdict {
            Ok(()) => passed.next().ok_or_else(|| ProposeError::Unknown("an outcome is missing".into())),
            Err(rejection) => Ok(Outcome::Rejected(rejection)),
        });
        merged.collect()
    }
}
