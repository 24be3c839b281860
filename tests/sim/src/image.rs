//! What a crash leaves on the disk: a copy of the data directory as it is at that instant.
//!
//! What a process has not handed to the operating system is not in it; that is all a killed process loses. When the
//! power goes, the end of the state's write-ahead log may go too, back to what was synced.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gofer_rng::Rng;

/// How often a copy is made anew because RocksDB was busy in the background. With what is waited in between, that is
/// nine seconds: a busy machine may need one.
const TRIES: u32 = 200;

/// Copies a data directory. Files that never change are linked.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut last = String::from("it changes all the time");
    for attempt in 0..TRIES {
        match copy_once(from, to) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            // RocksDB deletes what it needs no more, between a look at a directory and a look at the file as well.
            Err(error) if error.kind() == io::ErrorKind::NotFound => last = error.to_string(),
            Err(error) => return Err(error),
        }
        if to.exists() {
            remove(to)?;
        }
        wait(attempt);
    }
    Err(io::Error::other(format!("{} never stands still: {last}", from.display())))
}

/// Whether what was copied is a picture of one instant: nothing appeared, vanished or grew meanwhile.
fn copy_once(from: &Path, to: &Path) -> io::Result<bool> {
    let before = list(from)?;
    copy_files(from, to, before.keys())?;
    Ok(list(from)? == before)
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

/// Removes the data directory of a process that is gone. A store that is being closed may still make a file in it.
pub(crate) fn remove(dir: &Path) -> io::Result<()> {
    for attempt in 1..TRIES {
        match fs::remove_dir_all(dir) {
            Ok(()) => return Ok(()),
            Err(_) => wait(attempt),
        }
    }
    fs::remove_dir_all(dir)
}

/// Waits before another try, from a fiftieth of what it waits at last.
fn wait(attempt: u32) {
    std::thread::sleep(Duration::from_millis(u64::from(attempt.clamp(1, 50))));
}

/// The newest write-ahead log of the state in a data directory, below it, with its size.
pub(crate) fn state_log(data: &Path) -> Option<(PathBuf, u64)> {
    let state = fs::read_to_string(data.join("CURRENT_STATE")).ok()?;
    let dir = PathBuf::from(state.trim());
    let mut newest = None;
    for item in fs::read_dir(data.join(&dir)).ok()?.flatten() {
        let name = PathBuf::from(item.file_name());
        if name.extension().is_some_and(|extension| extension == "log") {
            // An older one may be deleted while we look; that says nothing about the newest.
            let Ok(metadata) = item.metadata() else { continue };
            newest = newest.max(Some((dir.join(name), metadata.len())));
        }
    }
    newest
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// RocksDB deletes files in the background, now and then between our look at the directory and at the file.
    #[test]
    fn files_that_vanish_are_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let (data, to) = (dir.path().join("data"), dir.path().join("to"));
        fs::create_dir_all(data.join("state-1")).unwrap();
        fs::write(data.join("CURRENT_STATE"), "state-1\n").unwrap();
        fs::write(data.join("state-1/9.log"), "newest").unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            // It stands still now and then, or no copy could be a picture of one instant on a slow machine.
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for number in 1..9 {
                        fs::write(data.join(format!("state-1/{number}.log")), "old").unwrap();
                        fs::remove_file(data.join(format!("state-1/{number}.log"))).unwrap();
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            for _ in 0..300 {
                let copied = copy(&data, &to);
                let newest = state_log(&data);
                if copied.is_err() || newest.is_none() {
                    done.store(true, Ordering::Relaxed);
                }
                copied.unwrap();
                assert_eq!(newest, Some((PathBuf::from("state-1/9.log"), 6)));
                remove(&to).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}
