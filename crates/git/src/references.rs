//! Asks a repository for its branches and tags.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::remote::Location;
use crate::{Fault, Remote, http, process};

/// What an answer may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most branches and tags.
    pub references: usize,
    /// Most bytes that are read.
    pub bytes: usize,
    /// Longest time for all of it.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { references: 50_000, bytes: 16 * 1024 * 1024, time: Duration::from_secs(60) }
    }
}

/// The branches and tags of a repository by name (`refs/heads/main`), each with the id of its commit, also where a tag is an
/// object of its own. Blocks until all of it is there.
///
/// # Errors
/// When the repository can't be asked within the limits; what it says is shortened, and has no token in it.
pub fn references(remote: &Remote, limits: &Limits) -> Result<BTreeMap<String, String>, Fault> {
    let asked = blocking(async || match &remote.location {
        Location::Http(url) => http::references(url, remote.credentials.as_ref(), limits).await,
        Location::Ssh { host, port, path } => process::over_ssh(&remote.ssh, host, *port, path, limits).await,
        Location::Local(path) => process::local(path, limits).await,
    });
    asked.map_err(|fault| fault.of(remote))
}

/// Waits for an answer, on a thread of its own: the caller's may be one that drives futures, where no other may be waited
/// for.
pub(crate) fn blocking<T: Send>(ask: impl AsyncFnOnce() -> Result<T, Fault> + Send) -> Result<T, Fault> {
    let asked = std::thread::scope(|scope| scope.spawn(|| run(ask)).join());
    asked.unwrap_or_else(|_| Err(Fault::Unreachable("the question was given up".to_owned())))
}

fn run<T>(ask: impl AsyncFnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::Unreachable(format!("nothing can be asked here now: {error}")))?;
    let outcome = runtime.block_on(ask());
    // A look-up of a name can't be interrupted, and isn't waited for.
    runtime.shutdown_background();
    outcome
}

/// That the time is over.
pub(crate) fn too_slow(time: Duration) -> Fault {
    Fault::Unreachable(format!("it has not answered within {time:?}"))
}
