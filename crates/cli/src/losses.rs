//! Streams that break off: they are opened again on the next node, but not for ever when each try breaks off at once.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Client;
use crate::error::Error;

/// A stream that lived for so long worked.
const WORKED: Duration = Duration::from_secs(5);
/// Pause before a try that follows a quick loss.
const PAUSE: Duration = Duration::from_millis(200);

/// The losses of one stream since it last worked.
#[derive(Debug)]
pub(crate) struct Losses {
    /// When the last stream was opened.
    opened: Instant,
    /// When the first one of this series was lost.
    first: Option<Instant>,
    tried: BTreeMap<String, String>,
}

impl Losses {
    pub(crate) fn new() -> Self {
        Self { opened: Instant::now(), first: None, tried: BTreeMap::new() }
    }

    /// Turns to the next node, and returns the address of the one that was lost.
    ///
    /// # Errors
    /// `Unreachable` when streams have broken off soon after their start for as long as the client has patience.
    pub(crate) async fn next_node(&mut self, client: &mut Client, why: &str) -> Result<String, Error> {
        if self.opened.elapsed() >= WORKED {
            self.first = None;
            self.tried.clear();
        }
        let lost = client.address().to_owned();
        self.tried.insert(lost.clone(), why.to_owned());
        client.give_up();
        match self.first {
            Some(first) if first.elapsed() >= client.timeout => {
                let tried = std::mem::take(&mut self.tried).into_iter().collect();
                return Err(Error::Unreachable { tried });
            }
            Some(_) => tokio::time::sleep(PAUSE).await,
            None => self.first = Some(Instant::now()),
        }
        self.opened = Instant::now();
        Ok(lost)
    }
}
