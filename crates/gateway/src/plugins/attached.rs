//! Streams of plug-ins that are open on this node.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gofer_domain::{AttemptKey, Timestamp, TriggerName};
use gofer_store::codec;
use gofer_wire::model::v1 as model;
use tokio::time::Instant;

/// All of them. Clones are of the same.
#[derive(Clone, Debug, Default)]
pub struct Attached(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    last: u64,
    streams: BTreeMap<u64, Stream>,
}

/// An open stream.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) trigger: TriggerName,
    /// Of the plug-in, as text for people.
    pub(super) version: String,
    pub(super) since: Timestamp,
    /// Of a plug-in that the cluster keeps running.
    pub(super) attempt: Option<AttemptKey>,
    /// Why it can't do its work, and since when. None: it is well.
    pub(super) problem: Option<(String, Instant)>,
}

/// A stream is open until this is dropped.
#[derive(Debug)]
pub(super) struct Opened {
    attached: Attached,
    number: u64,
}

impl Attached {
    pub(super) fn open(&self, stream: Stream) -> Opened {
        let mut open = self.lock();
        open.last += 1;
        let number = open.last;
        open.streams.insert(number, stream);
        Opened { attached: self.clone(), number }
    }

    /// The stream of an attempt that has one.
    pub(super) fn of(&self, attempt: &AttemptKey) -> Option<Stream> {
        self.lock().streams.values().rfind(|stream| stream.attempt.as_ref() == Some(attempt)).cloned()
    }

    /// What is connected for a trigger, in the order in which it came.
    pub(crate) fn instances(&self, trigger: &str, node: u64) -> Vec<model::PluginInstance> {
        let open = self.lock();
        let streams = open.streams.values().filter(|stream| stream.trigger.as_str() == trigger);
        let instance = |stream: &Stream| model::PluginInstance {
            node,
            version: stream.version.clone(),
            connected_at: Some(codec::time_to_wire(stream.since)),
            problem: stream.problem.as_ref().map_or_else(String::new, |(problem, _)| problem.clone()),
            attempt: stream.attempt.as_ref().map(codec::attempt_key_to_wire),
        };
        streams.map(instance).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened {
    /// The plug-in says how it is.
    pub(super) fn has_problem(&self, problem: Option<String>) {
        if let Some(stream) = self.attached.lock().streams.get_mut(&self.number) {
            let since = stream.problem.as_ref().map_or_else(Instant::now, |(_, since)| *since);
            stream.problem = problem.map(|problem| (problem, since));
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.attached.lock().streams.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_told_until_it_ends() {
        let attached = Attached::default();
        let stream = Stream {
            trigger: TriggerName::new("jira").unwrap(),
            version: "1".into(),
            since: Timestamp(1),
            attempt: None,
            problem: None,
        };
        let first = attached.open(stream.clone());
        let second = attached.open(Stream { version: "2".into(), ..stream });
        second.has_problem(Some("no route".into()));
        let told = |trigger| {
            let instances = attached.instances(trigger, 3).into_iter();
            instances.map(|instance| format!("{} {}", instance.version, instance.problem)).collect::<Vec<_>>()
        };
        assert_eq!(told("jira"), ["1 ", "2 no route"]);
        second.has_problem(None);
        drop(first);
        assert_eq!(told("jira"), ["2 "]);
        assert!(told("mail").is_empty());
    }
}
