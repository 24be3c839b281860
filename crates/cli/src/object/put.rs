//! Puts an object through whichever nodes there are. A few chunks are under way at a time; those that are kept are only
//! offered to the next node when one is lost.

use std::cell::RefCell;

use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::put_object_request::Part;
use gofer_wire::api::v1::put_object_response::Part as Answer;
use gofer_wire::model::v1 as model;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use uuid::Uuid;

use super::progress::Progress;
use super::scope_text;
use super::source::{CHUNK_BYTES, Source};
use crate::client::{Call, Client, Next, objects};
use crate::command::Context;
use crate::error::Error;
use crate::json::hex;
use crate::losses::Losses;
use crate::size::rough;

/// Chunks that are sent before the first of them is known to be kept.
const AHEAD: u64 = 4;

/// What one node was told and has said.
struct Turn {
    sender: mpsc::Sender<api::PutObjectRequest>,
    answers: Streaming<api::PutObjectResponse>,
    /// The next chunk to send.
    next: u64,
    kept: u64,
    /// Chunks are offered by their digests, until one is wanted.
    offers: bool,
    is_ended: bool,
}

enum Ended {
    Done(api::PutObjectDone),
    Lost(String),
}

pub(super) async fn put(
    context: &mut Context<'_>,
    scope: model::ObjectScope,
    key: String,
    file: &str,
    id: Uuid,
) -> Result<u8, Error> {
    let mut source = Source::open(file)?;
    let mut progress = Progress::new("putting", &context.output);
    let start =
        api::PutObjectStart { request_id: id.as_bytes().to_vec(), scope: Some(scope.clone()), key: key.clone() };
    let mut losses = Losses::new();
    let mut was_ended = false;
    let done = loop {
        let opened = open(&mut context.client, &start).await;
        let mut turn = opened.map_err(|error| doubt(error, was_ended, id))?;
        let ended;
        (source, ended) = turn.run(source, &mut progress).await?;
        was_ended |= turn.is_ended;
        match ended {
            Ended::Done(done) => break done,
            Ended::Lost(why) => {
                let lost = losses.next_node(&mut context.client, &why).await;
                let lost = lost.map_err(|error| doubt(error, was_ended, id))?;
                context.output.notice(&format!("lost {lost} ({why}); going on with another node"));
            }
        }
    };
    progress.end();
    let content = done.content.unwrap_or_default();
    let of = scope_text(Some(&scope));
    let value = json!({
        "scope": of,
        "key": key,
        "bytes": content.bytes,
        "digest": hex(&content.digest),
        "revision": done.header.unwrap_or_default().revision,
    });
    context
        .done(&format!("put object {key} of {of}: {}, sha-256 {}", rough(content.bytes), hex(&content.digest)), &value)
}

/// Once the end was sent, nobody knows whether it arrived.
fn doubt(error: Error, was_ended: bool, id: Uuid) -> Error {
    match error {
        Error::Unreachable { tried } if was_ended => Error::Unknown { tried, request_id: Some(id) },
        other => other,
    }
}

async fn open(client: &mut Client, start: &api::PutObjectStart) -> Result<Turn, Error> {
    let sealed = client.authorized(());
    let opened = RefCell::new(None);
    let ask = async |channel, _| {
        let (sender, receiver) = mpsc::channel(1);
        // It is empty and open.
        drop(sender.try_send(api::PutObjectRequest { part: Some(Part::Start(start.clone())) }));
        let mut request = tonic::Request::new(ReceiverStream::new(receiver));
        *request.metadata_mut() = sealed.metadata().clone();
        let answer = objects(channel).put_object(request).await;
        opened.replace(Some(sender));
        answer
    };
    let answers = client.call(Call::Read, ask).await?;
    let sender = opened.into_inner().ok_or_else(|| Error::Malformed("no stream was opened".into()))?;
    Ok(Turn { sender, answers, next: 0, kept: 0, offers: true, is_ended: false })
}

impl Turn {
    async fn run(&mut self, mut source: Source, progress: &mut Progress) -> Result<(Source, Ended), Error> {
        loop {
            tokio::select! {
                biased;
                answer = Client::next(&mut self.answers) => match answer? {
                    Next::Item(answer) => match answer.part {
                        Some(Answer::Done(done)) => return Ok((source, Ended::Done(done))),
                        Some(Answer::Kept(kept)) => {
                            self.kept = kept;
                            source.kept(kept);
                            progress.at((kept * CHUNK_BYTES as u64).min(source.read), source.size);
                        }
                        Some(Answer::Wanted(index)) if source.has(index) => {
                            self.next = index;
                            self.offers = false;
                            self.is_ended = false;
                        }
                        Some(Answer::Wanted(index)) => {
                            return Ok((source, Ended::Lost(format!("it can't reach who has chunk {index}"))));
                        }
                        None => return Err(Error::Malformed("an answer is empty".into())),
                    },
                    Next::End => return Ok((source, Ended::Lost("it ended the call".into()))),
                    Next::Lost(why) => return Ok((source, Ended::Lost(why))),
                },
                permit = self.sender.reserve(), if !self.is_ended && self.next < self.kept + AHEAD => {
                    // A call that has ended says why by its answer.
                    let Ok(permit) = permit else { self.is_ended = true; continue };
                    let (index, offers) = (self.next, self.offers);
                    let read = tokio::task::spawn_blocking(move || {
                        let chunk = if offers { source.offer(index) } else { source.chunk(index) };
                        (source, chunk)
                    });
                    let (back, chunk) = read.await.map_err(|error| Error::Malformed(error.to_string()))?;
                    source = back;
                    let part = match chunk? {
                        Some(chunk) => {
                            self.next += 1;
                            Part::Chunk(chunk)
                        }
                        None => {
                            self.is_ended = true;
                            Part::End(api::PutObjectEnd { chunks: source.count(), digest: source.digest() })
                        }
                    };
                    permit.send(api::PutObjectRequest { part: Some(part) });
                }
            }
        }
    }
}
