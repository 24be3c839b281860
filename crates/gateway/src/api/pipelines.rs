//! Pipelines and their versions.

use std::ops::Bound;
use std::sync::Arc;

use gofer_domain::{
    Answer, Command, NamespaceId, NoHistory, Pipeline, PipelineConfig, PipelineId, PipelineKey, Revision, Version,
    shared, validate,
};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::pipeline_service_server::PipelineService;
use gofer_wire::model::v1 as model;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, async_trait};

use super::{Api, cut, page};
use crate::convert;
use crate::errors::{self, Fault};

#[async_trait]
impl PipelineService for Api {
    async fn register_pipeline(
        &self,
        request: Request<wire::RegisterPipelineRequest>,
    ) -> Result<Response<wire::RegisterPipelineResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let namespace = convert::namespace(&message.namespace)?;
        let config = message.config.ok_or_else(|| Fault::invalid("config", "no configuration is given"))?;
        let config = codec::config_from_wire(config).map_err(|error| {
            Fault::invalid(&format!("config.{}", error.field), error.to_string()).help("correct that field")
        })?;
        validate::validate_config(&config).map_err(|faults| errors::all_rejected(&faults))?;
        if message.validate_only {
            return self.validate_only(&metadata, namespace, &config).await;
        }
        let key = PipelineKey { namespace: namespace.clone(), pipeline: config.id.clone() };
        let config = Arc::new(config);
        let command = match (message.hold, self.knows_releases(&metadata).await?) {
            (hold, true) => Command::RegisterVersion { namespace, config, hold },
            (false, false) => Command::RegisterPipeline { namespace, config },
            (true, false) => return Err(super::releases::not_known_everywhere().into()),
        };
        let (revision, answer) = self.commit(&metadata, &message.request_id, command).await?;
        let version = if let Answer::PipelineVersion(version) = answer { version.0 } else { 0 };
        let live_version = self.live_version(&metadata, &key, revision).await;
        let header = self.header(revision);
        Ok(Response::new(wire::RegisterPipelineResponse { header, version, live_version }))
    }

    async fn get_pipeline(
        &self,
        request: Request<wire::GetPipelineRequest>,
    ) -> Result<Response<wire::GetPipelineResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = convert::pipeline(message.pipeline.as_ref())?;
        self.freshen(&metadata, message.consistency).await?;
        let found = self.store().read(|state| {
            let pipeline = state.pipelines.get(&key).filter(|pipeline| !pipeline.deleted)?;
            // A version that is not hot was checked when it was registered.
            let problems = shared::problems(state, &NoHistory, &pipeline.releases.config);
            let is_shared = key.namespace == NamespaceId::shared_tasks();
            let users = if is_shared { shared::users(state, &key.pipeline) } else { Vec::new() };
            let users: Vec<_> = users.into_iter().map(codec::pipeline_key_to_wire).collect();
            Some((state.revision, pipeline.clone(), problems, users))
        });
        let (revision, pipeline, problems, used_by) = found.ok_or_else(|| missing(&key))?;
        let config = self.config(&key, &pipeline, message.version).await?;
        let pipeline = model::Pipeline { config: Some(codec::config_to_wire(&config)), ..head(&pipeline) };
        let problems = problems.iter().map(|problem| format!("{}; {}", problem.message, problem.help)).collect();
        let header = self.header(revision);
        Ok(Response::new(wire::GetPipelineResponse { header, pipeline: Some(pipeline), problems, used_by }))
    }

    async fn list_pipelines(
        &self,
        request: Request<wire::ListPipelinesRequest>,
    ) -> Result<Response<wire::ListPipelinesResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let namespace = convert::namespace(&message.namespace)?;
        let size = convert::page_size(message.page_size)?;
        let list = format!("pipelines {namespace}");
        let after = page::position(&list, &message.page_token)?;
        self.freshen(&metadata, message.consistency).await?;
        let (revision, mut pipelines) = self.page(&namespace, after.as_deref(), size)?;
        let has_more = pipelines.len() > size;
        pipelines.truncate(size);
        let is_cut = cut(&mut pipelines);
        let last = pipelines.last().filter(|_| has_more || is_cut).and_then(|last| last.r#ref.as_ref());
        let next_page_token = last.map(|last| page::token(&list, last.pipeline.as_bytes())).unwrap_or_default();
        let header = self.header(revision);
        Ok(Response::new(wire::ListPipelinesResponse { header, pipelines, next_page_token }))
    }

    async fn enable_pipeline(
        &self,
        request: Request<wire::EnablePipelineRequest>,
    ) -> Result<Response<wire::EnablePipelineResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::EnablePipeline { pipeline: convert::pipeline(message.pipeline.as_ref())? };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::EnablePipelineResponse { header: self.header(revision) }))
    }

    async fn disable_pipeline(
        &self,
        request: Request<wire::DisablePipelineRequest>,
    ) -> Result<Response<wire::DisablePipelineResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::DisablePipeline { pipeline: convert::pipeline(message.pipeline.as_ref())? };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::DisablePipelineResponse { header: self.header(revision) }))
    }

    async fn delete_pipeline(
        &self,
        request: Request<wire::DeletePipelineRequest>,
    ) -> Result<Response<wire::DeletePipelineResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let pipeline = convert::pipeline(message.pipeline.as_ref())?;
        let command = Command::DeletePipeline { pipeline, force: message.force };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::DeletePipelineResponse { header: self.header(revision) }))
    }
}

impl Api {
    async fn validate_only(
        &self,
        metadata: &MetadataMap,
        namespace: NamespaceId,
        config: &PipelineConfig,
    ) -> Result<Response<wire::RegisterPipelineResponse>, Status> {
        self.freshen(metadata, wire::Consistency::Linearizable.into()).await?;
        let key = PipelineKey { namespace, pipeline: config.id.clone() };
        // Shared tasks make their namespace.
        let is_shared = key.namespace == NamespaceId::shared_tasks();
        let (revision, known, version, live_version, misuses) = self.store().read(|state| {
            let versions = |pipeline: &Pipeline| (pipeline.version.0, pipeline.releases.live.0);
            let (version, live) = state.pipelines.get(&key).map_or((0, 0), versions);
            let known = is_shared || state.namespaces.contains_key(&key.namespace);
            (state.revision, known, version, live, shared::misuses(state, &NoHistory, config))
        });
        if !known {
            return Err(no_namespace(&key.namespace).into());
        }
        if is_shared {
            shared::check_definition(config).map_err(|faults| errors::all_rejected(&faults))?;
        }
        if !misuses.is_empty() {
            return Err(errors::all_rejected(&misuses).into());
        }
        let header = self.header(revision);
        Ok(Response::new(wire::RegisterPipelineResponse { header, version, live_version }))
    }

    /// The live version of a pipeline that was registered with an event of this revision or an earlier one.
    async fn live_version(&self, metadata: &MetadataMap, key: &PipelineKey, revision: Revision) -> u64 {
        let live =
            || self.store().read(|state| (state.revision, state.pipelines.get(key).map(|known| known.releases.live)));
        let (applied, found) = live();
        if applied >= revision {
            return found.map_or(0, |live| live.0);
        }
        // The leader has it, and this node is behind. That it can't catch up now makes the registration no failure.
        match self.barrier(crate::limits::deadline(metadata)).await {
            Ok(()) => live().1.map_or(0, |live| live.0),
            Err(_) => 0,
        }
    }

    async fn config(
        &self,
        key: &PipelineKey,
        pipeline: &Pipeline,
        version: u64,
    ) -> Result<Arc<PipelineConfig>, Status> {
        if version == 0 {
            return Ok(pipeline.config.clone());
        }
        if let Some(config) = pipeline.config_of(Version(version)) {
            return Ok(config.clone());
        }
        let wanted = key.clone();
        let config = self.load(move |store| store.config(&wanted, Version(version))).await?;
        config.ok_or_else(|| {
            let newest = pipeline.version;
            Fault::not_found("version", format!("pipeline {key} has no version {version}, its newest is {newest}"))
                .help(format!("use 1 to {newest}, or 0 for the newest"))
                .into()
        })
    }

    /// One more than `size` pipelines, if there are so many.
    fn page(
        &self,
        namespace: &NamespaceId,
        after: Option<&[u8]>,
        size: usize,
    ) -> Result<(Revision, Vec<model::Pipeline>), Status> {
        // No id sorts before "0".
        let first = match after {
            Some(position) => String::from_utf8_lossy(position).into_owned(),
            None => "0".to_owned(),
        };
        let pipeline = PipelineId::new(&first).map_err(|fault| Status::from(errors::rejected(&fault)))?;
        let first = PipelineKey { namespace: namespace.clone(), pipeline };
        let from = if after.is_some() { Bound::Excluded(&first) } else { Bound::Included(&first) };
        let found = self.store().read(|state| {
            if !state.namespaces.contains_key(namespace) {
                return None;
            }
            let page = state.pipelines.range((from, Bound::Unbounded));
            let page = page.take_while(|(key, _)| key.namespace == *namespace);
            let page = page.filter(|(_, pipeline)| !pipeline.deleted).take(size + 1);
            Some((state.revision, page.map(|(_, pipeline)| head(pipeline)).collect()))
        });
        found.ok_or_else(|| no_namespace(namespace).into())
    }
}

/// A pipeline without its configuration.
fn head(pipeline: &Pipeline) -> model::Pipeline {
    model::Pipeline { config: None, ..codec::pipeline_to_wire(pipeline) }
}

pub(crate) fn missing(key: &PipelineKey) -> Fault {
    Fault::not_found("pipeline", format!("pipeline {key} does not exist"))
        .help("check its name and namespace, or register it")
}

pub(super) fn no_namespace(namespace: &NamespaceId) -> Fault {
    Fault::not_found("namespace", format!("namespace {namespace} does not exist")).help("create it, or check its name")
}
