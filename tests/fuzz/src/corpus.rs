//! Inputs that are kept: what once hurt a decoder, and whatever else somebody puts there.

use std::fs;
use std::path::PathBuf;

fn dir(target: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus")).join(target)
}

/// All inputs of a target, in the order of their names.
pub(crate) fn read(target: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(dir(target)) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().filter_map(|path| fs::read(path).ok()).collect()
}

/// Keeps an input; says where.
pub(crate) fn keep(target: &str, input: &[u8]) -> String {
    // FNV-1a: all that is wanted is a name that is the same for the same bytes.
    let name = input
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let path = dir(target).join(format!("{name:016x}"));
    match fs::create_dir_all(dir(target)).and_then(|()| fs::write(&path, input)) {
        Ok(()) => path.display().to_string(),
        Err(error) => format!("no file, as {} can't be written: {error}", path.display()),
    }
}
