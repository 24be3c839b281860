//! Damage is found and named, never skipped.

use super::world::World;
use super::*;
use crate::db::{DEDUP, EVENTS};

/// A world whose event at this revision was changed behind the store's back.
fn damaged(revision: u64, change: impl FnOnce(&mut Vec<u8>)) -> World {
    let mut world = World::new();
    (0..60).for_each(|step| world.step(step));
    let db = world.store.db();
    let events = db.family(EVENTS).unwrap();
    let mut bytes = db.inner.get_cf(events, revision.to_be_bytes()).unwrap().unwrap();
    change(&mut bytes);
    db.inner.put_cf(events, revision.to_be_bytes(), bytes).unwrap();
    world
}

fn message(result: Result<Vec<StoredEvent>, Error>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    error.to_string()
}

#[test]
fn a_flipped_bit_anywhere_in_an_event_is_named() {
    let length = {
        let mut length = 0;
        damaged(9, |bytes| length = bytes.len());
        length
    };
    for at in (0..length).step_by(length / 12) {
        let world = damaged(9, |bytes| bytes[at] ^= 1);
        assert!(world.store.events(Revision(1), 8, usize::MAX).is_ok(), "what comes before is sound");
        let message = message(world.store.events(Revision(5), 100, usize::MAX));
        assert!(message.contains("the event at revision 9 "), "{message}");
        assert!(matches!(world.store.apply(vec![]), Err(Error::Poisoned(_))), "it must stop");
    }
}

#[test]
fn a_cut_event_is_named() {
    for left in [0, 10, 33] {
        let world = damaged(9, |bytes| bytes.truncate(left));
        assert!(message(world.store.events(Revision(9), 1, 1)).contains("revision 9 "));
    }
}

#[test]
fn an_event_in_the_wrong_place_is_named() {
    let world = damaged(9, |_| ());
    let db = world.store.db();
    let events = db.family(EVENTS).unwrap();
    let other = db.inner.get_cf(events, 8_u64.to_be_bytes()).unwrap().unwrap();
    db.inner.put_cf(events, 9_u64.to_be_bytes(), other).unwrap();
    assert!(message(world.store.events(Revision(9), 1, 1)).contains("revision 9 "));
}

#[test]
fn a_rewritten_event_breaks_the_chain_at_the_next_one() {
    use sha2::{Digest, Sha256};
    // Somebody takes the trouble to make the hash right.
    let forge = |bytes: &mut Vec<u8>| {
        let body = bytes.len() - 34;
        bytes[body - 1] ^= 1;
        let hash = Sha256::digest(&bytes[..body]);
        bytes[body + 2..].copy_from_slice(&hash);
    };
    let world = damaged(9, forge);
    assert!(message(world.store.events(Revision(1), 100, usize::MAX)).contains("revision 10 does not follow"));
    // Also when the reading begins right behind it.
    let world = damaged(9, forge);
    assert!(message(world.store.events(Revision(10), 1, 1)).contains("revision 10 does not follow"));
}

#[test]
fn a_missing_event_is_named() {
    let remove = |revision: u64| {
        let world = damaged(9, |_| ());
        let db = world.store.db();
        db.inner.delete_cf(db.family(EVENTS).unwrap(), revision.to_be_bytes()).unwrap();
        world
    };
    assert!(message(remove(9).store.events(Revision(5), 100, usize::MAX)).contains("revision 9 is missing"));
    assert!(message(remove(9).store.events(Revision(9), 100, usize::MAX)).contains("revision 9 is missing"));
    let newest = damaged(9, |_| ()).revision().0;
    let message = message(remove(newest).store.events(Revision(newest - 1), 100, usize::MAX));
    assert!(message.contains(&format!("revision {newest} is missing")), "{message}");
    // The newest one is looked at when the store is opened.
    let (dir, store) = remove(newest).into_parts();
    drop(store);
    let error = Store::open(dir.path(), Options::default()).unwrap_err();
    assert!(error.to_string().contains(&format!("revision {newest} is missing")), "{error}");
}

#[test]
fn events_beyond_the_state_are_found_when_the_store_is_opened() {
    let world = damaged(9, |_| ());
    let beyond = world.revision().0 + 3;
    let db = world.store.db();
    db.inner.put_cf(db.family(EVENTS).unwrap(), beyond.to_be_bytes(), b"x").unwrap();
    drop(db);
    let (dir, store) = world.into_parts();
    drop(store);
    assert!(matches!(Store::open(dir.path(), Options::default()), Err(Error::Corrupt { .. })));
}

#[test]
fn a_lost_answer_is_never_decided_again() {
    let world = damaged(9, |_| ());
    let db = world.store.db();
    db.inner.delete_cf(db.family(DEDUP).unwrap(), 4_u64.to_be_bytes()).unwrap();
    drop(db);
    let index = world.store.applied().index + 1;
    let again = Entry { index, ..world.entries[4].clone() };
    let error = world.store.apply(vec![again]).unwrap_err();
    assert!(error.to_string().contains("record 4 is missing"), "{error}");
    let (dir, store) = world.into_parts();
    drop(store);
    let error = Store::open(dir.path(), Options::default()).unwrap_err();
    assert!(error.to_string().contains("record 4 is missing"), "{error}");
}

#[test]
fn an_error_of_a_lookup_stops_the_store_before_anything_is_decided() {
    let mut world = World::new();
    world.start("p0", None);
    world.next(Command::CancelRun { run: super::world::run("p0", 1), message: String::new() });
    let (revision, index) = (world.revision(), world.store.applied().index);
    let db = world.store.db();
    let key = crate::keys::run(crate::keys::kind::RUN, &super::world::run("p0", 1));
    db.inner.put_cf(db.family(crate::db::VIEWS).unwrap(), key, [0xff; 9]).unwrap();
    let retry = request(5, Command::RetryRun { run: super::world::run("p0", 1), from: gofer_domain::RetryFrom::Start });
    let entry = Entry { index: index + 1, log_id: vec![], kind: EntryKind::Commands(vec![retry]) };
    assert!(matches!(world.store.apply(vec![entry.clone()]), Err(Error::Corrupt { .. })));
    assert!(matches!(world.store.apply(vec![entry]), Err(Error::Poisoned(_))));
    assert_eq!((world.revision(), world.store.applied().index), (revision, index));
}
