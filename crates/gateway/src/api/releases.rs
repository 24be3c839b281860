//! Releases.

use gofer_consensus::Member;
use gofer_domain::release::{Judgement, Release, ReleaseStatus};
use gofer_domain::{Answer, Command, Node, PipelineKey, Revision, Version, logic};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::release_service_server::ReleaseService;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, async_trait};

use super::{Api, cut, page, pipelines};
use crate::errors::{Fault, reason};
use crate::{convert, limits, statistics};

#[async_trait]
impl ReleaseService for Api {
    async fn start_release(
        &self,
        request: Request<wire::StartReleaseRequest>,
    ) -> Result<Response<wire::StartReleaseResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let strategy = codec::strategy_from_wire(message.strategy.as_ref()).map_err(|error| {
            Fault::invalid(&format!("strategy.{}", error.field), error.to_string()).help("correct that field")
        })?;
        let pipeline = convert::pipeline(message.pipeline.as_ref())?;
        let command = Command::StartRelease { pipeline, version: version(message.version), strategy };
        let (revision, release) = self.release(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::StartReleaseResponse { header: self.header(revision), release }))
    }

    async fn get_release(
        &self,
        request: Request<wire::GetReleaseRequest>,
    ) -> Result<Response<wire::GetReleaseResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = convert::pipeline(message.pipeline.as_ref())?;
        self.freshen(&metadata, message.consistency).await?;
        let revision = self.known(&key)?;
        let before = message.release.checked_add(1).filter(|_| message.release != 0);
        let wanted = key.clone();
        let found = self.load(move |store| store.releases(&wanted, before, 1)).await?.pop();
        let found = found.filter(|found| message.release == 0 || found.id == message.release);
        let release = found.ok_or_else(|| no_release(&key, message.release))?;
        Ok(Response::new(wire::GetReleaseResponse {
            header: self.header(revision),
            release: Some(codec::release_to_wire(&release)),
            comparison: Some(statistics::compare(&release)),
            waits_for: waits_for(&release),
        }))
    }

    async fn list_releases(
        &self,
        request: Request<wire::ListReleasesRequest>,
    ) -> Result<Response<wire::ListReleasesResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = convert::pipeline(message.pipeline.as_ref())?;
        let size = convert::page_size(message.page_size)?;
        let list = format!("releases {key}");
        let before = page::position(&list, &message.page_token)?;
        let before = before.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        self.freshen(&metadata, message.consistency).await?;
        let revision = self.known(&key)?;
        let found = self.load(move |store| store.releases(&key, before, size + 1)).await?;
        let mut releases: Vec<_> = found.iter().map(codec::release_to_wire).collect();
        let has_more = releases.len() > size;
        releases.truncate(size);
        let is_cut = cut(&mut releases);
        let last = releases.last().filter(|_| has_more || is_cut);
        let next_page_token = last.map(|last| page::token(&list, &last.id.to_be_bytes())).unwrap_or_default();
        Ok(Response::new(wire::ListReleasesResponse { header: self.header(revision), releases, next_page_token }))
    }

    async fn promote_release(
        &self,
        request: Request<wire::PromoteReleaseRequest>,
    ) -> Result<Response<wire::PromoteReleaseResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let promotion = codec::promotion_from_wire(message.promotion)
            .map_err(|error| Fault::invalid("promotion", error.to_string()).help("use a PROMOTION_ value"))?;
        let pipeline = convert::pipeline(message.pipeline.as_ref())?;
        let command = Command::PromoteRelease { pipeline, promotion };
        let (revision, release) = self.release(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::PromoteReleaseResponse { header: self.header(revision), release }))
    }

    async fn switch_release(
        &self,
        request: Request<wire::SwitchReleaseRequest>,
    ) -> Result<Response<wire::SwitchReleaseResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let pipeline = convert::pipeline(message.pipeline.as_ref())?;
        let command = Command::SwitchRelease { pipeline, version: version(message.version) };
        let (revision, release) = self.release(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::SwitchReleaseResponse { header: self.header(revision), release }))
    }

    async fn roll_back_pipeline(
        &self,
        request: Request<wire::RollBackPipelineRequest>,
    ) -> Result<Response<wire::RollBackPipelineResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let pipeline = convert::pipeline(message.pipeline.as_ref())?;
        let (version, message, request_id) = (version(message.version), message.message, message.request_id);
        let command = Command::RollBackPipeline { pipeline, version, message };
        let (revision, release) = self.release(&metadata, &request_id, command).await?;
        Ok(Response::new(wire::RollBackPipelineResponse { header: self.header(revision), release }))
    }

    async fn pin_pipeline(
        &self,
        request: Request<wire::PinPipelineRequest>,
    ) -> Result<Response<wire::PinPipelineResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let pipeline = convert::pipeline(message.pipeline.as_ref())?;
        let (version, message, request_id) = (version(message.version), message.message, message.request_id);
        let command = Command::PinPipeline { pipeline, version, message };
        let (revision, _) = self.release(&metadata, &request_id, command).await?;
        Ok(Response::new(wire::PinPipelineResponse { header: self.header(revision) }))
    }

    async fn unpin_pipeline(
        &self,
        request: Request<wire::UnpinPipelineRequest>,
    ) -> Result<Response<wire::UnpinPipelineResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::UnpinPipeline { pipeline: convert::pipeline(message.pipeline.as_ref())? };
        let (revision, _) = self.release(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::UnpinPipelineResponse { header: self.header(revision) }))
    }
}

impl Api {
    /// Commits a command about releases; answers with the number of the release that it is about.
    async fn release(
        &self,
        metadata: &MetadataMap,
        request_id: &[u8],
        command: Command,
    ) -> Result<(Revision, u64), Status> {
        if !self.knows_releases(metadata).await? {
            return Err(not_known_everywhere().into());
        }
        let (revision, answer) = self.commit(metadata, request_id, command).await?;
        Ok((revision, if let Answer::Release(release) = answer { release } else { 0 }))
    }

    /// Whether all nodes know the commands about releases. An older one would be stopped by them. A member that never
    /// registered may be one, and the state machine does not know of it.
    pub(super) async fn knows_releases(&self, metadata: &MetadataMap) -> Result<bool, Status> {
        if self.all_know_releases() {
            return Ok(true);
        }
        // This node may be behind.
        self.barrier(limits::deadline(metadata)).await?;
        Ok(self.all_know_releases())
    }

    fn all_know_releases(&self) -> bool {
        let members = self.parts.raft.status().members;
        let knows = |node: &Node| node.spec.logic_version >= logic::RELEASES;
        self.store().read(|state| {
            let is_known = |member: &Member| state.nodes.get(&member.id).is_some_and(knows);
            state.nodes.values().all(knows) && members.iter().all(is_known)
        })
    }

    /// The present revision, if the pipeline was ever registered.
    fn known(&self, key: &PipelineKey) -> Result<Revision, Status> {
        let (revision, is_known) = self.store().read(|state| (state.revision, state.pipelines.contains_key(key)));
        if is_known { Ok(revision) } else { Err(pipelines::missing(key).into()) }
    }
}

fn version(number: u64) -> Option<Version> {
    (number != 0).then_some(Version(number))
}

fn waits_for(release: &Release) -> String {
    match release.judge().filter(|_| release.status == ReleaseStatus::Running) {
        Some(Judgement::Wait(why)) => why,
        _ => String::new(),
    }
}

/// A node that is not upgraded stands against it.
pub(super) fn not_known_everywhere() -> Fault {
    let message = "a node of the cluster is of a version that knows no releases";
    Fault::new(Code::FailedPrecondition, reason::FAILED_PRECONDITION, message)
        .help("upgrade all nodes first, and remove those that are gone")
}

fn no_release(key: &PipelineKey, release: u64) -> Fault {
    let message = match release {
        0 => format!("pipeline {key} has no releases"),
        _ => format!("pipeline {key} has no release {release}"),
    };
    Fault::not_found("release", message).help("start one, or list those there are")
}
