//! A run from its first to its last minute: clients and faults side by side, then healing, last reads and verdicts.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use gofer_rng::Rng;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::check::Verdict;
use crate::check::events::Facts;
use crate::client::Client;
use crate::finale;
use crate::history::History;
use crate::journal::Journal;
use crate::lab::Lab;
use crate::machine::Build;
use crate::nemesis::{self, Nemesis};
use crate::net::Network;
use crate::options::Options;
use crate::report;
use crate::workload::{self, Workload};

/// How long clients go on after everything is healed: they have to succeed again.
const AFTERMATH: Duration = Duration::from_secs(5);
/// How long last reads and the end of the last runs may take.
const FINISH_PATIENCE: Duration = Duration::from_secs(120);

/// A workload that runs.
pub(crate) struct Running {
    pub(crate) name: &'static str,
    pub(crate) history: Arc<History>,
    work: Arc<dyn Workload>,
}

/// What came out.
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) nodes: usize,
    pub(crate) time: Duration,
    pub(crate) running: Vec<Running>,
    /// By workload; those of the whole cluster are under `cluster`.
    pub(crate) verdicts: Vec<(&'static str, Verdict)>,
    pub(crate) has_netem: bool,
}

impl Outcome {
    pub(crate) fn is_valid(&self) -> bool {
        self.verdicts.iter().all(|(_, verdict)| verdict.holds)
    }
}

/// Runs it all; true if everything held.
///
/// # Errors
/// When the harness itself fails, or is told to stop.
pub(crate) async fn run(
    options: &Options,
    network: Network,
    kinds: &[&'static dyn Nemesis],
    workloads: &[usize],
) -> anyhow::Result<bool> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Whatever is told here, the network and the disks go with what is dropped.
    tokio::select! {
        valid = run_whole(options, network, kinds, workloads) => valid,
        _ = interrupt.recv() => anyhow::bail!("interrupted; everything is removed"),
        _ = terminate.recv() => anyhow::bail!("told to stop; everything is removed"),
    }
}

async fn run_whole(
    options: &Options,
    network: Network,
    kinds: &[&'static dyn Nemesis],
    workloads: &[usize],
) -> anyhow::Result<bool> {
    let seed = options.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::from(now.subsec_nanos()) ^ now.as_secs()
    });
    let mut rng = Rng::new(seed);
    let out = prepare(options, seed)?;
    let journal = Journal::new(Instant::now(), options.quiet);
    journal.say(&format!("seed {seed}, {} nodes, results in {}", options.nodes, out.display()));
    let has_netem = network.has_netem;
    if !has_netem && kinds.iter().any(|kind| kind.name() == "latency") {
        journal.note("this kernel has no netem: latency comes from narrow links (tbf), loss from the firewall".into());
    }
    let build = build(options, kinds)?;
    let lab = Arc::new(Lab::create(network, usize::from(options.nodes), &build, out.clone(), journal.clone())?);
    lab.start().await.context("the cluster did not start")?;
    journal.say("the cluster is up");
    let running = prepare_workloads(&lab, workloads).await?;
    let outcome = drive(options, &lab, kinds, running, seed, &mut rng, has_netem).await?;
    report::write(&out, &outcome, &journal)?;
    report::print(&outcome, &journal, &out);
    Ok(outcome.is_valid())
}

/// Makes the folder of the results anew.
fn prepare(options: &Options, seed: u64) -> anyhow::Result<PathBuf> {
    let out = options.out.clone().unwrap_or_else(|| PathBuf::from(format!("target/jepsen/{seed}")));
    if out.join("report.html").exists() || out.join("n1.log").exists() {
        std::fs::remove_dir_all(&out).with_context(|| format!("can't remove the earlier results {}", out.display()))?;
    }
    std::fs::create_dir_all(out.join("effects")).with_context(|| format!("can't make {}", out.display()))?;
    Ok(out.canonicalize()?)
}

fn build(options: &Options, kinds: &[&'static dyn Nemesis]) -> anyhow::Result<Build> {
    let fakes_time = kinds.iter().any(|kind| !kind.works_on_any_build());
    let binary = gofer_tests::binary()?.canonicalize()?;
    if fakes_time {
        let linked = crate::net::run(&["ldd", &binary.display().to_string()]);
        anyhow::ensure!(
            linked.is_ok_and(|text| text.contains("libc.so")),
            "{} is linked statically, so its clock can't be deceived; scripts/jepsen builds another for the nemesis clock",
            binary.display()
        );
    }
    // Snapshots are to be taken, sent and installed within minutes.
    let flags = ["--lease-ms", &options.lease_ms.to_string(), "--snapshot-after", "1500", "--keep-entries", "300"];
    let flags = flags.map(String::from).to_vec();
    Ok(Build { binary, flags, fakes_time, disk_mib: u64::from(options.disk_mib) })
}

async fn prepare_workloads(lab: &Arc<Lab>, wanted: &[usize]) -> anyhow::Result<Vec<Running>> {
    let mut running = Vec::new();
    for index in wanted {
        let (name, _, make) = workload::ALL[*index];
        let work = make(&lab.out.join("effects"));
        let history = Arc::new(History::create(&lab.out, name, work.style(), lab.journal.start)?);
        lab.journal.attach(history.clone());
        work.set_up(lab).await.with_context(|| format!("workload {name}"))?;
        running.push(Running { name, history, work });
    }
    Ok(running)
}

async fn drive(
    options: &Options,
    lab: &Arc<Lab>,
    kinds: &[&'static dyn Nemesis],
    running: Vec<Running>,
    seed: u64,
    rng: &mut Rng,
    has_netem: bool,
) -> anyhow::Result<Outcome> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for workload in &running {
        for index in 0..workload.work.clients() {
            let client = Client::new(index, workload.work.clients(), rng.fork(), lab.clone(), workload.history.clone());
            clients.spawn(go_on(workload.work.clone(), client, stop.clone()));
        }
    }
    let watch = tokio::spawn(nemesis::watch(lab.clone()));
    let until = Instant::now() + options.time;
    if kinds.is_empty() {
        tokio::time::sleep_until(until.into()).await;
    } else {
        nemesis::run(lab, kinds, rng.fork(), until).await;
    }
    watch.abort();
    lab.journal.say("no more faults; healing");
    let healed = Instant::now();
    let heal = async {
        lab.heal().await?;
        lab.wait_whole().await
    };
    if let Err(error) = heal.await {
        lab.journal.find(format!("the cluster did not heal: {error:#}"));
    }
    lab.journal.note(format!("all nodes vote and agree {:.1} s after the last fault", healed.elapsed().as_secs_f64()));
    let healed = lab.journal.start.elapsed();
    tokio::time::sleep(AFTERMATH).await;
    stop.store(true, Ordering::SeqCst);
    while let Some(ended) = clients.join_next().await {
        ended.context("a client panicked")?;
    }
    let mut verdicts = succeeded_again(&running, healed);
    for workload in &running {
        last_reads(lab, workload, rng.fork()).await;
        workload.history.flush()?;
    }
    let (facts, cluster) = finale::judge(lab).await;
    verdicts.extend(cluster.into_iter().map(|verdict| ("cluster", verdict)));
    verdicts.extend(judge(&running, &facts));
    let findings = lab.journal.findings();
    let detail = format!("{} faults", lab.journal.faults().len());
    verdicts.push(("cluster", Verdict::new("nothing else was found while it ran", detail, findings)));
    let (nodes, time) = (lab.size(), options.time);
    Ok(Outcome { seed, nodes, time, running, verdicts, has_netem })
}

fn judge(running: &[Running], facts: &Facts) -> Vec<(&'static str, Verdict)> {
    let mut verdicts = Vec::new();
    for workload in running {
        let found = workload.work.check(&workload.history.ops(), facts);
        verdicts.extend(found.into_iter().map(|verdict| (workload.name, verdict)));
    }
    verdicts
}

async fn go_on(work: Arc<dyn Workload>, mut client: Client, stop: Arc<AtomicBool>) {
    let (least, most) = work.pause();
    while !stop.load(Ordering::SeqCst) {
        work.invoke(&mut client).await;
        let pause = client.rng.millis(least, most);
        tokio::time::sleep(pause).await;
    }
}

/// After healing, each workload had operations that succeeded.
fn succeeded_again(running: &[Running], healed: Duration) -> Vec<(&'static str, Verdict)> {
    let healed = u64::try_from(healed.as_nanos()).unwrap_or(u64::MAX);
    let verdict = |workload: &Running| {
        let ops = workload.history.ops();
        let after = ops.iter().filter(|op| op.start >= healed);
        let (count, good) = after
            .fold((0, 0), |(count, good), op| (count + 1, good + u64::from(op.outcome == crate::history::Outcome::Ok)));
        let faults = if good > 0 { Vec::new() } else { vec!["nothing succeeded after everything was healed".into()] };
        Verdict::new("it works again once everything is healed", format!("{good} of {count} operations"), faults)
    };
    running.iter().map(|workload| (workload.name, verdict(workload))).collect()
}

async fn last_reads(lab: &Arc<Lab>, workload: &Running, rng: Rng) {
    // A process of its own, after those of all clients.
    let clients = workload.work.clients();
    let mut client = Client::new(clients * 1000, clients, rng, lab.clone(), workload.history.clone());
    let start = Instant::now();
    loop {
        match workload.work.finish(&mut client).await {
            Ok(()) => return,
            Err(error) if start.elapsed() > FINISH_PATIENCE => {
                let late = format!("{}: after {FINISH_PATIENCE:?} still: {error:#}", workload.name);
                return lab.journal.find(late);
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}
