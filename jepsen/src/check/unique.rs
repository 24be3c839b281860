//! Numbers that are given out once, and answers that stay the same.

use std::collections::BTreeMap;

use super::Verdict;
use crate::history::{Op, Outcome, Value};

fn number(value: &Value) -> Option<u64> {
    if let Value::Int(number) = value { Some(*number) } else { None }
}

/// Every generated id is unique, and greater than those known when it was asked for.
pub(crate) fn ids(ops: &[Op]) -> Vec<Verdict> {
    let mut given: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    let acknowledged: Vec<&Op> = ops.iter().filter(|op| op.outcome == Outcome::Ok).collect();
    for op in &acknowledged {
        *given.entry((op.key, number(&op.result).unwrap_or(0))).or_default() += 1;
    }
    let detail = format!("{} ids", acknowledged.len());
    let twice = given.iter().filter(|(_, count)| **count > 1);
    let twice = twice.map(|((key, id), count)| format!("id {id} of {key} was given out {count} times")).collect();
    let mut by_end: Vec<&Op> = acknowledged.clone();
    by_end.sort_by_key(|op| op.end);
    let mut by_start = acknowledged;
    by_start.sort_by_key(|op| op.start);
    let (mut greatest, mut ended) = (BTreeMap::new(), by_end.into_iter().peekable());
    let mut backwards = Vec::new();
    for op in by_start {
        while let Some(before) = ended.next_if(|before| before.end < op.start) {
            let greatest: &mut u64 = greatest.entry(before.key).or_default();
            *greatest = (*greatest).max(number(&before.result).unwrap_or(0));
        }
        let (id, known) = (number(&op.result).unwrap_or(0), greatest.get(&op.key).copied().unwrap_or(0));
        if id <= known {
            backwards.push(format!("id {id} of {} was given out after {known}", op.key));
        }
    }
    vec![
        Verdict::new("every id is given out once", detail.clone(), twice),
        Verdict::new("ids grow in real time", detail, backwards),
    ]
}

/// Requests that were sent several times, by token in `value`: all answers are alike, and the effect is there once, or not
/// at all if it was refused. `created` has the run numbers with each token.
pub(crate) fn idempotent(ops: &[Op], created: &BTreeMap<u64, Vec<u64>>) -> Vec<Verdict> {
    let mut tokens: BTreeMap<u64, Vec<&Op>> = BTreeMap::new();
    for op in ops {
        tokens.entry(number(&op.value).unwrap_or(0)).or_default().push(op);
    }
    let (mut differ, mut doubled, mut repeated) = (Vec::new(), Vec::new(), 0);
    for (token, sent) in &tokens {
        let answers: Vec<u64> =
            sent.iter().filter(|op| op.outcome == Outcome::Ok).filter_map(|op| number(&op.result)).collect();
        repeated += usize::from(answers.len() > 1);
        if answers.windows(2).any(|pair| pair[0] != pair[1]) {
            differ.push(format!("request {token} was answered {answers:?}"));
        }
        let effects = created.get(token).map_or(&[][..], Vec::as_slice);
        let all_failed = sent.iter().all(|op| op.outcome == Outcome::Fail);
        let fits = match answers.first() {
            Some(0) => effects.is_empty(),
            Some(run) => effects == [*run],
            None if all_failed => effects.is_empty(),
            None => effects.len() <= 1,
        };
        if !fits {
            doubled.push(format!("request {token}, answered {answers:?}, made the runs {effects:?}"));
        }
    }
    let detail = format!("{} requests sent {} times, {repeated} answered more than once", tokens.len(), ops.len());
    vec![
        Verdict::new("a repeated request gets the same answer", detail.clone(), differ),
        Verdict::new("a repeated request has its effect once", detail, doubled),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::op;

    fn broken(verdicts: &[Verdict]) -> Vec<bool> {
        verdicts.iter().map(|verdict| !verdict.holds).collect()
    }

    #[test]
    fn planted_ids_are_found() {
        let id = |id, start, end| op("generate", Value::Nil, Value::Int(id), start, end, Outcome::Ok);
        assert_eq!(broken(&ids(&[id(1, 1, 5), id(2, 1, 3), id(3, 6, 7)])), [false, false]);
        assert_eq!(broken(&ids(&[id(1, 1, 2), id(1, 1, 2)])), [true, false]);
        assert_eq!(broken(&ids(&[id(2, 1, 2), id(1, 3, 4)])), [false, true]);
        assert_eq!(broken(&ids(&[id(2, 1, 2), id(2, 3, 4)])), [true, true]);
    }

    #[test]
    fn planted_repeats_are_found() {
        use Outcome::{Fail, Info, Ok};
        let start = |run, outcome| op("start", Value::Int(7), Value::Int(run), 1, 2, outcome);
        let check = |ops: &[Op], runs: &[u64]| {
            let created = if runs.is_empty() { BTreeMap::new() } else { BTreeMap::from([(7, runs.to_vec())]) };
            broken(&idempotent(ops, &created))
        };
        assert_eq!(check(&[start(4, Ok), start(0, Info), start(4, Ok)], &[4]), [false, false]);
        assert_eq!(check(&[start(4, Ok), start(5, Ok)], &[4, 5]), [true, true]);
        assert_eq!(check(&[start(4, Ok), start(0, Info)], &[4, 5]), [false, true], "the retry started another");
        assert_eq!(check(&[start(4, Ok)], &[]), [false, true], "lost");
        assert_eq!(check(&[start(0, Info)], &[]), [false, false]);
        assert_eq!(check(&[start(0, Info)], &[9]), [false, false]);
        assert_eq!(check(&[start(0, Fail)], &[9]), [false, true], "failed, yet there");
        assert_eq!(check(&[start(0, Ok), start(0, Ok)], &[]), [false, false], "refused twice");
        assert_eq!(check(&[start(0, Ok), start(3, Ok)], &[3]), [true, true], "refused, then not");
    }
}
