//! Replays against what the store made of the same events.

use std::fs;
use std::ops::ControlFlow;

use gofer_domain::{Revision, State};
use gofer_store::ViewKind;
use rocksdb::{DB, Options};

use super::events;
use super::world::{World, run};
use crate::{DataDirectory, EventSource, ExportOptions, Exporter, Meter, Replay, Until, between, divergence};

fn replayed(source: &dyn EventSource, until: Until) -> Replay {
    let mut replay = Replay::new(&std::env::temp_dir()).unwrap();
    replay.advance(source, until, &Meter::default()).unwrap();
    replay
}

#[test]
fn a_replay_is_equal_to_the_live_state() {
    let mut world = World::busy(30);
    let live = world.start("build");
    world.place(&super::world::attempt(&live, "a", 1), 1);
    let state = world.store().read(State::clone);
    let old = world.store().run(&run("build", 2)).unwrap();
    let dir = world.closed();
    let source = DataDirectory::open(dir.path()).unwrap();
    let replay = replayed(&source, Until::End);
    assert_eq!(*replay.state(), state);
    let compared = replay.compare(source.store()).unwrap();
    assert_eq!(compared.first_difference, None);
    assert!(compared.records > 100, "{compared:?}");
    assert!(old.is_some());

    let export = tempfile::tempdir().unwrap();
    let mut exporter = Exporter::open(export.path(), &ExportOptions::default()).unwrap();
    events(dir.path()).iter().for_each(|event| exporter.push(event).unwrap());
    exporter.finish().unwrap();
    let other = replayed(crate::open(export.path()).unwrap().as_ref(), Until::End);
    assert_eq!((other.digest().unwrap(), other.head()), (replay.digest().unwrap(), replay.head()));
    assert_eq!(divergence(&source, crate::open(export.path()).unwrap().as_ref()).unwrap(), None);
}

#[test]
fn a_replay_in_steps_is_the_same_and_ends_where_it_is_told_to() {
    let dir = World::busy(12).closed();
    let source = DataDirectory::open(dir.path()).unwrap();
    let whole = replayed(&source, Until::End).digest().unwrap();
    let mut steps = Replay::new(&std::env::temp_dir()).unwrap();
    let last = source.extent().last;
    for revision in (1..last).step_by(7) {
        steps.advance(&source, Until::Revision(revision), &Meter::default()).unwrap();
        assert_eq!(steps.state().revision, Revision(revision));
    }
    let before = steps.digest().unwrap();
    steps.advance(&source, Until::End, &Meter::default()).unwrap();
    assert_ne!(before, steps.digest().unwrap());
    assert_eq!(steps.digest().unwrap(), whole);

    let until = replayed(&source, Until::Revision(60));
    let time = until.state().time;
    let by_time = replayed(&source, Until::Time(time));
    assert!(by_time.state().revision >= Revision(60) && by_time.state().time == time);
    assert_eq!(replayed(&source, Until::Time(gofer_domain::Timestamp(1))).state().revision, Revision(0));
    let mut beyond = Replay::new(&std::env::temp_dir()).unwrap();
    assert!(beyond.advance(&source, Until::Revision(last + 1), &Meter::default()).is_err());
}

#[test]
fn a_changed_view_is_named() {
    let dir = World::busy(6).closed();
    let families = ["default", "meta", "events", "views", "dedup"];
    let db = DB::open_cf(&Options::default(), dir.path().join("state-1"), families).unwrap();
    let views = db.cf_handle("views").unwrap();
    let key = b"Rdefault\0build\0\0\0\0\0\0\0\0\x02";
    let mut bytes = db.get_cf(views, key).unwrap().unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    db.put_cf(views, key, bytes).unwrap();
    drop(db);
    let source = DataDirectory::open(dir.path()).unwrap();
    let compared = replayed(&source, Until::End).compare(source.store()).unwrap();
    let first = compared.first_difference.unwrap();
    assert!(first.starts_with("run default/build/2: "), "{first}");
}

#[test]
fn what_changed_between_two_revisions_is_listed() {
    let mut world = World::busy(5);
    let from = world.revision();
    let started = world.start("build");
    let to = world.revision();
    world.start("build");
    let dir = world.closed();
    let source = DataDirectory::open(dir.path()).unwrap();
    let mut changes = Vec::new();
    let scratch = tempfile::tempdir().unwrap();
    between(&source, (from, to), scratch.path(), &Meter::default(), &mut |change| {
        changes.push(change);
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    let named = |kind, name: &str| changes.iter().find(|change| change.kind == kind && change.name == name).cloned();
    let run = named(ViewKind::Run, &started.to_string()).unwrap();
    assert!(run.before.is_none() && run.after.is_some());
    let pipeline = named(ViewKind::Pipeline, "default/build").unwrap();
    assert!(pipeline.before.is_some() && pipeline.after.is_some() && pipeline.before != pipeline.after);
    assert!(named(ViewKind::Task, &format!("{started}/a")).is_some());
    assert!(changes.iter().all(|change| change.before != change.after && change.kind != ViewKind::Node));
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "the temporary state is removed");
    let nothing = between(&source, (to, from), scratch.path(), &Meter::default(), &mut |_| unreachable!());
    assert!(nothing.is_err());
}

#[test]
fn the_first_difference_of_two_logs_is_found() {
    let one = World::busy(10).closed();
    let mut other = World::busy(7);
    let parted = other.revision() + 1;
    other.register_node(9);
    for number in 0..20 {
        let namespace = gofer_domain::NamespaceId::new(&format!("o{number}")).unwrap();
        other.give(gofer_domain::Command::CreateNamespace { namespace, description: String::new() });
    }
    let other = other.closed();
    let (one, other) = (DataDirectory::open(one.path()).unwrap(), DataDirectory::open(other.path()).unwrap());
    let found = divergence(&one, &other).unwrap().unwrap();
    assert_eq!(found.revision, parted);
    assert_ne!(found.left, found.right);
    assert_eq!(divergence(&one, &one).unwrap(), None);
}
