//! A request as an event: read to its end, checked against the subscription's secrets, and its body understood.

use axum::body::Body;
use gofer_domain::{EventKey, Timestamp};
use gofer_triggers::{Hook, TriggerEvent, fitted};
use gofer_webhooks::{BODY_BYTES_MAX, Refusal, payload};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use tonic::Code;
use zeroize::Zeroizing;

use crate::errors::{self, Fault, reason};
use crate::web::body;

/// The event that a request tells of; None if the subscription does not ask for its kind.
pub(super) async fn read(
    request: Request<Body>,
    hook: &Hook,
    secrets: &[Zeroizing<Vec<u8>>],
    unix_ms: u64,
) -> Result<Option<TriggerEvent>, Fault> {
    let (head, body) = request.into_parts();
    let body = body::read(body, BODY_BYTES_MAX).await?;
    let headers: Vec<(&str, &[u8])> =
        head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let secrets: Vec<&[u8]> = secrets.iter().map(|secret| trimmed(secret)).collect();
    let unix_seconds = i64::try_from(unix_ms / 1000).unwrap_or(i64::MAX);
    let request = gofer_webhooks::Request { headers: &headers, body: &body, unix_seconds };
    let delivery = gofer_webhooks::check(hook.scheme, &secrets, &request).map_err(|refusal| refused(&refusal))?;
    if !hook.asks_for(&delivery.kind) {
        return Ok(None);
    }
    let payload = payload::read(&delivery.kind, content_type(&head.headers), &body);
    let payload = payload.map_err(|why| Fault::invalid("body", why.to_string()).help("send JSON"))?;
    let payload = fitted(payload);
    let key = EventKey::new(&delivery.key).map_err(|rejection| errors::rejected(&rejection))?;
    Ok(Some(TriggerEvent { key, kind: delivery.kind, occurred_at: Timestamp(unix_ms), payload }))
}

/// A secret as it is meant: files and pipes add a line end to it.
fn trimmed(secret: &[u8]) -> &[u8] {
    secret.strip_suffix(b"\n").map_or(secret, |line| line.strip_suffix(b"\r").unwrap_or(line))
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn refused(refusal: &Refusal) -> Fault {
    if let Refusal::Malformed { .. } = refusal {
        return Fault::invalid("headers", refusal.to_string()).help("send what the subscription's scheme says");
    }
    Fault::new(Code::Unauthenticated, reason::UNAUTHENTICATED, refusal.to_string())
        .help("sign the request as the subscription's scheme says, with one of its secrets")
}
