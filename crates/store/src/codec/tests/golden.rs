//! Bytes that lie on disks: they must never change.

use gofer_domain::config::DriverKind;
use gofer_domain::run::{FailureReason, LogRef};
use gofer_domain::schedule::{Blackout, CatchUp, Rule, Timing};
use gofer_domain::{
    Actor, AttemptOutcome, ClusterId, Command, CommandEnvelope, Event, FiredSlot, NodeId, ObjectContent, ObjectKey,
    ObjectLoss, ObjectPlace, ObjectScope, Reason, Revision, RunOptions, ScheduleKey, ScheduleName, ScheduleSlot,
    ScheduleSpec, SkipReason, SkippedSlots, Version,
};
use prost::Message;

use super::super::*;
use crate::event_log::{Place, seal};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attempt() -> AttemptKey {
    let pipeline =
        PipelineKey { namespace: NamespaceId::new("ns").unwrap(), pipeline: PipelineId::new("pipe").unwrap() };
    let run = RunKey { pipeline, run: 300 };
    AttemptKey { task: TaskKey { run, task: TaskId::new("build").unwrap() }, attempt: 2 }
}

#[test]
fn events() {
    let placed = Event::AttemptPlaced { attempt: attempt(), node: NodeId(7), driver: DriverKind::Docker };
    assert_eq!(
        hex(&event_to_wire(&placed).encode_to_vec()),
        "721e".to_owned()
            + "0a18"
            + "0a0d"
            + "0a026e73"
            + "120470697065"
            + "18ac02"
            + "12056275696c64"
            + "1802"
            + "1007"
            + "1802"
    );
    let queued = Event::TaskQueued { task: attempt().task, not_before: Timestamp(1_500), attempts: 0 };
    assert_eq!(
        hex(&event_to_wire(&queued).encode_to_vec()),
        "5a22".to_owned()
            + "0a16"
            + "0a0d"
            + "0a026e73"
            + "120470697065"
            + "18ac02"
            + "12056275696c64"
            + "1208"
            + "0801"
            + "1080cab5ee01"
    );
}

#[test]
fn an_object() {
    let (scope, key) = (ObjectScope::Run(attempt().task.run), ObjectKey::new("a/b").unwrap());
    let content = ObjectContent { bytes: 300, digest: [0x44; 32], manifest: [0x55; 32], place: None };
    let scope_bytes = "0a0f".to_owned() + "0a0a" + "0a026e73" + "120470697065" + "10ac02";
    let put = Event::ObjectPut { scope: scope.clone(), key: key.clone(), content: Box::new(content.clone()) };
    let content_bytes = "1a47".to_owned() + "08ac02" + "1220" + &"44".repeat(32) + "1a20" + &"55".repeat(32);
    assert_eq!(
        hex(&event_to_wire(&put).encode_to_vec()),
        "92035f".to_owned() + &scope_bytes + "1203" + "612f62" + &content_bytes
    );
    let place = Some(ObjectPlace { store: [0x66; 16], folder: [0x77; 16] });
    let outside = hex(&object_content_to_wire(&ObjectContent { place, ..content }).encode_to_vec());
    assert_eq!(
        outside,
        content_bytes["1a47".len()..].to_owned() + "2224" + "0a10" + &"66".repeat(16) + "1210" + &"77".repeat(16)
    );
    let deleted = Event::ObjectDeleted { scope: scope.clone(), key, cause: ObjectLoss::Evicted };
    assert_eq!(
        hex(&event_to_wire(&deleted).encode_to_vec()),
        "9a0318".to_owned() + &scope_bytes + "1203" + "612f62" + "1802"
    );
    let dropped = Event::ObjectsDropped { scope, cause: ObjectLoss::Expired };
    assert_eq!(hex(&event_to_wire(&dropped).encode_to_vec()), "a20313".to_owned() + &scope_bytes + "1003");
}

/// A schedule's key with its bytes as the first field of a message.
fn schedule() -> (ScheduleKey, String) {
    let name = ScheduleName::new("nightly").unwrap();
    let key_bytes = "0a13".to_owned() + "0a026e73" + "120470697065" + "1a076e696768746c79";
    (ScheduleKey { pipeline: attempt().task.run.pipeline, name }, key_bytes)
}

#[test]
fn schedules() {
    let (schedule, key_bytes) = schedule();
    let deleted = Event::ScheduleDeleted { schedule: schedule.clone() };
    assert_eq!(hex(&event_to_wire(&deleted).encode_to_vec()), "f20315".to_owned() + &key_bytes);
    let second = Duration::from_secs(1);
    let spec = ScheduleSpec {
        description: String::new(),
        timing: Timing {
            rule: Rule::Cron("0 2 * * *".into()),
            zone: "UTC".into(),
            blackouts: vec![Blackout { opens: "@daily".into(), length: second }],
        },
        jitter: second,
        catch_up: CatchUp::All(300),
        grace: second * 60,
        options: RunOptions {
            variables: BTreeMap::from([("A".to_owned(), "b".to_owned())]),
            note: "n".into(),
            priority: -1,
            ..RunOptions::default()
        },
    };
    let created = Event::ScheduleCreated { schedule, spec: spec.into(), enabled: true };
    let spec_bytes = "1209302032202a202a202a".to_owned()
        + "2203555443"
        + "2a0c"
        + "0a06406461696c79"
        + "12020801"
        + "32020801"
        + "3803"
        + "40ac02"
        + "4a02083c"
        + "5206"
        + "0a0141"
        + "120162"
        + "62016e"
        + "6801";
    assert_eq!(
        hex(&event_to_wire(&created).encode_to_vec()),
        "e20351".to_owned() + &key_bytes + "1238" + &spec_bytes + "1801"
    );
}

#[test]
fn slots() {
    let (schedule, key_bytes) = schedule();
    let name = schedule.name.clone();
    let refused = SkippedSlots {
        first: Timestamp(2_500),
        last: Timestamp(2_500),
        reason: SkipReason::Refused { reason: Reason::OverlapForbidden, message: "no".into() },
    };
    let settled = Event::SlotsSettled {
        schedule,
        generation: Revision(300),
        from: Timestamp(1_000),
        to: Timestamp(2_500),
        fired: vec![FiredSlot { slot: Timestamp(2_000), run: 7 }],
        skipped: vec![refused],
    };
    let end = "0802".to_owned() + "1080cab5ee01";
    assert_eq!(
        hex(&event_to_wire(&settled).encode_to_vec()),
        "8a045d".to_owned()
            + &key_bytes
            + "10ac02"
            + "1a020801"
            + "2208"
            + &end
            + "2a06"
            + "0a020802"
            + "1007"
            + "322d"
            + "0a08"
            + &end
            + "1208"
            + &end
            + "1805"
            + "2211"
            + "4f5645524c41505f464f5242494444454e"
            + "2a026e6f"
    );
    let created = Event::RunCreated {
        run: attempt().task.run,
        version: Version(1),
        options: Box::default(),
        started_by: String::new(),
        retry_of: None,
        parent: None,
        release: None,
        schedule: Some(ScheduleSlot { schedule: name, slot: Timestamp(2_000), backfill: None }),
        subscription: None,
        shared: BTreeMap::new(),
        depth: 0,
    };
    assert_eq!(
        hex(&event_to_wire(&created).encode_to_vec()),
        "4221".to_owned()
            + "0a0d"
            + "0a026e73"
            + "120470697065"
            + "18ac02"
            + "1001"
            + "aa010d"
            + "0a076e696768746c79"
            + "12020802"
    );
}

#[test]
fn a_sealed_envelope() {
    let event = Event::ClusterCreated { cluster: ClusterId([0x11; 16]) };
    let command = CommandEnvelope {
        request_id: RequestId([0x22; 16]),
        actor: Actor("user:ada".into()),
        time: Timestamp(1_753_000_000_123),
        command: Command::CreateCluster { cluster: ClusterId([0x11; 16]) },
    };
    let place = Place { revision: Revision(1), cause: Revision(1), previous: gofer_domain::archive::GENESIS };
    let (bytes, hash) = seal(&place, &command, &event_to_wire(&event));
    let body = "0801".to_owned()
        + "120b"
        + "08c0d0f2c306"
        + "10c0a9d33a"
        + "1a08"
        + "757365723a616461"
        + "2210"
        + &"22".repeat(16)
        + "2801"
        + "3220"
        + &"00".repeat(32)
        + "3a14"
        + "0a12"
        + "0a10"
        + &"11".repeat(16);
    assert_eq!(hex(&bytes), body + "4220" + &hex(&hash));
    assert_eq!(hex(&hash), "e652c09afdcda7aa5d7283cc376b7efbb6674caf6c7d1762541022676e4cf662");
}

#[test]
fn a_command() {
    let outcome = AttemptOutcome::Failed { reason: FailureReason::ExitCode, exit_code: Some(3), message: "no".into() };
    let log = LogRef { digest: [0x33; 32], bytes: 300, truncated: true };
    let command = CommandEnvelope {
        request_id: RequestId([0x22; 16]),
        actor: Actor("node:7".into()),
        time: Timestamp(1_753_000_000_123),
        command: Command::ReportFinished {
            attempt: attempt(),
            node: NodeId(7),
            outcome,
            log: Some(log),
            outputs: BTreeMap::new(),
        },
    };
    let bytes = "0a10".to_owned()
        + &"22".repeat(16)
        + "1206"
        + "6e6f64653a37"
        + "1a54"
        + "820151"
        + "0a18"
        + "0a0d"
        + "0a026e73"
        + "120470697065"
        + "18ac02"
        + "12056275696c64"
        + "1802"
        + "1007"
        + "1a0a"
        + "0802"
        + "1001"
        + "1803"
        + "22026e6f"
        + "2227"
        + "0a20"
        + &"33".repeat(32)
        + "10ac02"
        + "1801";
    assert_eq!(hex(&envelope_to_wire(&command).encode_to_vec()), bytes);
}
