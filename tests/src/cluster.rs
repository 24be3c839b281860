//! Several nodes as one cluster.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;
use gofer_wire::api::v1::pipeline_service_client::PipelineServiceClient;
use gofer_wire::api::v1::run_service_client::RunServiceClient;
use gofer_wire::model::v1 as model;
use tempfile::TempDir;

use crate::{Node, eventually};

/// Longest time a healthy cluster may take for anything a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Nodes on loopback with their data in a temporary directory.
#[derive(Debug)]
pub struct Cluster {
    pub nodes: Vec<Node>,
    directory: TempDir,
}

impl Cluster {
    /// Starts `size` nodes, all voters, and waits until they have a leader.
    ///
    /// # Errors
    /// When they don't come up in time; the error holds the end of a node's log.
    pub async fn start(size: usize, flags: &[&str]) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("gofer-test-").tempdir()?;
        Self::start_in(directory, size, flags, &["--bootstrap"]).await
    }

    /// Like [`Cluster::start`], with a first node whose data is in `n1` of the directory already.
    ///
    /// # Errors
    /// As there.
    pub async fn start_on(directory: TempDir, size: usize, flags: &[&str]) -> anyhow::Result<Self> {
        Self::start_in(directory, size, flags, &[]).await
    }

    async fn start_in(directory: TempDir, size: usize, flags: &[&str], first: &[&str]) -> anyhow::Result<Self> {
        let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
        let nodes = (1..=size).map(|n| Node::new(directory.path(), &format!("n{n}"), flags.clone())).collect();
        let mut cluster = Self { nodes, directory };
        let seed = cluster.nodes[0].address.clone();
        for (index, node) in cluster.nodes.iter_mut().enumerate() {
            let name = format!("n{}", index + 1);
            let join: &[&str] = if index == 0 { first } else { &["--join", &seed] };
            node.start(&[&["--name", &name], join].concat())?;
        }
        cluster.wait_ready(size).await.with_context(|| cluster.nodes[0].log_tail())?;
        Ok(cluster)
    }

    /// Directory that holds the nodes' data, for files of the test's own.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn wait_ready(&self, size: usize) -> anyhow::Result<()> {
        eventually("all nodes to be voters and ready", PATIENCE, || async {
            let status = self.status(0).await?;
            let voters = status.members.iter().filter(|member| member.role() != api::MemberRole::Learner).count();
            let nodes = ClusterServiceClient::new(self.nodes[0].channel()?)
                .list_nodes(api::ListNodesRequest::default())
                .await?
                .into_inner()
                .nodes;
            Ok((voters == size && nodes.len() == size).then_some(()))
        })
        .await
    }

    /// Starts a node again on its old data, and waits until it answers.
    ///
    /// # Errors
    /// When the process can't be started, or does not answer in time.
    pub async fn restart(&mut self, index: usize) -> anyhow::Result<()> {
        let name = format!("n{}", index + 1);
        self.nodes[index].start(&["--name", &name])?;
        let answers = eventually("the restarted node to answer", PATIENCE, || async {
            self.status(index).await?;
            Ok(Some(()))
        });
        answers.await.with_context(|| self.nodes[index].log_tail())
    }

    /// The status as node `index` sees it.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn status(&self, index: usize) -> anyhow::Result<api::GetStatusResponse> {
        let mut client = ClusterServiceClient::new(self.nodes[index].channel()?);
        Ok(client.get_status(api::GetStatusRequest {}).await?.into_inner())
    }

    /// Index of the node that a running node says is the leader.
    ///
    /// # Errors
    /// When there is none within [`PATIENCE`].
    pub async fn leader(&self) -> anyhow::Result<usize> {
        eventually("a leader", PATIENCE, || async {
            for index in (0..self.nodes.len()).filter(|index| self.nodes[*index].is_running()) {
                let Ok(status) = self.status(index).await else { continue };
                let address = status.members.iter().find(|member| member.id == status.leader).map(|m| &m.address);
                let found = self.nodes.iter().position(|node| Some(&node.address) == address && node.is_running());
                if let Some(leader) = found {
                    return Ok(Some(leader));
                }
            }
            Ok(None)
        })
        .await
    }

    /// The ends of what all nodes printed.
    #[must_use]
    pub fn log_tails(&self) -> String {
        let tails = self.nodes.iter().enumerate().map(|(index, node)| format!("n{}:\n{}", index + 1, node.log_tail()));
        tails.collect::<Vec<_>>().join("\n\n")
    }

    /// A running node other than `index`.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn other_than(&self, index: usize) -> usize {
        let found = (0..self.nodes.len()).find(|other| *other != index && self.nodes[*other].is_running());
        assert!(found.is_some(), "no other node runs");
        found.unwrap_or(0)
    }

    /// Pipelines through node `index`.
    ///
    /// # Errors
    /// When its address is malformed.
    pub fn pipelines(&self, index: usize) -> anyhow::Result<PipelineServiceClient<tonic::transport::Channel>> {
        Ok(PipelineServiceClient::new(self.nodes[index].channel()?))
    }

    /// Runs through node `index`.
    ///
    /// # Errors
    /// When its address is malformed.
    pub fn runs(&self, index: usize) -> anyhow::Result<RunServiceClient<tonic::transport::Channel>> {
        Ok(RunServiceClient::new(self.nodes[index].channel()?))
    }

    /// Registers a pipeline in the default namespace.
    ///
    /// # Errors
    /// When it is refused or the node does not answer.
    pub async fn register(&self, index: usize, config: model::PipelineConfig) -> anyhow::Result<u64> {
        let request = api::RegisterPipelineRequest {
            namespace: "default".into(),
            config: Some(config),
            request_id: request_id(),
            ..Default::default()
        };
        Ok(self.pipelines(index)?.register_pipeline(request).await?.into_inner().version)
    }

    /// Starts a run of a pipeline, which is in the default namespace unless its name says `NAMESPACE/PIPELINE`.
    ///
    /// # Errors
    /// When it is refused or the node does not answer.
    pub async fn start_run(
        &self,
        index: usize,
        pipeline: &str,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<model::RunRef> {
        let (namespace, pipeline) = pipeline.split_once('/').unwrap_or(("default", pipeline));
        let variables = variables.iter().map(|(name, value)| variable(name, value)).collect();
        let request = api::StartRunRequest {
            pipeline: Some(model::PipelineRef { namespace: namespace.into(), pipeline: pipeline.into() }),
            variables,
            request_id: request_id(),
            ..Default::default()
        };
        self.runs(index)?.start_run(request).await?.into_inner().run.context("no run in the answer")
    }

    /// Reads a run, linearizably.
    ///
    /// # Errors
    /// When it does not exist or the node does not answer.
    pub async fn run(&self, index: usize, run: &model::RunRef) -> anyhow::Result<model::Run> {
        let request = api::GetRunRequest { run: Some(run.clone()), ..Default::default() };
        self.runs(index)?.get_run(request).await?.into_inner().run.context("no run in the answer")
    }

    /// Waits until a run has ended.
    ///
    /// # Errors
    /// When it has not within `limit`; says how it stood.
    pub async fn finished(&self, index: usize, run: &model::RunRef, limit: Duration) -> anyhow::Result<model::Run> {
        let start = Instant::now();
        let mut last = None;
        while start.elapsed() < limit {
            match self.run(index, run).await {
                Ok(found) if found.finished_at.is_some() => return Ok(found),
                Ok(found) => last = Some(format!("{found:?}")),
                Err(error) => last = Some(format!("{error:#}")),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("the run has not ended after {limit:?}: {last:?}")
    }
}

/// A fresh idempotency key.
#[must_use]
pub fn request_id() -> Vec<u8> {
    uuid::Uuid::now_v7().as_bytes().to_vec()
}

fn variable(name: &str, value: &str) -> model::Variable {
    model::Variable { name: name.into(), value: value.into() }
}
