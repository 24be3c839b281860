//! What senders of webhooks are told: JSON, with the status that fits.

use axum::body::Body;
use gofer_domain::{EventFate, FateKind};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use tonic::Code;

use crate::errors::Fault;
use crate::intake::Taken;

/// What has become of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The subscription does not ask for this kind of event.
    Ignored,
    Taken(Taken),
}

/// The answer to a request.
pub(super) fn response(told: Result<Told, Fault>) -> Response<Body> {
    match told {
        Ok(Told::Ignored) => json(StatusCode::OK, &json!({ "result": "ignored" })),
        Ok(Told::Taken(taken)) => json(StatusCode::OK, &value(&taken)),
        Err(fault) => {
            let status = status(fault.code());
            let (reason, message, help) = (fault.reason(), fault.message(), fault.helped());
            let mut response =
                json(status, &json!({ "error": { "reason": reason, "message": message, "help": help } }));
            if status == StatusCode::SERVICE_UNAVAILABLE {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            response
        }
    }
}

fn value(taken: &Taken) -> Value {
    let Taken { key, fate: EventFate { kind, is_duplicate }, message, revision } = taken;
    let (result, run, reason) = match kind {
        FateKind::Fired { run } => ("fired", Some(*run), None),
        FateKind::Filtered => ("filtered", None, None),
        FateKind::Malformed => ("malformed", None, None),
        FateKind::Refused(reason) => ("refused", None, Some(reason.name())),
    };
    let mut value = json!({ "result": result, "key": key.as_str(), "duplicate": is_duplicate, "revision": revision.0 });
    let mut tell = |name: &str, of: Option<Value>| {
        if let (Some(object), Some(of)) = (value.as_object_mut(), of) {
            object.insert(name.to_owned(), of);
        }
    };
    tell("run", run.map(Value::from));
    tell("reason", reason.map(Value::from));
    tell("message", (!message.is_empty()).then(|| message.as_str().into()));
    value
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        Code::Ok | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

fn json(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{value}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
