//! What senders of webhooks are told.

use axum::body::Body;
use gofer_domain::{EventFate, FateKind};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::errors::Fault;
use crate::intake::Taken;
use crate::web::answer;

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
        Ok(Told::Ignored) => answer::json(StatusCode::OK, &json!({ "result": "ignored" })),
        Ok(Told::Taken(taken)) => answer::json(StatusCode::OK, &value(&taken)),
        Err(fault) => answer::fault(&fault),
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
