//! What a plug-in has answered, as it is sent.

use axum::body::Body;
use gofer_domain::TriggerName;
use gofer_wire::plugin::v1 as wire;
use http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use tonic::Code;

use crate::errors::{Fault, reason};
use crate::plugins::HTTP_BODY_BYTES_MAX;

/// Most headers of an answer, and how many bytes they may have in all.
const HEADERS_MAX: (usize, usize) = (64, 16 * 1024);

/// The answer to a request.
pub(super) fn of(trigger: &TriggerName, told: wire::HttpResponse) -> Result<Response<Body>, Fault> {
    let wire::HttpResponse { id: _, status, headers, body } = told;
    let invalid = |why: &str| Err(invalid(trigger, why));
    let status = u16::try_from(status).ok().filter(|status| (200..600).contains(status));
    let Some(Ok(status)) = status.map(StatusCode::from_u16) else { return invalid("its status is not 200 to 599") };
    if body.len() > HTTP_BODY_BYTES_MAX {
        return invalid(&format!("its body has {} bytes, the limit is {HTTP_BODY_BYTES_MAX}", body.len()));
    }
    let bytes: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    if headers.len() > HEADERS_MAX.0 || bytes > HEADERS_MAX.1 {
        let (count, (count_max, bytes_max)) = (headers.len(), HEADERS_MAX);
        return invalid(&format!(
            "it has {count} headers of {bytes} bytes, the limits are {count_max} and {bytes_max}"
        ));
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for wire::HttpHeader { name, value } in headers {
        let (Ok(known), Ok(value)) = (HeaderName::try_from(&name), HeaderValue::try_from(value)) else {
            return invalid(&format!("{name:?} is no header"));
        };
        if !is_of_the_connection(known.as_str()) && known != "content-length" {
            response.headers_mut().append(known, value);
        }
    }
    // What a plug-in shows must not act in the name of the address that it shares with the API.
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// The plug-in is at fault.
pub(super) fn invalid(trigger: &TriggerName, why: &str) -> Fault {
    tracing::warn!(%trigger, "the answer of a plug-in to a request is not valid: {why}");
    Fault::new(Code::Unknown, reason::INVALID_ARGUMENT, format!("the plug-in's answer is not valid: {why}"))
        .help("tell the author of the plug-in")
}

/// Headers that are about one connection only (RFC 9110, section 7.6.1, and what came before it).
pub(super) fn is_of_the_connection(name: &str) -> bool {
    let known = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];
    known.contains(&name) || name.starts_with("proxy-")
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn told(status: u32, headers: &[(&str, &[u8])], body: &[u8]) -> wire::HttpResponse {
        let header = |(name, value): &(&str, &[u8])| wire::HttpHeader { name: (*name).into(), value: value.to_vec() };
        wire::HttpResponse { id: 1, status, headers: headers.iter().map(header).collect(), body: body.to_vec() }
    }

    fn sent(told: wire::HttpResponse) -> Result<Response<Body>, Fault> {
        of(&TriggerName::new("jira").unwrap(), told)
    }

    #[tokio::test]
    async fn an_answer_is_sent_without_what_is_of_the_connection() {
        let headers: &[(&str, &[u8])] = &[
            ("X-A", b"1"),
            ("x-a", b"2"),
            ("Content-Length", b"99"),
            ("Transfer-Encoding", b"chunked"),
            ("Content-Security-Policy", b"default-src *"),
        ];
        let response = sent(told(418, headers, b"tea")).unwrap();
        assert_eq!(response.status(), 418);
        let values =
            |name| response.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(values("x-a"), ["1", "2"]);
        assert_eq!(values("content-security-policy"), ["sandbox"]);
        assert!(values("content-length").is_empty() && values("transfer-encoding").is_empty());
        assert_eq!(to_bytes(response.into_body(), 10).await.unwrap(), "tea");
    }

    #[test]
    fn an_answer_that_is_not_valid_is_the_plug_ins_fault() {
        let many: Vec<(&str, &[u8])> = vec![("x-a", b"1"); HEADERS_MAX.0 + 1];
        let long = vec![b'a'; HEADERS_MAX.1];
        let bad = [
            told(0, &[], b""),
            told(101, &[], b""),
            told(600, &[], b""),
            told(70_000, &[], b""),
            told(200, &[("a b", b"1")], b""),
            told(200, &[("x-a", b"1\r\nx-b: 2")], b""),
            told(200, &many, b""),
            told(200, &[("x-a", &long)], b""),
            told(200, &[], &vec![0; HTTP_BODY_BYTES_MAX + 1]),
        ];
        for (place, told) in bad.into_iter().enumerate() {
            assert_eq!(sent(told).map_err(|fault| fault.code()).err(), Some(Code::Unknown), "{place}");
        }
    }
}
