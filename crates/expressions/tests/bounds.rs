//! What an event may cost, whatever the program and whatever the payload.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::{Duration, Instant};

use gofer_expressions::{Event, Outcome, PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX, Program, VALUE_BYTES_MAX};
use serde_json::{Value, json};

const EXHAUSTED: &str = "takes more than the 1000000 units of work";

fn judge(program: &Program, payload: &Value) -> Outcome {
    program.judge(&Event { key: "k", kind: "push", unix_millis: 0, payload })
}

fn why(filter: &str, payload: &Value) -> String {
    match judge(&Program::new(filter, []).unwrap(), payload) {
        Outcome::Malformed(why) => why,
        other => panic!("{filter}: {other:?}"),
    }
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| Value::Array(vec![inner]))
}

/// Takes a value apart without recursion, as its own way would overflow the stack.
fn take_apart(mut value: Value) {
    while let Value::Array(list) = &mut value {
        value = list.pop().unwrap_or_default();
    }
}

#[test]
fn a_payload_has_a_length() {
    let text = |bytes: usize| json!("x".repeat(bytes - 2));
    let program = Program::new("", []).unwrap();
    assert_eq!(judge(&program, &text(PAYLOAD_BYTES_MAX)), Outcome::Fire([].into()));
    let too_long =
        Outcome::Malformed("the payload is longer than 262144 bytes; have its sender leave something out".to_owned());
    assert_eq!(judge(&program, &text(PAYLOAD_BYTES_MAX + 1)), too_long);
    // What is escaped counts as it is written.
    assert_eq!(judge(&program, &json!("\n".repeat(PAYLOAD_BYTES_MAX / 2))), too_long);
    assert_eq!(judge(&program, &json!(vec![0; 4 * PAYLOAD_BYTES_MAX])), too_long);
    assert_eq!(judge(&program, &json!(vec![0; PAYLOAD_BYTES_MAX / 2 - 1])), Outcome::Fire([].into()));
}

#[test]
fn a_payload_has_a_depth() {
    let program = Program::new("", [("P", "payload")]).unwrap();
    assert!(matches!(judge(&program, &nested(PAYLOAD_DEPTH_MAX)), Outcome::Fire(_)));
    for depth in [PAYLOAD_DEPTH_MAX + 1, 200_000] {
        let payload = nested(depth);
        let why = "the payload has lists or maps in one another deeper than 128".to_owned();
        assert_eq!(judge(&program, &payload), Outcome::Malformed(why));
        take_apart(payload);
    }
}

#[test]
fn variables_have_lengths() {
    let text = |bytes: usize| json!({"t": "x".repeat(bytes), "l": ["y".repeat(bytes)], "m": {"k".repeat(bytes): 1}});
    let outcome = |expression: &str, payload: &Value| judge(&Program::new("", [("V", expression)]).unwrap(), payload);
    assert!(matches!(outcome("payload.t", &text(VALUE_BYTES_MAX)), Outcome::Fire(_)));
    assert!(matches!(outcome("payload.l", &text(VALUE_BYTES_MAX - 4)), Outcome::Fire(_)));
    let why = "expressions.V: gives a value of more than 4096 bytes, which is the limit";
    for (expression, bytes) in [
        ("payload.t", VALUE_BYTES_MAX + 1),
        ("payload.l", VALUE_BYTES_MAX - 3),
        ("payload.m", 5000),
        ("payload.l", 5000),
    ] {
        assert_eq!(outcome(expression, &text(bytes)), Outcome::Malformed(why.to_owned()), "{expression}");
    }
    let names: Vec<String> = (10..27).map(|index| format!("V{index}")).collect();
    let all =
        |count: usize| Program::new("", names.iter().take(count).map(|name| (name.as_str(), "payload.t"))).unwrap();
    assert!(matches!(judge(&all(16), &text(VALUE_BYTES_MAX)), Outcome::Fire(_)));
    let why = "expressions.V26: the values up to this one have more than 65536 bytes together";
    assert_eq!(judge(&all(17), &text(VALUE_BYTES_MAX)), Outcome::Malformed(why.to_owned()));
}

#[test]
fn work_is_shared_by_the_expressions_and_never_forgiven() {
    let payload = json!({"list": vec![1; 4000]});
    let cubic = "payload.list.all(a, payload.list.all(b, payload.list.all(c, a + b + c == 3)))";
    assert!(why(cubic, &payload).contains(EXHAUSTED));
    // What is short of work isn't an error that another side can make up for.
    assert!(why(&format!("{cubic} || true"), &payload).contains(EXHAUSTED));
    assert!(
        why("payload.list.exists(x, payload.list.all(y, payload.list.all(z, z == y)) || true)", &payload)
            .contains(EXHAUSTED)
    );
    let names: Vec<String> = (0..100).map(|index| format!("V{index:02}")).collect();
    let program =
        Program::new("", names.iter().map(|name| (name.as_str(), "payload.list.filter(x, x > 0).size()"))).unwrap();
    let Outcome::Malformed(why) = judge(&program, &payload) else { panic!("a hundred times are too much") };
    assert!(why.starts_with("expressions.V") && why.contains(EXHAUSTED), "{why}");
    assert!(matches!(judge(&Program::new("payload.list.size() == 4000", []).unwrap(), &payload), Outcome::Fire(_)));
}

#[test]
fn texts_that_are_made_have_a_length() {
    let payload = json!({"text": "a".repeat(200_000)});
    for filter in [
        "(payload.text + payload.text).size() > 0",
        "payload.text.replace('a', payload.text).size() > 0",
        "[payload.text, payload.text].join().size() > 0",
        "['a', 'b'].join(payload.text + payload.text).size() > 0",
    ] {
        let why = why(filter, &payload);
        assert!(why.contains("and 262144 is the limit"), "{filter}: {why}");
    }
}

/// Programs and payloads that were made to take as long as possible. In release they take less than 100 ms each on a
/// processor of its own; the test is for what is beyond all proportion, as it may share one with much else.
#[test]
fn no_program_takes_long() {
    let numbers = json!({"l": vec![0; 130_000]});
    let pairs = json!({"l": (0..20_000).map(|index| json!({"k": index})).collect::<Vec<_>>()});
    let keys: serde_json::Map<String, Value> = (0..20_000).map(|index| (format!("key{index:05}"), json!(0))).collect();
    let keys = json!({ "l": keys });
    let text = json!({"t": "ab".repeat(130_000)});
    let words = json!({"l": vec!["abcdefghijkl"; 17_000]});
    let random: String =
        (0..250_000_u32).map(|at| if (at.wrapping_mul(2_654_435_761) >> 13) & 1 == 0 { 'a' } else { 'b' }).collect();
    let random = json!({ "xs": random[..7_500], "s": random[..30_000], "t": random[..190_000] });
    let cases: [(&str, String, &Value); 24] = [
        ("equal lists", vec!["payload == payload"; 180].join(" && "), &numbers),
        ("equal maps", vec!["payload == payload"; 180].join(" && "), &pairs),
        ("equal large map", vec!["payload == payload"; 180].join(" && "), &keys),
        ("in", "payload.l.all(x, !(1 in payload.l))".to_owned(), &numbers),
        ("map of map", "payload.l.map(a, payload.l.map(b, [a, b])).size() > 0".to_owned(), &pairs),
        ("long map", "payload.l.map(a, {'k': [a], 'j': a}).size() > 0".to_owned(), &pairs),
        ("chained lists", format!("({}).size() > 0", vec!["payload.l"; 40].join(" + ")), &numbers),
        ("keys", "payload.l.all(k, payload.l[k] == 0)".to_owned(), &keys),
        ("errors", "payload.l.exists(k, k.x.y == 1 || k.z || k > 'x')".to_owned(), &numbers),
        ("deep errors", "payload.l.exists(a, payload.l.exists(b, a.x || b.x))".to_owned(), &pairs),
        ("concatenation", "payload.l.map(a, a + a + a + a).size() > 0".to_owned(), &words),
        (
            "replace",
            vec!["payload.t.replace('b', 'cc').size() > 0"; 40].join(" && "),
            &json!({"t": "ab".repeat(60_000)}),
        ),
        ("replace much", vec!["payload.t.replace('b', '').size() > 0"; 40].join(" && "), &text),
        ("split", vec!["payload.t.split('b').size() > 0"; 40].join(" && "), &text),
        ("contains", vec!["!payload.t.contains('bbbbbbbbbbbbbbbbbbbbbbba')"; 60].join(" && "), &random),
        ("index", vec!["payload.t.lastIndexOf('aab') > 0"; 60].join(" && "), &random),
        ("case", vec!["payload.t.upperAscii() != ''"; 60].join(" && "), &text),
        ("zones", "payload.l.all(x, event.time.getHours('Europe/Berlin') >= 0)".to_owned(), &numbers),
        (
            "times",
            "payload.l.all(x, timestamp('2026-11-27T16:00:00.123456789+01:00') > event.time)".to_owned(),
            &numbers,
        ),
        ("regex", "!payload.s.matches('[ab]*a[ab]{400}x')".to_owned(), &random),
        ("larger regex", "!payload.xs.matches('[ab]*a[ab]{1500}x')".to_owned(), &random),
        ("regex of letters", "!payload.xs.matches('(\\\\pL|x){3}y')".to_owned(), &random),
        ("regex of words", "!payload.xs.matches('^\\\\w+@\\\\w+$')".to_owned(), &random),
        ("small regexes", "payload.l.all(x, !x.matches('(a|ab|b)*c$'))".to_owned(), &words),
    ];
    for (name, filter, payload) in cases {
        let program = Program::new(&filter, []).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let begin = Instant::now();
        let outcome = judge(&program, payload);
        let took = begin.elapsed();
        let ended = match outcome {
            Outcome::Malformed(why) if why.contains(EXHAUSTED) => "exhausted",
            Outcome::Malformed(why) => panic!("{name}: {why}"),
            _ => "judged",
        };
        println!("{name}: {ended} in {took:?}");
        assert!(took < Duration::from_secs(20), "{name} took {took:?}");
    }
}
