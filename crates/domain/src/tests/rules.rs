//! What holds in every state and for every event, whatever was asked.

use std::collections::BTreeSet;

use crate::apply::Record;
use crate::node::NodeStatus;
use crate::policy::run_limit;
use crate::release::{Arm, Exposure, ReleaseStatus, Strategy};
use crate::state::{Deadline, LiveRun, Pipeline};
use crate::{Event, Revision, RunKey, RunStatus, ScheduleKey, State, SubscriptionKey, TaskKey, TaskRun, TaskStatus};

/// Checks a state between two commands.
pub(crate) fn check_state(state: &State) {
    let mut again = state.clone();
    again.reindex();
    assert_eq!(again.index, state.index, "the kept index is not the rebuilt one");
    for live in state.runs.values() {
        check_run(state, live);
    }
    assert_eq!(state.objects.count(), state.objects.iter().count());
    for (scope, key, _) in state.objects.iter() {
        let pipeline = &state.pipelines[scope.pipeline()];
        assert!(!pipeline.deleted, "{scope} {key} has no pipeline");
    }
    assert_eq!(state.schedules.count(), state.schedules.iter().count());
    for (pipeline, name, schedule) in state.schedules.iter() {
        assert!(!state.pipelines[pipeline].deleted, "{pipeline}/{name} has no pipeline");
        assert!(schedule.settled <= state.time, "{pipeline}/{name} is settled for times to come");
        assert!(schedule.generation <= state.revision);
    }
    check_subscriptions(state);
    for (_, deadline) in &state.index.deadlines {
        check_deadline(state, deadline);
    }
    for pipeline in state.pipelines.values() {
        let of = |status: RunStatus| {
            let runs = state.runs.values().map(|live| &live.run);
            let mut runs: Vec<_> =
                runs.filter(|run| run.key.pipeline == pipeline.key && run.status == status).collect();
            if status == RunStatus::Queued {
                runs.sort_by_key(|run| (-run.options.priority, run.key.run));
            }
            runs.into_iter().map(|run| run.key.run).collect::<Vec<_>>()
        };
        assert_eq!(pipeline.running.iter().copied().collect::<Vec<_>>(), of(RunStatus::Running));
        assert_eq!(pipeline.queue, of(RunStatus::Queued), "the line is not in order");
        let waits_in_vain = pipeline.enabled && pipeline.running.len() < run_limit(&pipeline.releases.config);
        assert!(pipeline.queue.is_empty() || !waits_in_vain, "{} has room and a run that waits", pipeline.key);
        assert!(!pipeline.deleted || pipeline.running.is_empty(), "{} is deleted and runs", pipeline.key);
        check_releases(state, pipeline);
    }
}

fn check_subscriptions(state: &State) {
    let all = &state.subscriptions;
    assert_eq!(all.count(), all.iter().count());
    let mut by_trigger = 0;
    for (pipeline, name, known) in all.iter() {
        assert!(!state.pipelines[pipeline].deleted, "{pipeline}/{name} has no pipeline");
        assert!(known.created <= known.generation && known.generation <= known.changed);
        assert!(known.created <= known.since && known.since <= known.changed && known.changed <= state.revision);
        assert!(known.fired <= known.taken, "{pipeline}/{name}");
        assert_eq!(known.last_fired.is_some(), known.fired > 0, "{pipeline}/{name}");
        assert_eq!(known.last_skipped.is_some(), known.skipped() > 0, "{pipeline}/{name}");
        let key = SubscriptionKey { pipeline: pipeline.clone(), name: name.clone() };
        by_trigger += all.of_trigger(&known.spec.trigger).filter(|(other, _)| **other == key).count();
        assert_eq!(all.changed_after(Revision(known.changed.0 - 1)).next().map(|(at, ..)| at), Some(known.changed));
    }
    assert_eq!(by_trigger, all.count(), "each is found by its trigger, once");
    assert_eq!(state.followed.is_some(), all.follow_the_log());
    assert!(state.followed.is_none_or(|followed| followed <= state.revision));
    let trimmed = state.archive.as_ref().map_or(Revision(0), |archive| archive.trimmed);
    assert!(state.followed.is_none_or(|followed| trimmed <= followed), "what is to be looked at is gone");
}

/// A release counts what there is, and its runs are of its versions.
fn check_releases(state: &State, pipeline: &Pipeline) {
    let releases = &pipeline.releases;
    assert!(releases.live.0 >= 1 && releases.live <= pipeline.version, "{} has no such version", pipeline.key);
    let Some(active) = &releases.active else { return };
    assert!(!pipeline.deleted && releases.pin.is_none(), "{} goes on with a release", pipeline.key);
    let release = &active.release;
    assert_eq!((release.status, release.id), (ReleaseStatus::Running, releases.last));
    assert_eq!(release.from, releases.live);
    assert!(release.from != release.to && (release.serving == release.from || release.serving == release.to));
    let mut live = 0;
    for run in state.runs.values().map(|live| &live.run).filter(|run| run.key.pipeline == pipeline.key) {
        if run.release == Some(release.id) {
            assert!(run.version == release.from || run.version == release.to, "{} is of another version", run.key);
            live += u64::from(!run.status.is_final());
        }
    }
    let ended = |arm: &Arm| arm.sample() + arm.cancelled;
    let open = [&release.from_arm, &release.to_arm].map(|arm| arm.given - ended(arm)).iter().sum::<u64>();
    assert_eq!(open, live, "the runs of {} that release {} waits for", pipeline.key, release.id);
    assert!(ended(&release.step_arm) <= release.step_arm.given && release.step_arm.given <= release.step_given);
    if let Strategy::Canary(canary) = &release.strategy
        && let Exposure::Runs(most) = canary.steps[usize::try_from(release.step).unwrap()].exposure
    {
        assert!(release.step_arm.given - release.step_arm.cancelled <= u64::from(most));
    }
}

/// Nothing that is being stopped has a deadline: the leader would order its end again and again.
fn check_deadline(state: &State, deadline: &Deadline) {
    match deadline {
        Deadline::Run(key) => {
            let run = &state.runs[key].run;
            assert!(run.status == RunStatus::Running && run.stopping.is_none(), "{key} has a deadline");
        }
        Deadline::Task(key) => {
            assert_eq!(state.runs[&key.run].run.tasks[&key.task].status, TaskStatus::Waiting, "{key} has a deadline");
        }
        Deadline::Attempt(key) => {
            let task = &state.runs[&key.task.run].run.tasks[&key.task.task];
            let attempt = &task.attempts[usize::try_from(key.attempt).unwrap() - 1];
            assert!(!attempt.status.is_final() && attempt.stopping.is_none(), "{key} has a deadline");
        }
    }
}

fn check_run(state: &State, live: &LiveRun) {
    let run = &live.run;
    let mut moves = false;
    for (id, task) in &run.tasks {
        let open: Vec<_> = (1..).zip(&task.attempts).filter(|(_, attempt)| !attempt.status.is_final()).collect();
        assert!(open.len() <= 1, "two live attempts of {}/{id}", run.key);
        let is_placed = matches!(task.status, TaskStatus::Placed | TaskStatus::Launching | TaskStatus::Running);
        assert_eq!(open.len() == 1, is_placed, "{}/{id} is {:?}", run.key, task.status);
        moves |= is_placed || matches!(task.status, TaskStatus::Queued | TaskStatus::Waiting);
        for (number, attempt) in open {
            assert_eq!(number, task.attempts.len(), "a live attempt is the newest");
            assert_eq!(state.nodes[&attempt.node].status, NodeStatus::Ready, "{}/{id} is on a lost node", run.key);
            assert!(run.stopping.is_none() || attempt.stopping.is_some(), "{}/{id} does not stop", run.key);
        }
        let starts = matches!(task.status, TaskStatus::Pending | TaskStatus::Queued);
        assert!(run.stopping.is_none() || !starts, "{}/{id} may start in a run that stops", run.key);
    }
    let all_final = run.tasks.values().all(|task| task.status.is_final());
    assert_eq!(run.status.is_final(), all_final, "{} is {:?}", run.key, run.status);
    match run.status {
        RunStatus::Running => assert!(moves, "{} is stuck", run.key),
        RunStatus::Queued => {
            let untouched = |task: &TaskRun| task.status == TaskStatus::Pending || task.kept_from.is_some();
            assert!(run.tasks.values().all(untouched));
        }
        RunStatus::Succeeded => {
            let bad = |status: &TaskStatus| {
                matches!(status, TaskStatus::Failed { .. } | TaskStatus::Lost { .. } | TaskStatus::Unknown { .. })
            };
            let failed = run.tasks.iter().any(|(id, task)| bad(&task.status) && !live.config.tasks[id].allow_failure);
            assert!(!failed && run.stopping.is_none(), "{} succeeded with a failed task", run.key);
        }
        RunStatus::Failed { .. } | RunStatus::Cancelled { .. } => {}
    }
}

/// Checks one event of a decision, with the states before and after it.
pub(crate) fn check_event(before: &State, after: &State, event: &Event) {
    if let Event::RunAnnotated { run, .. } = event
        && !before.runs.contains_key(run)
    {
        // It has come back from the history, with tasks as they were there.
        assert_eq!(event.records(), [Record::Run(run.clone())]);
        return;
    }
    let changed = changed(before, after);
    let told: BTreeSet<Record> = event.records().into_iter().collect();
    let is_told = |record: &Record| {
        if let Record::Object(scope, key) = record
            && told.contains(&Record::Objects(scope.clone()))
        {
            return after.objects.get(scope, key).is_none();
        }
        told.contains(record)
    };
    assert!(changed.iter().all(is_told), "{event:?} changes {changed:?}, and says {told:?}");
    assert!(!changed.is_empty(), "{event:?} changes nothing");
    for record in &changed {
        if let Record::Run(key) = record {
            assert_eq!(after.runs[key].run.revision, after.revision, "{event:?} leaves the run's revision as it was");
        }
    }
    if let Event::TaskQueued { task, .. } = event {
        assert_eq!(after.runs[&task.run].run.tasks[&task.task].queued_revision, after.revision);
    }
    if let Event::AttemptPlaced { attempt, node, .. } = event {
        let live = &before.runs[&attempt.task.run];
        for parent in live.config.tasks[&attempt.task.task].depends_on.keys() {
            assert!(live.run.tasks[parent].status.is_final(), "{attempt} is placed before {parent} has ended");
        }
        let slots = usize::try_from(before.nodes[node].spec.slots).unwrap();
        assert!(after.index.placed[node].len() <= slots, "{node} has more attempts than slots");
    }
    if let Event::AttemptStopRequested { attempt, .. } = event {
        let task = &before.runs[&attempt.task.run].run.tasks[&attempt.task.task];
        assert_eq!(task.attempts.last().unwrap().stopping, None, "{attempt} is told to stop twice");
    }
    if let Event::RunStopRequested { run, .. } = event {
        assert_eq!(before.runs[run].run.stopping, None, "{run} is told to stop twice");
    }
    if let Event::RunStarted { run } = event {
        assert_eq!(before.runs[run].run.status, RunStatus::Queued, "{run} starts twice");
        let pipeline = &after.pipelines[&run.pipeline];
        assert!(pipeline.running.len() <= run_limit(&pipeline.releases.config), "{run} is one too many");
        assert!(pipeline.enabled && !pipeline.deleted);
    }
    if let Event::SlotsSettled { schedule, from, to, .. } = event {
        let cursor = |state: &State| state.schedules.get(schedule).unwrap().settled;
        assert_eq!((cursor(before), cursor(after)), (*from, *to));
    }
    if let Event::EventsFollowed { from, to } = event {
        assert_eq!((before.followed, after.followed), (Some(*from), Some(*to)));
    }
    if let Event::RunCreated { run, version, release, .. } = event {
        let pipeline = &before.pipelines[&run.pipeline];
        assert_eq!(run.run, pipeline.last_run + 1);
        let active = pipeline.releases.active.as_ref().map(|active| active.release.id);
        assert!(release.is_none() || *release == active, "{run} is of a release that is not in progress");
        assert!(*version <= pipeline.version);
    }
}

/// The records that differ between two states.
fn changed(before: &State, after: &State) -> BTreeSet<Record> {
    let mut records = BTreeSet::new();
    if before.cluster != after.cluster {
        records.insert(Record::Cluster);
    }
    for (key, pipeline) in &after.pipelines {
        let of = |pipeline: &Pipeline| (pipeline.releases.active.clone(), pipeline.releases.ended.clone());
        let old = before.pipelines.get(key).map_or((None, Vec::new()), of);
        if old != of(pipeline) {
            records.insert(Record::Releases(key.clone()));
        }
    }
    if before.archive != after.archive {
        records.insert(Record::Archive);
    }
    if before.secrets.current != after.secrets.current {
        records.insert(Record::ClusterKey);
    }
    for key in before.secrets.live.keys().chain(after.secrets.live.keys()) {
        if before.secrets.live.get(key) != after.secrets.live.get(key) {
            records.insert(Record::Secret(key.clone()));
        }
    }
    for (pipeline, name, _) in before.schedules.iter().chain(after.schedules.iter()) {
        let key = ScheduleKey { pipeline: pipeline.clone(), name: name.clone() };
        if before.schedules.get(&key) != after.schedules.get(&key) {
            records.insert(Record::Schedule(key));
        }
    }
    changed_subscriptions(before, after, &mut records);
    for id in before.namespaces.keys().chain(after.namespaces.keys()) {
        if before.namespaces.get(id) != after.namespaces.get(id) {
            records.insert(Record::Namespace(id.clone()));
        }
    }
    for id in before.nodes.keys().chain(after.nodes.keys()) {
        if before.nodes.get(id) != after.nodes.get(id) {
            records.insert(Record::Node(*id));
        }
    }
    for (key, pipeline) in &after.pipelines {
        if before.pipelines.get(key) != Some(pipeline) {
            records.insert(Record::Pipeline(key.clone()));
        }
        if before.pipelines.get(key).map(|old| &old.config) != Some(&pipeline.config) {
            records.insert(Record::PipelineVersion(key.clone(), pipeline.version));
        }
    }
    for (scope, key, object) in before.objects.iter().chain(after.objects.iter()) {
        let same = |state: &State| state.objects.get(scope, key) == Some(object);
        if !same(before) || !same(after) {
            records.insert(Record::Object(scope.clone(), key.clone()));
        }
    }
    for (key, live) in &after.runs {
        changed_run(before, key, live, &mut records);
    }
    records
}

fn changed_subscriptions(before: &State, after: &State, records: &mut BTreeSet<Record>) {
    for name in before.triggers.keys().chain(after.triggers.keys()) {
        if before.triggers.get(name) != after.triggers.get(name) {
            records.insert(Record::Trigger(name.clone()));
        }
    }
    for (pipeline, name, _) in before.subscriptions.iter().chain(after.subscriptions.iter()) {
        let key = SubscriptionKey { pipeline: pipeline.clone(), name: name.clone() };
        if before.subscriptions.get(&key) != after.subscriptions.get(&key) {
            records.insert(Record::Subscription(key));
        }
    }
    if before.followed != after.followed {
        records.insert(Record::Followed);
    }
}

fn changed_run(before: &State, key: &RunKey, live: &LiveRun, records: &mut BTreeSet<Record>) {
    let old = before.runs.get(key);
    let head = |live: &LiveRun| {
        let mut run = live.run.clone();
        run.tasks.clear();
        run
    };
    if old.map(head) != Some(head(live)) {
        records.insert(Record::Run(key.clone()));
    }
    for (id, task) in &live.run.tasks {
        // A run that goes to another version has others.
        let was = old.and_then(|old| old.run.tasks.get(id).cloned()).unwrap_or_else(crate::run::TaskRun::pending);
        if was != *task {
            records.insert(Record::Task(TaskKey { run: key.clone(), task: id.clone() }));
        }
    }
}
