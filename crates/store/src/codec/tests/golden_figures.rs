//! Bytes of figures of the ends of runs: they must never change.

use gofer_domain::{Ends, Event, RunStatus};
use gofer_wire::log::v1 as log;
use prost::Message;

use super::super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run() -> RunKey {
    let pipeline =
        PipelineKey { namespace: NamespaceId::new("ns").unwrap(), pipeline: PipelineId::new("pipe").unwrap() };
    RunKey { pipeline, run: 300 }
}

const RUN_BYTES: &str = "0a0d0a026e7312047069706518ac02";

#[test]
fn the_end_of_a_run() {
    let ends = Ends { count: 3, failed: 0b011, streak: 2, broken: 1 };
    let status = RunStatus::Failed { message: "no".into() };
    let finished = |started_at, ends| Event::RunFinished { run: run(), status: status.clone(), started_at, ends };
    let bytes = |event: &Event| hex(&event_to_wire(event).encode_to_vec());
    // As before there were figures.
    assert_eq!(bytes(&finished(None, None)), "6a15".to_owned() + RUN_BYTES + "1004" + "1a026e6f");
    let started = "2208".to_owned() + "0801" + "1080cab5ee01";
    let figures = "2a0f".to_owned() + "0803" + "110300000000000000" + "1802" + "2001";
    assert_eq!(
        bytes(&finished(Some(Timestamp(1_500)), Some(ends))),
        "6a30".to_owned() + RUN_BYTES + "1004" + "1a026e6f" + &started + &figures
    );
}

#[test]
fn a_task_that_is_tried_again() {
    let task = TaskKey { run: run(), task: TaskId::new("build").unwrap() };
    let queued = Event::TaskQueued { task, not_before: Timestamp(1_500), attempts: 2 };
    let task_bytes = "0a16".to_owned() + RUN_BYTES + "12056275696c64";
    assert_eq!(
        hex(&event_to_wire(&queued).encode_to_vec()),
        "5a24".to_owned() + &task_bytes + "1208" + "0801" + "1080cab5ee01" + "1802"
    );
}

#[test]
fn figures_that_can_not_be_are_refused() {
    let ends = gofer_wire::model::v1::Ends { count: 65, failed: 0, streak: 65, broken: 0 };
    let finished =
        log::RunFinished { run: Some(run_key_to_wire(&run())), status: 3, ends: Some(ends), ..Default::default() };
    let refused = event_from_wire(log::Event { kind: Some(log::event::Kind::RunFinished(finished)) });
    assert!(refused.unwrap_err().to_string().contains("ends"));
}
