//! Payloads of GitLab.

use serde_json::{Map, Value};

use super::{Git, at, text_at};

pub(super) fn read(payload: &Map<String, Value>) -> Option<Map<String, Value>> {
    let repository = at(payload, &["project", "path_with_namespace"])?;
    let mut git = Git::default();
    git.set("repository", Some(repository));
    match text_at(payload, &["object_kind"]) {
        Some("push" | "tag_push") => push(&mut git, payload),
        Some("merge_request") => merge_request(&mut git, payload),
        _ => return None,
    }
    Some(git.0)
}

fn push(git: &mut Git, payload: &Map<String, Value>) {
    if let Some(reference) = text_at(payload, &["ref"]) {
        git.set_reference(reference);
    }
    // Of an annotated tag, `after` is the tag and `checkout_sha` the commit.
    let commit = at(payload, &["checkout_sha"]).filter(|value| value.is_string()).or(at(payload, &["after"]));
    git.set_commit("commit", commit);
    git.set_commit("before", at(payload, &["before"]));
    git.set("author", at(payload, &["user_username"]).or(at(payload, &["user_name"])));
    let newest = at(payload, &["commits"])
        .and_then(Value::as_array)
        .and_then(|commits| commits.iter().find(|listed| listed.get("id").is_some() && listed.get("id") == commit));
    let message = at(payload, &["message"]).filter(|value| value.as_str().is_some_and(|text| !text.is_empty()));
    git.set("message", message.or(newest.and_then(|commit| commit.get("message"))));
    git.set("url", newest.and_then(|commit| commit.get("url")).or(at(payload, &["project", "web_url"])));
}

fn merge_request(git: &mut Git, payload: &Map<String, Value>) {
    let attribute = |name| at(payload, &["object_attributes", name]);
    git.set("number", attribute("iid"));
    if let Some(number) = attribute("iid").and_then(Value::as_u64) {
        git.set_text("ref", format!("refs/merge-requests/{number}/head"));
    }
    git.set("action", attribute("action"));
    git.set("branch", attribute("source_branch"));
    git.set("base", attribute("target_branch"));
    git.set_commit("commit", at(payload, &["object_attributes", "last_commit", "id"]));
    git.set_commit("before", attribute("oldrev"));
    git.set("author", at(payload, &["user", "username"]).or(at(payload, &["user", "name"])));
    git.set("message", attribute("title"));
    git.set("url", attribute("url"));
}
