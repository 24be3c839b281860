//! When to send what has gathered: the more is on its way, the more a batch waits for company.
//!
//! A batch costs about as much work as dozens of its commands, and under load there are always some commands at hand.
//! Sent as soon as may be, they would make many small batches, and the work for those would slow all of them down. So a
//! batch goes while something else is on its way only once it holds as many commands as that. A lone command never
//! waits, few clients are not held up, and with many of them two large batches take turns.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What one sender has on its way. Cloning is cheap; all clones are the same sender.
#[derive(Clone, Debug)]
pub(super) struct Pace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    batches_max: usize,
    on_the_way: Mutex<OnTheWay>,
    /// Something has arrived.
    arrived: Notify,
}

#[derive(Debug, Default)]
struct OnTheWay {
    batches: usize,
    commands: usize,
}

/// A batch on its way; dropped when it has arrived.
#[derive(Debug)]
pub struct Turn {
    pace: Pace,
    commands: usize,
}

impl Pace {
    /// At most `batches_max` batches are on their way at once.
    pub(super) fn new(batches_max: usize) -> Self {
        Self(Arc::new(Inner { batches_max, on_the_way: Mutex::default(), arrived: Notify::new() }))
    }

    /// Says whether a batch of so many commands goes now; it is on its way until the turn is dropped. What `is_full`
    /// can't get more company.
    pub(super) fn start(&self, commands: usize, is_full: bool) -> Option<Turn> {
        let mut now = self.on_the_way();
        if now.batches >= self.0.batches_max || (commands < now.commands && !is_full) {
            return None;
        }
        now.batches += 1;
        now.commands += commands;
        Some(Turn { pace: self.clone(), commands })
    }

    /// Returns when a batch has arrived since the last call. There must be one caller at a time.
    pub(super) async fn arrived(&self) {
        self.0.arrived.notified().await;
    }

    fn on_the_way(&self) -> MutexGuard<'_, OnTheWay> {
        // Each change is whole before anything can panic.
        self.0.on_the_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut now = self.pace.on_the_way();
        now.batches -= 1;
        now.commands -= self.commands;
        drop(now);
        self.pace.0.arrived.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[test]
    fn a_batch_waits_until_it_has_as_much_as_is_on_its_way() {
        let pace = Pace::new(3);
        let first = pace.start(1, false).unwrap();
        let second = pace.start(1, false).unwrap();
        assert!(pace.start(1, false).is_none(), "two are on their way");
        let third = pace.start(2, false).unwrap();
        assert!(pace.start(100, true).is_none(), "three batches are the most");
        drop((first, second, third));
        assert!(pace.start(1, false).is_some(), "nothing is on its way");
    }

    #[test]
    fn a_full_batch_does_not_wait_for_more() {
        let pace = Pace::new(2);
        let _large = pace.start(100, true).unwrap();
        assert!(pace.start(40, false).is_none());
        assert!(pace.start(40, true).is_some());
    }

    #[tokio::test]
    async fn an_arrival_wakes_who_waits_and_one_that_came_before_is_not_missed() {
        let pace = Pace::new(1);
        drop(pace.start(1, false).unwrap());
        timeout(Duration::from_secs(5), pace.arrived()).await.unwrap();
        let turn = pace.start(1, false).unwrap();
        let waiting = tokio::spawn({
            let pace = pace.clone();
            async move { pace.arrived().await }
        });
        tokio::task::yield_now().await;
        drop(turn);
        timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    }
}
