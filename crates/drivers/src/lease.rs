//! The node's lease as a file: until when the programs of this node may run.
//!
//! The node replaces the file whenever its lease is renewed; shims and the guard read it and kill what runs once the
//! deadline has passed, so that programs end with the lease even when the node hangs or is gone. The clock is
//! `CLOCK_BOOTTIME`, which no one can set and which goes on while the machine sleeps. It starts anew at each boot, so
//! the file names the boot; a lease of another boot has run out.

use std::io;
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

use crate::launch_dir::write_atomic;

/// Milliseconds of `CLOCK_BOOTTIME`.
#[must_use]
pub fn now_ms() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000_000
}

/// Sets the deadline, in milliseconds of [`now_ms`]; 0 ends the lease.
///
/// # Errors
/// When the file can't be written. The old deadline then holds.
pub fn write(path: &Path, deadline_ms: u64) -> io::Result<()> {
    // Not synced: after a crash of the machine, this boot's deadline is worth nothing.
    write_atomic(path, format!("{deadline_ms} {}\n", boot_id()).as_bytes(), false)
}

/// The deadline, in milliseconds of [`now_ms`]; 0 when it is of another boot.
///
/// # Errors
/// When the file can't be read or is no lease.
pub fn read(path: &Path) -> io::Result<u64> {
    let text = std::fs::read_to_string(path)?;
    let mut words = text.split_whitespace();
    let deadline = words
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no deadline in the lease file"))?;
    Ok(if words.next().is_none_or(|boot| boot == boot_id()) { deadline } else { 0 })
}

fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// A watcher's view of the lease file.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    path: &'a Path,
    /// The last deadline that could be read: an unreadable file neither prolongs nor ends the lease.
    deadline_ms: u64,
}

impl<'a> Watch<'a> {
    /// A lease that was never readable has run out.
    pub(crate) fn new(path: &'a Path) -> Self {
        Self { path, deadline_ms: 0 }
    }

    pub(crate) fn has_run_out(&mut self) -> bool {
        if let Ok(deadline_ms) = read(self.path) {
            self.deadline_ms = deadline_ms;
        }
        now_ms() > self.deadline_ms
    }
}

#[cfg(test)]
mod tests {
    use super::{Watch, now_ms, read, write};

    #[test]
    fn a_lease_runs_out_and_is_renewed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease");
        let mut watch = Watch::new(&path);
        assert!(watch.has_run_out(), "no file");
        write(&path, now_ms() + 60_000).unwrap();
        assert!(!watch.has_run_out());
        std::fs::remove_file(&path).unwrap();
        assert!(!watch.has_run_out(), "the last deadline holds");
        write(&path, 0).unwrap();
        assert!(watch.has_run_out());
    }

    #[test]
    fn a_lease_of_another_boot_has_run_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease");
        std::fs::write(&path, format!("{} another-boot\n", now_ms() + 60_000)).unwrap();
        assert_eq!(read(&path).unwrap(), 0);
        std::fs::write(&path, "77\n").unwrap();
        assert_eq!(read(&path).unwrap(), 77, "without a boot id the deadline alone counts");
        std::fs::write(&path, "soon").unwrap();
        assert!(read(&path).is_err());
    }

    #[test]
    fn a_damaged_lease_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease");
        write(&path, 12_345).unwrap();
        let valid = std::fs::read(&path).unwrap();
        gofer_fuzz::fuzz_some("lease", &[valid], 1000, |bytes| {
            std::fs::write(&path, bytes).unwrap();
            let _ = read(&path);
        });
    }
}
