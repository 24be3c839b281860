//! Requests that are sent several times, to different nodes, whether or not the answer to the first is known. Some are
//! refused at first, and would be accepted when they are sent again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tonic::Code;

use super::{Workload, parked, register_surely, start_run};
use crate::check::Verdict;
use crate::check::events::Facts;
use crate::check::unique;
use crate::client::{Answer, Client, Invocation, PATIENCE};
use crate::history::{Op, Value};
use crate::lab::Lab;

/// Requests before another pipeline takes over: what waits in line is limited.
const TOKENS_EACH: u64 = 2_000;

#[derive(Debug, Default)]
struct Repeat(AtomicU64);

pub(super) fn make(_: &Path) -> Arc<dyn Workload> {
    Arc::new(Repeat::default())
}

fn name(part: u64) -> String {
    format!("repeat-{part}")
}

/// Sends a request once. The answer is the run's number, or 0 if there is no such pipeline.
async fn send(client: &mut Client, f: &'static str, pipeline: &str, token: u64, id: &[u8], patience: Duration) {
    let node = client.any_node();
    let (lab, pipeline, id) = (client.lab.clone(), pipeline.to_owned(), id.to_vec());
    let what = Invocation { f, key: 0, value: Value::Int(token), is_read: false };
    let call = async move {
        match start_run(&lab, node, &pipeline, token, id).await {
            Ok(run) => Ok(Answer { value: Value::Int(run), version: 0 }),
            Err(status) if status.code() == Code::NotFound => Ok(Answer { value: Value::Int(0), version: 0 }),
            Err(status) => Err(status),
        }
    };
    let _ = client.record(node, what, patience, call).await;
}

#[async_trait]
impl Workload for Repeat {
    fn clients(&self) -> usize {
        3
    }

    fn pause(&self) -> (u64, u64) {
        (200, 800)
    }

    async fn set_up(&self, lab: &Lab) -> anyhow::Result<()> {
        super::register(lab, 0, parked(&name(0)), b"repeat-set-up---".to_vec()).await?;
        Ok(())
    }

    async fn invoke(&self, client: &mut Client) {
        let token = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let id = client.rng.bytes().to_vec();
        if client.rng.percent(15) {
            let late = format!("repeat-late-{token}");
            send(client, "start-late", &late, token, &id, PATIENCE).await;
            if register_surely(client, parked(&late)).await.is_ok() {
                for _ in 0..client.rng.range(1, 3) {
                    send(client, "start-late", &late, token, &id, PATIENCE).await;
                }
            }
            return;
        }
        let part = token / TOKENS_EACH;
        if token.is_multiple_of(TOKENS_EACH) && register_surely(client, parked(&name(part))).await.is_err() {
            return;
        }
        for _ in 0..client.rng.range(2, 4) {
            // Some clients hardly wait, so that the request is still on its way when they send it again.
            let patience = if client.rng.percent(30) { client.rng.millis(1, 15) } else { PATIENCE };
            send(client, "start", &name(part), token, &id, patience).await;
        }
    }

    fn check(&self, ops: &[Op], facts: &Facts) -> Vec<Verdict> {
        unique::idempotent(ops, &facts.created("repeat-"))
    }
}
