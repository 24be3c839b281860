//! Entries come in order, in batches of any size, and a replica that could not finish one stops.

use gofer_domain::{ClusterId, CommandEnvelope, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use super::world::{World, empty, request};
use super::*;

/// Capacity of the table of answers: so small that many are forgotten within one batch.
const FEW: Options = Options { block_cache_bytes: 1 << 20, dedup_capacity: 5, wal_bytes: 1 << 20 };

fn blank(index: u64) -> Entry {
    Entry { index, log_id: vec![], kind: EntryKind::Blank }
}

type Records = Vec<[Box<[u8]>; 2]>;

/// Everything in the databases but what names single entries of the Raft log.
fn stored(store: &Store) -> (Records, Vec<u8>) {
    let db = store.db();
    let family = |family| {
        let found = db.inner.iterator_cf(db.family(family).unwrap(), rocksdb::IteratorMode::Start);
        found.map(|item| item.map(|(key, value)| [key, value]).unwrap()).collect::<Records>()
    };
    // Answers stand together with those of their entry, of which some may be forgotten.
    let groups = family("dedup").into_iter().map(|[_, group]| group).collect::<Vec<_>>().concat();
    let answers = crate::dedup::records(&groups).collect::<Result<Vec<_>, _>>().unwrap();
    let remembered = &answers[answers.len() - FEW.dedup_capacity..];
    let answers = remembered.iter().flat_map(|(id, answer)| [&id.0, *answer].concat());
    (["events", "views"].map(family).concat(), answers.collect())
}

/// All commands of these entries as one entry.
fn merged(index: u64, entries: &[Entry]) -> Entry {
    let commands = entries.iter().flat_map(|entry| match &entry.kind {
        EntryKind::Commands(commands) => commands.clone(),
        EntryKind::Blank | EntryKind::Membership(_) => Vec::new(),
    });
    Entry { index, log_id: vec![], kind: EntryKind::Commands(commands.collect()) }
}

/// A world that was led step by step, with some requests given again, and what all of it was answered.
fn told() -> (World, Vec<Outcome>) {
    let mut world = World::with(FEW);
    (0..160).for_each(|step| world.step(step));
    let again: Vec<usize> = vec![3, world.entries.len() - 2, world.entries.len() - 1];
    for place in again {
        let index = world.store.applied().index + 1;
        let entry = Entry { index, ..world.entries[place].clone() };
        world.store.apply(vec![entry.clone()]).unwrap();
        world.entries.push(entry);
    }
    let dir = tempfile::tempdir().unwrap();
    let other = Store::open(dir.path(), FEW).unwrap();
    let outcomes = world.entries.iter().flat_map(|entry| other.apply(vec![entry.clone()]).unwrap().concat()).collect();
    (world, outcomes)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn any_split_into_batches_and_entries_leads_to_the_same_store(
        batches in vec(1..60_usize, 1..12),
        merges in vec(1..5_usize, 1..12),
    ) {
        let (world, outcomes) = told();
        let mut rest = &world.entries[..];
        let mut entries = Vec::new();
        for size in merges.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (some, later) = rest.split_at(size.min(rest.len()));
            entries.push(merged(entries.len() as u64 + 1, some));
            rest = later;
        }
        let dir = tempfile::tempdir().unwrap();
        let other = Store::open(dir.path(), FEW).unwrap();
        let mut answers = Vec::new();
        for size in batches.into_iter().cycle() {
            if entries.is_empty() {
                break;
            }
            let batch = entries.drain(..size.min(entries.len())).collect();
            answers.extend(other.apply(batch).unwrap().concat());
        }
        prop_assert_eq!(answers, outcomes);
        prop_assert_eq!(other.progress().borrow().chain_head, world.store.progress().borrow().chain_head);
        prop_assert_eq!(other.read(State::clone), world.store.read(State::clone));
        prop_assert!(stored(&other) == stored(&world.store), "records differ");
    }
}

#[test]
fn a_gap_in_a_batch_stops_the_store_before_anything_changes() {
    let mut world = World::new();
    let index = world.store.applied().index;
    let before = world.store.read(State::clone);
    world.start("p0", None);
    let start = world.entries.pop().unwrap();
    let (dir, other) = empty();
    other.apply(world.entries.clone()).unwrap();
    let error = other.apply(vec![start, blank(index + 3)]).unwrap_err();
    assert!(matches!(error, Error::OutOfOrder { index: at, applied } if (at, applied) == (index + 3, index + 1)));
    assert_eq!(other.read(State::clone), before, "not even the entry before the gap");
    assert!(matches!(other.apply(vec![]), Err(Error::Poisoned(_))));
    let other = world::reopen(other, &dir);
    assert!(matches!(other.apply(vec![blank(index + 1), blank(index + 1)]), Err(Error::OutOfOrder { .. })));
}

#[test]
fn a_panic_of_the_writer_stops_the_store() {
    let world = World::new();
    let store = world.store.clone();
    let index = store.applied().index;
    let panicked = std::thread::spawn({
        let store = store.clone();
        move || {
            let _writer = store.writer().unwrap();
            panic!("a defect");
        }
    });
    assert!(panicked.join().is_err());
    let target = world.path().join("checkpoint");
    assert!(matches!(store.apply(vec![blank(index + 1)]), Err(Error::Poisoned(_))));
    assert!(matches!(store.checkpoint(&target), Err(Error::Poisoned(_))));
    assert!(matches!(store.install(&target), Err(Error::Poisoned(_))));
    assert!(matches!(store.sync(), Err(Error::Poisoned(_))));
    assert_eq!(store.applied().index, index);
}

#[test]
fn the_time_of_events_never_goes_back() {
    let (_dir, store) = empty();
    let at = |id, time, command| {
        let command = CommandEnvelope { time: Timestamp(time), ..request(id, command) };
        Entry { index: id, log_id: vec![], kind: EntryKind::Commands(vec![command]) }
    };
    let namespace = NamespaceId::new("late").unwrap();
    let create = Command::CreateNamespace { namespace, description: String::new() };
    store.apply(vec![at(1, 2_000, Command::CreateCluster { cluster: ClusterId([1; 16]) })]).unwrap();
    // By a new leader whose clock is behind, and which had not applied the entry before when it stamped this one.
    store.apply(vec![at(2, 1_000, create)]).unwrap();
    let events = store.events(Revision(1), 10, 1 << 20).unwrap();
    let times = events.iter().map(|event| crate::codec::time_from_wire(event.envelope.time.as_ref(), "time").unwrap());
    assert!(times.is_sorted(), "{events:?}");
    assert_eq!(store.read(|state| state.time), Timestamp(2_000));
}
