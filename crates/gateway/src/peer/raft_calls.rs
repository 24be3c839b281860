//! Raft's messages.

use gofer_consensus::Error;
use gofer_store::Error as StoreError;
use gofer_wire::peer::v1 as wire;
use tonic::{Code, Status};

use super::{Peer, other_cluster};
use crate::convert;
use crate::errors::{self, Fault, reason};
use crate::peers::kind_from_wire;

impl Peer {
    pub(super) async fn handle_raft(&self, request: wire::RaftRequest) -> Result<wire::RaftResponse, Status> {
        let kind = kind_from_wire(request.kind())
            .ok_or_else(|| Fault::invalid("kind", format!("message kind {} is not known", request.kind)))?;
        self.admit_raft(&request.cluster_id, request.target).await?;
        let answer = self.parts.raft.handle(kind, request.message).await;
        answer.map(|message| wire::RaftResponse { message }).map_err(|error| refused(&error))
    }

    /// Checks that a message is meant for this node. A node that belongs to no cluster yet joins the sender's.
    pub(super) async fn admit_raft(&self, cluster: &[u8], target: u64) -> Result<(), Status> {
        let identity = self.parts.store.identity();
        if target != identity.node_id.0 {
            let message = format!("this is node {}, the message is for node {target}", identity.node_id);
            return Err(Fault::new(Code::FailedPrecondition, reason::WRONG_NODE, message)
                .help("a node that lost its data comes back under a new id; remove the old one from the cluster")
                .into());
        }
        self.admit_cluster(cluster)?;
        if identity.cluster_id.is_some() {
            return Ok(());
        }
        let theirs =
            convert::cluster_id(cluster).ok_or_else(|| Fault::invalid("cluster_id", "a cluster id has 16 bytes"))?;
        let store = self.parts.store.clone();
        let bound = tokio::task::spawn_blocking(move || store.set_cluster(theirs)).await;
        bound.map_err(|error| errors::interrupted(&error))?.map_err(|error| match error {
            StoreError::OtherCluster { own, other } => other_cluster(&own, &other).into(),
            error => errors::storage(&error).into(),
        })
    }
}

pub(super) fn refused(error: &Error) -> Status {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    let fault = match error {
        Error::BadMessage(_) => Fault::invalid("message", message),
        _ => Fault::new(Code::Unavailable, reason::NODE_STOPPED, message),
    };
    fault.into()
}
