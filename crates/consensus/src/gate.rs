//! What keeps a command from nodes that don't know it yet (see [`gofer_domain::logic`]).

use gofer_domain::{NodeId, State, logic};

use crate::commands::Encoded;
use crate::error::ProposeError;

/// Whether every member of the cluster, registered or not, is known to understand these commands.
///
/// # Errors
/// `Unsupported`, which is no answer to the command: that would have to stay the same for ever, and the same request
/// passes once the cluster is upgraded.
pub(crate) fn check(state: &State, members: &[NodeId], commands: &[Encoded]) -> Result<(), ProposeError> {
    // The state machine does not know of a member that never registered.
    let stranger = members.iter().find(|member| !state.nodes.contains_key(member));
    for command in commands.iter().map(Encoded::command) {
        let verdict = match (command.logic_version(), stranger) {
            (needed @ 2.., Some(stranger)) => {
                Err(logic::unknown(&format!("member {stranger}, which has not registered yet,"), 0, needed))
            }
            _ => logic::check(state, command),
        };
        verdict.map_err(|refusal| ProposeError::Unsupported(format!("{} ({})", refusal.message, refusal.help)))?;
    }
    Ok(())
}
