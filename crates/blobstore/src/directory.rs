//! A directory that all nodes mount.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use object_store::local::LocalFileSystem;

use crate::error::Error;
use crate::marker::unhex;
use crate::store::{FOLDERS, FolderId, Swept};

/// The directory; what is written is durable. It is never made, as one that is missing may be one that is not mounted.
pub(crate) fn open(dir: &Path) -> Result<LocalFileSystem, Error> {
    let metadata = fs::metadata(dir).map_err(|error| Error::io(&dir.display().to_string(), &error))?;
    if !metadata.is_dir() {
        return Err(Error::Absent(format!("{} is no directory", dir.display())));
    }
    let opened = LocalFileSystem::new_with_prefix(dir);
    Ok(opened.map_err(|error| crate::error::of_request(&dir.display().to_string(), &error))?.with_fsync(true))
}

/// Removes the folders that are not named, and in which everything was written before a time: also what was left by a node
/// that died while it wrote.
pub(crate) fn sweep(dir: &Path, named: &BTreeSet<FolderId>, before: SystemTime) -> Result<Swept, Error> {
    let folders = dir.join(FOLDERS);
    let failed = |error: &io::Error| Error::io(&folders.display().to_string(), error);
    let mut swept = Swept::default();
    let entries = match fs::read_dir(&folders) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(swept),
        Err(error) => return Err(failed(&error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| failed(&error))?;
        // What is named otherwise is not ours.
        let Some(id) = entry.file_name().to_str().and_then(unhex).map(FolderId) else { continue };
        if named.contains(&id) {
            swept.kept += 1;
            continue;
        }
        match remove(&entry.path(), before) {
            Ok(Some(bytes)) => {
                swept.removed += 1;
                swept.bytes += bytes;
            }
            Ok(None) => swept.kept += 1,
            // Somebody else removed it, or part of it, at the same time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(&entry.path().display().to_string(), &error)),
        }
    }
    Ok(swept)
}

fn remove(folder: &Path, before: SystemTime) -> io::Result<Option<u64>> {
    let mut bytes = 0;
    if fs::symlink_metadata(folder)?.modified()? >= before {
        return Ok(None);
    }
    for entry in fs::read_dir(folder)? {
        let file = entry?.metadata()?;
        if file.modified()? >= before {
            return Ok(None);
        }
        bytes += file.len();
    }
    fs::remove_dir_all(folder)?;
    Ok(Some(bytes))
}
