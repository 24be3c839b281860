//! Objects in the views: written, dropped as a whole, put again in the same batch, and loaded.

use gofer_domain::{ObjectContent, ObjectKey, ObjectLimits, ObjectScope};

use super::world::{World, pipeline, request, run};
use super::*;
use crate::{PlacedEvent, Replayer, Views};

fn put(scope: &ObjectScope, key: &str, bytes: u64, limits: ObjectLimits) -> Command {
    let content = ObjectContent { bytes, digest: [1; 32], manifest: [2; 32], place: None };
    let (scope, key) = (scope.clone(), ObjectKey::new(key).unwrap());
    Command::PutObject { scope, key, content: Box::new(content), limits, attempt: None }
}

fn keys(store: &Store) -> Vec<String> {
    store.read(|state| state.objects.iter().map(|(scope, key, _)| format!("{scope} {key}")).collect())
}

#[test]
fn what_is_dropped_is_gone_and_what_was_put_since_is_there() {
    let mut world = World::new();
    let limits = ObjectLimits { runs: 1, ..ObjectLimits::default() };
    for _ in 0..2 {
        world.next(Command::StartRun { pipeline: pipeline("p0"), version: None, options: Box::default() });
    }
    world.next(Command::CancelRun { run: run("p0", 1), message: String::new() });
    let [own, first, second] =
        [ObjectScope::Pipeline(pipeline("p0")), ObjectScope::Run(run("p0", 1)), ObjectScope::Run(run("p0", 2))];
    for (scope, key) in [(&own, "a"), (&first, "a"), (&first, "b")] {
        world.next(put(scope, key, 1, limits));
    }
    assert_eq!(keys(&world.store), ["default/p0 a", "default/p0/1 a", "default/p0/1 b"]);

    // The second run's object takes the first one's away, and the first one gets another, all in one batch.
    let index = world.store.applied().index + 1;
    let more = ObjectLimits { runs: 9, ..limits };
    let commands = vec![
        request(1, put(&second, "x", 1, limits)),
        request(2, put(&first, "b", 2, more)),
        request(3, Command::DeleteObject { scope: own, key: ObjectKey::new("a").unwrap(), attempt: None }),
    ];
    world.store.apply(vec![Entry { index, log_id: Vec::new(), kind: EntryKind::Commands(commands) }]).unwrap();
    let wanted = ["default/p0/1 b", "default/p0/2 x"];
    assert_eq!(keys(&world.store), wanted);
    let before = world.store.read(|state| state.objects.clone());
    let events = world.store.events(Revision(1), usize::MAX, usize::MAX).unwrap();
    let world = world.reopened();
    assert_eq!(world.store.read(|state| state.objects.clone()), before, "loaded");

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
    assert_eq!(replayer.state().objects, before, "replayed");
    let (mine, theirs) = (replayer.views(), Views(world.store.db()));
    let (mut mine, mut theirs) = (mine.scan().unwrap(), theirs.scan().unwrap());
    while let Some((key, value)) = mine.next().unwrap() {
        assert_eq!(theirs.next().unwrap(), Some((key, value)), "{}", String::from_utf8_lossy(key));
    }
    assert_eq!(theirs.next().unwrap(), None);
}
