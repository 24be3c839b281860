//! A Vault, as a place where secrets are.
//!
//! What is asked and answered is the HTTP API of the engine KV version 2, the method AppRole and tokens, as HashiCorp Vault
//! and OpenBao publish it.

mod config;
mod login;

use std::sync::Arc;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value as Json;

use crate::Value;
use crate::error::Error;
use crate::http::{Answer, Client};
use crate::limits::VALUE_BYTES_MAX;
use crate::scope::Scope;

pub use config::{Config, Login};
use login::{Token, Tokens};

/// The field that holds a value.
const FIELD: &str = "value";

/// A Vault. Copies share one login.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    api: Api,
    mount: String,
    prefix: String,
    tokens: Arc<Tokens>,
}

impl Vault {
    /// A Vault. Nothing is asked of it yet, so that a node starts without it.
    ///
    /// # Errors
    /// [`Error::Config`] when certificates are missing or can't be read.
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        let tokens = Arc::new(Tokens::new(config.login.clone()));
        let (mount, prefix) = (config.mount.clone(), config.prefix.clone());
        Ok(Self { api: Api::open(config)?, mount, prefix, tokens })
    }

    pub(crate) fn place(&self) -> &str {
        self.api.client.place()
    }

    /// Where a secret is, as operators name it: mount, prefix, scope and name.
    pub(crate) fn path(&self, scope: Scope<'_>, name: &str) -> String {
        format!("{}/{}", self.mount, self.below(scope, name))
    }

    /// The newest value of a secret; none when there is none, or when that was deleted.
    ///
    /// # Errors
    /// [`Error`].
    pub(crate) async fn find(&self, scope: Scope<'_>, name: &str) -> Result<Option<Value>, Error> {
        let path = format!("{}/data/{}", self.mount, self.below(scope, name));
        let mut token = self.tokens.get(&self.api, None).await?;
        let mut answer = self.api.ask(Method::GET, &path, Some(&token), None).await?;
        if answer.status == StatusCode::FORBIDDEN {
            // The token may have ended; a new one, where there is one, decides.
            let newer = self.tokens.get(&self.api, Some(&token)).await?;
            if newer != token {
                token = newer;
                answer = self.api.ask(Method::GET, &path, Some(&token), None).await?;
            }
        }
        let shown = self.path(scope, name);
        match answer.status {
            StatusCode::OK => self.value(&answer, shown).map(Some),
            StatusCode::FORBIDDEN => Err(self.denied(&token, shown).await),
            // Never there, deleted, or destroyed; a path that no engine serves is told by a text.
            StatusCode::NOT_FOUND if says_nothing(&answer) => Ok(None),
            _ => Err(self.api.client.unavailable(format!("{shown}: {}", answer.fault()))),
        }
    }

    fn below(&self, scope: Scope<'_>, name: &str) -> String {
        if self.prefix.is_empty() { format!("{scope}/{name}") } else { format!("{}/{scope}/{name}", self.prefix) }
    }

    fn value(&self, answer: &Answer, path: String) -> Result<Value, Error> {
        let unusable = |why: String| Error::Unusable { place: self.place().to_owned(), path, why };
        if answer.body["data"]["metadata"]["version"].as_u64().is_none() {
            return Err(unusable(format!("is not of an engine KV version 2; is {} one?", self.mount)));
        }
        match &answer.body["data"]["data"][FIELD] {
            Json::String(text) if text.is_empty() => Err(unusable(format!("has an empty field {FIELD:?}"))),
            Json::String(text) if text.len() > VALUE_BYTES_MAX => {
                Err(unusable(format!("has a value of {} bytes, {VALUE_BYTES_MAX} are the most", text.len())))
            }
            Json::String(text) => Ok(Value::new(text.as_bytes().to_vec())),
            _ => Err(unusable(format!("has no field {FIELD:?} that is a text"))),
        }
    }

    /// Tells a token that is worth nothing, which may be renewed, from one that may not read a path.
    async fn denied(&self, token: &Token, path: String) -> Error {
        match self.api.ask(Method::GET, "auth/token/lookup-self", Some(token), None).await {
            Ok(answer) if answer.status == StatusCode::OK => Error::Denied {
                place: self.place().to_owned(),
                path,
                help: "allow \"read\" there in the policy of its token or role",
            },
            Ok(answer) => self.api.client.unavailable(format!("this node's token is refused: {}", answer.fault())),
            Err(error) => error,
        }
    }
}

/// The API of a Vault.
#[derive(Clone, Debug)]
struct Api {
    client: Client,
    namespace: Option<String>,
}

impl Api {
    fn open(config: &Config) -> Result<Self, Error> {
        let client = Client::open("Vault", &config.address, config.ca_file.as_deref())?;
        Ok(Self { client, namespace: config.namespace.clone() })
    }

    async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Json>) -> Result<Answer, Error> {
        let mut request: RequestBuilder = self.client.request(method, &format!("v1/{path}"));
        request = request.header("X-Vault-Request", "true");
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        if let Some(token) = token {
            request = request.header("X-Vault-Token", self.client.secret_header(token)?);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        self.client.send(request).await
    }
}

/// Whether it is a Vault that answered, and it names no error.
fn says_nothing(answer: &Answer) -> bool {
    answer.body["errors"].as_array().is_some_and(Vec::is_empty) || answer.body["data"]["metadata"].is_object()
}

#[cfg(test)]
mod tests;
