//! The program in Rust, which is in this process.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gofer_client::{Client, Options, Outcome, api, log, model};
use gofer_tests::PATIENCE;
use prost::Message as _;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::root;

#[derive(Default)]
struct Seen {
    runs: Vec<u64>,
    unknowns: u64,
    events: Vec<(u64, u64)>,
}

pub(crate) struct Native {
    client: Client,
    pipeline: String,
    unknown: Uuid,
    from: u64,
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Native {
    pub(crate) fn new(addresses: &[String], pipeline: &str) -> Self {
        let options = Options { timeout: PATIENCE, user: "rust".into() };
        Self {
            client: Client::connect_with(addresses, options).unwrap(),
            pipeline: pipeline.into(),
            unknown: Uuid::now_v7(),
            from: 0,
            seen: Arc::default(),
            stop: Arc::default(),
            tasks: Vec::new(),
        }
    }

    pub(crate) async fn ask(&mut self, word: &str) -> Value {
        match word {
            "load" => self.load().await,
            "count" => {
                assert!(self.tasks.iter().all(|task| !task.is_finished()), "a task ended early");
                json!({ "runs": self.seen.lock().await.runs.len() })
            }
            "end" => self.end().await,
            "subscribed" => self.subscribed().await,
            "rejected" => match self.client.start_run(start("no-such-pipeline", None)).await {
                Outcome::Rejected(no) => {
                    json!({ "reason": no.reason, "help": no.help, "message": no.message, "field": no.field })
                }
                other => panic!("{other:?}"),
            },
            "unknown" => {
                let client = self.client.within(Duration::from_secs(2));
                match client.start_run(start(&self.pipeline, Some(self.unknown))).await {
                    Outcome::Unknown(unknown) => {
                        json!({ "sent": unknown.sent, "same": unknown.request_id == self.unknown })
                    }
                    other => panic!("{other:?}"),
                }
            }
            "again" => {
                let answer = self.client.start_run(start(&self.pipeline, Some(self.unknown))).await.result().unwrap();
                json!({ "run": answer.run.unwrap().run })
            }
            _ => panic!("what is {word:?}?"),
        }
    }

    /// Starts runs, each with an id of its own, and watches the log meanwhile.
    async fn load(&mut self) -> Value {
        self.from = self.client.revision().await.unwrap() + 1;
        let watch = self.client.watch_events(api::WatchRequest { from_revision: self.from, ..Default::default() });
        self.tasks.push(tokio::spawn(follow(watch, self.pipeline.clone(), self.seen.clone())));
        let client = self.client.within(Duration::from_millis(500));
        self.tasks.push(tokio::spawn(write(client, self.pipeline.clone(), self.seen.clone(), self.stop.clone())));
        json!({})
    }

    /// Makes a subscription, tells it of an event twice, and takes it away again.
    async fn subscribed(&self) -> Value {
        let client = &self.client;
        let name = || {
            let (namespace, pipeline) = ("default".into(), self.pipeline.clone());
            Some(model::SubscriptionRef { namespace, pipeline, name: "by-hand".into() })
        };
        let spec = Some(model::SubscriptionSpec {
            trigger: "manual".into(),
            filter: "payload.ref != ''".into(),
            expressions: vec![model::Variable { name: "REF".into(), value: "payload.ref".into() }],
            ..Default::default()
        });
        let create = api::CreateSubscriptionRequest { subscription: name(), spec, ..Default::default() };
        client.create_subscription(create).await.result().unwrap();
        let event =
            || Some(api::EventInput { key: "k".into(), payload: r#"{"ref": "main"}"#.into(), ..Default::default() });
        let test = api::TestEventRequest { subscription: name(), event: event(), ..Default::default() };
        let would = client.test_event(test).await.unwrap();
        let fire = || api::FireEventRequest { subscription: name(), event: event(), ..Default::default() };
        let first = client.fire_event(fire()).await.result().unwrap();
        let again = client.fire_event(fire()).await.result().unwrap();
        let mut pages =
            client.list_taken_events(api::ListTakenEventsRequest { subscription: name(), ..Default::default() });
        let mut taken = Vec::new();
        while let Some(numbered) = pages.next().await.unwrap() {
            taken.push(numbered.event.unwrap().key);
        }
        let mut pages = client.list_triggers(api::ListTriggersRequest { page_size: 2, ..Default::default() });
        let mut built_in = 0;
        while let Some(trigger) = pages.next().await.unwrap() {
            built_in += i32::from(trigger.built_in);
        }
        let delete = api::DeleteSubscriptionRequest { subscription: name(), ..Default::default() };
        client.delete_subscription(delete).await.result().unwrap();
        let get = api::GetSubscriptionRequest { subscription: name(), ..Default::default() };
        client.get_subscription(get).await.unwrap_err();
        json!({
            "would": would.result().as_str_name(),
            "variables": would.variables[0].value,
            "first": first.result().as_str_name(),
            "same": first.run == again.run && !first.duplicate && again.duplicate,
            "taken": taken,
            "built_in": built_in,
        })
    }

    /// Stops the load, waits until the watch has seen all of it, and tells both.
    async fn end(&mut self) -> Value {
        self.stop.store(true, Ordering::SeqCst);
        self.tasks.pop().unwrap().await.unwrap();
        let newest = self.client.revision().await.unwrap();
        let caught_up = async {
            while self.seen.lock().await.events.last().is_none_or(|(revision, _)| *revision < newest) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, caught_up).await.unwrap();
        self.tasks.pop().unwrap().abort();
        let seen = self.seen.lock().await;
        json!({ "runs": seen.runs, "unknowns": seen.unknowns, "from": self.from, "events": seen.events })
    }
}

fn start(pipeline: &str, id: Option<Uuid>) -> api::StartRunRequest {
    api::StartRunRequest {
        pipeline: Some(model::PipelineRef { namespace: "default".into(), pipeline: pipeline.into() }),
        request_id: id.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        ..Default::default()
    }
}

/// Short tries leave a run unknown when the leader is lost, and are repeated with the same id.
async fn write(client: Client, pipeline: String, seen: Arc<Mutex<Seen>>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        let request = start(&pipeline, Some(Uuid::now_v7()));
        for turn in 0.. {
            assert!(turn < 100, "it stays unknown");
            match client.start_run(request.clone()).await {
                Outcome::Committed(committed) => {
                    seen.lock().await.runs.push(committed.value.run.unwrap().run);
                    break;
                }
                Outcome::Rejected(rejected) => panic!("{rejected}"),
                Outcome::Unknown(_) => seen.lock().await.unknowns += 1,
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn follow(mut watch: gofer_client::Events, pipeline: String, seen: Arc<Mutex<Seen>>) {
    while let Some(envelope) = watch.next().await.unwrap() {
        let event = log::Event::decode(envelope.payload.as_ref()).unwrap();
        let created = match event.kind {
            Some(log::event::Kind::RunCreated(created)) => created.run.filter(|run| run.pipeline == pipeline),
            _ => None,
        };
        seen.lock().await.events.push((envelope.revision, created.map_or(0, |run| run.run)));
    }
}

/// The example of the documentation. `cargo test` of the whole workspace has built it; then this is soon done.
pub(crate) fn example(addresses: &str) -> Command {
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--release", "--locked", "--offline", "--workspace", "--example", "nightly"]);
    assert!(build.current_dir(root()).status().unwrap().success(), "the example can't be built");
    let tests = std::env::current_exe().unwrap();
    let mut command = Command::new(tests.parent().unwrap().parent().unwrap().join("examples/nightly"));
    command.arg(addresses);
    command
}
