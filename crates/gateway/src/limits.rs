//! Bounds of the gRPC side, and how long a call may take.

use std::time::Duration;

use tokio::time::Instant;
use tonic::metadata::MetadataMap;

/// Largest message of the public API, in and out, in bytes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest message of the object service, in bytes: the largest chunk with room for its frame.
pub(crate) const OBJECT_MESSAGE_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Largest message between nodes, in bytes: the largest command with room for its frame.
pub(crate) const PEER_MESSAGE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most calls that one connection may have open; more of them wait.
pub(crate) const CALLS_PER_CONNECTION: u32 = 4_096;
/// Most headers of a call, in bytes.
pub(crate) const HEADERS_BYTES_MAX: u32 = 32 * 1024;
/// Pieces in which files and blobs travel, in bytes.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;
/// Largest such piece that is taken.
pub(crate) const CHUNK_BYTES_MAX: usize = 1024 * 1024;
/// So many bytes of items end a page or a batch; one more item may go over.
pub(crate) const BATCH_BYTES: usize = 1024 * 1024;
/// Time for a call that names none.
pub(crate) const DEADLINE_DEFAULT: Duration = Duration::from_secs(30);
/// Longest time for a call, whatever it asks for.
pub(crate) const DEADLINE_MAX: Duration = Duration::from_secs(300);
/// Items of a page when none are asked for.
pub(crate) const PAGE_DEFAULT: usize = 100;
/// Most items of a page.
pub(crate) const PAGE_MAX: usize = 1_000;

/// When the answer to a call must be on its way: a little before its caller gives up, so that it learns why.
pub(crate) fn deadline(metadata: &MetadataMap) -> Instant {
    let asked = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(parse_timeout);
    let time = asked.unwrap_or(DEADLINE_DEFAULT).min(DEADLINE_MAX);
    Instant::now() + time.saturating_sub((time / 20).min(Duration::from_millis(100)))
}

/// gRPC's `TimeoutValue TimeoutUnit`: at most eight digits and one of `HMSmun`.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(value * 3600),
        "M" => Duration::from_secs(value * 60),
        "S" => Duration::from_secs(value),
        "m" => Duration::from_millis(value),
        "u" => Duration::from_micros(value),
        "n" => Duration::from_nanos(value),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_read_as_grpc_writes_it() {
        assert_eq!(parse_timeout("5S"), Some(Duration::from_secs(5)));
        assert_eq!(parse_timeout("1500m"), Some(Duration::from_millis(1500)));
        assert_eq!(parse_timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for bad in ["", "S", "5", "5s", "-1S", "123456789S", "1é"] {
            assert_eq!(parse_timeout(bad), None, "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_deadline_is_bounded_and_leaves_time_to_answer() {
        let mut metadata = MetadataMap::new();
        let in_ms = |metadata: &MetadataMap| (deadline(metadata) - Instant::now()).as_millis();
        assert!((29_000..30_000).contains(&in_ms(&metadata)));
        metadata.insert("grpc-timeout", "99999999S".parse().unwrap());
        assert!((299_000..300_000).contains(&in_ms(&metadata)));
        metadata.insert("grpc-timeout", "1S".parse().unwrap());
        assert!((900..=950).contains(&in_ms(&metadata)));
    }
}
