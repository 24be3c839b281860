//! What nodes send takes long to arrive.

use async_trait::async_trait;

use super::{Nemesis, Strike};

#[derive(Debug)]
pub(super) struct Latency;

#[async_trait]
impl Nemesis for Latency {
    fn name(&self) -> &'static str {
        "latency"
    }

    fn about(&self) -> &'static str {
        "some nodes send late: netem, or a narrow link where the kernel has no netem"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let millis = strike.rng.range(20, 400);
        let nodes: Vec<usize> = (0..lab.size()).filter(|_| strike.rng.percent(60)).collect();
        let text: Vec<String> = nodes.iter().map(|node| format!("n{}", node + 1)).collect();
        if nodes.is_empty() {
            return Ok(false);
        }
        let how = if lab.network.has_netem { "" } else { "up to " };
        let fault = lab.journal.fault(self.name(), format!("{how}{millis} ms from {}", text.join(" ")));
        for node in nodes {
            lab.network.slow(node, millis)?;
        }
        strike.hold().await;
        lab.network.hasten();
        drop(fault);
        Ok(true)
    }
}
