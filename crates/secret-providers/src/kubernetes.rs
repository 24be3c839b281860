//! Secrets of Kubernetes: an object for each scope, with a key for each secret.
//!
//! What is asked is `GET /api/v1/namespaces/{namespace}/secrets/{name}` of the Kubernetes API, with the token of a service
//! account, as <https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/> says.

mod config;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, StatusCode};
use serde_json::Value as Json;

use crate::Value;
use crate::error::Error;
use crate::http::{Answer, Client};
use crate::limits::{TOKEN_BYTES_MAX, VALUE_BYTES_MAX};
use crate::scope::Scope;
use crate::small_file;

pub use config::Config;

/// Longest name of an object, in bytes.
const NAME_BYTES_MAX: usize = 253;

/// The objects of a namespace.
#[derive(Clone, Debug)]
pub(crate) struct Kubernetes {
    client: Client,
    config: Config,
    place: String,
}

impl Kubernetes {
    /// The objects of a namespace. Nothing is asked of Kubernetes yet, so that a node starts without it.
    ///
    /// # Errors
    /// [`Error::Config`] when certificates are missing or can't be read.
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        let client = Client::open("Kubernetes API", &config.address, config.ca_file.as_deref())?;
        let place = format!("namespace {} of {}", config.namespace, client.place());
        Ok(Self { client, config: config.clone(), place })
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The object of a scope and the key in it. None where no object can have that name: those are stricter than ours.
    pub(crate) fn path(&self, scope: Scope<'_>, name: &str) -> Option<String> {
        Some(format!("{}/{name}", self.object(scope)?))
    }

    /// What an object has under a key; none when either is missing.
    ///
    /// # Errors
    /// [`Error`].
    pub(crate) async fn find(&self, scope: Scope<'_>, name: &str) -> Result<Option<Value>, Error> {
        let Some(object) = self.object(scope) else { return Ok(None) };
        let file = &self.config.token_file;
        let token = small_file::read_text(file, TOKEN_BYTES_MAX)
            .map_err(|error| self.client.unavailable(format!("can't use {}: {error}", file.display())))?;
        let path = format!("api/v1/namespaces/{}/secrets/{object}", self.config.namespace);
        let bearer = zeroize::Zeroizing::new(format!("Bearer {}", token.as_str()));
        let request = self.client.request(Method::GET, &path).header("Accept", "application/json");
        let answer = self.client.send(request.header("Authorization", self.client.secret_header(&bearer)?)).await?;
        match answer.status {
            StatusCode::OK => self.value(&answer, &object, name),
            StatusCode::NOT_FOUND if answer.body["details"]["name"] == object.as_str() => Ok(None),
            StatusCode::FORBIDDEN => Err(Error::Denied {
                place: self.place.clone(),
                path: object,
                help: "allow the verb \"get\" on secrets there in a role of its service account",
            }),
            // Of a token that is not valid any more as well: the kubelet replaces the file.
            _ => Err(self.client.unavailable(format!("secret {object}: {}", answer.fault()))),
        }
    }

    /// The name of a scope's object.
    fn object(&self, scope: Scope<'_>) -> Option<String> {
        let name = format!("{}.{}", self.config.prefix, scope.to_string().replace('/', "."));
        is_object_name(&name).then_some(name)
    }

    fn value(&self, answer: &Answer, object: &str, name: &str) -> Result<Option<Value>, Error> {
        let unusable =
            |why: String| Error::Unusable { place: self.place.clone(), path: format!("{object}/{name}"), why };
        if answer.body["kind"] != "Secret" {
            return Err(unusable("is no Secret".into()));
        }
        let encoded = match &answer.body["data"][name] {
            Json::Null => return Ok(None),
            Json::String(encoded) => encoded,
            _ => return Err(unusable("is no text".into())),
        };
        let value =
            STANDARD.decode(encoded).map(Value::new).map_err(|_| unusable("is not encoded in base64".into()))?;
        match value.len() {
            0 => Err(unusable("is empty".into())),
            1..=VALUE_BYTES_MAX => Ok(Some(value)),
            bytes => Err(unusable(format!("has {bytes} bytes, {VALUE_BYTES_MAX} are the most"))),
        }
    }
}

/// Whether a text is a DNS subdomain as RFC 1123 and Kubernetes want it.
fn is_object_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(allowed)
    };
    text.len() <= NAME_BYTES_MAX && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests;
