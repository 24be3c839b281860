//! Namespaces, pipelines and nodes.

use std::sync::Arc;

use gofer_domain::config::DriverSet;
use gofer_domain::ids::{NodeId, Version};
use gofer_domain::release::{Active, Releases};
use gofer_domain::state::Namespace;
use gofer_domain::{Ends, Node, NodeSpec, NodeStatus, Pipeline, PipelineConfig};
use gofer_wire::model::v1 as model;

use super::config::{driver_from_wire, driver_to_wire, resources_from_wire, resources_to_wire};
use super::release::{
    earlier_from_wire, earlier_to_wire, pin_from_wire, pin_to_wire, release_from_wire, release_to_wire,
};
use super::{
    DecodeError, Result, namespace_id, pipeline_key_from_wire, pipeline_key_to_wire, required, time_from_wire,
    time_to_wire, unknown, variables_from_wire, variables_to_wire,
};

/// A namespace as a message.
#[must_use]
pub fn namespace_to_wire(namespace: &Namespace) -> model::Namespace {
    model::Namespace {
        id: namespace.id.to_string(),
        description: namespace.description.clone(),
        created_at: Some(time_to_wire(namespace.created_at)),
    }
}

/// A message as a namespace.
///
/// # Errors
/// When a part is missing or not valid.
pub fn namespace_from_wire(namespace: &model::Namespace) -> Result<Namespace> {
    Ok(Namespace {
        id: namespace_id(&namespace.id)?,
        description: namespace.description.clone(),
        created_at: time_from_wire(namespace.created_at.as_ref(), "created_at")?,
    })
}

/// A pipeline as a message, without its configuration.
#[must_use]
pub fn pipeline_to_wire(pipeline: &Pipeline) -> model::Pipeline {
    model::Pipeline {
        running: pipeline.running.iter().copied().collect(),
        queue: pipeline.queue.iter().copied().collect(),
        live_version: pipeline.releases.live.0,
        release: pipeline.releases.active.as_ref().map(|active| release_to_wire(&active.release)),
        ..pipeline_head_to_wire(pipeline)
    }
}

/// A pipeline as a message, with neither its configuration nor its live runs, and the id only of its release.
pub(crate) fn pipeline_head_to_wire(pipeline: &Pipeline) -> model::Pipeline {
    let releases = &pipeline.releases;
    // What was stored before there were releases stays as it was.
    let live_version = if releases.live == pipeline.version { 0 } else { releases.live.0 };
    let stub = |id| model::Release { id, ..model::Release::default() };
    model::Pipeline {
        r#ref: Some(pipeline_key_to_wire(&pipeline.key)),
        version: pipeline.version.0,
        config: None,
        enabled: pipeline.enabled,
        deleted: pipeline.deleted,
        last_run: pipeline.last_run,
        running: Vec::new(),
        queue: Vec::new(),
        created_at: Some(time_to_wire(pipeline.created_at)),
        updated_at: Some(time_to_wire(pipeline.updated_at)),
        live_version,
        pin: releases.pin.as_ref().map(|pin| pin_to_wire(pin)),
        last_release: releases.last,
        earlier_versions: earlier_to_wire(&releases.earlier),
        release: releases.active.as_ref().map(|active| stub(active.release.id)),
        // Absent where none is remembered, as in what was stored before they were.
        ends: (pipeline.ends != Ends::default()).then(|| ends_to_wire(&pipeline.ends)),
    }
}

/// The configurations that a pipeline has at hand.
#[derive(Clone, Debug)]
pub struct PipelineConfigs {
    /// Of the newest version.
    pub newest: Arc<PipelineConfig>,
    /// Of the live version.
    pub live: Arc<PipelineConfig>,
    /// Of the version that the release in progress goes to.
    pub released: Option<Arc<PipelineConfig>>,
}

/// A message as a pipeline with its configurations.
///
/// # Errors
/// When a part is missing or not valid.
pub fn pipeline_from_wire(pipeline: &model::Pipeline, configs: PipelineConfigs) -> Result<Pipeline> {
    let releases = releases_from_wire(pipeline, configs.live, configs.released)?;
    Ok(Pipeline {
        key: pipeline_key_from_wire(pipeline.r#ref.as_ref())?,
        version: Version(pipeline.version),
        config: configs.newest,
        releases,
        enabled: pipeline.enabled,
        deleted: pipeline.deleted,
        last_run: pipeline.last_run,
        running: pipeline.running.iter().copied().collect(),
        queue: pipeline.queue.iter().copied().collect(),
        ends: pipeline.ends.as_ref().map(ends_from_wire).transpose()?.unwrap_or_default(),
        created_at: time_from_wire(pipeline.created_at.as_ref(), "created_at")?,
        updated_at: time_from_wire(pipeline.updated_at.as_ref(), "updated_at")?,
    })
}

/// How runs ended as a message.
pub(super) fn ends_to_wire(ends: &Ends) -> model::Ends {
    model::Ends { count: ends.count, failed: ends.failed, streak: ends.streak, broken: ends.broken }
}

/// A message as how runs ended.
pub(super) fn ends_from_wire(ends: &model::Ends) -> Result<Ends> {
    let model::Ends { count, failed, streak, broken } = *ends;
    let ends = Ends { count, failed, streak, broken };
    match ends.is_sound() {
        true => Ok(ends),
        false => Err(DecodeError::new("ends", "has figures that do not fit one another")),
    }
}

fn releases_from_wire(
    pipeline: &model::Pipeline,
    config: Arc<PipelineConfig>,
    released: Option<Arc<PipelineConfig>>,
) -> Result<Releases> {
    let active = match &pipeline.release {
        Some(release) => {
            let config = required(released, "release")?;
            Some(Box::new(Active { release: release_from_wire(release)?, config }))
        }
        None => None,
    };
    Ok(Releases {
        live: Version(if pipeline.live_version == 0 { pipeline.version } else { pipeline.live_version }),
        config,
        pin: pipeline.pin.as_ref().map(pin_from_wire).transpose()?.map(Box::new),
        last: pipeline.last_release,
        active,
        earlier: earlier_from_wire(&pipeline.earlier_versions)?,
        ended: Vec::new(),
    })
}

/// A node as a message.
#[must_use]
pub fn node_to_wire(node: &Node) -> model::Node {
    let status = match node.status {
        NodeStatus::Ready => model::NodeStatus::Ready,
        NodeStatus::Lost => model::NodeStatus::Lost,
    };
    model::Node {
        id: node.id.0,
        spec: Some(spec_to_wire(&node.spec)),
        status: status.into(),
        draining: node.draining,
        incarnation: node.incarnation,
        since: Some(time_to_wire(node.since)),
    }
}

/// A message as a node.
///
/// # Errors
/// When a part is missing or not valid.
pub fn node_from_wire(node: &model::Node) -> Result<Node> {
    let status = match model::NodeStatus::try_from(node.status) {
        Ok(model::NodeStatus::Ready) => NodeStatus::Ready,
        Ok(model::NodeStatus::Lost) => NodeStatus::Lost,
        Ok(model::NodeStatus::Unspecified) | Err(_) => return Err(unknown("status", node.status)),
    };
    Ok(Node {
        id: NodeId(node.id),
        spec: spec_from_wire(node.spec.as_ref())?,
        status,
        draining: node.draining,
        incarnation: node.incarnation,
        since: time_from_wire(node.since.as_ref(), "since")?,
    })
}

/// What a node says of itself, as a message.
#[must_use]
pub fn spec_to_wire(spec: &NodeSpec) -> model::NodeSpec {
    model::NodeSpec {
        name: spec.name.clone(),
        address: spec.address.clone(),
        labels: variables_to_wire(&spec.labels),
        slots: spec.slots,
        capacity: Some(resources_to_wire(spec.capacity)),
        drivers: spec.drivers.iter().map(|driver| driver_to_wire(*driver).into()).collect(),
        logic_version: spec.logic_version,
        build: spec.build.clone(),
    }
}

/// A message as what a node says of itself.
///
/// # Errors
/// When it is missing or a part is not valid.
pub fn spec_from_wire(spec: Option<&model::NodeSpec>) -> Result<NodeSpec> {
    let spec = required(spec, "spec")?;
    Ok(NodeSpec {
        name: spec.name.clone(),
        address: spec.address.clone(),
        labels: variables_from_wire(spec.labels.clone(), "labels")?,
        slots: spec.slots,
        capacity: resources_from_wire(spec.capacity.as_ref()),
        drivers: spec.drivers.iter().map(|driver| driver_from_wire(*driver)).collect::<Result<DriverSet>>()?,
        logic_version: spec.logic_version,
        build: spec.build.clone(),
    })
}
