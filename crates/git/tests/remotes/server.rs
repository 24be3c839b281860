//! A server of HTTP on this machine, with `git http-backend` behind it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What is special about a server.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    /// In what directory its repositories are.
    pub(crate) root: PathBuf,
    /// `user:password` in base64 that it wants.
    pub(crate) wanted: Option<String>,
    /// It knows nothing of version 2.
    pub(crate) is_old: bool,
    /// Where it sends on to.
    pub(crate) moved_to: Option<String>,
}

/// A running server, which ends when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

impl Server {
    pub(crate) fn new(settings: Settings) -> Self {
        let router = Router::new().fallback(serve).with_state(Arc::new(settings));
        Self::serving(async |listener| axum::serve(listener, router).await.unwrap())
    }

    /// One that does what it is told with its connections.
    pub(crate) fn serving<F: Future<Output = ()> + Send + 'static>(serve: impl FnOnce(TcpListener) -> F) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener));
        Self { address, _runtime: runtime }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }
}

async fn serve(State(settings): State<Arc<Settings>>, request: Request) -> Response<Body> {
    let empty = |status| Response::builder().status(status).body(Body::empty()).unwrap();
    if let Some(to) = &settings.moved_to {
        let target = format!("{to}{}", request.uri().path_and_query().unwrap());
        return Response::builder()
            .status(StatusCode::MOVED_PERMANENTLY)
            .header("Location", target)
            .body(Body::empty())
            .unwrap();
    }
    let given = header(request.headers(), "authorization");
    if settings.wanted.as_ref().is_some_and(|wanted| given != format!("Basic {wanted}")) {
        return empty(StatusCode::UNAUTHORIZED);
    }
    backend(&settings, request).await
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Calls the program as the common gateway interface says.
async fn backend(settings: &Settings, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let mut command = tokio::process::Command::new("git");
    command.arg("http-backend").stdin(Stdio::piped()).stdout(Stdio::piped()).env("GIT_PROJECT_ROOT", &settings.root);
    command
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path());
    command.env("QUERY_STRING", head.uri.query().unwrap_or_default()).env("CONTENT_LENGTH", body.len().to_string());
    command.env("CONTENT_TYPE", header(&head.headers, "content-type"));
    if !settings.is_old {
        command.env("GIT_PROTOCOL", header(&head.headers, "git-protocol"));
    }
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&body).await.unwrap();
    let output = child.wait_with_output().await.unwrap().stdout;
    let end = output.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let lines = String::from_utf8(output[..end].to_vec()).unwrap();
    let headers: BTreeMap<&str, &str> = lines.lines().filter_map(|line| line.split_once(": ")).collect();
    let status = headers.get("Status").and_then(|status| status.get(..3)).unwrap_or("200");
    let mut response = Response::builder().status(status);
    for (name, value) in headers.iter().filter(|(name, _)| **name != "Status") {
        response = response.header(*name, *value);
    }
    response.body(Body::from(output[end + 4..].to_vec())).unwrap()
}
