//! What must hold, whatever goes wrong. One file for each: its claim, where it comes from, and the check.
//!
//! Invariants see facts only. They must not know what faults there are, nor look into a node.

mod acknowledged;
mod archived;
mod backfills;
mod chain;
mod dedup;
mod election;
mod events;
mod liveness;
mod one_copy;
mod order;
mod outcomes;
mod prefix;
mod reads;
mod releases;
mod running;
mod secrets;
mod slots;
mod time;
mod versions;

use std::collections::BTreeMap;
use std::path::PathBuf;

use gofer_domain::{NodeId, State};

use crate::history::Fact;

/// A claim that the facts may break.
pub(crate) trait Invariant {
    fn name(&self) -> &'static str;

    /// Looks at a fact.
    ///
    /// # Errors
    /// When it breaks the claim; says how.
    fn see(&mut self, at: u64, fact: &Fact) -> Result<(), String>;

    /// Looks at how it all ended, long after everything was healed.
    ///
    /// # Errors
    /// When that breaks the claim; says how.
    fn end(&mut self, _end: &End) -> Result<(), String> {
        Ok(())
    }
}

/// How it all ended.
pub(crate) struct End {
    /// How far each member is: its revision, its head and its state.
    pub(crate) nodes: BTreeMap<NodeId, (u64, [u8; 32], State)>,
    /// Clients that still wait for an answer.
    pub(crate) busy: u64,
    /// Where the archive is, if there is one.
    pub(crate) archive: Option<PathBuf>,
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) invariant: &'static str,
    pub(crate) how: String,
}

/// All invariants.
pub(crate) struct Judges(Vec<Box<dyn Invariant>>);

impl Judges {
    /// Without `slots`, another one judges what becomes of those.
    pub(crate) fn new(slots: bool) -> Self {
        let mut judges: Vec<Box<dyn Invariant>> = vec![
            Box::<running::Running>::default(),
            Box::<election::Election>::default(),
            Box::<prefix::Prefix>::default(),
            Box::<chain::Chain>::default(),
            Box::<acknowledged::Acknowledged>::default(),
            Box::<dedup::Dedup>::default(),
            Box::<time::Time>::default(),
            Box::<reads::Reads>::default(),
            Box::<one_copy::OneCopy>::default(),
            Box::<order::Order>::default(),
            Box::<outcomes::Outcomes>::default(),
            Box::<archived::Archived>::default(),
            Box::<releases::Releases>::default(),
            Box::<secrets::Secrets>::default(),
            Box::<versions::Versions>::default(),
            Box::<events::Events>::default(),
            Box::<backfills::Backfills>::default(),
            Box::<liveness::Liveness>::default(),
        ];
        if slots {
            judges.push(Box::<slots::Slots>::default());
        }
        Self(judges)
    }

    pub(crate) fn see(&mut self, at: u64, fact: &Fact) -> Result<(), Broken> {
        self.each(|judge| judge.see(at, fact))
    }

    pub(crate) fn end(&mut self, end: &End) -> Result<(), Broken> {
        self.each(|judge| judge.end(end))
    }

    fn each(&mut self, mut ask: impl FnMut(&mut dyn Invariant) -> Result<(), String>) -> Result<(), Broken> {
        for judge in &mut self.0 {
            ask(&mut **judge).map_err(|how| Broken { invariant: judge.name(), how })?;
        }
        Ok(())
    }
}
