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
    Event::RunFinished { run: RunKey { pipeline: pipeline_key(namespace, pipeline), run: 4 }, status }
}

#[test]
fn runs_are_told_by_pipeline_and_outcome() {
    let failed = || RunStatus::Failed { message: "it broke".into() };
    let interest = interest("pipeline", &[("pipeline", "build"), ("on", "failed, cancelled")]);
    let (kind, payload) = told(&interest, &finished("team", "build", failed()), "").unwrap();
    assert_eq!(kind, "failed");
    let expected =
        json!({"namespace": "team", "pipeline": "build", "run": 4, "status": "failed", "message": "it broke"});
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
        ("pipeline", &[("pipeline", "a"), ("on", "")], "settings.on"),
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
