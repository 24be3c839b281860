//! The store on a real disk.

mod archive;
mod checkpoint;
mod crash;
mod damage;
mod directory;
mod objects;
mod order;
mod read;
mod restorer;
mod schedules;
mod subscriptions;
mod swap;
mod world;

use gofer_domain::{Answer, Command, NamespaceId, Revision};

use self::world::{World, reopen, request};
use super::*;
use crate::{Entry, EntryKind};

#[test]
fn a_reopened_store_is_the_same() {
    let mut world = World::new();
    for step in 0..400 {
        world.step(step);
        if step % 40 == 39 {
            let before = world.store.read(State::clone);
            let (applied, progress) = (world.store.applied(), *world.store.progress().borrow());
            world = world.reopened();
            assert_eq!(world.store.read(State::clone), before, "after step {step}");
            assert_eq!(world.store.applied(), applied);
            assert_eq!(*world.store.progress().borrow(), progress);
        }
    }
    assert!(world.store.read(|state| state.revision.0) > 400, "the steps must do something");
    assert!(world.ended() > 20 && world.store.read(|state| !state.runs.is_empty()), "some runs end, some live");
}

#[test]
fn batches_of_any_size_lead_to_the_same_bytes() {
    let mut world = World::new();
    (0..200).for_each(|step| world.step(step));
    let (dir, other) = world::empty();
    for entries in world.entries.chunks(7) {
        other.apply(entries.to_vec()).unwrap();
    }
    assert_eq!(other.progress().borrow().chain_head, world.store.progress().borrow().chain_head);
    assert_eq!(other.read(State::clone), world.store.read(State::clone));
    let records = |store: &Store| {
        let db = store.db();
        let families = ["meta", "events", "views", "dedup"];
        families.map(|family| {
            let found = db.inner.iterator_cf(db.family(family).unwrap(), rocksdb::IteratorMode::Start);
            found.collect::<Result<Vec<_>, _>>().unwrap()
        })
    };
    assert_eq!(records(&other), records(&world.store));
    drop(dir);
}

#[test]
fn a_repeated_request_gets_its_first_answer_also_after_a_restart() {
    let mut world = World::new();
    let create = || Command::CreateNamespace { namespace: NamespaceId::new("other").unwrap(), description: "x".into() };
    let first = world.give(77, create());
    assert!(matches!(first, Outcome::Accepted { answer: Answer::Done, .. }));
    let revision = world.revision();
    assert_eq!(world.give(77, create()), first);
    let refused = world.give(78, create());
    assert!(matches!(refused, Outcome::Rejected(_)), "it exists, and the request is another");
    assert_eq!(world.revision(), revision);
    let mut world = world.reopened();
    assert_eq!(world.give(77, create()), first);
    assert_eq!(world.give(78, create()), refused);
    // Within one batch, too, before anything is written.
    let delete = || Command::DeleteNamespace { namespace: NamespaceId::new("other").unwrap() };
    let entry = |index| Entry { index, log_id: vec![], kind: EntryKind::Commands(vec![request(79, delete()); 2]) };
    let next = world.store.applied().index + 1;
    let outcomes = world.store.apply(vec![entry(next), entry(next + 1)]).unwrap();
    let all: Vec<&Outcome> = outcomes.iter().flatten().collect();
    assert!(
        all.len() == 4 && all.iter().all(|outcome| *outcome == all[0] && matches!(outcome, Outcome::Accepted { .. }))
    );
    assert_eq!(world.revision(), Revision(revision.0 + 1));
}

#[test]
fn the_oldest_answers_are_forgotten_first() {
    let options = Options { dedup_capacity: 3, ..Options::default() };
    let mut world = World::with(options);
    let create = |name: &str| Command::CreateNamespace {
        namespace: NamespaceId::new(name).unwrap(),
        description: String::new(),
    };
    let first = world.give(1, create("a"));
    world.give(2, create("b"));
    world.give(3, create("c"));
    assert_eq!(world.give(1, create("a")), first);
    world.give(4, create("d"));
    let mut world = world.reopened();
    let third = world.give(3, create("zzz"));
    assert!(matches!(third, Outcome::Accepted { .. }), "still recorded");
    assert!(matches!(world.give(1, create("a")), Outcome::Rejected(_)), "forgotten, so decided anew");
    let db = world.store.db();
    let kept = db.inner.iterator_cf(db.family(crate::db::DEDUP).unwrap(), rocksdb::IteratorMode::Start).count();
    assert_eq!(kept, 3);
}

#[test]
fn what_consensus_keeps_comes_back() {
    let world = World::new();
    let index = world.store.applied().index;
    let entry = |index, kind| Entry { index, log_id: vec![9, index as u8], kind };
    world.store.apply(vec![entry(index + 1, EntryKind::Membership(vec![1, 2]))]).unwrap();
    world.store.apply(vec![entry(index + 2, EntryKind::Blank)]).unwrap();
    let world = world.reopened();
    let applied = world.store.applied();
    assert_eq!((applied.index, applied.membership), (index + 2, vec![1, 2]));
    assert_eq!(applied.log_id, [9, index as u8 + 2]);
}

#[test]
fn an_entry_that_was_applied_is_refused_and_stops_the_store() {
    let world = World::new();
    let index = world.store.applied().index;
    let again = Entry { index, log_id: vec![], kind: EntryKind::Blank };
    assert!(matches!(world.store.apply(vec![again]), Err(Error::OutOfOrder { .. })));
    assert!(matches!(world.store.apply(vec![]), Err(Error::Poisoned(_))));
    assert!(matches!(world.store.events(Revision(1), 1, 1), Err(Error::Poisoned(_))));
    assert!(matches!(world.store.sync(), Err(Error::Poisoned(_))));
}

#[test]
fn progress_is_told_after_the_write() {
    let mut world = World::new();
    let mut progress = world.store.progress();
    let before = *progress.borrow_and_update();
    world.step(0);
    assert!(progress.has_changed().unwrap());
    let now = *progress.borrow_and_update();
    assert_eq!(now.applied, before.applied + 1);
    let events = world.store.events(now.revision, 1, usize::MAX).unwrap();
    assert_eq!(events[0].envelope.hash, now.chain_head[..]);
}

#[test]
fn what_is_synced_is_what_was_applied() {
    let world = World::new();
    assert_eq!(world.store.sync().unwrap(), world.store.applied().index);
    let (dir, store) = world.into_parts();
    let revision = store.read(|state| state.revision);
    let store = reopen(store, &dir);
    assert_eq!(store.read(|state| state.revision), revision);
}
