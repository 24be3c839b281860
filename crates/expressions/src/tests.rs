//! Programs and payloads that nobody would write: none of them may hurt.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Event, Program};

const EXPRESSIONS: [&str; 12] = [
    "event.kind == 'push' && payload.ref.startsWith('refs/heads/') && !(payload.?deleted.orValue(false))",
    "payload.commits.exists(c, c.added.exists(f, f.matches('^docs/[a-z]+\\\\.md$')))",
    "payload.commits.map(c, c.id.size() > 3, c.id.substring(0, 3) + '…').join(', ')",
    "{'a': [1, 2u, -3.5e2, 0x1F], \"b\": null, true: {}}",
    "payload.`a-b`[0][?1].?x.hasValue() ? 'y' : \"n\"",
    "timestamp('2026-11-27T16:00:00Z') + duration('1h30m') > event.time // late\n",
    "event.time.getHours('Europe/Berlin') in [8, 9, 10] || 'x' in {'x': 1}",
    "string(int('12') + 7 / 2 % 3 - -1) + '''a\n'b''' + r\"\\d\"",
    "payload.l.all(a, payload.l.all(b, payload.l.exists_one(c, a + b == c)))",
    "payload.ref.split('/')[2].replace('a', 'bb').upperAscii().trim().lastIndexOf('B')",
    "'\\u00e9\\U0001F600\\x41\\101\\n' + payload.name.lowerAscii()",
    "payload.l.filter(x, x % 2 == 0).size() * 2 >= 10 && has(payload.a.b)",
];

fn judge(filter: &str, payload: &Value) {
    if let Ok(program) = Program::new(filter, []) {
        let _ = program.judge(&Event { key: "k", kind: "push", unix_millis: 1_795_797_292_250, payload });
    }
    if let Ok(program) = Program::new("", [("V", filter)]) {
        let _ = program.judge(&Event { key: "k", kind: "push", unix_millis: i64::MIN, payload });
    }
}

#[test]
fn damaged_texts_hurt_nobody() {
    let payload = json!({
        "ref": "refs/heads/main", "name": "Grüße", "l": [1, 2, 3], "a": {"b": 1}, "a-b": [[0, {"x": 1}]],
        "commits": [{"id": "c0ffee", "added": ["docs/a.md"]}],
    });
    let valid: Vec<Vec<u8>> = EXPRESSIONS.iter().map(|text| text.as_bytes().to_vec()).collect();
    gofer_fuzz::fuzz("expression", &valid, |bytes| judge(&String::from_utf8_lossy(bytes), &payload));
}

#[test]
fn damaged_payloads_hurt_nobody() {
    let valid: Vec<Vec<u8>> = [
        json!({"ref": "refs/heads/main", "commits": [{"id": "c0ffee", "added": ["docs/a.md"]}], "deleted": false}),
        json!({"l": [1, 2.5, "3", null, -4, [5], {"six": 6}], "name": "é", "a": {"b": null}, "a-b": [[0, {"x": 1}]]}),
        json!([[[[["payload"]]]], 18_446_744_073_709_551_615_u64, -9_223_372_036_854_775_808_i64]),
    ]
    .iter()
    .map(|json| json.to_string().into_bytes())
    .collect();
    gofer_fuzz::fuzz("expression-payload", &valid, |bytes| {
        if let Ok(payload) = serde_json::from_slice(bytes) {
            EXPRESSIONS.iter().for_each(|text| judge(text, &payload));
        }
    });
}

/// Pieces of the language.
const PIECES: [&str; 69] = [
    "payload",
    "event",
    ".key",
    ".time",
    ".a",
    ".?b",
    "[0]",
    "[?'x']",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "?",
    "&&",
    "||",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "==",
    "<",
    ">=",
    " in ",
    "x",
    "x, ",
    ".map(x, ",
    ".all(x, ",
    ".exists(x, ",
    ".filter(x, ",
    "has(",
    ".size()",
    "size(",
    ".matches('a+b*')",
    ".matches('",
    ".contains('a')",
    ".split('a')",
    ".join('b')",
    ".substring(1)",
    ".replace('a', 'aa')",
    "int(",
    "string(",
    "timestamp(",
    "duration(",
    ".getHours('UTC')",
    ".orValue(",
    "1",
    "2u",
    "0.5",
    "1e9",
    "'a'",
    "\"b\"",
    "'",
    "\"\"\"",
    "r'\\",
    "\\",
    "`",
    "true",
    "null",
    "é",
    "\n",
    "//",
    " ",
    "9223372036854775807",
];

/// Some of them, put together at random.
fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.as_slice()), 1..40).prop_map(|pieces| pieces.concat())
}

fn payloads() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[abé\n ]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[abx]", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn pieces_put_together_hurt_nobody(text in pieces(), payload in payloads()) {
        judge(&text, &payload);
    }

    #[test]
    fn the_same_event_is_judged_the_same(text in pieces(), payload in payloads()) {
        if let Ok(program) = Program::new("", [("V", text.as_str())]) {
            let event = Event { key: "k", kind: "push", unix_millis: 0, payload: &payload };
            prop_assert_eq!(program.judge(&event), program.clone().judge(&event));
        }
    }
}
