//! Input from the wire, checked. What the log and the views share is converted by the store's codec.

use gofer_domain::{
    AttemptKey, ClusterId, NamespaceId, NodeId, ObjectScope, PipelineId, PipelineKey, RequestId, Revision, RunKey,
    SubscriptionKey, TaskId, TaskKey,
};
use gofer_store::codec;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;

use crate::errors::{self, Fault};
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};

pub(crate) fn cluster_id(bytes: &[u8]) -> Option<ClusterId> {
    bytes.try_into().ok().map(ClusterId)
}

/// The caller's idempotency key, or a new one.
pub(crate) fn request_id(bytes: &[u8]) -> Result<RequestId, Fault> {
    if bytes.is_empty() {
        return Ok(RequestId(uuid::Uuid::new_v4().into_bytes()));
    }
    bytes.try_into().map(RequestId).map_err(|_| {
        Fault::invalid("request_id", format!("request_id has {} bytes, it must have 16", bytes.len()))
            .help("use a UUID's 16 bytes, or leave it empty to have one drawn")
    })
}

pub(crate) fn digest(bytes: &[u8]) -> Result<[u8; 32], Fault> {
    let invalid = || Fault::invalid("digest", format!("a digest has 32 bytes, not {}", bytes.len()));
    bytes.try_into().map_err(|_| invalid())
}

pub(crate) fn namespace(id: &str) -> Result<NamespaceId, Fault> {
    NamespaceId::new(id).map_err(|fault| errors::rejected(&fault))
}

fn pipeline_parts(namespace_id: &str, pipeline: &str) -> Result<PipelineKey, Fault> {
    let namespace = namespace(namespace_id)?;
    let pipeline = PipelineId::new(pipeline).map_err(|fault| errors::rejected(&fault))?;
    Ok(PipelineKey { namespace, pipeline })
}

pub(crate) fn pipeline(reference: Option<&model::PipelineRef>) -> Result<PipelineKey, Fault> {
    let Some(reference) = reference else {
        return Err(Fault::invalid("pipeline", "no pipeline is named").help("set its namespace and its id"));
    };
    pipeline_parts(&reference.namespace, &reference.pipeline)
}

/// A subscription, as a path names it.
pub(crate) fn subscription(namespace: &str, pipeline: &str, name: &str) -> Result<SubscriptionKey, Fault> {
    let reference =
        model::SubscriptionRef { namespace: namespace.into(), pipeline: pipeline.into(), name: name.into() };
    codec::subscription_key_from_wire(Some(&reference))
        .map_err(|error| Fault::invalid(&error.field, error.to_string()).help("write NAMESPACE/PIPELINE/SUBSCRIPTION"))
}

pub(crate) fn run(reference: Option<&model::RunRef>) -> Result<RunKey, Fault> {
    let Some(reference) = reference else {
        return Err(Fault::invalid("run", "no run is named").help("set its namespace, pipeline and number"));
    };
    if reference.run == 0 {
        return Err(Fault::invalid("run.run", "the run's number is 0, runs count from 1"));
    }
    Ok(RunKey { pipeline: pipeline_parts(&reference.namespace, &reference.pipeline)?, run: reference.run })
}

pub(crate) fn object_scope(reference: Option<&model::ObjectScope>) -> Result<ObjectScope, Fault> {
    let Some(reference) = reference else {
        return Err(
            Fault::invalid("scope", "no scope is named").help("set its pipeline, and the number of a run of it")
        );
    };
    let pipeline = pipeline(reference.pipeline.as_ref())?;
    Ok(match reference.run {
        0 => ObjectScope::Pipeline(pipeline),
        run => ObjectScope::Run(RunKey { pipeline, run }),
    })
}

pub(crate) fn task(id: &str) -> Result<TaskId, Fault> {
    TaskId::new(id).map_err(|fault| errors::rejected(&fault))
}

pub(crate) fn attempt(reference: Option<&model::AttemptRef>) -> Result<AttemptKey, Fault> {
    let Some(reference) = reference else { return Err(Fault::invalid("attempt", "no attempt is named")) };
    let task = TaskKey { run: run(reference.run.as_ref())?, task: task(&reference.task)? };
    Ok(AttemptKey { task, attempt: reference.attempt })
}

pub(crate) fn run_ref(key: &RunKey) -> model::RunRef {
    model::RunRef {
        namespace: key.pipeline.namespace.to_string(),
        pipeline: key.pipeline.pipeline.to_string(),
        run: key.run,
    }
}

pub(crate) fn attempt_ref(key: &AttemptKey) -> model::AttemptRef {
    model::AttemptRef { run: Some(run_ref(&key.task.run)), task: key.task.task.to_string(), attempt: key.attempt }
}

pub(crate) fn node(id: u64) -> Result<NodeId, Fault> {
    if id == 0 {
        return Err(Fault::invalid("node", "no node is named").help("see `gofer cluster status` for the ids"));
    }
    Ok(NodeId(id))
}

/// Whether a read may be stale.
pub(crate) fn is_local(consistency: i32) -> Result<bool, Fault> {
    match api::Consistency::try_from(consistency) {
        Ok(api::Consistency::Local) => Ok(true),
        Ok(api::Consistency::Unspecified | api::Consistency::Linearizable) => Ok(false),
        Err(_) => Err(Fault::invalid("consistency", format!("consistency {consistency} is not known"))
            .help("use CONSISTENCY_LINEARIZABLE or CONSISTENCY_LOCAL")),
    }
}

pub(crate) fn page_size(asked: u32) -> Result<usize, Fault> {
    match asked as usize {
        0 => Ok(PAGE_DEFAULT),
        size if size <= PAGE_MAX => Ok(size),
        size => Err(Fault::invalid("page_size", format!("page_size is {size}, the limit is {PAGE_MAX}"))
            .help("ask for less, and use next_page_token for the rest")),
    }
}

pub(crate) fn header(revision: Revision, node: NodeId) -> Option<api::ResponseHeader> {
    Some(api::ResponseHeader { revision: revision.0, node: node.0 })
}
