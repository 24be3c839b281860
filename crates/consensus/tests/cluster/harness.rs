//! Nodes in one process, each with its own directory, store and log, connected by function calls that can be cut.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gofer_consensus::{Config, MessageKind, Proposal, ProposeError, Raft, SnapshotFiles, Transport, TransportError};
use gofer_domain::{Actor, Command, NamespaceId, NodeId, RequestId};
use gofer_store::{Outcome, Store};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::time::Instant;

/// Longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Who is connected.
#[derive(Default)]
pub struct Net {
    nodes: Mutex<BTreeMap<NodeId, Raft>>,
    cut: Mutex<BTreeSet<NodeId>>,
    pub snapshots: Mutex<u32>,
}

impl Net {
    pub fn cut(&self, node: NodeId) {
        self.cut.lock().unwrap().insert(node);
    }

    pub fn heal(&self, node: NodeId) {
        self.cut.lock().unwrap().remove(&node);
    }

    fn reach(&self, from: NodeId, to: NodeId) -> Result<Raft, TransportError> {
        let cut = self.cut.lock().unwrap();
        if cut.contains(&from) || cut.contains(&to) {
            return Err(TransportError::Failed("cut".into()));
        }
        let unknown = || TransportError::Unreachable("not running".into());
        self.nodes.lock().unwrap().get(&to).cloned().ok_or_else(unknown)
    }
}

struct Wire {
    net: Arc<Net>,
    from: NodeId,
}

#[async_trait]
impl Transport for Wire {
    async fn send(
        &self,
        target: NodeId,
        _address: &str,
        kind: MessageKind,
        message: Bytes,
        _timeout: Duration,
    ) -> Result<Bytes, TransportError> {
        let raft = self.net.reach(self.from, target)?;
        // A task of its own, as in a server: the sender's impatience must not stop the receiver half-way.
        let answer = tokio::spawn(async move { raft.handle(kind, message).await }).await;
        self.net.reach(self.from, target)?;
        answer.unwrap().map_err(|error| TransportError::Remote(error.to_string()))
    }

    async fn send_snapshot(
        &self,
        target: NodeId,
        _address: &str,
        snapshot: SnapshotFiles,
        vote: Bytes,
        meta: Bytes,
    ) -> Result<Bytes, TransportError> {
        let raft = self.net.reach(self.from, target)?;
        let dir = raft.snapshot_staging().unwrap();
        for file in &snapshot.files {
            let bytes = std::fs::read(snapshot.dir.join(&file.name)).unwrap();
            assert_eq!(bytes.len() as u64, file.size, "{}", file.name);
            assert_eq!(<[u8; 32]>::from(Sha256::digest(&bytes)), file.sha256, "{}", file.name);
            std::fs::write(dir.join(&file.name), bytes).unwrap();
        }
        *self.net.snapshots.lock().unwrap() += 1;
        let answer = tokio::spawn(async move { raft.handle_snapshot(dir, vote, meta).await }).await;
        answer.unwrap().map_err(|error| TransportError::Remote(error.to_string()))
    }
}

/// A running node.
pub struct Node {
    pub id: NodeId,
    pub raft: Raft,
    pub store: Store,
    pub dir: PathBuf,
}

/// Some nodes of one cluster.
pub struct Cluster {
    pub net: Arc<Net>,
    pub nodes: Vec<Node>,
    pub config: Config,
    dirs: Vec<TempDir>,
}

/// Closes the databases before their directories go.
impl Drop for Cluster {
    fn drop(&mut self) {
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.stop_all()));
    }
}

/// Quick elections, for tests.
pub fn quick() -> Config {
    Config {
        heartbeat: Duration::from_millis(60),
        election_min: Duration::from_millis(400),
        election_max: Duration::from_millis(800),
        change_timeout: Duration::from_secs(30),
        ..Config::default()
    }
}

impl Cluster {
    /// Starts `count` voters.
    pub async fn start(count: usize, config: Config) -> Self {
        let mut cluster = Self { net: Arc::default(), nodes: Vec::new(), config, dirs: Vec::new() };
        let first = cluster.add_node().await;
        cluster.nodes[0].raft.bootstrap(&address(first)).await.unwrap();
        for _ in 1..count {
            let id = cluster.add_node().await;
            cluster.nodes[0].raft.add_member(id, &address(id), false).await.unwrap();
        }
        cluster
    }

    /// Starts a node that is in no cluster yet.
    pub async fn add_node(&mut self) -> NodeId {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_owned();
        self.dirs.push(dir);
        self.open(path).await
    }

    /// Starts a node on its directory.
    pub async fn open(&mut self, dir: PathBuf) -> NodeId {
        let store = reopen(&dir).await;
        let id = store.identity().node_id;
        let wire = Arc::new(Wire { net: self.net.clone(), from: id });
        let raft = Raft::start(store.clone(), self.config.clone(), wire).await.unwrap();
        self.net.nodes.lock().unwrap().insert(id, raft.clone());
        self.nodes.push(Node { id, raft, store, dir });
        id
    }

    /// Stops a node; returns its directory.
    pub async fn stop(&mut self, id: NodeId) -> PathBuf {
        let at = self.nodes.iter().position(|node| node.id == id).unwrap();
        let node = self.nodes.remove(at);
        self.net.nodes.lock().unwrap().remove(&id);
        node.raft.shutdown().await;
        node.dir
    }

    pub async fn stop_all(&mut self) -> Vec<PathBuf> {
        let ids: Vec<NodeId> = self.nodes.iter().map(|node| node.id).collect();
        let mut dirs = Vec::new();
        for id in ids {
            dirs.push(self.stop(id).await);
        }
        dirs
    }

    pub fn node(&self, id: NodeId) -> &Node {
        self.nodes.iter().find(|node| node.id == id).unwrap()
    }

    /// Waits for a leader that a majority follows.
    pub async fn leader(&self) -> NodeId {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for node in &self.nodes {
                if node.raft.watch().borrow().is_self && node.raft.read_index().await.is_ok() {
                    return node.id;
                }
            }
            assert!(Instant::now() < deadline, "no leader");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Commits, wherever the leader is, as a client does: again with the same request id.
    pub async fn commit(&self, proposal: Proposal) -> Outcome {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let leader = self.leader().await;
            let asked = self.node(leader).raft.propose(vec![proposal.clone()]);
            match tokio::time::timeout(Duration::from_secs(5), asked).await {
                Ok(Ok(mut outcomes)) => return outcomes.remove(0),
                Ok(Err(ProposeError::Fatal(reason))) => panic!("{reason}"),
                Ok(Err(_)) | Err(_) => {}
            }
            assert!(Instant::now() < deadline, "not committed");
        }
    }

    /// Waits until all nodes hold what the leader holds.
    pub async fn settle(&self) {
        let leader = self.leader().await;
        let index = self.node(leader).raft.read_index().await.unwrap();
        for node in &self.nodes {
            node.raft.wait_applied(index, PATIENCE).await.unwrap();
        }
    }
}

/// Opens a store; a node that was just stopped may need a moment to let go of it.
pub async fn reopen(dir: &Path) -> Store {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Store::open(dir, gofer_store::Options::default()) {
            Ok(store) => return store,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn address(id: NodeId) -> String {
    format!("node-{id}:1")
}

/// The `number`th namespace is made; the request id follows from the number.
pub fn create(number: u64) -> Proposal {
    let mut request = [7; 16];
    request[..8].copy_from_slice(&number.to_be_bytes());
    let namespace = NamespaceId::new(&format!("n{number}")).unwrap();
    Proposal {
        request_id: RequestId(request),
        actor: Actor("user:test".into()),
        command: Command::CreateNamespace { namespace, description: String::new() },
    }
}

pub fn has(store: &Store, number: u64) -> bool {
    let namespace = NamespaceId::new(&format!("n{number}")).unwrap();
    store.read(|state| state.namespaces.contains_key(&namespace))
}

/// Waits until `done`.
pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
