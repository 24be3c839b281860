//! The output of a run: of one attempt, one task or all tasks.

use futures::{Stream, StreamExt as _};
use gofer_domain::{AttemptKey, Run, RunKey, TaskId, TaskKey};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::attempt::{Sink, Source, Stop};
use super::{LogRecord, LogSource};
use crate::errors::{self, Fault};
use crate::server::Parts;

/// Records that wait for the client.
const BUFFER: usize = 64;

/// What a client wants of a run.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// None: all tasks.
    pub(crate) task: Option<TaskId>,
    /// None: the newest attempt, and with `follow` those after it.
    pub(crate) attempt: Option<u32>,
    pub(crate) follow: bool,
}

/// Streams the output of a run.
pub(crate) fn stream_run(
    parts: Parts,
    shutdown: CancellationToken,
    run: Run,
    wanted: Wanted,
) -> Result<impl Stream<Item = Result<wire::StreamLogsResponse, Status>>, Fault> {
    check(&run, &wanted)?;
    let (sink, records) = mpsc::channel(BUFFER);
    tokio::spawn(async move {
        tokio::select! {
            () = feed(&parts, run, wanted, &sink) => {}
            () = shutdown.cancelled() => {
                drop(sink.try_send(Err(errors::shutting_down("ask another node for the output").into())));
            }
            () = sink.closed() => {}
        }
    });
    Ok(ReceiverStream::new(records).map(|record| record.map(|(key, record)| to_wire(&key, record))))
}

fn to_wire(key: &AttemptKey, record: LogRecord) -> wire::StreamLogsResponse {
    let stream = match record.source {
        LogSource::Stdout => wire::LogStream::Stdout,
        LogSource::Stderr => wire::LogStream::Stderr,
        LogSource::Notice => wire::LogStream::Notice,
    };
    wire::StreamLogsResponse {
        task: key.task.task.to_string(),
        attempt: key.attempt,
        stream: stream.into(),
        time: Some(codec::time_to_wire(record.time)),
        data: record.data.into(),
    }
}

fn check(run: &Run, wanted: &Wanted) -> Result<(), Fault> {
    let Some(task) = &wanted.task else { return Ok(()) };
    let Some(found) = run.tasks.get(task) else {
        let names: Vec<&str> = run.tasks.keys().take(20).map(TaskId::as_str).collect();
        return Err(Fault::not_found("task", format!("run {} has no task {task}", run.key))
            .help(format!("its tasks are {}", names.join(", "))));
    };
    match wanted.attempt {
        Some(attempt) if attempt as usize > found.attempts.len() && (!wanted.follow || run.status.is_final()) => {
            let count = found.attempts.len();
            Err(Fault::not_found("attempt", format!("task {task} of run {} has {count} attempts so far", run.key))
                .help("ask for one of those, or for 0, the newest"))
        }
        _ => Ok(()),
    }
}

/// Starts to send the output of all wanted tasks, and waits until that is done.
async fn feed(parts: &Parts, run: Run, wanted: Wanted, sink: &Sink) {
    let mut tasks: Vec<_> =
        run.tasks.iter().filter(|(id, _)| wanted.task.as_ref().is_none_or(|task| task == *id)).collect();
    // In the order they started; those that have not come last.
    tasks.sort_by_key(|(_, task)| task.attempts.first().map_or(u64::MAX, |attempt| attempt.placed_at.0));
    let mut feeding = JoinSet::new();
    for (id, task) in tasks {
        let newest = u32::try_from(task.attempts.len()).unwrap_or(u32::MAX);
        let first = wanted.attempt.unwrap_or(newest.max(1));
        let feeder = Feeder {
            parts: parts.clone(),
            task: TaskKey { run: run.key.clone(), task: id.clone() },
            only: wanted.attempt.is_some(),
            follow: wanted.follow,
            sink: sink.clone(),
        };
        if wanted.follow {
            feeding.spawn(feeder.run(first));
        } else if newest > 0 && feeder.run(first).await.is_err() {
            // One after the other, so that the order holds.
            return;
        }
    }
    while let Some(done) = feeding.join_next().await {
        if matches!(done, Ok(Err(Stop))) {
            return;
        }
    }
}

/// Sends the attempts of one task, one after the other.
struct Feeder {
    parts: Parts,
    task: TaskKey,
    /// The first one only.
    only: bool,
    follow: bool,
    sink: Sink,
}

impl Feeder {
    async fn run(self, first: u32) -> Result<(), Stop> {
        let mut number = first;
        loop {
            if self.follow && !self.placed(number).await {
                return Ok(());
            }
            let key = AttemptKey { task: self.task.clone(), attempt: number };
            Source { parts: &self.parts, key: &key, follow: self.follow, sink: &self.sink }.send().await?;
            if self.only || !self.follow {
                return Ok(());
            }
            number = number.saturating_add(1);
        }
    }

    /// Waits until an attempt is placed; false when it never will be.
    async fn placed(&self, number: u32) -> bool {
        let mut progress = self.parts.store.progress();
        loop {
            progress.mark_unchanged();
            let live = self.parts.store.read(|state| {
                let run = &state.runs.get(&self.task.run)?.run;
                let task = run.tasks.get(&self.task.task)?;
                Some((task.attempts.len(), task.status.is_final()))
            });
            let (attempts, is_final) = match live {
                Some(live) => live,
                None => (ended(&self.parts, &self.task.run, &self.task.task).await, true),
            };
            if attempts >= number as usize {
                return true;
            }
            if is_final || progress.changed().await.is_err() {
                return false;
            }
        }
    }
}

/// How many attempts a task of a run that has ended had.
async fn ended(parts: &Parts, run: &RunKey, task: &TaskId) -> usize {
    let key = run.clone();
    let run = crate::api::load(&parts.store, move |store| store.run(&key)).await;
    run.ok().flatten().and_then(|run| run.tasks.get(task).map(|task| task.attempts.len())).unwrap_or_default()
}
