//! Unique numbers: the versions of a pipeline that is registered with another text each time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use super::{Workload, parked, register, variable};
use crate::check::Verdict;
use crate::check::events::Facts;
use crate::check::unique;
use crate::client::{Answer, Client, Invocation, PATIENCE};
use crate::history::{Op, Value};

#[derive(Debug, Default)]
struct Ids(AtomicU64);

pub(super) fn make(_: &Path) -> Arc<dyn Workload> {
    Arc::new(Ids::default())
}

#[async_trait]
impl Workload for Ids {
    fn clients(&self) -> usize {
        3
    }

    fn pause(&self) -> (u64, u64) {
        (20, 200)
    }

    async fn invoke(&self, client: &mut Client) {
        let mut config = parked("ids");
        config.variables = vec![variable("TEXT", self.0.fetch_add(1, Ordering::SeqCst))];
        let (node, request_id, lab) = (client.any_node(), client.rng.bytes().to_vec(), client.lab.clone());
        let what = Invocation { f: "generate", key: 0, value: Value::Nil, is_read: false };
        let call = async move {
            let version = register(&lab, node, config, request_id).await?;
            Ok(Answer { value: Value::Int(version), version: 0 })
        };
        let _ = client.record(node, what, PATIENCE, call).await;
    }

    fn check(&self, ops: &[Op], _: &Facts) -> Vec<Verdict> {
        unique::ids(ops)
    }
}
