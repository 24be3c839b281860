//! A node's place in the simulation: its machine, and its process while there is one.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use gofer_consensus::Config;
use gofer_domain::NodeId;
use gofer_rng::Rng;

use crate::history::{Fact, History};
use crate::image;
use crate::machine::Machine;
use crate::net::{Net, Packet};
use crate::process::{self, Handles, Process, Start};

/// What a node's process was last seen at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) applied: u64,
    pub(crate) revision: u64,
    pub(crate) head: [u8; 32],
    pub(crate) leads: Option<u64>,
}

pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) machine: Machine,
    pub(crate) process: Option<Process>,
    /// Until when it does not run, though its process is there.
    pub(crate) paused_until: u64,
    /// When a node that is down comes back; none: never.
    pub(crate) back_at: Option<u64>,
    /// Counts its processes.
    pub(crate) life: u64,
    pub(crate) seen: Seen,
    /// It was taken out of the cluster, and its directory with it.
    pub(crate) gone: bool,
    dir: PathBuf,
    rng: Rng,
    net: Net,
    config: Config,
    archive: Option<gofer_archive::Config>,
    history: History,
}

impl Node {
    /// A node whose process was never started.
    pub(crate) fn new(
        id: NodeId,
        root: &Path,
        mut rng: Rng,
        net: Net,
        (config, archive): (Config, Option<gofer_archive::Config>),
        history: History,
    ) -> Self {
        let machine = Machine::new(id, root, rng.fork(), history.clone());
        Self {
            id,
            machine,
            process: None,
            paused_until: 0,
            back_at: None,
            life: 0,
            seen: Seen::default(),
            gone: false,
            dir: root.to_owned(),
            rng,
            net,
            config,
            archive,
            history,
        }
    }

    fn data(&self, life: u64) -> PathBuf {
        self.dir.join(format!("node-{}-{life}", self.id))
    }

    /// Starts the first process, on a directory made from an empty one.
    pub(crate) fn begin(&mut self, empty: &Path, now: u64) -> anyhow::Result<()> {
        process::make_data(empty, &self.data(0), self.id)?;
        self.start(now)
    }

    /// Starts a process on the directory of this life.
    pub(crate) fn start(&mut self, now: u64) -> anyhow::Result<()> {
        let start = Start {
            machine: self.machine.clone(),
            data: self.data(self.life),
            net: self.net.clone(),
            config: self.config.clone(),
            archive: self.archive.clone(),
            rng: self.rng.fork(),
            local_ms: self.machine.local_ms(now),
        };
        self.history.tell(Fact::Started { node: self.id, logic_version: self.machine.lock().logic_version });
        self.process = Some(Process::start(start)?);
        self.back_at = None;
        self.paused_until = 0;
        self.seen = Seen::default();
        Ok(())
    }

    /// Kills the process, or cuts the power of the machine. What was not on the disk is gone.
    pub(crate) fn crash(&mut self, power: bool, back_at: Option<u64>) -> anyhow::Result<()> {
        let Some(process) = self.process.take() else { return Ok(()) };
        self.life += 1;
        let (old, new) = (process.data.clone(), self.data(self.life));
        image::copy(&old, &new).with_context(|| format!("cannot copy the disk of node {}", self.id))?;
        let mut lost = 0;
        if power {
            lost = image::lose_power(&new, process.synced.get(), &mut self.rng)?;
            self.machine.power_off();
        }
        drop(process);
        image::remove(&old).with_context(|| format!("cannot remove the old disk of node {}", self.id))?;
        let how = if power { format!("loses power and {lost} bytes") } else { "is killed".to_owned() };
        self.history.note(&format!("node {} {how}", self.id));
        self.back_at = back_at;
        Ok(())
    }

    /// Takes the node away for good.
    pub(crate) fn leave(&mut self) {
        if self.process.take().is_some() {
            self.history.note(&format!("node {} is shut down for good", self.id));
        }
        self.machine.power_off();
        self.gone = true;
        self.back_at = None;
        // Or it would be taken for the leader for ever.
        self.seen = Seen::default();
    }

    pub(crate) fn history(&self) -> History {
        self.history.clone()
    }

    pub(crate) fn is_up(&self) -> bool {
        self.process.is_some()
    }

    pub(crate) fn handles(&self) -> Option<Handles> {
        self.process.as_ref().and_then(Process::handles)
    }

    /// Delivers a message; false when nothing listens.
    pub(crate) fn take(&self, packet: Packet) -> bool {
        self.process.as_ref().map(|process| process.endpoint.take(packet)).is_some()
    }

    /// Lets everything on the machine go on until `now`.
    pub(crate) fn step(&mut self, now: u64) -> anyhow::Result<()> {
        if self.back_at.is_some_and(|back| back <= now) {
            self.start(now)?;
        }
        let local_ms = self.machine.local_ms(now);
        if let Some(process) = &mut self.process
            && self.paused_until <= now
        {
            if self.paused_until > 0 {
                self.paused_until = 0;
                self.history.note(&format!("node {} goes on", self.id));
                process.wake(local_ms);
            }
            process.step(local_ms);
        }
        self.machine.tick(now);
        if let Some(why) = self.process.as_ref().and_then(Process::ended) {
            self.process = None;
            self.history.tell(Fact::Stopped { node: self.id, why });
        }
        Ok(())
    }
}
