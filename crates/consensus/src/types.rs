//! openraft's types, filled in for this crate.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use gofer_domain::CommandEnvelope;
use gofer_store::Outcome;
use openraft::BasicNode;
use openraft::impls::leader_id_std;
use openraft::type_config::alias;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

openraft::declare_raft_types!(
    /// One leader per term, so that a term names its leader.
    pub(crate) TypeConfig:
        D = Batch,
        R = Answer,
        NodeId = u64,
        Node = BasicNode,
        Term = u64,
        LeaderId = leader_id_std::LeaderId<u64, u64>,
);

pub(crate) type Entry = alias::EntryOf<TypeConfig>;
pub(crate) type LogId = alias::LogIdOf<TypeConfig>;
pub(crate) type Vote = alias::VoteOf<TypeConfig>;
pub(crate) type StoredMembership = alias::StoredMembershipOf<TypeConfig>;
pub(crate) type SnapshotMeta = alias::SnapshotMetaOf<TypeConfig>;
pub(crate) type Metrics = openraft::RaftMetrics<TypeConfig>;
pub(crate) type Core = openraft::Raft<TypeConfig, crate::applier::Applier>;

/// Number of a log entry outside this crate: openraft counts from 0, everybody else from 1, so that 0 means none.
pub(crate) fn ordinal(log_id: Option<&LogId>) -> u64 {
    log_id.map_or(0, |id| id.index().saturating_add(1))
}

/// The commands of one log entry: a `gofer.log.v1.CommandBatch`, encoded. Cloning it shares the bytes.
#[derive(Clone, Default)]
pub(crate) struct Batch {
    bytes: Bytes,
    /// The same, decoded, on the leader that made it. The first to ask takes it, so that it does not stay in memory as
    /// long as the entry does.
    decoded: Option<Arc<Mutex<Vec<CommandEnvelope>>>>,
}

impl Batch {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self { bytes, decoded: None }
    }

    /// A batch whose bytes decode to `commands`, which are not empty.
    pub(crate) fn decoded(bytes: Bytes, commands: Vec<CommandEnvelope>) -> Self {
        Self { bytes, decoded: Some(Arc::new(Mutex::new(commands))) }
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What the bytes decode to, if that is at hand.
    pub(crate) fn take_decoded(&self) -> Option<Vec<CommandEnvelope>> {
        let mut decoded = self.decoded.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        Some(std::mem::take(&mut *decoded)).filter(|commands| !commands.is_empty())
    }
}

/// The bytes are all there is to a batch.
impl PartialEq for Batch {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Batch {}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} bytes)", self.bytes.len())
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of commands", self.bytes.len())
    }
}

impl Serialize for Batch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.bytes)
    }
}

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Batch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Batch, E> {
                Ok(Batch::new(Bytes::copy_from_slice(bytes)))
            }

            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Batch, E> {
                Ok(Batch::new(bytes.into()))
            }
        }
        deserializer.deserialize_byte_buf(Visitor)
    }
}

/// What applying an entry answered; empty for entries without commands. It never leaves the process: openraft asks
/// for the two impls of serde, and none of its messages carries an answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    #[serde(skip)]
    pub(crate) outcomes: Vec<Outcome>,
}
