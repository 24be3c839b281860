//! How far the state is, and what consensus keeps beside it: one record, written with every batch.

use gofer_domain::{ClusterId, Revision, Timestamp};
use prost::Message;
use rocksdb::WriteBatch;

use crate::db::{Db, META};
use crate::error::Error;
use crate::event_log;

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
}

impl Applied {
    pub(crate) fn progress(&self) -> Progress {
        Progress { revision: self.revision, applied: self.index, chain_head: self.chain_head }
    }

    pub(crate) fn get(db: &Db) -> Result<Self, Error> {
        let Some(record) = db.get::<AppliedRecord>(META, KEY)? else {
            return Ok(Self { chain_head: event_log::GENESIS, ..Self::default() });
        };
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
        };
        batch.put_cf(db.family(META)?, KEY, record.encode_to_vec());
        Ok(())
    }
}
