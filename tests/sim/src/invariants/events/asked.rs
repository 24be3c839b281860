//! What subscriptions ask for of the log, told from their settings and from the log as it was seen: figures are counted here
//! once more.

use std::collections::BTreeMap;

use gofer_domain::{Event, PipelineKey, RunKey, RunStatus, SubscriptionSpec};

/// An event of the log that may be asked for.
#[derive(Clone, Debug)]
pub(super) struct Happened {
    pub(super) revision: u64,
    pub(super) time: u64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Created(RunKey),
    Ended {
        run: RunKey,
        word: &'static str,
        /// None if it does not count, or nobody counts yet.
        figures: Option<Figures>,
        /// In milliseconds. None if it never began.
        lasted: Option<u64>,
    },
    /// Of which kind, and of which run.
    Other(&'static str, Option<RunKey>),
}

/// How the newest runs of a pipeline ended. True: it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Figures {
    /// The newest first.
    newest: Vec<bool>,
    streak: u64,
    /// Length of the streak before.
    broken: u64,
}

impl Figures {
    fn of(outcomes: &[bool]) -> Self {
        let mut streaks = outcomes.chunk_by(|one, next| one == next).rev().map(|streak| streak.len() as u64);
        let (streak, broken) = (streaks.next().unwrap_or_default(), streaks.next().unwrap_or_default());
        Self { newest: outcomes.iter().rev().take(61).copied().collect(), streak, broken }
    }

    fn is_reached(&self, percent: usize, window: usize, without: usize) -> bool {
        let newest = self.newest.get(without..without + window);
        newest.is_some_and(|newest| newest.iter().filter(|failed| **failed).count() * 100 >= percent * window)
    }
}

impl Happened {
    /// The run that it is about.
    pub(super) fn run(&self) -> Option<&RunKey> {
        match &self.what {
            What::Created(run) | What::Ended { run, .. } => Some(run),
            What::Other(_, run) => run.as_ref(),
        }
    }

    /// Whether it ends a run that had lasted as long as a subscription asks for.
    pub(super) fn was_long(&self, spec: &SubscriptionSpec) -> bool {
        match &self.what {
            What::Ended { run, lasted: Some(lasted), .. } => {
                is_of(spec, run) && longer_than(spec).is_some_and(|limit| limit <= *lasted)
            }
            _ => false,
        }
    }

    /// Whether a subscription asks for the event itself.
    pub(super) fn is_asked(&self, spec: &SubscriptionSpec) -> bool {
        match &self.what {
            What::Created(run) => is_of(spec, run) && on(spec).contains(&"started"),
            What::Ended { run, word, figures, .. } => is_of(spec, run) && counts(spec, word, figures.as_ref()),
            What::Other(kind, _) => words(spec, "kinds").contains(kind),
        }
    }
}

/// Whether an end counts.
fn counts(spec: &SubscriptionSpec, word: &str, figures: Option<&Figures>) -> bool {
    let on = on(spec);
    let in_a_row: Option<u64> = setting(spec, "in-a-row").parse().ok();
    let is_counted = |wanted: u64| figures.is_some_and(|figures| figures.streak == wanted);
    if on.contains(&word) && in_a_row.is_none_or(is_counted) {
        return true;
    }
    let Some(figures) = figures else { return false };
    let is_back = word == "succeeded" && figures.streak == 1 && figures.broken >= in_a_row.unwrap_or(1);
    let rate = setting(spec, "rate").split_once("%/");
    let rate = rate.and_then(|(percent, window)| Some((percent.parse().ok()?, window.parse().ok()?)));
    let crosses = |(percent, window): (usize, usize)| {
        figures.is_reached(percent, window, 0) && !figures.is_reached(percent, window, 1)
    };
    (on.contains(&"recovered") && is_back) || rate.is_some_and(crosses)
}

fn on(spec: &SubscriptionSpec) -> Vec<&str> {
    let has = |name: &str| !setting(spec, name).is_empty();
    match words(spec, "on") {
        words if !words.is_empty() => words,
        _ if has("in-a-row") => vec!["failed"],
        _ if has("rate") || has("longer-than") => Vec::new(),
        _ => vec!["succeeded"],
    }
}

/// Runs are of pipelines of the one namespace that there is.
pub(super) fn is_of(spec: &SubscriptionSpec, run: &RunKey) -> bool {
    setting(spec, "pipeline") == run.pipeline.pipeline.as_str()
}

/// The milliseconds after which a run is long; it is given in seconds here.
pub(super) fn longer_than(spec: &SubscriptionSpec) -> Option<u64> {
    setting(spec, "longer-than").strip_suffix('s')?.parse::<u64>().ok().map(|seconds| seconds * 1000)
}

fn words<'a>(spec: &'a SubscriptionSpec, name: &str) -> Vec<&'a str> {
    setting(spec, name).split(',').filter(|word| !word.is_empty()).collect()
}

fn setting<'a>(spec: &'a SubscriptionSpec, name: &str) -> &'a str {
    spec.settings.get(name).map_or("", String::as_str)
}

/// What was seen of the log, as far as it may be asked for.
#[derive(Default)]
pub(super) struct Log {
    happened: BTreeMap<u64, Happened>,
    outcomes: BTreeMap<PipelineKey, Vec<bool>>,
    started: BTreeMap<RunKey, u64>,
    /// Whether ends of runs say figures.
    are_counted: bool,
}

impl Log {
    /// Takes in an event.
    pub(super) fn see(&mut self, revision: u64, time: u64, event: &Event) -> Result<Option<&Happened>, String> {
        let what = match event {
            Event::RunStarted { run } => {
                self.started.insert(run.clone(), time);
                return Ok(None);
            }
            Event::RunCreated { run, .. } => What::Created(run.clone()),
            Event::RunFinished { run, .. } => self.ended(run, time, event)?,
            Event::RunAnnotated { run, .. } => What::Other("run_annotated", Some(run.clone())),
            Event::RunStopRequested { run, .. } => What::Other("run_stop_requested", Some(run.clone())),
            Event::TaskFinished { task, .. } => What::Other("task_finished", Some(task.run.clone())),
            Event::NodeRegistered { .. } => What::Other("node_registered", None),
            Event::NodeLost { .. } => What::Other("node_lost", None),
            Event::SubscriptionUpdated { .. } => What::Other("subscription_updated", None),
            Event::EventsTaken { from_log: false, .. } => What::Other("events_taken", None),
            _ => return Ok(None),
        };
        self.happened.insert(revision, Happened { revision, time, what });
        Ok(self.happened.get(&revision))
    }

    fn ended(&mut self, key: &RunKey, time: u64, event: &Event) -> Result<What, String> {
        let Event::RunFinished { status, started_at, ends, .. } = event else { return Err("no end".to_owned()) };
        let run = key.clone();
        let started = self.started.get(&run).copied();
        self.are_counted |= ends.is_some();
        let lasted = started.filter(|_| self.are_counted).map(|started| time - started);
        // One that is started and ended by one command has lasted for nothing, and need not say so.
        let is_told = started_at.map(|started| started.0) == started || (started_at.is_none() && lasted == Some(0));
        if self.are_counted && !is_told {
            return Err(format!("run {run} began at {started:?}, and its end says {started_at:?}"));
        }
        let (word, failed) = match status {
            RunStatus::Succeeded => ("succeeded", false),
            RunStatus::Failed { .. } => ("failed", true),
            _ => return Ok(What::Ended { run, word: "cancelled", figures: None, lasted }),
        };
        let Some(ends) = ends else {
            let what = || What::Ended { run: run.clone(), word, figures: None, lasted };
            return if self.are_counted { Err(format!("the end of run {run} says no figures")) } else { Ok(what()) };
        };
        let outcomes = self.outcomes.entry(run.pipeline.clone()).or_default();
        outcomes.push(failed);
        let figures = Figures::of(outcomes);
        if (figures.streak, figures.broken) != (ends.streak, ends.broken) {
            return Err(format!("after run {run} it is {figures:?}, and its end says {ends:?}"));
        }
        Ok(What::Ended { run, word, figures: Some(figures), lasted })
    }

    pub(super) fn at(&self, revision: u64) -> Option<&Happened> {
        self.happened.get(&revision)
    }

    pub(super) fn started(&self, run: &RunKey) -> Option<u64> {
        self.started.get(run).copied()
    }
}

#[cfg(test)]
mod tests {
    use gofer_domain::{Ends, NamespaceId, PipelineId, RunOptions, Timestamp, TriggerName};

    use super::*;

    fn spec(settings: &[(&str, &str)]) -> SubscriptionSpec {
        let all = [("pipeline", "p")].iter().chain(settings);
        SubscriptionSpec {
            description: String::new(),
            trigger: TriggerName::new("pipeline").unwrap(),
            settings: all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            filter: String::new(),
            variables: BTreeMap::new(),
            options: RunOptions::default(),
        }
    }

    /// Revisions of the ends that are asked for, of runs of 2 s that end like this.
    fn asked(outcomes: &[bool], settings: &[(&str, &str)]) -> Vec<u64> {
        let pipeline =
            PipelineKey { namespace: NamespaceId::new("n").unwrap(), pipeline: PipelineId::new("p").unwrap() };
        let (mut log, mut ends, spec) = (Log::default(), Ends::default(), spec(settings));
        let mut asked = Vec::new();
        for (revision, failed) in (1..).zip(outcomes) {
            let run = RunKey { pipeline: pipeline.clone(), run: revision };
            let began = revision * 10_000;
            log.see(0, began, &Event::RunStarted { run: run.clone() }).unwrap();
            ends.push(*failed);
            let status = if *failed { RunStatus::Failed { message: String::new() } } else { RunStatus::Succeeded };
            let event = Event::RunFinished { run, status, started_at: Some(Timestamp(began)), ends: Some(ends) };
            let happened = log.see(revision, began + 2000, &event).unwrap().unwrap();
            if happened.is_asked(&spec) || happened.was_long(&spec) {
                asked.push(revision);
            }
        }
        asked
    }

    #[test]
    fn ends_count_as_the_settings_say() {
        let ends = [false, true, true, false, true, true, true, false, false];
        assert_eq!(asked(&ends, &[]), [1, 4, 8, 9]);
        assert_eq!(asked(&ends, &[("on", "failed")]), [2, 3, 5, 6, 7]);
        assert_eq!(asked(&ends, &[("in-a-row", "2")]), [3, 6]);
        assert_eq!(asked(&ends, &[("on", "recovered"), ("in-a-row", "3")]), [8]);
        assert_eq!(asked(&ends, &[("rate", "75%/4")]), [5]);
        assert!(asked(&ends, &[("longer-than", "3s")]).is_empty());
        assert_eq!(asked(&ends[..2], &[("longer-than", "2s")]), [1, 2]);
    }
}
