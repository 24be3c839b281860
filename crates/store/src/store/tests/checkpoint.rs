//! Checkpoints, and installing them.

use super::world::{World, empty, reopen};
use super::*;

fn worked(steps: u64) -> World {
    let mut world = World::new();
    (0..steps).for_each(|step| world.step(step));
    world
}

#[test]
fn an_installed_checkpoint_is_the_same_store() {
    let mut world = worked(150);
    let (dir, other) = empty();
    let target = dir.path().join("incoming");
    let taken = world.store.checkpoint(&target).unwrap();
    assert_eq!(taken, world.store.applied());
    let at = (world.store.read(State::clone), *world.store.progress().borrow());
    let mut progress = other.progress();
    progress.mark_unchanged();
    other.install(&target).unwrap();
    assert!(progress.has_changed().unwrap());
    assert_eq!((other.read(State::clone), *other.progress().borrow()), at);
    assert_eq!(other.applied(), taken);
    assert!(!target.exists(), "it was moved");
    // Both go on alike.
    let from = world.entries.len();
    (150..200).for_each(|step| world.step(step));
    let rest = world.entries[from..].to_vec();
    other.apply(rest).unwrap();
    assert_eq!(other.progress().borrow().chain_head, world.store.progress().borrow().chain_head);
    // Requests from before and after the checkpoint are remembered.
    for known in [&world.entries[9], &world.entries[from + 3]] {
        let index = other.applied().index + 1;
        let again = Entry { index, ..known.clone() };
        let revision = other.progress().borrow().revision;
        let outcomes = other.apply(vec![again.clone()]).unwrap();
        let index = world.store.applied().index + 1;
        assert_eq!(outcomes, world.store.apply(vec![Entry { index, ..again }]).unwrap());
        assert_eq!(other.progress().borrow().revision, revision);
    }
    let before = other.read(State::clone);
    let other = reopen(other, &dir);
    assert_eq!(other.read(State::clone), before);
    assert_eq!(other.events(Revision(1), 5, usize::MAX).unwrap().len(), 5);
}

#[test]
fn a_swap_removes_the_old_state_once_its_readers_are_gone() {
    let world = worked(20);
    let target = world.path().join("checkpoint");
    world.store.checkpoint(&target).unwrap();
    let reader = world.store.db();
    world.store.install(&target).unwrap();
    assert!(world.path().join("state-1").exists(), "somebody reads it");
    assert!(event_log::read(&reader, Revision(1), Revision(1), 1, 1).is_ok());
    drop(reader);
    assert!(!world.path().join("state-1").exists());
    assert!(world.path().join("state-2").exists());
    assert_eq!(std::fs::read_to_string(world.path().join("CURRENT_STATE")).unwrap(), "state-2");
}

#[test]
fn a_swap_that_was_cut_short_leaves_a_whole_state() {
    let world = worked(30);
    let path = world.path().to_owned();
    let older = path.join("checkpoint");
    world.store.checkpoint(&older).unwrap();
    let (dir, store) = world.into_parts();
    store.apply(vec![Entry { index: store.applied().index + 1, log_id: vec![], kind: EntryKind::Blank }]).unwrap();
    let (index, old_index) = (store.applied().index, store.applied().index - 1);
    drop(store);
    // Before the pointer is written, the old state counts.
    std::fs::rename(&older, path.join("state-2")).unwrap();
    std::fs::write(path.join("CURRENT_STATE.tmp"), "sta").unwrap();
    let store = Store::open(&path, Options::default()).unwrap();
    assert_eq!(store.applied().index, index);
    assert!(!path.join("state-2").exists(), "what is left over is removed");
    // After it is written, the new one does, and the old one may still lie there.
    let newer = path.join("newer");
    store.checkpoint(&newer).unwrap();
    drop(store);
    std::fs::rename(&newer, path.join("state-5")).unwrap();
    std::fs::write(path.join("CURRENT_STATE"), "state-5").unwrap();
    let store = reopen(Store::open(&path, Options::default()).unwrap(), &dir);
    assert_eq!(store.applied().index, index);
    assert!(!path.join("state-1").exists());
    assert!(old_index < index);
}

#[test]
fn what_is_no_checkpoint_is_refused_and_the_old_state_goes_on() {
    let mut world = worked(20);
    let before = world.store.read(State::clone);
    let nothing = world.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    assert!(matches!(world.store.install(&nothing), Err(Error::Corrupt { .. })));
    let torn = world.path().join("torn");
    world.store.checkpoint(&torn).unwrap();
    let mut files = std::fs::read_dir(&torn).unwrap().map(|entry| entry.unwrap().path());
    let table = files.find(|path| path.extension().is_some_and(|extension| extension == "sst")).unwrap();
    std::fs::remove_file(table).unwrap();
    assert!(world.store.install(&torn).is_err());
    assert!(world.store.install(&world.path().join("absent")).is_err());
    assert_eq!(world.store.read(State::clone), before);
    world.step(20);
    let world = world.reopened();
    assert!(world.store.applied().index > 0);
}

#[test]
fn a_checkpoint_of_another_cluster_is_refused() {
    let world = worked(20);
    let (dir, other) = empty();
    other.set_cluster(ClusterId([2; 16])).unwrap();
    let target = dir.path().join("incoming");
    world.store.checkpoint(&target).unwrap();
    assert!(matches!(other.install(&target), Err(Error::OtherCluster { .. })));
    assert_eq!(other.applied().index, 0);
    assert!(other.apply(vec![Entry { index: 1, log_id: vec![], kind: EntryKind::Blank }]).is_ok(), "not poisoned");
}

#[test]
fn a_checkpoint_of_a_newer_format_is_refused() {
    let world = worked(5);
    let target = world.path().join("newer");
    world.store.checkpoint(&target).unwrap();
    let db = Db::open(&target, &Options::default()).unwrap();
    db.inner.put_cf(db.family("meta").unwrap(), b"format", 9_u64.to_be_bytes()).unwrap();
    drop(db);
    assert!(matches!(world.store.install(&target), Err(Error::NewerFormat { found: 9, known: 4, .. })));
    assert!(world.store.events(Revision(1), 1, 1).is_ok());
}

#[test]
fn a_checkpoint_does_not_overwrite() {
    let world = worked(5);
    let target = world.path().join("checkpoint");
    world.store.checkpoint(&target).unwrap();
    assert!(world.store.checkpoint(&target).is_err());
}
