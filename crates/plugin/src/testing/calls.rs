//! Requests that the stand-in hands to a plug-in.

use std::collections::BTreeMap;

use bytes::Bytes;
use gofer_wire::plugin::v1 as wire;
use http::header::{HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};

/// As the nodes have it.
const BODY_BYTES_MAX: usize = 1024 * 1024;
const HEADERS_MAX: (usize, usize) = (64, 16 * 1024);

/// A request, and where its answer goes.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) request: wire::HttpRequest,
    pub(super) answer: oneshot::Sender<wire::HttpResponse>,
}

/// Those of one stream that wait for their answer.
#[derive(Debug, Default)]
pub(super) struct Open {
    last: u64,
    waiting: BTreeMap<u64, oneshot::Sender<wire::HttpResponse>>,
}

impl Open {
    /// The message that hands a request over.
    pub(super) fn add(&mut self, Call { request, answer }: Call) -> wire::HttpRequest {
        self.last += 1;
        self.waiting.insert(self.last, answer);
        wire::HttpRequest { id: self.last, ..request }
    }

    pub(super) fn answered(&mut self, response: wire::HttpResponse) {
        if let Some(answer) = self.waiting.remove(&response.id) {
            let _ = answer.send(response);
        }
    }
}

/// Has a plug-in answer, as a node does.
pub(super) async fn call(plugin: &mpsc::Sender<Call>, request: Request<Bytes>) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    let header = |(name, value): (&HeaderName, &HeaderValue)| wire::HttpHeader {
        name: name.to_string(),
        value: value.as_bytes().to_vec(),
    };
    let request = wire::HttpRequest {
        id: 0,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(header).collect(),
        body: body.into(),
    };
    let (answer, answered) = oneshot::channel();
    let lost = || crate::http::answer(StatusCode::SERVICE_UNAVAILABLE, "the plug-in has gone");
    if plugin.send(Call { request, answer }).await.is_err() {
        return lost();
    }
    let Ok(response) = answered.await else { return lost() };
    let invalid = |why| crate::http::answer(StatusCode::BAD_GATEWAY, why);
    read(response).unwrap_or_else(invalid)
}

fn read(response: wire::HttpResponse) -> Result<Response<Bytes>, &'static str> {
    let wire::HttpResponse { id: _, status, headers, body } = response;
    let status = u16::try_from(status).ok().filter(|status| (200..600).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).ok_or("the status is not 200 to 599")?;
    let bytes: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    if body.len() > BODY_BYTES_MAX || headers.len() > HEADERS_MAX.0 || bytes > HEADERS_MAX.1 {
        return Err("the answer is too large");
    }
    let mut read = Response::new(Bytes::from(body));
    *read.status_mut() = status;
    for wire::HttpHeader { name, value } in headers {
        let name = HeaderName::try_from(name).map_err(|_| "a header's name is not valid")?;
        read.headers_mut().append(name, HeaderValue::try_from(value).map_err(|_| "a header's value is not valid")?);
    }
    Ok(read)
}
