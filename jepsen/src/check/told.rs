//! Whether all that was told of has started one run each.

use std::collections::BTreeMap;

use super::Verdict;

/// Each of these has one run, and nothing else has any.
pub(crate) fn once(claim: &'static str, told: &[u64], runs: &[u64]) -> Verdict {
    let mut counts: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    told.iter().for_each(|number| counts.entry(*number).or_default().0 += 1);
    runs.iter().for_each(|number| counts.entry(*number).or_default().1 += 1);
    let wrong = counts.iter().filter(|(_, (told, runs))| *told != 1 || *runs != 1);
    let wrong = wrong.map(|(number, (told, runs))| match told {
        0 => format!("{number} was never told of, and has {runs} runs"),
        _ => format!("{number} was told of {told} times, and has {runs} runs"),
    });
    Verdict::new(claim, format!("{} told of, {} runs", told.len(), runs.len()), wrong.collect())
}

/// As [`once`], and the runs are in the order of what was told of.
pub(crate) fn in_order(claim: &'static str, told: &[u64], runs: &[u64]) -> Verdict {
    let mut verdict = once(claim, told, runs);
    if verdict.holds
        && let Some(at) = (0..told.len()).find(|at| told[*at] != runs[*at])
    {
        let fault = format!("run {} is of {}, which is not its turn: {} is", at + 1, runs[at], told[at]);
        verdict = Verdict::new(claim, format!("{} told of, {} runs", told.len(), runs.len()), vec![fault]);
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_doubled_or_made_up_is_found() {
        let holds = |told: &[u64], runs: &[u64]| (once("c", told, runs).holds, in_order("c", told, runs).holds);
        assert_eq!(holds(&[1, 2, 5], &[1, 2, 5]), (true, true));
        assert_eq!(holds(&[1, 2, 5], &[2, 1, 5]), (true, false), "out of order");
        assert_eq!(holds(&[1, 2, 5], &[1, 5]), (false, false), "lost");
        assert_eq!(holds(&[1, 2, 5], &[1, 2, 2, 5]), (false, false), "doubled");
        assert_eq!(holds(&[1, 2], &[1, 2, 5]), (false, false), "made up");
        assert_eq!(holds(&[], &[]), (true, true));
    }
}
