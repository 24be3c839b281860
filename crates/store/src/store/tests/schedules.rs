//! Schedules in the views: written, changed, taken away, loaded and replayed; and the format that keeps older code away.

use gofer_domain::{FiredSlot, ScheduleKey, SkippedSlots};

use super::world::{World, run, schedule, spec};
use super::*;
use crate::{Outcome, PlacedEvent, Replayer, Views};

fn keys(store: &Store) -> Vec<String> {
    store.read(|state| state.schedules.iter().map(|(pipeline, name, _)| format!("{pipeline}/{name}")).collect())
}

fn create(schedule: &ScheduleKey, enabled: bool) -> Command {
    Command::CreateSchedule { schedule: schedule.clone(), spec: spec(1), enabled }
}

#[test]
fn schedules_and_the_slots_of_runs_are_loaded_and_replayed() {
    let mut world = World::new();
    let [kept, changed, gone] = ["a", "b", "c"].map(|name| schedule("p0", name));
    for schedule in [&kept, &changed, &gone] {
        world.next(create(schedule, *schedule != changed));
    }
    assert!(matches!(world.settle("p0", "a"), Outcome::Accepted { .. }));
    assert!(matches!(world.settle("p0", "b"), Outcome::Rejected(_)), "it is disabled");
    world.next(Command::UpdateSchedule { schedule: changed.clone(), spec: spec(2), generation: None });
    world.next(Command::SetScheduleEnabled { schedule: changed.clone(), enabled: true });
    world.next(Command::DeleteSchedule { schedule: gone });
    let names = ["default/p0/a", "default/p0/b"];
    assert_eq!(keys(&world.store), names);
    let of = |store: &Store, key: &ScheduleKey| store.read(|state| state.schedules.get(key).cloned()).unwrap();
    let known = of(&world.store, &kept);
    assert_eq!(known.last_fired, Some(FiredSlot { slot: known.settled, run: 1 }));
    let skipped = of(&world.store, &changed).last_skipped;
    assert!(matches!(skipped, Some(SkippedSlots { reason: gofer_domain::SkipReason::Paused, .. })), "{skipped:?}");

    let before = world.store.read(|state| state.schedules.clone());
    let events = world.store.events(Revision(1), usize::MAX, usize::MAX).unwrap();
    let mut world = world.reopened();
    assert_eq!(world.store.read(|state| state.schedules.clone()), before, "loaded");
    let slot = world.store.run(&run("p0", 1)).unwrap().unwrap().schedule.unwrap();
    assert_eq!((slot.schedule, slot.slot), (kept.name.clone(), known.settled));

    let dir = tempfile::tempdir().unwrap();
    let mut replayer = Replayer::create(&dir.path().join("views"), &Options::default()).unwrap();
    let placed: Vec<PlacedEvent> = events
        .into_iter()
        .map(|event| {
            let time = crate::codec::time_from_wire(event.envelope.time.as_ref(), "time").unwrap();
            PlacedEvent { revision: event.revision, time, event: event.decode().unwrap() }
        })
        .collect();
    replayer.apply(&placed).unwrap();
    assert_eq!(replayer.state().schedules, before, "replayed");
    let (mine, theirs) = (replayer.views(), Views(world.store.db()));
    let (mut mine, mut theirs) = (mine.scan().unwrap(), theirs.scan().unwrap());
    while let Some((key, value)) = mine.next().unwrap() {
        assert_eq!(theirs.next().unwrap(), Some((key, value)), "{}", String::from_utf8_lossy(key));
    }
    assert_eq!(theirs.next().unwrap(), None);

    // It goes on where it stood.
    assert!(matches!(world.settle("p0", "a"), Outcome::Accepted { .. }));
    assert_eq!(of(&world.store, &kept).last_fired.map(|fired| fired.run), Some(2));
}

#[test]
fn a_database_with_a_schedule_is_of_a_format_of_its_own() {
    let mut world = World::new();
    let format = |store: &Store| {
        let db = store.db();
        db.inner.get_cf(db.family(crate::db::META).unwrap(), b"format").unwrap().unwrap()
    };
    assert!(format(&world.store) < 4_u64.to_be_bytes().to_vec());
    world.next(create(&schedule("p0", "a"), true));
    assert_eq!(format(&world.store), 4_u64.to_be_bytes().to_vec());
}
