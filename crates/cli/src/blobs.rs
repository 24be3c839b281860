//! Blobs fetched over the API, several with a call, whatever node is lost on the way.

use std::collections::VecDeque;

use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::backup_service_client::BackupServiceClient;
use gofer_wire::api::v1::get_blobs_response::Part;
use tonic::transport::Channel;

use crate::args::ClientArgs;
use crate::client::{ANSWER_BYTES_MAX, Call, Client, Next};
use crate::error::Error;
use crate::events::CopyError;
use crate::losses::Losses;

/// What takes blobs. Their digests are its own to check.
pub trait BlobSink {
    /// Why it takes no more.
    type Error;

    /// A blob comes; one that came in part before comes again from its start.
    ///
    /// # Errors
    /// When it can't take it.
    fn begin(&mut self, digest: [u8; 32]) -> Result<(), Self::Error>;

    /// The next piece of the blob that came last.
    ///
    /// # Errors
    /// When it can't take it.
    fn chunk(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// The blob that came last is whole, as far as the node says.
    ///
    /// # Errors
    /// When it can't keep it.
    fn end(&mut self) -> Result<(), Self::Error>;

    /// No node that answered has this blob.
    ///
    /// # Errors
    /// When it can't do without.
    fn missing(&mut self, digest: [u8; 32], why: &str) -> Result<(), Self::Error>;
}

/// Fetches blobs, of which there must be at most 1000.
///
/// # Errors
/// When no node can be asked, one refuses, or the sink takes no more.
pub async fn copy_blobs<S: BlobSink>(
    args: &ClientArgs,
    digests: &[[u8; 32]],
    sink: &mut S,
) -> Result<(), CopyError<S::Error>> {
    let mut client = Client::new(args);
    let mut losses = Losses::new();
    let mut left: VecDeque<[u8; 32]> = digests.iter().copied().collect();
    while !left.is_empty() {
        let message = api::GetBlobsRequest { digests: left.iter().map(|digest| digest.to_vec()).collect() };
        let ask = async |channel, _| service(channel).get_blobs(message.clone()).await;
        let mut stream = client.call(Call::Read, ask).await?;
        let mut open = false;
        loop {
            let part = match Client::next(&mut stream).await? {
                Next::Item(response) => response.part,
                Next::End => None,
                Next::Lost(why) => {
                    losses.next_node(&mut client, &why).await?;
                    break;
                }
            };
            if open && !matches!(part, Some(Part::Chunk(_))) {
                sink.end().map_err(CopyError::Sink)?;
                left.pop_front();
                open = false;
            }
            match part {
                Some(Part::Chunk(bytes)) if open => sink.chunk(&bytes).map_err(CopyError::Sink)?,
                Some(Part::Blob(digest)) => {
                    let next = expected(&left, &digest)?;
                    sink.begin(next).map_err(CopyError::Sink)?;
                    open = true;
                }
                Some(Part::Missing(missing)) => {
                    let next = expected(&left, &missing.digest)?;
                    sink.missing(next, &missing.reason).map_err(CopyError::Sink)?;
                    left.pop_front();
                }
                Some(Part::Chunk(_)) => return Err(Error::Malformed("a piece of no blob came".into()).into()),
                None if left.is_empty() => return Ok(()),
                None => return Err(Error::Malformed("fewer blobs came than were asked for".into()).into()),
            }
        }
    }
    Ok(())
}

fn expected(left: &VecDeque<[u8; 32]>, digest: &[u8]) -> Result<[u8; 32], Error> {
    let next = left.front().filter(|next| next.as_slice() == digest);
    next.copied().ok_or_else(|| Error::Malformed("another blob came than was asked for".into()))
}

fn service(channel: Channel) -> BackupServiceClient<Channel> {
    BackupServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}
