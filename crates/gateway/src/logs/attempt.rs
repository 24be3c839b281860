//! The output of one attempt: from the node that runs it while it runs, from its sealed blob afterwards.

use std::time::Duration;

use futures::StreamExt as _;
use gofer_domain::run::LogRef;
use gofer_domain::{Attempt, AttemptKey, AttemptOutcome, AttemptStatus, NodeId, Timestamp};
use gofer_store::{Digest, Store};
use gofer_wire::peer::v1 as wire;
use tokio::sync::mpsc;
use tonic::{Code, Status};

use super::frames::Frames;
use super::{LogRecord, LogRecords, LogSource, LogsError};
use crate::blobs;
use crate::convert;
use crate::errors::{self, Fault, reason};
use crate::peers::Lane;
use crate::server::Parts;

/// Pause before the node that runs an attempt is asked again.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Where records go. An error means that nobody wants them any more.
pub(super) type Sink = mpsc::Sender<Result<(AttemptKey, LogRecord), Status>>;

/// Nobody wants the records any more, or it was told why there are none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop;

/// Sends the output of one attempt.
pub(super) struct Source<'a> {
    pub(super) parts: &'a Parts,
    pub(super) key: &'a AttemptKey,
    pub(super) follow: bool,
    pub(super) sink: &'a Sink,
}

impl Source<'_> {
    /// Sends all there is, and with `follow` all that comes until the attempt has ended.
    pub(super) async fn send(&self) -> Result<(), Stop> {
        let mut offset = 0;
        let mut pause = PAUSE;
        let mut told = false;
        let mut progress = self.parts.store.progress();
        loop {
            progress.mark_unchanged();
            let Some(attempt) = self.attempt().await? else { return Ok(()) };
            if let AttemptStatus::Finished(outcome) = &attempt.status {
                return self.send_sealed(&attempt, outcome, offset).await;
            }
            let before = offset;
            let broke = self.send_live(attempt.node, &mut offset).await?;
            if !self.follow {
                return Ok(());
            }
            if offset > before {
                (pause, told) = (PAUSE, false);
            }
            if let Some(why) = broke
                && !told
            {
                told = true;
                self.notice(offset, format!("the output is interrupted ({why}); it goes on when it can")).await?;
            }
            // Either the end is not in the log yet, or the node is away for now.
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                changed = progress.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    tokio::time::sleep(PAUSE / 10).await;
                }
                () = self.sink.closed() => return Err(Stop),
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn attempt(&self) -> Result<Option<Attempt>, Stop> {
        match find(&self.parts.store, self.key).await {
            Ok(attempt) => Ok(attempt),
            Err(status) => self.fail(status).await,
        }
    }

    async fn put(&self, record: LogRecord) -> Result<(), Stop> {
        self.sink.send(Ok((self.key.clone(), record))).await.map_err(|_| Stop)
    }

    async fn fail<T>(&self, status: Status) -> Result<T, Stop> {
        drop(self.sink.send(Err(status)).await);
        Err(Stop)
    }

    async fn notice(&self, next: u64, text: String) -> Result<(), Stop> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let time = Timestamp(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        self.put(LogRecord { source: LogSource::Notice, time, data: text.into(), next }).await
    }

    /// Sends what the node that runs it has, from an offset on. Returns why that broke off, if it did.
    async fn send_live(&self, node: NodeId, offset: &mut u64) -> Result<Option<String>, Stop> {
        let own = self.parts.store.identity().node_id;
        let opened = if node == own {
            self.parts.logs.stream(self.key, *offset, self.follow).await
        } else {
            self.open_remote(node, *offset).await
        };
        let mut records = match opened {
            Ok(records) => records,
            // It was not launched yet, or has just been sealed.
            Err(LogsError::NotHere(_)) => return Ok(None),
            Err(error) => return Ok(Some(error.to_string())),
        };
        while let Some(record) = records.next().await {
            match record {
                Ok(record) => {
                    *offset = record.next;
                    self.put(record).await?;
                }
                Err(error) => return Ok(Some(error.to_string())),
            }
        }
        Ok(None)
    }

    async fn open_remote(&self, node: NodeId, from: u64) -> Result<LogRecords, LogsError> {
        let address = address(&self.parts.store, node, self.parts);
        let Some(address) = address else { return Err(LogsError::Failed(format!("node {node} is not known"))) };
        let failed = |status: &Status| LogsError::Failed(format!("node {node} at {address}: {}", status.message()));
        let peers = &self.parts.peers;
        let mut client = peers.client(Lane::Bulk, &address).map_err(|status| failed(&status))?;
        let attempt = Some(convert::attempt_ref(self.key));
        let message = wire::StreamAttemptLogRequest { attempt, from, follow: self.follow };
        let answer = client.stream_attempt_log(peers.request(message, None)).await;
        let stream = answer.map_err(|status| {
            peers.failed(Lane::Bulk, &address, &status);
            if errors::reason_of(&status).as_deref() == Some(reason::NOT_FOUND) {
                LogsError::NotHere(self.key.clone())
            } else {
                failed(&status)
            }
        })?;
        let name = format!("node {node} at {address}");
        let records = stream.into_inner().map(move |message| {
            let message = message.map_err(|status| LogsError::Failed(format!("{name}: {}", status.message())))?;
            let source = LogSource::from_wire(message.stream)
                .ok_or_else(|| LogsError::Failed(format!("{name} sent an unknown stream {}", message.stream)))?;
            Ok(LogRecord { source, time: Timestamp(message.time_ms), data: message.data, next: message.next })
        });
        Ok(Box::pin(records))
    }

    /// Sends the rest of a sealed log.
    async fn send_sealed(&self, attempt: &Attempt, outcome: &AttemptOutcome, offset: u64) -> Result<(), Stop> {
        let Some(log) = &attempt.log else {
            if let AttemptOutcome::Lost { message } = outcome {
                return self.notice(offset, format!("the rest of the output is not known: {message}")).await;
            }
            return Ok(());
        };
        if let Err(status) = blobs::fetch(self.parts, log.digest, Some(attempt.node)).await {
            return self.fail(status).await;
        }
        let (store, key, sink) = (self.parts.store.clone(), self.key.clone(), self.sink.clone());
        let log = log.clone();
        let reading = tokio::task::spawn_blocking(move || read_sealed(&store, &log, offset, &key, &sink));
        match reading.await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => {
                let message = format!("the sealed output of attempt {} can't be read: {error}", self.key);
                self.fail(Fault::new(Code::DataLoss, reason::DAMAGED, message).help("ask another node").into()).await
            }
            Err(error) => self.fail(errors::interrupted(&error).into()).await,
        }
    }
}

/// Reads the blob, which is here, and sends the records after `offset`. Memory does not grow with the blob.
fn read_sealed(
    store: &Store,
    log: &LogRef,
    offset: u64,
    key: &AttemptKey,
    sink: &Sink,
) -> std::io::Result<Result<(), Stop>> {
    let blob = store.blobs().open_checked(Digest(log.digest)).map_err(std::io::Error::other)?;
    let mut frames = Frames::new(std::io::BufReader::new(zstd::Decoder::new(blob)?));
    while let Some(record) = frames.next()? {
        if record.next > offset && sink.blocking_send(Ok((key.clone(), record))).is_err() {
            return Ok(Err(Stop));
        }
    }
    Ok(Ok(()))
}

/// An attempt as the log knows it, from the hot state if its run is live.
pub(super) async fn find(store: &Store, key: &AttemptKey) -> Result<Option<Attempt>, Status> {
    let pick = |run: &gofer_domain::Run| {
        let task = run.tasks.get(&key.task.task)?;
        task.attempts.get(usize::try_from(key.attempt.checked_sub(1)?).ok()?).cloned()
    };
    if let Some(found) = store.read(|state| state.runs.get(&key.task.run).map(|live| pick(&live.run))) {
        return Ok(found);
    }
    let wanted = key.task.run.clone();
    let run = crate::api::load(store, move |store| store.run(&wanted)).await?;
    Ok(run.as_ref().and_then(pick))
}

/// Where a node is reached: as it registered, else as a member.
fn address(store: &Store, node: NodeId, parts: &Parts) -> Option<String> {
    let registered = store.read(|state| state.nodes.get(&node).map(|node| node.spec.address.clone()));
    registered.or_else(|| parts.raft.status().members.into_iter().find(|member| member.id == node).map(|m| m.address))
}
