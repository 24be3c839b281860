//! Requests to services: each has a limit of time and of bytes, and is repeated where that can help and harm nothing.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use reqwest::{RequestBuilder, StatusCode, redirect};

use crate::failure::{Failure, say, short};
use crate::patience::{Limits, Patience, retry_after};

const CONNECT: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_secs(30);
/// Most of an answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What a request does if it is sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// The same as once.
    Harmless,
    /// Something twice: it is repeated only if it can't have arrived, or was refused.
    Twice,
}

/// What a service said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Runs something that waits for requests.
///
/// # Errors
/// Its own, or that the machine gives no runtime.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Failure::new(format!("no runtime can be made: {error}"), "look at the limits of the node's processes")
    })?;
    runtime.block_on(work)
}

/// A client that follows no redirections.
pub(crate) fn client() -> Result<reqwest::Client, Failure> {
    // Whoever was first chose the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("gofer/", env!("CARGO_PKG_VERSION"))));
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(REQUEST)
        .redirect(redirect::Policy::none())
        .default_headers(headers)
        .build()
        .map_err(|error| {
            Failure::new(format!("no HTTP client can be made: {}", cause(&error)), "look at the node's CAs")
        })
}

/// Sends a request until there is an answer that it is no use to ask again after. `place` is the service in words.
pub(crate) async fn send(
    place: &str,
    again: Again,
    limits: Limits,
    request: impl Fn() -> RequestBuilder,
) -> Result<Answer, Failure> {
    let mut patience = Patience::new(limits);
    loop {
        let (why, asked) = match once(request()).await {
            Ok(answer) => {
                let is_busy = answer.status == StatusCode::TOO_MANY_REQUESTS || answer.status.is_server_error();
                if !is_busy {
                    return Ok(answer);
                }
                let header = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let asked = header.and_then(|value| retry_after(value, jiff::Timestamp::now()));
                (format!("{place} answered {}: {}", answer.status, short(&answer.body)), asked)
            }
            Err(Trouble { message, has_arrived: true }) if again == Again::Twice => {
                let help = "look whether it did; it is not sent again, as it could come twice";
                return Err(Failure::new(
                    format!("{place} can't be reached any more: {message}; nobody knows whether the request arrived"),
                    help,
                ));
            }
            Err(Trouble { message, .. }) => (format!("{place} can't be reached: {message}"), None),
        };
        match patience.next(asked) {
            Ok(pause) => {
                say(&format!("{why}; trying again in {pause:.1?}"));
                tokio::time::sleep(pause).await;
            }
            Err(end) => {
                let help =
                    "look at the service and the way to it, and give the task a retry policy if that happens often";
                return Err(Failure::new(format!("{why}; it is not tried again, as {end}"), help));
            }
        }
    }
}

/// Why there is no answer.
struct Trouble {
    message: String,
    /// The service may have acted on the request.
    has_arrived: bool,
}

async fn once(request: RequestBuilder) -> Result<Answer, Trouble> {
    let failed = |error: reqwest::Error| {
        let has_arrived = !(error.is_connect() || error.is_builder());
        Trouble { message: cause(&error.without_url()), has_arrived }
    };
    let mut response = request.send().await.map_err(failed)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(failed)? {
        let room = ANSWER_BYTES_MAX.saturating_sub(body.len());
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if room <= piece.len() {
            break;
        }
    }
    Ok(Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// An error with what is behind it. A URL may hold a secret, so the caller takes that out before.
fn cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(&format!(": {more}"));
        }
        source = error.source();
    }
    short(&text)
}

/// An address of a service, checked. The error does not show it, as it may be a secret.
pub(crate) fn address(text: &str, name: &str) -> Result<reqwest::Url, Failure> {
    let help = "give all of it, such as https://example.com/path";
    let url = reqwest::Url::parse(text)
        .map_err(|error| Failure::setting(format!("what is in {name} is no URL: {error}"), help))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(Failure::setting(format!("what is in {name} is no address of a web service"), help));
    }
    Ok(url)
}
