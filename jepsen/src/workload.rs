//! Workloads: what clients do while things go wrong, and what must hold of it afterwards. A workload is one file with
//! the trait below, and one line in [`ALL`].

mod append;
mod drain;
mod events;
mod ids;
mod launches;
mod overlap;
mod register;
mod repeat;
mod slots;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::pipeline_service_client::PipelineServiceClient;
use gofer_wire::api::v1::run_service_client::RunServiceClient;
use gofer_wire::model::v1 as model;
use tonic::{Code, Request, Status};

use crate::check::Verdict;
use crate::check::events::{Facts, TOKEN};
use crate::client::{Client, PATIENCE};
use crate::history::{Op, Style};
use crate::lab::Lab;

/// Makes a workload; the folder is for files that tasks write.
type Make = fn(&Path) -> Arc<dyn Workload>;

/// Every workload with what it is about.
pub(crate) const ALL: [(&str, &str, Make); 9] = [
    ("register", "write and read values through any node; linearizable", register::make),
    ("append", "append to lists and read them whole; one order, nothing lost", append::make),
    ("repeat", "send the same request several times to different nodes; one effect, one answer", repeat::make),
    ("ids", "generate numbers; each is given out once, and they grow", ids::make),
    ("overlap", "start runs under the policies queue and forbid; never two at once", overlap::make),
    ("launches", "run tasks that count their own launches; each attempt at most once", launches::make),
    ("slots", "keep schedules that catch up, and some that don't; each slot once", slots::make),
    ("events", "tell of events by plug-ins in three languages, by keys, and by ends of runs; each once", events::make),
    ("drain", "drain nodes under load; nothing is placed there", drain::make),
];

/// What clients do, and what must hold of it.
#[async_trait]
pub(crate) trait Workload: Send + Sync {
    /// How its history is written.
    fn style(&self) -> Style {
        Style::Keyed
    }

    /// How many clients it has.
    fn clients(&self) -> usize;

    /// Least and most milliseconds between two operations of a client.
    fn pause(&self) -> (u64, u64);

    /// Before the faults begin.
    async fn set_up(&self, _lab: &Lab) -> anyhow::Result<()> {
        Ok(())
    }

    /// One operation, or a few that belong together.
    async fn invoke(&self, client: &mut Client);

    /// After everything is healed: last reads. Called again after a while if it fails.
    async fn finish(&self, _client: &mut Client) -> anyhow::Result<()> {
        Ok(())
    }

    /// The verdicts.
    fn check(&self, ops: &[Op], facts: &Facts) -> Vec<Verdict>;
}

/// The namespace of all pipelines.
pub(crate) const NAMESPACE: &str = "default";

fn pipeline_ref(pipeline: &str) -> Option<model::PipelineRef> {
    Some(model::PipelineRef { namespace: NAMESPACE.into(), pipeline: pipeline.into() })
}

fn variable(name: &str, value: impl ToString) -> model::Variable {
    model::Variable { name: name.into(), value: value.to_string() }
}

fn pipelines(lab: &Lab, node: usize) -> PipelineServiceClient<tonic::transport::Channel> {
    PipelineServiceClient::new(lab.machines[node].channel.clone())
}

fn runs(lab: &Lab, node: usize) -> RunServiceClient<tonic::transport::Channel> {
    RunServiceClient::new(lab.machines[node].channel.clone())
}

/// A request that the server, too, gives up after this time.
fn within<T>(message: T, patience: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(patience);
    request
}

/// A pipeline whose runs only wait: no node carries the label that its task asks for.
fn parked(id: &str) -> model::PipelineConfig {
    let mut task = gofer_tests::shell_task("wait", "true", &[]);
    task.constraints = vec![variable("nowhere", 1)];
    model::PipelineConfig { parallelism: 1, ..gofer_tests::pipeline(id, vec![task]) }
}

/// Registers a version through a node, and returns its number.
async fn register(lab: &Lab, node: usize, config: model::PipelineConfig, request_id: Vec<u8>) -> Result<u64, Status> {
    let request = api::RegisterPipelineRequest {
        request_id,
        namespace: NAMESPACE.into(),
        config: Some(config),
        validate_only: false,
        hold: false,
    };
    Ok(pipelines(lab, node).register_pipeline(within(request, PATIENCE)).await?.into_inner().version)
}

/// Registers, with one request id, until it is known to have worked; gives up in the end.
async fn register_surely(client: &mut Client, config: model::PipelineConfig) -> Result<u64, Status> {
    let request_id = client.rng.bytes().to_vec();
    let mut last = Status::unknown("not tried");
    for _ in 0..30 {
        let node = client.any_node();
        let call = register(&client.lab, node, config.clone(), request_id.clone());
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(version)) => return Ok(version),
            Ok(Err(status)) => last = status,
            Err(_) => last = Status::deadline_exceeded("no answer in time"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(last)
}

/// Starts a run with a token through a node, and returns its number.
async fn start_run(lab: &Lab, node: usize, pipeline: &str, token: u64, request_id: Vec<u8>) -> Result<u64, Status> {
    let request = api::StartRunRequest {
        request_id,
        pipeline: pipeline_ref(pipeline),
        version: 0,
        variables: vec![variable(TOKEN, token)],
        ..Default::default()
    };
    let answer = runs(lab, node).start_run(within(request, PATIENCE)).await?.into_inner();
    answer.run.map(|run| run.run).ok_or_else(|| Status::data_loss("no run in the answer"))
}

/// The newest version of a pipeline, linearizably; nothing if there is none.
async fn newest(lab: &Lab, node: usize, pipeline: &str) -> Result<Option<model::Pipeline>, Status> {
    let request = api::GetPipelineRequest { pipeline: pipeline_ref(pipeline), ..Default::default() };
    match pipelines(lab, node).get_pipeline(within(request, PATIENCE)).await {
        Ok(answer) => Ok(answer.into_inner().pipeline),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status),
    }
}

/// Waits until no run of these pipelines is live.
///
/// # Errors
/// Says which still are.
async fn all_ended(client: &mut Client, names: &[&str]) -> anyhow::Result<()> {
    for name in names {
        let node = client.any_node();
        let Some(pipeline) = newest(&client.lab, node, name).await? else { continue };
        let (running, queued) = (pipeline.running.len(), pipeline.queue.len());
        anyhow::ensure!(running + queued == 0, "{running} runs of {name} go on, {queued} wait: {:?}", pipeline.running);
    }
    Ok(())
}

/// A file in which tasks write down what they do.
#[derive(Clone, Debug)]
struct Effects(PathBuf);

impl Effects {
    /// What the tasks wrote.
    ///
    /// # Errors
    /// A sentence for the report.
    fn read(&self) -> Result<Vec<crate::check::effects::Line>, String> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("can't read {}: {error}", self.0.display())),
        };
        crate::check::effects::parse(&text).map_err(|line| format!("{}: no effect: {line:?}", self.0.display()))
    }

    /// A verdict that the file itself is broken.
    fn broken(error: String) -> Vec<Verdict> {
        vec![Verdict::new("the tasks' own counts can be read", String::new(), vec![error])]
    }

    /// Shell code that writes down an event of this attempt.
    fn line(what: &str) -> String {
        format!("echo \"{what} $GOFER_PIPELINE $GOFER_RUN $GOFER_TASK $GOFER_ATTEMPT\" >> \"$EFFECTS\"")
    }

    fn variable(&self) -> model::Variable {
        variable("EFFECTS", self.0.display())
    }
}
