//! Schedules on three real processes: a load of short intervals with nodes that are killed, and very many that are idle
//! until a thousand of them are due in one second.
#![allow(clippy::print_stdout, reason = "it reports")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};
use gofer_benches::schedules::{Judge, make, note, pipelines};
use gofer_benches::usage::Usage;
use gofer_tests::{Cluster, eventually, shell_task};
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::schedule_spec::Rule;

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Schedules with a short interval, each of whose runs is a process; nodes are killed meanwhile
    Load {
        #[arg(long, default_value_t = 1000)]
        schedules: usize,
        /// Seconds between the slots of each
        #[arg(long, default_value_t = 5)]
        every: u32,
        #[arg(long, default_value_t = 600)]
        seconds: u64,
        /// Seconds between two kills; 0: none
        #[arg(long, default_value_t = 60)]
        kill_every: u64,
    },
    /// Schedules that are due once a year, and a thousand that are due in one second
    Many {
        #[arg(long, default_value_t = 100_000)]
        schedules: usize,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Args::parse().what {
        Some(What::Load { schedules, every, seconds, kill_every }) => load(schedules, every, seconds, kill_every).await,
        Some(What::Many { schedules }) => many(schedules).await,
        None => {
            for schedules in [10_000, 100_000] {
                many(schedules).await?;
            }
            load(1000, 5, 120, 30).await
        }
    }
}

/// Every node: the shells of the runs need room beside it.
const FLAGS: [&str; 4] = ["--drivers", "process", "--slots", "64"];

async fn load(schedules: usize, every: u32, seconds: u64, kill_every: u64) -> anyhow::Result<()> {
    let mut cluster = Cluster::start(3, &FLAGS).await?;
    pipelines(&cluster, "load", schedules, shell_task("noop", "true", &[])).await?;
    let rule = Rule::Every(prost_types::Duration { seconds: every.into(), nanos: 0 });
    let took = make(&cluster, "load", schedules, rule).await?;
    println!("{schedules} schedules every {every} s, made in {took:.1?}");
    let (begin, usage) = (Instant::now(), Usage::of(&cluster)?);
    let (mut kills, mut at) = (0, Duration::from_secs(kill_every.max(1)));
    while begin.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if kill_every > 0 && begin.elapsed() >= at {
            at += Duration::from_secs(kill_every);
            // Two leaders, then somebody else.
            let leader = cluster.leader().await?;
            let victim = if kills % 3 == 2 { cluster.other_than(leader) } else { leader };
            cluster.nodes[victim].kill();
            tokio::time::sleep(Duration::from_secs(3)).await;
            cluster.restart(victim).await?;
            kills += 1;
        }
    }
    if kills == 0 {
        println!("meanwhile: {}", usage.since(&cluster, begin.elapsed())?);
    }
    let until = SystemTime::now().duration_since(UNIX_EPOCH)?;
    tokio::time::sleep(Duration::from_secs(u64::from(every) + 5)).await;
    let judge = Judge::read(&cluster, "load").await?;
    println!("{seconds} s with {kills} kills: {}", judge.told(u64::from(every) * 1000, until)?);
    Ok(())
}

/// How many are due in one second.
const AT_ONCE: usize = 1000;

async fn many(schedules: usize) -> anyhow::Result<()> {
    let mut cluster = Cluster::start(3, &FLAGS).await?;
    pipelines(&cluster, "idle", schedules, note("idle")).await?;
    let took = make(&cluster, "idle", schedules, Rule::Cron("0 0 1 1 *".into())).await?;
    println!("{schedules} schedules that are idle: made in {took:.1?}");
    let (begin, usage) = (Instant::now(), Usage::of(&cluster)?);
    tokio::time::sleep(Duration::from_secs(20)).await;
    println!("idle: {}", usage.since(&cluster, begin.elapsed())?);

    pipelines(&cluster, "once", AT_ONCE, note("once")).await?;
    // Far enough away for all of them to be made before.
    let slot = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() + 20;
    let rule = Rule::Cron(format!("{} {} * * * *", slot % 60, slot / 60 % 60));
    make(&cluster, "once", AT_ONCE, rule).await?;
    let (begin, usage) = (Instant::now(), Usage::of(&cluster)?);
    tokio::time::sleep(Duration::from_secs(30)).await;
    println!("{AT_ONCE} of them in one second: {}", usage.since(&cluster, begin.elapsed())?);
    println!("{}", Judge::read(&cluster, "once").await?.late());

    let leader = cluster.leader().await?;
    cluster.nodes[leader].kill();
    let begin = Instant::now();
    eventually("another leader", Duration::from_secs(60), || async {
        let found = cluster.leader().await?;
        Ok((found != leader).then_some(()))
    })
    .await?;
    println!("another leader after {:.1?}", begin.elapsed());
    for node in &mut cluster.nodes {
        node.kill();
    }
    let begin = Instant::now();
    for node in 0..3 {
        cluster.restart(node).await?;
    }
    let run = model::RunRef { namespace: "default".into(), pipeline: "once-0".into(), run: 1 };
    eventually("an answer", Duration::from_secs(120), || async { Ok(Some(cluster.run(0, &run).await?)) }).await?;
    println!("all nodes started again: the first linearizable answer after {:.1?}", begin.elapsed());
    Ok(())
}
