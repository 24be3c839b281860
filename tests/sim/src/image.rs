//! What a crash leaves on the disk: a copy of the data directory as it is at that instant.
//!
//! What a process has not handed to the operating system is not in it; that is all a killed process loses. When the
//! power goes, the end of the state's write-ahead log may go too, back to what was synced.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::rng::Rng;

/// How often a copy is made anew because RocksDB was busy in the background.
const TRIES: u32 = 200;

/// Copies a data directory. Files that never change are linked.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 0..TRIES {
        let before = list(from)?;
        let copied = copy_files(from, to, before.keys());
        // A file that vanished or grew meanwhile makes a picture of no instant.
        if copied.is_ok() && list(from)? == before {
            return Ok(());
        }
        fs::remove_dir_all(to)?;
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    Err(io::Error::other(format!("{} never stands still", from.display())))
}

/// All files below a directory, with their sizes.
fn list(dir: &Path) -> io::Result<BTreeMap<PathBuf, u64>> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        for item in fs::read_dir(dir.join(&below))? {
            let item = item?;
            let path = below.join(item.file_name());
            match item.file_type()?.is_dir() {
                true => open.push(path),
                false if !is_noise(&path) => drop(found.insert(path, item.metadata()?.len())),
                false => {}
            }
        }
    }
    Ok(found)
}

/// Whether a file says nothing about the data: RocksDB's own log, and the locks.
fn is_noise(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("LOG") || name == "LOCK" || name == "lock"
}

fn copy_files<'a>(from: &Path, to: &Path, files: impl Iterator<Item = &'a PathBuf>) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for file in files {
        let (source, target) = (from.join(file), to.join(file));
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        match file.extension().is_some_and(|extension| extension == "sst") {
            true => fs::hard_link(source, target)?,
            false => drop(fs::copy(source, target)?),
        }
    }
    // A data directory is known by its lock.
    fs::write(to.join("lock"), b"")
}

/// The newest write-ahead log of the state in a data directory, below it, with its size.
pub(crate) fn state_log(data: &Path) -> Option<(PathBuf, u64)> {
    let state = fs::read_to_string(data.join("CURRENT_STATE")).ok()?;
    let dir = PathBuf::from(state.trim());
    let mut logs: Vec<(PathBuf, u64)> = Vec::new();
    for item in fs::read_dir(data.join(&dir)).ok()? {
        let item = item.ok()?;
        let name = PathBuf::from(item.file_name());
        if name.extension().is_some_and(|extension| extension == "log") {
            logs.push((dir.join(name), item.metadata().ok()?.len()));
        }
    }
    logs.into_iter().max()
}

/// Cuts the newest write-ahead log of the state at random, behind what was synced of it. Older ones were synced when
/// it was begun.
pub(crate) fn lose_power(data: &Path, synced: Option<(PathBuf, u64)>, rng: &mut Rng) -> io::Result<u64> {
    let Some((log, size)) = state_log(data) else { return Ok(0) };
    let least = synced.filter(|(known, _)| *known == log).map_or(0, |(_, size)| size);
    let left = if rng.chance(500) { least } else { rng.range(least.min(size), size) };
    fs::File::options().write(true).open(data.join(log))?.set_len(left.min(size))?;
    Ok(size.saturating_sub(left))
}
