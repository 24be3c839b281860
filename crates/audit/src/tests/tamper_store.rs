//! Tampering with the database of a node itself.

use std::fs;
use std::path::{Path, PathBuf};

use rocksdb::{DB, Options};

use super::world::World;
use super::{fault, verify};
use crate::FaultKind::{self, *};
use crate::{DataDirectory, EventSource, Hash};

fn open(dir: &Path) -> DB {
    let state = dir.join(fs::read_to_string(dir.join("CURRENT_STATE")).unwrap().trim());
    DB::open_cf(&Options::default(), state, ["default", "meta", "events", "views", "dedup"]).unwrap()
}

fn get(db: &DB, revision: u64) -> Vec<u8> {
    db.get_cf(db.cf_handle("events").unwrap(), revision.to_be_bytes()).unwrap().unwrap()
}

fn put(db: &DB, revision: u64, bytes: &[u8]) {
    db.put_cf(db.cf_handle("events").unwrap(), revision.to_be_bytes(), bytes).unwrap();
}

fn delete(db: &DB, revision: u64) {
    db.delete_cf(db.cf_handle("events").unwrap(), revision.to_be_bytes()).unwrap();
}

/// The event with its revision's last bit changed, and its hash computed anew.
fn forged(bytes: &[u8]) -> Vec<u8> {
    let mut body = bytes[..bytes.len() - 34].to_vec();
    let at = body.windows(8).position(|part| part == b"user:ada").unwrap();
    body[at + 5] = b'e';
    let hash = Hash::of(&body).0;
    [&body[..], &[0x42, 32], &hash].concat()
}

/// Revision of an event that is the only one of its command, as the next one is.
const AT: u64 = 64;

type Change = Box<dyn Fn(&DB, u64)>;

#[test]
fn what_is_changed_in_the_database_is_named() {
    let cases: Vec<(&str, Change, FaultKind, Option<u64>)> = vec![
        (
            "a bit",
            Box::new(|db, _| {
                let mut bytes = get(db, AT);
                bytes[80] ^= 1;
                put(db, AT, &bytes);
            }),
            Altered,
            Some(AT),
        ),
        ("removed", Box::new(|db, _| delete(db, AT)), Removed, Some(AT)),
        ("the first removed", Box::new(|db, _| delete(db, 1)), Removed, Some(1)),
        (
            "places changed",
            Box::new(|db, _| {
                let (one, other) = (get(db, AT), get(db, AT + 3));
                put(db, AT, &other);
                put(db, AT + 3, &one);
            }),
            Reordered,
            Some(AT),
        ),
        ("forged", Box::new(|db, _| put(db, AT, &forged(&get(db, AT)))), Forged, Some(AT + 1)),
        ("the last forged", Box::new(|db, last| put(db, last, &forged(&get(db, last)))), Head, None),
        ("one too much", Box::new(|db, last| put(db, last + 1, &get(db, last))), Inserted, None),
        ("far beyond the end", Box::new(|db, last| put(db, u64::MAX, &get(db, last))), Inserted, None),
        ("cut off", Box::new(|db, last| (last - 9..=last).for_each(|at| delete(db, at))), Truncated, None),
        ("nothing left", Box::new(|db, last| (1..=last).for_each(|at| delete(db, at))), Truncated, Some(1)),
        ("nonsense", Box::new(|db, _| put(db, AT, b"nonsense")), Unreadable, Some(AT)),
    ];
    for (what, change, kind, revision) in cases {
        let dir = World::busy(12).closed();
        let last = DataDirectory::open(dir.path()).unwrap().extent().last;
        assert_eq!(fault(dir.path()), None);
        let db = open(dir.path());
        change(&db, last);
        drop(db);
        let found = fault(dir.path());
        let revision = revision.unwrap_or(match kind {
            Head => last,
            Inserted => last + 1,
            _ => last - 9,
        });
        // A forged last event may be of the same command as the one before it.
        let is_last = kind == Head && found == Some((Cause, last));
        assert!(found == Some((kind, revision)) || is_last, "{what}: {found:?}");
    }
}

#[test]
fn a_damaged_file_of_the_database_is_a_fault_and_no_crash() {
    let dir = World::busy(40).closed();
    let db = open(dir.path());
    for family in ["meta", "events", "views", "dedup"] {
        db.flush_cf(db.cf_handle(family).unwrap()).unwrap();
        db.compact_range_cf(db.cf_handle(family).unwrap(), None::<&[u8]>, None::<&[u8]>);
    }
    drop(db);
    assert_eq!(fault(dir.path()), None);
    let state = dir.path().join("state-1");
    let mut tables: Vec<PathBuf> = fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path()).collect();
    tables.retain(|path| path.extension().is_some_and(|extension| extension == "sst"));
    let largest = tables.into_iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let mut bytes = fs::read(&largest).unwrap();
    for byte in bytes.iter_mut().skip(200).take(40) {
        *byte ^= 0x55;
    }
    fs::write(&largest, bytes).unwrap();
    let found = fault(dir.path());
    assert!(matches!(found, Some((Unreadable, _))), "{found:?}");
}

#[test]
fn looking_changes_nothing_and_a_node_goes_on_meanwhile() {
    let mut world = World::busy(10);
    let files = |dir: &Path| -> Vec<(PathBuf, u64, std::time::SystemTime)> {
        let mut all = Vec::new();
        let mut folders = vec![dir.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let metadata = entry.metadata().unwrap();
                if metadata.is_dir() {
                    folders.push(entry.path());
                } else {
                    all.push((entry.path(), metadata.len(), metadata.modified().unwrap()));
                }
            }
        }
        all.sort();
        all
    };
    let before = files(world.path());
    let revision = world.revision();
    let found = verify(world.path());
    assert_eq!((found.fault, found.last_revision), (None, revision));
    assert_eq!(files(world.path()), before);
    let source = DataDirectory::open(world.path()).unwrap();
    world.start("build");
    assert!(world.revision() > revision);
    assert_eq!(source.extent().last, revision, "what came later is not seen");
    assert_eq!(verify(world.path()).last_revision, world.revision());
    assert_eq!(fault(world.closed().path()), None);
}

#[test]
fn a_store_that_is_written_to_is_always_seen_whole() {
    let mut world = World::busy(1);
    let path = world.path().to_owned();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut looks = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) || looks < 5 {
                assert_eq!(verify(&path).fault, None);
                looks += 1;
            }
        });
        for _ in 0..60 {
            let run = world.start("build");
            world.give(gofer_domain::Command::CancelRun { run, message: "x".repeat(2_000) });
            world.store().sync().unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn what_is_no_source_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(crate::open(dir.path()).map(|_| ()), Err(crate::Error::NoSource(_))));
    assert!(matches!(DataDirectory::open(dir.path()), Err(crate::Error::Store(_))));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is made");
}
