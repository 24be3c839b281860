//! What a node finds when it looks at its archive.

use gofer_audit::Archive;
use gofer_domain::{ClusterId, Revision};
use gofer_store::Store;

use crate::config::Config;

/// Looks at the archive when asked. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Health {
    store: Store,
    config: Option<Config>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Where the archive is; empty when this node is not told to archive.
    pub url: String,
    /// Why it can't be used.
    pub error: Option<String>,
    /// Newest event that its manifest names.
    pub manifest: Revision,
    /// Newest event that the cluster has archived.
    pub archived: Revision,
    /// Newest event that the nodes have dropped.
    pub trimmed: Revision,
    /// Events that make a segment.
    pub segment_events: u64,
}

impl Health {
    /// Of a node's store, with what the node is told to archive.
    #[must_use]
    pub fn new(store: Store, config: Option<Config>) -> Self {
        Self { store, config }
    }

    /// Where the archive is, if the node is told.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.config.as_ref().map(|config| config.url.to_string())
    }

    /// Looks; none when nothing is archived, and nothing is to be. It blocks, without end if a network file system does.
    #[must_use]
    pub fn examine(&self) -> Option<Report> {
        let (cluster, known) = self.store.read(|state| (state.cluster, state.archive.clone()));
        if self.config.is_none() && known.is_none() {
            return None;
        }
        let known = known.unwrap_or_default();
        let mut report = Report { archived: known.last, trimmed: known.trimmed, ..Report::default() };
        if let Some(config) = &self.config {
            report.url = config.url.to_string();
            report.segment_events = config.segment_events;
            match self.look(config, cluster.unwrap_or(ClusterId([0; 16]))) {
                Ok(manifest) => report.manifest = manifest,
                Err(error) => report.error = Some(error),
            }
        }
        Some(report)
    }

    fn look(&self, config: &Config, cluster: ClusterId) -> Result<Revision, String> {
        let segments = self.store.archive_segments().map_err(|error| chain(&error))?;
        let manifest = Archive::at(&config.url).check(cluster, &segments).map_err(|error| chain(&error))?;
        Ok(Revision(manifest.map_or(0, |manifest| manifest.last_revision)))
    }
}

/// An error with what caused it, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
