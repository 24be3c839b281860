//! Secrets: sealed values come and go, and the key that wraps their keys is replaced.

use super::{Context, Decision, Verdict, namespace, precondition};
use crate::event::Event;
use crate::ids::PipelineKey;
use crate::limits::{SEALED_BYTES_MAX, SECRETS_MAX, SECRETS_PER_SCOPE_MAX, WRAPPED_KEY_BYTES_MAX};
use crate::rejection::{Reason, Rejection};
use crate::secret::{ClusterKey, SealedSecret, SecretKey, SecretScope, WrappedKey};

/// Gives a secret a value. Whoever sealed it did so for the cluster key and the version that the state had then; if
/// either has moved on, it has to be sealed anew.
pub(super) fn set(context: Context<'_>, sealed: &SealedSecret) -> Verdict {
    let secrets = &context.state.secrets;
    if let Some(namespace) = sealed.key.scope.namespace() {
        namespace::check_exists(context, namespace)?;
    }
    check_bytes("ciphertext", &sealed.ciphertext, SEALED_BYTES_MAX)?;
    check_bytes("wrapped_key", &sealed.wrapped_key, WRAPPED_KEY_BYTES_MAX)?;
    if secrets.current.as_ref().map(|current| current.key.number) != Some(sealed.cluster_key) {
        let message = format!("the cluster key {} is not the present one", sealed.cluster_key);
        return Err(precondition(message).field("cluster_key").help("set the secret again"));
    }
    let known = secrets.live.get(&sealed.key);
    let next = known.map_or(0, |known| known.version).saturating_add(1);
    if sealed.version != next {
        let message = format!("the next value of secret {} is version {next}, not {}", sealed.key, sealed.version);
        return Err(precondition(message).field("version").help("it was set meanwhile; set it again"));
    }
    if known.is_none() {
        check_room(context, &sealed.key.scope)?;
    }
    Ok(Decision::done(vec![Event::SecretSet { secret: Box::new(sealed.clone()) }]))
}

/// Takes a secret away. Its value can be read until the cluster key is rotated.
pub(super) fn delete(context: Context<'_>, key: &SecretKey) -> Verdict {
    let Some(known) = context.state.secrets.live.get(key) else {
        return Err(Rejection::new(Reason::NotFound, format!("secret {key} does not exist"))
            .field("name")
            .help("list the secrets to find its name and scope"));
    };
    Ok(Decision::done(vec![Event::SecretDeleted { key: key.clone(), version: known.version }]))
}

/// Goes on with another cluster key, which wraps the key of every live value: a value whose key is left out could
/// never be read again.
pub(super) fn rotate(context: Context<'_>, key: ClusterKey, wrapped: &[WrappedKey]) -> Verdict {
    let secrets = &context.state.secrets;
    let current = secrets.current.as_ref().map(|current| current.key);
    let next = current.map_or(0, |current| current.number).saturating_add(1);
    if key.number != next || current.is_some_and(|current| current.fingerprint == key.fingerprint) {
        let message = format!("the next cluster key is number {next}, and another than the present one");
        return Err(precondition(message)
            .field("key")
            .help("the key was rotated meanwhile; rotate it again if need be"));
    }
    let live = secrets.live.iter().map(|(key, secret)| (key, secret.version));
    if !live.eq(wrapped.iter().map(|wrapped| (&wrapped.key, wrapped.version))) {
        let message = "the rotation does not hold the keys of just the live values";
        return Err(precondition(message)
            .field("wrapped_keys")
            .help("a secret was set or deleted meanwhile; try again"));
    }
    for wrapped in wrapped {
        check_bytes("wrapped_keys", &wrapped.wrapped_key, WRAPPED_KEY_BYTES_MAX)?;
    }
    Ok(Decision::done(vec![Event::ClusterKeyRotated { key, wrapped_keys: wrapped.to_vec() }]))
}

/// A pipeline is deleted with none of its secrets left: they would come back with a pipeline of its name.
pub(super) fn check_none_of(context: Context<'_>, pipeline: &PipelineKey) -> Result<(), Rejection> {
    let left = context.state.secrets.count(|scope| *scope == SecretScope::Pipeline(pipeline.clone()));
    if left == 0 {
        return Ok(());
    }
    let message = format!("pipeline {pipeline} has {left} secrets of its own");
    Err(precondition(message).field("pipeline").help("delete its secrets first"))
}

fn check_room(context: Context<'_>, scope: &SecretScope) -> Result<(), Rejection> {
    let secrets = &context.state.secrets;
    let full =
        |message| Err(Rejection::new(Reason::ResourceExhausted, message).help("delete secrets that are not used"));
    if secrets.live.len() >= SECRETS_MAX {
        return full(format!("the cluster has {SECRETS_MAX} secrets, which is the limit"));
    }
    if secrets.count(|other| other == scope) >= SECRETS_PER_SCOPE_MAX {
        return full(format!("the scope ({scope}) has {SECRETS_PER_SCOPE_MAX} secrets, which is the limit"));
    }
    Ok(())
}

fn check_bytes(field: &str, bytes: &[u8], limit: usize) -> Result<(), Rejection> {
    if (1..=limit).contains(&bytes.len()) {
        return Ok(());
    }
    let message = format!("{field} has {} bytes, allowed are 1 to {limit}", bytes.len());
    Err(Rejection::new(Reason::InvalidArgument, message).field(field).help("seal a shorter value"))
}
