//! The requests of one look: each has a limit of time and of bytes, none goes to another host, and none is sent while the
//! service wants to be left alone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{ACCEPT, AUTHORIZATION, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, LINK, LOCATION, USER_AGENT};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;

use super::{Limits, Repository, rest};
use crate::Fault;
use crate::http::{REDIRECTS_MAX, body, client, secret_header, unreachable};

const AGENT: &str = concat!("gofer/", env!("CARGO_PKG_VERSION"));
const VERSION: &str = "2022-11-28";
/// What is read of an answer that refuses, in bytes.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;
/// What is shown of it, in characters.
const SAID_CHARS_MAX: usize = 200;

pub(super) struct Session<'s> {
    http: Client,
    authorization: Option<HeaderValue>,
    pub(super) limits: &'s Limits,
    bytes_left: usize,
    /// How long it wants to be left alone, if it does.
    pub(super) rest: Option<Duration>,
}

/// What it said to a question.
pub(super) enum Answer {
    Fresh {
        etag: Option<String>,
        has_next: bool,
        body: Vec<u8>,
    },
    /// As it was under the tag that was shown.
    Same,
    Missing,
}

impl<'s> Session<'s> {
    pub(super) fn open(repository: &Repository, limits: &'s Limits) -> Result<Self, Fault> {
        let header = |token: &String| secret_header(&zeroize::Zeroizing::new(format!("Bearer {token}")));
        let authorization = repository.token.as_deref().map(header).transpose()?;
        Ok(Self { http: client()?, authorization, limits, bytes_left: limits.bytes, rest: None })
    }

    /// Asks for an address, wherever it has moved to.
    pub(super) async fn get(&mut self, url: Url, etag: Option<&str>) -> Result<Answer, Fault> {
        let mut url = url;
        for _ in 0..=REDIRECTS_MAX {
            let response = self.send(&url, etag).await?;
            let status = response.status();
            if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
                url = moved(&response)?;
                continue;
            }
            return self.answer(response, etag.is_some()).await;
        }
        Err(Fault::Unreachable(format!("it sends on to another address more than {REDIRECTS_MAX} times")))
    }

    async fn send(&self, url: &Url, etag: Option<&str>) -> Result<Response, Fault> {
        if let Some(wait) = self.rest {
            return Err(busy("its limit of requests is used up", wait));
        }
        let request = self.http.get(url.clone()).timeout(self.limits.request);
        let mut request = request.header(ACCEPT, "application/vnd.github+json").header(USER_AGENT, AGENT);
        request = request.header("X-GitHub-Api-Version", VERSION);
        if let Some(value) = &self.authorization {
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        request.send().await.map_err(unreachable)
    }

    async fn answer(&mut self, response: Response, is_conditional: bool) -> Result<Answer, Fault> {
        let (status, headers) = (response.status(), response.headers().clone());
        match status {
            StatusCode::OK => {
                self.rest = rest::asked_for(&headers, now());
                let body = body(response, self.limits.answer_bytes.min(self.bytes_left)).await?;
                self.bytes_left -= body.len();
                let etag = headers.get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
                Ok(Answer::Fresh { etag, has_next: has_next(&headers), body })
            }
            StatusCode::NOT_MODIFIED if is_conditional => {
                self.rest = rest::asked_for(&headers, now());
                Ok(Answer::Same)
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Answer::Missing),
            _ => Err(self.refusal(response, status, &headers).await),
        }
    }

    async fn refusal(&self, response: Response, status: StatusCode, headers: &HeaderMap) -> Fault {
        // The status says enough if the rest doesn't come.
        let bytes = body(response, REFUSAL_BYTES_MAX).await.unwrap_or_default();
        let said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let said = said["message"].as_str().unwrap_or_default();
        let said: String = said.chars().filter(|char| !char.is_control()).take(SAID_CHARS_MAX).collect();
        let with = |why: String| if said.is_empty() { why } else { format!("{why}: {said}") };
        if let Some(wait) = rest::refused(status, headers, &said, now()) {
            return busy(&with(format!("it answers {status}")), wait);
        }
        match (status, &self.authorization) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(_)) => {
                Fault::Unauthorized(with(format!("it answers {status}; it doesn't take this token")))
            }
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, None) => {
                Fault::Unauthorized(with(format!("it answers {status}; it wants a token")))
            }
            _ => Fault::Unreachable(with(format!("it answers {status}"))),
        }
    }
}

fn busy(why: &str, wait: Duration) -> Fault {
    Fault::Busy { message: format!("{why}; it is asked again in {} s", wait.as_secs()), wait }
}

/// Where something is now. Repositories that are renamed move on their host; whatever would go elsewhere takes the token.
fn moved(response: &Response) -> Result<Url, Fault> {
    let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    match target.and_then(|target| response.url().join(target).ok()) {
        Some(mut target) if target.origin() == response.url().origin() => {
            if target.query().is_none() {
                target.set_query(response.url().query());
            }
            Ok(target)
        }
        Some(_) => Err(Fault::Unreachable("it sends on to another host, which is not followed".to_owned())),
        None => Err(Fault::protocol("it sends on to nowhere")),
    }
}

/// Whether another page follows.
fn has_next(headers: &HeaderMap) -> bool {
    let links = headers.get_all(LINK).into_iter().filter_map(|value| value.to_str().ok());
    links.flat_map(|links| links.split(',')).any(|link| link.split(';').any(|part| part.trim() == "rel=\"next\""))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
