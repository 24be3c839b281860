//! A day of many schedules, whose leader falls every few minutes, and whose nodes are all away at times. What became of the
//! slots is written down for somebody else to judge.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Context as _;
use clap::Args;
use gofer_domain::config::Overlap;
use gofer_domain::schedule::{Blackout, CatchUp, Rule, Timing};
use gofer_domain::{
    Command, Event, PipelineConfig, PipelineId, PipelineKey, RunOptions, ScheduleKey, ScheduleName, ScheduleSpec,
};

use super::{Failure, Summary, World};
use crate::client::Client;
use crate::fault::Settings;
use crate::host::EPOCH_MS;
use crate::invariants::Judges;
use crate::nemesis;
use crate::workload;

/// Milliseconds between two falls of the leader, between two outages of all, and how long those last.
const FALL_MS: (u64, u64) = (120_000, 300_000);
const OUTAGE_MS: (u64, u64) = (2 * 3_600_000, 4 * 3_600_000);
const AWAY_MS: (u64, u64) = (5 * 60_000, 40 * 60_000);
/// How long everything is left alone in the end.
const CALM_MS: u64 = 180_000;

/// A day instead of a seed's minute.
#[derive(Args, Clone, Debug)]
pub(crate) struct Day {
    /// Keep the schedules of this file for hours: NAME|ZONE|none, latest or all:N|GRACE|JITTER|OPENS for LENGTH, or
    /// -|CRON; durations in seconds.
    #[arg(long = "day", value_name = "FILE", requires = "told", conflicts_with = "seeds")]
    pub(crate) schedules: Option<PathBuf>,
    /// Where to write what became of their slots, a line for each settlement: TIME NAME FROM TO, then SLOT=RUN or
    /// FIRST-LAST=REASON.
    #[arg(long, value_name = "FILE")]
    pub(crate) told: Option<PathBuf>,
    /// The time of day at which it begins, in milliseconds since the epoch.
    #[arg(long, value_name = "MS", default_value_t = EPOCH_MS)]
    pub(crate) from: u64,
    /// How long it lasts.
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    pub(crate) hours: u64,
}

impl Day {
    /// What a day is like otherwise: nothing goes wrong but what is said here.
    pub(crate) fn settings(seed: u64) -> Settings {
        Settings {
            voters: 3,
            learners: 0,
            clients: 0,
            archive: false,
            rolling: false,
            releases: false,
            secrets: false,
            schedules: false,
            events: false,
            ..Settings::of(seed, Some(BTreeSet::new()), Some(0))
        }
    }
}

/// Most schedules of one pipeline.
const EACH: usize = 50;

fn pipeline(number: usize) -> Arc<PipelineConfig> {
    let (_, quick) = workload::pipeline(4);
    let id = workload::id(PipelineId::new(&format!("day-{number}")));
    let mut config = PipelineConfig { id, overlap: Overlap::Allow, ..(*quick).clone() };
    for task in config.tasks.values_mut() {
        task.command[0] = "20".into();
    }
    Arc::new(config)
}

/// Reads a schedule; its name and what it says.
fn read(line: &str) -> anyhow::Result<(&str, ScheduleSpec)> {
    let fields: Vec<&str> = line.splitn(7, '|').collect();
    let [name, zone, catch_up, grace, jitter, blackout, cron] = fields[..] else { anyhow::bail!("seven fields") };
    let seconds = |text: &str| anyhow::Ok(std::time::Duration::from_secs(text.parse()?));
    let blackouts = match blackout.split_once(" for ") {
        Some((opens, length)) => vec![Blackout { opens: opens.into(), length: seconds(length)? }],
        None => Vec::new(),
    };
    let catch_up = match catch_up {
        "none" => CatchUp::None,
        "latest" => CatchUp::Latest,
        all => CatchUp::All(all.strip_prefix("all:").context("all:N")?.parse()?),
    };
    let spec = ScheduleSpec {
        description: String::new(),
        timing: Timing { rule: Rule::Cron(cron.into()), zone: zone.into(), blackouts },
        jitter: seconds(jitter)?,
        catch_up,
        grace: seconds(grace)?,
        options: RunOptions::default(),
    };
    Ok((name, spec))
}

/// The commands that make each pipeline and its schedules.
fn commands(text: &str) -> anyhow::Result<Vec<Vec<Command>>> {
    let (namespace, _) = workload::pipeline(0);
    let mut all = Vec::new();
    let mut commands = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let config = pipeline(number / EACH);
        let key = PipelineKey { namespace: namespace.clone(), pipeline: config.id.clone() };
        if number.is_multiple_of(EACH) {
            all.push(std::mem::take(&mut commands));
            commands.push(Command::RegisterPipeline { namespace: namespace.clone(), config });
        }
        let (name, spec) = read(line).with_context(|| format!("line {}: {line:?}", number + 1))?;
        let schedule = ScheduleKey { pipeline: key, name: workload::id(ScheduleName::new(name)) };
        commands.push(Command::CreateSchedule { schedule, spec: Arc::new(spec), enabled: true });
    }
    all.push(commands);
    Ok(all)
}

/// A settlement in a line; nothing of other events.
pub(super) fn told(time: u64, event: &Event) -> Option<String> {
    let mut line = String::new();
    match event {
        Event::ScheduleCreated { schedule, .. } => {
            writeln!(line, "{time} {} {time} {time}", schedule.name).ok()?;
        }
        Event::SlotsSettled { schedule, from, to, fired, skipped, .. } => {
            write!(line, "{time} {} {} {}", schedule.name, from.0, to.0).ok()?;
            for fired in fired {
                write!(line, " {}={}", fired.slot.0, fired.run).ok()?;
            }
            for range in skipped {
                write!(line, " {}-{}={:?}", range.first.0, range.last.0, range.reason).ok()?;
            }
            line.push('\n');
        }
        _ => return None,
    }
    Some(line)
}

impl World {
    /// Runs a day, and writes down what became of the slots.
    pub(crate) fn run_day(mut self, day: &Day) -> Result<Summary, Failure> {
        let (Some(schedules), Some(told)) = (&day.schedules, &day.told) else {
            return Err(Failure::Harness(anyhow::anyhow!("a day has --day and --told")));
        };
        let text = std::fs::read_to_string(schedules).with_context(|| format!("can't read {}", schedules.display()))?;
        let commands = commands(&text)?;
        let file = std::fs::File::create(told).with_context(|| format!("can't write {}", told.display()))?;
        self.judges = Judges::new(false);
        self.told = Some(std::io::BufWriter::new(file));
        self.time_of_day = Some(day.from);
        self.set_up()?;
        for (number, commands) in (1..).zip(commands) {
            self.shared.busy.fetch_add(1, Ordering::Relaxed);
            let client = Client { shared: self.shared.clone(), rng: self.rng.fork(), number };
            self.clients.spawn(client.commit_all(commands));
        }
        while self.shared.busy.load(Ordering::Relaxed) > 0 {
            self.tick()?;
        }
        self.fall(day.hours * 3_600_000)?;
        self.nemesis.heal(self.now, &mut self.nodes, &self.net);
        let until = self.now + CALM_MS;
        while self.now < until {
            self.tick()?;
        }
        let end = self.end();
        self.judges.end(&end)?;
        if let Some(mut told) = self.told.take() {
            told.flush().map_err(anyhow::Error::from)?;
        }
        Ok(Summary { simulated_ms: self.now, revisions: self.recorded, digest: self.history.sum() })
    }

    /// Lets leaders fall until the day is over, and all nodes at times.
    fn fall(&mut self, day_ms: u64) -> Result<(), Failure> {
        let mut next_fall = self.now + self.rng.range(FALL_MS.0, FALL_MS.1);
        let mut next_outage = self.now + self.rng.range(OUTAGE_MS.0, OUTAGE_MS.1) / 2;
        while self.now < day_ms {
            if self.now >= next_outage {
                next_outage = self.now + self.rng.range(OUTAGE_MS.0, OUTAGE_MS.1);
                let back = self.now + self.rng.range(AWAY_MS.0, AWAY_MS.1);
                for node in self.nodes.iter_mut().filter(|node| node.is_up()) {
                    node.crash(true, Some(back))?;
                }
            } else if self.now >= next_fall {
                next_fall = self.now + self.rng.range(FALL_MS.0, FALL_MS.1);
                self.fall_once()?;
            }
            self.tick()?;
        }
        Ok(())
    }

    /// The leader dies, loses power, stalls, or hands its leadership on.
    fn fall_once(&mut self) -> anyhow::Result<()> {
        let (how, lasts, now) = (self.rng.range(0, 3), self.rng.range(100, 20_000), self.now);
        let others: Vec<_> = self.nodes.iter().filter(|node| node.seen.leads.is_none()).map(|node| node.id).collect();
        let Some(other) = self.rng.pick(&others).copied() else { return Ok(()) };
        let Some(leader) = self.nodes.iter_mut().find(|node| node.seen.leads.is_some()) else { return Ok(()) };
        match how {
            0 | 1 => return leader.crash(how == 1, Some(now + lasts)),
            2 => leader.paused_until = now + lasts,
            _ => nemesis::hand_over(leader, Some(other)),
        }
        Ok(())
    }
}
