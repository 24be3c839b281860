//! The mark of a data directory that is being made or made over from outside: until that is done, no node runs on it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::durable;
use crate::error::Error;

pub(crate) const FILE: &str = "UNFINISHED";
/// The mark in the making.
pub(crate) const TEMPORARY: &str = "UNFINISHED.tmp";

/// Marks a directory, durably, before anything in it is changed. `what` is the command that goes on with it, and what
/// that has to know, in a line.
///
/// # Errors
/// When it can't be written.
pub fn mark(dir: &Path, what: &str) -> Result<(), Error> {
    durable::write(&dir.join(FILE), what.as_bytes())
}

/// What a directory is marked with.
///
/// # Errors
/// When it can't be read.
pub fn read(dir: &Path) -> Result<Option<String>, Error> {
    let path = dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path, error)),
    }
}

/// Takes the mark away, once all else is durable.
///
/// # Errors
/// When it can't be removed.
pub fn clear(dir: &Path) -> Result<(), Error> {
    let path = dir.join(FILE);
    durable::remove(&path)?;
    durable::sync_parent(&path)
}

/// Refuses a directory that is marked.
pub(crate) fn check(dir: &Path) -> Result<(), Error> {
    match read(dir)? {
        None => Ok(()),
        Some(what) => {
            let what = what.lines().next().unwrap_or_default().to_owned();
            Err(Error::Unfinished { path: dir.to_owned(), what })
        }
    }
}
