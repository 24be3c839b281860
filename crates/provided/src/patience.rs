//! How long something is tried again: pauses that grow, what a service asks for, and an end.

use std::time::{Duration, Instant};

/// How often, how long in all, and between which pauses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) tries: u32,
    pub(crate) in_all: Duration,
    pub(crate) first: Duration,
    pub(crate) most: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { tries: 8, in_all: seconds(300), first: Duration::from_millis(500), most: seconds(60) }
    }
}

/// Tries so far.
#[derive(Debug)]
pub(crate) struct Patience {
    limits: Limits,
    tries: u32,
    began: Instant,
}

impl Patience {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, tries: 0, began: Instant::now() }
    }

    /// How long to wait before the next try, after one that failed; `asked` is what the service said of that.
    ///
    /// # Errors
    /// Why there is none, in words that go on from "it is not tried again, as".
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Result<Duration, String> {
        self.tries += 1;
        if self.tries >= self.limits.tries {
            return Err(format!("it was tried {} times", self.tries));
        }
        let grown = self.limits.first.saturating_mul(1 << (self.tries - 1).min(16)).min(self.limits.most);
        // So that many tasks which failed together do not come together again.
        let spread = grown.mul_f64(0.75 + fastrand::f64() / 2.0);
        let pause = spread.max(asked.unwrap_or_default());
        let left = self.limits.in_all.saturating_sub(self.began.elapsed());
        if pause > left {
            return Err(match asked {
                Some(asked) => format!("it asks to wait {asked:?}, and {left:.0?} are left"),
                None => format!("the {:?} that it may take are over", self.limits.in_all),
            });
        }
        Ok(pause)
    }
}

/// What a header `Retry-After` says: seconds, or an instant.
pub(crate) fn retry_after(value: &str, now: jiff::Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let mut patience = Patience::new(Limits { tries: 4, ..Limits::default() });
        let pauses: Vec<Duration> = (0..3).map(|_| patience.next(None).unwrap()).collect();
        for (pause, base) in pauses.iter().zip([500, 1_000, 2_000]) {
            let base = Duration::from_millis(base);
            assert!((base.mul_f64(0.75)..=base.mul_f64(1.25)).contains(pause), "{pause:?} around {base:?}");
        }
        assert_eq!(patience.next(None), Err("it was tried 4 times".into()));
    }

    #[test]
    fn what_a_service_asks_for_is_honoured_while_there_is_time() {
        let mut patience = Patience::new(Limits::default());
        let asked = Duration::from_secs(20);
        assert_eq!(patience.next(Some(asked)), Ok(asked));
        let refused = patience.next(Some(Duration::from_secs(3600))).unwrap_err();
        assert!(refused.starts_with("it asks to wait 3600s"), "{refused}");
    }

    #[test]
    fn retry_after_is_seconds_or_an_instant() {
        let now: jiff::Timestamp = "2015-10-21T07:27:30Z".parse().unwrap();
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:27:00 GMT", now), Some(Duration::ZERO));
        for bad in ["", "soon", "-1", "1.5"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }
}
