//! Lists that are only appended to, each element once.

use std::collections::{BTreeMap, BTreeSet};

use super::Verdict;
use crate::history::{Op, Outcome, Value};

/// The elements of each list in the order in which the event log has them.
pub(crate) type Lists = BTreeMap<u64, Vec<u64>>;

/// The checks on all lists: against the log, and against time.
pub(crate) fn check(ops: &[Op], lists: &Lists) -> Vec<Verdict> {
    vec![present_once(ops, lists), reads_are_prefixes(ops, lists), real_time(ops, lists)]
}

fn element(op: &Op) -> u64 {
    if let Value::Int(element) = op.value { element } else { 0 }
}

fn appends(ops: &[Op], outcome: Outcome) -> impl Iterator<Item = &Op> {
    ops.iter().filter(move |op| op.f == "append" && op.outcome == outcome)
}

fn reads(ops: &[Op]) -> impl Iterator<Item = (&Op, &Vec<u64>)> {
    ops.iter().filter_map(|op| match &op.result {
        Value::List(found) if op.f == "read" && op.outcome == Outcome::Ok => Some((op, found)),
        _ => None,
    })
}

/// What was acknowledged is there once; what failed is not there; nothing is there twice or out of nothing.
fn present_once(ops: &[Op], lists: &Lists) -> Verdict {
    let mut faults = Vec::new();
    let mut found: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for (key, elements) in lists {
        for element in elements {
            *found.entry((*key, *element)).or_default() += 1;
        }
    }
    faults.extend(
        found
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|((key, element), count)| format!("{element} is in list {key} {count} times")),
    );
    let mut acknowledged = 0;
    for op in appends(ops, Outcome::Ok) {
        acknowledged += 1;
        if !found.contains_key(&(op.key, element(op))) {
            faults.push(format!(
                "{} was acknowledged by n{} for list {}, and is lost",
                element(op),
                op.node + 1,
                op.key
            ));
        }
    }
    for op in appends(ops, Outcome::Fail).filter(|op| found.contains_key(&(op.key, element(op)))) {
        faults.push(format!("{} failed at n{}, yet is in list {}", element(op), op.node + 1, op.key));
    }
    let sent: BTreeSet<_> = ops.iter().filter(|op| op.f == "append").map(|op| (op.key, element(op))).collect();
    for (key, element) in found.keys().filter(|found| !sent.contains(found)) {
        faults.push(format!("{element} is in list {key}, and nobody sent it"));
    }
    let detail = format!("{acknowledged} acknowledged, {} in {} lists", found.len(), lists.len());
    Verdict::new("every acknowledged element is there, and every element once", detail, faults)
}

/// Whatever node answered, it saw the beginning of the one order.
fn reads_are_prefixes(ops: &[Op], lists: &Lists) -> Verdict {
    let (mut faults, mut count, none) = (Vec::new(), 0, Vec::new());
    for (op, found) in reads(ops) {
        count += 1;
        let whole = lists.get(&op.key).unwrap_or(&none);
        if !whole.starts_with(found) {
            let at = whole.iter().zip(found).take_while(|(a, b)| a == b).count();
            let (list, node) = (op.key, op.node + 1);
            faults.push(format!("n{node} read another order of list {list}, from element {} on", at + 1));
        }
    }
    Verdict::new("all nodes have the same order", format!("{count} reads"), faults)
}

/// What was acknowledged before a read or an append began comes before it; nothing is seen before it was sent.
fn real_time(ops: &[Op], lists: &Lists) -> Verdict {
    let mut faults = Vec::new();
    for (key, order) in lists {
        let of_key: Vec<&Op> = ops.iter().filter(|op| op.key == *key).collect();
        let place: BTreeMap<u64, usize> = order.iter().enumerate().map(|(at, element)| (*element, at)).collect();
        // How long the list is known to be, from which time on.
        let mut known: Vec<(u64, usize)> = Vec::new();
        let mut checks: Vec<(&Op, usize, bool)> = Vec::new();
        for op in of_key {
            match (&op.result, op.f, op.outcome) {
                (_, "append", _) => {
                    let Some(at) = place.get(&element(op)) else { continue };
                    checks.push((op, *at, true));
                    if op.outcome == Outcome::Ok {
                        known.push((op.end, at + 1));
                    }
                }
                (Value::List(found), "read", Outcome::Ok) => {
                    known.push((op.end, found.len()));
                    checks.push((op, found.len(), false));
                }
                _ => {}
            }
        }
        known.sort_unstable();
        let mut longest = 0;
        for (_, length) in &mut known {
            longest = longest.max(*length);
            *length = longest;
        }
        for (op, length, is_append) in checks {
            let before = known.partition_point(|(time, _)| *time < op.start);
            let least = before.checked_sub(1).and_then(|at| known.get(at)).map_or(0, |(_, length)| *length);
            if length < least {
                let what = if is_append { "was put before" } else { "did not see" };
                let node = op.node + 1;
                faults.push(format!("list {key}: {} through n{node} {what} element {least}, known before", op.f));
            }
        }
        faults.extend(seen_early(ops, *key));
    }
    Verdict::new("appends and reads take effect between call and answer", format!("{} lists", lists.len()), faults)
}

fn seen_early(ops: &[Op], key: u64) -> Vec<String> {
    let sent: BTreeMap<u64, u64> =
        ops.iter().filter(|op| op.key == key && op.f == "append").map(|op| (element(op), op.start)).collect();
    let mut faults = Vec::new();
    for (op, found) in reads(ops).filter(|(op, _)| op.key == key) {
        if let Some(early) = found.iter().find(|element| sent.get(element).is_some_and(|start| *start > op.end)) {
            faults.push(format!("list {key}: {early} was read before it was sent"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::op;

    fn append(element: u64, start: u64, end: u64, outcome: Outcome) -> Op {
        op("append", Value::Int(element), Value::Nil, start, end, outcome)
    }

    fn read(found: &[u64], start: u64, end: u64) -> Op {
        op("read", Value::Nil, Value::List(found.to_vec()), start, end, Outcome::Ok)
    }

    fn broken(ops: &[Op], order: &[u64]) -> Vec<bool> {
        check(ops, &Lists::from([(0, order.to_vec())])).iter().map(|verdict| !verdict.holds).collect()
    }

    #[test]
    fn planted_faults_are_found() {
        use Outcome::{Fail, Info, Ok};
        let good = [append(1, 1, 2, Ok), append(2, 3, 9, Ok), append(3, 3, 4, Ok), read(&[1, 3], 5, 6)];
        assert_eq!(broken(&good, &[1, 3, 2]), [false; 3]);
        assert_eq!(broken(&good, &[1, 3]), [true, false, false], "lost");
        assert_eq!(broken(&good, &[1, 3, 2, 3]), [true, false, true], "doubled");
        assert_eq!(broken(&good, &[1, 2, 3]), [false, true, true], "divergent order");
        assert_eq!(broken(&good, &[3, 1, 2]), [false, true, true], "an order against time");
        assert_eq!(broken(&[append(1, 1, 2, Ok), read(&[], 3, 4)], &[1]), [false, false, true], "stale read");
        assert_eq!(broken(&[append(1, 1, 2, Fail)], &[1]), [true, false, false], "failed, yet there");
        assert_eq!(broken(&[append(1, 1, 2, Info)], &[1]), [false; 3]);
        assert_eq!(broken(&[append(1, 1, 2, Info)], &[]), [false; 3]);
        assert_eq!(broken(&[], &[1]), [true, false, false], "out of nothing");
        assert_eq!(broken(&[read(&[1], 1, 2), append(1, 3, 4, Ok)], &[1]), [false, false, true], "seen early");
        let back = [append(1, 1, 0, Info), read(&[1], 2, 3), read(&[], 4, 5)];
        assert_eq!(broken(&back, &[1]), [false, false, true], "a read goes back");
    }
}
