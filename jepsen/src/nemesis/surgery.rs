//! A node without its data: taken out of the cluster, emptied, and let in again.

use std::time::{Duration, Instant};

use anyhow::Context;
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;
use tonic::Code;

use crate::lab::Lab;
use crate::machine::Machine;
use crate::net;

/// How long a cluster may take for it: other faults happen meanwhile.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long the clients' way to the members may take at a time.
const CALL_PATIENCE: Duration = Duration::from_secs(10);

/// How long a running node may be busy before it is stopped: one that runs attempts can't be removed.
const BUSY_PATIENCE: Duration = Duration::from_secs(4);

/// Removes a node from the cluster for ever, through any other. Stops it if that is what it takes.
pub(super) async fn remove(lab: &Lab, machine: &Machine) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut last = anyhow::anyhow!("not tried");
    // A try without an answer may have got half-way: its node is no member any more, and still registered.
    let mut known = None;
    while start.elapsed() < PATIENCE {
        match try_remove(lab, machine, &mut known).await {
            Ok(Removal::Done) => return Ok(()),
            Ok(Removal::Refused(why)) => last = anyhow::anyhow!(why),
            Err(error) => last = error,
        }
        if machine.is_started() && start.elapsed() > BUSY_PATIENCE {
            lab.journal.say(&format!("{} is stopped so that it can be removed: {last:#}", machine.name));
            machine.kill();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(last).with_context(|| format!("{} could not be removed in {PATIENCE:?}", machine.name))
}

/// What came of a try.
enum Removal {
    /// It was answered so, or nobody knows the node.
    Done,
    Refused(String),
}

async fn try_remove(lab: &Lab, machine: &Machine, known: &mut Option<u64>) -> anyhow::Result<Removal> {
    *known = lab.member(machine.index).await?.map(|member| member.id).or(*known);
    let Some(node) = *known else { return Ok(Removal::Done) };
    let mut why = String::from("no answer in time");
    for other in (0..lab.size()).filter(|other| *other != machine.index) {
        let mut client = ClusterServiceClient::new(lab.machines[other].channel.clone());
        let call = client.remove_member(api::RemoveMemberRequest { node });
        match tokio::time::timeout(CALL_PATIENCE, call).await {
            Ok(Ok(_)) => return Ok(Removal::Done),
            Ok(Err(status)) if status.code() == Code::NotFound => return Ok(Removal::Done),
            Ok(Err(status)) => why = status.message().to_owned(),
            Err(_) => {}
        }
    }
    Ok(Removal::Refused(why))
}

/// Starts a node on an empty directory, and waits until it votes.
pub(super) async fn join(lab: &Lab, machine: &Machine) -> anyhow::Result<()> {
    let seeds: Vec<String> = (0..lab.size()).filter(|other| *other != machine.index).map(net::address).collect();
    let flags: Vec<&str> = seeds.iter().flat_map(|seed| ["--join", seed.as_str()]).collect();
    machine.start(&flags)?;
    let start = Instant::now();
    let mut last = String::new();
    while start.elapsed() < PATIENCE {
        if let Some(status) = machine.ended() {
            // A cluster without a leader lets nobody in; who waits in vain gives up.
            let tail = machine.log_tail(3);
            lab.journal.say(&format!("{} could not join, {status}: {tail}", machine.name));
            tokio::time::sleep(Duration::from_secs(1)).await;
            machine.start(&flags)?;
        }
        match lab.member(machine.index).await {
            Ok(Some(member)) if member.role() != api::MemberRole::Learner => return lab.wait_up(machine).await,
            Ok(found) => last = format!("{found:?}"),
            Err(error) => last = format!("{error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("{} does not vote after {PATIENCE:?}: {last}; {}", machine.name, machine.log_tail(8))
}
