//! Namespaces.

use std::ops::Bound;

use gofer_domain::{Command, NamespaceId};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::namespace_service_server::NamespaceService;
use tonic::{Request, Response, Status, async_trait};

use super::{Api, cut, page};
use crate::convert;

const LIST: &str = "namespaces";

#[async_trait]
impl NamespaceService for Api {
    async fn create_namespace(
        &self,
        request: Request<wire::CreateNamespaceRequest>,
    ) -> Result<Response<wire::CreateNamespaceResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let namespace = convert::namespace(&message.namespace)?;
        let command = Command::CreateNamespace { namespace, description: message.description };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::CreateNamespaceResponse { header: self.header(revision) }))
    }

    async fn list_namespaces(
        &self,
        request: Request<wire::ListNamespacesRequest>,
    ) -> Result<Response<wire::ListNamespacesResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let size = convert::page_size(message.page_size)?;
        let after = position(&message.page_token)?;
        self.freshen(&metadata, message.consistency).await?;
        let (revision, mut namespaces) = self.store().read(|state| {
            let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let page = state.namespaces.range::<NamespaceId, _>((from, Bound::Unbounded)).take(size + 1);
            (state.revision, page.map(|(_, namespace)| codec::namespace_to_wire(namespace)).collect::<Vec<_>>())
        });
        let has_more = namespaces.len() > size;
        namespaces.truncate(size);
        let is_cut = cut(&mut namespaces);
        let last = namespaces.last().filter(|_| has_more || is_cut);
        let next_page_token = last.map(|last| page::token(LIST, last.id.as_bytes())).unwrap_or_default();
        let header = self.header(revision);
        Ok(Response::new(wire::ListNamespacesResponse { header, namespaces, next_page_token }))
    }

    async fn delete_namespace(
        &self,
        request: Request<wire::DeleteNamespaceRequest>,
    ) -> Result<Response<wire::DeleteNamespaceResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::DeleteNamespace { namespace: convert::namespace(&message.namespace)? };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::DeleteNamespaceResponse { header: self.header(revision) }))
    }
}

fn position(token: &str) -> Result<Option<NamespaceId>, Status> {
    let Some(position) = page::position(LIST, token)? else { return Ok(None) };
    let id = String::from_utf8_lossy(&position);
    Ok(Some(convert::namespace(&id)?))
}
