//! The token of a node: of a file, or of a login that is done again when it is refused.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::client::Client;
use crate::config::Login;
use crate::error::Error;

/// Largest file with a token or a secret.
const FILE_BYTES_MAX: u64 = 16 << 10;

pub(crate) type Token = Zeroizing<String>;

/// Where tokens come from.
#[derive(Debug)]
pub(crate) struct Tokens {
    login: Login,
    /// What the last login gave; of a file nothing is kept.
    held: Mutex<Option<Token>>,
}

impl Tokens {
    pub(crate) fn new(login: Login) -> Self {
        Self { login, held: Mutex::new(None) }
    }

    /// A token other than `refused`, if there can be one; several that ask at the same time share a login.
    pub(crate) async fn get(&self, client: &Client, refused: Option<&Token>) -> Result<Token, Error> {
        match &self.login {
            Login::TokenFile(path) => read(client, path),
            Login::AppRole { mount, role_id, secret_id_file } => {
                let mut held = self.held.lock().await;
                if let Some(token) = &*held
                    && refused != Some(token)
                {
                    return Ok(token.clone());
                }
                let token = log_in(client, mount, role_id, secret_id_file).await?;
                *held = Some(token.clone());
                Ok(token)
            }
        }
    }
}

async fn log_in(client: &Client, mount: &str, role_id: &str, secret_id_file: &Path) -> Result<Token, Error> {
    let secret_id = read(client, secret_id_file)?;
    let body = json!({ "role_id": role_id, "secret_id": secret_id.as_str() });
    let answer = client.ask(Method::POST, &format!("auth/{mount}/login"), None, Some(&body)).await?;
    let token = answer.body["auth"]["client_token"].as_str().filter(|token| !token.is_empty());
    match (answer.status, token) {
        (StatusCode::OK, Some(token)) => Ok(Zeroizing::new(token.to_owned())),
        _ => Err(client.unavailable(format!(
            "the login with the secret in {} at auth/{mount} was refused: {}",
            secret_id_file.display(),
            answer.errors()
        ))),
    }
}

/// The text of a small file, without white space around it.
fn read(client: &Client, path: &Path) -> Result<Token, Error> {
    let failed = |why: String| client.unavailable(format!("can't use {}: {why}", path.display()));
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(failed(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    match text.trim() {
        "" => Err(failed("it is empty".into())),
        trimmed => Ok(Zeroizing::new(trimmed.to_owned())),
    }
}
