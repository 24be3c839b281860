//! The retry policy as authors write it.

use std::time::Duration;

use crate::config::RetryConfig;
use crate::number;

/// How often and how soon a failed attempt is followed by another.
///
/// ```
/// use std::time::Duration;
///
/// use gofer_sdk::Retry;
///
/// let patient = Retry::attempts(5).backoff(Duration::from_secs(2)).multiplier(1.5);
/// let never_twice = Retry::attempts(1).retry_lost(false);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    attempts: u32,
    backoff: Duration,
    backoff_max: Option<Duration>,
    multiplier: f64,
    retry_lost: bool,
}

impl Retry {
    /// Attempts in all, the first included: 1 to 100.
    #[must_use]
    pub fn attempts(attempts: u32) -> Self {
        Self { attempts, backoff: Duration::from_secs(1), backoff_max: None, multiplier: 2.0, retry_lost: true }
    }

    /// Delay before the second attempt; one second unless set.
    #[must_use]
    pub fn backoff(self, backoff: Duration) -> Self {
        Self { backoff, ..self }
    }

    /// Longest delay; one minute unless set, or the backoff if that is longer.
    #[must_use]
    pub fn backoff_max(self, longest: Duration) -> Self {
        Self { backoff_max: Some(longest), ..self }
    }

    /// What each delay is multiplied with to get the next one; 1 to 100 in hundredths, 2 unless set.
    #[must_use]
    pub fn multiplier(self, multiplier: f64) -> Self {
        Self { multiplier, ..self }
    }

    /// Whether an attempt that was lost with its node is followed by another; it is unless set.
    #[must_use]
    pub fn retry_lost(self, retry_lost: bool) -> Self {
        Self { retry_lost, ..self }
    }

    /// None for a multiplier that is not a number of hundredths.
    pub(crate) fn to_config(self) -> Option<RetryConfig> {
        let usual = RetryConfig::default();
        Some(RetryConfig {
            attempts: self.attempts,
            backoff: self.backoff,
            backoff_max: self.backoff_max.unwrap_or(usual.backoff_max.max(self.backoff)),
            multiplier_percent: u32::try_from(number::parts(self.multiplier, 100)?).ok()?,
            retry_lost: self.retry_lost,
        })
    }

    pub(crate) fn factor(self) -> f64 {
        self.multiplier
    }
}
