//! Sealing: an attempt's output becomes a blob that a majority of the voters holds, before the log names it.
//!
//! The blob is the driver's framed log, compressed with zstd. Sealing the same log again gives the same blob.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use gofer_consensus::Work;
use gofer_domain::run::LogRef;
use gofer_drivers::logfile::{Reader, Stream};
use gofer_drivers::{Driver, Error};
use gofer_store::Store;
use tokio::time::Instant;
use tracing::{error, warn};

use crate::context::{Backoff, Context};
use crate::spec::Placed;

const LEVEL: i32 = 3;
/// Bytes of log that one permit of [`Context::seal_memory`] stands for.
const MEMORY_UNIT: u64 = 64 << 10;
/// Permits in all: 128 MiB.
pub(crate) const MEMORY_UNITS: u32 = 2048;

/// What of a log can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extent {
    /// Where the last whole record ends in the file.
    end: u64,
    /// Bytes that the program wrote.
    output: u64,
    truncated: bool,
}

/// Seals the output of an attempt that has ended. None: there was none, or it could not be kept in the time allowed;
/// an attempt must not stay open for ever for want of its output.
pub(crate) async fn seal(context: &Context, driver: &dyn Driver, placed: &Placed) -> Option<LogRef> {
    let deadline = Instant::now() + context.config.seal_patience;
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
    let path = driver.log_path(placed.id());
    // Compressed logs are in memory for a moment; many large ones at a time take turns.
    let host = &context.parts.host;
    let measured = path.clone();
    let size = host.blocking(Work::Seal, move || std::fs::metadata(measured).map_or(0, |file| file.len())).await;
    let size = size.unwrap_or(0);
    let share = u32::try_from(size / MEMORY_UNIT).unwrap_or(u32::MAX).clamp(1, MEMORY_UNITS);
    let memory = context.seal_memory.acquire_many(share).await;
    let log = loop {
        let (store, path) = (context.parts.store.clone(), path.clone());
        let most = placed.spec.log_bytes_max;
        let why = match host.blocking(Work::Seal, move || keep(&store, &path, most)).await {
            Ok(Ok(log)) => break log?,
            Ok(Err(why)) => why,
            Err(broken) => broken.to_string(),
        };
        retry(placed, why, deadline, &mut backoff).await?;
    };
    drop(memory);
    while let Err(why) = context.parts.replicate.replicate(log.digest).await {
        retry(placed, why.to_string(), deadline, &mut backoff).await?;
    }
    Some(log)
}

/// None when there is no time left.
async fn retry(placed: &Placed, why: String, deadline: Instant, backoff: &mut Backoff) -> Option<()> {
    if Instant::now() >= deadline {
        error!(attempt = %placed.key, why, "the output of an attempt could not be kept and is lost");
        return None;
    }
    warn!(attempt = %placed.key, why, "the output of an attempt can't be kept yet");
    backoff.pause().await;
    Some(())
}

/// Puts a log into the local store. Blocks on the disk.
fn keep(store: &Store, path: &Path, most: u64) -> Result<Option<LogRef>, String> {
    let told = |error: &dyn std::error::Error| match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    let Some(extent) = measure(path, most).map_err(|error| told(&error))? else { return Ok(None) };
    let compressed = compress(path, extent.end).map_err(|error| format!("the log can't be compressed: {error}"))?;
    let digest = store.blobs().put(&compressed).map_err(|error| told(&error))?;
    Ok(Some(LogRef { digest: digest.0, bytes: extent.output, truncated: extent.truncated }))
}

/// Reads a log through. None when there is none, or nothing in it.
fn measure(path: &Path, most: u64) -> Result<Option<Extent>, Error> {
    let mut reader = match Reader::open(path, 0) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut extent = Extent::default();
    loop {
        match reader.next() {
            Ok(Some(record)) => {
                match record.stream {
                    Stream::Stdout | Stream::Stderr => extent.output += record.bytes.len() as u64,
                    Stream::Notice => extent.truncated |= extent.output >= most,
                }
                extent.end = reader.offset();
            }
            Ok(None) => break,
            // What comes before the damage is worth keeping, and the damage won't go away.
            Err(damage @ Error::Corrupt { .. }) => {
                error!(%damage, "a log is kept up to where it is damaged");
                extent.truncated = true;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok((extent.end > 0).then_some(extent))
}

/// Bounded by the size of the compressed log, which the limit on output bounds.
fn compress(path: &Path, end: u64) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
    encoder.include_checksum(true)?;
    io::copy(&mut File::open(path)?.take(end), &mut encoder)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gofer_drivers::logfile::Writer;
    use std::io::Write as _;

    #[test]
    fn a_log_is_measured_and_compressed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        assert_eq!(measure(&path, 10).unwrap(), None, "no file");
        let mut writer = Writer::open(&path, 10).unwrap();
        assert_eq!(measure(&path, 10).unwrap(), None, "an empty one");
        writer.append(Stream::Stdout, 1, b"hello").unwrap();
        let whole = measure(&path, 10).unwrap().unwrap();
        assert_eq!((whole.output, whole.truncated), (5, false));
        writer.append(Stream::Stderr, 2, b"more than is allowed").unwrap();
        let cut = measure(&path, 10).unwrap().unwrap();
        assert_eq!((cut.output, cut.truncated), (10, true));
        let bytes = compress(&path, cut.end).unwrap();
        assert_eq!(zstd::decode_all(&bytes[..]).unwrap(), std::fs::read(&path).unwrap());
        assert_eq!(bytes, compress(&path, cut.end).unwrap(), "the same again");
    }

    #[test]
    fn a_damaged_log_is_kept_up_to_the_damage() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        Writer::open(&path, 100).unwrap().append(Stream::Stdout, 1, b"good").unwrap();
        let end = measure(&path, 100).unwrap().unwrap().end;
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(&[9; 40]).unwrap();
        let extent = measure(&path, 100).unwrap().unwrap();
        assert_eq!(extent, Extent { end, output: 4, truncated: true });
    }
}
