//! Clocks that are wrong, jump and hop. What nodes measure intervals with stays right.

use std::time::Duration;

use async_trait::async_trait;

use super::{Nemesis, Strike};

#[derive(Debug)]
pub(super) struct Clock;

#[async_trait]
impl Nemesis for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn about(&self) -> &'static str {
        "the time of day of a node jumps, by milliseconds up to minutes (libfaketime; not among all)"
    }

    fn works_on_any_build(&self) -> bool {
        false
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let node = strike.rng.below(lab.size());
        let machine = &lab.machines[node];
        let most = [200, 5_000, 60_000, 600_000][strike.rng.below(4)];
        let hops = if strike.rng.percent(40) { strike.rng.range(4, 10) } else { 1 };
        let fault = lab.journal.fault(self.name(), format!("{} by up to {most} ms, {hops} times", machine.name));
        for hop in 0..hops {
            let millis = strike.rng.range(most / 4, most);
            let sign = if strike.rng.percent(50) { '+' } else { '-' };
            machine.skew(&format!("{sign}{}.{:03}", millis / 1000, millis % 1000))?;
            if hop + 1 < hops {
                strike.wait(Duration::from_millis(1100)).await;
            }
        }
        strike.hold().await;
        machine.skew("+0")?;
        drop(fault);
        Ok(true)
    }
}
