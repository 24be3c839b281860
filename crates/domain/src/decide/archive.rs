//! The log moved to an archive, segment by segment, and dropped on the nodes.

use super::{Context, Decision, Verdict, precondition};
use crate::archive::{Archive, ArchiveSegment};
use crate::event::Event;
use crate::ids::Revision;
use crate::limits::ARCHIVE_KEEP_MIN;
use crate::rejection::{Reason, Rejection};

/// Records that a segment is in the archive, and drops what is archived from the nodes but for the newest `keep`
/// events, and those that the leader has still to look at for subscriptions.
pub(super) fn archive(context: Context<'_>, segment: &ArchiveSegment, keep: u64) -> Verdict {
    let state = context.state;
    if keep < ARCHIVE_KEEP_MIN {
        let message = format!("{keep} events are to stay on the nodes, the least is {ARCHIVE_KEEP_MIN}");
        return Err(Rejection::new(Reason::InvalidArgument, message).field("keep").help("keep more"));
    }
    let known = state.archive.clone().unwrap_or_default();
    check(context, &known, segment)?;
    // What subscriptions have still to be asked about stays, too.
    let followed = state.followed.unwrap_or(segment.last);
    let wanted = Revision(state.revision.0.saturating_sub(keep)).min(segment.last).min(followed);
    let (trimmed, trimmed_hash) = match wanted > known.trimmed {
        true => (wanted, hash_at(context, wanted)?),
        false => (known.trimmed, known.trimmed_hash),
    };
    Ok(Decision::done(vec![Event::EventsArchived { segment: Box::new(segment.clone()), trimmed, trimmed_hash }]))
}

/// A segment must go on where the archive ends, and hold the very events of this log.
fn check(context: Context<'_>, known: &Archive, segment: &ArchiveSegment) -> Result<(), Rejection> {
    let next = known.last.0.saturating_add(1);
    if segment.first.0 != next {
        let message = format!("the archive goes on with revision {next}, not with {}", segment.first);
        return Err(precondition(message).field("segment.first"));
    }
    if segment.last < segment.first || segment.last > context.state.revision {
        let message = format!(
            "a segment from revision {} can't end with {}, the newest is {}",
            segment.first, segment.last, context.state.revision
        );
        return Err(precondition(message).field("segment.last"));
    }
    if segment.previous_hash != known.last_hash {
        let message = format!("the segment does not follow revision {}, with which the archive ends", known.last);
        return Err(precondition(message).field("segment.previous_hash"));
    }
    if segment.last_hash != hash_at(context, segment.last)? {
        let message = format!("the segment does not end with this log's event at revision {}", segment.last);
        return Err(precondition(message).field("segment.last_hash"));
    }
    Ok(())
}

fn hash_at(context: Context<'_>, revision: Revision) -> Result<[u8; 32], Rejection> {
    let hash = context.history.event_hash(revision);
    hash.ok_or_else(|| precondition(format!("the event at revision {revision} is not there")))
}
