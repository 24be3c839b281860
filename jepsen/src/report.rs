//! What is left of a run: a page without anything from outside, the verdicts as EDN, and a few lines on the terminal.

mod page;
mod tables;
mod timeline;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;

use crate::history::Outcome as Known;
use crate::journal::Journal;
use crate::run::{Outcome, Running};

/// Writes `report.html` and `results.edn`.
///
/// # Errors
/// When the disk is full.
pub(crate) fn write(out: &Path, outcome: &Outcome, journal: &Journal) -> anyhow::Result<()> {
    put(&out.join("report.html"), &page::page(outcome, journal))?;
    put(&out.join("results.edn"), &edn(outcome))
}

fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("can't write {}", path.display()))
}

/// Prints the verdicts, the broken ones with examples.
pub(crate) fn print(outcome: &Outcome, journal: &Journal, out: &Path) {
    println!();
    for (of, verdict) in &outcome.verdicts {
        println!(
            "{:<6} {of:<9} {} ({})",
            if verdict.holds { "holds" } else { "BROKEN" },
            verdict.claim,
            verdict.detail
        );
        for example in &verdict.examples {
            println!("         - {example}");
        }
    }
    let known = |wanted| {
        let of = |workload: &Running| workload.history.ops().iter().filter(|op| op.outcome == wanted).count();
        outcome.running.iter().map(of).sum::<usize>()
    };
    let (ok, failed, unknown) = (known(Known::Ok), known(Known::Fail), known(Known::Info));
    let tried = ok + failed + unknown;
    println!("{tried} operations: {ok} ok, {failed} failed, {unknown} unknown; seed {}", outcome.seed);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    journal.faults().iter().for_each(|fault| *kinds.entry(fault.kind).or_default() += 1);
    let kinds: Vec<String> = kinds.iter().map(|(kind, times)| format!("{kind} {times}")).collect();
    println!("{} faults: {}", journal.faults().len(), kinds.join(", "));
    println!("report: {}", out.join("report.html").display());
    println!("{}", if outcome.is_valid() { "VALID" } else { "NOT VALID" });
}

fn edn(outcome: &Outcome) -> String {
    let mut text = format!("{{:valid? {}, :seed {}, :checks [\n", outcome.is_valid(), outcome.seed);
    for (of, verdict) in &outcome.verdicts {
        let examples: Vec<String> = verdict.examples.iter().map(|example| format!("{example:?}")).collect();
        let _ = writeln!(
            text,
            "  {{:of :{of}, :claim {:?}, :valid? {}, :detail {:?}, :examples [{}]}}",
            verdict.claim,
            verdict.holds,
            verdict.detail,
            examples.join(" ")
        );
    }
    text.push_str("]}\n");
    text
}

/// Text for HTML and SVG.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
