//! What a trigger looks for, for one pipeline.

use std::collections::BTreeMap;
use std::fmt;

use gofer_wire::model::v1::SubscriptionRef;
use tokio::sync::{mpsc, oneshot};

use crate::error::SendError;
use crate::event::{Event, Fate};

/// Names a subscription.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    pub namespace: String,
    pub pipeline: String,
    pub name: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.pipeline, self.name)
    }
}

impl From<SubscriptionRef> for Name {
    fn from(reference: SubscriptionRef) -> Self {
        let SubscriptionRef { namespace, pipeline, name } = reference;
        Self { namespace, pipeline, name }
    }
}

impl From<&Name> for SubscriptionRef {
    fn from(name: &Name) -> Self {
        let Name { namespace, pipeline, name } = name.clone();
        Self { namespace, pipeline, name }
    }
}

/// A subscription, while it is watched.
#[derive(Debug)]
pub struct Subscription {
    pub(crate) name: Name,
    /// Tells this watch from others of the same subscription.
    pub(crate) watch: u64,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) cursor: Option<Vec<u8>>,
    pub(crate) engine: mpsc::Sender<Submission>,
}

/// Events on their way.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) name: Name,
    pub(crate) watch: u64,
    pub(crate) events: Vec<Event>,
    /// From where to where.
    pub(crate) cursor: Option<(Option<Vec<u8>>, Vec<u8>)>,
    pub(crate) answer: oneshot::Sender<Result<Vec<Fate>, SendError>>,
}

impl Subscription {
    /// Which one it is.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// What it was given, with the defaults of what it was not.
    #[must_use]
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.settings
    }

    /// One setting; empty if there is none of the name.
    #[must_use]
    pub fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map_or("", String::as_str)
    }

    /// Up to where events are taken, in the trigger's own words. None: it has never moved.
    #[must_use]
    pub fn cursor(&self) -> Option<&[u8]> {
        self.cursor.as_deref()
    }

    /// Tells of an event, and returns once the cluster has taken it. It is sent again for as long as nobody answers.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&mut self, event: Event) -> Result<Fate, SendError> {
        let fates = self.submit(vec![event], None).await?;
        fates.first().copied().ok_or_else(|| SendError::Changed("the answer is empty".to_owned()))
    }

    /// Tells of at most 100 events in order, and moves the cursor: both happen together, or neither does.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send_all(&mut self, events: Vec<Event>, cursor: &[u8]) -> Result<Vec<Fate>, SendError> {
        let fates = self.submit(events, Some((self.cursor.clone(), cursor.to_vec()))).await?;
        self.cursor = Some(cursor.to_vec());
        Ok(fates)
    }

    async fn submit(
        &self,
        events: Vec<Event>,
        cursor: Option<(Option<Vec<u8>>, Vec<u8>)>,
    ) -> Result<Vec<Fate>, SendError> {
        let (answer, answered) = oneshot::channel();
        let (name, watch) = (self.name.clone(), self.watch);
        let submission = Submission { name, watch, events, cursor, answer };
        self.engine.send(submission).await.map_err(|_| SendError::Stopped)?;
        answered.await.unwrap_or(Err(SendError::Stopped))
    }
}
