//! Nodes to test with, and what tests ask of them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gofer_consensus::{Config, Raft};
use gofer_domain::{ClusterKey, NodeId, PipelineKey, Revision, SealedSecret, SecretKey, SecretName};
use gofer_gateway::{
    ArchiveHealth, ArchiveReport, Attached, AttemptLogs, Cluster, GrantLease, KeepKeys, KeysError, LeaseReport, NoLogs,
    ObjectSettings, Parts, Peers, ReadSecrets, TaskTokens, serve,
};
use gofer_store::{Options, Store};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;
use gofer_wire::api::v1::event_service_client::EventServiceClient;
use gofer_wire::api::v1::namespace_service_client::NamespaceServiceClient;
use gofer_wire::api::v1::pipeline_service_client::PipelineServiceClient;
use gofer_wire::api::v1::run_service_client::RunServiceClient;
use gofer_wire::model::v1 as model;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use zeroize::Zeroizing;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn config() -> Config {
    Config {
        heartbeat: Duration::from_millis(100),
        election_min: Duration::from_millis(500),
        election_max: Duration::from_millis(900),
        ..Config::default()
    }
}

/// Grants what it was made with.
pub(crate) struct Lease(pub(crate) Option<Duration>);

#[async_trait]
impl GrantLease for Lease {
    async fn renew(&self, _: NodeId, _: u64) -> Option<Duration> {
        self.0
    }

    fn report(&self) -> Vec<LeaseReport> {
        Vec::new()
    }
}

pub(crate) struct Node {
    pub(crate) address: String,
    pub(crate) store: Store,
    pub(crate) raft: Raft,
    pub(crate) cluster: Cluster,
    pub(crate) peers: Peers,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    _dir: TempDir,
}

/// Nothing is archived here.
struct NoArchive;

#[async_trait]
impl ArchiveHealth for NoArchive {
    fn url(&self) -> Option<String> {
        None
    }

    async fn examine(&self) -> Option<ArchiveReport> {
        None
    }
}

/// No secrets are kept here.
struct NoKeys;

#[async_trait]
impl ReadSecrets for NoKeys {
    async fn read(&self, _: &PipelineKey, name: &SecretName) -> Result<Zeroizing<Vec<u8>>, String> {
        Err(format!("there is no secret {name}"))
    }
}

#[async_trait]
impl KeepKeys for NoKeys {
    async fn seal(&self, _: &SecretKey, _: &[u8]) -> Result<SealedSecret, KeysError> {
        Err(KeysError::Unavailable("there is no key".into()))
    }

    async fn rotate(&self) -> Result<(ClusterKey, Revision), KeysError> {
        Err(KeysError::Unavailable("there is no key".into()))
    }

    async fn take(&self, _: ClusterKey, _: NodeId) -> Result<(), KeysError> {
        Err(KeysError::Unavailable("no key is kept".into()))
    }

    fn hand_out(&self, _: ClusterKey, _: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        None
    }

    fn keys(&self) -> Vec<ClusterKey> {
        Vec::new()
    }
}

impl Node {
    pub(crate) async fn start(config: Config, logs: Arc<dyn AttemptLogs>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let peers = Peers::new(store.clone());
        let raft = Raft::start(store.clone(), config, Arc::new(peers.clone())).await.unwrap();
        let cluster = Cluster::new(store.clone(), raft.clone(), peers.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shutdown = CancellationToken::new();
        let parts = Parts {
            store: store.clone(),
            raft: raft.clone(),
            cluster: cluster.clone(),
            peers: peers.clone(),
            logs,
            leases: Arc::new(Lease(Some(Duration::from_secs(6)))),
            archive: Arc::new(NoArchive),
            objects: ObjectSettings::default(),
            outside: None,
            tokens: TaskTokens::open(&dir.path().join("task.key")).unwrap(),
            attached: Attached::default(),
            keys: Arc::new(NoKeys),
            secrets: Arc::new(NoKeys),
            build: "test".into(),
        };
        let stop = shutdown.clone();
        let serving = tokio::spawn(async move { serve(listener, parts, stop).await.unwrap() });
        Self { address, store, raft, cluster, peers, shutdown, serving, _dir: dir }
    }

    pub(crate) fn id(&self) -> NodeId {
        self.store.identity().node_id
    }

    /// Stops it without handing anything over.
    pub(crate) async fn stop(self) {
        self.raft.shutdown().await;
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.serving).await.unwrap().unwrap();
    }

    pub(crate) async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.address)).unwrap().connect().await.unwrap()
    }

    pub(crate) async fn runs(&self) -> RunServiceClient<Channel> {
        RunServiceClient::new(self.channel().await)
    }

    pub(crate) async fn pipelines(&self) -> PipelineServiceClient<Channel> {
        PipelineServiceClient::new(self.channel().await)
    }

    pub(crate) async fn namespaces(&self) -> NamespaceServiceClient<Channel> {
        NamespaceServiceClient::new(self.channel().await)
    }

    pub(crate) async fn events(&self) -> EventServiceClient<Channel> {
        EventServiceClient::new(self.channel().await)
    }

    pub(crate) async fn admin(&self) -> ClusterServiceClient<Channel> {
        ClusterServiceClient::new(self.channel().await)
    }

    /// Makes namespace `n` and pipeline `n/p` through this node.
    pub(crate) async fn prepare(&self) {
        let request = api::CreateNamespaceRequest { namespace: "n".into(), ..Default::default() };
        self.namespaces().await.create_namespace(request).await.unwrap();
        let request =
            api::RegisterPipelineRequest { namespace: "n".into(), config: Some(pipeline("p")), ..Default::default() };
        let answer = self.pipelines().await.register_pipeline(request).await.unwrap().into_inner();
        assert_eq!(answer.version, 1);
    }
}

/// A cluster; the first node makes it, and the others join it.
pub(crate) async fn cluster(size: usize) -> Vec<Node> {
    cluster_with(size, config(), Arc::new(NoLogs)).await
}

/// `logs` are the first node's.
pub(crate) async fn cluster_with(size: usize, config: Config, logs: Arc<dyn AttemptLogs>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for index in 0..size {
        let logs: Arc<dyn AttemptLogs> = if index == 0 { logs.clone() } else { Arc::new(NoLogs) };
        let node = Node::start(config.clone(), logs).await;
        match nodes.first() {
            None => node.raft.bootstrap(&node.address).await.unwrap(),
            Some(first) => {
                let cluster = node
                    .cluster
                    .join(std::slice::from_ref(&first.address), &node.address, false, PATIENCE)
                    .await
                    .unwrap();
                assert_eq!(Some(cluster), first.store.identity().cluster_id);
            }
        }
        nodes.push(node);
    }
    nodes
}

/// Index of the node that leads, as all agree.
pub(crate) async fn leader(nodes: &[Node]) -> usize {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = nodes.iter().position(|node| node.raft.watch().borrow().is_self);
        if let Some(index) = found
            && nodes.iter().all(|node| node.raft.watch().borrow().leader == Some(nodes[index].id()))
        {
            return index;
        }
        assert!(tokio::time::Instant::now() < deadline, "no leader");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn pipeline(id: &str) -> model::PipelineConfig {
    let task = model::TaskConfig {
        id: "t".into(),
        image: "alpine".into(),
        command: vec!["true".into()],
        ..Default::default()
    };
    model::PipelineConfig { id: id.into(), tasks: vec![task], ..Default::default() }
}

pub(crate) fn pipeline_ref() -> Option<model::PipelineRef> {
    Some(model::PipelineRef { namespace: "n".into(), pipeline: "p".into() })
}

pub(crate) fn run_ref(run: u64) -> Option<model::RunRef> {
    Some(model::RunRef { namespace: "n".into(), pipeline: "p".into(), run })
}

pub(crate) fn start_run(request_id: &[u8]) -> api::StartRunRequest {
    api::StartRunRequest { request_id: request_id.to_vec(), pipeline: pipeline_ref(), ..Default::default() }
}
