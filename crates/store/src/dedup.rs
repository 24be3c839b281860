//! Recorded answers by request id: the newest so many, the same on every replica.
//!
//! Only the ids are kept in memory, so that its use is bounded whatever the answers say; an answer is read from the
//! database when a request comes again.

use std::collections::{HashMap, VecDeque};

use gofer_domain::RequestId;
use gofer_wire::log::v1 as log;
use prost::Message;
use rocksdb::{Direction, WriteBatch};

use crate::apply::Outcome;
use crate::codec;
use crate::db::{DEDUP, Db};
use crate::error::Error;

const WHAT: &str = "the table of recorded answers";

/// The table. Records are numbered in the order they were made; the database has them by number.
pub(crate) struct Dedup {
    capacity: usize,
    /// Number of the oldest record.
    first: u64,
    order: VecDeque<RequestId>,
    numbers: HashMap<RequestId, u64>,
    /// Encoded answers that the database does not have yet.
    unwritten: HashMap<RequestId, Vec<u8>>,
}

impl Dedup {
    /// Reads the table; `first` is the oldest record's number, known so that deleted ones are not scanned.
    pub(crate) fn load(db: &Db, first: u64, capacity: usize) -> Result<Self, Error> {
        let mut dedup =
            Self { capacity, first, order: VecDeque::new(), numbers: HashMap::new(), unwritten: HashMap::new() };
        for item in db.scan(DEDUP, &first.to_be_bytes(), Direction::Forward)? {
            let (key, value) = item?;
            if *key != dedup.next().to_be_bytes() {
                return Err(Error::corrupt(WHAT, format!("record {} is missing", dedup.next())));
            }
            let (id, _) = split(&value)?;
            dedup.push(id);
        }
        Ok(dedup)
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The recorded answer to a request.
    pub(crate) fn get(&self, db: &Db, id: RequestId) -> Result<Option<Outcome>, Error> {
        let Some(number) = self.numbers.get(&id) else { return Ok(None) };
        if let Some(bytes) = self.unwritten.get(&id) {
            return decode(id, bytes).map(Some);
        }
        let found = db.inner.get_pinned_cf(db.family(DEDUP)?, number.to_be_bytes()).map_err(|error| db.error(error))?;
        let found = found.ok_or_else(|| Error::corrupt(WHAT, format!("record {number} is missing")))?;
        match split(&found)? {
            (stored, bytes) if stored == id => decode(id, bytes).map(Some),
            _ => Err(Error::corrupt(WHAT, format!("record {number} is of another request"))),
        }
    }

    /// Records an answer, and forgets the oldest when there are too many.
    pub(crate) fn record(
        &mut self,
        db: &Db,
        batch: &mut WriteBatch,
        id: RequestId,
        outcome: &Outcome,
    ) -> Result<(), Error> {
        let bytes = codec::outcome_to_wire(outcome).encode_to_vec();
        batch.put_cf(db.family(DEDUP)?, self.next().to_be_bytes(), [&id.0[..], &bytes].concat());
        self.push(id);
        self.unwritten.insert(id, bytes);
        while self.order.len() > self.capacity {
            let Some(oldest) = self.order.pop_front() else { break };
            self.numbers.remove(&oldest);
            self.unwritten.remove(&oldest);
            batch.delete_cf(db.family(DEDUP)?, self.first.to_be_bytes());
            self.first += 1;
        }
        Ok(())
    }

    /// To be called once the batch of the records is written.
    pub(crate) fn written(&mut self) {
        self.unwritten.clear();
    }

    /// Number of the next record.
    fn next(&self) -> u64 {
        self.first + self.order.len() as u64
    }

    fn push(&mut self, id: RequestId) {
        self.numbers.insert(id, self.next());
        self.order.push_back(id);
    }
}

fn split(record: &[u8]) -> Result<(RequestId, &[u8]), Error> {
    let (id, bytes) = record.split_first_chunk::<16>().ok_or_else(|| Error::corrupt(WHAT, "a record is too short"))?;
    Ok((RequestId(*id), bytes))
}

fn decode(id: RequestId, bytes: &[u8]) -> Result<Outcome, Error> {
    let what = format!("the recorded answer to request {id}");
    let message = log::Outcome::decode(bytes).map_err(|error| Error::corrupt(what.as_str(), error.to_string()))?;
    codec::outcome_from_wire(&message).map_err(|error| Error::decode(&what, &error))
}
