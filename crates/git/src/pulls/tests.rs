//! Cursors, what follows from two looks, and answers that nobody should give.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use super::cursor::Head;
use super::listing::{Listing, Single};
use super::read::{self, PULL_BYTES_MAX};
use super::{Action, Api, Cursor, Repository, rest};
use crate::cursor::bytes_of;
use crate::{CURSOR_BYTES_MAX, Fault, Patterns};

fn repository(name: &str) -> Repository {
    Repository::new(Api::new("https://api.github.com").unwrap(), name).unwrap()
}

fn patterns(base: &[&str]) -> Patterns {
    Patterns::new(base.iter().copied(), []).unwrap()
}

fn empty() -> Cursor {
    Cursor::new(&repository("a/b"), &patterns(&["**"]))
}

fn id(digit: u64) -> String {
    format!("{digit:0<40x}")
}

fn pull(number: u64, state: &str, head: &str, base: &str) -> Value {
    let branch = |name: &str, id: &str| json!({ "ref": name, "sha": id, "repo": { "full_name": "a/b" } });
    json!({ "number": number, "state": state, "title": "x", "head": branch("topic", head), "base": branch(base, &id(7)) })
}

#[test]
fn an_api_is_at_an_address_that_nobody_can_listen_to() {
    for url in [
        "https://api.github.com",
        "https://github.example.com/api/v3/",
        "http://127.0.0.1:8080/api/v3",
        "http://localhost",
        "http://[::1]:80",
        "http://10.1.2.3",
        "http://192.168.0.9/api",
        "http://172.16.0.1",
        "http://[fd00::1]",
    ] {
        Api::new(url).unwrap();
    }
    for (url, part) in [
        ("", "must begin with https"),
        ("ftp://x", "must begin with https"),
        ("api.github.com", "must begin with https"),
        ("http://api.github.com", "use https"),
        ("http://127.0.0.1.example.com", "use https"),
        ("http://169.254.169.254", "use https"),
        ("http://8.8.8.8", "use https"),
        ("https://ada:s3cret@x", "has a password"),
        ("https://ada@x", "has a user"),
        ("https://x/?y", "has a ? or a #"),
        ("https://x/ y", "blanks"),
        ("https://", "can't be read"),
    ] {
        let why = Api::new(url).unwrap_err().to_string();
        assert!(why.contains(part) && !why.contains("s3cret"), "{url}: {why}");
    }
}

#[test]
fn a_repository_is_an_owner_and_a_name() {
    let at = |api: &str, name: &str| Repository::new(Api::new(api).unwrap(), name);
    let octo = at("https://x/api/v3/", "octocat/hello.world").unwrap().with_token("s3cret").unwrap();
    assert_eq!(format!("{octo}"), "https://x/api/v3/repos/octocat/hello.world");
    assert!(!format!("{octo:?}").contains("s3cret"));
    assert_eq!(octo.pull(7).as_str(), "https://x/api/v3/repos/octocat/hello.world/pulls/7");
    assert_eq!(
        octo.page(2).as_str(),
        "https://x/api/v3/repos/octocat/hello.world/pulls?state=open&sort=created&direction=asc&per_page=100&page=2"
    );
    for name in
        ["", "octocat", "/x", "x/", "a/b/c", "a/..", "./b", "a/b?c", "a b/c", "ä/b", &format!("a/{}", "x".repeat(101))]
    {
        assert!(matches!(at("https://x", name), Err(Fault::Invalid(_))), "{name}");
    }
    for token in ["", "a\nb", &"x".repeat(5000)] {
        assert!(at("https://x", "a/b").unwrap().with_token(token).is_err());
    }
    let other = octo.clone().with_token("another").unwrap();
    assert_ne!(octo.account(), other.account());
    assert_eq!(octo.account(), at("https://x", "c/d").unwrap().with_token("s3cret").unwrap().account());
}

#[test]
fn a_cursor_has_room_for_so_many() {
    let heads =
        |count: u64, step: u64| (1..=count).map(|n| (n * step, bytes_of::<5>(&id(n)))).collect::<BTreeMap<_, _>>();
    for (most, step) in [(681, 1), (681, 127), (583, 128), (583, 16_383)] {
        let full = empty().with(heads(most, step)).unwrap();
        let bytes = full.encode();
        assert!(bytes.len() <= CURSOR_BYTES_MAX && bytes.len() > CURSOR_BYTES_MAX - 7);
        assert_eq!(Cursor::decode(&bytes).unwrap(), full);
        let fault = empty().with(heads(most + 1, step)).unwrap_err().to_string();
        assert!(fault.contains("open pull requests match") && fault.contains("narrow the setting base"), "{fault}");
    }
}

#[test]
fn a_cursor_knows_what_it_is_of() {
    let cursor = Cursor::new(&repository("Octo/hello"), &patterns(&["main"]));
    assert!(cursor.is_for(&repository("octo/Hello"), &patterns(&["main"])), "names are the same in any case");
    assert!(!cursor.is_for(&repository("octo/other"), &patterns(&["main"])));
    assert!(!cursor.is_for(&repository("octo/hello"), &patterns(&["main", "next"])));
    let elsewhere = Repository::new(Api::new("https://x").unwrap(), "octo/hello").unwrap();
    assert!(!cursor.is_for(&elsewhere, &patterns(&["main"])));
}

#[test]
fn bytes_of_no_cursor_are_refused() {
    let valid = empty().with([(1, [1; 5]), (200, [2; 5]), (u64::MAX, [3; 5])].into()).unwrap().encode();
    assert!(Cursor::decode(&valid).is_ok());
    let entry = |distance: &[u8]| [&valid[..9], distance, &[9; 5]].concat();
    assert!(Cursor::decode(&entry(&[1])).is_ok());
    for wrong in
        [&[0][..], &[0x81, 0], &[0x80, 0x80], &[0xff; 10], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]]
    {
        assert!(Cursor::decode(&entry(wrong)).is_err(), "{wrong:?}");
    }
    gofer_fuzz::fuzz("pulls-cursor", &[valid], |bytes| {
        if let Ok(cursor) = Cursor::decode(bytes) {
            assert_eq!(cursor.encode(), bytes);
        }
    });
}

#[test]
fn damaged_answers_hurt_nobody() {
    let page =
        json!([pull(1, "open", &id(1), "main"), pull(2, "closed", &id(2), "main"), pull(3, "open", &id(3), "x")]);
    let valid = page.to_string().into_bytes();
    let base = patterns(&["main"]);
    let (cursor, mut listing) = (empty(), None);
    let listing = listing.get_or_insert(Listing::new(&cursor, &base, false, 100));
    assert_eq!(
        listing.add(&valid).unwrap(),
        (3, vec![(1, bytes_of(&id(1)))]),
        "closed ones and other bases don't count"
    );
    for wrong in
        [json!({}), json!([{}]), json!([pull(0, "open", &id(1), "main")]), json!([pull(1, "open", "x", "main")])]
    {
        assert!(matches!(read::page(wrong.to_string().as_bytes()), Err(Fault::Protocol(_))), "{wrong}");
    }
    gofer_fuzz::fuzz("pulls-page", &[valid, pull(1, "open", &id(1), "main").to_string().into_bytes()], |bytes| {
        let _ = Listing::new(&cursor, &base, false, 100).add(bytes);
        let _ = read::one(bytes);
    });
}

#[test]
fn a_long_pull_request_loses_what_nobody_needs() {
    let mut long = pull(1, "open", &id(1), "main");
    long["body"] = "ü".repeat(60_000).into();
    assert_eq!(read::shortened(long.clone()), long);
    long["_links"] = json!({ "self": { "href": "https://x" } });
    long["html_url"] = "https://x/1".into();
    long["head"]["repo"]["clone_url"] = "https://x/a.git".into();
    long["head"]["repo"]["tags_url"] = "https://x/tags".into();
    long["body"] = "ü".repeat(PULL_BYTES_MAX).into();
    let short = read::shortened(long);
    assert!(short.to_string().len() < PULL_BYTES_MAX);
    assert_eq!(short["body"].as_str().unwrap().chars().count(), 16 * 1024);
    assert_eq!(
        (&short["html_url"], &short["head"]["repo"]["clone_url"]),
        (&"https://x/1".into(), &"https://x/a.git".into())
    );
    assert!(short.get("_links").is_none() && short["head"]["repo"].get("tags_url").is_none());
}

#[test]
fn a_service_is_left_alone_for_as_long_as_it_asks() {
    let headers = |given: &[(&str, &str)]| {
        given
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect::<HeaderMap>()
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let asked = |given: &[(&str, &str)]| rest::asked_for(&headers(given), 1000);
    assert_eq!(asked(&[]), None);
    assert_eq!(asked(&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "1300")]), None);
    assert_eq!(asked(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1300")]), seconds(301));
    assert_eq!(asked(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "900")]), seconds(1), "clocks differ");
    assert_eq!(asked(&[("x-ratelimit-remaining", "0")]), seconds(60));
    assert_eq!(asked(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "99999999")]), seconds(3660));
    assert_eq!(
        asked(&[("retry-after", "30"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1300")]),
        seconds(30)
    );

    let refused = |status: u16, said: &str, given: &[(&str, &str)]| {
        rest::refused(StatusCode::from_u16(status).unwrap(), &headers(given), said, 1000)
    };
    assert_eq!(refused(403, "You have exceeded a secondary rate limit", &[]), seconds(60));
    assert_eq!(
        refused(403, "API rate limit exceeded", &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1009")]),
        seconds(10)
    );
    assert_eq!(
        refused(403, "Resource not accessible by personal access token", &[("x-ratelimit-remaining", "7")]),
        None
    );
    assert_eq!(refused(403, "", &[("retry-after", "5")]), seconds(5));
    assert_eq!(refused(429, "", &[]), seconds(60));
    assert_eq!(refused(503, "", &[("retry-after", "9")]), seconds(9));
    assert_eq!(refused(500, "", &[]), None);
    assert_eq!(refused(401, "Bad credentials", &[("retry-after", "9")]), None);
}

#[test]
fn more_changes_than_one_look_tells_wait_for_the_next() {
    let base = patterns(&["**"]);
    let before = empty().with((1..=20).map(|number| (number, bytes_of(&id(number)))).collect()).unwrap();
    // 1 to 15 are gone, 16 to 20 were pushed to, 21 to 30 are new; three are told, and five asked for.
    let page: Vec<Value> = (16..=30).map(|number| pull(number, "open", &id(number + 100), "main")).collect();
    let (mut cursor, mut told, mut looks) = (before, Vec::new(), 0);
    loop {
        let mut listing = Listing::new(&cursor, &base, false, 3);
        listing.add(json!(page).to_string().as_bytes()).unwrap();
        let gone = listing.gone().into_iter().take(5);
        let single =
            |number| Some(read::one(pull(number, "closed", &id(number), "main").to_string().as_bytes()).unwrap());
        let (changes, after, is_all) = listing.changes(gone.map(|number| (number, single(number))).collect()).unwrap();
        let numbers: Vec<u64> = changes.iter().map(|change| change.number).collect();
        assert!(numbers.is_sorted() && changes.iter().all(|change| !change.pull.is_null()), "{numbers:?}");
        told.extend(changes.iter().map(|change| (change.number, change.action)));
        (cursor, looks) = (after, looks + 1);
        if is_all {
            break;
        }
    }
    assert_eq!((told.len(), looks), (30, 5));
    told.sort();
    let expected = (1..=15).map(|number| (number, Action::Closed));
    let expected = expected.chain((16..=20).map(|number| (number, Action::Synchronize)));
    assert_eq!(told, expected.chain((21..=30).map(|number| (number, Action::Opened))).collect::<Vec<_>>());
}

#[test]
fn those_that_are_new_wait_for_the_room_of_those_that_are_gone() {
    let base = patterns(&["**"]);
    let heads = |range: std::ops::RangeInclusive<u64>| range.map(|number| (number, bytes_of(&id(number)))).collect();
    let before = empty().with(heads(1..=600)).unwrap();
    let page: Vec<Value> = (601..=700).map(|number| pull(number, "open", &id(number), "main")).collect();
    let mut listing = Listing::new(&before, &base, false, 200);
    listing.add(json!(page).to_string().as_bytes()).unwrap();
    let single =
        |number| (number, Some(read::one(pull(number, "closed", &id(number), "main").to_string().as_bytes()).unwrap()));
    let (changes, cursor, is_all) = listing.changes((1..=10).map(single).collect()).unwrap();
    assert!(changes.len() == 10 && changes.iter().all(|change| change.action == Action::Closed) && !is_all);
    assert_eq!(cursor, before.with(heads(11..=600)).unwrap());
}

/// What is true of a pull request at some moment.
#[derive(Clone, Debug, PartialEq)]
struct Truth {
    is_open: bool,
    head: u64,
    is_main: bool,
}

type Moment = BTreeMap<u64, Truth>;

fn json_of(number: u64, truth: &Truth) -> Value {
    let (state, base) = (if truth.is_open { "open" } else { "closed" }, if truth.is_main { "main" } else { "side" });
    pull(number, state, &id(truth.head), base)
}

fn moments() -> impl Strategy<Value = Vec<Moment>> {
    let truth = (any::<bool>(), 1..4u64, prop::bool::weighted(0.9));
    let truth = truth.prop_map(|(is_open, head, is_main)| Truth { is_open, head, is_main });
    prop::collection::vec(prop::collection::btree_map(1..9u64, truth, 0..8), 3..20)
}

/// A look while the truth changes: of each that is listed it is drawn from which moment, how often, and where.
fn look(before: &Cursor, at: [&Moment; 3], dice: &[u8], is_first: bool) -> (Vec<super::Change>, Cursor) {
    let base = patterns(&["main"]);
    let mut dice = dice.iter().copied().cycle();
    let mut listed = Vec::new();
    for moment in &at[..2] {
        for (number, truth) in moment.iter().filter(|(_, truth)| truth.is_open) {
            if dice.next().unwrap_or_default() % 3 > 0 {
                listed.push(json_of(*number, truth));
            }
        }
    }
    let mut listing = Listing::new(before, &base, is_first, 200);
    for page in listed.chunks(3) {
        listing.add(json!(page).to_string().as_bytes()).unwrap();
    }
    let single = |number| -> (u64, Single) {
        (number, at[2].get(&number).map(|truth| read::one(json_of(number, truth).to_string().as_bytes()).unwrap()))
    };
    let singles = listing.gone().into_iter().map(single).collect();
    let (changes, cursor, is_all) = listing.changes(singles).unwrap();
    assert!(is_all);
    (changes, cursor)
}

fn open(moment: &Moment) -> BTreeMap<u64, Head> {
    let open = moment.iter().filter(|(_, truth)| truth.is_open && truth.is_main);
    open.map(|(number, truth)| (*number, bytes_of(&id(truth.head)))).collect()
}

proptest! {
    #[test]
    fn events_lead_to_what_is_true_whatever_a_list_leaves_out(moments in moments(), dice in prop::collection::vec(any::<u8>(), 1..50)) {
        let base = patterns(&["main"]);
        let mut cursor = Cursor::new(&repository("a/b"), &base);
        for (place, window) in moments.windows(3).enumerate() {
            let at = [&window[0], &window[1], &window[2]];
            let (changes, after) = look(&cursor, at, &dice, place == 0);
            if place > 0 {
                let mut model = cursor.heads().clone();
                for change in &changes {
                    let head = bytes_of(&change.head);
                    match change.action {
                        Action::Opened => prop_assert_eq!(model.insert(change.number, head), None),
                        Action::Synchronize => {
                            let old = model.insert(change.number, head);
                            prop_assert!(old.is_some() && old != Some(head));
                            prop_assert_eq!(old.map(|old| crate::cursor::digits_of(&old)), change.before());
                        }
                        Action::Closed => {
                            prop_assert!(model.remove(&change.number).is_some());
                            prop_assert!(!at[2][&change.number].is_open, "a false closed");
                        }
                    }
                    prop_assert_eq!(change.pull["number"].as_u64(), Some(change.number));
                    prop_assert_eq!(change.pull["head"]["sha"].as_str(), Some(change.head.as_str()));
                }
                // What is of another branch now, or can't be seen any more, goes without a word.
                let silent = |number: &u64| at[2].get(number).is_none_or(|truth| truth.is_open && !truth.is_main);
                model.retain(|number, _| after.head(*number).is_some() || !silent(number));
                prop_assert_eq!(&model, after.heads());
                // Told of in parts, each part begins where the one before has ended.
                for told in 0..=changes.len() {
                    let part = Cursor::decode(&after.without(&changes[told..]).encode()).unwrap();
                    for change in &changes[told..] {
                        prop_assert_eq!(part.head(change.number), change.old);
                    }
                    prop_assert!(part.encode().len() <= cursor.encode().len().max(after.encode().len()));
                }
            }
            cursor = after;
        }
        // Nothing happens any more: one look knows all, and the next sees nothing.
        let last = &moments[moments.len() - 1];
        let (_, known) = look(&cursor, [last; 3], &[1], false);
        prop_assert_eq!(known.heads(), &open(last));
        let (changes, _) = look(&known, [last; 3], &dice, false);
        prop_assert_eq!(changes, vec![]);
    }
}
