//! Streams of plug-ins that are open on this node.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gofer_domain::{AttemptKey, Timestamp, TriggerName};
use gofer_store::codec;
use gofer_wire::model::v1 as model;
use gofer_wire::plugin::v1 as wire;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::ANSWER;
use super::calls::Call;
use crate::errors::{Fault, reason};

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
    /// Where requests over HTTP are put, if it answers any.
    pub(super) http: Option<mpsc::Sender<Call>>,
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
            takes_http: stream.http.is_some(),
        };
        streams.map(instance).collect()
    }

    /// Whether a plug-in is connected for a trigger that answers requests over HTTP.
    pub(crate) fn takes_http(&self, trigger: &TriggerName) -> bool {
        self.http(trigger).is_some()
    }

    /// Hands a request to a plug-in that is connected for a trigger, and waits for its answer.
    pub(crate) async fn call(
        &self,
        trigger: &TriggerName,
        request: wire::HttpRequest,
        deadline: Instant,
    ) -> Result<wire::HttpResponse, Fault> {
        let lost = || {
            let why = format!("the plug-in of trigger {trigger} has gone, and may have seen the request");
            Fault::new(Code::Unavailable, reason::OUTCOME_UNKNOWN, why).help("send it again")
        };
        let Some(http) = self.http(trigger) else {
            let why = format!("no plug-in that takes requests is connected to this node for trigger {trigger}");
            return Err(Fault::new(Code::Unavailable, reason::UNREACHABLE, why).help("send it again"));
        };
        let (answer, answered) = oneshot::channel();
        if let Err(error) = http.try_send(Call { request, answer }) {
            let TrySendError::Full(_) = error else { return Err(lost()) };
            let why = format!("the plug-in of trigger {trigger} has more requests than it answers");
            return Err(Fault::new(Code::Unavailable, reason::OVERLOADED, why).help("send it again in a moment"));
        }
        match timeout_at(deadline, answered).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_)) => Err(lost()),
            Err(_) => {
                let why = format!("the plug-in of trigger {trigger} did not answer within {ANSWER:?}");
                Err(Fault::new(Code::DeadlineExceeded, reason::TIMEOUT, why).help("send it again"))
            }
        }
    }

    /// Of the streams for a trigger that answer requests, the newest one that is well.
    fn http(&self, trigger: &TriggerName) -> Option<mpsc::Sender<Call>> {
        let open = self.lock();
        let answering =
            || open.streams.values().rev().filter(|stream| stream.trigger == *trigger && stream.http.is_some());
        let well = answering().find(|stream| stream.problem.is_none());
        well.or_else(|| answering().next()).and_then(|stream| stream.http.clone())
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
    use crate::plugins::calls::Calls;

    #[test]
    fn what_is_open_is_told_until_it_ends() {
        let attached = Attached::default();
        let stream = Stream {
            trigger: TriggerName::new("jira").unwrap(),
            version: "1".into(),
            since: Timestamp(1),
            attempt: None,
            problem: None,
            http: None,
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

    #[tokio::test(start_paused = true)]
    async fn a_request_is_answered_by_who_is_well_or_not_at_all() {
        let attached = Attached::default();
        let trigger = TriggerName::new("jira").unwrap();
        let deadline = Instant::now() + ANSWER;
        let request = wire::HttpRequest { method: "POST".into(), ..Default::default() };
        let ask = || attached.call(&trigger, request.clone(), deadline);
        let stream = |http| Stream {
            trigger: trigger.clone(),
            version: "1".into(),
            since: Timestamp(1),
            attempt: None,
            problem: None,
            http,
        };
        let _silent = attached.open(stream(None));
        assert!(!attached.takes_http(&trigger));
        assert_eq!(ask().await.unwrap_err().code(), Code::Unavailable);

        let ((well, mut calls), (ill, ill_calls)) = (Calls::new(), Calls::new());
        let _well = attached.open(stream(Some(well)));
        let opened = attached.open(stream(Some(ill)));
        opened.has_problem(Some("no route".into()));
        let answering = async {
            let wire::HttpRequest { id, .. } = calls.next().await;
            calls.answered(wire::HttpResponse { id, status: 204, ..Default::default() });
        };
        let (answered, ()) = tokio::join!(ask(), answering);
        assert_eq!(answered.unwrap().status, 204);

        // Nobody takes it from the queue.
        assert_eq!(ask().await.unwrap_err().code(), Code::DeadlineExceeded);
        drop(calls);
        drop(ill_calls);
        assert_eq!(ask().await.unwrap_err().reason(), reason::OUTCOME_UNKNOWN);
    }
}
