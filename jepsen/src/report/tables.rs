//! Tables of the report.

use std::collections::BTreeMap;

use super::escaped;
use crate::history::{Op, Outcome as Known};
use crate::journal::Fault;
use crate::run::Outcome;

pub(super) fn verdicts(outcome: &Outcome) -> String {
    let mut text = "<table>\n<tr><th>Workload</th><th>Claim</th><th>Verdict</th><th>Looked at</th></tr>\n".to_owned();
    for (of, verdict) in &outcome.verdicts {
        let (class, word) = if verdict.holds { ("holds", "holds") } else { ("broken", "broken") };
        let examples: String =
            verdict.examples.iter().map(|example| format!("<li>{}</li>", escaped(example))).collect();
        let examples = if examples.is_empty() { examples } else { format!("<ul>{examples}</ul>") };
        text.push_str(&format!(
            "<tr><td>{of}</td><td>{}{examples}</td><td class=\"{class}\">{word}</td><td class=\"soft\">{}</td></tr>\n",
            escaped(verdict.claim),
            escaped(&verdict.detail)
        ));
    }
    text + "</table>\n"
}

pub(super) fn faults(faults: &[Fault]) -> String {
    let mut kinds: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for fault in faults {
        let entry = kinds.entry(fault.kind).or_default();
        entry.0 += 1;
        entry.1 += fault.end.map_or(0.0, |end| (end - fault.start).as_secs_f64());
    }
    let mut text =
        "<table class=\"small\">\n<tr><th>Fault</th><th class=\"n\">Times</th><th class=\"n\">Seconds in all</th></tr>\n".to_owned();
    for (kind, (count, seconds)) in kinds {
        text.push_str(&format!(
            "<tr><td>{kind}</td><td class=\"n\">{count}</td><td class=\"n\">{seconds:.0}</td></tr>\n"
        ));
    }
    text + "</table>\n"
}

pub(super) fn operations(outcome: &Outcome) -> String {
    let mut text = "<table>\n<tr><th>Workload</th><th>Operation</th><th class=\"n\">Tried</th><th class=\"n\">Ok</th>\
         <th class=\"n\">Failed</th><th class=\"n\">Unknown</th><th class=\"n\">Median</th><th class=\"n\">99 %</th></tr>\n"
        .to_owned();
    for workload in &outcome.running {
        let ops = workload.history.ops();
        let mut functions: BTreeMap<&str, Vec<&Op>> = BTreeMap::new();
        for op in &ops {
            functions.entry(op.f).or_default().push(op);
        }
        for (f, ops) in functions {
            let count = |outcome| ops.iter().filter(|op| op.outcome == outcome).count();
            let mut times: Vec<u64> =
                ops.iter().filter(|op| op.outcome == Known::Ok).map(|op| op.end - op.start).collect();
            times.sort_unstable();
            text.push_str(&format!(
                "<tr><td>{}</td><td>{f}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
                 <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                workload.name,
                ops.len(),
                count(Known::Ok),
                count(Known::Fail),
                count(Known::Info),
                quantile(&times, 50),
                quantile(&times, 99)
            ));
        }
    }
    text + "</table>\n"
}

fn quantile(sorted: &[u64], percent: usize) -> String {
    let at = sorted.len().saturating_sub(1) * percent / 100;
    sorted.get(at).map_or_else(|| "-".to_owned(), |nanos| format!("{:.1} ms", *nanos as f64 / 1e6))
}

pub(super) fn errors(outcome: &Outcome) -> String {
    let mut text =
        "<table>\n<tr><th>Workload</th><th>Operation and reason</th><th class=\"n\">Times</th></tr>\n".to_owned();
    for workload in &outcome.running {
        for (error, count) in workload.history.errors() {
            let (name, error) = (workload.name, escaped(&error));
            text.push_str(&format!("<tr><td>{name}</td><td>{error}</td><td class=\"n\">{count}</td></tr>\n"));
        }
    }
    text + "</table>\n"
}
