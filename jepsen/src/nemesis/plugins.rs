//! Plug-ins are killed, stopped for a while, and cut off from nodes.

use async_trait::async_trait;
use rustix::process::Signal;

use super::{Nemesis, Strike};
use crate::plugin::Plugin;

#[derive(Debug)]
pub(super) struct Plugins;

/// What happens to plug-ins.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Kill,
    Pause,
    /// From all nodes.
    CutOff,
    /// From some nodes: it has to find another one.
    CutHalf,
}

const HARMS: [Harm; 4] = [Harm::Kill, Harm::Pause, Harm::CutOff, Harm::CutHalf];

#[async_trait]
impl Nemesis for Plugins {
    fn name(&self) -> &'static str {
        "plugins"
    }

    fn about(&self) -> &'static str {
        "plug-ins are killed, paused, or cut off from some nodes or all"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let mut plugins: Vec<&Plugin> = lab.plugins().iter().collect();
        if plugins.is_empty() {
            return Ok(false);
        }
        strike.rng.shuffle(&mut plugins);
        plugins.truncate(1 + strike.rng.below(plugins.len()));
        let harm = HARMS[strike.rng.below(HARMS.len())];
        let mut nodes: Vec<usize> = (0..lab.size()).collect();
        if matches!(harm, Harm::CutHalf) {
            strike.rng.shuffle(&mut nodes);
            nodes.truncate(lab.size() / 2 + 1);
        }
        let names: Vec<&str> = plugins.iter().map(|plugin| plugin.name).collect();
        let fault = lab.journal.fault(self.name(), format!("{harm:?} {}", names.join(" ")));
        for plugin in &plugins {
            match harm {
                Harm::Kill => plugin.kill(),
                Harm::Pause => plugin.signal(Signal::STOP)?,
                Harm::CutOff | Harm::CutHalf => {
                    nodes.iter().try_for_each(|node| lab.network.cut_plugin(plugin.index, *node))?;
                }
            }
        }
        strike.hold().await;
        for plugin in &plugins {
            match harm {
                Harm::Kill => plugin.start()?,
                Harm::Pause => plugin.signal(Signal::CONT)?,
                Harm::CutOff | Harm::CutHalf => lab.network.join_plugin(plugin.index)?,
            }
        }
        drop(fault);
        Ok(true)
    }
}
