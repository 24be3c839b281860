//! What the leases of nodes mean, as the leader sees them.

use std::collections::{BTreeMap, BTreeSet};

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;

use super::{duration, fine};
use crate::doctor::Finding;

/// Nodes that execute, and members: each should be both, and hold a lease.
pub(super) fn all(answer: &api::DiagnoseResponse, name: &dyn Fn(u64) -> String) -> Vec<Finding> {
    let members: BTreeSet<u64> = answer.members.iter().map(|member| member.node).collect();
    let granted = granted(answer);
    let mut findings = Vec::new();
    let mut registered = BTreeSet::new();
    for node in answer.nodes.iter().filter_map(|info| info.node.as_ref()) {
        registered.insert(node.id);
        let of = name(node.id);
        findings.push(if !members.contains(&node.id) {
            let advice = format!("its removal was not finished; repeat it: gofer cluster remove {of}");
            Finding::warning(&of, "lease", "it is registered, and no member", advice)
        } else if node.status() == model::NodeStatus::Lost {
            let advice = "it gets no work until it comes back; check that it runs and reaches the leader";
            Finding::bad(&of, "lease", "its lease ran out: it is lost", advice)
        } else {
            let word = if node.draining { "ready, draining" } else { "ready" };
            one(&of, word, granted.get(&node.id).copied())
        });
    }
    for member in members.difference(&registered) {
        let advice = "it executes nothing until it has registered; its log says why it does not";
        findings.push(Finding::warning(&name(*member), "lease", "it has not registered", advice));
    }
    findings
}

/// The leases that the leader sees, by node. A leader that was replaced and does not know it has the older contact with
/// its majority.
fn granted(answer: &api::DiagnoseResponse) -> BTreeMap<u64, &model::LeaseDiagnosis> {
    let leaders = answer.members.iter().filter(|member| member.quorum_age.is_some());
    let leader = leaders.min_by_key(|member| duration(member.quorum_age.as_ref()));
    leader.map_or_else(BTreeMap::new, |leader| leader.leases.iter().map(|lease| (lease.node, lease)).collect())
}

/// The lease of a node that is not lost.
fn one(node: &str, word: &str, lease: Option<&model::LeaseDiagnosis>) -> Finding {
    let Some(lease) = lease else { return Finding::good(node, "lease", word) };
    let (left, full) = (duration(lease.left.as_ref()), duration(lease.full.as_ref()));
    let lost_after = fine(duration(lease.lost_after.as_ref()));
    match lease.state() {
        model::LeaseState::Held if left < full / 3 => {
            let detail = format!("{word}, but only {} of its lease of {} are left", fine(left), fine(full));
            let advice =
                "it does not renew its lease, and will end what it runs: check that it runs and reaches the leader";
            Finding::warning(node, "lease", detail, advice)
        }
        model::LeaseState::Held => {
            Finding::good(node, "lease", format!("{word}, {} of its lease of {} left", fine(left), fine(full)))
        }
        model::LeaseState::RunOut => {
            let detail = format!("its lease has run out; it is declared lost {lost_after} after its last renewal");
            let advice = "it executes nothing: check that it runs and reaches the leader";
            Finding::warning(node, "lease", detail, advice)
        }
        // A new leader; the node renews in a moment, or its lease runs out.
        model::LeaseState::Unknown | model::LeaseState::Unspecified => {
            Finding::good(node, "lease", format!("{word}, not asked this leader for a lease so far"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{healthy, wire};
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_lease_is_told_as_the_leader_sees_it() {
        let of_n2 = |change: &dyn Fn(&mut api::DiagnoseResponse)| {
            let mut answer = healthy();
            change(&mut answer);
            let found =
                super::super::all(&answer).into_iter().find(|finding| finding.check == "lease" && finding.node == "n2");
            found.map(|finding| (finding.verdict, finding.detail)).unwrap()
        };
        let left = |millis| {
            move |answer: &mut api::DiagnoseResponse| {
                answer.members[0].leases[1].left = wire(Duration::from_millis(millis));
            }
        };
        let state = |state: model::LeaseState| {
            move |answer: &mut api::DiagnoseResponse| answer.members[0].leases[1].state = state.into()
        };
        let good = |detail: &str| (Verdict::Good, detail.to_owned());
        assert_eq!(of_n2(&|_| {}), good("ready, 5.5s of its lease of 6.0s left"));
        assert_eq!(of_n2(&left(2_000)), good("ready, 2.0s of its lease of 6.0s left"));
        assert_eq!(of_n2(&left(1_999)).0, Verdict::Warning);
        assert!(of_n2(&left(1_500)).1.contains("only 1.5s of its lease of 6.0s"), "{:?}", of_n2(&left(1_500)));
        let run_out = of_n2(&state(model::LeaseState::RunOut));
        assert!(run_out.0 == Verdict::Warning && run_out.1.contains("declared lost 7.5s after"), "{run_out:?}");
        assert_eq!(of_n2(&state(model::LeaseState::Unknown)).0, Verdict::Good);
        // A leader of an older version tells nothing of leases.
        assert_eq!(of_n2(&|answer| answer.members[0].leases.clear()), good("ready"));
        // What a leader that was replaced still believes does not count.
        let older = |answer: &mut api::DiagnoseResponse| {
            let (mut leases, age) = (answer.members[0].leases.clone(), wire(Duration::from_millis(900)));
            leases[1].state = model::LeaseState::RunOut.into();
            (answer.members[2].leases, answer.members[2].quorum_age) = (leases, age);
        };
        assert_eq!(of_n2(&older).0, Verdict::Good);
    }
}
