//! Runs of pipelines that allow one at a time. Their task holds a lock while it runs, which all nodes of the machine
//! share: two at once meet there, whatever the log says.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use gofer_tests::{pipeline, shell_task};
use gofer_wire::model::v1 as model;

use super::{Effects, Workload, all_ended, start_run};
use crate::check::Verdict;
use crate::check::effects::never_met;
use crate::check::events::Facts;
use crate::client::{Answer, Client, Invocation, PATIENCE};
use crate::history::{Op, Value};
use crate::lab::Lab;

const NAMES: [&str; 3] = ["overlap-queue", "overlap-forbid", "overlap-queue-b"];

#[derive(Debug)]
struct Overlap {
    effects: Effects,
    tokens: AtomicU64,
}

pub(super) fn make(folder: &Path) -> Arc<dyn Workload> {
    Arc::new(Overlap { effects: Effects(folder.join("overlap")), tokens: AtomicU64::new(0) })
}

impl Overlap {
    fn config(&self, name: &str) -> model::PipelineConfig {
        let (start, end, met) = (Effects::line("start"), Effects::line("end"), Effects::line("overlap"));
        let script = format!(
            "exec 9>>\"$EFFECTS.$GOFER_PIPELINE.lock\"\n\
             if ! flock -n 9; then {met}; exit 7; fi\n\
             {start}\nsleep 0.5\n{end}"
        );
        let policy = if name.contains("forbid") { model::OverlapPolicy::Forbid } else { model::OverlapPolicy::Queue };
        let mut config = pipeline(name, vec![shell_task("alone", &script, &[])]);
        config.overlap = policy.into();
        config.queue_limit = if policy == model::OverlapPolicy::Queue { 3 } else { 0 };
        config.variables = vec![self.effects.variable()];
        config
    }
}

#[async_trait]
impl Workload for Overlap {
    fn clients(&self) -> usize {
        3
    }

    fn pause(&self) -> (u64, u64) {
        (300, 1200)
    }

    async fn set_up(&self, lab: &Lab) -> anyhow::Result<()> {
        for name in NAMES {
            let id = format!("{name:-<16}");
            super::register(lab, 0, self.config(name), id.as_bytes()[..16].to_vec()).await?;
        }
        Ok(())
    }

    async fn invoke(&self, client: &mut Client) {
        let token = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        let at = client.rng.below(NAMES.len());
        let (node, id, lab) = (client.any_node(), client.rng.bytes().to_vec(), client.lab.clone());
        let what = Invocation { f: "start", key: at as u64, value: Value::Int(token), is_read: false };
        let call = async move {
            let run = start_run(&lab, node, NAMES[at], token, id).await?;
            Ok(Answer { value: Value::Int(run), version: 0 })
        };
        let _ = client.record(node, what, PATIENCE, call).await;
    }

    async fn finish(&self, client: &mut Client) -> anyhow::Result<()> {
        all_ended(client, &NAMES).await
    }

    fn check(&self, _: &[Op], facts: &Facts) -> Vec<Verdict> {
        match self.effects.read() {
            Ok(lines) => vec![facts.no_overlap(), never_met(&lines)],
            Err(error) => Effects::broken(error),
        }
    }
}
