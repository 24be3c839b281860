//! What is known of a request that was accepted.

use crate::{KEY_BYTES_MAX, KIND_BYTES_MAX, Refusal, Request, signature};

/// What a delivery is called whose sender doesn't say what happened.
const KIND: &str = "webhook";

/// A request of a sender that has the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What its event is known by: another request with it is the same event. It has no control characters, and
    /// [`KEY_BYTES_MAX`] bytes at most.
    pub key: String,
    /// What happened, such as `push`. It isn't signed by all senders.
    pub kind: String,
}

/// The key of a request that is known by its content.
pub(crate) fn key_of(parts: &[&[u8]]) -> String {
    format!("sha256:{}", signature::digest(parts))
}

/// The key of a request that is known by what its sender calls it.
pub(crate) fn key_by_id(header: &'static str, id: &str) -> Result<String, Refusal> {
    let key = format!("id:{id}");
    if key.len() > KEY_BYTES_MAX {
        let most = KEY_BYTES_MAX - "id:".len();
        return Err(Refusal::malformed(format!("the header {header} has {} bytes, and {most} is the limit", id.len())));
    }
    Ok(key)
}

/// What the header says that has happened.
pub(crate) fn kind_by(request: &Request<'_>, header: &'static str) -> Result<String, Refusal> {
    let Some(kind) = request.header(header)? else { return Ok(KIND.to_owned()) };
    check_kind(header, kind.to_owned())
}

/// What GitLab says that has happened, as it says it in the body: `Tag Push Hook` is `tag_push`.
pub(crate) fn kind_of_gitlab(request: &Request<'_>) -> Result<String, Refusal> {
    let header = "X-Gitlab-Event";
    let Some(name) = request.header(header)? else { return Ok(KIND.to_owned()) };
    let kind = name.strip_suffix(" Hook").unwrap_or(name).to_ascii_lowercase().replace(' ', "_");
    check_kind(header, kind)
}

fn check_kind(header: &'static str, kind: String) -> Result<String, Refusal> {
    let fits = |char: char| char.is_ascii_alphanumeric() || "_.-:/".contains(char);
    if kind.len() > KIND_BYTES_MAX || !kind.chars().all(fits) {
        let what = format!("the header {header} isn't {KIND_BYTES_MAX} letters, digits and _ . - : / at most");
        return Err(Refusal::Malformed { what });
    }
    Ok(kind)
}
