//! When a service asks not to be asked for a while, by GitHub's rules for its limits.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Least, without any word of how long.
const UNSAID: Duration = Duration::from_secs(60);
/// Longest; limits are of an hour, and clocks differ.
const LONGEST: Duration = Duration::from_secs(3660);

/// How long it must be left alone from now on, by the headers of an answer.
pub(super) fn asked_for(headers: &HeaderMap, unix_seconds: u64) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number(RETRY_AFTER.as_str()) {
        return Some(Duration::from_secs(seconds.max(1)).min(LONGEST));
    }
    if number("x-ratelimit-remaining") != Some(0) {
        return None;
    }
    let until_reset = number("x-ratelimit-reset").map(|reset| reset.saturating_sub(unix_seconds).saturating_add(1));
    Some(until_reset.map_or(UNSAID, Duration::from_secs).min(LONGEST))
}

/// The same, of an answer that refuses; none if it refuses for another reason than a limit.
pub(super) fn refused(status: StatusCode, headers: &HeaderMap, said: &str, unix_seconds: u64) -> Option<Duration> {
    let is_limit = match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => said.to_ascii_lowercase().contains("rate limit"),
        _ => false,
    };
    let can_be = is_limit || status == StatusCode::FORBIDDEN || status.is_server_error();
    let asked = asked_for(headers, unix_seconds).filter(|_| can_be);
    asked.or(is_limit.then_some(UNSAID))
}
