//! The output of attempts while this node holds it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::AttemptKey;
use gofer_drivers::{Driver, Error, LogStream, State};
use tokio::time::timeout;

use crate::context::{Context, launch_id};

/// How often an attempt that is about to be launched is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogsError {
    /// Ask where the attempt is placed, or for its sealed log.
    #[error("this node does not hold the output of attempt {0}")]
    NotHere(AttemptKey),
    /// The output is here and can't be read.
    #[error("the output of attempt {attempt} can't be read")]
    Driver {
        attempt: AttemptKey,
        #[source]
        source: Error,
    },
}

/// Local output. Cloning is cheap.
#[derive(Clone)]
pub struct Logs(Arc<Context>);

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").field("node", &self.0.node).finish_non_exhaustive()
    }
}

impl Logs {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self(context)
    }

    /// The output of an attempt from `from` on: 0, or the `next` of an item. With `follow` the stream ends with the
    /// attempt; an attempt that is placed here and was not launched yet is waited for.
    ///
    /// # Errors
    /// [`LogsError::NotHere`] when this node has nothing of the attempt: it runs elsewhere, or its log was sealed.
    pub async fn stream(&self, attempt: &AttemptKey, from: u64, follow: bool) -> Result<LogStream, LogsError> {
        let failed = |source| LogsError::Driver { attempt: attempt.clone(), source };
        let mut progress = self.0.parts.store.progress();
        loop {
            let is_placed = self.0.is_placed(attempt);
            if let Some(driver) = self.holder(attempt).await.map_err(failed)? {
                let id = self.id(attempt).ok_or_else(|| LogsError::NotHere(attempt.clone()))?;
                match driver.logs(&id, from, follow).await {
                    Ok(stream) => return Ok(stream),
                    // It was removed just now.
                    Err(Error::NotLaunched(_)) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            if !(follow && is_placed) {
                return Err(LogsError::NotHere(attempt.clone()));
            }
            let _ = timeout(LOOK_EVERY, progress.changed()).await;
        }
    }

    /// The driver that launched it here.
    async fn holder(&self, attempt: &AttemptKey) -> Result<Option<&dyn Driver>, Error> {
        let Some(id) = self.id(attempt) else { return Ok(None) };
        for driver in self.0.drivers.values() {
            if !matches!(driver.inspect(&id).await?, State::Absent | State::Created | State::Fenced) {
                return Ok(Some(&**driver));
            }
        }
        Ok(None)
    }

    fn id(&self, attempt: &AttemptKey) -> Option<gofer_drivers::LaunchId> {
        let cluster = self.0.parts.store.read(|state| state.cluster)?;
        Some(launch_id(&cluster.to_string(), attempt))
    }
}
