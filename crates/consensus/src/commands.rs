//! Commands as they stand in a log entry: `gofer.log.v1.CommandBatch`.
//!
//! A command is encoded once, where it comes in, and travels as those bytes to the leader and into its log. The node
//! that encoded or checked it keeps what it decoded, so that the leader applies its own entries without decoding them.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use gofer_domain::{Command, CommandEnvelope, Timestamp};
use gofer_store::codec::{self, DecodeError};
use gofer_wire::log::v1 as wire;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, message};

use crate::proposer::Proposal;
use crate::types::Batch;

/// Fields of `CommandBatch`.
const COMMANDS: u32 = 1;
const TIME: u32 = 2;
/// Room for the framing of one command in a batch.
const FRAME_BYTES: usize = 8;

/// An encoded command that still lacks its time. Cloning it is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    bytes: Bytes,
    /// What the bytes decode to.
    envelope: Arc<CommandEnvelope>,
}

impl Encoded {
    /// Encodes a proposal.
    #[must_use]
    pub fn new(proposal: Proposal) -> Self {
        let Proposal { request_id, actor, command } = proposal;
        let envelope = CommandEnvelope { request_id, actor, time: Timestamp::default(), command };
        let bytes = codec::envelope_to_wire(&envelope).encode_to_vec().into();
        Self { bytes, envelope: Arc::new(envelope) }
    }

    /// Takes what another node encoded, once it is known that it can be read here.
    ///
    /// # Errors
    /// When it can't: it is damaged, or of a newer version.
    pub fn check(bytes: Bytes) -> Result<Self, DecodeError> {
        let envelope = wire::CommandEnvelope::decode(bytes.clone())
            .map_err(|error| DecodeError::new("commands", error.to_string()))?;
        let envelope = codec::envelope_from_wire(envelope, Timestamp::default())?;
        Ok(Self { bytes, envelope: Arc::new(envelope) })
    }

    /// A `gofer.log.v1.CommandEnvelope`.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What the bytes decode to.
    pub(crate) fn command(&self) -> &Command {
        &self.envelope.command
    }

    /// Bytes that it takes in an entry, at most.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + FRAME_BYTES
    }
}

/// Stamps the commands and makes one entry of them.
pub(crate) fn batch(commands: Vec<Encoded>, time: Timestamp) -> Batch {
    let bytes = encode(&commands, time);
    let stamp = |Encoded { envelope, .. }| CommandEnvelope { time, ..Arc::unwrap_or_clone(envelope) };
    Batch::decoded(bytes, commands.into_iter().map(stamp).collect())
}

fn encode(commands: &[Encoded], time: Timestamp) -> Bytes {
    let time = codec::time_to_wire(time);
    let size = commands.iter().map(Encoded::size).sum::<usize>() + message::encoded_len(TIME, &time);
    let mut bytes = BytesMut::with_capacity(size);
    for command in commands {
        encode_key(COMMANDS, WireType::LengthDelimited, &mut bytes);
        encode_varint(command.bytes.len() as u64, &mut bytes);
        bytes.put_slice(&command.bytes);
    }
    message::encode(TIME, &time, &mut bytes);
    bytes.freeze()
}

/// The commands of an entry.
pub(crate) fn decode(batch: &Batch) -> Result<Vec<CommandEnvelope>, DecodeError> {
    if let Some(decoded) = batch.take_decoded() {
        return Ok(decoded);
    }
    let bytes = batch.bytes();
    let batch =
        wire::CommandBatch::decode(bytes.clone()).map_err(|error| DecodeError::new("commands", error.to_string()))?;
    let time = codec::time_from_wire(batch.time.as_ref(), "time")?;
    batch.commands.into_iter().map(|command| codec::envelope_from_wire(command, time)).collect()
}

#[cfg(test)]
mod tests {
    use gofer_domain::{Actor, NodeId, RequestId};

    use super::*;

    fn proposal(node: u64) -> Proposal {
        let command = Command::DrainNode { node: NodeId(node) };
        Proposal { request_id: RequestId([7; 16]), actor: Actor("user:ada".into()), command }
    }

    #[test]
    fn a_batch_is_read_as_it_was_made() {
        let time = Timestamp(1_753_000_000_123);
        let made = [1, 300].map(|node| Encoded::new(proposal(node)));
        let batch = batch(made.to_vec(), time);
        let bytes = batch.bytes().clone();
        assert!(bytes.len() <= made.iter().map(Encoded::size).sum::<usize>() + 32);
        let kept = decode(&batch).unwrap();
        let read = decode(&batch).unwrap();
        assert_eq!(read, kept, "what was kept is what the bytes say");
        let nodes: Vec<_> = read.iter().map(|command| (command.time, command.command.clone())).collect();
        assert_eq!(nodes, [1, 300].map(|node| (time, Command::DrainNode { node: NodeId(node) })));
        let typed = wire::CommandBatch::decode(bytes.clone()).unwrap();
        assert_eq!(typed.encode_to_vec(), bytes, "the framing is that of the message");
    }

    #[test]
    fn what_cannot_be_read_is_refused_before_it_is_logged() {
        let good = Encoded::new(proposal(1));
        assert_eq!(Encoded::check(good.bytes().clone()).unwrap(), good);
        let cut = good.bytes().slice(..good.bytes().len() - 1);
        assert_eq!(Encoded::check(cut).unwrap_err().field, "commands");
        assert_eq!(Encoded::check(Bytes::new()).unwrap_err().field, "request_id");
    }

    #[test]
    fn damaged_batches_are_refused() {
        let bytes = batch([1, 300].map(|node| Encoded::new(proposal(node))).to_vec(), Timestamp(5)).bytes().to_vec();
        gofer_fuzz::fuzz("command-batch", &[bytes], |bytes| {
            drop(decode(&Batch::new(Bytes::copy_from_slice(bytes))));
        });
        gofer_fuzz::fuzz("forwarded-command", &[Encoded::new(proposal(300)).bytes().to_vec()], |bytes| {
            if let Ok(encoded) = Encoded::check(Bytes::copy_from_slice(bytes)) {
                assert_eq!(encoded.bytes(), bytes);
            }
        });
    }
}
