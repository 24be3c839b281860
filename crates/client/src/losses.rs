//! Streams that break off: they are opened again on the next node, but not for ever when each try breaks off at once.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;
use crate::nodes::{Nodes, backoff};

/// A stream that lived for so long worked.
const WORKED: Duration = Duration::from_secs(5);

/// The losses of one stream since it last worked.
#[derive(Debug)]
pub struct Losses {
    /// When the last stream was opened.
    opened: Instant,
    /// When the first one of this series was lost.
    first: Option<Instant>,
    count: usize,
    tried: BTreeMap<String, String>,
}

impl Default for Losses {
    fn default() -> Self {
        Self::new()
    }
}

impl Losses {
    /// A stream is about to be opened.
    #[must_use]
    pub fn new() -> Self {
        Self { opened: Instant::now(), first: None, count: 0, tried: BTreeMap::new() }
    }

    /// Something new came: what is lost from now on is lost for the first time.
    pub fn fresh(&mut self) {
        self.first = None;
        self.tried.clear();
    }

    /// Turns to the next node, and returns the address of the one that was lost.
    ///
    /// # Errors
    /// `Unreachable` when streams have broken off soon after their start for as long as a call may take.
    pub async fn next_node(&mut self, nodes: &mut Nodes, why: &str) -> Result<String, Error> {
        if self.opened.elapsed() >= WORKED {
            self.fresh();
        }
        let lost = nodes.address().to_owned();
        self.tried.insert(lost.clone(), why.to_owned());
        nodes.give_up();
        match self.first {
            Some(first) if first.elapsed() >= nodes.timeout() => {
                let tried = std::mem::take(&mut self.tried).into_iter().collect();
                return Err(Error::Unreachable { tried });
            }
            Some(_) => {
                self.count += 1;
                tokio::time::sleep(backoff(1 + self.count / nodes.count().max(1))).await;
            }
            None => (self.first, self.count) = (Some(Instant::now()), 0),
        }
        self.opened = Instant::now();
        Ok(lost)
    }
}
