use std::collections::BTreeMap;

use gofer_domain::{
    Event, NamespaceId, ObjectContent, ObjectKey, ObjectScope, PipelineId, PipelineKey, RunKey, RunOptions, RunStatus,
    SubscriptionName, TriggerName,
};

use super::*;

pub(crate) fn spec(trigger: &str, settings: &[(&str, &str)]) -> SubscriptionSpec {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    SubscriptionSpec {
        description: String::new(),
        trigger: TriggerName::new(trigger).unwrap(),
        settings: settings.collect(),
        filter: String::new(),
        variables: BTreeMap::new(),
        options: RunOptions::default(),
    }
}

fn pipeline_key(namespace: &str, pipeline: &str) -> PipelineKey {
    PipelineKey { namespace: NamespaceId::new(namespace).unwrap(), pipeline: PipelineId::new(pipeline).unwrap() }
}

fn key() -> SubscriptionKey {
    SubscriptionKey { pipeline: pipeline_key("team", "deploy"), name: SubscriptionName::new("s").unwrap() }
}

fn interest(trigger: &str, settings: &[(&str, &str)]) -> Interest {
    let spec = spec(trigger, settings);
    crate::check(&spec).unwrap();
    Interest::of(&key(), &spec).unwrap().unwrap()
}

fn told(interest: &Interest, event: &Event, actor: &str) -> Option<(String, Value)> {
    let encoded = &[0x9a, 0x01, 0x04, 0x08, 0x03, 0x10, 0x04][..];
    let log = LogEvent { revision: Revision(7), at: Timestamp(1_000), actor, event, encoded };
    interest.event(&log, &|_| None).map(|event| (event.kind, event.payload))
}

fn finished(namespace: &str, pipeline: &str, status: RunStatus) -> Event {
    let run = RunKey { pipeline: pipeline_key(namespace, pipeline), run: 4 };
    Event::RunFinished { run, status, started_at: None, ends: None }
}

#[test]
fn runs_are_told_by_pipeline_and_outcome() {
    let failed = || RunStatus::Failed { message: "it broke".into() };
    let interest = interest("pipeline", &[("pipeline", "build"), ("on", "failed, cancelled")]);
    let (kind, payload) = told(&interest, &finished("team", "build", failed()), "").unwrap();
    assert_eq!(kind, "failed");
    let expected = json!({"namespace": "team", "pipeline": "build", "run": 4, "status": "failed", "message": "it broke",
        "because": ["failed"]});
    assert_eq!(payload, expected);
    assert_eq!(told(&interest, &finished("team", "build", RunStatus::Succeeded), ""), None);
    assert_eq!(told(&interest, &finished("team", "other", failed()), ""), None);
    assert_eq!(told(&interest, &finished("else", "build", failed()), ""), None);
    let places: Vec<_> = interest.places().into_iter().map(|place| place.pipeline.unwrap()).collect();
    assert_eq!(places, [pipeline_key("team", "build"), pipeline_key("team", "build")]);
}

#[test]
fn a_pipeline_of_another_namespace_can_be_named() {
    let interest = interest("pipeline", &[("pipeline", "else/build")]);
    assert!(told(&interest, &finished("else", "build", RunStatus::Succeeded), "").is_some());
}

#[test]
fn objects_are_told_by_prefix_scope_and_what_became_of_them() {
    let content = ObjectContent { bytes: 5, digest: [0xab; 32], manifest: [0; 32], place: None };
    let put = |scope, key: &str| Event::ObjectPut {
        scope,
        key: ObjectKey::new(key).unwrap(),
        content: Box::new(content.clone()),
    };
    let own = ObjectScope::Pipeline(pipeline_key("team", "deploy"));
    let of_run = ObjectScope::Run(RunKey { pipeline: pipeline_key("team", "deploy"), run: 3 });
    let interest = interest("object", &[("prefix", "in/")]);
    let (kind, payload) = told(&interest, &put(own.clone(), "in/a"), "task:team/deploy/9/t/1").unwrap();
    assert_eq!((kind.as_str(), payload["key"].as_str(), payload["bytes"].as_u64()), ("put", Some("in/a"), Some(5)));
    assert_eq!(told(&interest, &put(own, "out/a"), ""), None);
    assert_eq!(told(&interest, &put(of_run, "in/a"), ""), None);
}

#[test]
fn any_event_is_told_as_people_see_it() {
    let interest = interest("event", &[("kinds", "node_lost,run_finished")]);
    let number = json::event_number("node_lost").unwrap();
    assert!(interest.places().contains(&Place { kind: number, pipeline: None }));
    let lost = Event::NodeLost { node: gofer_domain::NodeId(3), incarnation: 4 };
    let mut encoded = Vec::new();
    let kind = gofer_wire::log::v1::event::Kind::NodeLost(gofer_wire::log::v1::NodeLost { node: 3, incarnation: 4 });
    kind.encode(&mut encoded);
    let log = LogEvent { revision: Revision(7), at: Timestamp(1), actor: "leader:1", event: &lost, encoded: &encoded };
    let event = interest.event(&log, &|_| None).unwrap();
    assert_eq!((event.kind.as_str(), event.payload), ("node_lost", json!({"node": 3, "incarnation": 4})));
    assert_eq!(told(&interest, &finished("else", "build", RunStatus::Succeeded), ""), None, "of another namespace");
}

#[test]
fn what_following_brings_about_is_not_followed() {
    let interest = interest("event", &[("kinds", "events_taken")]);
    let taken = |from_log| Event::EventsTaken {
        subscription: key(),
        generation: Revision(1),
        cursor: None,
        first: 1,
        taken: Vec::new(),
        from_log,
    };
    assert_eq!(told(&interest, &taken(true), ""), None);
    assert!(told(&interest, &taken(false), "").is_some());
}

#[test]
fn the_cause_is_the_run_of_the_event_or_of_its_actor() {
    let event = Event::ObjectsDropped {
        scope: ObjectScope::Pipeline(pipeline_key("team", "deploy")),
        cause: gofer_domain::ObjectLoss::Deleted,
    };
    let cause =
        |actor| LogEvent { revision: Revision(7), at: Timestamp(1), actor, event: &event, encoded: &[] }.cause();
    assert_eq!(cause("task:team/deploy/9/t/1").unwrap().run, 9);
    assert_eq!(cause("task:team/deploy"), None);
    assert_eq!(cause("leader:1"), None);
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    for (trigger, settings, field) in [
        ("pipeline", &[][..], "settings.pipeline"),
        ("pipeline", &[("pipeline", "a/b/c")], "settings.pipeline"),
        ("pipeline", &[("pipeline", "a"), ("on", "won")], "settings.on"),
        ("pipeline", &[("pipeline", "a"), ("on", ",")], "settings.on"),
        ("pipeline", &[("pipeline", "a"), ("in-a-row", "0")], "settings.in-a-row"),
        ("pipeline", &[("pipeline", "a"), ("in-a-row", "1.5")], "settings.in-a-row"),
        ("pipeline", &[("pipeline", "a"), ("in-a-row", "2"), ("on", "failed,cancelled")], "settings.in-a-row"),
        ("pipeline", &[("pipeline", "a"), ("rate", "50")], "settings.rate"),
        ("pipeline", &[("pipeline", "a"), ("rate", "0%/10")], "settings.rate"),
        ("pipeline", &[("pipeline", "a"), ("rate", "+50%/10")], "settings.rate"),
        ("pipeline", &[("pipeline", "a"), ("rate", "50%/61")], "settings.rate"),
        ("pipeline", &[("pipeline", "a"), ("rate", "50%/1")], "settings.rate"),
        ("pipeline", &[("pipeline", "a"), ("longer-than", "soon")], "settings.longer-than"),
        ("pipeline", &[("pipeline", "a"), ("longer-than", "1h30")], "settings.longer-than"),
        ("pipeline", &[("pipeline", "a"), ("longer-than", "1ms")], "settings.longer-than"),
        ("task", &[("task", "a")], "settings.pipeline"),
        ("task", &[("pipeline", "a"), ("on", "lost")], "settings.on"),
        ("task", &[("pipeline", "a"), ("task", &LONG_PATTERN)], "settings.task"),
        ("schedule", &[("pipeline", "a"), ("schedule", "a b")], "settings.schedule"),
        ("schedule", &[("pipeline", "a"), ("on", "late")], "settings.on"),
        ("pipeline", &[("pipeline", "a"), ("to", "b")], "settings.to"),
        ("object", &[("of", "cluster")], "settings.of"),
        ("event", &[("kinds", "events_followed")], "settings.kinds"),
        ("event", &[("kinds", "nothing")], "settings.kinds"),
        ("git", &[("url", "x"), ("every", "soon")], "settings.every"),
        ("manual", &[("a", "b")], "settings.a"),
    ] {
        assert_eq!(crate::check(&spec(trigger, settings)).unwrap_err().field, field, "{trigger} {settings:?}");
    }
}

#[test]
fn a_long_run_is_told_without_its_outputs() {
    let config = gofer_domain::PipelineConfig {
        id: PipelineId::new("build").unwrap(),
        description: String::new(),
        parallelism: 0,
        overlap: gofer_domain::config::Overlap::Allow,
        timeout: None,
        variables: BTreeMap::new(),
        parameters: BTreeMap::new(),
        tasks: BTreeMap::new(),
    };
    let run_key = RunKey { pipeline: pipeline_key("team", "build"), run: 4 };
    let mut run = Run::new(run_key.clone(), gofer_domain::Version(2), RunOptions::default(), &config);
    let task = gofer_domain::TaskId::new("t").unwrap();
    let mut kept = gofer_domain::TaskRun::pending();
    kept.outputs.insert("A".into(), "x".repeat(1000));
    run.tasks.insert(task.clone(), kept.clone());
    let payload = |run: &Run| crate::run::payload(&run_key, "failed", "", Some(run));
    assert_eq!(payload(&run)["tasks"]["t"]["outputs"]["A"].as_str().unwrap().len(), 1000);
    kept.outputs.insert("B".into(), "x".repeat(200_000));
    run.tasks.insert(task, kept);
    assert_eq!(payload(&run)["tasks"]["t"], json!({"status": "pending"}));
    assert_eq!(payload(&run)["outputs_left_out"], true);
}

static LONG_PATTERN: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| "x".repeat(4000));

fn task_key(name: &str) -> gofer_domain::TaskKey {
    let run = RunKey { pipeline: pipeline_key("team", "build"), run: 4 };
    gofer_domain::TaskKey { run, task: gofer_domain::TaskId::new(name).unwrap() }
}

#[test]
fn tasks_are_told_by_name_and_by_what_became_of_them() {
    let given = [("pipeline", "build"), ("task", "test, deploy-*"), ("on", "failed,skipped,retried")];
    let interest = interest("task", &given);
    let finished = |name: &str, status| Event::TaskFinished { task: task_key(name), status };
    let lost = || gofer_domain::TaskStatus::Lost { message: "gone".into() };
    let (kind, payload) = told(&interest, &finished("deploy-eu", lost()), "").unwrap();
    assert_eq!(kind, "failed");
    assert_eq!(
        (&payload["task"], &payload["status"], &payload["message"]),
        (&json!("deploy-eu"), &json!("lost"), &json!("gone"))
    );
    assert_eq!(told(&interest, &finished("build", lost()), ""), None);
    assert_eq!(told(&interest, &finished("test", gofer_domain::TaskStatus::Succeeded), ""), None);
    let queued = |attempts| Event::TaskQueued { task: task_key("test"), not_before: Timestamp(3_000), attempts };
    assert_eq!(told(&interest, &queued(0), ""), None, "it is its first");
    let (kind, payload) = told(&interest, &queued(2), "").unwrap();
    assert_eq!((kind.as_str(), &payload["attempt"], &payload["again_in_seconds"]), ("retried", &json!(2), &json!(2.0)));
}

#[test]
fn all_tasks_count_where_none_is_named() {
    let interest = interest("task", &[("pipeline", "build"), ("on", "succeeded")]);
    let event = Event::TaskFinished { task: task_key("any"), status: gofer_domain::TaskStatus::Succeeded };
    assert!(told(&interest, &event, "").is_some());
}

#[test]
fn slots_are_told_by_schedule_and_reason() {
    use gofer_domain::{Reason, ScheduleKey, ScheduleName, SkipReason, SkippedSlots};
    let schedule =
        |name| ScheduleKey { pipeline: pipeline_key("team", "build"), name: ScheduleName::new(name).unwrap() };
    let range = |first, last, reason| SkippedSlots { first: Timestamp(first), last: Timestamp(last), reason };
    let refused = || SkipReason::Refused { reason: Reason::FailedPrecondition, message: "another goes on".into() };
    let settled = |name, skipped| Event::SlotsSettled {
        schedule: schedule(name),
        generation: Revision(1),
        from: Timestamp(0),
        to: Timestamp(9_000),
        fired: Vec::new(),
        skipped,
    };
    let interest =
        interest("schedule", &[("pipeline", "build"), ("schedule", "nightly"), ("on", "missed,refused,paused")]);
    let all = || {
        vec![
            range(1_000, 2_000, SkipReason::Missed),
            range(3_000, 3_000, SkipReason::Blackout),
            range(4_000, 4_000, refused()),
        ]
    };
    let (kind, payload) = told(&interest, &settled("nightly", all()), "leader:1").unwrap();
    assert_eq!((kind.as_str(), &payload["because"]), ("refused", &json!(["missed", "refused"])));
    let slots = json!([
        {"first": "1970-01-01T00:00:01Z", "last": "1970-01-01T00:00:02Z", "reason": "missed",
            "message": "nobody was there in time, and the schedule does not catch up with it"},
        {"first": "1970-01-01T00:00:04Z", "last": "1970-01-01T00:00:04Z", "reason": "refused",
            "message": "another goes on"},
    ]);
    assert_eq!((&payload["slots"], &payload["slots_left_out"]), (&slots, &json!(false)));
    assert_eq!(told(&interest, &settled("other", all()), ""), None);
    assert_eq!(told(&interest, &settled("nightly", vec![range(1, 2, SkipReason::Blackout)]), ""), None);
    let many = (0..300).map(|number| range(number, number, SkipReason::Missed)).collect();
    let (_, payload) = told(&interest, &settled("nightly", many), "").unwrap();
    assert_eq!((payload["slots"].as_array().unwrap().len(), &payload["slots_left_out"]), (100, &json!(true)));
    assert_eq!(payload["slots"][99]["first"], "1970-01-01T00:00:00.299Z");
    let enabled = |skipped| Event::ScheduleEnabled { schedule: schedule("nightly"), skipped };
    let (kind, _) = told(&interest, &enabled(Some(range(1, 9, SkipReason::Paused))), "").unwrap();
    assert_eq!(kind, "paused");
    assert_eq!(told(&interest, &enabled(None), ""), None);
}

#[test]
fn schedules_that_are_switched_are_told_with_who_did_it() {
    use gofer_domain::{ScheduleKey, ScheduleName};
    let interest = interest("schedule", &[("pipeline", "build"), ("on", "disabled")]);
    let schedule = ScheduleKey { pipeline: pipeline_key("team", "build"), name: ScheduleName::new("s").unwrap() };
    let (kind, payload) = told(&interest, &Event::ScheduleDisabled { schedule: schedule.clone() }, "user:ada").unwrap();
    assert_eq!((kind.as_str(), &payload["schedule"], &payload["by"]), ("disabled", &json!("s"), &json!("user:ada")));
    assert_eq!(told(&interest, &Event::ScheduleDeleted { schedule }, ""), None);
}
