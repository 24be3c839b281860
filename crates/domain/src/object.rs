//! Objects: bytes that a pipeline or one of its runs keeps under a key. The bytes are elsewhere; here is what they are.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::ids::{PipelineKey, Revision, RunKey};
use crate::limits::OBJECT_KEY_BYTES_MAX;
use crate::rejection::{Reason, Rejection};
use crate::time::Timestamp;

/// The key of an object, unique in its scope: words between slashes, like a relative path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(Arc<str>);

impl ObjectKey {
    /// Checks and wraps a key: 1 to 256 of `a-zA-Z0-9._-/`, whose words between slashes are neither empty, `.` nor `..`.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        let invalid = |why: String| {
            let short: String = text.chars().take(80).collect();
            Rejection::new(Reason::InvalidArgument, format!("object key {short:?}: {why}")).field("key").help(format!(
                "use 1 to {OBJECT_KEY_BYTES_MAX} ASCII letters, digits, '.', '_', '-', and '/' between words"
            ))
        };
        if text.len() > OBJECT_KEY_BYTES_MAX {
            return Err(invalid(format!("it is {} bytes long, the limit is {OBJECT_KEY_BYTES_MAX}", text.len())));
        }
        if let Some(bad) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/'))) {
            return Err(invalid(format!("character {bad:?} is not allowed")));
        }
        match text.split('/').find(|word| matches!(*word, "" | "." | "..")) {
            Some("") => Err(invalid("it is empty, or has an empty word".into())),
            Some(word) => Err(invalid(format!("the word {word:?} is not allowed"))),
            None => Ok(Self(text.into())),
        }
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an object belongs to, and ends with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectScope {
    Pipeline(PipelineKey),
    Run(RunKey),
}

impl ObjectScope {
    /// The pipeline, or that of the run.
    #[must_use]
    pub fn pipeline(&self) -> &PipelineKey {
        match self {
            Self::Pipeline(pipeline) => pipeline,
            Self::Run(run) => &run.pipeline,
        }
    }
}

impl fmt::Display for ObjectScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipeline(pipeline) => pipeline.fmt(f),
            Self::Run(run) => run.fmt(f),
        }
    }
}

/// What the bytes of an object are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectContent {
    pub bytes: u64,
    /// SHA-256 of the whole.
    pub digest: [u8; 32],
    /// SHA-256 of the manifest, which names the chunks.
    pub manifest: [u8; 32],
    /// Where manifest and chunks are; none: on the nodes.
    pub place: Option<ObjectPlace>,
}

impl ObjectContent {
    /// Whether it is made of the same bytes as another, and kept by the same store: then one is as good as the other.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let store = |content: &Self| content.place.map(|place| place.store);
        (self.bytes, self.digest, store(self)) == (other.bytes, other.digest, store(other))
    }
}

/// A place for an object outside the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectPlace {
    /// Id of the store.
    pub store: [u8; 16],
    /// Folder in it, which holds nothing but this object.
    pub folder: [u8; 16],
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub content: ObjectContent,
    pub created_at: Timestamp,
    /// Revision of the event that put it: its age.
    pub revision: Revision,
}

/// What scopes may hold. A command carries them, so that all nodes decide alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectLimits {
    /// Most objects of a pipeline, besides those of its runs.
    pub pipeline_objects: u32,
    /// Most bytes of them together.
    pub pipeline_bytes: u64,
    /// Most objects of a run.
    pub run_objects: u32,
    /// Most bytes of them together.
    pub run_bytes: u64,
    /// Most runs of a pipeline that hold objects.
    pub runs: u32,
}

impl Default for ObjectLimits {
    fn default() -> Self {
        Self { pipeline_objects: 100, pipeline_bytes: 64 << 30, run_objects: 100, run_bytes: 16 << 30, runs: 20 }
    }
}

/// Why an object is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectLoss {
    /// Somebody asked for it.
    Deleted,
    /// The pipeline's newer objects needed its room.
    Evicted,
    /// Newer runs of the pipeline hold objects.
    Expired,
    /// Its pipeline was deleted.
    PipelineDeleted,
}

impl ObjectLoss {
    /// Every cause.
    pub const ALL: [Self; 4] = [Self::Deleted, Self::Evicted, Self::Expired, Self::PipelineDeleted];
}

/// All objects of a cluster. A scope without any has no entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    scopes: BTreeMap<ObjectScope, BTreeMap<ObjectKey, Object>>,
    count: usize,
}

impl Objects {
    /// Number of objects.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// An object.
    #[must_use]
    pub fn get(&self, scope: &ObjectScope, key: &ObjectKey) -> Option<&Object> {
        self.scopes.get(scope)?.get(key)
    }

    /// The objects of a scope, in the order of their keys.
    pub fn scope(&self, scope: &ObjectScope) -> impl Iterator<Item = (&ObjectKey, &Object)> {
        self.scopes.get(scope).into_iter().flatten()
    }

    /// Whether the scope holds any.
    #[must_use]
    pub fn holds(&self, scope: &ObjectScope) -> bool {
        self.scopes.contains_key(scope)
    }

    /// The runs of a pipeline that hold objects, oldest first.
    pub fn runs<'a>(&'a self, pipeline: &PipelineKey) -> impl Iterator<Item = &'a RunKey> + use<'a> {
        let run = |run| ObjectScope::Run(RunKey { pipeline: pipeline.clone(), run });
        let range = self.scopes.range(run(0)..=run(u64::MAX));
        range.filter_map(|(scope, _)| match scope {
            ObjectScope::Run(run) => Some(run),
            ObjectScope::Pipeline(_) => None,
        })
    }

    /// All objects, by scope and key.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectScope, &ObjectKey, &Object)> {
        self.scopes.iter().flat_map(|(scope, objects)| objects.iter().map(move |(key, object)| (scope, key, object)))
    }

    /// Adds an object, or replaces it.
    pub fn insert(&mut self, scope: ObjectScope, key: ObjectKey, object: Object) {
        if self.scopes.entry(scope).or_default().insert(key, object).is_none() {
            self.count += 1;
        }
    }

    pub(crate) fn remove(&mut self, scope: &ObjectScope, key: &ObjectKey) {
        let Some(objects) = self.scopes.get_mut(scope) else { return };
        if objects.remove(key).is_some() {
            self.count -= 1;
        }
        if objects.is_empty() {
            self.scopes.remove(scope);
        }
    }

    pub(crate) fn drop_scope(&mut self, scope: &ObjectScope) {
        if let Some(objects) = self.scopes.remove(scope) {
            self.count -= objects.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_words_between_slashes() {
        let longest = "a".repeat(OBJECT_KEY_BYTES_MAX);
        for good in ["a", "out.tar", "a/b/c-1_2.x", "..a", &longest] {
            assert_eq!(ObjectKey::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "ä", "a b", "a\0", &format!("{longest}a")] {
            let rejection = ObjectKey::new(bad).unwrap_err();
            assert_eq!((rejection.reason, rejection.field.as_str()), (Reason::InvalidArgument, "key"), "{bad:?}");
        }
    }
}
