//! Objects: what they are, commands and events about them, and the manifests of their chunks.

use gofer_domain::{
    Command, Event, Object, ObjectContent, ObjectKey, ObjectLimits, ObjectLoss, ObjectPlace, ObjectScope, Revision,
    RunKey,
};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::{command, event};
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::ObjectEncoding as Encoding;

use super::{
    DecodeError, Result, attempt_key_from_wire, attempt_key_to_wire, fixed, id_error, pipeline_key_from_wire,
    pipeline_key_to_wire, required, time_from_wire, time_to_wire, unknown,
};
use crate::Digest;
use crate::objects::{Chunk, Manifest, Stored};

/// A key.
///
/// # Errors
/// When the text is not one.
pub fn object_key(text: &str) -> Result<ObjectKey> {
    ObjectKey::new(text).map_err(id_error("key"))
}

/// A scope as a message.
#[must_use]
pub fn object_scope_to_wire(scope: &ObjectScope) -> model::ObjectScope {
    let run = if let ObjectScope::Run(run) = scope { run.run } else { 0 };
    model::ObjectScope { pipeline: Some(pipeline_key_to_wire(scope.pipeline())), run }
}

/// A message as a scope.
///
/// # Errors
/// When it or a part of it is missing or not valid.
pub fn object_scope_from_wire(scope: Option<&model::ObjectScope>) -> Result<ObjectScope> {
    let scope = required(scope, "scope")?;
    let pipeline = pipeline_key_from_wire(scope.pipeline.as_ref()).map_err(|error| error.within("scope"))?;
    Ok(match scope.run {
        0 => ObjectScope::Pipeline(pipeline),
        run => ObjectScope::Run(RunKey { pipeline, run }),
    })
}

/// What an object's bytes are, as a message.
#[must_use]
pub fn object_content_to_wire(content: &ObjectContent) -> model::ObjectContent {
    let place =
        content.place.map(|place| model::ObjectPlace { store: place.store.to_vec(), folder: place.folder.to_vec() });
    let (digest, manifest) = (content.digest.to_vec(), content.manifest.to_vec());
    model::ObjectContent { bytes: content.bytes, digest, manifest, place }
}

/// A message as what an object's bytes are.
///
/// # Errors
/// When it is missing, or a digest has another length.
pub fn object_content_from_wire(content: Option<&model::ObjectContent>) -> Result<ObjectContent> {
    let content = required(content, "content")?;
    Ok(ObjectContent {
        bytes: content.bytes,
        digest: fixed(&content.digest, "digest")?,
        manifest: fixed(&content.manifest, "manifest")?,
        place: content.place.as_ref().map(place_from_wire).transpose()?,
    })
}

fn place_from_wire(place: &model::ObjectPlace) -> Result<ObjectPlace> {
    Ok(ObjectPlace { store: fixed(&place.store, "place.store")?, folder: fixed(&place.folder, "place.folder")? })
}

/// An object as a message.
#[must_use]
pub fn object_to_wire(scope: &ObjectScope, key: &ObjectKey, object: &Object) -> model::Object {
    model::Object {
        scope: Some(object_scope_to_wire(scope)),
        key: key.to_string(),
        content: Some(object_content_to_wire(&object.content)),
        created_at: Some(time_to_wire(object.created_at)),
        revision: object.revision.0,
    }
}

/// A message as an object.
///
/// # Errors
/// When a part is missing or not valid.
pub fn object_from_wire(object: &model::Object) -> Result<(ObjectScope, ObjectKey, Object)> {
    let content = object_content_from_wire(object.content.as_ref())?;
    let created_at = time_from_wire(object.created_at.as_ref(), "created_at")?;
    let value = Object { content, created_at, revision: Revision(object.revision) };
    Ok((object_scope_from_wire(object.scope.as_ref())?, object_key(&object.key)?, value))
}

pub(super) fn command_to_wire(command: &Command) -> Option<command::Kind> {
    match command {
        Command::PutObject { scope, key, content, limits, attempt } => Some(command::Kind::PutObject(log::PutObject {
            scope: Some(object_scope_to_wire(scope)),
            key: key.to_string(),
            content: Some(object_content_to_wire(content)),
            limits: Some(log::ObjectLimits {
                pipeline_objects: limits.pipeline_objects,
                pipeline_bytes: limits.pipeline_bytes,
                run_objects: limits.run_objects,
                run_bytes: limits.run_bytes,
                runs: limits.runs,
            }),
            attempt: attempt.as_ref().map(attempt_key_to_wire),
        })),
        Command::DeleteObject { scope, key, attempt } => Some(command::Kind::DeleteObject(log::DeleteObject {
            scope: Some(object_scope_to_wire(scope)),
            key: key.to_string(),
            attempt: attempt.as_ref().map(attempt_key_to_wire),
        })),
        _ => None,
    }
}

pub(super) fn put_from_wire(put: &log::PutObject) -> Result<Command> {
    let limits = required(put.limits.as_ref(), "limits")?;
    Ok(Command::PutObject {
        scope: object_scope_from_wire(put.scope.as_ref())?,
        key: object_key(&put.key)?,
        content: Box::new(object_content_from_wire(put.content.as_ref())?),
        limits: ObjectLimits {
            pipeline_objects: limits.pipeline_objects,
            pipeline_bytes: limits.pipeline_bytes,
            run_objects: limits.run_objects,
            run_bytes: limits.run_bytes,
            runs: limits.runs,
        },
        attempt: put.attempt.as_ref().map(|key| attempt_key_from_wire(Some(key))).transpose()?,
    })
}

pub(super) fn delete_from_wire(delete: &log::DeleteObject) -> Result<Command> {
    Ok(Command::DeleteObject {
        scope: object_scope_from_wire(delete.scope.as_ref())?,
        key: object_key(&delete.key)?,
        attempt: delete.attempt.as_ref().map(|key| attempt_key_from_wire(Some(key))).transpose()?,
    })
}

pub(super) fn event_to_wire(event: &Event) -> Option<event::Kind> {
    match event {
        Event::ObjectPut { scope, key, content } => Some(event::Kind::ObjectPut(log::ObjectPut {
            scope: Some(object_scope_to_wire(scope)),
            key: key.to_string(),
            content: Some(object_content_to_wire(content)),
        })),
        Event::ObjectDeleted { scope, key, cause } => Some(event::Kind::ObjectDeleted(log::ObjectDeleted {
            scope: Some(object_scope_to_wire(scope)),
            key: key.to_string(),
            cause: loss_to_wire(*cause).into(),
        })),
        Event::ObjectsDropped { scope, cause } => Some(event::Kind::ObjectsDropped(log::ObjectsDropped {
            scope: Some(object_scope_to_wire(scope)),
            cause: loss_to_wire(*cause).into(),
        })),
        _ => None,
    }
}

pub(super) fn event_from_wire(kind: &event::Kind) -> Result<Event> {
    Ok(match kind {
        event::Kind::ObjectPut(e) => Event::ObjectPut {
            scope: object_scope_from_wire(e.scope.as_ref())?,
            key: object_key(&e.key)?,
            content: Box::new(object_content_from_wire(e.content.as_ref())?),
        },
        event::Kind::ObjectDeleted(e) => Event::ObjectDeleted {
            scope: object_scope_from_wire(e.scope.as_ref())?,
            key: object_key(&e.key)?,
            cause: loss_from_wire(e.cause)?,
        },
        event::Kind::ObjectsDropped(e) => {
            Event::ObjectsDropped { scope: object_scope_from_wire(e.scope.as_ref())?, cause: loss_from_wire(e.cause)? }
        }
        _ => return Err(DecodeError::new("kind", "is not about objects")),
    })
}

fn loss_to_wire(loss: ObjectLoss) -> model::ObjectLoss {
    match loss {
        ObjectLoss::Deleted => model::ObjectLoss::Deleted,
        ObjectLoss::Evicted => model::ObjectLoss::Evicted,
        ObjectLoss::Expired => model::ObjectLoss::Expired,
        ObjectLoss::PipelineDeleted => model::ObjectLoss::PipelineDeleted,
    }
}

fn loss_from_wire(loss: i32) -> Result<ObjectLoss> {
    let known = ObjectLoss::ALL.into_iter().find(|known| i32::from(loss_to_wire(*known)) == loss);
    known.ok_or_else(|| unknown("cause", loss))
}

pub(crate) fn manifest_to_wire(manifest: &Manifest) -> model::ObjectManifest {
    let chunks = manifest.chunks.iter().map(|chunk| model::ObjectChunk {
        digest: chunk.digest.0.to_vec(),
        bytes: chunk.bytes,
        encoding: encoding_to_wire(chunk.stored).into(),
    });
    model::ObjectManifest { chunks: chunks.collect() }
}

/// A message as the manifest of an object.
///
/// # Errors
/// When it has too many chunks, or one of them is not valid.
pub fn manifest_from_wire(manifest: &model::ObjectManifest) -> Result<Manifest> {
    let chunks = manifest.chunks.iter().map(|chunk| {
        Chunk::new(Digest(fixed(&chunk.digest, "digest")?), chunk.bytes, encoding_from_wire(chunk.encoding)?)
            .map_err(|why| DecodeError::new("bytes", why))
    });
    Manifest::new(chunks.collect::<Result<_>>()?).map_err(|why| DecodeError::new("chunks", why))
}

fn encoding_to_wire(stored: Stored) -> Encoding {
    match stored {
        Stored::Raw => Encoding::Raw,
        Stored::Zstd => Encoding::Zstd,
    }
}

/// How a chunk is stored.
///
/// # Errors
/// When it is none of the known ways.
pub fn encoding_from_wire(encoding: i32) -> Result<Stored> {
    match Encoding::try_from(encoding) {
        Ok(Encoding::Unspecified | Encoding::Raw) => Ok(Stored::Raw),
        Ok(Encoding::Zstd) => Ok(Stored::Zstd),
        Err(_) => Err(unknown("encoding", encoding)),
    }
}
