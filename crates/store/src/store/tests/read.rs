//! Reading runs, versions and events.

use gofer_domain::config::Overlap;

use super::world::{World, config, pipeline, run};
use super::*;

#[test]
fn runs_are_listed_newest_first_and_page_by_page() {
    let mut world = World::new();
    // Their numbers and names must not sort as text.
    world.register("p", Overlap::Allow, "");
    world.register("p00", Overlap::Allow, "");
    for number in 0..300_u64 {
        world.start("p0", None);
        let cancelled = Command::CancelRun { run: run("p0", number + 1), message: String::new() };
        world.next(cancelled);
    }
    world.start("p", None);
    world.start("p00", None);
    let store = &world.store;
    let numbers = |before, limit| -> Vec<u64> {
        let runs = store.runs(&pipeline("p0"), before, limit).unwrap();
        assert!(runs.iter().all(|run| run.tasks.is_empty() && run.options.variables.len() == 1));
        runs.into_iter().map(|run| run.key.run).collect()
    };
    assert_eq!(numbers(None, 1_000), (1..=300).rev().collect::<Vec<_>>());
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let page = numbers(before, 7);
        let Some(last) = page.last() else { break };
        before = Some(*last);
        paged.extend(page);
    }
    assert_eq!(paged, (1..=300).rev().collect::<Vec<_>>());
    assert_eq!(numbers(Some(1), 5), [0_u64; 0]);
    assert_eq!(numbers(Some(0), 5), [0_u64; 0]);
    assert_eq!(numbers(None, 0), [0_u64; 0]);
    assert_eq!(store.runs(&pipeline("none"), None, 5).unwrap(), []);
    assert_eq!(store.runs(&pipeline("p"), None, 5).unwrap().len(), 1);
}

#[test]
fn a_run_reads_the_same_while_it_lives_and_from_the_disk() {
    let mut world = World::new();
    (0..300).for_each(|step| world.step(step));
    let live: Vec<Run> = world.store.read(|state| state.runs.values().map(|live| live.run.clone()).collect());
    assert!(!live.is_empty());
    for run in live {
        assert_eq!(world.store.run(&run.key).unwrap().as_ref(), Some(&run));
        assert_eq!(reader::run(&world.store.db(), &run.key).unwrap(), Some(run));
    }
    assert_eq!(world.store.run(&run("p0", 9_999)).unwrap(), None);
}

#[test]
fn an_ended_run_leaves_memory_and_keeps_its_tasks() {
    let mut world = World::new();
    let key = run("p0", 1);
    world.start("p0", None);
    let mut step = 0;
    while world.store.read(|state| state.runs.contains_key(&key)) {
        step += 1;
        assert!(step < 200, "the run must end");
        world.work(step);
    }
    let ended = world.store.run(&key).unwrap().unwrap();
    assert!(ended.status.is_final());
    assert_eq!(ended.tasks.len(), 3);
    assert!(ended.tasks.values().all(|task| task.status.is_final()));
    assert!(ended.tasks.values().any(|task| task.attempts.iter().any(|attempt| attempt.log.is_some())));
    assert_eq!(ended.options.variables.len(), 1);
    let retried = world.next(Command::RetryRun { run: key.clone(), from: gofer_domain::RetryFrom::Start });
    assert!(matches!(&retried, Outcome::Accepted { answer: Answer::Run(new), .. } if new.run == 2), "{retried:?}");
    let new = world.store.run(&run("p0", 2)).unwrap().unwrap();
    assert_eq!((new.retry_of, &new.options.variables, new.version), (Some(1), &ended.options.variables, ended.version));
}

#[test]
fn every_version_stays_readable() {
    let mut world = World::new();
    world.register("p0", Overlap::Allow, "second");
    let read = |version| world.store.config(&pipeline("p0"), Version(version)).unwrap();
    assert_eq!(*read(1).unwrap(), config("p0", Overlap::Allow, "first"));
    assert_eq!(*read(2).unwrap(), config("p0", Overlap::Allow, "second"));
    assert_eq!(read(3), None);
    // Runs of an older version go on with it, also after a restart.
    world.start("p0", Some(Version(1)));
    let mut world = world.reopened();
    let description = |state: &State| state.runs[&run("p0", 1)].config.description.clone();
    assert_eq!(world.store.read(description), "first");
    assert!(matches!(world.start("p0", Some(Version(3))), Outcome::Rejected(_)));
}

#[test]
fn a_version_is_known_within_the_batch_that_registers_it() {
    let world = World::new();
    let namespace = NamespaceId::new("default").unwrap();
    let register = |id, text: &str| {
        let config = std::sync::Arc::new(config("p0", Overlap::Allow, text));
        world::request(id, Command::RegisterPipeline { namespace: namespace.clone(), config })
    };
    let start = world::request(
        12,
        Command::StartRun { pipeline: pipeline("p0"), version: Some(Version(2)), options: Box::default() },
    );
    let index = world.store.applied().index + 1;
    let commands = vec![register(10, "second"), register(11, "third"), start];
    let entry = Entry { index, log_id: vec![], kind: EntryKind::Commands(commands) };
    let outcomes = world.store.apply(vec![entry]).unwrap();
    assert!(matches!(&outcomes[0][2], Outcome::Accepted { answer: Answer::Run(_), .. }), "{outcomes:?}");
    assert_eq!(world.store.read(|state| state.runs[&run("p0", 1)].config.description.clone()), "second");
}

#[test]
fn events_come_in_order_in_pages_and_fold_to_the_same_state() {
    let mut world = World::new();
    (0..200).for_each(|step| world.step(step));
    let (store, head) = (&world.store, world.revision());
    let mut events = Vec::new();
    while let Some(next) = Some(Revision(events.len() as u64 + 1)).filter(|next| *next <= head) {
        let page = store.events(next, 10, usize::MAX).unwrap();
        assert!(!page.is_empty() && page.len() <= 10);
        events.extend(page);
    }
    let mut state = State::default();
    let db = store.db();
    let history = crate::history::Views::new(&db);
    for (revision, event) in (1..).map(Revision).zip(&events) {
        assert_eq!(event.revision, revision);
        let time = crate::codec::time_from_wire(event.envelope.time.as_ref(), "time").unwrap();
        state.apply(&history, revision, time, &event.decode().unwrap());
    }
    state.evict_finished();
    assert_eq!(state, store.read(State::clone));
    assert_eq!(events.last().unwrap().envelope.hash, store.progress().borrow().chain_head[..]);
    assert_eq!(store.events(Revision(0), 1, 1).unwrap()[0].revision, Revision(1));
    assert_eq!(store.events(Revision(1), 100, 1).unwrap().len(), 1, "at least one, whatever its size");
    assert_eq!(store.events(Revision(head.0 + 1), 1, 1).unwrap(), []);
}

#[test]
fn readers_never_fail_while_much_is_applied() {
    let mut world = World::new();
    let store = world.store.clone();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0_u32;
            while !done.load(std::sync::atomic::Ordering::Acquire) {
                let newest = store.read(|state| state.pipelines[&pipeline("p0")].last_run);
                for number in newest.saturating_sub(3).max(1)..=newest {
                    let found = store.run(&run("p0", number)).unwrap();
                    assert!(found.is_none_or(|run| run.tasks.len() == 3));
                }
                let head = store.progress().borrow().revision;
                assert_eq!(store.events(head, 1, 1).unwrap().len(), 1);
                looks += 1;
            }
            looks
        });
        (0..600).for_each(|step| world.step(step));
        done.store(true, std::sync::atomic::Ordering::Release);
        assert!(reader.join().unwrap() > 0);
    });
}

#[test]
fn opening_does_not_look_at_runs_that_have_ended() {
    let mut world = World::new();
    world.start("p0", None);
    world.next(Command::CancelRun { run: run("p0", 1), message: String::new() });
    world.start("p0", None);
    // Were it read, it would be found damaged.
    let db = world.store.db();
    let key = crate::keys::run(crate::keys::kind::RUN, &run("p0", 1));
    db.inner.put_cf(db.family(crate::db::VIEWS).unwrap(), key, [0xff; 9]).unwrap();
    drop(db);
    let world = world.reopened();
    assert_eq!(world.store.read(|state| state.runs.len()), 1);
    let error = world.store.run(&run("p0", 1)).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}
