//! Answers over HTTP: JSON, with the status that fits.

use axum::body::Body;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use tonic::Code;

use crate::errors::{Fault, reason};

/// The answer to what can't be done.
pub(super) fn fault(fault: &Fault) -> Response<Body> {
    let status = match fault.reason() {
        reason::OVERLOADED => StatusCode::SERVICE_UNAVAILABLE,
        _ => status(fault.code()),
    };
    let (reason, message, help) = (fault.reason(), fault.message(), fault.helped());
    let mut response = json(status, &json!({ "error": { "reason": reason, "message": message, "help": help } }));
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// JSON, and a line end for who looks at it in a terminal.
pub(super) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{value}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Unavailable | Code::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        // What only a plug-in's own mistake is.
        Code::Unknown => StatusCode::BAD_GATEWAY,
        Code::Ok | Code::Unimplemented | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
