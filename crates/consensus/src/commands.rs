//! Commands as they stand in a log entry: `gofer.log.v1.CommandBatch`.

use bytes::Bytes;
use gofer_domain::{CommandEnvelope, Timestamp};
use gofer_store::codec;
use gofer_wire::log::v1 as wire;
use prost::Message;

/// An encoded command that still lacks its time.
#[derive(Debug)]
pub(crate) struct Unstamped {
    envelope: wire::CommandEnvelope,
    /// Size once stamped, at most.
    pub(crate) bytes: usize,
}

/// Room for the time and the framing of one command in a batch.
const STAMP_BYTES: usize = 32;

impl Unstamped {
    pub(crate) fn new(envelope: &CommandEnvelope) -> Self {
        let envelope = codec::envelope_to_wire(envelope);
        let bytes = envelope.encoded_len() + STAMP_BYTES;
        Self { envelope, bytes }
    }
}

/// Stamps the commands and encodes them as one entry.
pub(crate) fn encode(commands: Vec<Unstamped>, time: Timestamp) -> Bytes {
    let time = Some(codec::time_to_wire(time));
    let commands = commands.into_iter().map(|command| wire::CommandEnvelope { time, ..command.envelope }).collect();
    wire::CommandBatch { commands }.encode_to_vec().into()
}

/// Reads the commands of an entry.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<CommandEnvelope>, String> {
    let batch = wire::CommandBatch::decode(bytes).map_err(|error| error.to_string())?;
    batch.commands.iter().map(|command| codec::envelope_from_wire(command).map_err(|error| error.to_string())).collect()
}
