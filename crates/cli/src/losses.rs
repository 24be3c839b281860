//! Streams that break off, see [`gofer_client::Losses`].

use crate::client::Client;
use crate::error::Error;

/// The losses of one stream since it last worked.
#[derive(Debug)]
pub(crate) struct Losses(gofer_client::Losses);

impl Losses {
    pub(crate) fn new() -> Self {
        Self(gofer_client::Losses::new())
    }

    /// Turns to the next node, and returns the address of the one that was lost.
    ///
    /// # Errors
    /// `Unreachable` when streams have broken off soon after their start for as long as the client has patience.
    pub(crate) async fn next_node(&mut self, client: &mut Client, why: &str) -> Result<String, Error> {
        Ok(self.0.next_node(&mut client.nodes, why).await?)
    }
}
