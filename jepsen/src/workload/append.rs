//! Lists: an element is a run that waits, with the element as its variable. The event log has their order.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use gofer_wire::api::v1 as api;
use tonic::Status;

use super::{Workload, parked, pipeline_ref, register_surely, runs, start_run, within};
use crate::check::Verdict;
use crate::check::events::{Facts, TOKEN};
use crate::check::list::{self, Lists};
use crate::client::{Answer, Client, Invocation, PATIENCE};
use crate::history::{Op, Style, Value};
use crate::lab::Lab;

/// Operations on a list before another takes its place: each read is as long as the list.
const OPS_EACH: u64 = 250;
/// Of a hundred operations, so many are reads.
const READS: u64 = 25;

#[derive(Debug, Default)]
struct Append {
    ops: AtomicU64,
    elements: AtomicU64,
    /// Lists that exist.
    made: tokio::sync::Mutex<u64>,
}

pub(super) fn make(_: &Path) -> Arc<dyn Workload> {
    Arc::new(Append::default())
}

fn name(key: u64) -> String {
    format!("list-{key}")
}

/// The whole list through a node; with its own copy, or linearizably.
async fn elements(lab: &Lab, node: usize, key: u64, freshness: api::Consistency) -> Result<Vec<u64>, Status> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = api::ListRunsRequest {
            pipeline: pipeline_ref(&name(key)),
            consistency: freshness.into(),
            page_size: 1000,
            page_token,
        };
        let page = runs(lab, node).list_runs(within(request, PATIENCE)).await?.into_inner();
        for run in page.runs {
            let token = run.variables.into_iter().find(|variable| variable.name == TOKEN);
            found.push(token.and_then(|token| token.value.parse().ok()).unwrap_or(0));
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            found.reverse();
            return Ok(found);
        }
    }
}

async fn read(client: &mut Client, key: u64, node: usize, freshness: api::Consistency) -> bool {
    let lab = client.lab.clone();
    let what = Invocation { f: "read", key, value: Value::Nil, is_read: true };
    let call = async move {
        let found = elements(&lab, node, key, freshness).await?;
        Ok(Answer { value: Value::List(found), version: 0 })
    };
    client.record(node, what, PATIENCE, call).await.is_ok()
}

impl Append {
    /// Makes the list if it is new.
    async fn ensure(&self, client: &mut Client, key: u64) -> bool {
        let mut made = self.made.lock().await;
        while *made <= key {
            if register_surely(client, parked(&name(*made))).await.is_err() {
                return false;
            }
            *made += 1;
        }
        true
    }
}

#[async_trait]
impl Workload for Append {
    fn style(&self) -> Style {
        Style::ListAppend
    }

    fn clients(&self) -> usize {
        4
    }

    fn pause(&self) -> (u64, u64) {
        (50, 300)
    }

    async fn invoke(&self, client: &mut Client) {
        let key = self.ops.fetch_add(1, Ordering::SeqCst) / OPS_EACH;
        if !self.ensure(client, key).await {
            return;
        }
        let node = client.any_node();
        if client.rng.percent(READS) {
            read(client, key, node, api::Consistency::Linearizable).await;
            return;
        }
        let element = self.elements.fetch_add(1, Ordering::SeqCst) + 1;
        let (request_id, lab) = (client.rng.bytes().to_vec(), client.lab.clone());
        let what = Invocation { f: "append", key, value: Value::Int(element), is_read: false };
        let call = async move {
            start_run(&lab, node, &name(key), element, request_id).await?;
            Ok(Answer::default())
        };
        let _ = client.record(node, what, PATIENCE, call).await;
    }

    /// All lists from all nodes' own copies: they have caught up.
    async fn finish(&self, client: &mut Client) -> anyhow::Result<()> {
        for key in 0..*self.made.lock().await {
            for node in 0..client.lab.size() {
                let done = read(client, key, node, api::Consistency::Linearizable).await;
                anyhow::ensure!(done, "list {key} can't be read through n{}", node + 1);
            }
        }
        Ok(())
    }

    fn check(&self, ops: &[Op], facts: &Facts) -> Vec<Verdict> {
        let last = ops.iter().map(|op| op.key).max().unwrap_or(0);
        let lists: Lists = (0..=last).map(|key| (key, facts.order(&name(key)))).collect();
        list::check(ops, &lists)
    }
}
