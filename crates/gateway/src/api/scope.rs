//! Whose schedules or subscriptions a list has, in the order of their pipelines.

use gofer_domain::{NamespaceId, PipelineId, PipelineKey, State};
use gofer_wire::model::v1 as model;

use super::pipelines;
use crate::convert;
use crate::errors::Fault;

/// Whose are listed.
pub(super) enum Scope {
    All,
    Namespace(NamespaceId),
    Pipeline(PipelineKey),
}

impl Scope {
    pub(super) fn of(pipeline: Option<&model::PipelineRef>) -> Result<Self, Fault> {
        match pipeline {
            None => Ok(Self::All),
            Some(of) if of.pipeline.is_empty() => Ok(Self::Namespace(convert::namespace(&of.namespace)?)),
            Some(_) => Ok(Self::Pipeline(convert::pipeline(pipeline)?)),
        }
    }

    /// What page tokens name.
    pub(super) fn list(&self, what: &str) -> String {
        match self {
            Self::All => what.to_owned(),
            Self::Namespace(namespace) => format!("{what} {namespace}"),
            Self::Pipeline(pipeline) => format!("{what} {pipeline}"),
        }
    }

    pub(super) fn check(&self, state: &State) -> Result<(), Fault> {
        match self {
            Self::Namespace(namespace) if !state.namespaces.contains_key(namespace) => {
                Err(pipelines::no_namespace(namespace))
            }
            Self::Pipeline(key) if state.pipelines.get(key).is_none_or(|pipeline| pipeline.deleted) => {
                Err(pipelines::missing(key))
            }
            Self::All | Self::Namespace(_) | Self::Pipeline(_) => Ok(()),
        }
    }

    pub(super) fn contains(&self, pipeline: &PipelineKey) -> bool {
        match self {
            Self::All => true,
            Self::Namespace(namespace) => pipeline.namespace == *namespace,
            Self::Pipeline(key) => pipeline == key,
        }
    }

    /// Where its pipelines begin. None: with the first of all.
    pub(super) fn first(&self) -> Option<PipelineKey> {
        match self {
            Self::All => None,
            // No id sorts before "0".
            Self::Namespace(namespace) => {
                let pipeline = PipelineId::new("0").ok()?;
                Some(PipelineKey { namespace: namespace.clone(), pipeline })
            }
            Self::Pipeline(key) => Some(key.clone()),
        }
    }
}
