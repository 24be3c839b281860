//! What the harness itself did and saw: faults with their times, and what must not happen. Prints as it goes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::history::History;

/// A fault from its beginning to its end. Times are since the run began.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) kind: &'static str,
    pub(crate) detail: String,
    pub(crate) start: Duration,
    /// Nothing while it lasts.
    pub(crate) end: Option<Duration>,
}

/// What goes into the report besides the histories.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) start: Instant,
    quiet: bool,
    histories: Mutex<Vec<Arc<History>>>,
    faults: Mutex<Vec<Fault>>,
    findings: Mutex<Vec<String>>,
    notes: Mutex<Vec<String>>,
}

impl Journal {
    pub(crate) fn new(start: Instant, quiet: bool) -> Arc<Self> {
        let (histories, faults) = (Mutex::default(), Mutex::default());
        Arc::new(Self { start, quiet, histories, faults, findings: Mutex::default(), notes: Mutex::default() })
    }

    /// Faults are written into this history too.
    pub(crate) fn attach(&self, history: Arc<History>) {
        lock(&self.histories).push(history);
    }

    /// A line of progress.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            println!("{:7.1} s  {text}", self.start.elapsed().as_secs_f64());
        }
    }

    /// Something that must not happen, whatever the faults: the run is not valid.
    pub(crate) fn find(&self, text: String) {
        self.say(&format!("FOUND: {text}"));
        lock(&self.findings).push(text);
    }

    /// Something worth knowing.
    pub(crate) fn note(&self, text: String) {
        self.say(&text);
        lock(&self.notes).push(text);
    }

    /// A fault begins; it ends with what is returned.
    pub(crate) fn fault(self: &Arc<Self>, kind: &'static str, detail: String) -> Ongoing {
        self.say(&format!("{kind}: {detail}"));
        for history in lock(&self.histories).iter() {
            history.nemesis(&format!("start-{kind}"), &detail);
        }
        let mut faults = lock(&self.faults);
        faults.push(Fault { kind, detail, start: self.start.elapsed(), end: None });
        Ongoing { journal: self.clone(), index: faults.len() - 1 }
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        lock(&self.faults).clone()
    }

    pub(crate) fn findings(&self) -> Vec<String> {
        lock(&self.findings).clone()
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        lock(&self.notes).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A fault that lasts until this is dropped.
#[derive(Debug)]
pub(crate) struct Ongoing {
    journal: Arc<Journal>,
    index: usize,
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        let mut faults = lock(&self.journal.faults);
        let Some(fault) = faults.get_mut(self.index) else { return };
        fault.end = Some(self.journal.start.elapsed());
        let (kind, detail) = (fault.kind, fault.detail.clone());
        drop(faults);
        for history in lock(&self.journal.histories).iter() {
            history.nemesis(&format!("stop-{kind}"), &detail);
        }
        self.journal.say(&format!("{kind}: over ({detail})"));
    }
}
