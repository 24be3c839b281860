//! How far the state is, and what consensus keeps beside it: one record, written with every batch.

use gofer_domain::archive::GENESIS;
use gofer_domain::{ClusterId, Revision, Timestamp};
use prost::Message;
use rocksdb::{Snapshot, WriteBatch};

use crate::db::{Db, META};
use crate::error::Error;

const KEY: &[u8] = b"applied";

/// How far the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Revision of the newest event.
    pub revision: Revision,
    /// Index of the newest applied entry of the Raft log.
    pub applied: u64,
    /// Hash of the newest event.
    pub chain_head: [u8; 32],
    /// The first revision that is here; those before it are in the archive.
    pub first: Revision,
}

/// What was applied, with what consensus keeps beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Index of the newest applied entry of the Raft log; 0 before the first.
    pub index: u64,
    /// Consensus' own; empty before the first entry.
    pub log_id: Vec<u8>,
    /// Consensus' own; empty before the first membership.
    pub membership: Vec<u8>,
    pub(crate) revision: Revision,
    pub(crate) time: Timestamp,
    pub(crate) chain_head: [u8; 32],
    pub(crate) cluster: Option<ClusterId>,
    pub(crate) dedup_first: u64,
    /// Newest event that was dropped here, and its hash: what the first one that is here follows.
    pub(crate) trimmed: Revision,
    pub(crate) trimmed_hash: [u8; 32],
}

/// [`Applied`] as it is stored.
#[derive(Clone, PartialEq, Message)]
struct AppliedRecord {
    #[prost(uint64, tag = "1")]
    index: u64,
    #[prost(bytes = "vec", tag = "2")]
    log_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    membership: Vec<u8>,
    #[prost(uint64, tag = "4")]
    revision: u64,
    #[prost(uint64, tag = "5")]
    time_ms: u64,
    #[prost(bytes = "vec", tag = "6")]
    chain_head: Vec<u8>,
    #[prost(bytes = "vec", tag = "7")]
    cluster: Vec<u8>,
    #[prost(uint64, tag = "8")]
    dedup_first: u64,
    /// Absent while nothing was dropped.
    #[prost(uint64, tag = "9")]
    trimmed: u64,
    #[prost(bytes = "vec", tag = "10")]
    trimmed_hash: Vec<u8>,
}

impl Applied {
    pub(crate) fn progress(&self) -> Progress {
        let first = Revision(self.trimmed.0 + 1);
        Progress { revision: self.revision, applied: self.index, chain_head: self.chain_head, first }
    }

    pub(crate) fn get(db: &Db) -> Result<Self, Error> {
        Self::of(db.get::<AppliedRecord>(META, KEY)?)
    }

    /// As it was when a snapshot was taken.
    pub(crate) fn get_at(db: &Db, snapshot: &Snapshot<'_>) -> Result<Self, Error> {
        let bytes = snapshot.get_pinned_cf(db.family(META)?, KEY).map_err(|error| db.error(error))?;
        Self::of(bytes.map(|bytes| db.decode(KEY, &bytes)).transpose()?)
    }

    fn of(record: Option<AppliedRecord>) -> Result<Self, Error> {
        let Some(record) = record else { return Ok(Self::default()) };
        let corrupt = || Error::corrupt("the applied index", "its record is malformed");
        let cluster = if record.cluster.is_empty() {
            None
        } else {
            Some(ClusterId(record.cluster.try_into().map_err(|_| corrupt())?))
        };
        Ok(Self {
            index: record.index,
            log_id: record.log_id,
            membership: record.membership,
            revision: Revision(record.revision),
            time: Timestamp(record.time_ms),
            chain_head: record.chain_head.try_into().map_err(|_| corrupt())?,
            cluster,
            dedup_first: record.dedup_first,
            trimmed: Revision(record.trimmed),
            trimmed_hash: match record.trimmed {
                0 => GENESIS,
                _ => record.trimmed_hash.try_into().map_err(|_| corrupt())?,
            },
        })
    }

    pub(crate) fn put(&self, db: &Db, batch: &mut WriteBatch) -> Result<(), Error> {
        let record = AppliedRecord {
            index: self.index,
            log_id: self.log_id.clone(),
            membership: self.membership.clone(),
            revision: self.revision.0,
            time_ms: self.time.0,
            chain_head: self.chain_head.to_vec(),
            cluster: self.cluster.map(|cluster| cluster.0.to_vec()).unwrap_or_default(),
            dedup_first: self.dedup_first,
            trimmed: self.trimmed.0,
            trimmed_hash: if self.trimmed.0 == 0 { Vec::new() } else { self.trimmed_hash.to_vec() },
        };
        batch.put_cf(db.family(META)?, KEY, record.encode_to_vec());
        Ok(())
    }
}
