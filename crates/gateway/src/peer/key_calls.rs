//! What nodes ask of each other's cluster keys.

use gofer_domain::{ClusterKey, NodeId};
use gofer_store::codec;
use gofer_wire::model::v1 as model;
use gofer_wire::peer::v1 as wire;
use tonic::Status;

use super::Peer;
use crate::errors::Fault;

impl Peer {
    pub(super) async fn handle_offer(
        &self,
        request: wire::OfferClusterKeyRequest,
    ) -> Result<wire::OfferClusterKeyResponse, Status> {
        let key = decode(request.key.as_ref())?;
        self.parts.keys.take(key, NodeId(request.node)).await.map_err(Fault::from)?;
        Ok(wire::OfferClusterKeyResponse {})
    }

    pub(super) fn handle_fetch(
        &self,
        request: &wire::FetchClusterKeyRequest,
    ) -> Result<wire::FetchClusterKeyResponse, Status> {
        let key = decode(request.key.as_ref())?;
        let sealed = self.parts.keys.hand_out(key, &request.public_key);
        let missing = || Fault::not_found("key", format!("cluster key {} is not on this node", key.number));
        let (public_key, sealed_key) = sealed.ok_or_else(missing)?;
        Ok(wire::FetchClusterKeyResponse { public_key: public_key.into(), sealed_key: sealed_key.into() })
    }

    pub(super) fn handle_list_keys(&self) -> wire::ListClusterKeysResponse {
        let keys = self.parts.keys.keys().into_iter().map(codec::cluster_key_to_wire);
        wire::ListClusterKeysResponse { keys: keys.collect() }
    }
}

fn decode(key: Option<&model::ClusterKey>) -> Result<ClusterKey, Fault> {
    codec::cluster_key_from_wire(key).map_err(|error| Fault::invalid(&error.field, error.to_string()))
}
