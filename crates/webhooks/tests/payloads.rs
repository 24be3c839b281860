//! What is read out of payloads, which are shortened from the senders' documentation.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use gofer_webhooks::payload::{enrich, read};
use serde_json::{Value, json};

const ZEROS: &str = "0000000000000000000000000000000000000000";

fn git(kind: &str, payload: &Value) -> Value {
    let enriched = enrich(kind, payload.clone());
    for (name, value) in payload.as_object().unwrap() {
        assert_eq!(enriched[name], *value, "{name} is changed");
    }
    enriched.get("git").cloned().unwrap_or_default()
}

fn github_push() -> Value {
    json!({
        "ref": "refs/heads/feature/one", "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
        "after": "c0ffee0123456789c0ffee0123456789c0ffee01", "created": false, "deleted": false, "forced": false,
        "compare": "https://github.com/acme/shop/compare/6113728f27ae...c0ffee012345",
        "repository": {"id": 1, "full_name": "acme/shop", "html_url": "https://github.com/acme/shop", "pushed_at": 1_795_797_292},
        "pusher": {"name": "ada", "email": "ada@example.com"}, "sender": {"login": "ada-l", "id": 7},
        "commits": [{"id": "c0ffee0123456789c0ffee0123456789c0ffee01", "added": [], "modified": ["a"], "removed": []}],
        "head_commit": {
            "id": "c0ffee0123456789c0ffee0123456789c0ffee01", "message": "Fix the shop",
            "url": "https://github.com/acme/shop/commit/c0ffee0", "author": {"name": "Ada"},
        },
    })
}

#[test]
fn a_push_to_github() {
    assert_eq!(
        git("push", &github_push()),
        json!({
            "repository": "acme/shop", "ref": "refs/heads/feature/one", "branch": "feature/one",
            "commit": "c0ffee0123456789c0ffee0123456789c0ffee01", "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
            "author": "ada-l", "message": "Fix the shop", "url": "https://github.com/acme/shop/commit/c0ffee0",
        })
    );
}

#[test]
fn tags_new_branches_and_deleted_ones_of_github() {
    let mut push = github_push();
    push["ref"] = "refs/tags/v1.2.3".into();
    push["before"] = ZEROS.into();
    let tag = git("push", &push);
    assert_eq!((&tag["tag"], &tag["ref"]), (&json!("v1.2.3"), &json!("refs/tags/v1.2.3")));
    assert!(tag.get("branch").is_none() && tag.get("before").is_none());

    push["after"] = ZEROS.into();
    push["head_commit"] = Value::Null;
    let deleted = git("push", &push);
    assert!(deleted.get("commit").is_none() && deleted.get("message").is_none());
    assert_eq!(deleted["url"], push["compare"]);

    let created = json!({
        "ref": "v2", "ref_type": "tag", "repository": {"full_name": "acme/shop", "html_url": "u"}, "sender": {"login": "ada"},
    });
    let expected = json!({"repository": "acme/shop", "ref": "refs/tags/v2", "tag": "v2", "author": "ada", "url": "u"});
    assert_eq!(git("create", &created), expected);
    assert_eq!(git("delete", &created), expected);
}

#[test]
fn a_pull_request_of_github() {
    let payload = json!({
        "action": "synchronize", "number": 42, "before": "aa", "after": "bb",
        "pull_request": {
            "number": 42, "title": "Faster shop", "html_url": "https://github.com/acme/shop/pull/42", "user": {"login": "bob"},
            "head": {"ref": "faster", "sha": "bb", "repo": {"full_name": "bob/shop"}}, "base": {"ref": "main", "sha": "cc"},
        },
        "repository": {"full_name": "acme/shop"}, "sender": {"login": "bob"},
    });
    assert_eq!(
        git("pull_request", &payload),
        json!({
            "repository": "acme/shop", "number": 42, "ref": "refs/pull/42/head", "action": "synchronize", "branch": "faster",
            "base": "main", "commit": "bb", "before": "aa", "author": "bob", "message": "Faster shop",
            "url": "https://github.com/acme/shop/pull/42",
        })
    );
}

#[test]
fn a_push_and_a_tag_of_gitlab() {
    let mut payload = json!({
        "object_kind": "push", "event_name": "push", "before": "95790bf891e76fee5e1747ab589903a6a1f80f22",
        "after": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7", "ref": "refs/heads/main",
        "checkout_sha": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7", "message": null, "user_name": "John", "user_username": "john",
        "project": {"id": 15, "path_with_namespace": "mike/diaspora", "web_url": "https://example.com/mike/diaspora"},
        "commits": [
            {"id": "b6568db1", "message": "First", "url": "https://example.com/b6568db1"},
            {"id": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7", "message": "Second", "url": "https://example.com/da156088"},
        ],
    });
    let mut expected = json!({
        "repository": "mike/diaspora", "ref": "refs/heads/main", "branch": "main",
        "commit": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7", "before": "95790bf891e76fee5e1747ab589903a6a1f80f22",
        "author": "john", "message": "Second", "url": "https://example.com/da156088",
    });
    assert_eq!(git("push", &payload), expected);

    payload["object_kind"] = "tag_push".into();
    payload["ref"] = "refs/tags/v1".into();
    payload["before"] = ZEROS.into();
    payload["after"] = "aa".into();
    payload["message"] = "Release 1".into();
    payload["commits"] = json!([]);
    expected = json!({
        "repository": "mike/diaspora", "ref": "refs/tags/v1", "tag": "v1", "commit": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
        "author": "john", "message": "Release 1", "url": "https://example.com/mike/diaspora",
    });
    assert_eq!(git("tag_push", &payload), expected);

    payload["after"] = ZEROS.into();
    payload["checkout_sha"] = Value::Null;
    assert!(git("tag_push", &payload).get("commit").is_none());
}

#[test]
fn a_merge_request_of_gitlab() {
    let payload = json!({
        "object_kind": "merge_request", "user": {"name": "Administrator", "username": "root"},
        "project": {"path_with_namespace": "gitlabhq/gitlab-test"},
        "object_attributes": {
            "id": 93, "iid": 16, "action": "update", "source_branch": "ms-viewport", "target_branch": "main", "oldrev": "e5",
            "title": "MS-Viewport", "url": "http://example.com/diaspora/merge_requests/1", "last_commit": {"id": "da15"},
        },
    });
    assert_eq!(
        git("merge_request", &payload),
        json!({
            "repository": "gitlabhq/gitlab-test", "number": 16, "ref": "refs/merge-requests/16/head", "action": "update",
            "branch": "ms-viewport", "base": "main", "commit": "da15", "before": "e5", "author": "root", "message": "MS-Viewport",
            "url": "http://example.com/diaspora/merge_requests/1",
        })
    );
}

#[test]
fn what_is_none_of_these_stays_as_it_is() {
    for (kind, payload) in [
        ("push", json!({"git": "mine", "ref": "refs/heads/main", "repository": {"full_name": "a/b"}})),
        ("issues", github_push()),
        ("push", json!({"ref": "refs/heads/main"})),
        ("push", json!({"repository": "text", "ref": 7})),
        ("merge_request", json!({"object_kind": "note", "project": {"path_with_namespace": "a/b"}})),
        ("push", json!([1, 2])),
        ("push", Value::Null),
    ] {
        assert_eq!(enrich(kind, payload.clone()), payload);
    }
    // What is of another type is as absent.
    let odd = json!({"repository": {"full_name": "a/b"}, "ref": ["x"], "after": {"x": 1}, "sender": "ada", "head_commit": []});
    assert_eq!(git("push", &odd), json!({"repository": "a/b"}));
}

#[test]
fn json_that_is_called_a_form_is_json() {
    let read = read("push", "application/x-www-form-urlencoded", b"{\"a\": 1}");
    assert_eq!(read, Ok(json!({"a": 1})));
}

#[test]
fn bodies_are_json_or_forms_with_json() {
    let payload = json!({"ref": "refs/heads/größe & more", "n": [1, 2.5, null]});
    let text = payload.to_string();
    for content_type in ["", "application/json", "Application/JSON; charset=utf-8", "text/plain"] {
        assert_eq!(read("webhook", content_type, text.as_bytes()).unwrap(), payload);
    }
    let encode = |payload: &Value| -> String {
        let text = payload.to_string();
        form_urlencoded::Serializer::new(String::new()).append_pair("a", "b").append_pair("payload", &text).finish()
    };
    for content_type in ["application/x-www-form-urlencoded", "APPLICATION/X-www-form-urlencoded; charset=utf-8"] {
        assert_eq!(read("webhook", content_type, encode(&payload).as_bytes()).unwrap(), payload);
    }
    let push = github_push();
    let form = "application/x-www-form-urlencoded";
    assert_eq!(read("push", form, encode(&push).as_bytes()).unwrap(), enrich("push", push));
    assert_eq!(read("push", "", b"").unwrap(), Value::Null);

    let why = |content_type, body: &[u8]| read("webhook", content_type, body).unwrap_err().to_string();
    assert_eq!(why(form, b"a=b"), "the body is a form without a field payload, and no JSON; have the sender send JSON");
    assert!(why(form, b"payload=%7B").starts_with("the field payload of the body is no JSON (EOF while parsing"));
    assert!(why("", b"{\"a\": secret}").starts_with("the body is no JSON (expected value at line 1 column 7)"));
    assert!(why("", &b"[".repeat(100_000)).contains("recursion limit exceeded"));
    assert!(why("", b"\"\xff\"").starts_with("the body is no JSON"));
}
