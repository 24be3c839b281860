//! Namespaces: rooms for pipelines.

use super::{Context, Decision, Verdict, check_text, precondition};
use crate::event::Event;
use crate::ids::NamespaceId;
use crate::limits::NAMESPACES_MAX;
use crate::rejection::{Reason, Rejection};

/// A namespace is created once; the tombstones of pipelines under an earlier one of its name stay in force.
pub(super) fn create(context: Context<'_>, namespace: &NamespaceId, description: &str) -> Verdict {
    check_text("description", description)?;
    let namespaces = &context.state.namespaces;
    if namespaces.contains_key(namespace) {
        return Err(Rejection::new(Reason::AlreadyExists, format!("namespace {namespace} exists already"))
            .field("namespace")
            .help("choose another name, or use the one there is"));
    }
    if namespaces.len() >= NAMESPACES_MAX {
        let message = format!("the cluster has {} namespaces, the limit is {NAMESPACES_MAX}", namespaces.len());
        return Err(Rejection::new(Reason::ResourceExhausted, message).help("delete one that is not used any more"));
    }
    let created = Event::NamespaceCreated { namespace: namespace.clone(), description: description.to_owned() };
    Ok(Decision::done(vec![created]))
}

/// What makes the namespace of the shared tasks; nothing if it is there.
pub(super) fn shared_tasks(context: Context<'_>) -> Result<Vec<Event>, Rejection> {
    let namespace = NamespaceId::shared_tasks();
    if context.state.namespaces.contains_key(&namespace) {
        return Ok(Vec::new());
    }
    create(context, &namespace, "shared tasks").map(|decision| decision.events)
}

/// A namespace is empty when every pipeline in it was deleted.
pub(super) fn delete(context: Context<'_>, namespace: &NamespaceId) -> Verdict {
    check_exists(context, namespace)?;
    let pipelines = context.state.pipelines.values();
    let left = pipelines.filter(|pipeline| pipeline.key.namespace == *namespace && !pipeline.deleted).count();
    if left > 0 {
        return Err(precondition(format!("namespace {namespace} has {left} pipelines"))
            .field("namespace")
            .help("delete its pipelines first"));
    }
    let secrets = context.state.secrets.count(|scope| scope.namespace() == Some(namespace));
    if secrets > 0 {
        return Err(precondition(format!("namespace {namespace} has {secrets} secrets"))
            .field("namespace")
            .help("delete its secrets first"));
    }
    Ok(Decision::done(vec![Event::NamespaceDeleted { namespace: namespace.clone() }]))
}

/// Rejects a namespace that does not exist.
pub(super) fn check_exists(context: Context<'_>, namespace: &NamespaceId) -> Result<(), Rejection> {
    if context.state.namespaces.contains_key(namespace) {
        return Ok(());
    }
    Err(Rejection::new(Reason::NotFound, format!("namespace {namespace} does not exist"))
        .field("namespace")
        .help("check its name, or create it"))
}
