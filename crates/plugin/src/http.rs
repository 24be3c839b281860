//! Requests over HTTP that a trigger answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gofer_wire::plugin::v1 as wire;
use http::header::{HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::timeout;
use tracing::warn;

use crate::error::SendError;
use crate::event::{Event, Fate};
use crate::plugin::Trigger;
use crate::told::{Answer, Subscriptions, Telling, View};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most requests that are open.
const OPEN_MAX: usize = 64;
/// Longest body of an answer, in bytes; most headers, and how many bytes they may have in all.
const BODY_BYTES_MAX: usize = 1024 * 1024;
const HEADERS_MAX: (usize, usize) = (64, 16 * 1024);
/// Events that wait for the stream.
const WAITING: usize = 64;
/// Ids of messages count from here, so that they differ from those of watches.
const IDS: u64 = 1 << 63;

/// What is answered, and what is told of meanwhile. All of it belongs to one stream: its answers can go to no other one.
pub(crate) struct Answering<T> {
    trigger: Arc<T>,
    /// Requests that are being answered, by their tasks.
    open: HashMap<Id, u64>,
    pub(crate) tasks: JoinSet<wire::HttpResponse>,
    /// Events that wait for what became of them, by the id of their message.
    pending: BTreeMap<u64, oneshot::Sender<Answer>>,
    last_id: u64,
    pub(crate) tellings: mpsc::Receiver<Telling>,
    tell: mpsc::Sender<Telling>,
}

impl<T: Trigger> Answering<T> {
    pub(crate) fn new(trigger: Arc<T>) -> Self {
        let (tell, tellings) = mpsc::channel(WAITING);
        let (open, pending) = (HashMap::new(), BTreeMap::new());
        Self { trigger, open, tasks: JoinSet::new(), pending, last_id: IDS, tellings, tell }
    }

    /// A request has come. The answer is there if it can't be handed on.
    pub(crate) fn asked(&mut self, request: wire::HttpRequest, view: View) -> Option<wire::HttpResponse> {
        let id = request.id;
        if self.open.len() >= OPEN_MAX {
            return Some(plain(id, StatusCode::SERVICE_UNAVAILABLE, "there are too many requests; send it again"));
        }
        let Some(request) = read(request) else {
            return Some(plain(id, StatusCode::BAD_REQUEST, "the request can't be read"));
        };
        let (trigger, engine) = (Arc::clone(&self.trigger), self.tell.clone());
        let task = self.tasks.spawn(async move {
            match timeout(PATIENCE, trigger.http(request, Subscriptions { view, engine })).await {
                Ok(response) => write(id, response),
                Err(_) => plain(id, StatusCode::GATEWAY_TIMEOUT, "the answer took too long"),
            }
        });
        self.open.insert(task.id(), id);
        None
    }

    /// A request is answered, or what was to answer it has panicked.
    pub(crate) fn ended(&mut self, ended: Result<(Id, wire::HttpResponse), JoinError>) -> Option<wire::HttpResponse> {
        match ended {
            Ok((task, response)) => {
                self.open.remove(&task);
                Some(response)
            }
            Err(error) => {
                let id = self.open.remove(&error.id())?;
                warn!(%error, "a request was not answered");
                Some(plain(id, StatusCode::INTERNAL_SERVER_ERROR, "the request was not answered"))
            }
        }
    }

    /// The message with events of one that is answering.
    pub(crate) fn tell(&mut self, telling: Telling) -> wire::Events {
        self.last_id += 1;
        self.pending.insert(self.last_id, telling.answer);
        wire::Events {
            id: self.last_id,
            subscription: Some((&telling.name).into()),
            generation: telling.generation,
            events: telling.events.into_iter().map(Event::into_wire).collect(),
            cursor: None,
        }
    }

    /// What became of events; given back if they are those of a watch.
    pub(crate) fn taken(&mut self, taken: wire::Taken) -> Option<wire::Taken> {
        if taken.id < IDS {
            return Some(taken);
        }
        let answer = self.pending.remove(&taken.id)?;
        let _ = answer.send(match taken.refusal {
            None => Some(Ok(taken.fates.into_iter().map(Fate::from_wire).collect())),
            Some(refusal) => match refusal.kind() {
                wire::RefusalKind::Unavailable => None,
                wire::RefusalKind::Invalid => Some(Err(SendError::Invalid(refusal.message))),
                _ => Some(Err(SendError::Changed(refusal.message))),
            },
        });
        None
    }

    /// The stream has ended, and whoever asked hears so from the node.
    pub(crate) fn end_stream(&mut self) {
        self.tasks = JoinSet::new();
        self.open.clear();
        self.pending.clear();
        while self.tellings.try_recv().is_ok() {}
    }
}

fn read(request: wire::HttpRequest) -> Option<Request<Bytes>> {
    let wire::HttpRequest { id: _, method, path, query, headers, body } = request;
    let path = if path.is_empty() { "/" } else { path.as_str() };
    let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let mut read = Request::builder().method(method.as_str()).uri(uri).body(Bytes::from(body)).ok()?;
    for wire::HttpHeader { name, value } in headers {
        read.headers_mut().append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    Some(read)
}

fn write(id: u64, response: Response<Bytes>) -> wire::HttpResponse {
    let (head, body) = response.into_parts();
    let header = |(name, value): (&HeaderName, &HeaderValue)| wire::HttpHeader {
        name: name.to_string(),
        value: value.as_bytes().to_vec(),
    };
    let headers: Vec<_> = head.headers.iter().map(header).collect();
    let bytes: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    if body.len() > BODY_BYTES_MAX || headers.len() > HEADERS_MAX.0 || bytes > HEADERS_MAX.1 {
        let (body, count) = (body.len(), headers.len());
        warn!(body, headers = count, header_bytes = bytes, "an answer is too large");
        return plain(id, StatusCode::INTERNAL_SERVER_ERROR, "the plug-in's answer is not valid");
    }
    wire::HttpResponse { id, status: head.status.as_u16().into(), headers, body: body.into() }
}

fn plain(id: u64, status: StatusCode, text: &str) -> wire::HttpResponse {
    write(id, answer(status, text))
}

/// An answer of a line of text.
#[must_use]
pub fn answer(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{text}\n")));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, text);
    response
}
