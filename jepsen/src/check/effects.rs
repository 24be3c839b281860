//! What the tasks themselves wrote down, against what the log says of them.

use std::collections::BTreeMap;

use super::Verdict;
use super::events::{AttemptId, Facts};

/// A line of an effects file: what happened, and to which attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// `start`, `end` or `overlap`.
    pub(crate) what: String,
    pub(crate) attempt: AttemptId,
}

/// Reads `what pipeline run task attempt` from each line.
///
/// # Errors
/// The first line that is not of this form.
pub(crate) fn parse(text: &str) -> Result<Vec<Line>, String> {
    text.lines().map(|line| read(line).ok_or_else(|| line.to_owned())).collect()
}

fn read(line: &str) -> Option<Line> {
    let mut words = line.split(' ');
    let (what, pipeline) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (run, task, number) = (words.next()?.parse().ok()?, words.next()?.to_owned(), words.next()?.parse().ok()?);
    Some(Line { what, attempt: ((pipeline, run), task, number) })
}

fn name(((pipeline, run), task, number): &AttemptId) -> String {
    format!("attempt {number} of {task} in run {run} of {pipeline}")
}

/// Each attempt was launched at most once, and only if the log placed it; what the log calls a success was launched, and
/// the tasks of a run that succeeded were done.
pub(crate) fn launches(lines: &[Line], facts: &Facts, pipelines: &[&str]) -> Vec<Verdict> {
    let mut starts: BTreeMap<&AttemptId, u64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.what == "start") {
        *starts.entry(&line.attempt).or_default() += 1;
    }
    let twice = starts.iter().filter(|(_, count)| **count > 1);
    let twice = twice.map(|(id, count)| format!("{} was launched {count} times", name(id))).collect();
    let wild = starts.keys().filter(|id| !facts.attempts.contains_key(**id));
    let wild = wild.map(|id| format!("{} was launched, and is not in the log", name(id))).collect();
    let ours = |id: &AttemptId| pipelines.contains(&id.0.0.as_str());
    let succeeded: Vec<&AttemptId> =
        facts.attempts.iter().filter(|(id, attempt)| attempt.succeeded && ours(id)).map(|(id, _)| id).collect();
    let missing = succeeded.iter().filter(|id| !starts.contains_key(**id));
    let missing = missing.map(|id| format!("{} succeeded, and was never launched", name(id))).collect();
    let detail = format!("{} launches counted by the tasks, {} in the log", starts.len(), facts.attempts.len());
    vec![
        Verdict::new("every attempt is launched at most once", detail.clone(), twice),
        Verdict::new("only what the log placed is launched", detail, wild),
        Verdict::new("every success was launched", format!("{} successes", succeeded.len()), missing),
        tasks_done(facts, pipelines),
    ]
}

/// A run that succeeded has a success of each of its tasks; every run has ended.
fn tasks_done(facts: &Facts, pipelines: &[&str]) -> Verdict {
    let mut tasks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut done: BTreeMap<(&str, u64), Vec<&str>> = BTreeMap::new();
    for ((run, task, _), attempt) in &facts.attempts {
        let known = tasks.entry(&run.0).or_default();
        if !known.contains(&task.as_str()) {
            known.push(task);
        }
        if attempt.succeeded {
            done.entry((&run.0, run.1)).or_default().push(task);
        }
    }
    let (mut faults, mut succeeded, mut ended) = (Vec::new(), 0, 0);
    for ((pipeline, number), run) in facts.runs.iter().filter(|(id, _)| pipelines.contains(&id.0.as_str())) {
        if run.finished == 0 {
            faults.push(format!("run {number} of {pipeline} never ended"));
            continue;
        }
        ended += 1;
        if !run.succeeded {
            continue;
        }
        succeeded += 1;
        let done = done.get(&(pipeline.as_str(), *number)).map_or(&[][..], Vec::as_slice);
        for task in tasks.get(pipeline.as_str()).into_iter().flatten().filter(|task| !done.contains(task)) {
            faults.push(format!("run {number} of {pipeline} succeeded without its task {task}"));
        }
    }
    let detail = format!("{ended} runs ended, {succeeded} of them in success");
    Verdict::new("every run ends, and a success has all of its tasks", detail, faults)
}

/// No task met another of its pipeline that still ran.
pub(crate) fn never_met(lines: &[Line]) -> Verdict {
    let count = |what: &str| lines.iter().filter(|line| line.what == what).count();
    let met = lines.iter().filter(|line| line.what == "overlap");
    let met = met.map(|line| format!("{} met another that still ran", name(&line.attempt))).collect();
    let detail = format!("{} tasks began, {} came to their end", count("start"), count("end"));
    Verdict::new("tasks of such a pipeline never run at the same time", detail, met)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::events::{Attempt, Run};

    fn facts(attempts: &[(&str, u32, bool)], succeeded: bool, finished: u64) -> Facts {
        let mut facts = Facts::default();
        for (task, number, succeeded) in attempts {
            let attempt = Attempt { succeeded: *succeeded };
            facts.attempts.insert((("p".into(), 1), (*task).into(), *number), attempt);
        }
        facts.runs.insert(("p".into(), 1), Run { finished, succeeded, ..Run::default() });
        facts
    }

    fn broken(text: &str, facts: &Facts) -> Vec<bool> {
        launches(&parse(text).unwrap(), facts, &["p"]).iter().map(|verdict| !verdict.holds).collect()
    }

    #[test]
    fn planted_launches_are_found() {
        let good = facts(&[("a", 1, false), ("a", 2, true)], true, 9);
        let both = "start p 1 a 1\nstart p 1 a 2\n";
        assert_eq!(broken(both, &good), [false; 4]);
        assert_eq!(broken("start p 1 a 2\n", &good), [false; 4], "the first attempt never began");
        assert_eq!(broken(&format!("{both}start p 1 a 2\n"), &good), [true, false, false, false]);
        assert_eq!(broken(&format!("{both}start p 1 a 3\n"), &good), [false, true, false, false]);
        assert_eq!(broken("start p 1 a 1\n", &good), [false, false, true, false]);
        let undone = facts(&[("a", 1, true), ("b", 1, false)], true, 9);
        assert_eq!(broken("start p 1 a 1\n", &undone), [false, false, false, true]);
        assert_eq!(broken("", &facts(&[], false, 0)), [false, false, false, true], "never ended");
    }

    #[test]
    fn tasks_that_meet_are_found() {
        let lines = parse("start p 1 a 1\nend p 1 a 1\nstart p 2 a 1\n").unwrap();
        assert!(never_met(&lines).holds);
        let lines = parse("start p 1 a 1\noverlap p 2 a 1\n").unwrap();
        assert!(!never_met(&lines).holds);
        assert!(parse("start p one a 1").is_err());
    }
}
