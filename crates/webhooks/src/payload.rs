//! What a request says: its body as JSON, and of pushes, tags and pull or merge requests what GitHub and GitLab say in
//! different words.

mod github;
mod gitlab;

use serde_json::{Map, Value};

use crate::Refusal;

/// The member that [`enrich`] adds.
const MEMBER: &str = "git";
/// What is instead of a commit where there is none: a branch was made, or deleted.
const NO_COMMIT: [&str; 2] =
    ["0000000000000000000000000000000000000000", "0000000000000000000000000000000000000000000000000000000000000000"];

/// Reads the body of a request of this kind, and [enriches](enrich) it: JSON, or a form whose field `payload` is JSON, as
/// GitHub can send it. An empty one is null.
///
/// # Errors
/// When it is neither.
pub fn read(kind: &str, content_type: &str, body: &[u8]) -> Result<Value, Refusal> {
    Ok(enrich(kind, parse(content_type, body)?))
}

fn parse(content_type: &str, body: &[u8]) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return json(body, "the body");
    }
    let field = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    let Some((_, text)) = field else {
        // Some programs call everything a form that they send.
        let nothing = "the body is a form without a field payload, and no JSON; have the sender send JSON";
        return serde_json::from_slice(body).map_err(|_| Refusal::malformed(nothing));
    };
    json(text.as_bytes(), "the field payload of the body")
}

fn json(text: &[u8], what: &str) -> Result<Value, Refusal> {
    serde_json::from_slice(text).map_err(|error| {
        // Its own text is about places and what is expected there, and has nothing of the body.
        Refusal::malformed(format!("{what} is no JSON ({error}); have the sender send JSON"))
    })
}

/// Adds what is known of a push, a tag, or a pull or merge request as the member `git`, beside the sender's own:
/// `repository`, `ref`, `branch`, `tag`, `commit`, `before`, `author`, `message`, `url`, and of pull and merge requests
/// `number`, `action` and `base`. What isn't known is absent; where nothing is, or the sender has a member of this name, the
/// payload stays as it is.
///
/// The branch of a pull or merge request is the one that it comes from, its commit the newest one there. A branch or tag
/// that was deleted has no commit.
#[must_use]
pub fn enrich(kind: &str, mut payload: Value) -> Value {
    let Some(object) = payload.as_object_mut().filter(|object| !object.contains_key(MEMBER)) else { return payload };
    let git = match kind {
        "push" | "tag_push" | "merge_request" if object.contains_key("object_kind") => gitlab::read(object),
        "push" | "create" | "delete" | "pull_request" => github::read(kind, object),
        _ => None,
    };
    if let Some(git) = git.filter(|git| !git.is_empty()) {
        object.insert(MEMBER.to_owned(), Value::Object(git));
    }
    payload
}

/// Collects what is known.
#[derive(Default)]
struct Git(Map<String, Value>);

impl Git {
    fn set(&mut self, name: &str, value: Option<&Value>) {
        if let Some(value) = value.filter(|value| value.is_string() || value.is_number()) {
            self.0.insert(name.to_owned(), value.clone());
        }
    }

    fn set_text(&mut self, name: &str, text: impl Into<String>) {
        self.0.insert(name.to_owned(), Value::String(text.into()));
    }

    /// A commit, unless it says that there is none.
    fn set_commit(&mut self, name: &str, value: Option<&Value>) {
        let is_none = |value: &Value| value.as_str().is_some_and(|text| text.is_empty() || NO_COMMIT.contains(&text));
        self.set(name, value.filter(|value| !is_none(value)));
    }

    /// A reference, and the branch or tag that it is.
    fn set_reference(&mut self, reference: &str) {
        self.set_text("ref", reference);
        if let Some(branch) = reference.strip_prefix("refs/heads/") {
            self.set_text("branch", branch);
        } else if let Some(tag) = reference.strip_prefix("refs/tags/") {
            self.set_text("tag", tag);
        }
    }
}

/// What is at the end of a path of members.
fn at<'v>(object: &'v Map<String, Value>, path: &[&str]) -> Option<&'v Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(object.get(*first)?, |value, name| value.get(name))
}

fn text_at<'v>(object: &'v Map<String, Value>, path: &[&str]) -> Option<&'v str> {
    at(object, path)?.as_str()
}
