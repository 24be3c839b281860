//! Following a log that is still written.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use futures::stream;

use super::{RECORD_BYTES_MAX, Reader};
use crate::driver::{Error, LogItem, LogStream};

/// How often the end of a quiet log is looked at.
const POLL: Duration = Duration::from_millis(100);
/// Most bytes read ahead of the consumer.
const BATCH_BYTES: usize = 4 * RECORD_BYTES_MAX;

/// Yields the records from `from` on.
///
/// The stream ends where the log ends once `is_complete` has answered true; until then it waits for more. A log file
/// that does not exist is an empty one.
pub fn follow<F>(path: &Path, from: u64, is_complete: F) -> LogStream
where
    F: Fn() -> bool + Send + Sync + 'static,
{
    let state =
        Follower { path: path.to_owned(), from, reader: None, ready: VecDeque::new(), is_complete, failed: false };
    Box::pin(stream::unfold(state, |mut state| async move {
        loop {
            if let Some(item) = state.ready.pop_front() {
                return Some((Ok(item), state));
            }
            if state.failed {
                return None;
            }
            let step = tokio::task::spawn_blocking(move || {
                let step = state.read();
                (state, step)
            });
            let step = match step.await {
                Ok((returned, step)) => {
                    state = returned;
                    step
                }
                // The runtime shuts down.
                Err(_) => return None,
            };
            match step {
                Ok(Step::Read) => {}
                Ok(Step::Wait) => tokio::time::sleep(POLL).await,
                Ok(Step::End) => return None,
                Err(error) => {
                    state.failed = true;
                    return Some((Err(error), state));
                }
            }
        }
    }))
}

enum Step {
    Read,
    Wait,
    End,
}

struct Follower<F> {
    path: std::path::PathBuf,
    from: u64,
    reader: Option<Reader>,
    ready: VecDeque<LogItem>,
    is_complete: F,
    failed: bool,
}

impl<F: Fn() -> bool> Follower<F> {
    fn read(&mut self) -> Result<Step, Error> {
        // Asked before reading: whatever was written before it answered true is then read.
        let complete = (self.is_complete)();
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => match Reader::open(&self.path, self.from) {
                Ok(reader) => self.reader.insert(reader),
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                    return Ok(if complete { Step::End } else { Step::Wait });
                }
                Err(error) => return Err(error),
            },
        };
        let mut bytes = 0;
        while bytes < BATCH_BYTES
            && let Some(record) = reader.next()?
        {
            bytes += record.bytes.len();
            self.ready.push_back(LogItem { record, next: reader.offset() });
        }
        Ok(match (self.ready.is_empty(), complete) {
            (false, _) => Step::Read,
            (true, true) => Step::End,
            (true, false) => Step::Wait,
        })
    }
}
