//! Decrypts files that age made.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use age::armor::ArmoredReader;
use age::{Decryptor, Identity, IdentityFile};

use super::is_open_to_all;
use crate::Value;
use crate::limits::{TOKEN_BYTES_MAX, VALUE_BYTES_MAX};
use crate::small_file;

/// Keys that decrypt.
pub(super) struct Keys(Vec<Box<dyn Identity + Send + Sync>>);

impl Keys {
    /// The keys of a file, as `age-keygen` writes it: a line for each, and comments.
    ///
    /// # Errors
    /// Why it can't be used.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = |error: io::Error| error.to_string();
        let file = File::open(path).map_err(text)?;
        if is_open_to_all(&file.metadata().map_err(text)?) {
            return Err("everybody on the machine may read or change it; `chmod o=` it".into());
        }
        let bytes = small_file::read_open(file, TOKEN_BYTES_MAX).map_err(text)?;
        let keys = IdentityFile::from_buffer(bytes.as_slice()).map_err(text)?;
        let keys = keys.into_identities().map_err(|error| error.to_string())?;
        if keys.is_empty() { Err("it holds none".into()) } else { Ok(Self(keys)) }
    }

    /// What was encrypted for one of the keys; a byte more than a value may have at most.
    ///
    /// # Errors
    /// What is wrong with a file, to come after its name.
    pub(super) fn decrypt(&self, encrypted: &[u8]) -> Result<Value, String> {
        let decryptor = Decryptor::new_buffered(ArmoredReader::new(encrypted))
            .map_err(|error| format!("is no file that age made: {error}"))?;
        if decryptor.is_scrypt() {
            return Err("is encrypted with a passphrase; encrypt it for a key (`age -r`)".into());
        }
        let keys = self.0.iter().map(|key| key.as_ref() as &dyn Identity);
        let reader = decryptor.decrypt(keys).map_err(|error| format!("can't be decrypted: {error}"))?;
        let mut value = Value::new(Vec::with_capacity(VALUE_BYTES_MAX + 1));
        let read = reader.take(VALUE_BYTES_MAX as u64 + 1).read_to_end(&mut value);
        read.map_err(|error| format!("can't be decrypted: {error}"))?;
        Ok(value)
    }
}
