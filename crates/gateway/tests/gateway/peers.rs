//! Membership, snapshots, blobs, leases, health and reflection.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gofer_consensus::{Config, Role};
use gofer_gateway::{BlobReplicator, LeaseRenewer, NoLogs};
use gofer_store::Digest;
use gofer_wire::api::v1 as api;
use gofer_wire::peer::v1 as peer;
use gofer_wire::peer::v1::peer_service_client::PeerServiceClient;
use tokio::time::{Instant, timeout};
use tonic::Code;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::node::{Lease, Node, PATIENCE, cluster, cluster_with, config, leader, start_run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lags_gets_a_snapshot() {
    let config = Config { snapshot_entries: 50, keep_entries: 10, ..config() };
    let nodes = cluster_with(1, config.clone(), Arc::new(NoLogs)).await;
    nodes[0].prepare().await;
    let mut runs = nodes[0].runs().await;
    for _ in 0..200 {
        runs.start_run(start_run(&[])).await.unwrap();
    }
    let deadline = Instant::now() + PATIENCE;
    while nodes[0].raft.status().purged == 0 {
        assert!(Instant::now() < deadline, "nothing was purged");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let late = Node::start(config, Arc::new(NoLogs)).await;
    let seeds = [nodes[0].address.clone()];
    late.cluster.join(&seeds, &late.address, false, PATIENCE).await.unwrap();
    late.cluster.read_barrier(Instant::now() + PATIENCE).await.unwrap();
    assert!(late.raft.status().purged > 0, "it came by the log, not by a snapshot");
    let heads = [&nodes[0], &late]
        .map(|node| (node.store.progress().borrow().revision, node.store.progress().borrow().chain_head));
    assert_eq!(heads[0], heads[1]);
    assert_eq!(late.store.read(|state| state.runs.len()), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blob_is_copied_to_a_majority_even_with_a_node_away() {
    let mut nodes = cluster(3).await;
    let bytes: Vec<u8> = (0..700_000u32).flat_map(u32::to_le_bytes).collect();
    let digest = nodes[0].store.blobs().put(&bytes).unwrap();
    nodes.pop().unwrap().stop().await;
    let replicator = BlobReplicator::new(nodes[0].store.clone(), nodes[0].raft.clone(), nodes[0].peers.clone());
    timeout(PATIENCE, replicator.replicate(digest.0)).await.unwrap().unwrap();
    let mut copy = Vec::new();
    nodes[1].store.blobs().open_checked(digest).unwrap().read_to_end(&mut copy).unwrap();
    assert_eq!(copy, bytes);
    nodes.pop().unwrap().stop().await;
    let other = nodes[0].store.blobs().put(b"no majority for this").unwrap();
    assert!(timeout(Duration::from_secs(3), replicator.replicate(other.0)).await.is_err());
    assert!(replicator.replicate([0; 32]).await.is_err(), "a blob that is not here can't be copied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_not_the_announced_blob_are_not_kept() {
    let nodes = cluster(1).await;
    let mut client = PeerServiceClient::new(nodes[0].channel().await);
    let digest = Digest::of(b"right");
    let parts = [
        peer::put_blob_request::Part::Digest(Bytes::copy_from_slice(&digest.0)),
        peer::put_blob_request::Part::Chunk(Bytes::from_static(b"wrong")),
    ];
    let parts = parts.map(|part| peer::PutBlobRequest { part: Some(part), of_object: false });
    let status = client.put_blob(futures::stream::iter(parts)).await.unwrap_err();
    assert_eq!(status.code(), Code::DataLoss, "{status:?}");
    assert!(!nodes[0].store.blobs().has(digest));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_come_and_go_through_any_node() {
    let mut nodes = cluster(3).await;
    let lead = leader(&nodes).await;
    let mut admin = nodes[(lead + 1) % 3].admin().await;

    // Nobody there, somebody else's, then a good one.
    let request = api::AddMemberRequest { address: "127.0.0.1:1".into(), learner: false };
    let status = admin.add_member(request).await.unwrap_err();
    assert_eq!(crate::errors::info(&status).reason, "UNREACHABLE", "{status:?}");
    let foreign = cluster(1).await.remove(0);
    let request = api::AddMemberRequest { address: foreign.address.clone(), learner: false };
    let status = admin.add_member(request).await.unwrap_err();
    assert_eq!(crate::errors::info(&status).reason, "OTHER_CLUSTER", "{status:?}");
    let fresh = Node::start(config(), Arc::new(NoLogs)).await;
    let request = api::AddMemberRequest { address: fresh.address.clone(), learner: true };
    let added = admin.add_member(request.clone()).await.unwrap().into_inner();
    assert_eq!(added.node, fresh.id().0);
    assert_eq!(fresh.store.identity().cluster_id, nodes[0].store.identity().cluster_id);
    admin.add_member(request).await.unwrap();
    let members = nodes[lead].raft.status().members;
    assert_eq!(members.iter().find(|member| member.id == fresh.id()).unwrap().role, Role::Learner);

    // The leader moves, then the old one is taken out.
    let target = nodes[(lead + 2) % 3].id();
    let moved = admin.transfer_leader(api::TransferLeaderRequest { node: target.0 }).await.unwrap().into_inner();
    assert_eq!(moved.leader, target.0);
    admin.remove_member(api::RemoveMemberRequest { node: target.0 }).await.unwrap();
    let gone = nodes.iter().position(|node| node.id() == target).unwrap();
    nodes.remove(gone).stop().await;
    let status = admin.get_status(api::GetStatusRequest {}).await.unwrap().into_inner();
    assert!(status.members.iter().all(|member| member.id != target.0), "{status:?}");
    assert_eq!(status.members.len(), 3);
    assert_eq!(status.build, "test");
    let status = admin.remove_member(api::RemoveMemberRequest { node: 77 }).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "{status:?}");
    nodes[0].prepare().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_another_cluster_or_for_another_node_are_refused() {
    let nodes = cluster(1).await;
    let mut client = PeerServiceClient::new(nodes[0].channel().await);
    let own = Bytes::copy_from_slice(&nodes[0].store.identity().cluster_id.unwrap().0);
    let kind = peer::RaftMessageKind::Vote.into();
    let message = Bytes::from_static(b"junk");
    let target = nodes[0].id().0;
    for (cluster_id, target, reason) in [
        (Bytes::from_static(&[1; 16]), target, "OTHER_CLUSTER"),
        (own.clone(), target + 1, "WRONG_NODE"),
        (own, target, "INVALID_ARGUMENT"),
    ] {
        let request = peer::RaftRequest { cluster_id, target, kind, message: message.clone() };
        let status = client.raft(request).await.unwrap_err();
        assert_eq!(crate::errors::info(&status).reason, reason, "{status:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_gets_its_lease_from_the_leader() {
    let nodes = cluster(2).await;
    let lead = leader(&nodes).await;
    let follower = &nodes[1 - lead];
    // Its own table must not be asked.
    let renewer = LeaseRenewer::new(follower.cluster.clone(), Arc::new(Lease(None)));
    assert_eq!(renewer.renew(follower.id(), 1).await.unwrap(), Some(Duration::from_secs(6)));
    let local = LeaseRenewer::new(nodes[lead].cluster.clone(), Arc::new(Lease(None)));
    assert_eq!(local.renew(nodes[lead].id(), 1).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reflection_lists_the_services_and_health_follows_the_leader() {
    let node = Node::start(config(), Arc::new(NoLogs)).await;
    let mut health = HealthClient::new(node.channel().await);
    let ask = |service: &str| HealthCheckRequest { service: service.into() };
    let status = health.check(ask("")).await.unwrap().into_inner().status;
    assert_eq!(status, i32::from(ServingStatus::NotServing));
    let mut watch = health.watch(ask("gofer.api.v1")).await.unwrap().into_inner();
    node.raft.bootstrap(&node.address).await.unwrap();
    loop {
        let status = timeout(PATIENCE, watch.message()).await.unwrap().unwrap().unwrap().status;
        if status == i32::from(ServingStatus::Serving) {
            break;
        }
    }
    let request = tonic_reflection::pb::v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(node.channel().await);
    let mut answers = client.server_reflection_info(futures::stream::iter([request])).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    let served = [
        "ClusterService",
        "EventService",
        "NamespaceService",
        "PipelineService",
        "ReleaseService",
        "RunService",
        "ScheduleService",
        "SubscriptionService",
        "TriggerService",
    ];
    for name in served {
        assert!(names.contains(&format!("gofer.api.v1.{name}")), "{name} is not in {names:?}");
    }
    // An open watch must not hold up the shutdown.
    timeout(Duration::from_secs(4), node.stop()).await.unwrap();
    let status = loop {
        match watch.message().await {
            Ok(Some(message)) => assert_eq!(message.status, i32::from(ServingStatus::NotServing)),
            end => break end,
        }
    };
    drop(status);
}
