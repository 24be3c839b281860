//! A Vault, as a place where secrets are.

use std::fmt;
use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::client::{Answer, Client};
use crate::config::Config;
use crate::error::Error;
use crate::login::{Token, Tokens};

/// Most bytes of a value, as of the cluster's own secrets.
const VALUE_BYTES_MAX: usize = 64 << 10;
/// The field that holds a value.
const FIELD: &str = "value";

/// Who may use a secret, by names that are safe in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    Global,
    Namespace(&'a str),
    Pipeline { namespace: &'a str, pipeline: &'a str },
}

impl fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Namespace(namespace) => write!(f, "namespaces/{namespace}"),
            Self::Pipeline { namespace, pipeline } => write!(f, "pipelines/{namespace}/{pipeline}"),
        }
    }
}

/// A Vault. Copies share one login.
#[derive(Clone, Debug)]
pub struct Vault {
    client: Client,
    mount: String,
    prefix: String,
    tokens: Arc<Tokens>,
}

impl Vault {
    /// A Vault. Nothing is asked of it yet, so that a node starts without it.
    ///
    /// # Errors
    /// [`Error::Config`] when certificates are missing or can't be read.
    pub fn open(config: &Config) -> Result<Self, Error> {
        let tokens = Arc::new(Tokens::new(config.login.clone()));
        let (mount, prefix) = (config.mount.clone(), config.prefix.clone());
        Ok(Self { client: Client::open(config)?, mount, prefix, tokens })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &str {
        self.client.address()
    }

    /// Where a secret is, as operators name it: mount, prefix, scope and name.
    #[must_use]
    pub fn path(&self, scope: Scope<'_>, name: &str) -> String {
        format!("{}/{}", self.mount, self.below(scope, name))
    }

    /// The newest value of a secret; none when there is none, or when that was deleted.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn find(&self, scope: Scope<'_>, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let path = format!("{}/data/{}", self.mount, self.below(scope, name));
        let mut token = self.tokens.get(&self.client, None).await?;
        let mut answer = self.client.ask(Method::GET, &path, Some(&token), None).await?;
        if answer.status == StatusCode::FORBIDDEN {
            // The token may have ended; a new one, where there is one, decides.
            let newer = self.tokens.get(&self.client, Some(&token)).await?;
            if newer != token {
                token = newer;
                answer = self.client.ask(Method::GET, &path, Some(&token), None).await?;
            }
        }
        let shown = self.path(scope, name);
        match answer.status {
            StatusCode::OK => self.value(&answer, shown).map(Some),
            StatusCode::FORBIDDEN => Err(self.denied(&token, shown).await),
            // Never there, deleted, or destroyed; a path that no engine serves is told by a text.
            StatusCode::NOT_FOUND if says_nothing(&answer) => Ok(None),
            _ => Err(self.client.unavailable(format!("{shown}: {}", answer.errors()))),
        }
    }

    fn below(&self, scope: Scope<'_>, name: &str) -> String {
        if self.prefix.is_empty() { format!("{scope}/{name}") } else { format!("{}/{scope}/{name}", self.prefix) }
    }

    fn value(&self, answer: &Answer, path: String) -> Result<Zeroizing<Vec<u8>>, Error> {
        let unusable = |why: String| Error::Unusable { address: self.address().to_owned(), path, why };
        if answer.body["data"]["metadata"]["version"].as_u64().is_none() {
            return Err(unusable(format!("is not of an engine KV version 2; is {} one?", self.mount)));
        }
        match &answer.body["data"]["data"][FIELD] {
            Value::String(text) if text.is_empty() => Err(unusable(format!("has an empty field {FIELD:?}"))),
            Value::String(text) if text.len() > VALUE_BYTES_MAX => {
                Err(unusable(format!("has a value of {} bytes, {VALUE_BYTES_MAX} are the most", text.len())))
            }
            Value::String(text) => Ok(Zeroizing::new(text.as_bytes().to_vec())),
            _ => Err(unusable(format!("has no field {FIELD:?} that is a text"))),
        }
    }

    /// Tells a token that is worth nothing, which may be renewed, from one that may not read a path.
    async fn denied(&self, token: &Token, path: String) -> Error {
        match self.client.ask(Method::GET, "auth/token/lookup-self", Some(token), None).await {
            Ok(answer) if answer.status == StatusCode::OK => Error::Denied { address: self.address().to_owned(), path },
            Ok(answer) => self.client.unavailable(format!("this node's token is refused: {}", answer.errors())),
            Err(error) => error,
        }
    }
}

/// Whether it is a Vault that answered, and it names no error.
fn says_nothing(answer: &Answer) -> bool {
    answer.body["errors"].as_array().is_some_and(Vec::is_empty) || answer.body["data"]["metadata"].is_object()
}

#[cfg(test)]
mod tests;
