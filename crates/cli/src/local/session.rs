//! A job's dealings with its node: registering, starting, cancelling.

use std::collections::BTreeMap;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use uuid::Uuid;

use super::{LocalNode, shared};
use crate::args::ClientArgs;
use crate::client::{Call, Client, clusters, namespaces, pipelines, request, runs};
use crate::error::Error;
use crate::output::Output;

/// The namespace that every cluster begins with.
const NAMESPACE: &str = "default";
/// How long the node may take to register, which is milliseconds unless the machine is very busy.
const NODE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// A connection to the node of a job.
#[derive(Debug)]
pub(super) struct Session {
    args: ClientArgs,
    pub(super) client: Client,
    pub(super) output: Output,
    pub(super) node: LocalNode,
    /// Whether the namespace is there.
    named: bool,
    /// Whether the node has said what it knows.
    is_known: bool,
}

impl Session {
    pub(super) fn new(args: &ClientArgs, node: LocalNode) -> Self {
        let named = args.namespace() == NAMESPACE;
        Self { args: args.clone(), client: Client::new(args), output: Output::new(args), node, named, is_known: false }
    }

    /// Another connection, for a stream beside the first.
    pub(super) fn client(&self) -> Client {
        Client::new(&self.args)
    }

    /// Registers a pipeline, and starts a run of it.
    pub(super) async fn start(
        &mut self,
        config: model::PipelineConfig,
        variables: &BTreeMap<String, String>,
    ) -> Result<model::RunRef, Error> {
        let namespace = self.args.namespace().to_owned();
        self.wait_for_node().await?;
        self.name(&namespace).await?;
        for shared in shared::wanted(&config)? {
            self.register(crate::task::NAMESPACE.to_owned(), shared).await?;
        }
        let pipeline = model::PipelineRef { namespace: namespace.clone(), pipeline: config.id.clone() };
        let version = self.register(namespace, config).await?;

        let id = Uuid::now_v7();
        let mut message = api::StartRunRequest {
            pipeline: Some(pipeline),
            version,
            variables: to_wire(variables),
            ..Default::default()
        };
        message.request_id = id.as_bytes().to_vec();
        let ask = async |channel, patience| runs(channel).start_run(request(message.clone(), patience)).await;
        let run = self.client.call(Call::Mutate(id), ask).await?.run;
        run.ok_or_else(|| Error::Malformed("the node answered without a run".into()))
    }

    /// Waits until the node has registered with itself: before, it refuses what older nodes would not know.
    async fn wait_for_node(&mut self) -> Result<(), Error> {
        let consistency = self.client.consistency;
        let patience = tokio::time::Instant::now() + NODE_PATIENCE;
        while !self.is_known {
            let message = api::ListNodesRequest { consistency };
            let ask = async |channel, patience| clusters(channel).list_nodes(request(message, patience)).await;
            self.is_known = !self.client.call(Call::Read, ask).await?.nodes.is_empty();
            if !self.is_known && tokio::time::Instant::now() > patience {
                let seconds = NODE_PATIENCE.as_secs();
                return Err(Error::Malformed(format!("the local node has not registered within {seconds} s")));
            }
            if !self.is_known {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
        Ok(())
    }

    async fn register(&mut self, namespace: String, config: model::PipelineConfig) -> Result<u64, Error> {
        let id = Uuid::now_v7();
        let request_id = id.as_bytes().to_vec();
        let message =
            api::RegisterPipelineRequest { request_id, namespace, config: Some(config), ..Default::default() };
        let ask =
            async |channel, patience| pipelines(channel).register_pipeline(request(message.clone(), patience)).await;
        Ok(self.client.call(Call::Mutate(id), ask).await?.version)
    }

    /// Ends a run; one that has ended by itself needs no end.
    pub(super) async fn cancel(&mut self, run: &model::RunRef, why: &str) -> Result<(), Error> {
        let id = Uuid::now_v7();
        let message = api::CancelRunRequest {
            request_id: id.as_bytes().to_vec(),
            run: Some(run.clone()),
            message: why.to_owned(),
        };
        let ask = async |channel, patience| runs(channel).cancel_run(request(message.clone(), patience)).await;
        match self.client.call(Call::Mutate(id), ask).await {
            Ok(_) | Err(Error::Rejected(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn name(&mut self, namespace: &str) -> Result<(), Error> {
        if !self.named {
            let id = Uuid::now_v7();
            let message = api::CreateNamespaceRequest {
                request_id: id.as_bytes().to_vec(),
                namespace: namespace.to_owned(),
                ..Default::default()
            };
            let ask = async |channel, patience| {
                namespaces(channel).create_namespace(request(message.clone(), patience)).await
            };
            self.client.call(Call::Mutate(id), ask).await?;
            self.named = true;
        }
        Ok(())
    }
}

/// Variables by name, as the wire wants them.
pub(super) fn to_wire(variables: &BTreeMap<String, String>) -> Vec<model::Variable> {
    variables.iter().map(|(name, value)| model::Variable { name: name.clone(), value: value.clone() }).collect()
}
