//! How fast a log is verified, exported and replayed, and made into a backup and into a data directory again. The events are made by a store, without Raft or a cluster.
#![allow(clippy::print_stdout, reason = "it reports")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use gofer_audit::{DataDirectory, EventSource, ExportOptions, Exporter, Meter, Replay, Until, explain, verify};
use gofer_domain::config::{DriverKind, Overlap, PullPolicy, Resources, RetryPolicy};
use gofer_domain::*;
use gofer_recovery::{Create, DataDirectoryBlobs, Operator, create};
use gofer_store::{Entry, EntryKind, Options, Store};

#[derive(Parser)]
struct Args {
    /// Events to make.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Directory to work in.
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Runs that go on at the same time.
const WAVE: u64 = 250;
/// What each of them comes to.
const EVENTS_A_RUN: u64 = 9;

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let dir = tempfile::tempdir_in(args.dir.unwrap_or_else(std::env::temp_dir))?;
    let (data, out) = (dir.path().join("data"), dir.path().join("export"));
    let start = Instant::now();
    make(&data, args.events)?;
    let source = DataDirectory::open(&data)?;
    let events = source.extent().last;
    report("made", events, start.elapsed());

    check(&source, "verified the data directory:")?;
    let start = Instant::now();
    let options = ExportOptions { cluster: source.extent().cluster, ..ExportOptions::default() };
    let mut exporter = Exporter::open(&out, &options)?;
    let mut pushed = Ok(());
    source.scan(1, events, &mut |_, event| {
        pushed = exporter.push(event);
        if pushed.is_ok() { std::ops::ControlFlow::Continue(()) } else { std::ops::ControlFlow::Break(()) }
    })?;
    pushed?;
    let manifest = exporter.finish()?;
    report("exported:", events, start.elapsed());
    let stored: u64 = manifest.segments.iter().map(|segment| segment.stored_bytes).sum();
    println!("  {} bytes of events, {stored} bytes in {} segments", manifest.bytes, manifest.segments.len());
    let export = gofer_audit::open(&out)?;
    check(export.as_ref(), "verified the export:")?;

    let start = Instant::now();
    let mut replay = Replay::new(dir.path())?;
    replay.advance(export.as_ref(), Until::End, &Meter::default())?;
    report("replayed:", events, start.elapsed());
    let start = Instant::now();
    let compared = replay.compare(source.store())?;
    ensure!(compared.first_difference.is_none(), "{compared:?}");
    println!("compared {} records in {:.2?}", compared.records, start.elapsed());
    let start = Instant::now();
    println!("state digest {} in {:.2?}", replay.digest()?, start.elapsed());

    let start = Instant::now();
    let last = RunKey { pipeline: pipeline()?, run: events / EVENTS_A_RUN };
    explain(export.as_ref(), &last, &Meter::default())?.context("the last run is known")?;
    report("explained the last run:", events, start.elapsed());
    restore(dir.path(), &data, &out)
}

/// Makes a backup of the export, and a data directory of that.
fn restore(dir: &Path, data: &Path, out: &Path) -> anyhow::Result<()> {
    let start = Instant::now();
    let options = Create {
        dir: out.to_owned(),
        scratch: dir.to_owned(),
        source: "the benchmark".into(),
        build: String::new(),
        now: Timestamp(1),
    };
    let made = create(&options, &mut DataDirectoryBlobs::open(data)?, &Meter::default())?;
    let events = made.statement.content.revision;
    report("made the export a backup:", events, start.elapsed());
    let start = Instant::now();
    gofer_recovery::verify(out, dir, &Meter::default())?;
    report("verified the backup:", events, start.elapsed());
    let start = Instant::now();
    let operator = Operator { name: "bench".into(), now: Timestamp(1) };
    gofer_recovery::restore(out, &dir.join("restored"), &operator, &Meter::default())?;
    report("restored it:", events, start.elapsed());
    Ok(())
}

fn check(source: &dyn EventSource, what: &str) -> anyhow::Result<()> {
    let start = Instant::now();
    let found = verify(source, None, &Meter::default())?;
    ensure!(found.fault.is_none(), "{:?}", found.fault);
    report(what, found.events, start.elapsed());
    Ok(())
}

fn report(what: &str, events: u64, took: Duration) {
    let rate = events as f64 / took.as_secs_f64();
    println!("{what} {events} events in {took:.2?}, {rate:.0} a second");
}

fn pipeline() -> anyhow::Result<PipelineKey> {
    let id = |rejection: Rejection| anyhow::anyhow!("{rejection}");
    Ok(PipelineKey {
        namespace: NamespaceId::new("default").map_err(id)?,
        pipeline: PipelineId::new("release-candidate").map_err(id)?,
    })
}

/// Fills a store with runs of one task each.
fn make(dir: &Path, events: u64) -> anyhow::Result<()> {
    let store = Store::open(dir, Options { dedup_capacity: 1_000, ..Options::default() })?;
    let mut maker = Maker { store, index: 0, commands: 0 };
    let pipeline = pipeline()?;
    let task = TaskId::new("build").map_err(|rejection| anyhow::anyhow!("{rejection}"))?;
    let node = NodeId(1);
    maker.give(vec![
        Command::CreateCluster { cluster: ClusterId([1; 16]) },
        Command::RegisterNode { node, spec: Box::new(spec()) },
        Command::RegisterPipeline {
            namespace: pipeline.namespace.clone(),
            config: Arc::new(config(&pipeline, task.clone())),
        },
    ])?;
    for wave in 0..events.div_ceil(EVENTS_A_RUN * WAVE) {
        let attempts = (1..=WAVE).map(|run| AttemptKey {
            task: TaskKey { run: RunKey { pipeline: pipeline.clone(), run: wave * WAVE + run }, task: task.clone() },
            attempt: 1,
        });
        let attempts: Vec<AttemptKey> = attempts.collect();
        let each = |command: &dyn Fn(AttemptKey) -> Command| attempts.iter().cloned().map(command).collect::<Vec<_>>();
        maker.give(each(&|_| Command::StartRun {
            pipeline: pipeline.clone(),
            version: None,
            options: Box::new(RunOptions {
                variables: BTreeMap::from([("COMMIT".into(), "4f5b1c6d2e".into())]),
                ..RunOptions::default()
            }),
        }))?;
        maker.give(each(&|attempt| Command::AssignAttempt { attempt, node, driver: DriverKind::Process }))?;
        maker.give(each(&|attempt| Command::ReportLaunching { attempt, node }))?;
        maker.give(each(&|attempt| Command::ReportStarted { attempt, node }))?;
        maker.give(each(&|attempt| Command::ReportFinished {
            attempt,
            node,
            outcome: AttemptOutcome::Succeeded,
            log: Some(gofer_domain::run::LogRef { digest: [3; 32], bytes: 512, truncated: false }),
            outputs: BTreeMap::new(),
        }))?;
    }
    maker.store.sync()?;
    Ok(())
}

struct Maker {
    store: Store,
    index: u64,
    commands: u64,
}

impl Maker {
    /// Applies commands as one entry.
    fn give(&mut self, commands: Vec<Command>) -> anyhow::Result<()> {
        self.index += 1;
        let envelopes = commands.into_iter().map(|command| {
            self.commands += 1;
            CommandEnvelope {
                request_id: RequestId(u128::from(self.commands).to_be_bytes()),
                actor: Actor("user:ada".into()),
                time: Timestamp(1_753_000_000_000 + self.index),
                command,
            }
        });
        let entry = Entry { index: self.index, log_id: vec![1], kind: EntryKind::Commands(envelopes.collect()) };
        self.store.apply(vec![entry])?;
        Ok(())
    }
}

fn spec() -> NodeSpec {
    NodeSpec {
        name: "n1".into(),
        address: "127.0.0.1:7600".into(),
        labels: BTreeMap::new(),
        slots: 10_000,
        capacity: Resources::default(),
        drivers: [DriverKind::Process].into(),
        logic_version: 1,
        build: "bench".into(),
    }
}

fn config(pipeline: &PipelineKey, id: TaskId) -> PipelineConfig {
    let task = TaskConfig {
        description: String::new(),
        image: None,
        pull: PullPolicy::IfNotPresent,
        entrypoint: Vec::new(),
        command: vec!["true".into()],
        environment: BTreeMap::new(),
        working_directory: None,
        depends_on: BTreeMap::new(),
        retry: RetryPolicy::default(),
        timeout: None,
        resources: Resources::default(),
        driver: None,
        constraints: BTreeMap::new(),
        allow_failure: false,
        ..TaskConfig::default()
    };
    PipelineConfig {
        id: pipeline.pipeline.clone(),
        description: String::new(),
        parallelism: 0,
        overlap: Overlap::Allow,
        timeout: None,
        variables: BTreeMap::new(),
        tasks: BTreeMap::from([(id, task)]),
        parameters: BTreeMap::new(),
    }
}
