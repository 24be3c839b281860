use gofer_domain::{NamespaceId, PipelineId, Revision, RunOptions, SubscriptionKey, SubscriptionName, Version};
use proptest::prelude::*;

use super::super::Interest;
use super::super::tests::spec;
use super::*;

fn key() -> RunKey {
    let pipeline =
        PipelineKey { namespace: NamespaceId::new("n").unwrap(), pipeline: PipelineId::new("build").unwrap() };
    RunKey { pipeline, run: 4 }
}

fn interest(settings: &[(&str, &str)]) -> Interest {
    let spec = spec("pipeline", &[&[("pipeline", "build")], settings].concat());
    crate::check(&spec).unwrap();
    let own = SubscriptionKey { pipeline: key().pipeline, name: SubscriptionName::new("s").unwrap() };
    Interest::of(&own, &spec).unwrap().unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Good,
    Bad,
    Cancelled,
}

/// The events of runs that end like this, with the figures that the log has.
fn log(ends: &[End]) -> Vec<Event> {
    let mut kept = Ends::default();
    let event = |end: &End| {
        let status = match end {
            End::Good => RunStatus::Succeeded,
            End::Bad => RunStatus::Failed { message: "no".into() },
            End::Cancelled => RunStatus::Cancelled { message: "no".into() },
        };
        if *end != End::Cancelled {
            kept.push(*end == End::Bad);
        }
        let ends = (*end != End::Cancelled).then_some(kept);
        Event::RunFinished { run: key(), status, started_at: Some(Timestamp(1_000)), ends }
    };
    ends.iter().map(event).collect()
}

fn told(interest: &Interest, event: &Event, at: u64) -> Option<TriggerEvent> {
    let log = LogEvent { revision: Revision(7), at: Timestamp(at), actor: "", event, encoded: &[] };
    interest.event(&log, &|_| None)
}

/// Which of the ends are told, by place.
fn places(settings: &[(&str, &str)], ends: &[End]) -> Vec<usize> {
    let interest = interest(settings);
    let events = log(ends);
    let told = events.iter().enumerate().filter(|(_, event)| told(&interest, event, 2_000).is_some());
    told.map(|(place, _)| place).collect()
}

fn ends() -> impl Strategy<Value = Vec<End>> {
    let end = prop_oneof![4 => Just(End::Good), 4 => Just(End::Bad), 1 => Just(End::Cancelled)];
    prop::collection::vec(end, 0..150)
}

/// Each end that counts by its place, and all that count up to it.
fn counted(ends: &[End]) -> Vec<(usize, Vec<End>)> {
    let places = (0..ends.len()).filter(|place| ends[*place] != End::Cancelled);
    let before = |place: usize| ends[..=place].iter().copied().filter(|end| *end != End::Cancelled).collect();
    places.map(|place| (place, before(place))).collect()
}

fn streak(ends: &[End], of: End) -> usize {
    ends.iter().rev().take_while(|end| **end == of).count()
}

fn is_above(ends: &[End], percent: usize, window: usize) -> bool {
    let newest = &ends[ends.len().saturating_sub(window)..];
    newest.len() == window && newest.iter().filter(|end| **end == End::Bad).count() * 100 >= percent * window
}

proptest! {
    #[test]
    fn a_streak_counts_once_whatever_is_cancelled(ends in ends(), wanted in 1_usize..5) {
        let naive = |of: End| {
            let reached = counted(&ends).into_iter().filter(|(_, before)| streak(before, of) == wanted);
            reached.map(|(place, _)| place).collect::<Vec<_>>()
        };
        let text = wanted.to_string();
        prop_assert_eq!(places(&[("in-a-row", &text)], &ends), naive(End::Bad));
        prop_assert_eq!(places(&[("in-a-row", &text), ("on", "succeeded")], &ends), naive(End::Good));
    }

    #[test]
    fn a_recovery_is_the_first_success_after_failures(ends in ends(), least in 1_usize..4) {
        let is_back = |before: &[End]| {
            let (newest, earlier) = before.split_last().unwrap();
            *newest == End::Good && streak(earlier, End::Bad) >= least
        };
        let naive: Vec<_> =
            counted(&ends).into_iter().filter(|(_, before)| is_back(before)).map(|(place, _)| place).collect();
        let least = least.to_string();
        prop_assert_eq!(places(&[("in-a-row", &least), ("on", "recovered")], &ends), naive);
    }

    #[test]
    fn a_rate_counts_when_it_is_reached(ends in ends(), percent in 1_usize..=100, window in 2_usize..=60) {
        let is_crossed = |before: &[End]| {
            is_above(before, percent, window) && !is_above(&before[..before.len() - 1], percent, window)
        };
        let naive: Vec<_> =
            counted(&ends).into_iter().filter(|(_, before)| is_crossed(before)).map(|(place, _)| place).collect();
        prop_assert_eq!(places(&[("rate", &format!("{percent}%/{window}"))], &ends), naive);
    }
}

#[test]
fn the_payload_says_the_figures() {
    use End::{Bad, Good};
    let last = |settings: &[(&str, &str)], ends: &[End]| {
        told(&interest(settings), log(ends).last().unwrap(), 3_500).map(|event| (event.kind, event.payload))
    };
    let (kind, payload) = last(&[("in-a-row", "2"), ("rate", "75%/4")], &[Good, Bad, Good, Bad, Bad]).unwrap();
    assert_eq!((kind.as_str(), &payload["because"]), ("rate", &json!(["failed", "rate"])));
    assert_eq!((&payload["in_a_row"], &payload["seconds"]), (&json!(2), &json!(2.5)));
    assert_eq!(payload["rate"], json!({"percent": 75.0, "failed": 3, "of": 4, "limit": 75}));
    let (kind, payload) = last(&[("on", "succeeded,recovered")], &[Bad, Bad, Good]).unwrap();
    assert_eq!((kind.as_str(), &payload["because"]), ("recovered", &json!(["succeeded", "recovered"])));
    assert_eq!((&payload["in_a_row"], &payload["failures_before"]), (&json!(1), &json!(2)));
    assert_eq!(last(&[("rate", "75%/4")], &[Bad, Bad, Good]), None, "it asks for nothing else then");
    assert!(last(&[], &[Good, Good]).is_some() && last(&[], &[Good, Bad]).is_none());
}

fn run() -> Run {
    let config = gofer_domain::PipelineConfig {
        id: key().pipeline.pipeline,
        description: String::new(),
        parallelism: 0,
        overlap: gofer_domain::config::Overlap::Allow,
        timeout: None,
        variables: std::collections::BTreeMap::new(),
        parameters: std::collections::BTreeMap::new(),
        tasks: std::collections::BTreeMap::new(),
    };
    Run::new(key(), Version(2), RunOptions::default(), &config)
}

#[test]
fn a_run_that_lasts_is_told_under_one_key() {
    let interest = interest(&[("longer-than", "2s")]);
    assert_eq!(interest.longer_than().unwrap(), (&key().pipeline, Duration::from_secs(2)));
    let mut run = run();
    assert_eq!(interest.long_run(&run, Timestamp(9_000)), None, "it has not started");
    run.started_at = Some(Timestamp(1_000));
    assert_eq!(interest.long_run(&run, Timestamp(2_999)), None);
    let going = interest.long_run(&run, Timestamp(3_000)).unwrap();
    assert_eq!((&going.payload["status"], &going.payload["seconds"]), (&json!("running"), &json!(2.0)));

    let events = log(&[End::Bad]);
    let at = |at| LogEvent { revision: Revision(7), at: Timestamp(at), actor: "", event: &events[0], encoded: &[] };
    assert_eq!(interest.ended_long(&at(2_999), &|_| None), None);
    assert_eq!(interest.event(&at(4_000), &|_| None), None, "the end itself is none of its");
    let ended = interest.ended_long(&at(4_000), &|_| None).unwrap();
    assert_eq!((ended.key, ended.kind.as_str()), (going.key, "long"));
    assert_eq!((&ended.payload["status"], &ended.payload["longer_than"]), (&json!("failed"), &json!(2.0)));
}
