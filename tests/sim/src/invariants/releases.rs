//! Claim: a run gets no version but the live one, or one of the two of the release in progress, and none starts with a
//! version after its release was rolled back. Source: clients here never name a version; only retries keep an old one.
//! Check: the versions are followed through the recorded events, and compared with what each run was given.

use std::collections::{BTreeMap, BTreeSet};

use gofer_domain::event::Standing;
use gofer_domain::{Event, PipelineKey, RunKey, Version};

use super::Invariant;
use crate::history::Fact;

#[derive(Default)]
struct Pipeline {
    live: Version,
    /// Number and versions of the release in progress.
    active: Option<(u64, Version, Version)>,
    /// Releases that were rolled back, with what they went to.
    banned: BTreeSet<(u64, Version)>,
}

#[derive(Default)]
pub(super) struct Releases {
    pipelines: BTreeMap<PipelineKey, Pipeline>,
    /// Runs that wait, with the release and the version that they got.
    waiting: BTreeMap<RunKey, (Option<u64>, Version)>,
}

impl Releases {
    fn created(&mut self, run: &RunKey, version: Version, release: Option<u64>, retry: bool) -> Result<(), String> {
        let known = self.pipelines.entry(run.pipeline.clone()).or_default();
        let fits = match (release, known.active) {
            (None, None) => retry || version == known.live,
            (None, Some(_)) => retry,
            (Some(_), None) => false,
            (Some(release), Some((active, from, to))) => release == active && (version == from || version == to),
        };
        self.waiting.insert(run.clone(), (release, version));
        if fits { Ok(()) } else { Err(format!("run {run} was given version {version} by {release:?}")) }
    }

    fn started(&mut self, run: &RunKey) -> Result<(), String> {
        let (Some((Some(release), version)), Some(known)) =
            (self.waiting.remove(run), self.pipelines.get(&run.pipeline))
        else {
            return Ok(());
        };
        if known.banned.contains(&(release, version)) {
            return Err(format!("run {run} starts with version {version}, and release {release} was rolled back"));
        }
        Ok(())
    }

    fn recorded(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::PipelineRegistered { pipeline, version, standing, .. } if *standing != Standing::Held => {
                self.pipelines.entry(pipeline.clone()).or_default().live = *version;
            }
            Event::LiveVersionChanged { pipeline, version, .. } => {
                self.pipelines.entry(pipeline.clone()).or_default().live = *version;
            }
            Event::ReleaseStarted { pipeline, release, from, to, .. } => {
                self.pipelines.entry(pipeline.clone()).or_default().active = Some((*release, *from, *to));
            }
            Event::ReleasePromoted { pipeline, .. } => {
                let known = self.pipelines.entry(pipeline.clone()).or_default();
                if let Some((_, _, to)) = known.active.take() {
                    known.live = to;
                }
            }
            Event::ReleaseRolledBack { pipeline, .. } => {
                let known = self.pipelines.entry(pipeline.clone()).or_default();
                if let Some((release, _, to)) = known.active.take() {
                    known.banned.insert((release, to));
                }
            }
            Event::RunCreated { run, version, release, retry_of, .. } => {
                self.created(run, *version, *release, retry_of.is_some())?;
            }
            Event::RunMoved { run, version, .. } => {
                let Some(waiting) = self.waiting.get_mut(run) else {
                    return Err(format!("run {run} was moved to version {version} and does not wait"));
                };
                *waiting = (None, *version);
            }
            Event::RunStarted { run } => self.started(run)?,
            _ => {}
        }
        Ok(())
    }
}

impl Invariant for Releases {
    fn name(&self) -> &'static str {
        "versions-allowed"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Recorded { event, .. } => self.recorded(event),
            _ => Ok(()),
        }
    }
}
