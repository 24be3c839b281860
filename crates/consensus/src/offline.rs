//! A stopped node's data made over: it becomes the only member of a cluster that goes on from what it has.
//!
//! No other node may take part in that with what it has: it would know a log that was never continued. So the log is
//! emptied, as after a snapshot, and whoever joins gets a snapshot first.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use gofer_domain::{CommandEnvelope, NodeId};
use gofer_store::{EntryKind, Outcome, Store};
use openraft::entry::RaftEntry;
use openraft::{BasicNode, EntryPayload, Membership};

use crate::applier::convert;
use crate::codec;
use crate::error::Error;
use crate::log_store::offline as log;
use crate::snapshots::applied_meta;
use crate::status::{Member, Role};
use crate::types::{LogId, StoredMembership, Vote, ordinal};

/// Most entries that are applied with one write.
const ENTRIES_MAX: usize = 64;

/// What a stopped node knows of its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastKnown {
    pub node: NodeId,
    /// By id; empty when the node was in no cluster yet.
    pub members: Vec<Member>,
    /// Greatest term that the node has heard of.
    pub term: u64,
    /// Index of the newest entry applied; 0 for none.
    pub applied: u64,
    /// Index of the newest entry in the log; 0 for none. What lies after those that are applied may never have been
    /// acknowledged.
    pub last_log: u64,
}

fn raft_dir(store: &Store) -> PathBuf {
    store.dir().join("raft")
}

fn io_error(what: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io { what: what.into(), source }
}

/// Looks at a stopped node.
///
/// # Errors
/// When its log is damaged or can't be read.
pub fn last_known(store: &Store) -> Result<LastKnown, Error> {
    let meta = applied_meta(&store.applied()).map_err(io_error("reading what was applied"))?;
    let log = log::Log::open(&raft_dir(store), meta.last_log_id)?;
    let mut membership = meta.last_membership;
    let applied = ordinal(meta.last_log_id.as_ref());
    for entry in log.entries(applied) {
        let entry = entry?;
        if let EntryPayload::Membership(changed) = &entry.payload {
            membership = StoredMembership::new(Some(entry.log_id()), changed.clone());
        }
    }
    let last = log.last().max(meta.last_log_id);
    let term = log.vote().map_or(0, |vote| vote.leader_id.term).max(last.map_or(0, |id| *id.leader_id));
    let voters: std::collections::BTreeSet<u64> = membership.membership().voter_ids().collect();
    let members = membership.membership().nodes().map(|(id, node)| Member {
        id: NodeId(*id),
        address: node.addr.clone(),
        role: if voters.contains(id) { Role::Voter } else { Role::Learner },
        matched: None,
    });
    let node = store.identity().node_id;
    Ok(LastKnown { node, members: members.collect(), term, applied, last_log: ordinal(last.as_ref()) })
}

/// Applies all that is in a stopped node's log, be it known as committed or not, then a command; makes the node the
/// only member, at `address`, and empties the log and the snapshots. Afterwards all of it is durable.
///
/// It must be done on a directory that is [marked](gofer_store::unfinished) as unfinished, and repeated with the same
/// command when it was interrupted.
///
/// # Errors
/// When the log is damaged, or the disk fails; `Bootstrap` when the command was rejected.
pub fn begin_alone(store: &Store, address: &str, command: CommandEnvelope) -> Result<(), Error> {
    let applied = applied_meta(&store.applied()).map_err(io_error("reading what was applied"))?.last_log_id;
    let log = log::Log::open(&raft_dir(store), applied)?;
    apply_rest(store, &log)?;
    let node = store.identity().node_id;
    let last = applied_meta(&store.applied()).map_err(io_error("reading what was applied"))?.last_log_id;
    let heard = log.vote().map_or(0, |vote| vote.leader_id.term);
    let term = heard.max(last.map_or(0, |id| *id.leader_id)) + 1;
    let next = last.map_or(0, |id| id.index() + 1);
    let (first, second) = (LogId::new_term_index(term, next), LogId::new_term_index(term, next + 1));
    let member: BTreeMap<u64, BasicNode> = [(node.0, BasicNode::new(address))].into();
    let membership = Membership::new(vec![[node.0].into()], member)
        .map_err(|error| Error::Bootstrap(format!("the membership is not valid: {error}")))?;
    let membership = StoredMembership::new(Some(first), membership);
    let entry = |id: LogId, kind| -> Result<gofer_store::Entry, Error> {
        let log_id = codec::encode(&id).map_err(|error| io_error("encoding an entry's id")(error.into()))?;
        Ok(gofer_store::Entry { index: ordinal(Some(&id)), log_id, kind })
    };
    let encoded = codec::encode(&membership).map_err(|error| io_error("encoding the members")(error.into()))?;
    let entries =
        vec![entry(first, EntryKind::Membership(encoded))?, entry(second, EntryKind::Commands(vec![command]))?];
    let outcomes = store.apply(entries)?;
    if let Some(Outcome::Rejected(rejection)) = outcomes.into_iter().flatten().next() {
        return Err(Error::Bootstrap(rejection.to_string()));
    }
    store.sync()?;
    log.restart(second, Vote::new(term, node.0))?;
    let snapshots = store.dir().join("snapshots");
    match fs::remove_dir_all(&snapshots) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("removing old snapshots")(error)),
        _ => Ok(()),
    }
}

fn apply_rest(store: &Store, log: &log::Log) -> Result<(), Error> {
    let mut batch = Vec::new();
    let applied = store.applied().index;
    for entry in log.entries(applied) {
        batch.push(convert(entry?).map_err(io_error("reading an entry"))?);
        if batch.len() >= ENTRIES_MAX {
            store.apply(std::mem::take(&mut batch))?;
        }
    }
    if !batch.is_empty() {
        store.apply(batch)?;
    }
    Ok(())
}
