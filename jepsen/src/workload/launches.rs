//! Runs of a few tasks that depend on each other, each of which writes down that it was launched.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use gofer_tests::{pipeline, shell_task};
use gofer_wire::model::v1 as model;

use super::{Effects, Workload, all_ended, start_run};
use crate::check::Verdict;
use crate::check::effects::launches;
use crate::check::events::Facts;
use crate::client::{Answer, Client, Invocation, PATIENCE};
use crate::history::{Op, Value};
use crate::lab::Lab;

const NAME: &str = "launches";

#[derive(Debug)]
struct Launches {
    effects: Effects,
    tokens: AtomicU64,
}

pub(super) fn make(folder: &Path) -> Arc<dyn Workload> {
    Arc::new(Launches { effects: Effects(folder.join("launches")), tokens: AtomicU64::new(0) })
}

#[async_trait]
impl Workload for Launches {
    fn clients(&self) -> usize {
        2
    }

    fn pause(&self) -> (u64, u64) {
        (800, 3000)
    }

    async fn set_up(&self, lab: &Lab) -> anyhow::Result<()> {
        let script = |seconds: &str| format!("{}; sleep {seconds}", Effects::line("start"));
        let mut config = pipeline(
            NAME,
            vec![
                shell_task("build", &script("0.2"), &[]),
                shell_task("lint", &script("1"), &["build"]),
                shell_task("package", &script("0.1"), &["lint", "unit"]),
                shell_task("unit", &script("0.4"), &["build"]),
            ],
        );
        for task in &mut config.tasks {
            task.retry = Some(model::RetryPolicy { attempts: 3, ..Default::default() });
        }
        config.variables = vec![self.effects.variable()];
        super::register(lab, 0, config, b"launches-set-up-".to_vec()).await?;
        Ok(())
    }

    async fn invoke(&self, client: &mut Client) {
        let token = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        let (node, id, lab) = (client.any_node(), client.rng.bytes().to_vec(), client.lab.clone());
        let what = Invocation { f: "start", key: 0, value: Value::Int(token), is_read: false };
        let call = async move {
            let run = start_run(&lab, node, NAME, token, id).await?;
            Ok(Answer { value: Value::Int(run), version: 0 })
        };
        let _ = client.record(node, what, PATIENCE, call).await;
    }

    async fn finish(&self, client: &mut Client) -> anyhow::Result<()> {
        all_ended(client, &[NAME]).await
    }

    fn check(&self, _: &[Op], facts: &Facts) -> Vec<Verdict> {
        match self.effects.read() {
            Ok(lines) => {
                let mut verdicts = launches(&lines, facts, &[NAME]);
                verdicts.push(facts.once());
                verdicts
            }
            Err(error) => Effects::broken(error),
        }
    }
}
