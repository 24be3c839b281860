//! What the measurements of a cluster mean. A function of them alone.

mod leases;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;

use super::Finding;
use super::archive::archive;
use super::object_store::object_store;
use crate::size::rough;
use crate::time::short;

/// Less room than this, in bytes, is soon none: databases write that much at once.
const FREE_BYTES_BAD: u64 = 512 << 20;
/// Less room than this, in bytes, is looked at if it is also less than a twentieth.
const FREE_BYTES_LOW: u64 = 10 << 30;
/// A write that takes longer costs leaders.
const SYNC_BAD: Duration = Duration::from_secs(1);
/// A write that takes longer is slow for everybody who waits for it.
const SYNC_SLOW: Duration = Duration::from_millis(200);
/// Clocks further apart than this confuse people; times in the log still never go back.
const CLOCK_WARNING_MS: u64 = 500;
/// Clocks further apart than this make tasks start, and time out, at other times than meant.
const CLOCK_BAD_MS: u64 = 5_000;
/// A leader hears of its majority several times a second.
const QUORUM_AGE_MAX: Duration = Duration::from_secs(3);
/// So many entries behind is more than a moment.
const BEHIND: u64 = 10_000;

/// All findings: first of the cluster, then of each node.
pub(crate) fn all(answer: &api::DiagnoseResponse) -> Vec<Finding> {
    let names = names(answer);
    let name = |id: u64| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let mut findings = cluster(answer, &name);
    for member in &answer.members {
        let of = name(member.node);
        if !member.error.is_empty() {
            let advice = format!(
                "check that `gofer server` runs there, and that {} can be reached; if it is gone for good: gofer cluster \
                 remove {of}",
                member.address
            );
            findings.push(Finding::bad(&of, "answer", member.error.clone(), advice));
            continue;
        }
        let measured = member.disk.clone().unwrap_or_default();
        findings.push(disk(&of, &measured));
        findings.push(pace(&of, &measured));
        findings.extend(peers(&of, member, &name));
        findings.push(behind(&of, member, answer));
        findings.extend(archive(&of, member));
        findings.extend(object_store(&of, member));
    }
    findings.extend(leases::all(answer, &name));
    findings
}

/// Names of nodes by their ids.
fn names(answer: &api::DiagnoseResponse) -> BTreeMap<u64, String> {
    let nodes = answer.nodes.iter().filter_map(|info| info.node.as_ref());
    nodes.map(|node| (node.id, node.spec.as_ref().map(|spec| spec.name.clone()).unwrap_or_default())).collect()
}

fn cluster(answer: &api::DiagnoseResponse, name: &dyn Fn(u64) -> String) -> Vec<Finding> {
    let there: Vec<&model::Diagnosis> = answer.members.iter().filter(|member| member.error.is_empty()).collect();
    let mut findings = vec![leader(answer, &there, name)];
    let mut heads: BTreeMap<&[u8], Vec<String>> = BTreeMap::new();
    for member in there.iter().filter(|member| !member.hash.is_empty()) {
        heads.entry(&member.hash).or_default().push(name(member.node));
    }
    let at = answer.common_revision;
    findings.push(if heads.len() > 1 {
        let groups: Vec<String> = heads.values().map(|names| names.join(" and ")).collect();
        Finding::bad(
            "",
            "history",
            format!("at revision {at}, the logs of {} differ", groups.join(", of ")),
            "stop the nodes that differ from the majority; `gofer audit diff` of two data directories shows where they \
             part; then remove those nodes, empty their directories and let them join again",
        )
    } else {
        let detail = match there.len() {
            1 => format!("the only node that answers has revision {at}"),
            nodes => format!("{nodes} nodes have the same log at revision {at}"),
        };
        Finding::good("", "history", detail)
    });
    findings.push(versions(answer, &there));
    findings
}

/// Whether a node leads, and has a majority behind it. For a few seconds after a leader fell silent, nodes still name it.
fn leader(answer: &api::DiagnoseResponse, there: &[&model::Diagnosis], name: &dyn Fn(u64) -> String) -> Finding {
    let known: BTreeSet<u64> = there.iter().map(|member| member.leader).collect();
    let advice =
        "start nodes until a majority of the voters runs; if they are gone for good, see `gofer cluster recover`";
    let [leader] = known.iter().collect::<Vec<_>>()[..] else {
        let advice = "look again in a moment; if it stays so, check the network between them";
        return Finding::warning("", "leader", "nodes know different leaders, or none", advice);
    };
    let found = answer.members.iter().find(|member| member.node == *leader && member.error.is_empty());
    let age = found.map(|member| member.quorum_age.as_ref().map(|age| duration(Some(age))));
    match age {
        _ if *leader == 0 => Finding::bad("", "leader", "no node knows a leader", advice),
        None => Finding::bad("", "leader", format!("{}, which led last, does not answer", name(*leader)), advice),
        Some(None) => {
            let detail = format!("{} led last, and does not lead any more", name(*leader));
            Finding::bad("", "leader", detail, advice)
        }
        Some(Some(age)) if age > QUORUM_AGE_MAX => {
            let detail = format!("{} has not heard of a majority for {}", name(*leader), short(age));
            Finding::bad("", "leader", detail, advice)
        }
        Some(Some(_)) => Finding::good("", "leader", name(*leader)),
    }
}

fn versions(answer: &api::DiagnoseResponse, there: &[&model::Diagnosis]) -> Finding {
    let builds: BTreeSet<&str> = there.iter().map(|member| member.build.as_str()).collect();
    let formats: BTreeSet<u64> = there.iter().map(|member| member.format).collect();
    let logics: BTreeSet<u32> = answer
        .nodes
        .iter()
        .filter_map(|info| info.node.as_ref()?.spec.as_ref())
        .map(|spec| spec.logic_version)
        .collect();
    let list = |all: &BTreeSet<&str>| all.iter().copied().collect::<Vec<_>>().join(", ");
    if builds.len() <= 1 && formats.len() <= 1 && logics.len() <= 1 {
        return Finding::good("", "versions", format!("all nodes have {}", list(&builds)));
    }
    let detail = format!("nodes have builds {}, formats {formats:?} and logic {logics:?}", list(&builds));
    Finding::warning("", "versions", detail, "finish the upgrade: give all nodes the newest of these versions")
}

/// Whether there is room to write.
pub(crate) fn disk(node: &str, disk: &model::DiskDiagnosis) -> Finding {
    let detail = format!("{} free of {}", rough(disk.free_bytes), rough(disk.size_bytes));
    if !disk.error.is_empty() {
        let advice = "make room, or look at the disk, its mount and the permissions of the data directory";
        return Finding::bad(node, "disk", format!("nothing can be written: {}", disk.error), advice);
    }
    if disk.free_bytes < FREE_BYTES_BAD {
        return Finding::bad(node, "disk", detail, "make room: a node whose disk is full stops");
    }
    if disk.free_bytes < FREE_BYTES_LOW && disk.free_bytes < disk.size_bytes / 20 {
        return Finding::warning(node, "disk", detail, "make room before it is full");
    }
    Finding::good(node, "disk", detail)
}

/// Whether writes are made durable soon.
pub(crate) fn pace(node: &str, disk: &model::DiskDiagnosis) -> Finding {
    let (sync, flush) = (duration(disk.sync.as_ref()), duration(disk.flush.as_ref()));
    let worst = sync.max(flush);
    let mut detail = format!("{} for a write", fine(sync));
    if disk.flushes > 0 {
        detail.push_str(&format!(", {} on average since the start", fine(flush)));
    }
    let advice = "every acknowledged command waits for this: use a faster disk, or keep others from using it";
    match worst {
        slow if slow > SYNC_BAD => Finding::bad(node, "fsync", detail, advice),
        slow if slow > SYNC_SLOW => Finding::warning(node, "fsync", detail, advice),
        _ => Finding::good(node, "fsync", detail),
    }
}

fn peers(node: &str, member: &model::Diagnosis, name: &dyn Fn(u64) -> String) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut reached = Vec::new();
    let mut clock = Finding::good(node, "clock", "");
    let mut furthest = 0;
    for peer in &member.peers {
        let other = name(peer.node);
        if !peer.error.is_empty() {
            let advice = format!("check that {other} runs, and that {node} may connect to {}", peer.address);
            findings.push(Finding::bad(node, "peers", format!("{other} is not reached: {}", peer.error), advice));
            continue;
        }
        let trip = duration(peer.round_trip.as_ref());
        reached.push(format!("{other} {}", fine(trip)));
        let error = u64::try_from(trip.as_millis() / 2).unwrap_or(u64::MAX).saturating_add(1);
        let offset = peer.clock_offset_ms.unsigned_abs().saturating_sub(error);
        if offset >= furthest {
            furthest = offset;
            clock = clock_finding(node, &other, peer.clock_offset_ms, offset);
        }
    }
    if findings.is_empty() && !reached.is_empty() {
        findings.push(Finding::good(node, "peers", reached.join(", ")));
    }
    if !reached.is_empty() {
        findings.push(clock);
    }
    findings
}

fn clock_finding(node: &str, other: &str, offset_ms: i64, certain_ms: u64) -> Finding {
    let side = if offset_ms < 0 { "behind" } else { "ahead" };
    let detail = format!("{other} is {} {side}", fine(Duration::from_millis(offset_ms.unsigned_abs())));
    let advice = "set the clocks by NTP on all nodes; the leader's clock stamps events and ends time-outs";
    match certain_ms {
        apart if apart > CLOCK_BAD_MS => Finding::bad(node, "clock", detail, advice),
        apart if apart > CLOCK_WARNING_MS => Finding::warning(node, "clock", detail, advice),
        _ => Finding::good(node, "clock", detail),
    }
}

fn behind(node: &str, member: &model::Diagnosis, answer: &api::DiagnoseResponse) -> Finding {
    let newest = answer.members.iter().map(|member| member.committed_index).max().unwrap_or(0);
    let lag = newest.saturating_sub(member.applied_index);
    let detail = format!("revision {}, {lag} entries behind", member.revision);
    match lag {
        lag if lag > BEHIND => {
            Finding::warning(node, "progress", detail, "wait for it to catch up; if it does not, see its log")
        }
        _ => Finding::good(node, "progress", detail),
    }
}

fn duration(wire: Option<&prost_types::Duration>) -> Duration {
    let wire = wire.copied().unwrap_or_default();
    Duration::new(u64::try_from(wire.seconds).unwrap_or(0), u32::try_from(wire.nanos).unwrap_or(0).min(999_999_999))
}

/// Also of parts of a millisecond.
fn fine(duration: Duration) -> String {
    match duration {
        tiny if tiny < Duration::from_millis(10) => format!("{:.1}ms", tiny.as_secs_f64() * 1_000.0),
        longer => short(longer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    pub(super) fn wire(duration: Duration) -> Option<prost_types::Duration> {
        Some(prost_types::Duration {
            seconds: duration.as_secs().cast_signed(),
            nanos: duration.subsec_nanos().cast_signed(),
        })
    }

    /// Three members that are well.
    pub(super) fn healthy() -> api::DiagnoseResponse {
        let peer =
            |node| model::PeerDiagnosis { node, round_trip: wire(Duration::from_millis(2)), ..Default::default() };
        let held = |node| model::LeaseDiagnosis {
            node,
            state: model::LeaseState::Held.into(),
            left: wire(Duration::from_millis(5_500)),
            full: wire(Duration::from_secs(6)),
            lost_after: wire(Duration::from_millis(7_500)),
        };
        let member = |node: u64| model::Diagnosis {
            node,
            address: format!("h{node}:1"),
            build: "1".into(),
            format: 1,
            revision: 9,
            hash: vec![7; 32],
            committed_index: 8,
            applied_index: 8,
            leader: 1,
            quorum_age: (node == 1).then(|| wire(Duration::from_millis(50))).flatten(),
            leases: if node == 1 { (1..=3).map(held).collect() } else { Vec::new() },
            disk: Some(model::DiskDiagnosis {
                size_bytes: 100 << 30,
                free_bytes: 50 << 30,
                sync: wire(Duration::from_millis(1)),
                ..Default::default()
            }),
            peers: (1..=3).filter(|other| *other != node).map(peer).collect(),
            ..Default::default()
        };
        let info = |node: u64| api::NodeInfo {
            node: Some(model::Node {
                id: node,
                spec: Some(model::NodeSpec { name: format!("n{node}"), logic_version: 1, ..Default::default() }),
                status: model::NodeStatus::Ready.into(),
                ..Default::default()
            }),
            attempts: 0,
        };
        api::DiagnoseResponse {
            members: (1..=3).map(member).collect(),
            nodes: (1..=3).map(info).collect(),
            common_revision: 9,
            ..Default::default()
        }
    }

    /// What is not good.
    fn faults(change: impl FnOnce(&mut api::DiagnoseResponse)) -> Vec<(String, &'static str, Verdict)> {
        let mut answer = healthy();
        change(&mut answer);
        let found = all(&answer).into_iter().filter(|finding| finding.verdict != Verdict::Good);
        found
            .map(|finding| {
                assert!(!finding.advice.is_empty() && !finding.detail.is_empty(), "{finding:?}");
                (finding.node, finding.check, finding.verdict)
            })
            .collect()
    }

    fn one(node: &str, check: &'static str, verdict: Verdict) -> Vec<(String, &'static str, Verdict)> {
        vec![(node.to_owned(), check, verdict)]
    }

    #[test]
    fn a_healthy_cluster_has_no_faults() {
        assert_eq!(faults(|_| {}), []);
    }

    #[test]
    fn each_fault_is_found_alone() {
        let disk = |answer: &mut api::DiagnoseResponse, change: fn(&mut model::DiskDiagnosis)| {
            change(answer.members[1].disk.as_mut().unwrap());
        };
        assert_eq!(faults(|a| disk(a, |d| d.error = "read-only".into())), one("n2", "disk", Verdict::Bad));
        assert_eq!(faults(|a| disk(a, |d| d.free_bytes = 1 << 20)), one("n2", "disk", Verdict::Bad));
        assert_eq!(faults(|a| disk(a, |d| d.free_bytes = 2 << 30)), one("n2", "disk", Verdict::Warning));
        assert_eq!(
            faults(|a| disk(a, |d| d.sync = wire(Duration::from_millis(300)))),
            one("n2", "fsync", Verdict::Warning)
        );
        assert_eq!(faults(|a| disk(a, |d| d.flush = wire(Duration::from_secs(2)))), one("n2", "fsync", Verdict::Bad));
        assert_eq!(faults(|a| a.members[0].peers[0].error = "refused".into()), one("n1", "peers", Verdict::Bad));
        assert_eq!(faults(|a| a.members[0].peers[1].clock_offset_ms = -900), one("n1", "clock", Verdict::Warning));
        assert_eq!(faults(|a| a.members[0].peers[1].clock_offset_ms = 9_000), one("n1", "clock", Verdict::Bad));
        assert_eq!(faults(|a| a.members[2].error = "refused".into()), one("n3", "answer", Verdict::Bad));
        assert_eq!(faults(|a| a.members[2].hash = vec![8; 32]), one("", "history", Verdict::Bad));
        assert_eq!(faults(|a| a.members[2].build = "2".into()), one("", "versions", Verdict::Warning));
        assert_eq!(faults(|a| a.members[2].leader = 0), one("", "leader", Verdict::Warning));
        assert_eq!(faults(|a| a.members.iter_mut().for_each(|m| m.leader = 0)), one("", "leader", Verdict::Bad));
        assert_eq!(faults(|a| a.members[0].quorum_age = None), one("", "leader", Verdict::Bad));
        assert_eq!(faults(|a| a.members[0].quorum_age = wire(Duration::from_secs(9))), one("", "leader", Verdict::Bad));
        assert_eq!(faults(|a| a.members.truncate(0)).first().map(|fault| fault.1), Some("leader"));
        let gone = faults(|a| a.members[0].error = "refused".into());
        assert_eq!(gone, [one("", "leader", Verdict::Bad), one("n1", "answer", Verdict::Bad)].concat());
        assert_eq!(faults(|a| a.members[0].committed_index = 20_000).len(), 3);
        let lost = model::NodeStatus::Lost.into();
        assert_eq!(faults(|a| a.nodes[0].node.as_mut().unwrap().status = lost), one("n1", "lease", Verdict::Bad));
        assert_eq!(faults(|a| drop(a.nodes.remove(2))), one("3", "lease", Verdict::Warning));
    }

    #[test]
    fn a_slow_answer_says_little_of_a_clock() {
        let slow = |answer: &mut api::DiagnoseResponse| {
            let peer = &mut answer.members[0].peers[0];
            (peer.round_trip, peer.clock_offset_ms) = (wire(Duration::from_millis(1_200)), 900);
        };
        assert_eq!(faults(slow), []);
    }
}
