//! The token of a node: of a file, or of a login that is done again when it is refused.

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::{Api, Login};
use crate::error::Error;
use crate::limits::TOKEN_BYTES_MAX;
use crate::small_file;

pub(super) type Token = Zeroizing<String>;

/// Where tokens come from.
#[derive(Debug)]
pub(super) struct Tokens {
    login: Login,
    /// What the last login gave; of a file nothing is kept.
    held: Mutex<Option<Token>>,
}

impl Tokens {
    pub(super) fn new(login: Login) -> Self {
        Self { login, held: Mutex::new(None) }
    }

    /// A token other than `refused`, if there can be one; several that ask at the same time share a login.
    pub(super) async fn get(&self, api: &Api, refused: Option<&Token>) -> Result<Token, Error> {
        match &self.login {
            Login::TokenFile(path) => read(api, path),
            Login::AppRole { mount, role_id, secret_id_file } => {
                let mut held = self.held.lock().await;
                if let Some(token) = &*held
                    && refused != Some(token)
                {
                    return Ok(token.clone());
                }
                let token = log_in(api, mount, role_id, secret_id_file).await?;
                *held = Some(token.clone());
                Ok(token)
            }
        }
    }
}

async fn log_in(api: &Api, mount: &str, role_id: &str, secret_id_file: &Path) -> Result<Token, Error> {
    let secret_id = read(api, secret_id_file)?;
    let body = json!({ "role_id": role_id, "secret_id": secret_id.as_str() });
    let answer = api.ask(Method::POST, &format!("auth/{mount}/login"), None, Some(&body)).await?;
    let token = answer.body["auth"]["client_token"].as_str().filter(|token| !token.is_empty());
    match (answer.status, token) {
        (StatusCode::OK, Some(token)) => Ok(Zeroizing::new(token.to_owned())),
        _ => Err(api.client.unavailable(format!(
            "the login with the secret in {} at auth/{mount} was refused: {}",
            secret_id_file.display(),
            answer.fault()
        ))),
    }
}

fn read(api: &Api, path: &Path) -> Result<Token, Error> {
    small_file::read_text(path, TOKEN_BYTES_MAX)
        .map_err(|error| api.client.unavailable(format!("can't use {}: {error}", path.display())))
}
