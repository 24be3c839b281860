//! Requests that nobody would send: none of them may hurt.

use proptest::prelude::*;
use serde_json::json;

use crate::{BODY_BYTES_MAX, KEY_BYTES_MAX, KIND_BYTES_MAX, Request, Scheme, check, payload};

/// Every header that is read.
const NAMES: [&str; 12] = [
    "X-Hub-Signature-256",
    "X-GitHub-Event",
    "X-Gitlab-Token",
    "X-Gitlab-Event",
    "X-Gitlab-Event-UUID",
    "Idempotency-Key",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "X-Gofer-Signature",
    "X-Gofer-Event",
    "Authorization",
];
const SECRET: &[u8] = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn request(bytes: &[u8]) {
    // A line is a header, the rest is the body.
    let mut lines = bytes.splitn(6, |byte| *byte == b'\n');
    let body = lines.next().unwrap_or_default();
    let headers: Vec<(&str, &[u8])> = lines
        .map(|line| match line.split_first() {
            Some((first, rest)) => (NAMES[usize::from(*first) % NAMES.len()], rest),
            None => ("X-Other", line),
        })
        .collect();
    for scheme in Scheme::ALL {
        let request = Request { headers: &headers, body, unix_seconds: 1_614_265_330 };
        if let Ok(delivery) = check(scheme, &[SECRET, b""], &request) {
            assert!(delivery.key.len() <= KEY_BYTES_MAX && !delivery.key.chars().any(char::is_control));
            assert!(delivery.kind.len() <= KIND_BYTES_MAX && !delivery.kind.is_empty());
        }
    }
}

fn body(bytes: &[u8]) {
    for content_type in ["", "application/json", "application/x-www-form-urlencoded; charset=utf-8"] {
        if let Ok(read) = payload::read("webhook", content_type, bytes) {
            for kind in ["push", "tag_push", "merge_request", "pull_request", "create", "delete", "webhook"] {
                let enriched = payload::enrich(kind, read.clone());
                // Nothing of the sender's own is changed.
                let mut without = enriched.clone();
                if let (Some(object), true) = (without.as_object_mut(), read.get("git").is_none()) {
                    object.remove("git");
                }
                assert_eq!(without, read);
            }
        }
    }
}

#[test]
fn damaged_requests_hurt_nobody() {
    let valid: [&[u8]; 5] = [
        b"Hello, World!\n\x00sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\n\x01push",
        b"{}\n\x02whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n\x03Tag Push Hook\n\x04uuid",
        b"{\"test\": 2432232314}\n\x08v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1a,x\n\x06msg_p5jXN8AQM9LWM0D4loKWxJek\n\x071614265330",
        b"{}\n\x09t=1614265330,v1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\n\x0apush",
        b"{}\n\x0bBearer whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n\x05once",
    ];
    valid.iter().for_each(|bytes| request(bytes));
    gofer_fuzz::fuzz("webhook-request", &valid.map(<[u8]>::to_vec), request);
}

#[test]
fn damaged_bodies_hurt_nobody() {
    let push = json!({
        "ref": "refs/heads/main", "before": "0000000000000000000000000000000000000000", "after": "c0ffee", "compare": "u",
        "repository": {"full_name": "a/b"}, "head_commit": {"message": "m", "url": "u"}, "sender": {"login": "ada"},
    });
    let merge = json!({
        "object_kind": "merge_request", "project": {"path_with_namespace": "a/b"}, "user": {"username": "ada"},
        "object_attributes": {"iid": 1, "action": "open", "source_branch": "x", "target_branch": "y", "last_commit": {"id": "c"}},
    });
    let form: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("payload", &push.to_string()).finish();
    let valid = [push.to_string(), merge.to_string(), form].map(String::into_bytes);
    gofer_fuzz::fuzz("webhook-body", &valid, body);
}

proptest! {
    #[test]
    fn without_a_secret_nothing_is_accepted(lines in prop::collection::vec("[ -~]{0,80}", 0..6), body in ".{0,60}") {
        let headers: Vec<(&str, &[u8])> = lines.iter().zip(NAMES).map(|(line, name)| (name, line.as_bytes())).collect();
        let request = Request { headers: &headers, body: body.as_bytes(), unix_seconds: 0 };
        for scheme in Scheme::ALL {
            prop_assert!(check(scheme, &[], &request).is_err());
            prop_assert!(check(scheme, &[b""], &request).is_err());
            prop_assert!(check(scheme, &[b"a secret that nobody knows"], &request).is_err());
        }
    }
}

#[test]
fn a_long_body_is_refused_before_anything_else() {
    let body = vec![0; BODY_BYTES_MAX + 1];
    let refusal = check(Scheme::Token, &[b"s"], &Request { headers: &[], body: &body, unix_seconds: 0 }).unwrap_err();
    assert_eq!(refusal.to_string(), "the body has 1048577 bytes, and 1048576 is the limit");
}
