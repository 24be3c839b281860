//! Output, from the node that runs an attempt and from its sealed log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gofer_consensus::{Proposal, Propose as _};
use gofer_domain::config::{DriverKind, Resources};
use gofer_domain::run::LogRef;
use gofer_domain::{
    Actor, AttemptKey, AttemptOutcome, Command, NamespaceId, NodeSpec, PipelineId, PipelineKey, RequestId, RunKey,
    TaskId, TaskKey, Timestamp,
};
use gofer_gateway::{AttemptLogs, LogRecord, LogRecords, LogSource, LogsError};
use gofer_store::{Digest, Outcome};
use gofer_wire::api::v1 as api;
use tokio::sync::watch;
use tokio::time::timeout;
use tonic::{Code, Streaming};

use crate::node::{Node, PATIENCE, cluster_with, config, run_ref, start_run};

/// Output of one attempt, held in memory.
struct Output(watch::Sender<Held>);

#[derive(Clone, Default)]
struct Held {
    framed: Vec<u8>,
    records: Vec<LogRecord>,
    /// Streams that began in an earlier one break.
    epoch: u64,
    is_gone: bool,
}

impl Output {
    fn write(&self, text: &'static str) {
        self.0.send_modify(|held| {
            held.framed.push(1);
            held.framed.extend_from_slice(&7u64.to_le_bytes());
            held.framed.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
            held.framed.extend_from_slice(text.as_bytes());
            let (next, data) = (held.framed.len() as u64, Bytes::from(text));
            held.records.push(LogRecord { source: LogSource::Stdout, time: Timestamp(7), data, next });
        });
    }
}

#[async_trait]
impl AttemptLogs for Output {
    async fn stream(&self, attempt: &AttemptKey, from: u64, follow: bool) -> Result<LogRecords, LogsError> {
        let held = self.0.subscribe();
        let epoch = held.borrow().epoch;
        if held.borrow().is_gone {
            return Err(LogsError::NotHere(attempt.clone()));
        }
        let step = move |(mut held, from): (watch::Receiver<Held>, u64)| async move {
            loop {
                let now = held.borrow_and_update().clone();
                if now.epoch != epoch {
                    return Some((Err(LogsError::Failed("it broke".into())), (held, from)));
                }
                if let Some(record) = now.records.iter().find(|record| record.next > from) {
                    return Some((Ok(record.clone()), (held, record.next)));
                }
                if !follow || now.is_gone || held.changed().await.is_err() {
                    return None;
                }
            }
        };
        Ok(Box::pin(futures::stream::unfold((held, from), step)))
    }
}

fn attempt() -> AttemptKey {
    let (namespace, pipeline) = (NamespaceId::new("n").unwrap(), PipelineId::new("p").unwrap());
    let run = RunKey { pipeline: PipelineKey { namespace, pipeline }, run: 1 };
    AttemptKey { task: TaskKey { run, task: TaskId::new("t").unwrap() }, attempt: 1 }
}

async fn command(node: &Node, number: u8, command: Command) {
    let proposal = Proposal { request_id: RequestId([number; 16]), actor: Actor("test".into()), command };
    let outcomes = node.cluster.propose(vec![proposal]).await.unwrap();
    assert!(matches!(outcomes[..], [Outcome::Accepted { .. }]), "{outcomes:?}");
}

async fn place(node: &Node) {
    let (id, attempt) = (node.id(), attempt());
    let spec = NodeSpec {
        name: "one".into(),
        address: node.address.clone(),
        labels: BTreeMap::new(),
        slots: 1,
        capacity: Resources::default(),
        drivers: [DriverKind::Process].into(),
        logic_version: 1,
        build: "test".into(),
    };
    command(node, 1, Command::RegisterNode { node: id, spec: Box::new(spec) }).await;
    command(node, 2, Command::AssignAttempt { attempt: attempt.clone(), node: id, driver: DriverKind::Process }).await;
    command(node, 3, Command::ReportLaunching { attempt: attempt.clone(), node: id }).await;
    command(node, 4, Command::ReportStarted { attempt, node: id }).await;
}

async fn next(stream: &mut Streaming<api::StreamLogsResponse>) -> Option<(api::LogStream, String)> {
    let message = timeout(PATIENCE, stream.message()).await.unwrap().unwrap()?;
    assert_eq!((message.task.as_str(), message.attempt), ("t", 1));
    Some((message.stream(), String::from_utf8(message.data).unwrap()))
}

fn out(text: &str) -> Option<(api::LogStream, String)> {
    Some((api::LogStream::Stdout, text.to_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_is_followed_over_a_break_into_the_sealed_log() {
    let output = Arc::new(Output(watch::Sender::new(Held::default())));
    let nodes = cluster_with(3, config(), output.clone()).await;
    let runner = &nodes[0];
    runner.prepare().await;
    nodes[1].runs().await.start_run(start_run(&[])).await.unwrap();
    // Followed before anything runs.
    let request = api::StreamLogsRequest { run: run_ref(1), follow: true, ..Default::default() };
    let mut stream = nodes[1].runs().await.stream_logs(request).await.unwrap().into_inner();
    output.write("one");
    place(runner).await;
    assert_eq!(next(&mut stream).await, out("one"));
    output.write("two");
    assert_eq!(next(&mut stream).await, out("two"));
    output.0.send_modify(|held| held.epoch += 1);
    assert_eq!(next(&mut stream).await.unwrap().0, api::LogStream::Notice);
    output.write("three");
    assert_eq!(next(&mut stream).await, out("three"));

    output.write("four");
    assert_eq!(next(&mut stream).await, out("four"));
    let held = output.0.borrow().clone();
    let blob = zstd::encode_all(&held.framed[..], 3).unwrap();
    let digest = runner.store.blobs().put(&blob).unwrap();
    let log = Some(LogRef { digest: digest.0, bytes: held.framed.len() as u64, truncated: false });
    let outcome = AttemptOutcome::Succeeded;
    command(
        runner,
        5,
        Command::ReportFinished { attempt: attempt(), node: runner.id(), outcome, log, outputs: BTreeMap::new() },
    )
    .await;
    output.0.send_modify(|held| held.is_gone = true);
    assert_eq!(next(&mut stream).await, None);

    // From a node that has neither the output nor the blob.
    assert!(!nodes[2].store.blobs().has(Digest(digest.0)));
    let request = api::StreamLogsRequest { run: run_ref(1), task: "t".into(), attempt: 1, follow: false };
    let mut stream = nodes[2].runs().await.stream_logs(request.clone()).await.unwrap().into_inner();
    for text in ["one", "two", "three", "four"] {
        assert_eq!(next(&mut stream).await, out(text));
    }
    assert_eq!(next(&mut stream).await, None);
    assert!(nodes[2].store.blobs().has(Digest(digest.0)));
    for bad in [
        api::StreamLogsRequest { task: "x".into(), ..request.clone() },
        api::StreamLogsRequest { attempt: 2, ..request },
    ] {
        let status = nodes[2].runs().await.stream_logs(bad).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound, "{status:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_shuts_down_ends_its_streams_with_an_error() {
    let output = Arc::new(Output(watch::Sender::new(Held::default())));
    let mut nodes = cluster_with(1, config(), output.clone()).await;
    let node = nodes.remove(0);
    node.prepare().await;
    let mut runs = node.runs().await;
    runs.start_run(start_run(&[])).await.unwrap();
    place(&node).await;
    let request = api::StreamLogsRequest { run: run_ref(1), follow: true, ..Default::default() };
    let mut logs = runs.stream_logs(request).await.unwrap().into_inner();
    let mut run = runs.watch_run(api::WatchRunRequest { run: run_ref(1) }).await.unwrap().into_inner();
    let mut events = node.events().await.watch(api::WatchRequest::default()).await.unwrap().into_inner();
    timeout(PATIENCE, run.message()).await.unwrap().unwrap().unwrap();
    timeout(Duration::from_secs(4), node.stop()).await.unwrap();
    let ends = [
        timeout(PATIENCE, logs.message()).await.unwrap().map(drop),
        timeout(PATIENCE, run.message()).await.unwrap().map(drop),
        timeout(PATIENCE, events.message()).await.unwrap().map(drop),
    ];
    for end in ends {
        assert_eq!(crate::errors::info(&end.unwrap_err()).reason, "SHUTTING_DOWN");
    }
}
