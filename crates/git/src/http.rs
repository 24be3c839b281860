//! Over http and https: the greeting of a server is one request, the question for references another.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, USER_AGENT};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::collected::Collected;
use crate::packets::Packets;
use crate::protocol::{self, Greeting};
use crate::references::too_slow;
use crate::remote::Credentials;
use crate::{Fault, Limits};

const CONNECT: Duration = Duration::from_secs(10);
/// Most addresses that a repository is sought at, one after another.
pub(crate) const REDIRECTS_MAX: usize = 5;
/// What services that speak only with Git take for it.
const AGENT: &str = concat!("git/2.0 (gofer/", env!("CARGO_PKG_VERSION"), ")");
const GREETING: &str = "/info/refs?service=git-upload-pack";

pub(crate) async fn references(
    url: &Url,
    credentials: Option<&Credentials>,
    limits: &Limits,
) -> Result<BTreeMap<String, String>, Fault> {
    timeout(limits.time, ask(url, credentials, limits)).await.unwrap_or_else(|_| Err(too_slow(limits.time)))
}

async fn ask(url: &Url, credentials: Option<&Credentials>, limits: &Limits) -> Result<BTreeMap<String, String>, Fault> {
    let mut session = Session::open(url, credentials)?;
    let mut collected = Collected::new(limits.references);
    let greeting = session.greeting(limits.bytes).await?;
    let left = limits.bytes - greeting.len();
    let mut packets = Packets::new(greeting.as_slice(), limits.bytes);
    if let Greeting::Version2(format) = protocol::greeting(&mut packets, &mut collected).await? {
        let answer = session.answer(protocol::question(format.as_deref()), left).await?;
        protocol::answer(&mut Packets::new(answer.as_slice(), limits.bytes), &mut collected).await?;
    }
    Ok(collected.into_references())
}

struct Session {
    http: Client,
    /// Where the repository is, as far as is known.
    base: Url,
    authorization: Option<HeaderValue>,
}

impl Session {
    fn open(url: &Url, credentials: Option<&Credentials>) -> Result<Self, Fault> {
        let http = client()?;
        let mut base = url.clone();
        base.set_path(url.path().trim_end_matches('/'));
        let authorization = credentials.map(authorization).transpose()?;
        Ok(Self { http, base, authorization })
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request =
            self.http.request(method, url).header(USER_AGENT, AGENT).header("Git-Protocol", protocol::VERSION);
        match &self.authorization {
            Some(value) => request.header(AUTHORIZATION, value),
            None => request,
        }
    }

    /// Asks for the greeting, wherever the repository has moved to.
    async fn greeting(&mut self, bytes_max: usize) -> Result<Vec<u8>, Fault> {
        for _ in 0..=REDIRECTS_MAX {
            let url = address(&self.base, GREETING);
            let response = self.request(Method::GET, &url).header(ACCEPT, "*/*").send().await.map_err(unreachable)?;
            if response.status().is_redirection() {
                self.follow(&response)?;
                continue;
            }
            self.check(&response, "advertisement")?;
            return body(response, bytes_max).await;
        }
        Err(Fault::Unreachable(format!("it sends on to another address more than {REDIRECTS_MAX} times")))
    }

    async fn answer(&self, question: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, Fault> {
        let request = self
            .request(Method::POST, &address(&self.base, "/git-upload-pack"))
            .header(CONTENT_TYPE, "application/x-git-upload-pack-request")
            .header(ACCEPT, "application/x-git-upload-pack-result")
            .body(question);
        let response = request.send().await.map_err(unreachable)?;
        self.check(&response, "result")?;
        body(response, bytes_max).await
    }

    /// Goes on at another address, though never from https to something else, and to another host without the token.
    fn follow(&mut self, response: &Response) -> Result<(), Fault> {
        let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let target = target.and_then(|target| response.url().join(target).ok());
        let base = target.as_ref().and_then(|target| {
            let base = target.as_str().strip_suffix(GREETING)?;
            Url::parse(base).ok().filter(|base| matches!(base.scheme(), "http" | "https"))
        });
        let Some(base) = base else {
            return Err(Fault::protocol("it sends on to an address that is no repository's; give its right address"));
        };
        if self.base.scheme() == "https" && base.scheme() != "https" {
            return Err(Fault::Unreachable("it sends on from https to http, which is not followed".to_owned()));
        }
        if base.origin() != self.base.origin() {
            self.authorization = None;
        }
        self.base = base;
        Ok(())
    }

    fn check(&self, response: &Response, content: &str) -> Result<(), Fault> {
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if self.authorization.is_some() => {
                return Err(Fault::Unauthorized("it doesn't take this user and token".to_owned()));
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(Fault::Unauthorized("it wants a user and a token".to_owned()));
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                let why = "there is no repository at this address, or none that this user may see";
                return Err(Fault::NotFound(why.to_owned()));
            }
            status => return Err(Fault::Unreachable(format!("it answers {status}"))),
        }
        let expected = format!("application/x-git-upload-pack-{content}");
        let given = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if given.split(';').next().unwrap_or_default().trim() != expected {
            return Err(Fault::protocol(
                "what is at this address is no Git repository, or one without the smart protocol",
            ));
        }
        Ok(())
    }
}

/// A client that follows no redirections: whoever asks knows what must not be sent on.
pub(crate) fn client() -> Result<Client, Fault> {
    // Whoever was first chose the same; the answer says no more than that.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().connect_timeout(CONNECT).redirect(redirect::Policy::none()).build();
    http.map_err(|error| Fault::Unreachable(format!("no client for it: {}", explain(error))))
}

fn authorization(credentials: &Credentials) -> Result<HeaderValue, Fault> {
    let both = Zeroizing::new(format!("{}:{}", credentials.user, *credentials.token));
    secret_header(&Zeroizing::new(format!("Basic {}", STANDARD.encode(both.as_bytes()))))
}

/// A header that is never shown.
pub(crate) fn secret_header(text: &str) -> Result<HeaderValue, Fault> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| Fault::Invalid("the user or the token can't be sent".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn address(base: &Url, rest: &str) -> String {
    format!("{}{rest}", base.as_str().trim_end_matches('/'))
}

pub(crate) async fn body(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + piece.len() > bytes_max {
            return Err(Fault::TooMuch("its answer has more bytes than the limit allows".to_owned()));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

pub(crate) fn unreachable(error: reqwest::Error) -> Fault {
    Fault::Unreachable(explain(error))
}

/// An error with its causes, and without the address, which is said anyway.
fn explain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
