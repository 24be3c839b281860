//! The cluster under test with all that can be done to it.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use gofer_rng::Rng;
use gofer_tests::eventually;
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;
use tokio::time::timeout;

use crate::journal::Journal;
use crate::machine::{Build, Claim, Machine, unmount_all};
use crate::net::{self, Network};
use crate::plugin::Plugin;

/// Longest time for a status.
const STATUS_PATIENCE: Duration = Duration::from_secs(2);
/// Of a hundred faults, so many may cost the cluster its majority.
const RUTHLESS: u64 = 20;
/// Longest time for a healthy cluster to do what the harness asks.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Nodes, network, and what happened so far. Taken down when dropped.
#[derive(Debug)]
pub(crate) struct Lab {
    // Order matters: processes end before their network and their disks go.
    pub(crate) machines: Vec<Arc<Machine>>,
    /// Those of the workload that has any, once it has set them up.
    pub(crate) plugins: OnceLock<Vec<Plugin>>,
    pub(crate) network: Network,
    disks: Disks,
    pub(crate) journal: Arc<Journal>,
    pub(crate) out: PathBuf,
    /// Held while a node is without its data: there is never more than one.
    pub(crate) surgery: tokio::sync::Mutex<()>,
}

/// Unmounts when dropped.
#[derive(Debug)]
struct Disks;

impl Drop for Disks {
    fn drop(&mut self) {
        unmount_all();
    }
}

impl Lab {
    /// Mounts the disks of so many nodes; starts nothing.
    ///
    /// # Errors
    /// When a disk can't be mounted.
    pub(crate) fn create(
        network: Network,
        size: usize,
        build: &Build,
        out: PathBuf,
        journal: Arc<Journal>,
    ) -> anyhow::Result<Self> {
        let (machines, plugins, surgery) = (Vec::new(), OnceLock::new(), Default::default());
        let mut lab = Self { machines, plugins, network, disks: Disks, journal, out, surgery };
        for index in 0..size {
            lab.machines.push(Arc::new(Machine::create(&lab.out, index, build)?));
        }
        debug_assert!(matches!(lab.disks, Disks));
        Ok(lab)
    }

    /// Starts all nodes as one new cluster.
    ///
    /// # Errors
    /// When they don't come up in time.
    pub(crate) async fn start(&self) -> anyhow::Result<()> {
        self.machines[0].start(&["--bootstrap"])?;
        for machine in &self.machines[1..] {
            machine.start(&["--join", &net::address(0)])?;
        }
        self.wait_whole().await.with_context(|| self.machines[0].log_tail(20))
    }

    /// The plug-ins under test; none if no workload has any.
    pub(crate) fn plugins(&self) -> &[Plugin] {
        self.plugins.get().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn size(&self) -> usize {
        self.machines.len()
    }

    /// The status as a node sees it.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub(crate) async fn status(&self, node: usize) -> anyhow::Result<api::GetStatusResponse> {
        let mut client = ClusterServiceClient::new(self.machines[node].channel.clone());
        let answer = timeout(STATUS_PATIENCE, client.get_status(api::GetStatusRequest {})).await;
        let answer = answer.with_context(|| format!("n{} does not answer", node + 1))?;
        Ok(answer.with_context(|| format!("n{}", node + 1))?.into_inner())
    }

    /// The node that most nodes take for the leader, if any of them does.
    pub(crate) async fn leader(&self) -> Option<usize> {
        let mut votes = vec![0; self.size()];
        for node in 0..self.size() {
            let Ok(status) = self.status(node).await else { continue };
            let address = status.members.iter().find(|member| member.id == status.leader).map(|member| &member.address);
            let found = (0..self.size()).find(|index| Some(&net::address(*index)) == address);
            if let Some(found) = found {
                votes[found] += 1;
            }
        }
        let most = votes.iter().max().copied().unwrap_or(0);
        votes.iter().position(|count| *count == most && most > 0)
    }

    /// The member at a node's address, as another node sees it.
    pub(crate) async fn member(&self, node: usize) -> anyhow::Result<Option<api::Member>> {
        let mut last = anyhow::anyhow!("there is no other node");
        for other in (0..self.size()).filter(|other| *other != node) {
            match self.status(other).await {
                Ok(status) if status.leader == 0 => last = anyhow::anyhow!("n{} knows no leader", other + 1),
                Ok(status) => {
                    return Ok(status.members.into_iter().find(|member| member.address == net::address(node)));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Waits until every node is a voter and all agree on that and on a leader.
    ///
    /// # Errors
    /// When it takes longer than [`PATIENCE`]; says who lacks what.
    pub(crate) async fn wait_whole(&self) -> anyhow::Result<()> {
        eventually("all nodes to be voters under one leader", PATIENCE, || async {
            let mut leaders = Vec::new();
            for node in 0..self.size() {
                let status = self.status(node).await?;
                let voters = status.members.iter().filter(|member| member.role() != api::MemberRole::Learner).count();
                if voters != self.size() || status.members.len() != self.size() || status.leader == 0 {
                    anyhow::bail!(
                        "n{} sees {voters} voters of {} members under leader {}",
                        node + 1,
                        status.members.len(),
                        status.leader
                    );
                }
                leaders.push((status.leader, status.term));
            }
            leaders.dedup();
            Ok((leaders.len() == 1).then_some(()))
        })
        .await
    }

    /// Takes up to `most` nodes for a fault; in most cases it leaves a majority alone, without which little happens.
    pub(crate) fn claim(&self, rng: &mut Rng, most: usize) -> Vec<Claim> {
        let mut order: Vec<&Arc<Machine>> = self.machines.iter().collect();
        rng.shuffle(&mut order);
        let spared = if rng.percent(RUTHLESS) { 0 } else { self.size() / 2 + 1 };
        let free = self.machines.iter().filter(|machine| !machine.is_claimed()).count();
        order.into_iter().filter_map(Machine::claim).take(most.min(free.saturating_sub(spared))).collect()
    }

    /// Starts a node again on its data, and waits until it answers.
    ///
    /// # Errors
    /// When it can't be started, or ends by itself, or does not answer in time.
    pub(crate) async fn restart(&self, machine: &Machine) -> anyhow::Result<()> {
        machine.start(&[])?;
        self.wait_up(machine).await
    }

    /// Waits until a node answers.
    ///
    /// # Errors
    /// When it ends by itself, or does not answer in time.
    pub(crate) async fn wait_up(&self, machine: &Machine) -> anyhow::Result<()> {
        let answers = eventually("the node to answer", PATIENCE, || async {
            if let Some(status) = machine.ended() {
                return Ok(Some(Err(status)));
            }
            self.status(machine.index).await.map(|_| Some(Ok(())))
        });
        match answers.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(status)) => {
                anyhow::bail!("{} ended at its start with {status}: {}", machine.name, machine.log_tail(15))
            }
            Err(error) => Err(error.context(format!("{}: {}", machine.name, machine.log_tail(15)))),
        }
    }

    /// Removes what is left of every fault, and starts every node that is down.
    ///
    /// # Errors
    /// When the network can't be mended, or a node or a plug-in not be started.
    pub(crate) async fn heal(&self) -> anyhow::Result<()> {
        self.network.join()?;
        self.network.lose_nothing()?;
        self.network.hasten();
        for plugin in 0..self.network.seats() {
            self.network.join_plugin(plugin)?;
        }
        for plugin in self.plugins().iter().filter(|plugin| !plugin.is_started()) {
            plugin.start()?;
        }
        for machine in &self.machines {
            machine.make_room()?;
            machine.skew("+0")?;
            if !machine.is_started() || machine.ended().is_some() {
                self.restart(machine).await?;
            }
        }
        Ok(())
    }
}

/// Names of nodes, for people.
pub(crate) fn names<'a>(machines: impl IntoIterator<Item = &'a Machine>) -> String {
    machines.into_iter().map(|machine| machine.name.as_str()).collect::<Vec<_>>().join(" ")
}
