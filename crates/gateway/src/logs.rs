//! The output of attempts, wherever it is: on the node that runs them, or sealed in a blob.

mod attempt;
mod frames;
mod run;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use gofer_domain::{AttemptKey, Timestamp};

pub(crate) use run::{Wanted, stream_run};

/// Where output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSource {
    Stdout,
    Stderr,
    /// A remark of Gofer's own.
    Notice,
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    pub source: LogSource,
    pub time: Timestamp,
    /// As the program wrote it.
    pub data: Bytes,
    /// Offset after this record in the attempt's framed log; a stream can go on from here.
    pub next: u64,
}

/// Records in order.
pub type LogRecords = BoxStream<'static, Result<LogRecord, LogsError>>;

/// Why there is no output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogsError {
    /// This node does not hold the output; ask another one, or for the sealed log.
    #[error("this node does not hold the output of attempt {0}")]
    NotHere(AttemptKey),
    /// The output is here and can't be read.
    #[error("the output can't be read: {0}")]
    Failed(String),
}

/// The output that this node holds itself.
#[async_trait]
pub trait AttemptLogs: Send + Sync + 'static {
    /// Output from `from` on: 0, or the `next` of a record. With `follow` the stream ends with the attempt.
    ///
    /// # Errors
    /// [`LogsError`].
    async fn stream(&self, attempt: &AttemptKey, from: u64, follow: bool) -> Result<LogRecords, LogsError>;
}

/// A node that runs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLogs;

#[async_trait]
impl AttemptLogs for NoLogs {
    async fn stream(&self, attempt: &AttemptKey, _: u64, _: bool) -> Result<LogRecords, LogsError> {
        Err(LogsError::NotHere(attempt.clone()))
    }
}
