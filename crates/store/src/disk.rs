//! A look at the disk of a data directory.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Writes that are timed.
const WRITES: usize = 5;
/// Bytes of each.
const WRITE_BYTES: usize = 4096;

/// How a disk does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskReport {
    pub size_bytes: u64,
    /// What this process may still write.
    pub free_bytes: u64,
    /// Median time of a few small writes that were made durable.
    pub sync: Duration,
    /// Why such a write failed.
    pub error: Option<String>,
}

/// Looks at the disk of a directory: writes a small file there a few times, and removes it. Blocks for that long.
#[must_use]
pub fn examine(dir: &Path) -> DiskReport {
    let mut report = DiskReport::default();
    match rustix::fs::statvfs(dir) {
        Ok(disk) => {
            report.size_bytes = disk.f_blocks.saturating_mul(disk.f_frsize);
            report.free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        }
        Err(error) => report.error = Some(io::Error::from(error).to_string()),
    }
    match time_writes(dir) {
        Ok(sync) => report.sync = sync,
        Err(error) => report.error = Some(error.to_string()),
    }
    report
}

fn time_writes(dir: &Path) -> io::Result<Duration> {
    let path = dir.join(format!("examined-{}.tmp", uuid::Uuid::new_v4()));
    let timed = || -> io::Result<Duration> {
        let mut file = File::create(&path)?;
        let mut times = Vec::with_capacity(WRITES);
        for _ in 0..WRITES {
            let start = Instant::now();
            file.write_all(&[0x5a; WRITE_BYTES])?;
            file.sync_data()?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        Ok(times.get(WRITES / 2).copied().unwrap_or_default())
    };
    let result = timed();
    let removed = fs::remove_file(&path);
    result.and_then(|median| removed.map(|()| median))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_looked_at_and_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let report = examine(dir.path());
        assert_eq!(report.error, None);
        assert!(
            report.free_bytes <= report.size_bytes && report.size_bytes > 0 && !report.sync.is_zero(),
            "{report:?}"
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let absent = examine(&dir.path().join("absent"));
        assert!(absent.error.is_some(), "{absent:?}");
    }
}
