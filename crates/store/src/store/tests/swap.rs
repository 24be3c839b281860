//! Readers while the state under them is swapped.

use std::sync::atomic::{AtomicBool, Ordering};

use super::world::{World, pipeline, run};
use super::*;

/// What a reader may rely on at any moment. Answers how often it looked.
fn look(store: &Store, done: &AtomicBool) -> u64 {
    let mut looks = 0;
    while !done.load(Ordering::Acquire) {
        let key = run("p0", 1);
        assert_eq!(store.run(&key).unwrap().map(|run| run.tasks.len()), Some(3));
        let live = store.read(|state| state.runs.keys().next_back().cloned());
        if let Some(live) = live {
            assert!(store.run(&live).unwrap().is_some(), "{live}");
        }
        let head = store.progress().borrow().revision;
        let events = store.events(Revision(head.0.saturating_sub(5)), 3, usize::MAX).unwrap();
        assert_eq!(events.len(), 3);
        assert!(store.runs(&pipeline("p0"), None, 3).unwrap().iter().all(|run| run.options.variables.len() == 1));
        assert!(store.config(&pipeline("p0"), Version(1)).unwrap().is_some());
        looks += 1;
    }
    looks
}

#[test]
fn readers_never_fail_while_states_are_swapped() {
    let mut leader = World::new();
    leader.start("p0", None);
    (0..60).for_each(|step| leader.step(step));
    let dir = tempfile::tempdir().unwrap();
    // A tiny cache, so that readers go to the files.
    let options = Options { block_cache_bytes: 4 << 10, ..Options::default() };
    let follower = Store::open(dir.path(), options).unwrap();
    follower.apply(leader.entries.clone()).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers = [0, 1].map(|_| scope.spawn(|| look(&follower, &done)));
        for round in 0..12_u64 {
            // Part of the way by checkpoint, part of it by entries.
            (0..20).for_each(|step| leader.step(60 + round * 40 + step));
            let target = dir.path().join("incoming");
            leader.store.checkpoint(&target).unwrap();
            follower.install(&target).unwrap();
            let from = leader.entries.len();
            (20..40).for_each(|step| leader.step(60 + round * 40 + step));
            for entry in &leader.entries[from..] {
                follower.apply(vec![entry.clone()]).unwrap();
            }
        }
        done.store(true, Ordering::Release);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
    assert_eq!(follower.read(State::clone), leader.store.read(State::clone));
    assert_eq!(*follower.progress().borrow(), *leader.store.progress().borrow());
    let states =
        std::fs::read_dir(dir.path()).unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    assert_eq!(states.filter(|name| name.starts_with("state-")).collect::<Vec<_>>(), ["state-13"]);
    // What was installed before the last swap is remembered after a start, too.
    let before = follower.read(State::clone);
    drop(follower);
    let follower = Store::open(dir.path(), options).unwrap();
    assert_eq!(follower.read(State::clone), before);
    let head = follower.progress().borrow().revision.0;
    assert_eq!(follower.events(Revision(1), usize::MAX, usize::MAX).unwrap().len() as u64, head);
}
