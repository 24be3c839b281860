//! What is absent means the documented default, and what is wrong is named by its field.

use gofer_domain::config::{Overlap, PullPolicy, Requirement, Resources, RetryPolicy};
use gofer_wire::log::v1 as log;

use super::super::*;

fn task(id: &str) -> model::TaskConfig {
    model::TaskConfig { id: id.into(), ..model::TaskConfig::default() }
}

fn config(tasks: Vec<model::TaskConfig>) -> model::PipelineConfig {
    model::PipelineConfig { id: "p".into(), tasks, ..model::PipelineConfig::default() }
}

fn fault(config: model::PipelineConfig) -> String {
    config_from_wire(config).unwrap_err().to_string()
}

#[test]
fn what_is_absent_means_the_default() {
    let mut one = task("a");
    one.depends_on.push(model::Dependency { task: "b".into(), requirement: 0 });
    let config = config_from_wire(config(vec![one])).unwrap();
    assert_eq!((config.overlap, config.parallelism, config.timeout), (Overlap::Allow, 0, None));
    let task = &config.tasks[&TaskId::new("a").unwrap()];
    assert_eq!(task.retry, RetryPolicy::default());
    assert_eq!((task.pull, task.driver, task.resources), (PullPolicy::IfNotPresent, None, Resources::default()));
    assert_eq!((&task.image, &task.working_directory, task.timeout), (&None, &None, None));
    assert_eq!(task.depends_on[&TaskId::new("b").unwrap()], Requirement::Success);
}

#[test]
fn a_part_of_a_retry_policy_leaves_the_rest_at_its_default() {
    let mut one = task("a");
    one.retry = Some(model::RetryPolicy { attempts: 3, ..model::RetryPolicy::default() });
    let config = config_from_wire(config(vec![one])).unwrap();
    let retry = &config.tasks[&TaskId::new("a").unwrap()].retry;
    assert_eq!(*retry, RetryPolicy { attempts: 3, ..RetryPolicy::default() });
}

#[test]
fn an_explicit_zero_delay_stays_zero() {
    let mut one = task("a");
    one.retry = Some(model::RetryPolicy { backoff: Some(prost_types::Duration::default()), ..Default::default() });
    let config = config_from_wire(config(vec![one])).unwrap();
    assert_eq!(config.tasks[&TaskId::new("a").unwrap()].retry.backoff, Duration::ZERO);
}

#[test]
fn faults_name_their_field() {
    let mut bad_overlap = config(vec![]);
    bad_overlap.overlap = 99;
    assert_eq!(fault(bad_overlap), "overlap: 99 is not a known value");
    let mut bad_limit = config(vec![]);
    bad_limit.queue_limit = 1;
    assert!(fault(bad_limit).starts_with("queue_limit: "));
    assert!(fault(config(vec![task("a"), task("-")])).starts_with("tasks[1].id: "));
    assert!(fault(config(vec![task("a"), task("a")])).starts_with("tasks.a: comes twice"));
    let mut pull = task("a");
    pull.pull = 9;
    assert!(fault(config(vec![pull])).starts_with("tasks.a.pull: "));
    let mut parents = task("a");
    parents.depends_on = vec![model::Dependency { task: "b".into(), requirement: 1 }; 2];
    assert!(fault(config(vec![parents])).starts_with("tasks.a.depends_on: "));
    let mut environment = task("a");
    environment.environment = vec![model::Variable { name: "A".into(), value: String::new() }; 2];
    assert!(fault(config(vec![environment])).starts_with("tasks.a.environment: \"A\" is set twice"));
    for wrong in [(-1, 0), (0, -1), (0, 1_000_000_000), (i64::MAX, 0)] {
        let mut timeout = task("a");
        timeout.timeout = Some(prost_types::Duration { seconds: wrong.0, nanos: wrong.1 });
        assert!(fault(config(vec![timeout])).starts_with("tasks.a.timeout: "), "{wrong:?}");
    }
}

#[test]
fn times_are_kept_to_the_millisecond_and_never_wrap() {
    for millis in [0, 1, 999, 1_000, 1_753_000_000_123, u64::MAX] {
        assert_eq!(time_from_wire(Some(&time_to_wire(Timestamp(millis))), "t").unwrap(), Timestamp(millis));
    }
    for (seconds, nanos) in [(-1, 0), (0, -1), (0, 1_000_000_000), (i64::MAX, 0)] {
        let time = prost_types::Timestamp { seconds, nanos };
        assert!(time_from_wire(Some(&time), "t").is_err(), "{seconds} {nanos}");
    }
    assert_eq!(time_from_wire(None, "created_at").unwrap_err().to_string(), "created_at: is missing");
}

#[test]
fn unspecified_is_no_status() {
    assert!(run_status_from_wire(0, "").is_err());
    assert!(task_status_from_wire(&model::TaskOutcome::default()).is_err());
    assert!(attempt_outcome_from_wire(Some(&model::AttemptOutcome::default())).is_err());
    assert!(stop_from_wire(&model::StopReason::default()).is_err());
    assert!(driver_from_wire(0).is_err());
}

#[test]
fn ids_of_a_wrong_length_and_numbers_from_zero_are_refused() {
    let envelope = log::CommandEnvelope { request_id: vec![0; 15].into(), ..log::CommandEnvelope::default() };
    assert_eq!(envelope_from_wire(envelope, Timestamp(0)).unwrap_err().field, "request_id");
    let run = model::RunRef { namespace: "n".into(), pipeline: "p".into(), run: 0 };
    assert!(run_key_from_wire(Some(&run)).is_err());
    let run = model::RunRef { run: 1, ..run };
    let attempt = model::AttemptRef { run: Some(run), task: "t".into(), attempt: 0 };
    assert!(attempt_key_from_wire(Some(&attempt)).is_err());
    assert!(log_from_wire(&model::LogRef { digest: vec![0; 31], size_bytes: 0, truncated: false }).is_err());
    assert_eq!(event_from_wire(log::Event::default()).unwrap_err().field, "kind");
}

#[test]
fn the_order_of_lists_does_not_reach_the_value() {
    let pair = |name: &str| model::Variable { name: name.into(), value: "x".into() };
    let there = variables_from_wire(vec![pair("b"), pair("a")], "variables").unwrap();
    let names: Vec<String> = variables_to_wire(&there).into_iter().map(|variable| variable.name).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn a_schedule_at_fault_is_refused_by_its_field() {
    let minute = prost_types::Duration { seconds: 60, nanos: 0 };
    let good = model::ScheduleSpec {
        rule: Some(model::schedule_spec::Rule::Cron("@daily".into())),
        catch_up: model::CatchUp::All.into(),
        catch_up_most: 9,
        grace: Some(minute),
        ..model::ScheduleSpec::default()
    };
    assert!(schedule_spec_from_wire(Some(good.clone())).is_ok());
    let fault = |change: &dyn Fn(&mut model::ScheduleSpec)| {
        let mut spec = good.clone();
        change(&mut spec);
        schedule_spec_from_wire(Some(spec)).unwrap_err().field
    };
    assert_eq!(fault(&|spec| spec.rule = None), "rule");
    assert_eq!(fault(&|spec| spec.grace = None), "grace");
    assert_eq!(fault(&|spec| spec.catch_up = 0), "catch_up");
    assert_eq!(fault(&|spec| spec.catch_up = 9), "catch_up");
    assert_eq!(fault(&|spec| spec.catch_up = model::CatchUp::Latest.into()), "catch_up_most");
    assert_eq!(fault(&|spec| spec.catch_up_most = 65_536), "catch_up_most");
    assert_eq!(fault(&|spec| spec.blackouts = vec![model::BlackoutWindow::default()]), "blackouts.length");
    assert_eq!(schedule_spec_from_wire(None).unwrap_err().field, "spec");

    let time = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
    let skipped = model::SkippedSlots { first: time, last: time, reason: 1, ..model::SkippedSlots::default() };
    let schedule = model::ScheduleRef { namespace: "n".into(), pipeline: "p".into(), name: "s".into() };
    let settle = |skipped: model::SkippedSlots| {
        let settle = log::SettleSlots {
            schedule: Some(schedule.clone()),
            generation: 1,
            from_time: time,
            to_time: time,
            fire: Vec::new(),
            skipped: vec![skipped],
        };
        let kind = Some(log::command::Kind::SettleSlots(settle));
        command_from_wire(log::Command { kind }).map_err(|error| error.field)
    };
    assert!(settle(skipped.clone()).is_ok());
    assert_eq!(settle(model::SkippedSlots { reason: 0, ..skipped.clone() }).unwrap_err(), "skipped.reason");
    assert_eq!(settle(model::SkippedSlots { reason: 5, ..skipped.clone() }).unwrap_err(), "skipped.refusal");
    let refusal = model::SkippedSlots { refusal: "NOT_FOUND".into(), ..skipped };
    assert_eq!(settle(refusal).unwrap_err(), "skipped.refusal");
}

#[test]
fn a_trigger_at_fault_is_refused_by_its_field() {
    assert_eq!(trigger_spec_from_wire(None).unwrap_err().field, "spec");
    let spec = model::TriggerSpec { token_digest: Some(vec![0; 31]), ..model::TriggerSpec::default() };
    assert_eq!(trigger_spec_from_wire(Some(spec)).unwrap_err().field, "token_digest");
    let launch = model::Launch { pull: 9, ..model::Launch::default() };
    let spec = model::TriggerSpec { launch: Some(launch), ..model::TriggerSpec::default() };
    assert_eq!(trigger_spec_from_wire(Some(spec)).unwrap_err().field, "launch.pull");
    let launch = model::Launch { driver: 9, ..model::Launch::default() };
    let spec = model::TriggerSpec { launch: Some(launch), ..model::TriggerSpec::default() };
    assert_eq!(trigger_spec_from_wire(Some(spec)).unwrap_err().field, "launch.driver");
    let good = model::Setting { name: "a".into(), kind: 1, ..model::Setting::default() };
    let report = |settings| trigger_report_from_wire(Some(model::TriggerReport { version: String::new(), settings }));
    assert!(report(vec![good.clone()]).is_ok());
    assert_eq!(report(vec![good.clone(), good.clone()]).unwrap_err().field, "settings");
    assert_eq!(report(vec![model::Setting { kind: 0, ..good.clone() }]).unwrap_err().field, "settings.kind");
    assert_eq!(report(vec![model::Setting { kind: 9, ..good }]).unwrap_err().field, "settings.kind");
    assert_eq!(trigger_name("a b").unwrap_err().field, "trigger");
}

#[test]
fn an_event_that_was_taken_is_refused_by_its_field() {
    let time = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
    let good = model::TakenEvent {
        key: "k".into(),
        occurred_at: time,
        result: model::EventResult::Fired.into(),
        run: 1,
        taken_at: time,
        ..model::TakenEvent::default()
    };
    assert!(taken_from_record(&good).is_ok());
    let fault = |change: &dyn Fn(&mut model::TakenEvent)| {
        let mut event = good.clone();
        change(&mut event);
        taken_from_record(&event).unwrap_err().field
    };
    let filtered = |event: &mut model::TakenEvent| (event.result, event.run) = (model::EventResult::Filtered.into(), 0);
    assert_eq!(fault(&|event| event.key.clear()), "key");
    assert_eq!(fault(&|event| event.occurred_at = None), "occurred_at");
    assert_eq!(fault(&|event| event.taken_at = None), "taken_at");
    assert_eq!(fault(&|event| event.duplicate_of = 1), "duplicate_of");
    assert_eq!(fault(&|event| event.result = 0), "result");
    assert_eq!(fault(&|event| event.result = 9), "result");
    assert_eq!(fault(&|event| event.run = 0), "run");
    assert_eq!(fault(&|event| event.result = model::EventResult::Filtered.into()), "run");
    assert_eq!(fault(&|event| event.message = "m".into()), "message");
    assert_eq!(fault(&|event| event.refusal = "NOT_FOUND".into()), "refusal");
    let refused = |event: &mut model::TakenEvent| {
        filtered(event);
        event.result = model::EventResult::Refused.into();
        event.refusal = "NO_SUCH_REASON".into();
    };
    assert_eq!(fault(&refused), "refusal");
    let subscription = model::Subscription {
        r#ref: Some(model::SubscriptionRef { namespace: "n".into(), pipeline: "p".into(), name: "s".into() }),
        spec: Some(model::SubscriptionSpec { trigger: "git".into(), ..model::SubscriptionSpec::default() }),
        last_fired: Some(good.clone()),
        created_at: time,
        updated_at: time,
        ..model::Subscription::default()
    };
    assert!(subscription_from_wire(&subscription).is_ok());
    let last = model::Subscription { last_fired: None, last_skipped: Some(good), ..subscription.clone() };
    assert_eq!(subscription_from_wire(&last).unwrap_err().field, "last_skipped.result");
    let mut last = subscription;
    last.last_fired.iter_mut().for_each(filtered);
    assert_eq!(subscription_from_wire(&last).unwrap_err().field, "last_fired.result");
}
