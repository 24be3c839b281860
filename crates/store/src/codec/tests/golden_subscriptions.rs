//! Bytes of triggers, subscriptions and what these take, that lie on disks: they must never change.

use std::sync::Arc;

use gofer_domain::{
    Command, CursorMove, Event, EventKey, EventOutcome, EventVerdict, Firing, IncomingEvent, Intake, Launch, Reason,
    Revision, RunOptions, Setting, SettingKind, SubscriptionEvent, SubscriptionKey, SubscriptionName, SubscriptionSpec,
    TakenEvent, TriggerName, TriggerReport, TriggerSpec, Version,
};
use prost::Message;

use super::super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn event_bytes(event: &Event) -> String {
    hex(&event_to_wire(event).encode_to_vec())
}

fn trigger() -> TriggerName {
    TriggerName::new("git").unwrap()
}

/// A subscription's key with its bytes as the first field of a message.
fn subscription() -> (SubscriptionKey, String) {
    let pipeline =
        PipelineKey { namespace: NamespaceId::new("ns").unwrap(), pipeline: PipelineId::new("pipe").unwrap() };
    let name = SubscriptionName::new("push").unwrap();
    let bytes = "0a10".to_owned() + "0a026e73" + "120470697065" + "1a0470757368";
    (SubscriptionKey { pipeline, name }, bytes)
}

fn key(text: &str) -> EventKey {
    EventKey::new(text).unwrap()
}

#[test]
fn triggers() {
    let launch = Launch { image: Some("i".into()), command: vec!["c".into()], ..Launch::default() };
    let spec = TriggerSpec { description: "d".into(), token_digest: Some([0x77; 32]), launch: Some(launch) };
    assert_eq!(
        event_bytes(&Event::TriggerInstalled { trigger: trigger(), spec: Arc::new(spec) }),
        "b20438".to_owned()
            + "0a03676974"
            + "1231"
            + "0a0164"
            + "1220"
            + &"77".repeat(32)
            + "1a0a"
            + "0a0169"
            + "1001"
            + "220163"
            + "3200"
    );
    let kind = SettingKind::Duration;
    let setting = Setting { kind, required: false, default: Some("5s".into()), description: String::new() };
    let report = TriggerReport { version: "1".into(), settings: [("every".to_owned(), setting)].into() };
    assert_eq!(
        event_bytes(&Event::TriggerReported { trigger: trigger(), report: Arc::new(report) }),
        "da0419".to_owned() + "0a03676974" + "1212" + "0a0131" + "120d" + "0a056576657279" + "1004" + "22023573"
    );
    assert_eq!(event_bytes(&Event::TriggerUninstalled { trigger: trigger() }), "c20405".to_owned() + "0a03676974");
}

#[test]
fn subscriptions() {
    let (subscription, key_bytes) = subscription();
    let pair = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
    let spec = SubscriptionSpec {
        description: String::new(),
        trigger: trigger(),
        settings: pair("url", "u"),
        filter: "f".into(),
        variables: pair("A", "e"),
        options: RunOptions { variables: pair("B", "c"), priority: -1, ..RunOptions::default() },
    };
    let created =
        Event::SubscriptionCreated { subscription: subscription.clone(), spec: Arc::new(spec), enabled: true };
    assert_eq!(
        event_bytes(&created),
        "e2043a".to_owned()
            + &key_bytes
            + "1224"
            + "1203676974"
            + "1a08"
            + "0a0375726c"
            + "120175"
            + "220166"
            + "2a06"
            + "0a0141"
            + "120165"
            + "3206"
            + "0a0142"
            + "120163"
            + "4801"
            + "1801"
    );
    assert_eq!(event_bytes(&Event::SubscriptionDeleted { subscription }), "f20412".to_owned() + &key_bytes);
}

#[test]
fn what_is_taken() {
    let (subscription, key_bytes) = subscription();
    let cursor = Some(CursorMove { from: None, to: Arc::from(&[0xaa][..]) });
    let taken = |name: &str, outcome, duplicate_of| TakenEvent {
        key: key(name),
        occurred_at: Timestamp(1_000),
        outcome,
        duplicate_of,
    };
    let refused = EventOutcome::Refused { reason: Reason::NotFound, message: "no".into() };
    let event = Event::EventsTaken {
        subscription,
        generation: Revision(300),
        cursor,
        first: 2,
        taken: vec![
            taken("a", EventOutcome::Fired { run: 7 }, None),
            taken("b", EventOutcome::Filtered, Some(1)),
            taken("c", refused, None),
        ],
        from_log: true,
    };
    assert_eq!(
        event_bytes(&event),
        "8a0552".to_owned()
            + &key_bytes
            + "10ac02"
            + "1a03"
            + "1201aa"
            + "2002"
            + "2a0b"
            + "0a0161"
            + "12020801"
            + "1801"
            + "2007"
            + "2a0b"
            + "0a0162"
            + "12020801"
            + "1802"
            + "3801"
            + "2a18"
            + "0a0163"
            + "12020801"
            + "1804"
            + "2a094e4f545f464f554e44"
            + "32026e6f"
            + "3001"
    );
}

#[test]
fn an_intake() {
    let (subscription, key_bytes) = subscription();
    let cursor = Some(CursorMove { from: None, to: Arc::from(&[0xaa][..]) });
    let firing = Firing { note: "n".into(), ..Firing::default() };
    let incoming = |verdict| IncomingEvent { key: key("a"), occurred_at: Timestamp(1_000), verdict };
    let events = [EventVerdict::Fire(Box::new(firing)), EventVerdict::Filtered, EventVerdict::Malformed("m".into())];
    let events = events.into_iter().map(incoming).collect();
    let intake = Box::new(Intake { generation: Revision(300), cursor, events });
    assert_eq!(
        hex(&command_to_wire(&Command::TakeEvents { subscription, intake }).encode_to_vec()),
        "fa0447".to_owned()
            + &key_bytes
            + "10ac02"
            + "1a03"
            + "1201aa"
            + "220e"
            + "0a0161"
            + "12020801"
            + "1a05"
            + "0a03"
            + "1a016e"
            + "220b"
            + "0a0161"
            + "12020801"
            + "1a02"
            + "1200"
            + "220e"
            + "0a0161"
            + "12020801"
            + "1a05"
            + "1a03"
            + "0a016d"
    );
    let followed = Event::EventsFollowed { from: Revision(1), to: Revision(300) };
    assert_eq!(event_bytes(&followed), "920505".to_owned() + "0801" + "10ac02");
}

#[test]
fn a_run_of_an_event() {
    let (subscription, _) = subscription();
    let created = Event::RunCreated {
        run: RunKey { pipeline: subscription.pipeline, run: 300 },
        version: Version(1),
        options: Box::default(),
        started_by: String::new(),
        retry_of: None,
        parent: None,
        release: None,
        schedule: None,
        subscription: Some(SubscriptionEvent { subscription: subscription.name, event: key("a") }),
        shared: BTreeMap::new(),
        depth: 3,
    };
    assert_eq!(
        event_bytes(&created),
        "4220".to_owned()
            + "0a0d"
            + "0a026e73"
            + "120470697065"
            + "18ac02"
            + "1001"
            + "b20109"
            + "0a0470757368"
            + "120161"
            + "b80103"
    );
}
