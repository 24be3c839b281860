//! Looks through every byte of every file for what must not be there.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// What is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Needle {
    pub(crate) name: String,
    bytes: Vec<u8>,
}

impl Needle {
    pub(crate) fn new(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), bytes: bytes.to_vec() }
    }

    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        let Some(first) = self.bytes.first() else { return false };
        let mut rest = text;
        while let Some(at) = rest.iter().position(|byte| byte == first) {
            rest = &rest[at..];
            if rest.starts_with(&self.bytes) {
                return true;
            }
            rest = &rest[1..];
        }
        false
    }
}

/// A value as it is, and as the usual encodings have it.
pub(crate) fn needles(value: &[u8]) -> Vec<Needle> {
    let shown = String::from_utf8_lossy(value.get(..6).unwrap_or(value)).into_owned();
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let encoded = STANDARD_NO_PAD.encode(value);
    // Where it stands in the middle of something else.
    let shifted = STANDARD_NO_PAD.encode([b"x", value].concat());
    let mut found = vec![
        Needle::new(&format!("{shown}..."), value),
        Needle::new(&format!("{shown}... in hex"), hex.as_bytes()),
        Needle::new(&format!("{shown}... in base64"), &encoded.as_bytes()[..encoded.len() - 2]),
        Needle::new(&format!("{shown}... in shifted base64"), &shifted.as_bytes()[2..shifted.len() - 2]),
    ];
    // A half of it would be too much, too.
    found.push(Needle::new(&format!("{shown}..., its end"), &value[value.len() / 2..]));
    found
}

/// The files below a directory that hold a needle, as they are or once decompressed, each with what was found.
pub(crate) fn find(directory: &Path, needles: &[Needle]) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for path in entries(&directory) {
            // Nodes that run delete files meanwhile.
            let Ok(kind) = std::fs::symlink_metadata(&path).map(|found| found.file_type()) else { continue };
            if kind.is_dir() {
                directories.push(path);
            } else if kind.is_file()
                && let Ok(bytes) = std::fs::read(&path)
            {
                let unpacked = zstd::decode_all(&bytes[..]).unwrap_or_default();
                let holds = |needle: &&Needle| needle.is_in(&bytes) || needle.is_in(&unpacked);
                if let Some(needle) = needles.iter().find(holds) {
                    found.push(format!("{}: {}", path.display(), needle.name));
                }
            }
        }
    }
    found
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}
