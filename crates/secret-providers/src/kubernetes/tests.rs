//! What Kubernetes may answer, and what is made of it. A strict stand-in with TLS is asked by real nodes elsewhere.

use super::*;
use crate::test_server::{Server, file};

const SCOPE: Scope<'static> = Scope::Pipeline { namespace: "team", pipeline: "ci" };
const PATH: &str = "GET /api/v1/namespaces/builds/secrets/gofer.pipelines.team.ci";

fn kubernetes(address: &str, token: &tempfile::NamedTempFile) -> Kubernetes {
    let (namespace, prefix) = ("builds".into(), "gofer".into());
    let token_file = token.path().to_owned();
    Kubernetes::open(&Config { address: address.into(), namespace, prefix, token_file, ca_file: None }).unwrap()
}

fn secret(data: &str) -> String {
    format!(r#"{{"kind":"Secret","apiVersion":"v1","metadata":{{"name":"x"}},"data":{data},"type":"Opaque"}}"#)
}

fn status(code: u16, reason: &str, name: &str) -> String {
    format!(
        r#"{{"kind":"Status","status":"Failure","message":"it says {reason}","reason":"{reason}","details":{{"name":"{name}","kind":"secrets"}},"code":{code}}}"#
    )
}

#[tokio::test]
async fn answers_are_told_apart_by_what_becomes_of_the_attempt() {
    let token = file("sesame\n");
    let long = secret(&format!(r#"{{"token":"{}"}}"#, STANDARD.encode(vec![0; VALUE_BYTES_MAX + 1])));
    let missing = status(404, "NotFound", "gofer.pipelines.team.ci");
    let (bytes, other, empty) =
        (secret(r#"{"token":"AP8="}"#), secret(r#"{"other":"AP8="}"#), secret(r#"{"token":""}"#));
    let (wrong, number, null) = (secret(r#"{"token":"?"}"#), secret(r#"{"token":1}"#), secret("null"));
    let (no_namespace, forbidden) = (status(404, "NotFound", "builds"), status(403, "Forbidden", "x"));
    let (unauthorized, later) = (status(401, "Unauthorized", ""), status(500, "InternalError", ""));
    let cases: &[(u16, &str, &str)] = &[
        (200, &bytes, "some [0, 255]"),
        (200, &other, "none"),
        (200, &null, "none"),
        (404, &missing, "none"),
        (404, &no_namespace, "can't be asked: secret gofer.pipelines.team.ci: it says NotFound"),
        (404, "<html>", "can't be asked: secret gofer.pipelines.team.ci: it answered 404"),
        (403, &forbidden, "does not let this node read gofer.pipelines.team.ci: allow the verb \"get\""),
        (401, &unauthorized, "can't be asked: secret gofer.pipelines.team.ci: it says Unauthorized"),
        (500, &later, "can't be asked: it says InternalError"),
        (200, "{}", "gofer.pipelines.team.ci/token in namespace builds of the Kubernetes API"),
        (200, &empty, "is empty"),
        (200, &wrong, "is not encoded in base64"),
        (200, &number, "is no text"),
        (200, &long, "has 65537 bytes"),
    ];
    for (status, body, expected) in cases {
        let server = Server::start(&[(PATH, &[(*status, body)])]).await;
        let said = match kubernetes(&server.address, &token).find(SCOPE, "token").await {
            Ok(Some(value)) => format!("some {:?}", value.as_slice()),
            Ok(None) => "none".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(expected) && !said.contains("sesame"), "{status} {body:.80}: {said}");
        let request = server.asked.lock().unwrap()[0].to_ascii_lowercase();
        assert!(request.contains("authorization: bearer sesame\r\n"), "{request}");
    }
}

#[tokio::test]
async fn names_that_kubernetes_can_not_have_are_not_asked_for() {
    let (token, server) = (file("t"), Server::start(&[]).await);
    let place = kubernetes(&server.address, &token);
    let of = |namespace, pipeline| Scope::Pipeline { namespace, pipeline };
    assert_eq!(place.path(Scope::Global, "A_b").unwrap(), "gofer.global/A_b");
    assert_eq!(place.path(Scope::Namespace("team"), "a").unwrap(), "gofer.namespaces.team/a");
    for scope in [of("team", "CI"), of("team", "a_b"), of("a-", "ci"), Scope::Namespace("A")] {
        assert_eq!(place.path(scope, "a"), None);
        assert_eq!(place.find(scope, "a").await.unwrap(), None);
    }
    assert!(server.lines().is_empty());
    let fault = kubernetes(&server.address, &file("")).find(SCOPE, "a").await.unwrap_err().to_string();
    assert!(fault.contains("can't use") && fault.contains("it is empty"), "{fault}");
}
