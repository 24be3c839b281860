//! What objects are made of: as many manifests and chunks as the state names objects. Unlike outputs they are named by the
//! state, as objects come and go.

use std::collections::BTreeSet;

use gofer_audit::Hash;
use gofer_domain::State;
use gofer_store::{Blobs, Digest, ObjectBlobs};

use crate::blobs::{BlobSource, TOGETHER, copy};
use crate::error::Error;

/// The manifests that a state names, but for those of objects outside the nodes.
pub(crate) fn manifests(state: &State) -> BTreeSet<Digest> {
    let contents = state.objects.iter().map(|(_, _, object)| &object.content);
    contents.filter(|content| content.place.is_none()).map(|content| Digest(content.manifest)).collect()
}

/// Fetches what is not there; answers how much that was, and notes what nobody has.
pub(crate) fn fetch(
    manifests: &BTreeSet<Digest>,
    from: &mut dyn BlobSource,
    into: &Blobs,
    missing: &mut BTreeSet<Hash>,
) -> Result<u64, Error> {
    let mut fetched = 0;
    let mut some = |wanted: &[Digest]| -> Result<(), Error> {
        for wanted in wanted.chunks(TOGETHER) {
            let wanted: Vec<Digest> = wanted.iter().copied().filter(|digest| !into.has(*digest)).collect();
            if wanted.is_empty() {
                continue;
            }
            let absent = from.fetch(&wanted, into).map_err(Error::Blobs)?;
            fetched += (wanted.len() - absent.len()) as u64;
            missing.extend(absent.into_iter().map(|digest| Hash(digest.0)));
        }
        Ok(())
    };
    some(&manifests.iter().copied().collect::<Vec<_>>())?;
    for manifest in manifests.iter().filter(|manifest| into.has(**manifest)) {
        some(&chunks(into, *manifest)?)?;
    }
    Ok(fetched)
}

/// Shows every manifest and chunk, but for those that are known to be missing.
pub(crate) fn each(
    manifests: &BTreeSet<Digest>,
    blobs: &Blobs,
    missing: &BTreeSet<Digest>,
    visit: &mut dyn FnMut(Digest) -> Result<(), Error>,
) -> Result<(), Error> {
    for manifest in manifests.iter().filter(|manifest| !missing.contains(manifest)) {
        visit(*manifest)?;
        for chunk in chunks(blobs, *manifest)?.into_iter().filter(|chunk| !missing.contains(chunk)) {
            visit(chunk)?;
        }
    }
    Ok(())
}

/// Copies what a backup has of them into a data directory; answers how much.
pub(crate) fn restore(
    manifests: &BTreeSet<Digest>,
    from: &Blobs,
    into: &ObjectBlobs,
    missing: &BTreeSet<Digest>,
) -> Result<u64, Error> {
    let mut copied = 0;
    each(manifests, from, missing, &mut |digest| {
        if !into.blobs().has(digest) {
            crate::restore::copy_named(from, digest, into.blobs())?;
            copied += 1;
        }
        Ok(())
    })?;
    Ok(copied)
}

/// The chunks that a manifest names, which must be there.
fn chunks(blobs: &Blobs, manifest: Digest) -> Result<Vec<Digest>, Error> {
    let damaged = |detail: String| Error::damaged(format!("blob {manifest}"), detail);
    let bytes = std::fs::read(blobs.path(manifest)).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => damaged("it is missing".into()),
        _ => Error::io(blobs.path(manifest), error),
    })?;
    let manifest = gofer_store::objects::Manifest::decode(manifest, &bytes);
    let manifest = manifest.map_err(|error| damaged(error.to_string()))?;
    Ok(manifest.chunks().iter().map(|chunk| chunk.digest).collect())
}

/// Copies from whichever of two kinds of blobs has it.
pub(crate) fn copy_from_either(outputs: &Blobs, objects: &Blobs, digest: Digest, into: &Blobs) -> Result<(), Error> {
    match copy(outputs, digest, into) {
        Err(Error::Store(gofer_store::Error::NoBlob(_) | gofer_store::Error::Corrupt { .. })) => {
            copy(objects, digest, into)
        }
        copied => copied,
    }
}
