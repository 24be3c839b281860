//! A directory that is made of events alone holds what the one has that they came from.

use std::ops::ControlFlow;

use gofer_domain::{Answer, CommandEnvelope, Revision};
use gofer_wire::log::v1::EventEnvelope;
use prost::Message;

use super::world::World;
use crate::{EntryKind, Error, Options, Outcome, PlacedEvent, ReadOnlyStore, Restorer, SealedEvent, Store, unfinished};

/// The events of a store as they are stored.
fn events(store: &ReadOnlyStore) -> Vec<SealedEvent> {
    let mut found = Vec::new();
    store
        .scan_events(Revision(1), &mut |revision, bytes| {
            let envelope = EventEnvelope::decode(bytes).unwrap();
            let stored = crate::StoredEvent { revision, envelope };
            found.push(SealedEvent {
                placed: PlacedEvent {
                    revision,
                    time: crate::codec::time_from_wire(stored.envelope.time.as_ref(), "time").unwrap(),
                    event: stored.decode().unwrap(),
                },
                cause: Revision(stored.envelope.cause_revision),
                request_id: crate::codec::request_id(&stored.envelope.request_id).unwrap(),
                hash: stored.envelope.hash[..].try_into().unwrap(),
                bytes: bytes.to_vec(),
            });
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

fn records(views: &mut crate::ViewScan<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    while let Some((key, value)) = views.next().unwrap() {
        found.push((key.to_vec(), value.to_vec()));
    }
    found
}

#[test]
fn a_restored_store_has_the_same_events_views_and_answers() {
    let mut world = World::new();
    (0..400).for_each(|number| world.step(number));
    let entries = world.entries.clone();
    let (old, store) = world.into_parts();
    let state = store.read(Clone::clone);
    let (mut accepted, mut answers) = (0, Vec::new());
    for entry in &entries {
        let EntryKind::Commands(commands) = &entry.kind else { continue };
        answers.extend(commands.iter().cloned());
    }
    let source = ReadOnlyStore::open(old.path(), Options::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut restorer = Restorer::begin(dir.path(), Options::default()).unwrap();
    let sealed = events(&source);
    for some in sealed.chunks(7) {
        restorer.push(some).unwrap();
    }
    let restored = restorer.finish().unwrap();
    assert!(restored.read(|own| own.cluster == state.cluster && own.runs == state.runs && own.index == state.index));
    assert_eq!(restored.progress().borrow().chain_head, store.progress().borrow().chain_head);
    assert_eq!(
        restored.events(Revision(1), 100_000, usize::MAX).unwrap(),
        store.events(Revision(1), 100_000, usize::MAX).unwrap()
    );

    // Whoever asks again gets what the old store would say, if it was a change.
    let again = |store: &Store, command: &CommandEnvelope| {
        let index = store.applied().index + 1;
        let kind = EntryKind::Commands(vec![command.clone()]);
        store.apply(vec![crate::Entry { index, log_id: vec![1], kind }]).unwrap().remove(0).remove(0)
    };
    let changed: std::collections::BTreeSet<_> = sealed.iter().map(|event| event.request_id).collect();
    let mut kinds = std::collections::BTreeSet::new();
    for command in answers.iter().filter(|command| changed.contains(&command.request_id)) {
        let (one, other) = (again(&restored, command), again(&store, command));
        assert_eq!(one, other, "{command:?}");
        if let Outcome::Accepted { answer, .. } = one {
            accepted += 1;
            kinds.insert(match answer {
                Answer::Done => 0,
                Answer::Run(_) => 1,
                Answer::PipelineVersion(_) => 2,
                Answer::NodeIncarnation(_) => 3,
                Answer::Release(_) => 4,
                Answer::Events(_) => 5,
                Answer::Backfill(_) => 6,
            });
        }
    }
    assert!(accepted > 10 && kinds.len() == 7, "{accepted} {kinds:?}");
    drop((restored, store, source));
    unfinished::clear(dir.path()).unwrap();
    let open = |path: &std::path::Path| ReadOnlyStore::open(path, Options::default()).unwrap();
    let (one, other) = (open(dir.path()), open(old.path()));
    assert_eq!(records(&mut one.views().unwrap()), records(&mut other.views().unwrap()));
}

#[test]
fn what_is_not_finished_is_not_opened_and_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    // As an interruption at its very beginning leaves it.
    std::fs::write(dir.path().join("lock"), "").unwrap();
    std::fs::write(dir.path().join("UNFINISHED.tmp"), "gofer").unwrap();
    drop(Restorer::begin(dir.path(), Options::default()).unwrap());
    let error = Store::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(&error, Error::Unfinished { what, .. } if what == "gofer backup restore"), "{error}");
    let error = ReadOnlyStore::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(error, Error::Unfinished { .. }), "{error}");
    let first = Restorer::begin(dir.path(), Options::default()).unwrap();
    let error = Restorer::begin(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(error, Error::Locked(_)), "{error}");
    drop(first.finish().unwrap());
    unfinished::clear(dir.path()).unwrap();
    drop(Store::open(dir.path(), Options::default()).unwrap());
    let error = Restorer::begin(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(error, Error::NotEmpty(_)), "{error}");
    let full = tempfile::tempdir().unwrap();
    std::fs::write(full.path().join("precious"), "mine").unwrap();
    let error = Restorer::begin(full.path(), Options::default()).unwrap_err();
    assert!(matches!(error, Error::NotEmpty(_)), "{error}");
    assert_eq!(std::fs::read_dir(full.path()).unwrap().count(), 1);
}
