//! Requests of each scheme, as their senders make them and as others would like to.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use gofer_webhooks::{Delivery, Refusal, Request, Scheme, TOLERANCE_SECONDS, check};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

const NOW: i64 = 1_614_265_330;

type Headers<'a> = Vec<(&'a str, &'a str)>;

fn ask_bytes(
    scheme: Scheme,
    secrets: &[&str],
    headers: &[(&str, &[u8])],
    body: &[u8],
    now: i64,
) -> Result<Delivery, Refusal> {
    let secrets: Vec<&[u8]> = secrets.iter().map(|secret| secret.as_bytes()).collect();
    check(scheme, &secrets, &Request { headers, body, unix_seconds: now })
}

fn ask(scheme: Scheme, secrets: &[&str], headers: &Headers<'_>, body: &str) -> Result<Delivery, Refusal> {
    ask_at(scheme, secrets, headers, body, NOW)
}

fn ask_at(scheme: Scheme, secrets: &[&str], headers: &Headers<'_>, body: &str, now: i64) -> Result<Delivery, Refusal> {
    let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    ask_bytes(scheme, secrets, &headers, body.as_bytes(), now)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sign(secret: &str, signed: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn digest(text: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(text)))
}

fn malformed<T: std::fmt::Debug>(result: Result<T, Refusal>, part: &str) {
    match result {
        Err(Refusal::Malformed { what }) if what.contains(part) => {}
        other => panic!("{other:?} isn't about {part:?}"),
    }
}

mod github {
    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &str = "Hello, World!";
    /// From GitHub's documentation.
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn headers(signature: &str) -> Headers<'_> {
        vec![("X-Hub-Signature-256", signature), ("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "72d3162e")]
    }

    #[test]
    fn the_documented_signature_fits() {
        let delivery = ask(Scheme::Github, &[SECRET], &headers(SIGNATURE), BODY).unwrap();
        assert_eq!(delivery, Delivery { key: digest(BODY), kind: "push".to_owned() });
        let upper = SIGNATURE.to_uppercase().replace("SHA256", "sha256");
        assert!(ask(Scheme::Github, &[SECRET], &headers(&upper), BODY).is_ok());
        let names = vec![("x-hub-signature-256", SIGNATURE)];
        assert_eq!(ask(Scheme::Github, &[SECRET], &names, BODY).unwrap().kind, "webhook");
    }

    #[test]
    fn any_of_several_secrets_fits() {
        let ask = |secrets: &[&str]| ask(Scheme::Github, secrets, &headers(SIGNATURE), BODY);
        assert!(ask(&["new", SECRET]).is_ok());
        assert!(ask(&[SECRET, "new"]).is_ok());
        assert_eq!(ask(&["new", "newer"]), Err(Refusal::WrongSignature));
        assert_eq!(ask(&[]), Err(Refusal::WrongSignature));
    }

    #[test]
    fn another_body_or_signature_does_not_fit() {
        let wrong = Err(Refusal::WrongSignature);
        assert_eq!(ask(Scheme::Github, &[SECRET], &headers(SIGNATURE), "Hello, World?"), wrong);
        assert_eq!(ask(Scheme::Github, &[SECRET], &headers(&SIGNATURE.replace('7', "8")), BODY), wrong);
        let empty = format!("sha256={}", hex(&sign("", BODY)));
        assert_eq!(ask(Scheme::Github, &[""], &headers(&empty), BODY), wrong);
    }

    #[test]
    fn what_is_no_signature_is_said() {
        let missing = Err(Refusal::MissingSignature { header: "X-Hub-Signature-256" });
        assert_eq!(ask(Scheme::Github, &[SECRET], &vec![], BODY), missing);
        assert_eq!(ask(Scheme::Github, &[SECRET], &headers(""), BODY), missing);
        for signature in
            [&SIGNATURE[..70], &SIGNATURE[7..], &SIGNATURE.replace("sha256", "sha1"), &SIGNATURE.replace('e', "é"), "x"]
        {
            malformed(
                ask(Scheme::Github, &[SECRET], &headers(signature), BODY),
                "isn't sha256= and 64 hexadecimal digits",
            );
        }
    }

    #[test]
    fn a_replay_with_other_headers_is_the_same_event() {
        let first = ask(Scheme::Github, &[SECRET], &headers(SIGNATURE), BODY).unwrap();
        let other = vec![
            ("X-Hub-Signature-256", SIGNATURE),
            ("X-GitHub-Event", "pull_request"),
            ("X-GitHub-Delivery", "other"),
        ];
        let again = ask(Scheme::Github, &[SECRET], &other, BODY).unwrap();
        assert_eq!(again.key, first.key);
    }

    #[test]
    fn headers_are_bounded_and_text() {
        let bytes = |name: &'static str, value: &[u8]| {
            let headers = [("X-Hub-Signature-256", SIGNATURE.as_bytes()), (name, value)];
            ask_bytes(Scheme::Github, &[SECRET], &headers, BODY.as_bytes(), NOW)
        };
        malformed(bytes("X-GitHub-Event", b"push\xff"), "the header X-GitHub-Event has bytes that are no text");
        malformed(bytes("X-GitHub-Event", b"pu\x00sh"), "the header X-GitHub-Event has bytes that are no text");
        malformed(bytes("X-GitHub-Event", &[b'x'; 65]), "the header X-GitHub-Event isn't 64 letters");
        malformed(bytes("X-GitHub-Event", "ü".as_bytes()), "the header X-GitHub-Event isn't 64 letters");
        malformed(
            bytes("X-GitHub-Event", &[b'x'; 100_000]),
            "the header X-GitHub-Event has 100000 bytes, and 4096 is the limit",
        );
        malformed(bytes("x-hub-signature-256", SIGNATURE.as_bytes()), "is there more than once");
        assert!(bytes("X-Other", b"\xff\x00").is_ok());
    }
}

mod gitlab {
    use super::*;

    const EVENT: (&str, &str) = ("X-Gitlab-Event", "Merge Request Hook");

    #[test]
    fn the_token_is_compared() {
        let ask =
            |secrets: &[&str], token: &str| ask(Scheme::Gitlab, secrets, &vec![("X-Gitlab-Token", token), EVENT], "{}");
        assert_eq!(ask(&["t0ken"], "t0ken").unwrap().kind, "merge_request");
        assert!(ask(&["new", "t0ken"], "t0ken").is_ok());
        for token in ["t0ke", "t0kenx", "T0ken", "x"] {
            assert_eq!(ask(&["t0ken"], token), Err(Refusal::WrongSignature), "{token}");
        }
        assert_eq!(ask(&["t0ken"], ""), Err(Refusal::MissingSignature { header: "X-Gitlab-Token" }));
        assert_eq!(ask(&[""], ""), Err(Refusal::MissingSignature { header: "X-Gitlab-Token" }));
    }

    #[test]
    fn kinds_are_those_of_the_body() {
        for (event, kind) in
            [("Push Hook", "push"), ("Tag Push Hook", "tag_push"), ("System Hook", "system"), ("Note", "note")]
        {
            let headers = vec![("X-Gitlab-Token", "t"), ("X-Gitlab-Event", event)];
            assert_eq!(ask(Scheme::Gitlab, &["t"], &headers, "{}").unwrap().kind, kind);
        }
    }

    #[test]
    fn events_are_known_by_their_key_or_id_and_body() {
        let key = |headers: &[(&'static str, &'static str)], body: &str| {
            let headers = [&[("X-Gitlab-Token", "t"), EVENT], headers].concat();
            ask(Scheme::Gitlab, &["t"], &headers, body).unwrap().key
        };
        assert_eq!(key(&[("Idempotency-Key", "once"), ("X-Gitlab-Event-UUID", "u")], "{}"), "id:once");
        let id = ("X-Gitlab-Event-UUID", "u");
        assert_eq!(key(&[id], "{}"), key(&[id], "{}"));
        assert_ne!(key(&[id], "{}"), key(&[("X-Gitlab-Event-UUID", "v")], "{}"));
        assert_ne!(key(&[id], "{}"), key(&[id], "[]"));
        assert_ne!(key(&[], "{}"), key(&[], "[]"));
        let long = "x".repeat(254);
        let headers = vec![("X-Gitlab-Token", "t"), ("Idempotency-Key", long.as_str())];
        malformed(
            ask(Scheme::Gitlab, &["t"], &headers, "{}"),
            "the header Idempotency-Key has 254 bytes, and 253 is the limit",
        );
    }

    #[test]
    fn a_signing_token_signs() {
        use base64::Engine as _;
        let signature = |secret: &str| {
            format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(sign(secret, "u-1.1614265330.{}")))
        };
        let headers = |signature: &'static str| {
            vec![("webhook-signature", signature), ("webhook-id", "u-1"), ("webhook-timestamp", "1614265330"), EVENT]
        };
        let right: &'static str = signature("plain signing token").leak();
        let delivery = ask(Scheme::Gitlab, &["plain signing token"], &headers(right), "{}").unwrap();
        assert_eq!(delivery, Delivery { key: "id:u-1".to_owned(), kind: "merge_request".to_owned() });
        assert_eq!(ask(Scheme::Gitlab, &["other"], &headers(right), "{}"), Err(Refusal::WrongSignature));
        assert_eq!(ask(Scheme::Gitlab, &["plain signing token"], &headers(right), "[]"), Err(Refusal::WrongSignature));
    }
}

mod standard {
    use super::*;

    /// From the implementations of Standard Webhooks.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &str = r#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

    fn headers<'a>(signature: &'a str, id: &'a str, time: &'a str) -> Headers<'a> {
        vec![("webhook-signature", signature), ("webhook-id", id), ("webhook-timestamp", time)]
    }

    fn right() -> Headers<'static> {
        headers(SIGNATURE, ID, "1614265330")
    }

    #[test]
    fn the_published_vector_fits() {
        let delivery = ask(Scheme::Standard, &[SECRET], &right(), BODY).unwrap();
        assert_eq!(delivery, Delivery { key: format!("id:{ID}"), kind: "webhook".to_owned() });
        assert!(ask(Scheme::Standard, &[&SECRET[6..]], &right(), BODY).is_ok());
        assert!(ask(Scheme::Standard, &["other", SECRET], &right(), BODY).is_ok());
        let unpadded = SIGNATURE.trim_end_matches('=');
        assert!(ask(Scheme::Standard, &[SECRET], &headers(unpadded, ID, "1614265330"), BODY).is_ok());
        let several = format!("v1a,xyz v1,{}= {SIGNATURE} v2,abc", "A".repeat(43));
        assert!(ask(Scheme::Standard, &[SECRET], &headers(&several, ID, "1614265330"), BODY).is_ok());
        let kind = [right(), vec![("X-Gofer-Event", "paid")]].concat();
        assert_eq!(ask(Scheme::Standard, &[SECRET], &kind, BODY).unwrap().kind, "paid");
    }

    #[test]
    fn whatever_is_signed_cannot_be_changed() {
        let wrong = Err(Refusal::WrongSignature);
        assert_eq!(ask(Scheme::Standard, &[SECRET], &right(), r#"{"test": 2432232315}"#), wrong);
        assert_eq!(ask(Scheme::Standard, &[SECRET], &headers(SIGNATURE, "msg_other", "1614265330"), BODY), wrong);
        assert_eq!(ask(Scheme::Standard, &[SECRET], &headers(SIGNATURE, ID, "1614265331"), BODY), wrong);
        assert_eq!(ask(Scheme::Standard, &[SECRET], &headers(SIGNATURE, ID, "01614265330"), BODY), wrong);
        assert_eq!(ask(Scheme::Standard, &["whsec_AAAA"], &right(), BODY), wrong);
    }

    #[test]
    fn the_time_is_near() {
        let at = |now: i64| ask_at(Scheme::Standard, &[SECRET], &right(), BODY, now);
        let tolerance = i64::try_from(TOLERANCE_SECONDS).unwrap();
        assert!(at(NOW + tolerance).is_ok());
        assert!(at(NOW - tolerance).is_ok());
        assert_eq!(at(NOW + tolerance + 1), Err(Refusal::Stale { seconds: 301 }));
        assert_eq!(at(NOW - tolerance - 1), Err(Refusal::Stale { seconds: -301 }));
        assert!(matches!(at(i64::MIN), Err(Refusal::Stale { .. })));
        // Who can't sign isn't told about clocks.
        assert_eq!(ask_at(Scheme::Standard, &["x"], &right(), BODY, 0), Err(Refusal::WrongSignature));
    }

    #[test]
    fn what_is_missing_or_no_signature_is_said() {
        for header in ["webhook-signature", "webhook-id", "webhook-timestamp"] {
            let headers: Headers<'_> = right().into_iter().filter(|(name, _)| *name != header).collect();
            assert_eq!(ask(Scheme::Standard, &[SECRET], &headers, BODY), Err(Refusal::MissingSignature { header }));
        }
        for signature in ["v1", "v1,", "v2,abc", "v1,AAAA", "v1,***", &SIGNATURE[..40], &format!("{SIGNATURE}AAAA")] {
            malformed(
                ask(Scheme::Standard, &[SECRET], &headers(signature, ID, "1614265330"), BODY),
                "webhook-signature has no v1",
            );
        }
        for time in ["now", "-1", "+1614265330", "1614265330.0", "99999999999999999999"] {
            malformed(
                ask(Scheme::Standard, &[SECRET], &headers(SIGNATURE, ID, time), BODY),
                "webhook-timestamp has no time",
            );
        }
        malformed(
            ask(Scheme::Standard, &[SECRET], &headers(SIGNATURE, "a.b", "1614265330"), BODY),
            "webhook-id has a full stop",
        );
    }
}

mod hmac_scheme {
    use super::*;

    const BODY: &str = r#"{"a":1}"#;

    fn header(secret: &str) -> String {
        format!("t={NOW},v1={}", hex(&sign(secret, &format!("{NOW}.{BODY}"))))
    }

    fn ask_with(header: &str, body: &str, now: i64) -> Result<Delivery, Refusal> {
        ask_at(Scheme::Hmac, &["s3cret"], &vec![("X-Gofer-Signature", header), ("X-Gofer-Event", "build")], body, now)
    }

    #[test]
    fn a_signature_of_time_and_body_fits() {
        let delivery = ask_with(&header("s3cret"), BODY, NOW).unwrap();
        assert_eq!(delivery, Delivery { key: digest(&format!("{NOW}.{BODY}")), kind: "build".to_owned() });
        let old = hex(&sign("old", &format!("{NOW}.{BODY}")));
        assert!(ask_with(&format!("v1={old}, {},v2=x", header("s3cret")), BODY, NOW).is_ok());
    }

    #[test]
    fn forged_stale_and_broken_ones_do_not() {
        assert_eq!(ask_with(&header("other"), BODY, NOW), Err(Refusal::WrongSignature));
        assert_eq!(ask_with(&header("s3cret"), r#"{"a":2}"#, NOW), Err(Refusal::WrongSignature));
        assert_eq!(ask_with(&header("s3cret").replace("0,v1", "1,v1"), BODY, NOW), Err(Refusal::WrongSignature));
        assert_eq!(ask_with(&header("s3cret"), BODY, NOW + 301), Err(Refusal::Stale { seconds: 301 }));
        assert_eq!(ask_with(&header("s3cret"), BODY, NOW - 301), Err(Refusal::Stale { seconds: -301 }));
        assert_eq!(ask_with("", BODY, NOW), Err(Refusal::MissingSignature { header: "X-Gofer-Signature" }));
        let signature = &header("s3cret")[13..];
        for broken in ["x", "t=1", signature, &header("s3cret")[..40], &"v1=0,".repeat(40)] {
            malformed(ask_with(broken, BODY, NOW), "isn't t=UNIX,v1=HEX");
        }
        malformed(ask_with(&format!("t=1,{}", header("s3cret")), BODY, NOW), "has t more than once");
        malformed(ask_with(&header("s3cret").replace("t=1", "t=-1"), BODY, NOW), "has no time in seconds");
    }
}

mod token {
    use super::*;

    #[test]
    fn a_bearer_of_the_secret_is_accepted() {
        let ask = |value: &str| ask(Scheme::Token, &["s3cret"], &vec![("Authorization", value)], "{}");
        assert_eq!(ask("Bearer s3cret").unwrap(), Delivery { key: digest("{}"), kind: "webhook".to_owned() });
        assert!(ask("bearer  s3cret").is_ok());
        assert_eq!(ask("Bearer s3cre"), Err(Refusal::WrongSignature));
        assert_eq!(ask(""), Err(Refusal::MissingSignature { header: "Authorization" }));
        malformed(ask("Basic s3cret"), "the header Authorization isn't Bearer and a token");
        malformed(ask("s3cret"), "the header Authorization isn't Bearer and a token");
    }

    #[test]
    fn events_are_known_by_their_key_or_body() {
        let headers =
            vec![("Authorization", "Bearer s"), ("Idempotency-Key", "order-7"), ("X-Gofer-Event", "order.paid")];
        let delivery = ask(Scheme::Token, &["s"], &headers, "{}").unwrap();
        assert_eq!(delivery, Delivery { key: "id:order-7".to_owned(), kind: "order.paid".to_owned() });
    }
}

#[test]
fn refusals_say_nothing_of_secrets_and_signatures() {
    let right = hex(&sign("s3cret", "1614265330.{}"));
    let header = format!("t={NOW},v1={}", hex(&sign("other", "1614265330.{}")));
    let headers =
        vec![("X-Gofer-Signature", header.as_str()), ("Authorization", "Bearer sent"), ("X-Gitlab-Token", "sent")];
    for scheme in Scheme::ALL {
        let refusal = ask(scheme, &["s3cret"], &headers, "{}").unwrap_err();
        for text in [refusal.to_string(), format!("{refusal:?}")] {
            assert!(!text.contains("s3cret") && !text.contains("sent") && !text.contains(&right[..8]), "{text}");
        }
    }
    let request = Request { headers: &[("Authorization", b"Bearer sent")], body: b"body", unix_seconds: 0 };
    assert!(!format!("{request:?}").contains("sent"));
}

#[test]
fn schemes_have_names() {
    for scheme in Scheme::ALL {
        assert_eq!(scheme.to_string().parse(), Ok(scheme));
    }
    let unknown = "GitHub".parse::<Scheme>().unwrap_err();
    assert_eq!(unknown.to_string(), "there is no such scheme; there are github, gitlab, standard, hmac and token");
}
