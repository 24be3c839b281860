//! What the event log says of versions, kept without the help of the code that decides. Only protobuf messages are read
//! here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use gofer_tests::Cluster;
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::event_service_client::EventServiceClient;
use gofer_wire::log::v1::Event;
use gofer_wire::log::v1::event::Kind;
use gofer_wire::model::v1 as model;
use prost::Message;
use tokio_stream::StreamExt;

/// All events so far, as a node has them.
pub(crate) async fn read_log(cluster: &Cluster, node: usize) -> Vec<Event> {
    let mut client = EventServiceClient::new(cluster.nodes[node].channel().unwrap());
    let request = api::WatchRequest { from_revision: 1, stop_at_end: true, ..Default::default() };
    let mut stream = client.watch(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    while let Some(response) = stream.next().await {
        let batch = response.unwrap().events;
        events.extend(batch.into_iter().map(|envelope| Event::decode(envelope.payload).unwrap()));
    }
    events
}

/// A run.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) version: u64,
    /// The release that chose it.
    pub(crate) release: u64,
    pub(crate) moved: bool,
    /// The version it had when it started.
    pub(crate) ran: Option<u64>,
    pub(crate) status: Option<model::RunStatus>,
}

/// Which versions the runs of one pipeline may have, and have. No run of it names its version.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) runs: BTreeMap<u64, Entry>,
    pub(crate) violations: Vec<String>,
    /// The release that was rolled back last, and why.
    pub(crate) rolled_back: Option<(u64, String)>,
    live: u64,
    /// The release in progress: its number, and its versions.
    active: Option<(u64, u64, u64)>,
    /// Versions that no further run may start with, by the release that gave them: it was rolled back.
    banned: BTreeSet<(u64, u64)>,
}

impl Ledger {
    pub(crate) fn of(events: &[Event]) -> Self {
        let mut ledger = Self::default();
        for event in events {
            if let Some(kind) = &event.kind {
                ledger.see(kind);
            }
        }
        ledger
    }

    fn see(&mut self, kind: &Kind) {
        match kind {
            Kind::PipelineRegistered(event) if !event.held => self.live = event.version,
            Kind::LiveVersionChanged(event) => self.live = event.version,
            Kind::ReleaseStarted(event) => {
                self.expect(event.from_version == self.live, || {
                    format!("release {} comes from nowhere", event.release)
                });
                self.active = Some((event.release, event.from_version, event.to_version));
            }
            Kind::ReleasePromoted(event) => {
                if let Some((_, _, to)) = self.active.take_if(|active| active.0 == event.release) {
                    self.live = to;
                }
            }
            Kind::ReleaseRolledBack(event) => {
                if let Some((release, _, to)) = self.active.take_if(|active| active.0 == event.release) {
                    self.banned.insert((release, to));
                    self.rolled_back = Some((release, event.reason.clone()));
                }
            }
            Kind::RunCreated(event) => {
                let run = event.run.as_ref().unwrap().run;
                let allowed = match self.active {
                    Some((release, from, to)) => {
                        event.release == release && (event.version == from || event.version == to)
                    }
                    None => event.release == 0 && event.version == self.live,
                };
                self.expect(allowed, || format!("run {run} was given version {}", event.version));
                let entry = Entry { version: event.version, release: event.release, ..Entry::default() };
                self.expect(!self.runs.contains_key(&run), || format!("run {run} was made twice"));
                self.runs.insert(run, entry);
            }
            Kind::RunMoved(event) => {
                let run = event.run.as_ref().unwrap().run;
                let live = self.live;
                let Some(entry) = self.runs.get_mut(&run) else { return };
                let allowed = entry.ran.is_none() && event.version == live;
                (entry.version, entry.moved) = (event.version, true);
                self.expect(allowed, || format!("run {run} was moved to version {}", event.version));
            }
            Kind::RunStarted(event) => {
                let run = event.run.as_ref().unwrap().run;
                let Some(entry) = self.runs.get_mut(&run) else { return };
                entry.ran = Some(entry.version);
                let banned = self.banned.contains(&(entry.release, entry.version));
                self.expect(!banned, || format!("run {run} started with a version that was rolled back"));
            }
            Kind::RunFinished(event) => {
                if let Some(entry) = self.runs.get_mut(&event.run.as_ref().unwrap().run) {
                    entry.status = Some(event.status());
                }
            }
            _ => {}
        }
    }

    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(what());
        }
    }

    /// The versions that a release gave, in the order of the runs; also to those that were moved later.
    pub(crate) fn given_during(&self, release: u64) -> Vec<u64> {
        // A moved run was given the new one.
        let given = self.runs.values().filter(|run| run.release == release);
        given.map(|run| if run.moved { 2 } else { run.version }).collect()
    }

    /// Which runs went to which version: `2` on the new one, `2>1` moved back before it started, a failed one in brackets.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from("runs and their versions:");
        for (place, (number, run)) in self.runs.iter().enumerate() {
            if place.is_multiple_of(10) {
                let _ = write!(text, "\n  {number:>3}..");
            }
            let word = match (run.moved, run.status) {
                (true, _) => "2>1".to_owned(),
                (false, Some(model::RunStatus::Failed)) => format!("({})", run.version),
                (false, _) => run.version.to_string(),
            };
            let _ = write!(text, " {word:>4}");
        }
        text
    }
}
