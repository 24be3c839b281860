//! Secrets, sealed as they are, and the keys that wrap theirs.

use gofer_domain::{
    ClusterKey, Command, CurrentKey, Event, PipelineKey, SealedSecret, Secret, SecretKey, SecretName, SecretScope,
    WrappedKey,
};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::{command, event};
use gofer_wire::model::v1 as model;

use super::{
    DecodeError, Result, fixed, namespace_id, pipeline_id, required, time_from_wire, time_option, time_to_wire,
};

/// A scope as a message without a name.
#[must_use]
pub fn scope_to_wire(scope: &SecretScope) -> model::SecretRef {
    let (namespace, pipeline) = match scope {
        SecretScope::Global => (String::new(), String::new()),
        SecretScope::Namespace(namespace) => (namespace.to_string(), String::new()),
        SecretScope::Pipeline(key) => (key.namespace.to_string(), key.pipeline.to_string()),
    };
    model::SecretRef { namespace, pipeline, name: String::new() }
}

/// The scope in a message, whatever its name.
///
/// # Errors
/// When it names a pipeline without its namespace, or an id is not valid.
pub fn scope_from_wire(scope: &model::SecretRef) -> Result<SecretScope> {
    match (scope.namespace.as_str(), scope.pipeline.as_str()) {
        ("", "") => Ok(SecretScope::Global),
        ("", _) => Err(DecodeError::new("namespace", "is missing; a pipeline has one")),
        (namespace, "") => Ok(SecretScope::Namespace(namespace_id(namespace)?)),
        (namespace, pipeline) => {
            let namespace = namespace_id(namespace)?;
            Ok(SecretScope::Pipeline(PipelineKey { namespace, pipeline: pipeline_id(pipeline, "pipeline")? }))
        }
    }
}

/// A secret's key as a message.
#[must_use]
pub fn secret_key_to_wire(key: &SecretKey) -> model::SecretRef {
    model::SecretRef { name: key.name.to_string(), ..scope_to_wire(&key.scope) }
}

/// A message as a secret's key.
///
/// # Errors
/// When it is missing, or a part of it is not valid.
pub fn secret_key_from_wire(key: Option<&model::SecretRef>) -> Result<SecretKey> {
    let key = required(key, "secret")?;
    let name = SecretName::new(&key.name).map_err(super::id_error("name"))?;
    Ok(SecretKey { scope: scope_from_wire(key)?, name })
}

/// A sealed value as a message.
#[must_use]
pub fn sealed_to_wire(sealed: &SealedSecret) -> model::SealedSecret {
    model::SealedSecret {
        secret: Some(secret_key_to_wire(&sealed.key)),
        version: sealed.version,
        cluster_key: sealed.cluster_key,
        wrapped_key: sealed.wrapped_key.clone(),
        ciphertext: sealed.ciphertext.clone(),
    }
}

/// A message as a sealed value.
///
/// # Errors
/// When it is missing, or a part of it is not valid.
pub fn sealed_from_wire(sealed: Option<&model::SealedSecret>) -> Result<SealedSecret> {
    let sealed = required(sealed, "secret")?;
    Ok(SealedSecret {
        key: secret_key_from_wire(sealed.secret.as_ref())?,
        version: sealed.version,
        cluster_key: sealed.cluster_key,
        wrapped_key: sealed.wrapped_key.clone(),
        ciphertext: sealed.ciphertext.clone(),
    })
}

/// A cluster key as a message.
#[must_use]
pub fn cluster_key_to_wire(key: ClusterKey) -> model::ClusterKey {
    model::ClusterKey { number: key.number, fingerprint: key.fingerprint.to_vec() }
}

/// A message as a cluster key.
///
/// # Errors
/// When it is missing, or its fingerprint has another length.
pub fn cluster_key_from_wire(key: Option<&model::ClusterKey>) -> Result<ClusterKey> {
    let key = required(key, "key")?;
    Ok(ClusterKey { number: key.number, fingerprint: fixed(&key.fingerprint, "fingerprint")? })
}

/// A live secret as a message, with its wrapped key.
#[must_use]
pub fn secret_to_wire(key: &SecretKey, secret: &Secret) -> model::Secret {
    model::Secret {
        r#ref: Some(secret_key_to_wire(key)),
        version: secret.version,
        created_at: Some(time_to_wire(secret.created_at)),
        updated_at: Some(time_to_wire(secret.updated_at)),
        wrapped_key: secret.wrapped_key.clone(),
    }
}

/// A message as a live secret.
///
/// # Errors
/// When a part is missing or not valid.
pub fn secret_from_wire(message: &model::Secret) -> Result<(SecretKey, Secret)> {
    let secret = Secret {
        version: message.version,
        wrapped_key: message.wrapped_key.clone(),
        created_at: time_from_wire(message.created_at.as_ref(), "created_at")?,
        updated_at: time_from_wire(message.updated_at.as_ref(), "updated_at")?,
    };
    Ok((secret_key_from_wire(message.r#ref.as_ref())?, secret))
}

/// The cluster key in force as a message.
#[must_use]
pub fn current_key_to_wire(current: &CurrentKey) -> model::CurrentKey {
    model::CurrentKey {
        key: Some(cluster_key_to_wire(current.key)),
        since: Some(time_to_wire(current.since)),
        superseded: current.superseded,
        deleted_at: current.deleted_at.map(time_to_wire),
    }
}

/// A message as the cluster key in force.
///
/// # Errors
/// When a part is missing or not valid.
pub fn current_key_from_wire(message: &model::CurrentKey) -> Result<CurrentKey> {
    Ok(CurrentKey {
        key: cluster_key_from_wire(message.key.as_ref())?,
        since: time_from_wire(message.since.as_ref(), "since")?,
        superseded: message.superseded,
        deleted_at: time_option(message.deleted_at.as_ref(), "deleted_at")?,
    })
}

fn wrapped_to_wire(wrapped: &[WrappedKey]) -> Vec<model::WrappedKey> {
    let message = |wrapped: &WrappedKey| model::WrappedKey {
        secret: Some(secret_key_to_wire(&wrapped.key)),
        version: wrapped.version,
        wrapped_key: wrapped.wrapped_key.clone(),
    };
    wrapped.iter().map(message).collect()
}

fn wrapped_from_wire(wrapped: Vec<model::WrappedKey>) -> Result<Vec<WrappedKey>> {
    let mut keys: Vec<WrappedKey> = Vec::with_capacity(wrapped.len());
    for model::WrappedKey { secret, version, wrapped_key } in wrapped {
        let key = secret_key_from_wire(secret.as_ref())?;
        // Anything else would not encode to the same bytes again.
        if keys.last().is_some_and(|last| last.key >= key) {
            return Err(DecodeError::new("wrapped_keys", "is not sorted, or names a secret twice"));
        }
        keys.push(WrappedKey { key, version, wrapped_key });
    }
    Ok(keys)
}

/// A command about secrets; none when it is about something else.
pub(super) fn command_to_wire(command: &Command) -> Option<command::Kind> {
    if let Command::SetSecret { secret } = command {
        return Some(command::Kind::SetSecret(log::SetSecret { secret: Some(sealed_to_wire(secret)) }));
    }
    if let Command::DeleteSecret { key } = command {
        return Some(command::Kind::DeleteSecret(log::DeleteSecret { secret: Some(secret_key_to_wire(key)) }));
    }
    let Command::RotateClusterKey { key, wrapped_keys } = command else { return None };
    let (key, wrapped_keys) = (Some(cluster_key_to_wire(*key)), wrapped_to_wire(wrapped_keys));
    Some(command::Kind::RotateClusterKey(log::RotateClusterKey { key, wrapped_keys }))
}

pub(super) fn set_from_wire(command: &log::SetSecret) -> Result<Command> {
    Ok(Command::SetSecret { secret: Box::new(sealed_from_wire(command.secret.as_ref())?) })
}

pub(super) fn delete_from_wire(command: &log::DeleteSecret) -> Result<Command> {
    Ok(Command::DeleteSecret { key: secret_key_from_wire(command.secret.as_ref())? })
}

pub(super) fn rotate_from_wire(command: log::RotateClusterKey) -> Result<Command> {
    let key = cluster_key_from_wire(command.key.as_ref())?;
    Ok(Command::RotateClusterKey { key, wrapped_keys: wrapped_from_wire(command.wrapped_keys)? })
}

/// An event about secrets; none when it is about something else.
pub(super) fn event_to_wire(event: &Event) -> Option<event::Kind> {
    if let Event::SecretSet { secret } = event {
        return Some(event::Kind::SecretSet(log::SecretSet { secret: Some(sealed_to_wire(secret)) }));
    }
    if let Event::SecretDeleted { key, version } = event {
        let deleted = log::SecretDeleted { secret: Some(secret_key_to_wire(key)), version: *version };
        return Some(event::Kind::SecretDeleted(deleted));
    }
    let Event::ClusterKeyRotated { key, wrapped_keys } = event else { return None };
    let (key, wrapped_keys) = (Some(cluster_key_to_wire(*key)), wrapped_to_wire(wrapped_keys));
    Some(event::Kind::ClusterKeyRotated(log::ClusterKeyRotated { key, wrapped_keys }))
}

pub(super) fn set_event_from_wire(event: &log::SecretSet) -> Result<Event> {
    Ok(Event::SecretSet { secret: Box::new(sealed_from_wire(event.secret.as_ref())?) })
}

pub(super) fn deleted_event_from_wire(event: &log::SecretDeleted) -> Result<Event> {
    Ok(Event::SecretDeleted { key: secret_key_from_wire(event.secret.as_ref())?, version: event.version })
}

pub(super) fn rotated_event_from_wire(event: log::ClusterKeyRotated) -> Result<Event> {
    let key = cluster_key_from_wire(event.key.as_ref())?;
    Ok(Event::ClusterKeyRotated { key, wrapped_keys: wrapped_from_wire(event.wrapped_keys)? })
}
