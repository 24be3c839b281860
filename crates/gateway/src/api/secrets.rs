//! Secrets: in they go, out come only their names.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use gofer_consensus::Proposal;
use gofer_domain::{Command, Event, Reason, RequestId, Revision, Secret, SecretKey};
use gofer_store::{Outcome, Store, codec};
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::secret_service_server::SecretService;
use gofer_wire::model::v1 as model;
use gofer_wire::peer::v1 as peer;
use sha2::{Digest as _, Sha256};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, async_trait};

use super::{Api, actor, cut, page};
use crate::errors::{self, Fault};
use crate::peers::Lane;
use crate::{convert, limits};

const LIST: &str = "secrets";
/// How often a value is sealed anew because the key or the version moved on.
const TRIES: u8 = 8;
/// How long a node may take to say which keys it has.
const KEYS_PATIENCE: Duration = Duration::from_secs(2);

#[async_trait]
impl SecretService for Api {
    async fn set_secret(
        &self,
        request: Request<wire::SetSecretRequest>,
    ) -> Result<Response<wire::SetSecretResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = secret(message.secret.as_ref())?;
        let request_id = convert::request_id(&message.request_id)?;
        self.barrier(limits::deadline(&metadata)).await?;
        for number in 0..TRIES {
            let sealed = self.parts.keys.seal(&key, &message.value).await.map_err(Fault::from)?;
            let next = sealed.version;
            let command = Command::SetSecret { secret: Box::new(sealed) };
            let outcome = self.propose_secret(&metadata, nth(request_id, number), command).await?;
            match outcome {
                Outcome::Accepted { revision, .. } => {
                    let version = self.version_at(revision).await?.unwrap_or(next);
                    let header = self.header(revision);
                    return Ok(Response::new(wire::SetSecretResponse { header, version }));
                }
                // Sealed for a state that was gone when it arrived: once more, under the next request id, so that a
                // repeat of the call goes the same way.
                Outcome::Rejected(rejection)
                    if rejection.reason == Reason::FailedPrecondition
                        && ["cluster_key", "version"].contains(&rejection.field.as_str()) =>
                {
                    self.barrier(limits::deadline(&metadata)).await?;
                }
                Outcome::Rejected(rejection) => return Err(errors::rejected(&rejection).into()),
            }
        }
        Err(Fault::from(crate::secrets::KeysError::Unavailable("the secret is being set by others, too".into())).into())
    }

    async fn get_secret(
        &self,
        request: Request<wire::GetSecretRequest>,
    ) -> Result<Response<wire::GetSecretResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = secret(message.secret.as_ref())?;
        self.freshen(&metadata, message.consistency).await?;
        let (revision, found) = self.store().read(|state| {
            let found = state.secrets.live.get(&key).map(|secret| shown(&key, secret));
            (state.revision, found)
        });
        let missing = || Fault::not_found("secret", format!("secret {key} does not exist")).help(LOOK);
        let secret = Some(found.ok_or_else(missing)?);
        Ok(Response::new(wire::GetSecretResponse { header: self.header(revision), secret }))
    }

    async fn list_secrets(
        &self,
        request: Request<wire::ListSecretsRequest>,
    ) -> Result<Response<wire::ListSecretsResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let size = convert::page_size(message.page_size)?;
        let scope = message.scope.as_ref().map(codec::scope_from_wire).transpose().map_err(bad)?;
        let after = position(&message.page_token)?;
        self.freshen(&metadata, message.consistency).await?;
        let (revision, mut secrets) = self.store().read(|state| {
            let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let live: &BTreeMap<SecretKey, Secret> = &state.secrets.live;
            let meant = live.range::<SecretKey, _>((from, Bound::Unbounded));
            let meant = meant.filter(|(key, _)| scope.as_ref().is_none_or(|scope| key.scope == *scope)).take(size + 1);
            (state.revision, meant.map(|(key, secret)| shown(key, secret)).collect::<Vec<_>>())
        });
        let has_more = secrets.len() > size;
        secrets.truncate(size);
        let is_cut = cut(&mut secrets);
        let last = secrets.last().filter(|_| has_more || is_cut).and_then(|last| last.r#ref.as_ref());
        let token = |last| prost::Message::encode_to_vec(last);
        let next_page_token = last.map(|last| page::token(LIST, &token(last))).unwrap_or_default();
        Ok(Response::new(wire::ListSecretsResponse { header: self.header(revision), secrets, next_page_token }))
    }

    async fn delete_secret(
        &self,
        request: Request<wire::DeleteSecretRequest>,
    ) -> Result<Response<wire::DeleteSecretResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = secret(message.secret.as_ref())?;
        let (revision, _) = self.commit(&metadata, &message.request_id, Command::DeleteSecret { key }).await?;
        Ok(Response::new(wire::DeleteSecretResponse { header: self.header(revision) }))
    }

    async fn rotate_cluster_key(
        &self,
        request: Request<wire::RotateClusterKeyRequest>,
    ) -> Result<Response<wire::RotateClusterKeyResponse>, Status> {
        self.barrier(limits::deadline(request.metadata())).await?;
        let (key, revision) = self.parts.keys.rotate().await.map_err(Fault::from)?;
        let key = Some(codec::cluster_key_to_wire(key));
        Ok(Response::new(wire::RotateClusterKeyResponse { header: self.header(revision), key }))
    }

    async fn get_secret_status(
        &self,
        _: Request<wire::GetSecretStatusRequest>,
    ) -> Result<Response<wire::GetSecretStatusResponse>, Status> {
        let (revision, current, secrets) = self.store().read(|state| {
            let current = state.secrets.current.as_ref().map(codec::current_key_to_wire);
            (state.revision, current, state.secrets.live.len() as u64)
        });
        let members = self.parts.raft.status().members;
        let asked: FuturesOrdered<_> = members.iter().map(|member| self.keys_of(member)).collect();
        let nodes = asked.collect().await;
        Ok(Response::new(wire::GetSecretStatusResponse { header: self.header(revision), current, secrets, nodes }))
    }
}

const LOOK: &str = "list the secrets to find its name and scope";

impl Api {
    async fn propose_secret(
        &self,
        metadata: &MetadataMap,
        request_id: RequestId,
        command: Command,
    ) -> Result<Outcome, Status> {
        let proposal = Proposal { request_id, actor: actor(metadata)?, command };
        let outcomes = self.parts.cluster.propose_until(vec![proposal], limits::deadline(metadata)).await;
        let unanswered = |error| Status::from(errors::unanswered(&error, Some(request_id)));
        let outcome = outcomes.map_err(unanswered)?.into_iter().next();
        outcome.ok_or_else(|| unanswered(gofer_consensus::ProposeError::Unknown("the answer is empty".into())))
    }

    /// The version that an event set. A repeated call gets its first answer back, which was about an earlier one than
    /// comes next now.
    async fn version_at(&self, revision: Revision) -> Result<Option<u64>, Status> {
        let read = move |store: &Store| match store.events(revision, 1, 1) {
            Err(gofer_store::Error::Archived { .. }) => Ok(Vec::new()),
            other => other,
        };
        let events = match self.revision() < revision {
            true => Vec::new(),
            false => self.load(read).await?,
        };
        let event = events.first().and_then(|stored| stored.decode().ok());
        Ok(event.and_then(|event| if let Event::SecretSet { secret } = event { Some(secret.version) } else { None }))
    }

    /// Which keys a member has, or why it can't be asked.
    async fn keys_of(&self, member: &gofer_consensus::Member) -> wire::NodeKeys {
        let (node, address) = (member.id.0, member.address.clone());
        if member.id == self.node {
            let keys = self.parts.keys.keys().into_iter().map(codec::cluster_key_to_wire).collect();
            return wire::NodeKeys { node, address, error: String::new(), keys };
        }
        let call =
            async |mut client: crate::peers::Client, request: Request<_>| client.list_cluster_keys(request).await;
        let asked =
            self.parts.peers.call(Lane::Calls, &member.address, peer::ListClusterKeysRequest {}, KEYS_PATIENCE, call);
        match asked.await {
            Ok(answer) => wire::NodeKeys { node, address, error: String::new(), keys: answer.keys },
            Err(status) => wire::NodeKeys { node, address, error: status.message().to_owned(), keys: Vec::new() },
        }
    }
}

/// The id of the nth proposal of one call.
fn nth(id: RequestId, number: u8) -> RequestId {
    if number == 0 {
        return id;
    }
    let digest = Sha256::new().chain_update(b"gofer set secret").chain_update(id.0).chain_update([number]).finalize();
    let mut derived = RequestId::default();
    derived.0.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    derived
}

/// A secret as the API shows it.
fn shown(key: &SecretKey, secret: &Secret) -> model::Secret {
    model::Secret { wrapped_key: Vec::new(), ..codec::secret_to_wire(key, secret) }
}

fn secret(key: Option<&model::SecretRef>) -> Result<SecretKey, Status> {
    codec::secret_key_from_wire(key).map_err(bad)
}

fn bad(error: codec::DecodeError) -> Status {
    Fault::invalid(&error.field, error.message).help("give a name, and the namespace and pipeline of its scope").into()
}

fn position(token: &str) -> Result<Option<SecretKey>, Status> {
    let Some(position) = page::position(LIST, token)? else { return Ok(None) };
    let last = <model::SecretRef as prost::Message>::decode(&position[..]).unwrap_or_default();
    Ok(Some(secret(Some(&last))?))
}
