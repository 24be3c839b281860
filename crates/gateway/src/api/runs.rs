//! Runs.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::BoxStream;
use gofer_domain::{Answer, Command, RetryFrom, Run, RunKey, RunOptions, TaskKey, Version};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::run_service_server::RunService;
use gofer_wire::model::v1 as model;
use tonic::{Request, Response, Status, async_trait};

use super::{Api, cut, page, pipelines, run_watch};
use crate::convert;
use crate::errors::Fault;
use crate::logs::{Wanted, stream_run};

#[async_trait]
impl RunService for Api {
    type WatchRunStream = BoxStream<'static, Result<wire::WatchRunResponse, Status>>;
    type StreamLogsStream = BoxStream<'static, Result<wire::StreamLogsResponse, Status>>;

    async fn start_run(
        &self,
        request: Request<wire::StartRunRequest>,
    ) -> Result<Response<wire::StartRunResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::StartRun {
            pipeline: convert::pipeline(message.pipeline.as_ref())?,
            version: (message.version != 0).then_some(Version(message.version)),
            options: Box::new(RunOptions {
                variables: variables(message.variables, "variables")?,
                labels: variables(message.labels, "labels")?,
                note: message.note,
                priority: message.priority,
            }),
        };
        let (revision, answer) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::StartRunResponse { header: self.header(revision), run: started(&answer) }))
    }

    async fn get_run(&self, request: Request<wire::GetRunRequest>) -> Result<Response<wire::GetRunResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = convert::run(message.run.as_ref())?;
        self.freshen(&metadata, message.consistency).await?;
        let revision = self.revision();
        let run = self.run(&key).await?.ok_or_else(|| no_run(&key))?;
        let header = self.header(revision);
        Ok(Response::new(wire::GetRunResponse { header, run: Some(codec::run_to_wire(&run)) }))
    }

    async fn list_runs(
        &self,
        request: Request<wire::ListRunsRequest>,
    ) -> Result<Response<wire::ListRunsResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = convert::pipeline(message.pipeline.as_ref())?;
        let size = convert::page_size(message.page_size)?;
        let list = format!("runs {key}");
        let before = page::position(&list, &message.page_token)?;
        let before = before.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        self.freshen(&metadata, message.consistency).await?;
        let (revision, is_known) = self.store().read(|state| (state.revision, state.pipelines.contains_key(&key)));
        if !is_known {
            return Err(pipelines::missing(&key).into());
        }
        let found = self.load(move |store| store.runs(&key, before, size + 1)).await?;
        let mut runs: Vec<_> =
            found.iter().map(|run| model::Run { tasks: Vec::new(), ..codec::run_to_wire(run) }).collect();
        let has_more = runs.len() > size;
        runs.truncate(size);
        let is_cut = cut(&mut runs);
        let last = runs.last().filter(|_| has_more || is_cut).and_then(|last| last.r#ref.as_ref());
        let next_page_token = last.map(|last| page::token(&list, &last.run.to_be_bytes())).unwrap_or_default();
        Ok(Response::new(wire::ListRunsResponse { header: self.header(revision), runs, next_page_token }))
    }

    async fn cancel_run(
        &self,
        request: Request<wire::CancelRunRequest>,
    ) -> Result<Response<wire::CancelRunResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::CancelRun { run: convert::run(message.run.as_ref())?, message: message.message };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::CancelRunResponse { header: self.header(revision) }))
    }

    async fn retry_run(
        &self,
        request: Request<wire::RetryRunRequest>,
    ) -> Result<Response<wire::RetryRunResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let tasks = message.tasks.iter().map(|id| convert::task(id)).collect::<Result<BTreeSet<_>, _>>()?;
        let from = match message.keep {
            false if tasks.is_empty() => RetryFrom::Start,
            false => {
                return Err(Fault::invalid("tasks", "tasks are named, and nothing is to be kept")
                    .help("set keep")
                    .into());
            }
            true if tasks.is_empty() => RetryFrom::Failed,
            true => RetryFrom::Tasks(tasks),
        };
        let command = Command::RetryRun { run: convert::run(message.run.as_ref())?, from };
        let (revision, answer) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::RetryRunResponse { header: self.header(revision), run: started(&answer) }))
    }

    async fn annotate_run(
        &self,
        request: Request<wire::AnnotateRunRequest>,
    ) -> Result<Response<wire::AnnotateRunResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::AnnotateRun {
            run: convert::run(message.run.as_ref())?,
            note: message.note,
            labels: variables(message.labels, "labels")?,
            without: message.remove_labels.into_iter().collect(),
        };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::AnnotateRunResponse { header: self.header(revision) }))
    }

    async fn decide_approval(
        &self,
        request: Request<wire::DecideApprovalRequest>,
    ) -> Result<Response<wire::DecideApprovalResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let task = message.task.unwrap_or_default();
        let task = TaskKey { run: convert::run(task.run.as_ref())?, task: convert::task(&task.task)? };
        let command = Command::DecideApproval { task, approve: message.approve, message: message.message };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::DecideApprovalResponse { header: self.header(revision) }))
    }

    async fn watch_run(
        &self,
        request: Request<wire::WatchRunRequest>,
    ) -> Result<Response<Self::WatchRunStream>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = convert::run(message.run.as_ref())?;
        self.freshen(&metadata, wire::Consistency::Linearizable.into()).await?;
        let stream = run_watch::watch(self.clone(), key).await?;
        Ok(Response::new(Box::pin(stream)))
    }

    async fn stream_logs(
        &self,
        request: Request<wire::StreamLogsRequest>,
    ) -> Result<Response<Self::StreamLogsStream>, Status> {
        let (metadata, _, message) = request.into_parts();
        let run = convert::run(message.run.as_ref())?;
        let task = if message.task.is_empty() { None } else { Some(convert::task(&message.task)?) };
        if task.is_none() && message.attempt != 0 {
            return Err(Fault::invalid("attempt", "an attempt is named without its task").help("name the task").into());
        }
        let attempt = (message.attempt != 0).then_some(message.attempt);
        self.freshen(&metadata, wire::Consistency::Linearizable.into()).await?;
        let found = self.run(&run).await?.ok_or_else(|| no_run(&run))?;
        let wanted = Wanted { task, attempt, follow: message.follow };
        let stream = stream_run(self.parts.clone(), self.shutdown.clone(), found, wanted)?;
        Ok(Response::new(Box::pin(stream)))
    }
}

impl Api {
    /// A run with its tasks.
    pub(super) async fn run(&self, key: &RunKey) -> Result<Option<Run>, Status> {
        let key = key.clone();
        self.load(move |store| store.run(&key)).await
    }
}

fn variables(given: Vec<model::Variable>, field: &str) -> Result<BTreeMap<String, String>, Fault> {
    let mut variables = BTreeMap::new();
    for model::Variable { name, value } in given {
        if variables.contains_key(&name) {
            let shown: String = name.chars().take(80).collect();
            return Err(Fault::invalid(field, format!("{shown:?} is given twice in {field}")).help("give it once"));
        }
        variables.insert(name, value);
    }
    Ok(variables)
}

fn started(answer: &Answer) -> Option<model::RunRef> {
    if let Answer::Run(key) = answer { Some(convert::run_ref(key)) } else { None }
}

pub(super) fn no_run(key: &RunKey) -> Fault {
    Fault::not_found("run", format!("run {key} does not exist")).help("list the pipeline's runs to find its number")
}
