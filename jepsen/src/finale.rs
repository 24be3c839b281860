//! The end of a run: what the nodes have, compared with each other and with what their events add up to.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use gofer_tests::eventually;
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::event_service_client::EventServiceClient;

use crate::check::Verdict;
use crate::check::events::Facts;
use crate::lab::{Lab, PATIENCE};
use crate::nemesis::terminate;

/// How long the whole log may take to be sent.
const LOG_PATIENCE: Duration = Duration::from_secs(120);

/// Compares the heads of all nodes, reads the log, stops the nodes and audits what they leave.
pub(crate) async fn judge(lab: &Arc<Lab>) -> (Facts, Vec<Verdict>) {
    let mut verdicts = Vec::new();
    let heads = equal_heads(lab).await;
    let detail = heads.as_ref().map_or_else(|_| String::new(), Clone::clone);
    let faults = heads.err().map(|error| format!("{error:#}"));
    verdicts.push(Verdict::new("all nodes have the same chain of events", detail, faults.into_iter().collect()));
    let (facts, faults) = match facts(lab).await {
        Ok(facts) => (facts, Vec::new()),
        Err(error) => (Facts::default(), vec![format!("{error:#}")]),
    };
    verdicts.push(Verdict::new(
        "the event log can be read from its beginning",
        format!("{} events", facts.events),
        faults,
    ));
    verdicts.push(audit(lab).await);
    verdicts.push(no_panic(lab));
    (facts, verdicts)
}

/// Waits until all nodes are at the same revision, and compares the hashes there.
async fn equal_heads(lab: &Lab) -> anyhow::Result<String> {
    eventually("all nodes to be at one revision", PATIENCE, || async {
        let mut heads = Vec::new();
        for node in 0..lab.size() {
            let status = lab.status(node).await?;
            heads.push((status.header.unwrap_or_default().revision, status.chain_head));
        }
        let (revision, head) = heads[0].clone();
        if heads.iter().any(|(other, _)| *other != revision) {
            anyhow::bail!(
                "the nodes are at revisions {:?}",
                heads.iter().map(|(revision, _)| revision).collect::<Vec<_>>()
            );
        }
        let hex = |head: &[u8]| head.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let same = heads.iter().all(|(_, other)| *other == head);
        let differ = || heads.iter().map(|(_, head)| hex(head)).collect::<Vec<_>>().join(", ");
        Ok(Some(if same { Ok(format!("revision {revision}, {}", hex(&head))) } else { Err(differ()) }))
    })
    .await?
    .map_err(|heads| anyhow::anyhow!("at the same revision, the heads are {heads}"))
}

/// Reads all events through the first node.
async fn facts(lab: &Lab) -> anyhow::Result<Facts> {
    let read = async {
        let mut facts = Facts::default();
        let mut client = EventServiceClient::new(lab.machines[0].channel.clone());
        let request = api::WatchRequest { from_revision: 1, stop_at_end: true, ..Default::default() };
        let mut stream = client.watch(request).await?.into_inner();
        while let Some(message) = stream.message().await? {
            for envelope in &message.events {
                facts.add(envelope)?;
            }
        }
        Ok(facts)
    };
    tokio::time::timeout(LOG_PATIENCE, read).await.context("the log was not sent in time")?
}

/// Stops all nodes, and verifies, replays and compares their data.
async fn audit(lab: &Arc<Lab>) -> Verdict {
    lab.journal.say("stopping all nodes, and auditing what they have");
    for machine in &lab.machines {
        if let Err(error) = terminate(&lab.journal, machine).await {
            lab.journal.find(format!("{error:#}"));
        }
    }
    let mut faults = Vec::new();
    let first = lab.machines[0].data();
    for machine in &lab.machines {
        let data = machine.data();
        let checks =
            [vec!["verify", text(&data)], vec!["replay", text(&data)], vec!["diff", text(&first), text(&data)]];
        for arguments in checks {
            let arguments: Vec<String> = arguments.into_iter().map(String::from).collect();
            let ran = tokio::task::spawn_blocking(move || gofer_audit(&arguments)).await;
            if let Err(error) = ran.map_err(anyhow::Error::from).and_then(|result| result) {
                faults.push(format!("{}: {error:#}", machine.name));
            }
        }
    }
    Verdict::new(
        "gofer audit verifies, replays and compares what each node has",
        format!("{} nodes", lab.size()),
        faults,
    )
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

fn gofer_audit(arguments: &[String]) -> anyhow::Result<()> {
    let output = Command::new(gofer_tests::binary()?).arg("audit").args(arguments).output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    anyhow::ensure!(output.status.success(), "`gofer audit {}`: {}", arguments.join(" "), text.trim());
    Ok(())
}

fn no_panic(lab: &Lab) -> Verdict {
    let mut faults = Vec::new();
    for machine in &lab.machines {
        match machine.whole_log() {
            Ok(log) => {
                let panics = log.lines().filter(|line| line.contains("panicked at"));
                faults.extend(panics.map(|line| format!("{}: {line}", machine.name)));
            }
            Err(error) => faults.push(format!("{}: {error:#}", machine.name)),
        }
    }
    Verdict::new("no node ever panicked", format!("{} logs", lab.size()), faults)
}
