//! How what is asked for becomes commands: none too large, and the cursor never beyond an event of which something is left.

use gofer_domain::limits::{TAKEN_BYTES_MAX, TAKEN_EVENTS_MAX};
use gofer_domain::{Command, FollowedEvent, Revision};

/// Moves the cursor of the log from one revision to another, and has events in between taken, which are in order.
pub(super) fn commands(followed: Revision, to: Revision, asked: Vec<FollowedEvent>) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut from = followed;
    let mut rest = asked.into_iter().peekable();
    loop {
        let mut events = Vec::new();
        let mut bytes = 0;
        while events.len() < TAKEN_EVENTS_MAX
            && let Some(event) =
                rest.next_if(|event| events.is_empty() || bytes + event.verdict.bytes() <= TAKEN_BYTES_MAX)
        {
            bytes += event.verdict.bytes();
            events.push(event);
        }
        let Some(next) = rest.peek() else {
            commands.push(Command::FollowEvents { from, to, events });
            return commands;
        };
        // All that is asked for of the events before the next one is in this command.
        let until = Revision(next.revision.0.saturating_sub(1)).max(from);
        commands.push(Command::FollowEvents { from, to: until, events });
        from = until;
    }
}
