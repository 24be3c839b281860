//! Files that fit in memory.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

/// A file of so many bytes at most.
///
/// # Errors
/// What is wrong with it, without its name.
pub(crate) fn read(path: &Path, bytes_max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    read_open(File::open(path)?, bytes_max)
}

/// What is left of a file, so many bytes at most.
pub(crate) fn read_open(file: File, bytes_max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    // All at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(bytes_max).unwrap_or(usize::MAX) + 1));
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("it has more than {bytes_max} bytes")));
    }
    Ok(bytes)
}

/// The text of a small file, without white space around it.
///
/// # Errors
/// What is wrong with it, without its name.
pub(crate) fn read_text(path: &Path, bytes_max: u64) -> io::Result<Zeroizing<String>> {
    let bytes = read(path, bytes_max)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| io::Error::other("it is no text"))?;
    match text.trim() {
        "" => Err(io::Error::other("it is empty")),
        trimmed => Ok(Zeroizing::new(trimmed.to_owned())),
    }
}
