//! Registers: the value is a variable of a pipeline, each write a new version.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use super::{Workload, newest, register, variable};
use crate::check::Verdict;
use crate::check::events::Facts;
use crate::client::{Answer, Client, Invocation, PATIENCE};
use crate::history::{Op, Value};

/// Registers in use at the same time.
const ACTIVE: u64 = 3;
/// Operations on a register before another takes its place: the search for an order must stay short.
const OPS_EACH: u64 = 150;

#[derive(Debug, Default)]
struct Register {
    ops: AtomicU64,
    values: AtomicU64,
}

pub(super) fn make(_: &Path) -> Arc<dyn Workload> {
    Arc::new(Register::default())
}

fn name(key: u64) -> String {
    format!("register-{key}")
}

async fn read(client: &mut Client, key: u64) -> bool {
    let node = client.any_node();
    let lab = client.lab.clone();
    let what = Invocation { f: "read", key, value: Value::Nil, is_read: true };
    let call = async move {
        let Some(pipeline) = newest(&lab, node, &name(key)).await? else { return Ok(Answer::default()) };
        let found = pipeline.config.unwrap_or_default().variables.into_iter().find(|variable| variable.name == "VALUE");
        let value = found.and_then(|variable| variable.value.parse().ok()).map_or(Value::Nil, Value::Int);
        Ok(Answer { value, version: pipeline.version })
    };
    client.record(node, what, PATIENCE, call).await.is_ok()
}

#[async_trait]
impl Workload for Register {
    fn clients(&self) -> usize {
        5
    }

    fn pause(&self) -> (u64, u64) {
        (10, 120)
    }

    async fn invoke(&self, client: &mut Client) {
        let op = self.ops.fetch_add(1, Ordering::SeqCst);
        let key = (op / (OPS_EACH * ACTIVE)) * ACTIVE + op % ACTIVE;
        if client.rng.percent(50) {
            read(client, key).await;
            return;
        }
        let value = self.values.fetch_add(1, Ordering::SeqCst) + 1;
        let mut config = super::parked(&name(key));
        config.variables = vec![variable("VALUE", value)];
        let (node, request_id, lab) = (client.any_node(), client.rng.bytes().to_vec(), client.lab.clone());
        let what = Invocation { f: "write", key, value: Value::Int(value), is_read: false };
        let call = async move {
            let version = register(&lab, node, config, request_id).await?;
            Ok(Answer { value: Value::Nil, version })
        };
        // The outcome is in the history.
        let _ = client.record(node, what, PATIENCE, call).await;
    }

    async fn finish(&self, client: &mut Client) -> anyhow::Result<()> {
        let last = (self.ops.load(Ordering::SeqCst) / (OPS_EACH * ACTIVE) + 1) * ACTIVE;
        for key in 0..last {
            anyhow::ensure!(read(client, key).await, "register {key} can't be read");
        }
        Ok(())
    }

    fn check(&self, ops: &[Op], _: &Facts) -> Vec<Verdict> {
        vec![crate::check::register::linearizable(ops)]
    }
}
