//! Recorded answers by request id: the newest so many, the same on every replica.
//!
//! Records are numbered in the order they are made. The database holds those of one Raft entry together, under the
//! number of their last. Only the ids are kept in memory, so that its use is bounded whatever the answers say; an answer
//! is read from the database when a request comes again.

use std::collections::{HashMap, VecDeque};

use gofer_domain::RequestId;
use gofer_wire::log::v1 as log;
use prost::Message;
use rocksdb::{ColumnFamily, Direction, WriteBatch};

use crate::apply::Outcome;
use crate::codec;
use crate::db::{DEDUP, Db};
use crate::error::Error;

const WHAT: &str = "the table of recorded answers";

/// The table.
pub(crate) struct Dedup {
    capacity: usize,
    /// Number of the oldest record.
    first: u64,
    order: VecDeque<RequestId>,
    numbers: HashMap<RequestId, u64>,
    /// Number of the last record of each group in the database, the oldest first.
    groups: VecDeque<u64>,
    /// Encoded records of the entry that is being applied.
    open: Vec<u8>,
    /// Answers that the database does not have yet.
    unwritten: HashMap<RequestId, Outcome>,
}

impl Dedup {
    /// Reads the table; `first` is the oldest record's number, known so that deleted ones are not scanned.
    pub(crate) fn load(db: &Db, first: u64, capacity: usize) -> Result<Self, Error> {
        let mut dedup = Self {
            capacity,
            first,
            order: VecDeque::new(),
            numbers: HashMap::new(),
            groups: VecDeque::new(),
            open: Vec::new(),
            unwritten: HashMap::new(),
        };
        for item in db.scan(DEDUP, &first.to_be_bytes(), Direction::Forward)? {
            let (key, value) = item?;
            dedup.load_group(&key, &value)?;
        }
        Ok(dedup)
    }

    fn load_group(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        let records = records(value).collect::<Result<Vec<_>, _>>()?;
        let next = number(key)? + 1;
        let expected = self.next();
        let start = next.checked_sub(records.len() as u64);
        // Of the oldest group some records may be forgotten already.
        let forgotten = start.and_then(|start| expected.checked_sub(start));
        match forgotten.and_then(|forgotten| usize::try_from(forgotten).ok()) {
            Some(0) => {}
            Some(forgotten) if self.order.is_empty() && forgotten < records.len() => {}
            _ => return Err(Error::corrupt(WHAT, format!("record {expected} is missing"))),
        }
        let forgotten = usize::try_from(expected - start.unwrap_or(expected)).unwrap_or(usize::MAX);
        for (id, _) in records.into_iter().skip(forgotten) {
            self.push(id);
        }
        self.groups.push_back(next - 1);
        Ok(())
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The recorded answer to a request.
    pub(crate) fn get(&self, db: &Db, id: RequestId) -> Result<Option<Outcome>, Error> {
        let Some(number) = self.numbers.get(&id) else { return Ok(None) };
        if let Some(outcome) = self.unwritten.get(&id) {
            return Ok(Some(outcome.clone()));
        }
        let missing = || Error::corrupt(WHAT, format!("record {number} is missing"));
        let (_, group) = db.scan(DEDUP, &number.to_be_bytes(), Direction::Forward)?.next().ok_or_else(missing)??;
        let mut answer = None;
        for record in records(&group) {
            let (found, bytes) = record?;
            // An earlier one of the same request is forgotten.
            answer = if found == id { Some(bytes) } else { answer };
        }
        decode(id, answer.ok_or_else(missing)?).map(Some)
    }

    /// Records an answer, and forgets the oldest when there are too many.
    pub(crate) fn record(&mut self, id: RequestId, outcome: &Outcome) -> Result<(), Error> {
        let message = codec::outcome_to_wire(outcome);
        self.open.extend(id.0);
        let encoded = message.encode_length_delimited(&mut self.open);
        encoded.map_err(|error| Error::corrupt(WHAT, error.to_string()))?;
        self.push(id);
        self.unwritten.insert(id, outcome.clone());
        while self.order.len() > self.capacity {
            let Some(oldest) = self.order.pop_front() else { break };
            self.numbers.remove(&oldest);
            self.unwritten.remove(&oldest);
            self.first += 1;
        }
        Ok(())
    }

    /// Puts the records of an entry into the batch as one group, and takes groups out that are forgotten.
    pub(crate) fn close(&mut self, family: &ColumnFamily, batch: &mut WriteBatch) {
        if self.open.is_empty() {
            return;
        }
        let last = self.next() - 1;
        batch.put_cf(family, last.to_be_bytes(), &self.open);
        self.open.clear();
        self.groups.push_back(last);
        while let Some(last) = self.groups.front()
            && *last < self.first
        {
            batch.delete_cf(family, last.to_be_bytes());
            self.groups.pop_front();
        }
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

fn number(key: &[u8]) -> Result<u64, Error> {
    let bytes = key.try_into().map_err(|_| Error::corrupt(WHAT, "a key is not a number"))?;
    Ok(u64::from_be_bytes(bytes))
}

/// The records of a group: each an id, the length of its answer, and the answer.
pub(crate) fn records(mut group: &[u8]) -> impl Iterator<Item = Result<(RequestId, &[u8]), Error>> {
    std::iter::from_fn(move || {
        if group.is_empty() {
            return None;
        }
        let record = split(&mut group);
        if record.is_err() {
            group = &[];
        }
        Some(record)
    })
}

fn split<'a>(group: &mut &'a [u8]) -> Result<(RequestId, &'a [u8]), Error> {
    let short = || Error::corrupt(WHAT, "a record is too short");
    let (id, rest) = group.split_first_chunk::<16>().ok_or_else(short)?;
    *group = rest;
    let length =
        prost::decode_length_delimiter(&mut *group).map_err(|error| Error::corrupt(WHAT, error.to_string()))?;
    let (answer, rest) = group.split_at_checked(length).ok_or_else(short)?;
    *group = rest;
    Ok((RequestId(*id), answer))
}

fn decode(id: RequestId, bytes: &[u8]) -> Result<Outcome, Error> {
    let what = format!("the recorded answer to request {id}");
    let message = log::Outcome::decode(bytes).map_err(|error| Error::corrupt(what.as_str(), error.to_string()))?;
    codec::outcome_from_wire(&message).map_err(|error| Error::decode(&what, &error))
}

#[cfg(test)]
mod tests {
    use gofer_domain::{Answer, Revision};

    use super::*;

    #[test]
    fn damaged_groups_are_refused() {
        let mut dedup = Dedup {
            capacity: 10,
            first: 0,
            order: VecDeque::new(),
            numbers: HashMap::new(),
            groups: VecDeque::new(),
            open: Vec::new(),
            unwritten: HashMap::new(),
        };
        for (id, revision) in [(1, 7), (2, 300)] {
            let outcome = Outcome::Accepted { revision: Revision(revision), answer: Answer::Done };
            dedup.record(RequestId([id; 16]), &outcome).unwrap();
        }
        gofer_fuzz::fuzz("dedup-group", &[dedup.open], |bytes| {
            for record in records(bytes) {
                let Ok((id, answer)) = record else { break };
                let _ = decode(id, answer);
            }
        });
    }
}
