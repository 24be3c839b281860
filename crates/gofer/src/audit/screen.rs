//! Where results, errors and progress go.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gofer_audit::Meter;
use gofer_cli::{ClientArgs, OutputFormat, render};
use serde_json::{Value, json};

use super::Failure;

/// Work that takes less shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often progress is shown.
const EVERY: Duration = Duration::from_millis(500);

/// Standard output and standard error.
pub(crate) struct Screen {
    json: bool,
}

impl Screen {
    pub(crate) fn new(client: &ClientArgs) -> Self {
        Self { json: client.output == OutputFormat::Json }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// A line of the result. Text of others in it does no harm.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(std::io::stdout().lock(), "{}", render::tame(text))?)
    }

    /// A whole result.
    pub(crate) fn document(&self, value: &Value) -> Result<(), Failure> {
        Ok(writeln!(std::io::stdout().lock(), "{value:#}")?)
    }

    /// One of many objects, each on its line.
    pub(crate) fn record(&self, value: &Value) -> Result<(), Failure> {
        Ok(writeln!(std::io::stdout().lock(), "{value}")?)
    }

    /// A remark beside the result.
    pub(crate) fn notice(&self, text: &str) {
        // Nobody may be there to read it.
        let _ = match self.json {
            true => writeln!(std::io::stderr(), "{}", json!({ "notice": text })),
            false => writeln!(std::io::stderr(), "{}", render::tame(text)),
        };
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        if matches!(failure, Failure::Closed) {
            return;
        }
        let mut text = failure.to_string();
        let mut at: &dyn std::error::Error = failure;
        while let Some(source) = at.source() {
            let more = source.to_string();
            if !text.contains(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            at = source;
        }
        let _ = match (self.json, failure) {
            (true, Failure::Client(error)) => writeln!(std::io::stderr(), "{}", error.to_json()),
            (true, Failure::Audit(gofer_audit::Error::Fault(fault))) => {
                writeln!(
                    std::io::stderr(),
                    "{}",
                    json!({ "error": { "kind": "fault", "message": text, "fault": fault } })
                )
            }
            (true, _) => writeln!(std::io::stderr(), "{}", json!({ "error": { "message": text } })),
            (false, Failure::Client(_)) => writeln!(std::io::stderr(), "{text}"),
            (false, _) => writeln!(std::io::stderr(), "error: {text}"),
        };
    }

    /// Does some work, and shows on a terminal how far it is.
    pub(crate) fn metered<R>(&self, what: &str, of: Option<u64>, work: impl FnOnce(&Meter) -> R) -> R {
        let meter = Meter::default();
        if !std::io::stderr().is_terminal() || self.json {
            return work(&meter);
        }
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let shower = scope.spawn(|| show(what, of, &meter, &done));
            let result = work(&meter);
            done.store(true, Ordering::Relaxed);
            shower.thread().unpark();
            result
        })
    }
}

fn show(what: &str, of: Option<u64>, meter: &Meter, done: &AtomicBool) {
    let start = Instant::now();
    let mut shown = false;
    while !done.load(Ordering::Relaxed) {
        if start.elapsed() >= PATIENCE {
            shown = true;
            let events = meter.events();
            let rate = events as f64 / start.elapsed().as_secs_f64();
            let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
            let _ = write!(std::io::stderr(), "\r\x1b[K{what}: {events}{of} events, {rate:.0} a second");
        }
        thread::park_timeout(EVERY);
    }
    if shown {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}
