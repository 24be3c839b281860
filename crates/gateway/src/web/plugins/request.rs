//! A request as plug-ins are told of it.

use axum::body::Body;
use gofer_domain::TriggerName;
use gofer_wire::plugin::v1 as wire;
use http::{HeaderMap, Method, Request};
use tonic::Code;

use super::PATH;
use super::response::is_of_the_connection;
use crate::errors::{self, Fault, reason};
use crate::plugins::{HTTP_BODY_BYTES_MAX, HTTP_HEADERS_BYTES_MAX};
use crate::web::body;

/// The trigger that a path names, and what follows it.
pub(super) fn place(path: &str) -> Result<(TriggerName, String), Fault> {
    let rest = path.strip_prefix(PATH).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
    let end = rest.find('/').unwrap_or(rest.len());
    let (name, below) = rest.split_at(end);
    let name = TriggerName::new(name).map_err(|rejection| errors::rejected(&rejection))?;
    Ok((name, below.to_owned()))
}

/// A request, read to its end.
pub(super) async fn read(request: Request<Body>, path: String) -> Result<wire::HttpRequest, Fault> {
    let (head, body) = request.into_parts();
    if matches!(head.method, Method::CONNECT | Method::TRACE) {
        let why = format!("plug-ins are sent no requests of method {}", head.method);
        return Err(Fault::invalid("method", why).help("use another method, such as POST"));
    }
    let headers = headers(&head.headers)?;
    let body = body::read(body, HTTP_BODY_BYTES_MAX).await?;
    let query = head.uri.query().unwrap_or_default().to_owned();
    let method = head.method.to_string();
    Ok(wire::HttpRequest { id: 0, method, path, query, headers, body: body.into() })
}

fn headers(headers: &HeaderMap) -> Result<Vec<wire::HttpHeader>, Fault> {
    let kept = headers.iter().filter(|(name, _)| !is_of_the_connection(name.as_str()));
    let kept: Vec<_> = kept
        .map(|(name, value)| wire::HttpHeader { name: name.to_string(), value: value.as_bytes().to_vec() })
        .collect();
    let bytes: usize = kept.iter().map(|header| header.name.len() + header.value.len()).sum();
    if bytes > HTTP_HEADERS_BYTES_MAX {
        let why = format!("the headers have {bytes} bytes, the limit is {HTTP_HEADERS_BYTES_MAX}");
        return Err(Fault::new(Code::ResourceExhausted, reason::TOO_LARGE, why).help("send fewer or shorter headers"));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trigger_is_the_first_part_of_the_path() {
        let read = |path| place(path).map(|(name, rest)| (name.to_string(), rest));
        assert_eq!(read("/v1/plugins/jira"), Ok(("jira".into(), String::new())));
        assert_eq!(read("/v1/plugins/jira/"), Ok(("jira".into(), "/".into())));
        assert_eq!(read("/v1/plugins/jira/a%2Fb/../c"), Ok(("jira".into(), "/a%2Fb/../c".into())));
        for bad in ["/v1/plugins/", "/v1/plugins//a", "/v1/plugins/%6Aira", "/v1/plugins/a b"] {
            assert_eq!(place(bad).map_err(|fault| fault.code()), Err(Code::InvalidArgument), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_request_is_told_as_it_was_sent() {
        let request = Request::put("/v1/plugins/jira/a?b=%20c&d")
            .header("X-Token", "1")
            .header("Connection", "x")
            .header("Transfer-Encoding", "chunked")
            .header("x-token", [0xff].as_slice())
            .body(Body::from("hello"))
            .unwrap();
        let told = read(request, "/a".into()).await.unwrap();
        let header = |value: &[u8]| wire::HttpHeader { name: "x-token".into(), value: value.to_vec() };
        let expected = wire::HttpRequest {
            id: 0,
            method: "PUT".into(),
            path: "/a".into(),
            query: "b=%20c&d".into(),
            headers: vec![header(b"1"), header(&[0xff])],
            body: b"hello".to_vec(),
        };
        assert_eq!(told, expected);
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused() {
        let refused = async |request: Request<Body>| read(request, String::new()).await.map_err(|fault| fault.code());
        let long = Request::post("/").body(Body::from(vec![0; HTTP_BODY_BYTES_MAX + 1])).unwrap();
        assert_eq!(refused(long).await, Err(Code::ResourceExhausted));
        let fits = Request::post("/").body(Body::from(vec![0; HTTP_BODY_BYTES_MAX])).unwrap();
        assert!(refused(fits).await.is_ok());
        let many = Request::post("/").header("a", "b".repeat(HTTP_HEADERS_BYTES_MAX)).body(Body::empty()).unwrap();
        assert_eq!(refused(many).await, Err(Code::ResourceExhausted));
        let trace = Request::builder().method("TRACE").uri("/").body(Body::empty()).unwrap();
        assert_eq!(refused(trace).await, Err(Code::InvalidArgument));
    }
}
