//! Round trips of everything, faults by their field, and bytes that must never change.

mod any;
mod faults;
mod fuzz;
mod golden;
mod golden_backfills;
mod golden_figures;
mod golden_shared;
mod golden_subscriptions;
mod kinds;

use std::sync::Arc;

use proptest::prelude::*;
use prost::Message;

use super::*;

/// A message after it went through its bytes.
fn wired<M: Message + Default>(message: &M) -> M {
    M::decode(&*message.encode_to_vec()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn configs_come_back(config in any::config()) {
        prop_assert_eq!(config_from_wire(wired(&config_to_wire(&config))).unwrap(), config);
    }

    #[test]
    fn commands_come_back(envelope in any::envelope()) {
        prop_assert_eq!(envelope_from_wire(wired(&envelope_to_wire(&envelope)), envelope.time).unwrap(), envelope);
    }

    #[test]
    fn events_come_back(event in any::event()) {
        prop_assert_eq!(event_from_wire(wired(&event_to_wire(&event))).unwrap(), event);
    }

    #[test]
    fn outcomes_come_back(outcome in any::outcome()) {
        prop_assert_eq!(outcome_from_wire(&wired(&outcome_to_wire(&outcome))).unwrap(), outcome);
    }

    #[test]
    fn runs_come_back(run in any::run()) {
        prop_assert_eq!(run_from_wire(&wired(&run_to_wire(&run))).unwrap(), run);
    }

    #[test]
    fn nodes_come_back(node in any::node()) {
        prop_assert_eq!(node_from_wire(&wired(&node_to_wire(&node))).unwrap(), node);
    }

    #[test]
    fn secrets_come_back(secret in any::secret(), current in any::current_key()) {
        prop_assert_eq!(secret_from_wire(&wired(&secret_to_wire(&secret.0, &secret.1))).unwrap(), secret);
        prop_assert_eq!(current_key_from_wire(&wired(&current_key_to_wire(&current))).unwrap(), current);
    }

    #[test]
    fn schedules_come_back(schedule in any::schedule()) {
        let wire = wired(&schedule_to_wire(&schedule.0, &schedule.1));
        prop_assert_eq!(schedule_from_wire(&wire).unwrap(), schedule);
    }

    #[test]
    fn triggers_come_back(trigger in any::trigger()) {
        let wire = wired(&trigger_to_wire(&trigger.0, &trigger.1));
        prop_assert_eq!(trigger_from_wire(&wire).unwrap(), trigger);
    }

    #[test]
    fn subscriptions_come_back(subscription in any::subscription()) {
        let wire = wired(&subscription_to_wire(&subscription.0, &subscription.1));
        prop_assert_eq!(subscription_from_wire(&wire).unwrap(), subscription);
    }

    #[test]
    fn what_is_taken_comes_back(taken in any::taken(), at in 0..u64::from(u32::MAX)) {
        let found = taken_from_record(&wired(&taken_record(&taken, Timestamp(at))));
        prop_assert_eq!(found.is_err(), taken.duplicate_of.is_some(), "only what is new has a record");
        if let Ok(found) = found {
            prop_assert_eq!(found, (taken, Timestamp(at)));
        }
    }

    #[test]
    fn namespaces_come_back(namespace in any::namespace()) {
        prop_assert_eq!(namespace_from_wire(&wired(&namespace_to_wire(&namespace))).unwrap(), namespace);
    }

    #[test]
    fn objects_come_back((scope, key, object) in any::object()) {
        let wire = wired(&object_to_wire(&scope, &key, &object));
        prop_assert_eq!(object_from_wire(&wire).unwrap(), (scope, key, object));
    }

    #[test]
    fn pipelines_come_back(pipeline in any::pipeline()) {
        let configs = PipelineConfigs {
            newest: Arc::clone(&pipeline.config),
            live: Arc::clone(&pipeline.releases.config),
            released: pipeline.releases.active.as_ref().map(|active| Arc::clone(&active.config)),
        };
        prop_assert_eq!(pipeline_from_wire(&wired(&pipeline_to_wire(&pipeline)), configs).unwrap(), pipeline);
    }

    #[test]
    fn releases_come_back(release in any::release()) {
        prop_assert_eq!(release_from_wire(&wired(&release_to_wire(&release))).unwrap(), release);
    }
}
