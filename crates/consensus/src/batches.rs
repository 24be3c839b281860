//! Many callers, few batches: what waits in a queue becomes batches that grow with the load.
//!
//! [`Batches`] gathers; its `Pace` says when what was gathered may go.

use std::fmt;

use tokio::sync::mpsc;

pub use pace::Turn;

use pace::Pace;

mod pace;

/// How often the tasks that are ready run before a batch goes: one to be polled for its request, one to hand it in, and
/// those that these wake.
const YIELDS: usize = 3;

/// What can share a batch with others of its kind.
pub trait Batched {
    /// Commands that it brings.
    fn commands(&self) -> usize;
    /// Bytes of them.
    fn bytes(&self) -> usize;
    /// Whether it may be in one batch with `other`.
    fn goes_with(&self, other: &Self) -> bool;
    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool;
}

/// Bounds of the batches. A single call that is larger than a batch still goes, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Most commands of a batch.
    pub commands: usize,
    /// Most bytes of a batch.
    pub bytes: usize,
    /// Most batches on their way at once.
    pub on_the_way: usize,
}

/// Makes batches of what comes through a queue.
pub struct Batches<C> {
    calls: mpsc::Receiver<C>,
    /// A call that did not fit into the batch before.
    held: Option<C>,
    pace: Pace,
    limits: BatchLimits,
}

impl<C> fmt::Debug for Batches<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What goes into the next batch.
struct Gathered<C> {
    calls: Vec<C>,
    commands: usize,
    bytes: usize,
}

impl<C: Batched> Batches<C> {
    /// Batches of what comes through `calls`.
    #[must_use]
    pub fn new(calls: mpsc::Receiver<C>, limits: BatchLimits) -> Self {
        Self { calls, held: None, pace: Pace::new(limits.on_the_way), limits }
    }

    /// The next batch, once it may go; it counts as on its way until the turn is dropped. Calls that nobody waits for
    /// any more are left out. None once the queue is closed and empty.
    pub async fn next(&mut self) -> Option<(Vec<C>, Turn)> {
        loop {
            let first = match self.held.take() {
                Some(call) => call,
                None => self.calls.recv().await?,
            };
            let mut batch = Gathered { commands: first.commands(), bytes: first.bytes(), calls: vec![first] };
            let turn = self.wait_for_turn(&mut batch).await;
            batch.calls.retain(C::is_wanted);
            if !batch.calls.is_empty() {
                return Some((batch.calls, turn));
            }
        }
    }

    /// Adds what comes until the batch may go.
    async fn wait_for_turn(&mut self, batch: &mut Gathered<C>) -> Turn {
        loop {
            // Calls that were read from their connections but did not run so far join this batch, not the next one.
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
            while self.held.is_none()
                && let Ok(call) = self.calls.try_recv()
            {
                self.add(batch, call);
            }
            if let Some(turn) = self.pace.start(batch.commands, self.held.is_some()) {
                return turn;
            }
            tokio::select! {
                () = self.pace.arrived() => {}
                Some(call) = self.calls.recv(), if self.held.is_none() => self.add(batch, call),
            }
        }
    }

    /// Adds a call, or holds it for the next batch if it can't join this one.
    fn add(&mut self, batch: &mut Gathered<C>, call: C) {
        let (commands, bytes) = (batch.commands + call.commands(), batch.bytes + call.bytes());
        let fits = commands <= self.limits.commands && bytes <= self.limits.bytes;
        if fits && batch.calls.first().is_none_or(|first| call.goes_with(first)) {
            (batch.commands, batch.bytes) = (commands, bytes);
            batch.calls.push(call);
        } else {
            self.held = Some(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Letter {
        to: char,
        commands: usize,
        is_wanted: bool,
    }

    impl Batched for Letter {
        fn commands(&self) -> usize {
            self.commands
        }

        fn bytes(&self) -> usize {
            self.commands * 10
        }

        fn goes_with(&self, other: &Self) -> bool {
            self.to == other.to
        }

        fn is_wanted(&self) -> bool {
            self.is_wanted
        }
    }

    fn letter(to: char, commands: usize) -> Letter {
        Letter { to, commands, is_wanted: true }
    }

    async fn sizes(letters: Vec<Letter>, limits: BatchLimits) -> Vec<Vec<usize>> {
        let (queue, calls) = mpsc::channel(letters.len());
        for letter in letters {
            queue.send(letter).await.unwrap();
        }
        drop(queue);
        let mut batches = Batches::new(calls, limits);
        let mut sizes = Vec::new();
        while let Some((batch, _arrived_at_once)) = batches.next().await {
            sizes.push(batch.iter().map(|letter| letter.commands).collect());
        }
        sizes
    }

    const LIMITS: BatchLimits = BatchLimits { commands: 4, bytes: 1000, on_the_way: 1 };

    #[tokio::test]
    async fn a_batch_has_what_fits_and_goes_to_the_same_place() {
        let letters = [('a', 1), ('a', 2), ('a', 2), ('b', 1), ('a', 9), ('a', 1)];
        let letters = letters.map(|(to, commands)| letter(to, commands)).into();
        assert_eq!(sizes(letters, LIMITS).await, [vec![1, 2], vec![2], vec![1], vec![9], vec![1]]);
        let limits = BatchLimits { bytes: 20, ..LIMITS };
        assert_eq!(sizes(vec![letter('a', 1), letter('a', 1), letter('a', 1)], limits).await, [vec![1, 1], vec![1]]);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_left_out() {
        let gone = |commands| Letter { is_wanted: false, ..letter('a', commands) };
        assert_eq!(sizes(vec![gone(4), gone(1), letter('a', 2), gone(1)], LIMITS).await, [vec![2]]);
    }

    #[tokio::test]
    async fn what_comes_while_another_is_on_its_way_becomes_one_batch() {
        let (queue, calls) = mpsc::channel(10);
        let mut batches = Batches::new(calls, LIMITS);
        queue.send(letter('a', 1)).await.unwrap();
        let (_, turn) = batches.next().await.unwrap();
        let next = tokio::spawn(async move { batches.next().await.unwrap().0.len() });
        for _ in 0..3 {
            queue.send(letter('a', 1)).await.unwrap();
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
        }
        drop(turn);
        assert_eq!(next.await.unwrap(), 3);
    }
}
