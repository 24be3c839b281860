//! A directory with a file for each secret, in clear text or encrypted with age.
//!
//! The format of encrypted files is age's version 1: <https://age-encryption.org/v1>.

mod decrypt;

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::limits::{ENCRYPTED_BYTES_MAX, VALUE_BYTES_MAX};
use crate::scope::Scope;
use crate::{Value, small_file};

/// What the name of an encrypted file ends with.
const ENCRYPTED: &str = "age";

/// Where files with secrets are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub directory: PathBuf,
    /// File with the keys that decrypt, as `age-keygen` writes it; none: files are in clear text.
    pub identity_file: Option<PathBuf>,
}

/// Files that hold secrets.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    config: Config,
    place: String,
}

impl Files {
    pub(crate) fn new(config: Config) -> Self {
        let place = format!("the directory {}", config.directory.display());
        Self { config, place }
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The file of a secret, without what an encrypted one ends with.
    pub(crate) fn path(&self, scope: Scope<'_>, name: &str) -> PathBuf {
        self.config.directory.join(scope.to_string()).join(name)
    }

    /// What is in the file of a secret; none when there is none.
    ///
    /// # Errors
    /// [`Error`].
    pub(crate) async fn find(&self, scope: Scope<'_>, name: &str) -> Result<Option<Value>, Error> {
        let (files, path) = (self.clone(), self.path(scope, name));
        let read = tokio::task::spawn_blocking(move || files.read(&path)).await;
        read.map_err(|error| self.unavailable(error.to_string()))?
    }

    fn read(&self, path: &Path) -> Result<Option<Value>, Error> {
        if !self.config.directory.is_dir() {
            return Err(self.unavailable("there is no such directory; is it mounted?".into()));
        }
        let encrypted = path.with_extension(ENCRYPTED);
        let value = match (self.open(path)?, self.open(&encrypted)?) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(self.unusable(path, format!("is there with and without .{ENCRYPTED}; remove one of them")));
            }
            (Some(file), None) => self.in_clear(path, file)?,
            (None, Some(file)) => self.decrypted(&encrypted, file)?,
        };
        match value.len() {
            0 => Err(self.unusable(path, "is empty".into())),
            1..=VALUE_BYTES_MAX => Ok(Some(value)),
            _ => Err(self.unusable(path, format!("has more than {VALUE_BYTES_MAX} bytes"))),
        }
    }

    /// A file, if it is there.
    fn open(&self, path: &Path) -> Result<Option<File>, Error> {
        // Anything else could keep the reader waiting.
        let opened = std::fs::metadata(path).and_then(|metadata| match metadata.is_file() {
            true => File::open(path).map(Some),
            false => Err(io::Error::other("it is no file")),
        });
        opened.or_else(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            io::ErrorKind::PermissionDenied => Err(Error::Denied {
                place: self.place.clone(),
                path: path.display().to_string(),
                help: "let the user that the node runs as read the file, and enter its directories",
            }),
            _ => Err(self.unavailable(format!("{}: {error}", path.display()))),
        })
    }

    fn in_clear(&self, path: &Path, file: File) -> Result<Value, Error> {
        let failed = |error: io::Error| self.unavailable(format!("{}: {error}", path.display()));
        if is_open_to_all(&file.metadata().map_err(failed)?) {
            return Err(self.unusable(path, "can be read or changed by everybody on the machine; `chmod o=` it".into()));
        }
        small_file::read_open(file, VALUE_BYTES_MAX as u64 + 1).map_err(failed)
    }

    fn decrypted(&self, path: &Path, file: File) -> Result<Value, Error> {
        let Some(keys) = &self.config.identity_file else {
            return Err(self.unusable(path, "is encrypted; name an identity-file in the node's configuration".into()));
        };
        let bytes = small_file::read_open(file, ENCRYPTED_BYTES_MAX)
            .map_err(|error| self.unavailable(format!("{}: {error}", path.display())))?;
        let keys = decrypt::Keys::read(keys)
            .map_err(|why| self.unavailable(format!("can't use the keys in {}: {why}", keys.display())))?;
        keys.decrypt(&bytes).map_err(|why| self.unusable(path, why))
    }

    fn unavailable(&self, why: String) -> Error {
        Error::Unavailable { place: self.place.clone(), why }
    }

    fn unusable(&self, path: &Path, why: String) -> Error {
        Error::Unusable { place: self.place.clone(), path: path.display().to_string(), why }
    }
}

/// Whether users may use a file that neither own it nor are in its group.
fn is_open_to_all(metadata: &std::fs::Metadata) -> bool {
    metadata.permissions().mode() & 0o007 != 0
}

#[cfg(test)]
mod tests;
