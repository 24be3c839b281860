//! Requests to a service: each has a limit of time and of bytes, and none is sent on to another host.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Method, RequestBuilder, StatusCode, redirect};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::{Error, short, with_cause};
use crate::limits::{ANSWER_BYTES_MAX, CA_BYTES_MAX};
use crate::small_file;

const CONNECT: Duration = Duration::from_secs(5);
/// One request.
const REQUEST: Duration = Duration::from_secs(15);

/// A service, and how requests reach it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: String,
    /// What it is, with its address.
    place: String,
}

/// What a service said.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `Null` where it was not JSON.
    pub(crate) body: Value,
}

impl Drop for Answer {
    fn drop(&mut self) {
        wipe(&mut self.body);
    }
}

impl Answer {
    /// What it says is wrong: a list of texts, as a Vault has it, or one, as Kubernetes has it.
    pub(crate) fn fault(&self) -> String {
        let list = self.body["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let texts = list.chain(self.body["message"].as_str()).collect::<Vec<_>>().join("; ");
        short(&if texts.is_empty() { format!("it answered {}", self.status) } else { texts })
    }
}

impl Client {
    /// A client of a service; `kind` says what it is. Nothing is asked of it yet, so that a node starts without it.
    ///
    /// # Errors
    /// [`Error::Config`] when certificates are missing or can't be read.
    pub(crate) fn open(kind: &str, address: &str, ca_file: Option<&Path>) -> Result<Self, Error> {
        // Whoever was first chose the same; the answer says no more than that.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .redirect(redirect::Policy::none())
            .no_proxy();
        if let Some(path) = ca_file {
            http = http.tls_certs_only(certificates(path)?);
        }
        let address = address.trim_end_matches('/').to_owned();
        let place = format!("the {kind} {address}");
        let http =
            http.build().map_err(|error| Error::Config(format!("no client for {place}: {}", with_cause(&error))))?;
        Ok(Self { http, address, place })
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn unavailable(&self, why: impl Into<String>) -> Error {
        Error::Unavailable { place: self.place.clone(), why: why.into() }
    }

    /// A request for a path below the address.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/{path}", self.address))
    }

    /// A header that holds a secret.
    pub(crate) fn secret_header(&self, value: &str) -> Result<reqwest::header::HeaderValue, Error> {
        let mut value = reqwest::header::HeaderValue::from_str(value)
            .map_err(|_| self.unavailable("the token has characters that no token has"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Sends a request; what is not an answer of a service that works is an error.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, Error> {
        let failed = |error: reqwest::Error| self.unavailable(with_cause(&error.without_url()));
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(self.unavailable(format!("its answer has more than {ANSWER_BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        let answer = Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() };
        if status.is_redirection() {
            return Err(self.unavailable(format!(
                "it answered {status}; name the address of its active node, or of a load balancer"
            )));
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(self.unavailable(answer.fault()));
        }
        Ok(answer)
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, Error> {
    let failed = |why: String| Error::Config(format!("can't use the certificates in {}: {why}", path.display()));
    let pem = small_file::read(path, CA_BYTES_MAX).map_err(|error| failed(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| failed(with_cause(&error)))?;
    if certificates.is_empty() {
        return Err(failed("it holds none".into()));
    }
    Ok(certificates)
}

/// Overwrites the texts in a value.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
