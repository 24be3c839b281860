//! Plug-ins in Rust, Go and Python against a real cluster: whatever dies while they tell of events, each event starts one
//! run.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common {
    pub(crate) mod lines;
}

use std::time::{Duration, Instant};

use common::lines::Lines;
use gofer_rng::Rng;
use gofer_tests::{Cluster, Language, PATIENCE, Process, needs, request_id};
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

/// A plug-in that runs by itself.
struct Running {
    lines: Lines,
    process: Process,
    addresses: String,
}

impl Running {
    fn new(cluster: &Cluster, language: Language) -> Self {
        let lines = Lines::new(cluster, language);
        let addresses: Vec<&str> = cluster.nodes.iter().map(|node| node.address.as_str()).collect();
        let process = Process::new(cluster.path().join(format!("{}.log", lines.language)));
        Self { lines, process, addresses: addresses.join(",") }
    }

    fn token(&self) -> String {
        format!("token-of-{}", self.lines.language)
    }

    fn spec(&self) -> model::TriggerSpec {
        let digest: [u8; 32] = Sha256::digest(self.token()).into();
        model::TriggerSpec { token_digest: Some(digest.to_vec()), ..Default::default() }
    }

    fn start(&mut self) {
        let Lines { program, language, .. } = &self.lines;
        let command = program.command(&[], language, &self.token(), &self.addresses).unwrap();
        self.process.start(command).unwrap();
    }

    async fn ended(&mut self) {
        let begin = Instant::now();
        while self.process.ended().is_none() {
            assert!(begin.elapsed() < PATIENCE, "it goes on: {}", self.process.log_tail(2000));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn started(size: usize) -> (Cluster, Vec<Running>) {
    needs(&["go"]).unwrap();
    let cluster = Cluster::start(size, &["--drivers", "process"]).await.unwrap();
    let mut all: Vec<Running> = Language::ALL.into_iter().map(|language| Running::new(&cluster, language)).collect();
    for running in &mut all {
        running.lines.install(&cluster, running.spec()).await;
        running.lines.subscribe(&cluster).await;
        running.start();
    }
    (cluster, all)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_starts_one_run_whatever_dies_when() {
    let (mut cluster, mut all) = started(3).await;
    let mut rng = Rng::new(5);
    let (begin, mut struck) = (Instant::now(), Instant::now());
    while begin.elapsed() < STORM {
        for running in &mut all {
            running.lines.write();
        }
        if struck.elapsed() > Duration::from_millis(900) {
            strike(&mut cluster, &mut all, &mut rng).await;
            struck = Instant::now();
        }
        tokio::time::sleep(EVERY).await;
    }
    for running in &all {
        running.lines.settled(&cluster).await;
    }
}

/// Kills, stops for a while, or starts anew: a plug-in or a node.
async fn strike(cluster: &mut Cluster, all: &mut [Running], rng: &mut Rng) {
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
    let channel = cluster.nodes[0].channel().unwrap();
    let mut subscriptions = SubscriptionServiceClient::new(channel.clone());
    for running in &mut all {
        running.lines.write();
        running.lines.settled(&cluster).await;
        let trigger = running.lines.language.to_owned();
        let request = api::UninstallTriggerRequest { request_id: request_id(), trigger: trigger.clone() };
        TriggerServiceClient::new(channel.clone()).uninstall_trigger(request).await.unwrap();
        let subscription = Some(running.lines.subscription());
        let request = api::GetSubscriptionRequest { subscription, ..Default::default() };
        let shown = subscriptions.get_subscription(request).await.unwrap().into_inner().subscription.unwrap();
        let broken = shown.broken.unwrap();
        assert_eq!(broken.message, format!("trigger {trigger} is not installed"));
        // The plug-in hears that it is not wanted any more, and ends.
        running.ended().await;
        for _ in 0..UNHEARD {
            running.lines.write();
        }
    }
    for running in &mut all {
        running.lines.install(&cluster, running.spec()).await;
        running.start();
        running.lines.settled(&cluster).await;
    }
}
