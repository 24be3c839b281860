//! How cases went, for people and for programs.

use serde_json::{Value, json};

use super::Outcome;
use super::judge::Difference;
use crate::error::Error;
use crate::output::{Output, Style, tame};
use crate::time;

/// Shows one case, as soon as it is over.
pub(super) fn case(output: &Output, outcome: &Outcome) -> Result<(), Error> {
    if output.is_json() {
        return Ok(());
    }
    let (glyph, style) = if outcome.differences.is_empty() { ("✔", Style::Good) } else { ("✘", Style::Bad) };
    output.line(&format!("{} {}  {}", output.paint(style, glyph), outcome.name, time::short(outcome.took)))?;
    for line in lines(&outcome.differences) {
        let style = match line.trim_start().chars().next() {
            Some('-') => Style::Good,
            Some('+') => Style::Bad,
            Some('|') => Style::Dim,
            _ => Style::Plain,
        };
        output.line(&output.paint(style, &format!("    {line}")))?;
    }
    Ok(())
}

/// What differs, as the lines of a diff: `-` is what was expected, `+` what was found.
pub(super) fn lines(differences: &[Difference]) -> Vec<String> {
    let mut lines = Vec::new();
    for Difference { what, expected, found, output } in differences {
        lines.push(what.clone());
        lines.push(format!("  - {}", tame(expected)));
        lines.push(format!("  + {}", tame(found)));
        lines.extend(output.iter().map(|line| format!("  | {}", tame(line))));
    }
    lines
}

/// Shows what all cases come to.
pub(super) fn end(output: &Output, pipeline: &str, outcomes: &[Outcome]) -> Result<(), Error> {
    let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    let passed = outcomes.len() - failed;
    if output.is_json() {
        let cases: Vec<Value> = outcomes.iter().map(object).collect();
        let value = json!({ "pipeline": pipeline, "passed": passed, "failed": failed, "cases": cases });
        return output.document(&value);
    }
    let style = if failed == 0 { Style::Good } else { Style::Bad };
    output.line(&format!("{pipeline}: {}", output.paint(style, &format!("{passed} passed, {failed} failed"))))
}

/// Says that some cases have no outcome.
pub(super) fn interrupted(output: &Output, pipeline: &str, left: usize) {
    output.notice(&format!("{pipeline}: interrupted, {left} cases not done"));
}

fn object(outcome: &Outcome) -> Value {
    let differences = outcome.differences.iter().map(|Difference { what, expected, found, output }| {
        json!({ "what": what, "expected": expected, "found": found, "output": output })
    });
    json!({
        "name": outcome.name,
        "passed": outcome.differences.is_empty(),
        "seconds": outcome.took.as_secs_f64(),
        "differences": differences.collect::<Vec<Value>>(),
    })
}
