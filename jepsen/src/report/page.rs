//! The page as a whole.

use super::{escaped, tables, timeline};
use crate::journal::Journal;
use crate::run::Outcome;

const STYLE: &str = "
:root { color-scheme: light; --ink: #1c2430; --soft: #5b6675; --line: #d9dfe7; --back: #ffffff; --band: #f6f8fa; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 32px 64px; max-width: 1180px; color: var(--ink); background: var(--back);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 19px; margin: 40px 0 10px; }
h3 { font-size: 15px; margin: 22px 0 4px; font-weight: 600; }
p { margin: 6px 0; }
.soft { color: var(--soft); }
.badge { display: inline-block; padding: 2px 12px; border-radius: 14px; color: #fff; font-weight: 600; font-size: 15px;
  vertical-align: 4px; margin-left: 10px; }
.good { background: #1a7f4b; } .bad { background: #c02b2b; }
.facts { display: flex; flex-wrap: wrap; gap: 10px 36px; margin: 16px 0 0; }
.facts div { line-height: 1.25; } .facts b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.holds { color: #1a7f4b; font-weight: 600; } .broken { color: #c02b2b; font-weight: 600; }
ul { margin: 4px 0 4px 18px; padding: 0; } li { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: 12.5px;
  overflow-wrap: anywhere; white-space: pre-wrap; }
table.small { width: 460px; margin-top: 12px; }
svg { display: block; width: 100%; height: auto; } svg text { font-family: inherit; font-size: 12px; fill: #5b6675; }
.key span { display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin: 0 5px 0 16px; }
";

/// The report.
pub(super) fn page(outcome: &Outcome, journal: &Journal) -> String {
    let (word, class) = if outcome.is_valid() { ("valid", "good") } else { ("not valid", "bad") };
    let faults = journal.faults();
    let shape = timeline::Shape::new(outcome, &faults);
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Gofer under faults: {word}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Gofer under faults<span class=\"badge {class}\">{word}</span></h1>\n\
         <p class=\"soft\">Real processes, each in a network namespace of its own. Seed {}.</p>\n",
        outcome.seed
    );
    text.push_str(&facts(outcome, faults.len()));
    text.push_str("<h2>Verdicts</h2>\n");
    text.push_str(&tables::verdicts(outcome));
    text.push_str("<h2>Faults over time</h2>\n");
    text.push_str(&timeline::faults(&shape, &faults));
    text.push_str(&tables::faults(&faults));
    text.push_str("<h2>Latency over time</h2>\n<p class=\"key soft\">Each point is an operation:");
    for (outcome, color) in timeline::COLORS {
        text.push_str(&format!("<span style=\"background:{color}\"></span>{}", timeline::word(outcome)));
    }
    text.push_str(". Grey: faults.</p>\n");
    for workload in &outcome.running {
        text.push_str(&format!("<h3>{}</h3>\n", workload.name));
        text.push_str(&timeline::latency(&shape, &faults, &workload.history.ops()));
    }
    text.push_str("<h2>Operations</h2>\n");
    text.push_str(&tables::operations(outcome));
    text.push_str("<h2>Why operations did not succeed</h2>\n");
    text.push_str(&tables::errors(outcome));
    text.push_str("<h2>Notes</h2>\n<ul>\n");
    for note in journal.notes() {
        text.push_str(&format!("<li>{}</li>\n", escaped(&note)));
    }
    text.push_str("</ul>\n</body>\n</html>\n");
    text
}

fn facts(outcome: &Outcome, faults: usize) -> String {
    let operations: usize = outcome.running.iter().map(|workload| workload.history.ops().len()).sum();
    let held = outcome.verdicts.iter().filter(|(_, verdict)| verdict.holds).count();
    let seconds = outcome.time.as_secs();
    let time = if seconds.is_multiple_of(60) { format!("{} min", seconds / 60) } else { format!("{seconds} s") };
    let latency = if outcome.has_netem { "netem" } else { "tbf (no netem)" };
    let cells = [
        (outcome.nodes.to_string(), "nodes"),
        (time, "of faults"),
        (faults.to_string(), "faults"),
        (operations.to_string(), "operations"),
        (format!("{held} of {}", outcome.verdicts.len()), "claims held"),
        (latency.to_owned(), "latency by"),
    ];
    let cells = cells.map(|(value, name)| format!("<div><b>{value}</b><span class=\"soft\">{name}</span></div>"));
    format!("<div class=\"facts\">{}</div>\n", cells.join(""))
}
