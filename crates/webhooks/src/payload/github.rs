//! Payloads of GitHub, and of Gitea and Forgejo, which have the same members.

use serde_json::{Map, Value};

use super::{Git, at, text_at};

pub(super) fn read(kind: &str, payload: &Map<String, Value>) -> Option<Map<String, Value>> {
    // Every such event is of a repository; what has none is another sender's.
    let repository = at(payload, &["repository", "full_name"])?;
    let mut git = Git::default();
    git.set("repository", Some(repository));
    match kind {
        "push" => push(&mut git, payload),
        "pull_request" => pull_request(&mut git, payload),
        _ => made_or_deleted(&mut git, payload),
    }
    Some(git.0)
}

fn push(git: &mut Git, payload: &Map<String, Value>) {
    if let Some(reference) = text_at(payload, &["ref"]) {
        git.set_reference(reference);
    }
    git.set_commit("commit", at(payload, &["after"]));
    git.set_commit("before", at(payload, &["before"]));
    let author = [["sender", "login"], ["pusher", "login"], ["pusher", "name"]];
    git.set("author", author.iter().find_map(|path| at(payload, path)));
    git.set("message", at(payload, &["head_commit", "message"]));
    git.set("url", at(payload, &["head_commit", "url"]).or(at(payload, &["compare"])));
}

/// Of a branch or a tag: without the commit, which these events don't have.
fn made_or_deleted(git: &mut Git, payload: &Map<String, Value>) {
    let prefix = match text_at(payload, &["ref_type"]) {
        Some("branch") => "refs/heads/",
        Some("tag") => "refs/tags/",
        _ => return,
    };
    if let Some(name) = text_at(payload, &["ref"]) {
        // Some senders have the whole reference here.
        git.set_reference(&format!("{prefix}{}", name.strip_prefix(prefix).unwrap_or(name)));
    }
    git.set("author", at(payload, &["sender", "login"]));
    git.set("url", at(payload, &["repository", "html_url"]));
}

fn pull_request(git: &mut Git, payload: &Map<String, Value>) {
    let number = at(payload, &["number"]).or(at(payload, &["pull_request", "number"]));
    git.set("number", number);
    if let Some(number) = number.and_then(Value::as_u64) {
        git.set_text("ref", format!("refs/pull/{number}/head"));
    }
    git.set("action", at(payload, &["action"]));
    git.set("branch", at(payload, &["pull_request", "head", "ref"]));
    git.set("base", at(payload, &["pull_request", "base", "ref"]));
    git.set_commit("commit", at(payload, &["pull_request", "head", "sha"]));
    git.set_commit("before", at(payload, &["before"]));
    git.set("author", at(payload, &["pull_request", "user", "login"]));
    git.set("message", at(payload, &["pull_request", "title"]));
    git.set("url", at(payload, &["pull_request", "html_url"]));
}
