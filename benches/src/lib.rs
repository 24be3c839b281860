//! What the benchmarks share: peers to measure against, load, and figures.

pub mod etcd;
pub mod load;
pub mod proposals;
pub mod schedules;
pub mod usage;

use std::time::{Duration, Instant};

use anyhow::Context;

/// Writes and fsyncs 4 KiB blocks in `directory` for a second: the disk's own pace, to read the other figures by.
///
/// # Errors
/// When the disk fails.
pub fn fsync_pace(directory: &std::path::Path) -> anyhow::Result<(Duration, Duration)> {
    use std::io::Write;
    let path = directory.join("fsync-pace");
    let mut file = std::fs::File::create(&path)?;
    let mut took = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        let before = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        took.push(before.elapsed());
    }
    std::fs::remove_file(path)?;
    took.sort();
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().context("no fsync in a second");
    Ok((at(50)?, at(99)?))
}
