//! Three real nodes in one process: what consensus promises to the rest of the program.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, missing_debug_implementations, reason = "tests")]

#[path = "cluster/harness.rs"]
mod harness;

use std::collections::BTreeSet;
use std::time::Duration;

use gofer_consensus::{Config, Error, MembershipError, Proposal, ProposeError, Role, offline};
use gofer_domain::config::{DriverKind, DriverSet, Resources};
use gofer_domain::{Actor, ClusterId, Command, CommandEnvelope, NodeId, NodeSpec, RequestId, Timestamp};
use gofer_store::Outcome;
use harness::{Cluster, PATIENCE, address, create, has, quick, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_survives_the_leader() {
    let mut cluster = Cluster::start(3, quick()).await;
    for number in 0..20 {
        assert!(matches!(cluster.commit(create(number)).await, Outcome::Accepted { .. }));
    }
    let first = cluster.leader().await;
    let term = cluster.node(first).raft.status().term;
    let dir = cluster.stop(first).await;

    let second = cluster.leader().await;
    assert_ne!(first, second);
    assert!(cluster.node(second).raft.status().term > term);
    cluster.commit(create(20)).await;
    cluster.open(dir).await;
    cluster.settle().await;
    for node in &cluster.nodes {
        assert!((0..=20).all(|number| has(&node.store, number)), "node {}", node.id);
        assert_eq!(node.raft.status().fatal, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retried_request_gets_its_first_answer() {
    let mut cluster = Cluster::start(3, quick()).await;
    let first = cluster.commit(create(1)).await;
    cluster.commit(create(2)).await;
    assert_eq!(cluster.commit(create(1)).await, first);
    let leader = cluster.leader().await;
    cluster.stop(leader).await;
    assert_eq!(cluster.commit(create(1)).await, first, "by another leader");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_share_entries_and_each_gets_its_own_outcome() {
    let cluster = Cluster::start(3, quick()).await;
    let leader = cluster.node(cluster.leader().await).raft.clone();
    let before = leader.status().committed;
    let callers = (0..400).map(|number| {
        let raft = leader.clone();
        tokio::spawn(async move { raft.propose(vec![create(number * 2), create(number * 2 + 1)]).await.unwrap() })
    });
    let mut revisions = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        let outcomes = caller.await.unwrap();
        let pair: Vec<u64> = outcomes
            .iter()
            .map(|outcome| match outcome {
                Outcome::Accepted { revision, .. } => revision.0,
                Outcome::Rejected(rejection) => panic!("{rejection}"),
            })
            .collect();
        assert!(matches!(pair[..], [a, b] if a < b), "{pair:?}");
        revisions.extend(pair);
    }
    revisions.sort_unstable();
    revisions.dedup();
    assert_eq!(revisions.len(), 800);
    let entries = leader.status().committed - before;
    assert!(entries < 200, "{entries} entries for 400 calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_larger_than_an_entry_keeps_its_order() {
    let config = Config { batch_commands: 8, ..quick() };
    let cluster = Cluster::start(1, config).await;
    let outcomes = cluster.nodes[0].raft.propose((0..50).map(create).collect()).await.unwrap();
    let revisions: Vec<u64> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Accepted { revision, .. } => revision.0,
            Outcome::Rejected(rejection) => panic!("{rejection}"),
        })
        .collect();
    assert_eq!(revisions.len(), 50);
    assert!(revisions.is_sorted_by(|a, b| a < b), "{revisions:?}");
    let most = cluster.config.commands_per_call as u64;
    let error = cluster.nodes[0].raft.propose((0..=most).map(create).collect()).await.unwrap_err();
    assert!(matches!(error, ProposeError::TooLarge(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_linearizable_read_on_any_node_sees_what_was_acknowledged() {
    let cluster = Cluster::start(3, quick()).await;
    let leader = cluster.leader().await;
    for number in 0..30 {
        cluster.commit(create(number)).await;
        let index = cluster.node(leader).raft.read_index().await.unwrap();
        for node in &cluster.nodes {
            node.raft.wait_applied(index, PATIENCE).await.unwrap();
            assert!(has(&node.store, number), "node {}, {number}", node.id);
        }
    }
    for node in cluster.nodes.iter().filter(|node| node.id != leader) {
        let expected = ProposeError::NotLeader { leader: Some((leader, address(leader))) };
        assert_eq!(node.raft.read_index().await.unwrap_err(), expected);
        assert_eq!(node.raft.propose(vec![create(99)]).await.unwrap_err(), expected);
        assert_eq!(node.raft.status().quorum_ack, None);
    }
    let late = cluster.nodes[0].raft.wait_applied(u64::MAX, Duration::from_millis(50)).await;
    assert!(matches!(late, Err(ProposeError::Timeout(_))), "{late:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_cut_off_commits_nothing_and_knows_it() {
    let cluster = Cluster::start(3, quick()).await;
    let old = cluster.leader().await;
    let cut_off = cluster.node(old).raft.clone();
    until("an acknowledgement", || cut_off.status().quorum_ack.is_some_and(|since| since < Duration::from_millis(300)))
        .await;
    cluster.net.cut(old);
    let lost = tokio::time::timeout(Duration::from_millis(700), cut_off.propose(vec![create(1)])).await;
    assert!(!matches!(lost, Ok(Ok(_))), "{lost:?}");
    assert!(cut_off.read_index().await.is_err());
    if let Some(since) = cut_off.status().quorum_ack {
        assert!(since > Duration::from_millis(600), "{since:?}");
    }
    until("another leader", || cluster.nodes.iter().any(|node| node.id != old && node.raft.watch().borrow().is_self))
        .await;
    cluster.commit(create(2)).await;
    cluster.net.heal(old);
    cluster.settle().await;
    assert!(cluster.nodes.iter().all(|node| has(&node.store, 2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_majority_nobody_takes_a_silent_leader_for_one() {
    let cluster = Cluster::start(3, quick()).await;
    let leader = cluster.leader().await;
    let others: Vec<_> = cluster.nodes.iter().map(|node| node.id).filter(|id| *id != leader).collect();
    let status = |id| cluster.node(id).raft.status();
    until("all to know the leader", || {
        cluster.nodes.iter().all(|node| node.raft.status().leader.is_some_and(|(known, _)| known == leader))
    })
    .await;
    cluster.nodes.iter().for_each(|node| cluster.net.cut(node.id));
    until("none to know one", || cluster.nodes.iter().all(|node| node.raft.status().leader.is_none())).await;
    cluster.net.heal(others[0]);
    assert_eq!(status(others[0]).leader, None, "it hears nobody");
    cluster.nodes.iter().for_each(|node| cluster.net.heal(node.id));
    until("all to know one again", || cluster.nodes.iter().all(|node| node.raft.status().leader.is_some())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_proposals_are_refused_while_nothing_moves() {
    let config = Config { queue: 4, batches_in_flight: 1, batch_commands: 1, ..quick() };
    let cluster = Cluster::start(3, config).await;
    let leader = cluster.leader().await;
    for node in cluster.nodes.iter().filter(|node| node.id != leader) {
        cluster.net.cut(node.id);
    }
    let raft = cluster.node(leader).raft.clone();
    let calls: Vec<_> = (0..50)
        .map(|number| {
            let raft = raft.clone();
            tokio::spawn(async move { raft.propose(vec![create(number)]).await })
        })
        .collect();
    let mut refused = 0;
    for call in calls {
        match tokio::time::timeout(Duration::from_millis(20), call).await {
            Ok(Ok(Err(ProposeError::Overloaded))) => refused += 1,
            Ok(Ok(Ok(outcomes))) => panic!("committed without a majority: {outcomes:?}"),
            _ => {}
        }
    }
    assert!(refused >= 40, "{refused}");
    for node in &cluster.nodes {
        cluster.net.heal(node.id);
    }
    cluster.commit(create(100)).await;
}

/// Two joins at the same time once made each other fail between their two steps, and left a voter behind that had given
/// up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_join_at_the_same_time_all_become_voters() {
    for _ in 0..10 {
        let mut cluster = Cluster::start(1, quick()).await;
        let leader = cluster.leader().await;
        let raft = cluster.node(leader).raft.clone();
        let (a, b, c) = (cluster.add_node().await, cluster.add_node().await, cluster.add_node().await);
        let (at_a, at_b, at_c) = (address(a), address(b), address(c));
        let added = tokio::join!(
            raft.add_member(a, &at_a, false),
            raft.add_member(b, &at_b, false),
            raft.add_member(c, &at_c, false)
        );
        assert!(matches!(added, (Ok(()), Ok(()), Ok(()))), "{added:?}");
        let voters = raft.status().members.iter().filter(|member| member.role != Role::Learner).count();
        assert_eq!(voters, 4);
    }
}

fn spec() -> NodeSpec {
    NodeSpec {
        name: "newcomer".into(),
        address: "newcomer:1".into(),
        labels: [].into(),
        slots: 1,
        capacity: Resources::default(),
        drivers: DriverSet::from([DriverKind::Process]),
        logic_version: 1,
        build: "test".into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_come_and_go() {
    let mut cluster = Cluster::start(3, quick()).await;
    let leader = cluster.leader().await;
    let raft = cluster.node(leader).raft.clone();
    cluster.commit(create(1)).await;

    let learner = cluster.add_node().await;
    raft.add_member(learner, &address(learner), true).await.unwrap();
    raft.add_member(learner, &address(learner), true).await.unwrap();
    let role = |id: NodeId| raft.status().members.iter().find(|member| member.id == id).map(|member| member.role);
    assert_eq!(role(learner), Some(Role::Learner));
    cluster.settle().await;
    assert!(has(&cluster.node(learner).store, 1));

    raft.add_member(learner, &address(learner), false).await.unwrap();
    raft.add_member(learner, &address(learner), false).await.unwrap();
    assert_eq!(role(learner), Some(Role::Voter));
    let moved = raft.add_member(learner, "elsewhere:1", false).await;
    assert!(matches!(moved, Err(MembershipError::Invalid(_))), "{moved:?}");

    let register = |request: u8| {
        let (request_id, actor) = (RequestId([request; 16]), Actor(format!("node:{learner}")));
        Proposal { request_id, actor, command: Command::RegisterNode { node: learner, spec: Box::new(spec()) } }
    };
    let registered = raft.propose(vec![register(201)]).await;
    assert!(matches!(registered.as_deref(), Ok([Outcome::Accepted { .. }])), "{registered:?}");

    raft.remove_member(learner).await.unwrap();
    assert_eq!(role(learner), None);
    // It asks for that after a loss, and may not know yet that it was removed meanwhile.
    let registered = raft.propose(vec![register(202)]).await;
    assert!(matches!(registered, Err(ProposeError::Precondition(_))), "{registered:?}");
    let gone = raft.remove_member(learner).await;
    assert!(matches!(gone, Err(MembershipError::UnknownNode { .. })), "{gone:?}");
    let follower = cluster.nodes.iter().find(|node| node.id != leader && node.id != learner).unwrap();
    let elsewhere = follower.raft.remove_member(leader).await;
    assert!(matches!(elsewhere, Err(MembershipError::NotLeader { .. })), "{elsewhere:?}");

    cluster.stop(learner).await;
    raft.remove_member(leader).await.unwrap();
    until("another leader", || {
        cluster.nodes.iter().any(|node| node.id != leader && node.raft.watch().borrow().is_self)
    })
    .await;
    cluster.stop(leader).await;
    cluster.commit(create(2)).await;
    assert_eq!(cluster.nodes[0].raft.status().members.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_voter_stays() {
    let cluster = Cluster::start(1, quick()).await;
    let node = &cluster.nodes[0];
    assert_eq!(node.raft.remove_member(node.id).await, Err(MembershipError::LastVoter { node: node.id }));
    let nobody = node.raft.transfer_leader(None).await;
    assert!(matches!(nobody, Err(MembershipError::NotEligible { .. })), "{nobody:?}");
    assert_eq!(node.raft.status().quorum_ack, Some(Duration::ZERO));
    let again = node.raft.bootstrap(&address(node.id)).await;
    assert!(matches!(again, Err(Error::NotPristine(_))), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leadership_moves_where_it_is_told() {
    let cluster = Cluster::start(3, quick()).await;
    cluster.commit(create(1)).await;
    let first = cluster.leader().await;
    let second = cluster.nodes.iter().map(|node| node.id).find(|id| *id != first).unwrap();
    assert_eq!(cluster.node(first).raft.transfer_leader(Some(second)).await, Ok(second));
    assert_eq!(cluster.leader().await, second);
    cluster.commit(create(2)).await;
    let third = cluster.node(second).raft.transfer_leader(None).await.unwrap();
    assert_ne!(third, second);
    assert_eq!(cluster.leader().await, third);
    let unknown = cluster.node(third).raft.transfer_leader(Some(NodeId(1))).await;
    assert!(matches!(unknown, Err(MembershipError::UnknownNode { .. })), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lags_behind_the_log_gets_a_snapshot() {
    let config = Config { snapshot_entries: 20, keep_entries: 5, ..quick() };
    let mut cluster = Cluster::start(3, config).await;
    let leader = cluster.leader().await;
    let lagging = cluster.nodes.iter().map(|node| node.id).find(|id| *id != leader).unwrap();
    cluster.commit(create(0)).await;
    let behind = cluster.node(lagging).raft.status().applied;
    let dir = cluster.stop(lagging).await;
    for number in 1..120 {
        cluster.commit(create(number)).await;
    }
    let raft = cluster.node(leader).raft.clone();
    until("a purge", || raft.status().purged > behind + 5).await;
    assert!(raft.status().snapshot > behind);

    cluster.open(dir).await;
    cluster.settle().await;
    assert!(*cluster.net.snapshots.lock().unwrap() > 0, "it caught up without a snapshot");
    let store = cluster.node(lagging).store.clone();
    assert!((0..120).all(|number| has(&store, number)));
    cluster.commit(create(120)).await;

    // What it got by snapshot it still has after a restart, and it can lead.
    drop(store);
    let dir = cluster.stop(lagging).await;
    cluster.open(dir).await;
    cluster.settle().await;
    let leader = cluster.leader().await;
    cluster.node(leader).raft.transfer_leader(Some(lagging)).await.unwrap();
    cluster.commit(create(121)).await;
    assert!((0..=121).all(|number| has(&cluster.node(lagging).store, number)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_whose_nodes_all_restart_keeps_everything() {
    let config = Config { snapshot_entries: 15, keep_entries: 3, ..quick() };
    let mut cluster = Cluster::start(3, config).await;
    let mut answers = Vec::new();
    for round in 0..3 {
        for number in round * 20..(round + 1) * 20 {
            answers.push(cluster.commit(create(number)).await);
        }
        for dir in cluster.stop_all().await {
            cluster.open(dir).await;
        }
    }
    cluster.settle().await;
    for node in &cluster.nodes {
        assert!((0..60).all(|number| has(&node.store, number)), "node {}", node.id);
        assert_eq!(node.raft.status().members.len(), 3);
    }
    for (number, answer) in (0..60).zip(answers) {
        assert_eq!(cluster.commit(create(number)).await, answer);
    }
}

fn recovery(id: u8, survivor: NodeId) -> CommandEnvelope {
    let cluster = ClusterId([id; 16]);
    let (dropped, grace) = (BTreeSet::new(), Duration::ZERO);
    CommandEnvelope {
        request_id: RequestId(cluster.0),
        actor: Actor("operator:test".into()),
        time: Timestamp(1),
        command: Command::RecoverCluster { cluster, survivor, dropped, grace },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lone_survivor_has_begins_another_cluster() {
    let mut cluster = Cluster::start(3, quick()).await;
    for number in 0..10 {
        cluster.commit(create(number)).await;
    }
    let survivor = cluster.leader().await;
    let others: Vec<NodeId> = cluster.nodes.iter().map(|node| node.id).filter(|id| *id != survivor).collect();
    others.iter().for_each(|id| cluster.net.cut(*id));
    // Nobody else has this one, so it is not committed, and may be, for all that its client knows.
    let doubtful = cluster.node(survivor).raft.propose(vec![create(10)]);
    assert!(tokio::time::timeout(Duration::from_millis(300), doubtful).await.is_err());
    assert!(!has(&cluster.node(survivor).store, 10));
    let dir = cluster.stop(survivor).await;
    for id in &others {
        cluster.stop(*id).await;
    }

    let (known, head) = {
        let store = harness::reopen(&dir).await;
        let known = offline::last_known(&store).unwrap();
        offline::begin_alone(&store, "moved:1", recovery(9, survivor)).unwrap();
        // As after an interruption before its end.
        offline::begin_alone(&store, "moved:1", recovery(9, survivor)).unwrap();
        store.adopt_cluster().unwrap();
        let other = offline::begin_alone(&store, "moved:1", recovery(9, others[0])).map(|()| store.applied().index);
        assert!(other.is_ok(), "the same request gets its first answer");
        (known, store.progress().borrow().chain_head)
    };
    assert_eq!((known.node, known.members.len()), (survivor, 3));
    assert_eq!(known.last_log, known.applied + 1, "the doubtful one");
    cluster.open(dir).await;
    assert_eq!(cluster.leader().await, survivor);
    let raft = cluster.node(survivor).raft.clone();
    let store = cluster.node(survivor).store.clone();
    assert!((0..=10).all(|number| has(&store, number)));
    assert_eq!(
        (store.read(|state| state.cluster), store.progress().borrow().chain_head),
        (Some(ClusterId([9; 16])), head)
    );
    let members: Vec<_> = raft.status().members.into_iter().map(|member| (member.id, member.address)).collect();
    assert_eq!(members, [(survivor, "moved:1".to_owned())]);
    raft.move_alone("again:1").await.unwrap();
    assert_eq!(raft.status().members[0].address, "again:1");

    cluster.commit(create(11)).await;
    let new = cluster.add_node().await;
    let snapshots = *cluster.net.snapshots.lock().unwrap();
    raft.add_member(new, &address(new), false).await.unwrap();
    cluster.settle().await;
    assert!(*cluster.net.snapshots.lock().unwrap() > snapshots, "entries of the old cluster are sent to nobody");
    assert!((0..=11).all(|number| has(&cluster.node(new).store, number)));
    let error = raft.move_alone("third:1").await.unwrap_err();
    assert!(matches!(error, MembershipError::Invalid(_)), "{error}");
}
