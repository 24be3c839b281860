//! Files that are there whole or not at all, also after a power loss.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Of a file in the making.
const TEMPORARY: &str = ".tmp";

/// Writes a file beside its final name, makes it durable, and renames it.
///
/// # Errors
/// When it can't be written.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    write_with(path, content, File::options().write(true).create(true).truncate(true))
}

/// Like [`write()`], for what only this user may read.
///
/// # Errors
/// When it can't be written.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), Error> {
    // One that is there already might be readable by others.
    remove(&with_suffix(path, TEMPORARY))?;
    write_with(path, content, File::options().write(true).create_new(true).mode(0o600))
}

fn write_with(path: &Path, content: &[u8], options: &OpenOptions) -> Result<(), Error> {
    let temporary = with_suffix(path, TEMPORARY);
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|error| Error::io(&temporary, error))?;
    rename(&temporary, path)
}

/// Renames, and makes the rename durable.
///
/// # Errors
/// When it can't be renamed.
pub fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|error| Error::io(to, error))?;
    sync_parent(to)
}

/// Makes a directory with all above it, durably.
///
/// # Errors
/// When it can't be made.
pub fn make_dir(path: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> = path.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists()).collect();
    fs::create_dir_all(path).map_err(|error| Error::io(path, error))?;
    missing.into_iter().rev().try_for_each(sync_parent)
}

/// Makes the entries of a path's directory durable.
pub(crate) fn sync_parent(path: &Path) -> Result<(), Error> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync_dir(parent)
}

/// Makes the entries of a directory durable.
///
/// # Errors
/// When they can't be.
pub fn sync_dir(path: &Path) -> Result<(), Error> {
    let sync = || -> io::Result<()> { File::open(path)?.sync_all() };
    sync().map_err(|error| Error::io(path, error))
}

/// Removes a file or a directory with all in it, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io(path, error)),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
