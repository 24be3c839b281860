//! Bytes of backfills: they must never change.

use gofer_domain::{BackfillEnd, BackfillOrder, BackfillSpec, Event, FiredSlot, ScheduleKey, ScheduleName};
use prost::Message;

use super::super::*;

fn bytes(event: &Event) -> String {
    event_to_wire(event).encode_to_vec().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A schedule's key with its bytes as the first field of a message.
fn schedule() -> (ScheduleKey, &'static str) {
    let pipeline =
        PipelineKey { namespace: NamespaceId::new("ns").unwrap(), pipeline: PipelineId::new("pipe").unwrap() };
    let name = ScheduleName::new("nightly").unwrap();
    (ScheduleKey { pipeline, name }, "0a130a026e731204706970651a076e696768746c79")
}

#[test]
fn a_backfill_from_its_beginning_to_its_end() {
    let (schedule, key_bytes) = schedule();
    let spec = BackfillSpec {
        from: Timestamp(1_000),
        to: Timestamp(2_000),
        parallelism: 2,
        order: BackfillOrder::NewestFirst,
        slots: 300,
    };
    let spec_bytes = "0a020801".to_owned() + "12020802" + "1802" + "2001" + "28ac02";
    let started =
        Event::BackfillStarted { schedule: schedule.clone(), backfill: 3, spec, started_by: "ada".to_owned() };
    assert_eq!(bytes(&started), "92042d".to_owned() + key_bytes + "1003" + "1a0f" + &spec_bytes + "2203616461");
    let advanced = Event::BackfillAdvanced {
        schedule: schedule.clone(),
        backfill: 3,
        cursor: Some(Timestamp(2_000)),
        fired: vec![FiredSlot { slot: Timestamp(2_000), run: 7 }],
        refused: Vec::new(),
        is_last: true,
    };
    assert_eq!(
        bytes(&advanced),
        "9a0425".to_owned() + key_bytes + "1003" + "1a020802" + "2206" + "0a020802" + "1007" + "3001"
    );
    let ended = Event::BackfillRunEnded { schedule: schedule.clone(), backfill: 3, run: 7, end: BackfillEnd::Failed };
    assert_eq!(bytes(&ended), "a2041b".to_owned() + key_bytes + "1003" + "1807" + "2004");
    let cancelled = Event::BackfillCancelled { schedule, backfill: 3, message: "no".to_owned() };
    assert_eq!(bytes(&cancelled), "aa041b".to_owned() + key_bytes + "1003" + "1a026e6f");
}
