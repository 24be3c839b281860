//! What is left of a run: a page without anything from outside, the verdicts as EDN, and a few lines on the terminal.

mod page;
mod tables;
mod timeline;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;

use crate::journal::Journal;
use crate::run::Outcome;

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
    let (mut tried, mut ok) = (0, 0);
    for workload in &outcome.running {
        let ops = workload.history.ops();
        tried += ops.len();
        ok += ops.iter().filter(|op| op.outcome == crate::history::Outcome::Ok).count();
    }
    println!("{tried} operations, {ok} ok, under {} faults; seed {}", journal.faults().len(), outcome.seed);
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
