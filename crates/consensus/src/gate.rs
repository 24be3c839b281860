//! What keeps a command from nodes that don't know it yet (see [`gofer_domain::logic`]), and nodes from registering that
//! are not members.

use gofer_domain::{Command, NodeId, State, logic};

use crate::commands::Encoded;
use crate::error::ProposeError;

/// Whether every member of the cluster, registered or not, is known to understand these commands.
///
/// # Errors
/// `Precondition`, which is no answer to the command: that would have to stay the same for ever, and the same request
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
        verdict.map_err(|refusal| ProposeError::Precondition(format!("{} ({})", refusal.message, refusal.help)))?;
    }
    Ok(())
}

/// Whether these commands register members only. A node that was removed while it runs asks again, as it does after a
/// loss: it would come back to the list, get attempts, and keep its name from the node that takes its place.
///
/// To be asked on the leader, whose own change of the members is in front of what it is asked after.
///
/// # Errors
/// `Precondition`: it passes once the node is a member.
pub(crate) fn check_registrations(members: &[NodeId], commands: &[Encoded]) -> Result<(), ProposeError> {
    let registered = commands.iter().filter_map(|command| match command.command() {
        Command::RegisterNode { node, .. } => Some(node),
        _ => None,
    });
    for node in registered {
        if !members.contains(node) {
            return Err(ProposeError::Precondition(format!(
                "node {node} is not a member of this cluster: it was removed, or has not joined \
                 (stop it; to take part again, it needs an empty data directory, and joins under a new id)"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gofer_domain::{Actor, NodeSpec, RequestId};

    use super::*;
    use crate::proposer::Proposal;

    fn encoded(command: Command) -> Encoded {
        Encoded::new(Proposal { request_id: RequestId([1; 16]), actor: Actor("node:7".into()), command })
    }

    fn spec() -> NodeSpec {
        NodeSpec {
            name: "n".into(),
            address: "n:1".into(),
            labels: [].into(),
            slots: 1,
            capacity: gofer_domain::config::Resources::default(),
            drivers: gofer_domain::config::DriverSet::default(),
            logic_version: 1,
            build: "test".into(),
        }
    }

    #[test]
    fn only_members_register() {
        let register = |node| encoded(Command::RegisterNode { node: NodeId(node), spec: Box::new(spec()) });
        let drain = || encoded(Command::DrainNode { node: NodeId(9) });
        assert_eq!(check_registrations(&[NodeId(7)], &[register(7), drain()]), Ok(()));
        let refused = check_registrations(&[NodeId(7)], &[register(7), register(9)]).unwrap_err();
        assert!(matches!(&refused, ProposeError::Precondition(why) if why.contains("node 9 is not a member")));
    }
}
