//! Commands in great numbers, straight into the log of a cluster.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use gofer_tests::Cluster;
use gofer_wire::log::v1::command::Kind;
use gofer_wire::log::v1::{Command, CommandEnvelope, outcome};
use gofer_wire::peer::v1::ProposeRequest;
use gofer_wire::peer::v1::peer_service_client::PeerServiceClient;
use prost::Message as _;

/// Commands in one proposal.
const BATCH: usize = 250;

/// Has the leader take commands, in order. Returns how long that took.
///
/// # Errors
/// When one is refused.
pub async fn propose(cluster: &Cluster, commands: Vec<Kind>) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let mut client = PeerServiceClient::new(cluster.nodes[cluster.leader().await?].channel()?);
    let mut commands = commands.into_iter().map(envelope);
    loop {
        let commands: Vec<Bytes> = commands.by_ref().take(BATCH).collect();
        if commands.is_empty() {
            return Ok(begin.elapsed());
        }
        for answer in client.propose(ProposeRequest { commands }).await?.into_inner().outcomes {
            match answer.kind.context("an empty answer")? {
                outcome::Kind::Accepted(_) => {}
                outcome::Kind::Rejected(rejected) => anyhow::bail!("refused: {}", rejected.message),
            }
        }
    }
}

fn envelope(kind: Kind) -> Bytes {
    let envelope = CommandEnvelope {
        request_id: uuid::Uuid::now_v7().as_bytes().to_vec().into(),
        actor: "bench".into(),
        command: Some(Command { kind: Some(kind) }),
    };
    envelope.encode_to_vec().into()
}
