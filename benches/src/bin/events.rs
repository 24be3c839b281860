//! Events of a plug-in on three real processes: how many a second are taken from end to end, and how a cluster starts with
//! very many subscriptions.
#![allow(clippy::print_stdout, reason = "it reports")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use clap::{Parser, Subcommand};
use gofer_benches::proposals::propose;
use gofer_benches::schedules::note;
use gofer_benches::usage::Usage;
use gofer_plugin::{Description, Event, Plugin, Subscription, Trigger, WatchError};
use gofer_tests::{Cluster, eventually, pipeline};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::subscription_service_client::SubscriptionServiceClient;
use gofer_wire::log::v1::command::Kind;
use gofer_wire::log::v1::{CreateSubscription, InstallTrigger};
use gofer_wire::model::v1 as model;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// One plug-in tells of events for some subscriptions at once
    Flood {
        #[arg(long, default_value_t = 8)]
        subscriptions: usize,
        /// Events of each subscription
        #[arg(long, default_value_t = 5_000)]
        events: usize,
        /// Events in one message
        #[arg(long, default_value_t = 100)]
        batch: usize,
    },
    /// Very many subscriptions to one plug-in; all nodes are started again
    Start {
        #[arg(long, default_value_t = 100_000)]
        subscriptions: usize,
    },
}

const TRIGGER: &str = "flood";
const TOKEN: &str = "the-token-of-the-plug-in-of-the-benchmark";
/// Most subscriptions of one pipeline.
const EACH: usize = 100;
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Args::parse().what {
        Some(What::Flood { subscriptions, events, batch }) => flood(subscriptions, events, batch).await,
        Some(What::Start { subscriptions }) => start(subscriptions).await,
        None => {
            flood(8, 5_000, 100).await?;
            flood(8, 500, 1).await?;
            start(100_000).await
        }
    }
}

/// Tells of so many events for each subscription, and says when each message was answered.
struct Flood {
    events: usize,
    batch: usize,
    answered: mpsc::UnboundedSender<(usize, Duration)>,
}

#[async_trait]
impl Trigger for Flood {
    fn describe(&self) -> Description {
        Description::new("1")
    }

    async fn watch(&self, mut subscription: Subscription) -> Result<(), WatchError> {
        let mut next = 0;
        while next < self.events {
            let upto = (next + self.batch).min(self.events);
            let events = (next..upto).map(|number| Event::new(&number.to_string()).payload(number.into()));
            let begin = Instant::now();
            subscription.send_all(events.collect(), upto.to_string().as_bytes()).await?;
            self.answered.send((upto - next, begin.elapsed()))?;
            next = upto;
        }
        Ok(())
    }
}

/// Registers pipelines for so many subscriptions, whose runs start nothing, and makes these.
async fn subscribe(cluster: &Cluster, name: &str, subscriptions: usize, filter: &str) -> anyhow::Result<Duration> {
    let leader = cluster.leader().await?;
    for number in 0..subscriptions.div_ceil(EACH) {
        cluster.register(leader, pipeline(&format!("{name}-{number}"), vec![note("note")])).await?;
    }
    let created = |number: usize| {
        Kind::CreateSubscription(CreateSubscription {
            subscription: Some(model::SubscriptionRef {
                namespace: "default".into(),
                pipeline: format!("{name}-{}", number / EACH),
                name: format!("s{number}"),
            }),
            spec: Some(model::SubscriptionSpec {
                trigger: TRIGGER.into(),
                filter: filter.into(),
                ..Default::default()
            }),
            enabled: true,
        })
    };
    propose(cluster, (0..subscriptions).map(created).collect()).await
}

async fn install(cluster: &Cluster) -> anyhow::Result<()> {
    let spec = model::TriggerSpec { token_digest: Some(Sha256::digest(TOKEN).to_vec()), ..Default::default() };
    propose(cluster, vec![Kind::InstallTrigger(InstallTrigger { trigger: TRIGGER.into(), spec: Some(spec) })]).await?;
    Ok(())
}

async fn flood(subscriptions: usize, events: usize, batch: usize) -> anyhow::Result<()> {
    for (what, filter) in [("filtered", "payload < 0"), ("start a run each", "payload >= 0")] {
        let cluster = Cluster::start(3, &[]).await?;
        install(&cluster).await?;
        subscribe(&cluster, "flood", subscriptions, filter).await?;
        let (answered, mut answers) = mpsc::unbounded_channel();
        let addresses = cluster.nodes.iter().map(|node| node.address.clone());
        let plugin = Plugin::new(Flood { events, batch, answered }, TRIGGER, TOKEN, addresses)?;
        let (begin, usage) = (Instant::now(), Usage::of(&cluster)?);
        let running = tokio::spawn(plugin.run());
        let (mut count, mut took) = (0, Vec::new());
        while count < subscriptions * events {
            let Some((some, time)) = answers.recv().await else { anyhow::bail!("the plug-in has ended") };
            count += some;
            took.push(time);
        }
        let elapsed = begin.elapsed();
        running.abort();
        took.sort();
        let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = count as f64 / elapsed.as_secs_f64();
        println!(
            "{count} events of {subscriptions} subscriptions, {batch} in a message, {what}: {rate:.0} a second, \
             answered after {:.1?} (p50), {:.1?} (p99)",
            at(50),
            at(99)
        );
        println!("  meanwhile: {}", usage.since(&cluster, elapsed)?);
    }
    Ok(())
}

/// Says how often it was told of a subscription.
struct Hearing(Arc<std::sync::atomic::AtomicUsize>);

#[async_trait]
impl Trigger for Hearing {
    fn describe(&self) -> Description {
        Description::new("1")
    }

    async fn watch(&self, _: Subscription) -> Result<(), WatchError> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}

async fn start(subscriptions: usize) -> anyhow::Result<()> {
    let mut cluster = Cluster::start(3, &[]).await?;
    install(&cluster).await?;
    let took = subscribe(&cluster, "many", subscriptions, "payload.branch == \"main\"").await?;
    println!("{subscriptions} subscriptions: made in {took:.1?}");
    let (begin, usage) = (Instant::now(), Usage::of(&cluster)?);
    tokio::time::sleep(Duration::from_secs(20)).await;
    println!("idle: {}", usage.since(&cluster, begin.elapsed())?);
    hear(&cluster, subscriptions).await?;

    cluster.nodes.iter_mut().for_each(gofer_tests::Node::kill);
    let begin = Instant::now();
    for node in 0..3 {
        cluster.restart(node).await?;
    }
    let name = model::SubscriptionRef { namespace: "default".into(), pipeline: "many-0".into(), name: "s0".into() };
    let request = api::GetSubscriptionRequest { subscription: Some(name), ..Default::default() };
    eventually("an answer", PATIENCE, || async {
        let mut client = SubscriptionServiceClient::new(cluster.nodes[0].channel()?);
        Ok(Some(client.get_subscription(request.clone()).await?))
    })
    .await?;
    println!("all nodes started again: the first linearizable answer after {:.1?}", begin.elapsed());
    hear(&cluster, subscriptions).await
}

/// How long it takes until a plug-in that connects has been told of all subscriptions.
async fn hear(cluster: &Cluster, subscriptions: usize) -> anyhow::Result<()> {
    let heard = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let addresses = [cluster.nodes[0].address.clone()];
    let begin = Instant::now();
    let running = tokio::spawn(Plugin::new(Hearing(heard.clone()), TRIGGER, TOKEN, addresses)?.run());
    eventually("all subscriptions to be told of", PATIENCE, || async {
        let heard = heard.load(std::sync::atomic::Ordering::Relaxed);
        Ok((heard >= subscriptions).then_some(()))
    })
    .await?;
    println!("a plug-in has been told of all of them {:.1?} after it began to connect", begin.elapsed());
    running.abort();
    Ok(())
}
