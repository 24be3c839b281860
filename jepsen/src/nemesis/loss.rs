//! Packets between nodes get lost.

use async_trait::async_trait;

use super::{Nemesis, Strike};

#[derive(Debug)]
pub(super) struct Loss;

#[async_trait]
impl Nemesis for Loss {
    fn name(&self) -> &'static str {
        "loss"
    }

    fn about(&self) -> &'static str {
        "some nodes lose 5 to 50 % of the packets from others"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let percent = strike.rng.range(5, 50);
        let nodes: Vec<usize> = (0..lab.size()).filter(|_| strike.rng.percent(60)).collect();
        let text: Vec<String> = nodes.iter().map(|node| format!("n{}", node + 1)).collect();
        if nodes.is_empty() {
            return Ok(false);
        }
        let fault = lab.journal.fault(self.name(), format!("{percent} % at {}", text.join(" ")));
        for node in nodes {
            lab.network.lose(node, percent)?;
        }
        strike.hold().await;
        lab.network.lose_nothing()?;
        drop(fault);
        Ok(true)
    }
}
