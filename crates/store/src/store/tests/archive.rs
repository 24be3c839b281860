//! The log archived and trimmed: what is read, what is kept, and what other nodes make of it.

use std::ops::ControlFlow;

use gofer_domain::{Archive, ArchiveSegment, ClusterId};

use super::world::{World, empty};
use super::*;
use crate::{Options, PlacedEvent, ReadOnlyStore, Replayer};

/// A segment of this store's own events.
fn segment(store: &Store, first: u64, last: u64) -> ArchiveSegment {
    let hash = |revision| event_log::hash_of(&store.db(), Revision(revision)).unwrap();
    let known = store.read(|state| state.archive.clone().unwrap_or_default());
    ArchiveSegment {
        digest: hash(last),
        first: Revision(first),
        last: Revision(last),
        previous_hash: known.last_hash,
        last_hash: hash(last),
        bytes: 1,
        stored_bytes: 1,
    }
}

fn archive(world: &mut World, first: u64, last: u64, keep: u64) {
    let segment = Box::new(segment(&world.store, first, last));
    let outcome = world.next(Command::ArchiveEvents { segment, keep });
    assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
}

/// Some 400 events, of which revisions 1 to 200 are in two segments and 1 to 150 are dropped.
fn trimmed() -> World {
    let mut world = World::new();
    (0..200).for_each(|step| world.step(step));
    world.catch_up();
    let newest = world.revision().0;
    assert!(newest > 250, "{newest}");
    archive(&mut world, 1, 100, newest - 50);
    archive(&mut world, 101, 200, newest + 1 - 150);
    world
}

fn revisions(store: &Store, from: u64) -> Result<Vec<u64>, Error> {
    let events = store.events(Revision(from), usize::MAX, usize::MAX)?;
    Ok(events.iter().map(|event| event.revision.0).collect())
}

#[test]
fn what_was_dropped_is_told_and_the_rest_is_there() {
    let mut world = trimmed();
    let known = world.store.read(|state| state.archive.clone()).unwrap();
    assert_eq!((known.last, known.segments, known.trimmed), (Revision(200), 2, Revision(150)));
    for _ in 0..2 {
        let newest = world.revision().0;
        for from in [0, 1, 150] {
            let error = revisions(&world.store, from).unwrap_err();
            assert!(matches!(error, Error::Archived { first: Revision(151) }), "{error}");
        }
        assert_eq!(revisions(&world.store, 151).unwrap(), (151..=newest).collect::<Vec<_>>());
        assert_eq!(world.store.progress().borrow().first, Revision(151));
        let segments = world.store.archive_segments().unwrap();
        assert_eq!(segments.iter().map(|one| (one.first.0, one.last.0)).collect::<Vec<_>>(), [(1, 100), (101, 200)]);
        world.store.reclaim().unwrap();
        let before = world.store.read(State::clone);
        world = world.reopened();
        assert_eq!(world.store.read(State::clone), before);
        world.start("p0", None);
    }
    let read_only = ReadOnlyStore::open(world.path(), Options::default()).unwrap();
    assert_eq!(read_only.trimmed(), (Revision(150), known.trimmed_hash));
    assert_eq!(read_only.archive().unwrap(), Some(known));
    let mut first = None;
    read_only
        .scan_events(Revision(0), &mut |revision, _| {
            first = Some(revision);
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(first, Some(Revision(151)));
}

/// What a segment ends with may be in the very batch that says so.
#[test]
fn a_node_that_applies_everything_at_once_drops_the_same() {
    let world = trimmed();
    let (_dir, other) = empty();
    let mut entries = world.entries.clone();
    for (place, entry) in entries.iter_mut().enumerate() {
        entry.index = place as u64 + 1;
    }
    other.apply(entries).unwrap();
    assert_eq!(other.read(State::clone), world.store.read(State::clone));
    assert_eq!(revisions(&other, 151).unwrap(), revisions(&world.store, 151).unwrap());
    assert!(matches!(revisions(&other, 150), Err(Error::Archived { .. })));
    assert_eq!(other.archive_segments().unwrap(), world.store.archive_segments().unwrap());
}

#[test]
fn a_checkpoint_is_trimmed_like_its_store() {
    let mut world = trimmed();
    let (dir, other) = empty();
    let target = dir.path().join("incoming");
    world.store.checkpoint(&target).unwrap();
    other.install(&target).unwrap();
    assert_eq!(*other.progress().borrow(), *world.store.progress().borrow());
    assert_eq!(revisions(&other, 151).unwrap(), revisions(&world.store, 151).unwrap());
    let from = world.entries.len();
    let newest = world.revision().0;
    archive(&mut world, 201, 250, 10);
    other.apply(world.entries[from..].to_vec()).unwrap();
    assert_eq!(other.progress().borrow().first, Revision(251.min(newest - 9)));
    assert_eq!(other.read(State::clone), world.store.read(State::clone));
}

#[test]
fn a_replay_knows_the_archive_and_another_cluster_does_not() {
    let mut world = World::new();
    let mut log = Vec::new();
    let mut note = |world: &World| {
        let from = log.last().map_or(0, |event: &PlacedEvent| event.revision.0) + 1;
        for event in world.store.events(Revision(from), usize::MAX, usize::MAX).unwrap() {
            let time = crate::codec::time_from_wire(event.envelope.time.as_ref(), "time").unwrap();
            log.push(PlacedEvent { revision: event.revision, time, event: event.decode().unwrap() });
        }
        let dir = tempfile::tempdir().unwrap();
        let mut replayer = Replayer::create(&dir.path().join("state"), &Options::default()).unwrap();
        replayer.apply(&log).unwrap();
        assert_eq!(replayer.state(), &world.store.read(State::clone));
        let db = world.store.db();
        let views = crate::Views(db);
        let (mut replayed, mut stored) = (Vec::new(), Vec::new());
        for (views, into) in [(replayer.views(), &mut replayed), (views, &mut stored)] {
            let mut scan = views.scan().unwrap();
            while let Some((key, value)) = scan.next().unwrap() {
                into.push((key.to_vec(), value.to_vec()));
            }
        }
        assert!(replayed == stored, "the records differ");
    };
    (0..60).for_each(|step| world.step(step));
    note(&world);
    archive(&mut world, 1, 40, 10);
    note(&world);
    let (cluster, revision) = (ClusterId([2; 16]), world.revision());
    world.next(Command::RestoreCluster { cluster, revision, head: [0; 32] });
    note(&world);
    assert_eq!(world.store.read(|state| state.archive.clone()), None::<Archive>);
    assert_eq!(world.store.archive_segments().unwrap(), []);
}

#[test]
fn readers_never_take_what_is_dropped_meanwhile_for_damage() {
    let mut world = World::new();
    (0..600).for_each(|step| world.step(step));
    let store = world.store.clone();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut from, mut told) = (1, 0);
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                match store.events(Revision(from), 20, usize::MAX) {
                    Ok(events) => assert_eq!(events[0].revision, Revision(from)),
                    Err(Error::Archived { first }) => (from, told) = (first.0, told + 1),
                    Err(error) => panic!("{error}"),
                }
            }
            told
        });
        for part in 0..40 {
            archive(&mut world, part * 10 + 1, part * 10 + 10, 10);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(reader.join().unwrap() > 3, "the reader must have been overtaken");
    });
}

/// Takes a database whose log was archived for one of a version to come.
#[test]
fn the_format_says_that_the_log_was_archived() {
    let world = trimmed();
    let db = world.store.db();
    let format = db.inner.get_cf(db.family(crate::db::META).unwrap(), b"format").unwrap();
    // Releases need a newer one still.
    assert!(format.is_some_and(|format| format >= 2_u64.to_be_bytes().to_vec()));
}
