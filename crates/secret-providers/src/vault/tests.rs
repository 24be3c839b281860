//! What a Vault may answer, and what is made of it. A strict stand-in with TLS and AppRole is asked by real nodes elsewhere.

use tokio::net::TcpListener;

use super::*;
use crate::test_server::{Server, file};

const SCOPE: Scope<'static> = Scope::Pipeline { namespace: "team", pipeline: "ci" };
const PATH: &str = "GET /v1/kv/data/gofer/pipelines/team/ci/token";
const LOOKUP: &str = "GET /v1/auth/token/lookup-self";
const LOGIN: &str = "POST /v1/auth/approle/login";

fn vault(server: &Server, login: Login) -> Vault {
    let (mount, prefix) = ("kv".to_owned(), "gofer".to_owned());
    let config = Config { address: server.address.clone(), mount, prefix, namespace: None, login, ca_file: None };
    Vault::open(&config).unwrap()
}

fn of_kv2(value: &str) -> String {
    format!(r#"{{"data":{{"data":{value},"metadata":{{"version":3,"deletion_time":""}}}}}}"#)
}

#[tokio::test]
async fn answers_are_told_apart_by_what_becomes_of_the_attempt() {
    let token = file("hvs.sesame\n");
    let good = of_kv2(r#"{"value":"x\u00e4","other":1}"#);
    let deleted = r#"{"data":{"data":null,"metadata":{"version":3,"deletion_time":"2026-01-01T00:00:00Z"}}}"#;
    let (long, huge) = (of_kv2(&format!(r#"{{"value":"{}"}}"#, "a".repeat(VALUE_BYTES_MAX + 1))), "a".repeat(2 << 20));
    let (empty, number) = (of_kv2(r#"{"value":""}"#), of_kv2(r#"{"value":1}"#));
    let cases: &[(u16, &str, &str)] = &[
        (200, &good, "some 3 bytes"),
        (404, r#"{"errors":[]}"#, "none"),
        (404, deleted, "none"),
        (
            404,
            r#"{"errors":["no handler for route \"kv/\""]}"#,
            "can't be asked: kv/gofer/pipelines/team/ci/token: no handler",
        ),
        (404, "<html>", "can't be asked: kv/gofer/pipelines/team/ci/token: it answered 404"),
        (200, r#"{"data":{"value":"x"}}"#, "is not of an engine KV version 2"),
        (200, &number, "has no field \"value\""),
        (200, &empty, "has an empty field"),
        (200, &long, "has a value of 65537 bytes"),
        (200, &huge, "more than 1048576 bytes"),
        (307, "", "load balancer"),
        (429, "", "it answered 429"),
        (503, r#"{"errors":["Vault is sealed"]}"#, "can't be asked: Vault is sealed"),
    ];
    for (status, body, expected) in cases {
        let server = Server::start(&[(PATH, &[(*status, body)])]).await;
        let found = vault(&server, Login::TokenFile(token.path().to_owned())).find(SCOPE, "token").await;
        let said = match &found {
            Ok(Some(value)) => format!("some {} bytes", value.len()),
            Ok(None) => "none".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(expected) && !said.contains("sesame"), "{status} {body:.80}: {said}");
        let request = server.asked.lock().unwrap()[0].to_ascii_lowercase();
        assert!(request.contains("x-vault-token: hvs.sesame\r\n"), "{request}");
    }
}

#[tokio::test]
async fn a_token_that_ended_is_told_from_one_that_may_not_read() {
    let token = file("hvs.sesame");
    let denied: (u16, &str) = (403, r#"{"errors":["permission denied"]}"#);
    for (lookup, expected) in [
        ((200, "{}"), "does not let this node read kv/gofer/pipelines/team/ci/token"),
        (denied, "token is refused: permission denied"),
    ] {
        let server = Server::start(&[(PATH, &[denied]), (LOOKUP, &[lookup])]).await;
        let fault = vault(&server, Login::TokenFile(token.path().to_owned())).find(SCOPE, "token").await.unwrap_err();
        assert!(fault.to_string().contains(expected), "{fault}");
        assert_eq!(server.lines(), [PATH, LOOKUP]);
    }
}

#[tokio::test]
async fn a_login_is_kept_until_it_is_refused() {
    let secret = file("the-secret-id\n");
    let login =
        || Login::AppRole { mount: "approle".into(), role_id: "role".into(), secret_id_file: secret.path().to_owned() };
    let value = of_kv2(r#"{"value":"x"}"#);
    let logins: [(u16, &str); 2] =
        [(200, r#"{"auth":{"client_token":"one"}}"#), (200, r#"{"auth":{"client_token":"two"}}"#)];
    let values: [(u16, &str); 4] = [(200, &value), (200, &value), (403, "{}"), (200, &value)];
    let server = Server::start(&[(LOGIN, &logins), (PATH, &values)]).await;
    let place = vault(&server, login());
    for _ in 0..3 {
        assert_eq!(place.find(SCOPE, "token").await.unwrap().unwrap().as_slice(), b"x");
    }
    assert_eq!(server.lines(), [LOGIN, PATH, PATH, PATH, LOGIN, PATH]);
    assert!(server.asked.lock().unwrap()[5].to_ascii_lowercase().contains("x-vault-token: two\r\n"));

    let server = Server::start(&[(LOGIN, &[(400, r#"{"errors":["invalid role or secret ID"]}"#)])]).await;
    let fault = vault(&server, login()).find(SCOPE, "token").await.unwrap_err().to_string();
    assert!(fault.contains("was refused: invalid role or secret ID") && !fault.contains("the-secret-id"), "{fault}");
}

#[tokio::test]
async fn files_that_are_no_tokens_are_named() {
    let server = Server::start(&[]).await;
    let long = "a".repeat(20 << 10);
    for (text, why) in
        [("", "it is empty"), (" \n", "it is empty"), (&long, "more than 16384"), ("a\nb", "no token has")]
    {
        let token = file(text);
        let fault = vault(&server, Login::TokenFile(token.path().to_owned())).find(SCOPE, "token").await.unwrap_err();
        assert!(matches!(&fault, Error::Unavailable { why: said, .. } if said.contains(why)), "{fault}");
    }
    let fault = vault(&server, Login::TokenFile("/no/such".into())).find(SCOPE, "token").await.unwrap_err();
    assert!(fault.to_string().contains("can't use /no/such"), "{fault}");
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_vault_that_is_not_there_is_unavailable() {
    let token = file("t");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server { address: format!("http://{}", listener.local_addr().unwrap()), asked: Arc::default() };
    drop(listener);
    let fault = vault(&server, Login::TokenFile(token.path().to_owned())).find(SCOPE, "token").await.unwrap_err();
    assert!(matches!(&fault, Error::Unavailable { why, .. } if why.contains("refused")), "{fault}");
}

#[test]
fn paths_name_the_scope() {
    let config = |prefix: &str| Config {
        address: "https://vault:8200/".into(),
        mount: "team/kv".into(),
        prefix: prefix.into(),
        namespace: None,
        login: Login::TokenFile("t".into()),
        ca_file: None,
    };
    let vault = Vault::open(&config("gofer")).unwrap();
    assert_eq!(vault.place(), "the Vault https://vault:8200");
    assert_eq!(vault.path(SCOPE, "a"), "team/kv/gofer/pipelines/team/ci/a");
    assert_eq!(vault.path(Scope::Namespace("n"), "a"), "team/kv/gofer/namespaces/n/a");
    assert_eq!(Vault::open(&config("")).unwrap().path(Scope::Global, "a"), "team/kv/global/a");
    let no_ca = Config { ca_file: Some("/no/such".into()), ..config("") };
    assert!(Vault::open(&no_ca).unwrap_err().to_string().contains("can't use the certificates in /no/such"));
}
