//! Plug-ins in Rust, Go and Python against a real cluster: whatever dies while they tell of events, each event starts one
//! run.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gofer_rng::Rng;
use gofer_tests::{
    Cluster, Language, LinesPlugin, PATIENCE, Process, eventually, needs, pipeline, request_id, shell_task,
};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::subscription_service_client::SubscriptionServiceClient;
use gofer_wire::api::v1::trigger_service_client::TriggerServiceClient;
use gofer_wire::model::v1 as model;
use rustix::process::Signal;
use sha2::{Digest as _, Sha256};

/// How long lines are appended while things die, and how often.
const STORM: Duration = Duration::from_secs(25);
const EVERY: Duration = Duration::from_millis(60);
/// Lines of a plug-in that nobody listens to: they are told of once it is back.
const UNHEARD: usize = 250;

/// A pipeline whose runs need no node, as no node has the label: they only are.
fn parked(id: &str) -> model::PipelineConfig {
    let mut config = pipeline(id, vec![shell_task("wait", "true", &[])]);
    config.tasks[0].constraints = vec![model::Variable { name: "nowhere".into(), value: "1".into() }];
    config
}

/// The trigger `lines` in one language, which follows a file.
struct Lines {
    language: &'static str,
    program: LinesPlugin,
    process: Process,
    addresses: String,
    path: PathBuf,
    file: File,
    written: BTreeSet<String>,
}

impl Lines {
    fn new(cluster: &Cluster, language: Language) -> Self {
        let program = LinesPlugin::build(language, cluster.path()).unwrap();
        let language = language.name();
        let path = cluster.path().join(format!("{language}.lines"));
        let addresses: Vec<&str> = cluster.nodes.iter().map(|node| node.address.as_str()).collect();
        Self {
            language,
            program,
            process: Process::new(cluster.path().join(format!("{language}.log"))),
            addresses: addresses.join(","),
            file: File::create(&path).unwrap(),
            path,
            written: BTreeSet::new(),
        }
    }

    fn token(&self) -> String {
        format!("token of {}", self.language).replace(' ', "-")
    }

    fn start(&mut self) {
        let command = self.program.command(&[], self.language, &self.token(), &self.addresses).unwrap();
        self.process.start(command).unwrap();
    }

    /// Appends a line, in two pieces, since programs don't write lines as a whole.
    fn write(&mut self) {
        let line = format!("{} {}", self.language, self.written.len());
        let (one, other) = line.split_at(3);
        write!(self.file, "{one}").unwrap();
        writeln!(self.file, "{other}").unwrap();
        self.written.insert(line);
    }

    async fn ended(&mut self) {
        let begin = Instant::now();
        while self.process.ended().is_none() {
            assert!(begin.elapsed() < PATIENCE, "it goes on: {}", self.process.log_tail(2000));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn of(&self) -> model::SubscriptionRef {
        model::SubscriptionRef { namespace: "default".into(), pipeline: self.language.into(), name: "log".into() }
    }

    async fn install(&self, cluster: &Cluster) {
        cluster.register(0, parked(self.language)).await.unwrap();
        let digest: [u8; 32] = Sha256::digest(self.token()).into();
        let spec = model::TriggerSpec { token_digest: Some(digest.to_vec()), ..Default::default() };
        let request =
            api::InstallTriggerRequest { request_id: request_id(), trigger: self.language.into(), spec: Some(spec) };
        TriggerServiceClient::new(cluster.nodes[0].channel().unwrap()).install_trigger(request).await.unwrap();
    }

    async fn subscribe(&self, cluster: &Cluster) {
        let variable =
            |name: &str, value: &str| vec![model::Variable { name: name.to_owned(), value: value.to_owned() }];
        let spec = model::SubscriptionSpec {
            trigger: self.language.into(),
            settings: variable("file", self.path.to_str().unwrap()),
            expressions: variable("LINE", "payload.line"),
            ..Default::default()
        };
        let request = api::CreateSubscriptionRequest {
            request_id: request_id(),
            subscription: Some(self.of()),
            spec: Some(spec),
            disabled: false,
        };
        subscriptions(cluster).create_subscription(request).await.unwrap();
    }

    /// The lines that runs were started for, each as often as it was.
    async fn runs(&self, cluster: &Cluster) -> anyhow::Result<BTreeMap<String, usize>> {
        let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: self.language.into() });
        let mut request = api::ListRunsRequest { pipeline, page_size: 1000, ..Default::default() };
        let mut lines = BTreeMap::new();
        loop {
            let page = cluster.runs(0)?.list_runs(request.clone()).await?.into_inner();
            for run in page.runs {
                let line = run.variables.into_iter().find(|variable| variable.name == "LINE");
                *lines.entry(line.unwrap_or_default().value).or_default() += 1;
            }
            if page.next_page_token.is_empty() {
                return Ok(lines);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Waits until each line has its run, and then makes sure that no line has two.
    async fn settled(&self, cluster: &Cluster) {
        let what = format!("a run for each line of {}", self.language);
        let all = eventually(&what, PATIENCE, || async {
            let runs = self.runs(cluster).await?;
            let missing = self.written.iter().filter(|line| !runs.contains_key(*line)).count();
            anyhow::ensure!(missing == 0, "{missing} of {} lines have no run", self.written.len());
            Ok(Some(runs))
        });
        let all = all.await.map_err(|error| format!("{error:#}\n{}", self.process.log_tail(2000))).unwrap();
        let twice: Vec<_> = all.iter().filter(|(_, runs)| **runs != 1).collect();
        assert!(twice.is_empty(), "{}: {twice:?}", self.language);
        assert_eq!(all.into_keys().collect::<BTreeSet<_>>(), self.written, "nothing that was not written");
    }
}

fn subscriptions(cluster: &Cluster) -> SubscriptionServiceClient<tonic::transport::Channel> {
    SubscriptionServiceClient::new(cluster.nodes[0].channel().unwrap())
}

async fn started(size: usize) -> (Cluster, Vec<Lines>) {
    needs(&["go"]).unwrap();
    let cluster = Cluster::start(size, &["--drivers", "process"]).await.unwrap();
    let mut all: Vec<Lines> = Language::ALL.into_iter().map(|language| Lines::new(&cluster, language)).collect();
    for lines in &mut all {
        lines.install(&cluster).await;
        lines.subscribe(&cluster).await;
        lines.start();
    }
    (cluster, all)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_starts_one_run_whatever_dies_when() {
    let (mut cluster, mut all) = started(3).await;
    let mut rng = Rng::new(5);
    let (begin, mut struck) = (Instant::now(), Instant::now());
    while begin.elapsed() < STORM {
        for lines in &mut all {
            lines.write();
        }
        if struck.elapsed() > Duration::from_millis(900) {
            strike(&mut cluster, &mut all, &mut rng).await;
            struck = Instant::now();
        }
        tokio::time::sleep(EVERY).await;
    }
    for lines in &all {
        lines.settled(&cluster).await;
    }
}

/// Kills, stops for a while, or starts anew: a plug-in or a node.
async fn strike(cluster: &mut Cluster, all: &mut [Lines], rng: &mut Rng) {
    let node = rng.below(cluster.nodes.len());
    match rng.below(6) {
        0..3 => {
            let lines = rng.below(all.len());
            all[lines].process.kill();
            all[lines].start();
        }
        3 => {
            let lines = rng.below(all.len());
            all[lines].process.signal(Signal::STOP).unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            all[lines].process.signal(Signal::CONT).unwrap();
        }
        4 => {
            cluster.nodes[node].signal(Signal::STOP).unwrap();
            tokio::time::sleep(Duration::from_millis(1500)).await;
            cluster.nodes[node].signal(Signal::CONT).unwrap();
        }
        _ => {
            cluster.nodes[node].kill();
            cluster.restart(node).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_is_gone_for_a_while_loses_nothing() {
    let (cluster, mut all) = started(1).await;
    for lines in &mut all {
        lines.write();
        lines.settled(&cluster).await;
        let trigger = lines.language.to_owned();
        let request = api::UninstallTriggerRequest { request_id: request_id(), trigger: trigger.clone() };
        TriggerServiceClient::new(cluster.nodes[0].channel().unwrap()).uninstall_trigger(request).await.unwrap();
        let request = api::GetSubscriptionRequest { subscription: Some(lines.of()), ..Default::default() };
        let shown = subscriptions(&cluster).get_subscription(request).await.unwrap().into_inner().subscription.unwrap();
        let broken = shown.broken.unwrap();
        assert_eq!(broken.message, format!("trigger {trigger} is not installed"));
        // The plug-in hears that it is not wanted any more, and ends.
        lines.ended().await;
        for _ in 0..UNHEARD {
            lines.write();
        }
    }
    for lines in &mut all {
        let digest: [u8; 32] = Sha256::digest(lines.token()).into();
        let spec = model::TriggerSpec { token_digest: Some(digest.to_vec()), ..Default::default() };
        let trigger = lines.language.to_owned();
        let request = api::InstallTriggerRequest { request_id: request_id(), trigger, spec: Some(spec) };
        TriggerServiceClient::new(cluster.nodes[0].channel().unwrap()).install_trigger(request).await.unwrap();
        lines.start();
        lines.settled(&cluster).await;
    }
}
