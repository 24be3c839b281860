//! Addresses, patterns, cursors, and answers that nobody should give.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::collected::Collected;
use crate::packets::Packets;
use crate::protocol::{self, Greeting};
use crate::{CURSOR_BYTES_MAX, CURSOR_REFERENCES_MAX, Cursor, Fault, Kind, Patterns, Remote, changes};

fn references(names: impl IntoIterator<Item = String>) -> BTreeMap<String, String> {
    names.into_iter().map(|name| (name.clone(), format!("{:040x}", name.len() * 7919))).collect()
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<String, String>, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut packets = Packets::new(bytes, 1 << 20);
        let mut collected = Collected::new(100);
        if let Greeting::Version2(_) = protocol::greeting(&mut packets, &mut collected).await? {
            protocol::answer(&mut packets, &mut collected).await?;
        }
        Ok(collected.into_references())
    })
}

fn lines(lines: &[&str]) -> Vec<u8> {
    let packet =
        |line: &&str| if line.is_empty() { "0000".to_owned() } else { format!("{:04x}{line}\n", line.len() + 5) };
    lines.iter().map(packet).collect::<String>().into_bytes()
}

const ID: &str = "1234567890123456789012345678901234567890";

#[test]
fn damaged_answers_hurt_nobody() {
    let (first, peeled) = (format!("{ID} HEAD\0multi_ack agent=git/2"), format!("{ID} refs/tags/v1^{{}}"));
    let (branch, tag) = (format!("{ID} refs/heads/main"), format!("{ID} refs/tags/v1"));
    let both = format!("{tag} peeled:{ID} symref-target:x");
    let valid = [
        lines(&["# service=git-upload-pack", "", &first, &branch, &tag, &peeled, ""]),
        lines(&[
            "version 2",
            "agent=git/2",
            "ls-refs=unborn",
            "object-format=sha1",
            "",
            &branch,
            &both,
            "unborn HEAD",
            "",
        ]),
        lines(&["version 1", &first, &branch, ""]),
        lines(&["ERR access denied"]),
    ];
    assert_eq!(parse(&valid[0]).unwrap().len(), 2);
    assert_eq!(parse(&valid[1]).unwrap().len(), 2);
    assert_eq!(parse(&valid[2]).unwrap().len(), 1);
    gofer_fuzz::fuzz("git-answer", &valid, |bytes| {
        if let Ok(references) = parse(bytes) {
            assert!(references.keys().all(|name| Kind::of(name).is_some()));
        }
    });
}

#[test]
fn references_that_are_none_are_refused() {
    let answer = |line: &str| parse(&lines(&["version 2", "ls-refs", "", line, ""]));
    for line in ["x", "1234 refs/heads/a", &format!("{} refs/heads/a", ID.replace('1', "g"))] {
        assert!(matches!(answer(line), Err(Fault::Protocol(_))), "{line}");
    }
    assert!(matches!(answer(&format!("{ID} refs/heads/a\u{7}b")), Err(Fault::Protocol(_))));
    assert!(matches!(answer(&format!("{ID} refs/heads/{}", "a".repeat(1020))), Err(Fault::TooMuch(_))));
    assert!(answer(&format!("{ID} refs/pull/1/head")).unwrap().is_empty());
    assert!(
        matches!(parse(&lines(&["version 2", "fetch", ""])), Err(Fault::Protocol(why)) if why.contains("can't list"))
    );
    assert!(matches!(parse(&lines(&["version 2", "ls-refs", "object-format=md5"])), Err(Fault::Protocol(_))));
}

#[test]
fn addresses_are_of_known_kinds() {
    for url in [
        "https://github.com/acme/shop.git",
        "http://10.0.0.1:3000/shop",
        "ssh://git@example.com:2222/~ada/shop.git",
        "ssh://[::1]/shop.git",
        "git@github.com:acme/shop.git",
        "example.com:shop.git",
    ] {
        assert_eq!(Remote::new(url, false).unwrap().to_string(), url);
    }
    for url in ["/srv/shop.git", "file:///srv/shop.git", "file://localhost/srv/shop.git"] {
        assert!(Remote::new(url, true).is_ok(), "{url}");
        let why = Remote::new(url, false).unwrap_err().to_string();
        assert!(why.contains("not allowed here"), "{url}: {why}");
    }
}

#[test]
fn addresses_that_might_be_something_else_are_refused() {
    for (url, part) in [
        ("", "must begin with"),
        ("shop.git", "must begin with"),
        ("./a:b", "must begin with"),
        ("git://example.com/shop.git", "must begin with"),
        ("ext::sh -c true", "blanks"),
        ("ext::sh", "no path of a repository"),
        ("javascript://x", "must begin with"),
        ("https://ada:s3cret@example.com/shop.git", "has a password"),
        ("https://ada@example.com/shop.git", "has a user"),
        ("ssh://git:s3cret@example.com/shop.git", "has a password"),
        ("https://example.com/shop.git?x=1", "has a ? or a #"),
        ("https://example.com/shop.git#main", "has a ? or a #"),
        ("https://", "can't be read"),
        ("https://example.com/a b", "blanks"),
        ("https://example.com/a\nb", "blanks"),
        ("ssh://-oProxyCommand=touch/x", "no host"),
        ("-oProxyCommand=x:y", "no host"),
        ("git@-oProxyCommand:y", "no host"),
        ("git@example.com:-x", "no path"),
        ("git@example.com:", "no path"),
        ("ssh://example.com", "no path"),
        ("ssh://example.com/%0Ax", "no path"),
        ("git;reboot@example.com:x", "no host"),
        ("file://example.com/x", "another machine"),
    ] {
        let why = Remote::new(url, true).unwrap_err().to_string();
        assert!(why.contains(part), "{url}: {why}");
        assert!(!why.contains("s3cret"), "{why}");
    }
    assert!(Remote::new(&format!("https://example.com/{}", "x".repeat(2048)), true).is_err());
}

#[test]
fn tokens_go_where_nobody_else_reads_them() {
    let with = |url: &str, user, token: &str| Remote::new(url, true).unwrap().with_token(user, token);
    assert!(with("https://example.com/x", Some("ada"), "s3cret").is_ok());
    for host in ["127.0.0.1:80", "[::1]", "localhost:3000"] {
        assert!(with(&format!("http://{host}/x"), None, "s3cret").is_ok(), "{host}");
    }
    for url in ["http://example.com/x", "http://127.0.0.1.example.com/x", "git@example.com:x", "/srv/x"] {
        let why = with(url, None, "s3cret").unwrap_err().to_string();
        assert!(why.contains("a token goes") && !why.contains("s3cret"), "{url}: {why}");
    }
    for (user, token) in
        [(None, ""), (None, "a\nb"), (Some("a:b"), "x"), (Some("a\rb"), "x"), (None, &*"x".repeat(5000))]
    {
        assert!(with("https://example.com/x", user, token).is_err());
    }
    let remote = with("https://example.com/x", Some("ada"), "s3cret").unwrap();
    assert_eq!(format!("{remote} {remote:?}"), "https://example.com/x Remote(\"https://example.com/x\")");
}

#[test]
fn patterns_match_names() {
    let matches = |pattern: &str, name: &str| Patterns::new([pattern], []).unwrap().matches(Kind::Branch, name);
    for (pattern, name, expected) in [
        ("main", "main", true),
        ("main", "main2", false),
        ("main", "amain", false),
        ("*", "main", true),
        ("*", "feature/one", false),
        ("**", "feature/one", true),
        ("release/*", "release/1", true),
        ("release/*", "release/1/x", false),
        ("release/**", "release/1/x", true),
        ("release/**", "release", false),
        ("v?.?", "v1.2", true),
        ("v?.?", "v1/2", false),
        ("v1.*", "v1x2", false),
        ("[ab]+(c)|d^$", "[ab]+(c)|d^$", true),
        ("größe-*", "größe-ü", true),
        ("a***b", "a/x/b", true),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
    }
    let none = Patterns::new([], ["v*"]).unwrap();
    assert!(!none.matches(Kind::Branch, "v1") && none.matches(Kind::Tag, "v1"));
}

#[test]
fn patterns_have_limits() {
    let many = vec!["x"; 51];
    assert!(Patterns::new(many[..50].iter().copied(), []).is_ok());
    assert!(Patterns::new([], many.iter().copied()).unwrap_err().to_string().contains("more than 50 patterns of tags"));
    for pattern in ["", "a\nb", &*"x".repeat(257)] {
        assert!(Patterns::new([pattern], []).is_err());
    }
    let heavy: Vec<String> = (0..50).map(|index| format!("{index}{}", "?*".repeat(127))).collect();
    let why = Patterns::new(heavy.iter().map(String::as_str), []).unwrap_err().to_string();
    assert!(why.contains("too much together"), "{why}");
}

#[test]
fn a_cursor_has_room_for_so_many() {
    let all = Patterns::new(["**"], []).unwrap();
    let names = |count: usize| references((0..count).map(|index| format!("refs/heads/b{index}")));
    let full = Cursor::of(&names(CURSOR_REFERENCES_MAX), &all).unwrap();
    let bytes = full.encode();
    assert!(bytes.len() <= CURSOR_BYTES_MAX && CURSOR_REFERENCES_MAX >= 200);
    assert_eq!(Cursor::decode(&bytes).unwrap(), full);
    let fault = Cursor::of(&names(CURSOR_REFERENCES_MAX + 1), &all).unwrap_err();
    assert!(
        fault.to_string().contains("228 branches and tags match, and 227 is the limit; narrow the patterns"),
        "{fault}"
    );
    // What doesn't match needs no room.
    let main = Patterns::new(["b1"], []).unwrap();
    assert_eq!(Cursor::of(&names(5000), &main).unwrap().encode().len(), 27);
}

#[test]
fn a_cursor_knows_its_patterns() {
    let patterns = |branches: &[&'static str], tags: &[&'static str]| {
        Patterns::new(branches.iter().copied(), tags.iter().copied()).unwrap()
    };
    let cursor = Cursor::of(&BTreeMap::new(), &patterns(&["a", "b"], &["c"])).unwrap();
    assert!(cursor.is_for(&patterns(&["a", "b"], &["c"])));
    for other in [
        patterns(&["a"], &["b", "c"]),
        patterns(&["ab"], &["c"]),
        patterns(&["a", "b"], &[]),
        patterns(&[], &["a", "b", "c"]),
    ] {
        assert!(!cursor.is_for(&other));
    }
}

#[test]
fn bytes_of_no_cursor_are_refused() {
    let all = Patterns::new(["**"], ["**"]).unwrap();
    let valid = Cursor::of(&references(["refs/heads/a".to_owned(), "refs/tags/b".to_owned()]), &all).unwrap().encode();
    for end in 0..valid.len() {
        assert_eq!(Cursor::decode(&valid[..end]).is_ok(), end == 9 || end == 27, "{end}");
    }
    let mut newer = valid.clone();
    newer[0] = 2;
    assert!(matches!(Cursor::decode(&newer), Err(Fault::Invalid(_))));
    gofer_fuzz::fuzz("git-cursor", &[valid], |bytes| {
        if let Ok(cursor) = Cursor::decode(bytes) {
            assert_eq!(cursor.encode(), bytes);
        }
    });
}

fn looks() -> impl Strategy<Value = BTreeMap<String, String>> {
    let name =
        prop::sample::select(vec!["refs/heads/a", "refs/heads/b/c", "refs/heads/main", "refs/tags/v1", "refs/pull/1"]);
    prop::collection::btree_map(name.prop_map(str::to_owned), "[0-9a-f]{40}", 0..5)
}

proptest! {
    #[test]
    fn cursors_say_what_looks_say(before in looks(), after in looks()) {
        let patterns = Patterns::new(["*", "b/*"], ["v*"]).unwrap();
        let expected: Vec<(String, Option<String>, Option<String>)> = changes(&before, &after, &patterns)
            .into_iter()
            .filter(|change| change.new.is_some())
            .map(|change| (change.reference, change.old.map(|old| old[..20].to_owned()), change.new))
            .collect();
        let cursor = Cursor::decode(&Cursor::of(&before, &patterns).unwrap().encode()).unwrap();
        let seen = cursor.changes(&after, &patterns);
        let seen: Vec<_> = seen.into_iter().map(|change| (change.reference, change.old, change.new)).collect();
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn changes_lead_from_one_look_to_the_next(before in looks(), after in looks()) {
        let patterns = Patterns::new(["**"], ["**"]).unwrap();
        let mut led = before.clone();
        for change in changes(&before, &after, &patterns) {
            prop_assert_eq!(led.get(&change.reference), change.old.as_ref());
            match change.new {
                Some(new) => led.insert(change.reference, new),
                None => led.remove(&change.reference),
            };
        }
        let seen = |look: &BTreeMap<String, String>| look.iter().filter(|(name, _)| Kind::of(name).is_some()).map(|(n, o)| (n.clone(), o.clone())).collect::<Vec<_>>();
        prop_assert_eq!(seen(&led), seen(&after));
    }
}
