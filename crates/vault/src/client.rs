//! Requests to a Vault: each has a limit of time and of bytes, and none is sent on to another host.

use std::time::Duration;

use reqwest::{Certificate, Method, StatusCode, redirect};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use crate::config::Config;
use crate::error::{Error, short, with_cause};

const CONNECT: Duration = Duration::from_secs(5);
/// One request.
const REQUEST: Duration = Duration::from_secs(15);
/// Most bytes of an answer: a value may be 64 KiB, and JSON may need six bytes for one.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Most certificates, in bytes.
const CA_BYTES_MAX: u64 = 1 << 20;

/// A Vault, and how requests reach it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: String,
    namespace: Option<String>,
}

/// What a Vault said.
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
    /// What it says is wrong.
    pub(crate) fn errors(&self) -> String {
        let errors = self.body["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let errors = errors.collect::<Vec<_>>().join("; ");
        short(&if errors.is_empty() { format!("it answered {}", self.status) } else { errors })
    }
}

impl Client {
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        // Whoever was first chose the same; the answer says no more than that.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .redirect(redirect::Policy::none())
            .no_proxy();
        if let Some(path) = &config.ca_file {
            let failed =
                |why: String| Error::Config(format!("can't use the certificates in {}: {why}", path.display()));
            let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
            if size > CA_BYTES_MAX {
                return Err(failed(format!("{size} bytes are more than {CA_BYTES_MAX}")));
            }
            let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| failed(with_cause(&error)))?;
            if certificates.is_empty() {
                return Err(failed("it holds none".into()));
            }
            http = http.tls_certs_only(certificates);
        }
        let http =
            http.build().map_err(|error| Error::Config(format!("no client for {config}: {}", with_cause(&error))))?;
        Ok(Self { http, address: config.to_string(), namespace: config.namespace.clone() })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn unavailable(&self, why: impl Into<String>) -> Error {
        Error::Unavailable { address: self.address.clone(), why: why.into() }
    }

    /// Sends a request; what is not an answer of a Vault that works is an error.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let failed = |error: reqwest::Error| self.unavailable(with_cause(&error.without_url()));
        let mut request = self.http.request(method, format!("{}/v1/{path}", self.address));
        request = request.header("X-Vault-Request", "true");
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        if let Some(token) = token {
            let mut value = reqwest::header::HeaderValue::from_str(token)
                .map_err(|_| self.unavailable("the token has characters that no token has"))?;
            value.set_sensitive(true);
            request = request.header("X-Vault-Token", value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
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
            return Err(self.unavailable(answer.errors()));
        }
        Ok(answer)
    }
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
