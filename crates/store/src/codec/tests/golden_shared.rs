//! Bytes of shared tasks that lie on disks: they must never change.

use gofer_domain::values::{SharedTask, TaskKind, Value};
use gofer_domain::{Event, Version};
use gofer_wire::model::v1 as model;
use prost::Message;

use super::super::values::{kind_from_wire, kind_to_wire};
use super::super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_versions_of_a_run() {
    let pipeline =
        PipelineKey { namespace: NamespaceId::new("ns").unwrap(), pipeline: PipelineId::new("pipe").unwrap() };
    let shared = [(TaskId::new("build").unwrap(), Version(3))].into();
    let created = Event::RunCreated {
        run: RunKey { pipeline, run: 300 },
        version: Version(1),
        options: Box::default(),
        started_by: String::new(),
        retry_of: None,
        parent: None,
        release: None,
        schedule: None,
        subscription: None,
        shared,
        depth: 0,
    };
    let bytes = event_to_wire(&created).encode_to_vec();
    let expected = "421d".to_owned()
        + "0a0d"
        + "0a026e73"
        + "120470697065"
        + "18ac02"
        + "1001"
        + "c20109"
        + "0a056275696c64"
        + "1003";
    assert_eq!(hex(&bytes), expected);
}

#[test]
fn a_use() {
    let settings = [("A".to_owned(), Value::Text("x".into()))].into();
    let shared = SharedTask { name: PipelineId::new("s").unwrap(), version: Some(Version(3)), settings };
    let kind = TaskKind::Shared(Box::new(shared));
    let message = model::TaskConfig { kind: kind_to_wire(&kind), ..Default::default() };
    let expected = "a2010f".to_owned() + "0a0173" + "1003" + "1a08" + "0a0141" + "1203" + "0a0178";
    assert_eq!(hex(&message.encode_to_vec()), expected);
    assert_eq!(kind_from_wire(message.kind).unwrap(), kind);
}
