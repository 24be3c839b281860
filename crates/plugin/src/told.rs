//! The subscriptions of a trigger as what answers a request sees them, and events that are told of outside of a watch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::error::SendError;
use crate::event::{Event, Fate};
use crate::subscription::Name;

/// Pause before what no leader has answered is sent again.
const AGAIN: Duration = Duration::from_millis(250);

/// All subscriptions, by name.
pub(crate) type View = Arc<BTreeMap<Name, Arc<Told>>>;

/// A subscription as the cluster has told of it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) generation: u64,
    pub(crate) settings: BTreeMap<String, String>,
}

/// The subscriptions to a trigger as they were when a request came.
#[derive(Clone, Debug)]
pub struct Subscriptions {
    pub(crate) view: View,
    pub(crate) engine: mpsc::Sender<Telling>,
}

/// A subscription while a request is answered.
#[derive(Clone, Debug)]
pub struct Subscriber {
    name: Name,
    told: Arc<Told>,
    engine: mpsc::Sender<Telling>,
}

/// Events on their way.
#[derive(Debug)]
pub(crate) struct Telling {
    pub(crate) name: Name,
    pub(crate) generation: u64,
    pub(crate) events: Vec<Event>,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What the cluster says; None: that nobody could answer.
pub(crate) type Answer = Option<Result<Vec<Fate>, SendError>>;

impl Subscriptions {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.view.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.view.is_empty()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = Subscriber> + '_ {
        self.view.iter().map(|(name, told)| self.subscriber(name, told))
    }

    /// The one of a name.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<Subscriber> {
        self.view.get_key_value(name).map(|(name, told)| self.subscriber(name, told))
    }

    fn subscriber(&self, name: &Name, told: &Arc<Told>) -> Subscriber {
        Subscriber { name: name.clone(), told: Arc::clone(told), engine: self.engine.clone() }
    }
}

impl Subscriber {
    /// Which one it is.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// What it was given, with the defaults of what it was not.
    #[must_use]
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.told.settings
    }

    /// One setting; empty if there is none of the name.
    #[must_use]
    pub fn setting(&self, name: &str) -> &str {
        self.told.settings.get(name).map_or("", String::as_str)
    }

    /// Tells of an event, and returns once the cluster has taken it. The cursor stays where it is.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, event: Event) -> Result<Fate, SendError> {
        let fates = self.send_all(vec![event]).await?;
        fates.first().copied().ok_or_else(|| SendError::Changed("the answer is empty".to_owned()))
    }

    /// Tells of at most 100 events in order: all of them are taken, or none.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send_all(&self, events: Vec<Event>) -> Result<Vec<Fate>, SendError> {
        loop {
            let (answer, answered) = oneshot::channel();
            let (name, events) = (self.name.clone(), events.clone());
            let telling = Telling { name, generation: self.told.generation, events, answer };
            self.engine.send(telling).await.map_err(|_| SendError::Stopped)?;
            match answered.await {
                Ok(Some(answer)) => return answer,
                Ok(None) => sleep(AGAIN).await,
                Err(_) => return Err(SendError::Stopped),
            }
        }
    }
}
