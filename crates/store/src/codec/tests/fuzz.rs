//! Damaged messages: refused, or read as something that comes back the same.

use gofer_fuzz::fuzz;
use gofer_wire::log::v1 as log;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::*;

/// Some values of a generator, encoded.
fn samples<T>(values: &impl Strategy<Value = T>, encode: impl Fn(&T) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut runner = TestRunner::deterministic();
    (0..60).map(|_| encode(&values.new_tree(&mut runner).unwrap().current())).collect()
}

#[test]
fn events() {
    let valid = samples(&any::event(), |event| event_to_wire(event).encode_to_vec());
    fuzz("event", &valid, |bytes| {
        let Ok(message) = log::Event::decode(bytes) else { return };
        let Ok(event) = event_from_wire(message) else { return };
        assert_eq!(event_from_wire(wired(&event_to_wire(&event))).unwrap(), event);
    });
}

#[test]
fn commands() {
    let valid = samples(&any::envelope(), |envelope| envelope_to_wire(envelope).encode_to_vec());
    fuzz("command", &valid, |bytes| {
        let Ok(message) = log::CommandEnvelope::decode(bytes) else { return };
        let Ok(envelope) = envelope_from_wire(message, Timestamp(5)) else { return };
        assert_eq!(envelope_from_wire(wired(&envelope_to_wire(&envelope)), Timestamp(5)).unwrap(), envelope);
    });
}

#[test]
fn outcomes() {
    let valid = samples(&any::outcome(), |outcome| outcome_to_wire(outcome).encode_to_vec());
    fuzz("outcome", &valid, |bytes| {
        let Ok(message) = log::Outcome::decode(bytes) else { return };
        let Ok(outcome) = outcome_from_wire(&message) else { return };
        assert_eq!(outcome_from_wire(&wired(&outcome_to_wire(&outcome))).unwrap(), outcome);
    });
}

/// What a client registers: decoded, then judged as the API judges it.
#[test]
fn pipeline_configs() {
    let valid = samples(&any::config(), |config| config_to_wire(config).encode_to_vec());
    fuzz("pipeline-config", &valid, |bytes| {
        let Ok(message) = model::PipelineConfig::decode(bytes) else { return };
        let Ok(config) = config_from_wire(message) else { return };
        assert_eq!(config_from_wire(wired(&config_to_wire(&config))).unwrap(), config);
        let _ = gofer_domain::validate::validate_config(&config);
    });
}

#[test]
fn records_of_the_views() {
    let valid = samples(&any::run(), |run| run_to_wire(run).encode_to_vec());
    fuzz("run", &valid, |bytes| {
        let Ok(message) = model::Run::decode(bytes) else { return };
        let Ok(run) = run_from_wire(&message) else { return };
        assert_eq!(run_from_wire(&wired(&run_to_wire(&run))).unwrap(), run);
    });
    let valid = samples(&any::node(), |node| node_to_wire(node).encode_to_vec());
    fuzz("node", &valid, |bytes| {
        let Ok(message) = model::Node::decode(bytes) else { return };
        let Ok(node) = node_from_wire(&message) else { return };
        assert_eq!(node_from_wire(&wired(&node_to_wire(&node))).unwrap(), node);
    });
    let valid = samples(&any::namespace(), |namespace| namespace_to_wire(namespace).encode_to_vec());
    fuzz("namespace", &valid, |bytes| {
        let Ok(message) = model::Namespace::decode(bytes) else { return };
        let Ok(namespace) = namespace_from_wire(&message) else { return };
        assert_eq!(namespace_from_wire(&wired(&namespace_to_wire(&namespace))).unwrap(), namespace);
    });
}

#[test]
fn records_of_subscriptions() {
    let valid = samples(&any::trigger(), |(name, trigger)| trigger_to_wire(name, trigger).encode_to_vec());
    fuzz("trigger", &valid, |bytes| {
        let Ok(message) = model::Trigger::decode(bytes) else { return };
        let Ok((name, trigger)) = trigger_from_wire(&message) else { return };
        assert_eq!(trigger_from_wire(&wired(&trigger_to_wire(&name, &trigger))).unwrap(), (name, trigger));
    });
    let valid = samples(&any::subscription(), |(key, known)| subscription_to_wire(key, known).encode_to_vec());
    fuzz("subscription", &valid, |bytes| {
        let Ok(message) = model::Subscription::decode(bytes) else { return };
        let Ok((key, known)) = subscription_from_wire(&message) else { return };
        assert_eq!(subscription_from_wire(&wired(&subscription_to_wire(&key, &known))).unwrap(), (key, known));
    });
    let valid = samples(&any::taken(), |taken| taken_record(taken, Timestamp(5)).encode_to_vec());
    fuzz("taken-event", &valid, |bytes| {
        let Ok(message) = model::TakenEvent::decode(bytes) else { return };
        let Ok((taken, at)) = taken_from_record(&message) else { return };
        assert_eq!(taken_from_record(&wired(&taken_record(&taken, at))).unwrap(), (taken, at));
    });
}
