//! What expressions give, in tables of expression and result.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use gofer_expressions::{Event, Outcome, Program};
use serde_json::{Value, json};

/// 2026-11-27T16:34:52.250Z, a Friday.
const TIME: i64 = 1_795_797_292_250;

fn payload() -> Value {
    json!({
        "ref": "refs/heads/main",
        "count": 3,
        "negative": -7,
        "large": u64::MAX,
        "ratio": 1.5,
        "one": 1.0,
        "yes": true,
        "nothing": null,
        "name": "Grüße",
        "list": [1, 2, 3],
        "mixed": [1, "a", null, {"b": [true]}],
        "labels": ["bug", "ci", "urgent"],
        "commits": [
            {"id": "c1", "message": "Fix the build", "added": ["src/a.rs"], "author": {"name": "Ada"}},
            {"id": "c2", "message": "Docs", "added": ["docs/b.md", "docs/c.md"], "author": {"name": "Bob"}},
        ],
        "map": {"a-b": 1, "z": 2},
        "empty": [],
        "at": "2026-11-27T17:00:00+01:00",
    })
}

fn judge(program: &Program, payload: &Value) -> Outcome {
    program.judge(&Event { key: "key-1", kind: "push", unix_millis: TIME, payload })
}

/// What a variable with this expression gets, or why it gets nothing.
fn gives(expression: &str) -> String {
    let program = Program::new("", [("V", expression)]).unwrap_or_else(|fault| panic!("{expression}: {fault}"));
    match judge(&program, &payload()) {
        Outcome::Fire(mut variables) => variables.remove("V").unwrap(),
        Outcome::Malformed(why) => why.strip_prefix("expressions.V: ").unwrap().to_owned(),
        Outcome::Filtered => panic!("there is no filter"),
    }
}

fn check(table: &[(&str, &str)]) {
    for (expression, expected) in table {
        assert_eq!(gives(expression), *expected, "{expression}");
    }
}

#[test]
fn values_become_text() {
    check(&[
        ("payload.ref", "refs/heads/main"),
        ("payload.name", "Grüße"),
        ("payload.count", "3"),
        ("payload.negative", "-7"),
        ("payload.large", "18446744073709551615"),
        ("payload.ratio", "1.5"),
        ("payload.one", "1"),
        ("1e21", "1000000000000000000000"),
        ("payload.yes", "true"),
        ("payload.list", "[1,2,3]"),
        ("payload.mixed", r#"[1,"a",null,{"b":[true]}]"#),
        ("payload.map", r#"{"a-b":1,"z":2}"#),
        ("{'k': [payload.name, 2u], 7: false, true: null}", r#"{"true":null,"7":false,"k":["Grüße",2]}"#),
        ("['a\\n\"']", r#"["a\n\""]"#),
        ("event.key", "key-1"),
        ("event.kind", "push"),
        ("event.time", "2026-11-27T16:34:52.25Z"),
        ("[event.time]", r#"["2026-11-27T16:34:52.25Z"]"#),
        ("duration('90m')", "5400s"),
        ("duration('-1500ms')", "-1.5s"),
        ("payload.nothing", "gives null, which no variable can be"),
        ("1.0 / 0.0", "gives inf, which no variable can be"),
        ("payload.?ref", "gives an optional value, which may be absent; end it with .orValue(…)"),
    ]);
}

#[test]
fn fields_elements_and_what_is_missing() {
    check(&[
        ("payload.commits[1].author.name", "Bob"),
        ("payload['ref']", "refs/heads/main"),
        ("payload.map['a-b']", "1"),
        ("payload.map.`a-b`", "1"),
        ("payload.list[payload.count - 1]", "3"),
        ("payload.list[1.0]", "2"),
        ("has(payload.ref) && !has(payload.refs)", "true"),
        ("has(payload.commits[0].author.name)", "true"),
        ("payload.?after.orValue('none')", "none"),
        ("payload.?ref.orValue('none')", "refs/heads/main"),
        ("payload.?head.commit.id.orValue('none')", "none"),
        ("payload.commits[?5].?id.orValue('none')", "none"),
        ("payload.commits[?1].id.orValue('none')", "c2"),
        ("payload.?head.hasValue()", "false"),
        ("has(payload.?head.commit)", "false"),
        (
            "payload.refs",
            "payload has no field \"refs\"; has() asks whether there is one, .? takes it only if there is",
        ),
        (
            "payload.commits[0].x.y",
            "payload.commits[0] has no field \"x\"; has() asks whether there is one, .? takes it only if there is",
        ),
        ("payload.ref.x", "payload.ref is a string, and has no field \"x\""),
        ("has(payload.ref.x)", "payload.ref is a string, which has no fields"),
        ("payload.list[3]", "payload.list has no element 3; it has 3, counted from 0"),
        ("payload.list[-1]", "payload.list has no element -1; it has 3, counted from 0"),
        ("payload.map['x']", "payload.map has no key \"x\"; in asks whether there is one"),
        ("payload.list['x']", "payload.list is a list, and can't be asked for a string in brackets"),
        ("payload.count[0]", "payload.count is an int, and can't be asked for an int in brackets"),
        ("payload.map[null]", "payload.map is a map, and can't be asked for null in brackets"),
    ]);
}

#[test]
fn operators_are_those_of_the_language() {
    check(&[
        ("1 + 2 * 3 - 4", "3"),
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("-7 % 2", "-1"),
        ("7.0 / 2.0", "3.5"),
        ("-(payload.count)", "-3"),
        ("'a' + 'b' + payload.ref", "abrefs/heads/main"),
        ("[1] + [2, 3] + payload.list", "[1,2,3,1,2,3]"),
        ("payload.count == 3 && payload.count == 3.0 && payload.count == 3u", "true"),
        ("payload.large > 9223372036854775807", "true"),
        ("9007199254740993 == 9007199254740992.0", "false"),
        ("9007199254740993 > 9007199254740992.0", "true"),
        ("-1 < 0u && 1.5 > 1 && 1 < 1.5 && -1.5 < -1", "true"),
        ("payload.count == '3'", "false"),
        ("payload.nothing == null", "true"),
        ("payload.mixed == [1, 'a', null, {'b': [true]}]", "true"),
        ("payload.map == {'z': 2.0, 'a-b': 1u}", "true"),
        ("payload.map != {'z': 2}", "true"),
        ("'abc' < 'abd' && false < true", "true"),
        ("0.0 / 0.0 == 0.0 / 0.0", "false"),
        ("0.0 / 0.0 < 1.0 || 0.0 / 0.0 >= 1", "false"),
        ("'bug' in payload.labels", "true"),
        ("2.0 in payload.list && !('2' in payload.list)", "true"),
        ("'z' in payload.map && !(1 in payload.map)", "true"),
        ("1.0 in {1: 'x'} && !(1.5 in {1: 'x'})", "true"),
        ("payload.yes ? 'y' : payload.no", "y"),
        ("!payload.yes", "false"),
        ("1 + 1.0", "+ can't take an int and a double; int(), uint() and double() make one of the other"),
        ("'n' + 1", "+ can't take a string and an int"),
        ("'1' < 2", "< can't take a string and an int"),
        ("7.0 % 2.0", "% can't take a double and a double"),
        ("1 / 0", "divides by zero"),
        ("1 % 0", "divides by zero"),
        ("9223372036854775807 + 1", "+ gives more than an int can be"),
        ("-9223372036854775808 / -1", "/ gives more than an int can be"),
        ("1u - 2u", "- gives more than a uint can be"),
        ("-payload.ref", "- is for numbers, and payload.ref is a string"),
        ("!payload.ref", "! is for true and false, and payload.ref is a string"),
        ("payload.count ? 1 : 2", "? : is for true and false, and payload.count is an int"),
        ("1 in 2", "in looks into a list or the keys of a map, not into an int"),
        ("{'a': 1, 'a': 2}", "a map has the same key twice"),
        ("{1: 1, 1u: 2}", "a map has the same key twice"),
        ("{1.0: 1}", "a double can't be the key of a map"),
        ("[] in payload.map", "a list can't be the key of a map"),
        ("{[]: 1}", "a list can't be the key of a map"),
    ]);
}

#[test]
fn an_error_that_does_not_matter_is_none() {
    check(&[
        ("payload.x == 1 || true", "true"),
        ("true || payload.x == 1", "true"),
        ("payload.x == 1 && false", "false"),
        (
            "payload.x && payload.yes",
            "payload has no field \"x\"; has() asks whether there is one, .? takes it only if there is",
        ),
        ("payload.mixed.exists(m, m == 'a' && m.size() == 1)", "true"),
        ("payload.mixed.exists(m, m > 0)", "true"),
        ("payload.mixed.all(m, m > 1)", "false"),
        ("payload.mixed.all(m, m > 0)", "> can't take a string and an int"),
        ("payload.mixed.exists(m, m > 1)", "> can't take a string and an int"),
    ]);
}

#[test]
fn macros_go_over_lists_and_keys() {
    check(&[
        ("payload.commits.exists(c, c.added.exists(f, f.startsWith('docs/')))", "true"),
        ("payload.commits.all(c, c.author.name == 'Ada')", "false"),
        ("payload.commits.exists_one(c, c.id == 'c1')", "true"),
        ("payload.commits.map(c, c.id)", r#"["c1","c2"]"#),
        ("payload.commits.map(c, c.added.size() > 1, c.id)", r#"["c2"]"#),
        ("payload.commits.filter(c, c.id != 'c1').map(c, c.message).join()", "Docs"),
        ("payload.map.map(k, k)", r#"["a-b","z"]"#),
        ("payload.map.all(k, payload.map[k] > 0)", "true"),
        ("payload.empty.all(x, false) && !payload.empty.exists(x, true)", "true"),
        ("payload.list.map(x, payload.list.map(y, x * y))", "[[1,2,3],[2,4,6],[3,6,9]]"),
        ("payload.list.map(x, payload.list.filter(x, x > 2).size() + x)", "[2,3,4]"),
        ("payload.ref.map(x, x)", "map is for lists and maps, and payload.ref is a string"),
        ("payload.list.filter(x, x)", "filter is for true and false, and x is an int"),
    ]);
}

#[test]
fn functions_on_strings() {
    check(&[
        ("size(payload.name)", "5"),
        ("payload.commits.size() + size(payload.map) + size('')", "4"),
        ("payload.ref.contains('heads') && payload.ref.startsWith('refs/') && payload.ref.endsWith('n')", "true"),
        ("payload.ref.matches('^refs/heads/[a-z]+$')", "true"),
        ("matches(payload.name, '^Gr..e$')", "true"),
        ("payload.ref.substring(11)", "main"),
        ("payload.name.substring(2, 4)", "üß"),
        ("payload.name.indexOf('e') + payload.name.lastIndexOf('x')", "3"),
        ("payload.ref.split('/')[2]", "main"),
        ("'a,,b'.split(',')", r#"["a","","b"]"#),
        ("payload.ref.replace('refs/heads/', '')", "main"),
        ("payload.labels.join(', ')", "bug, ci, urgent"),
        ("' x '.trim() + 'É'.lowerAscii() + 'ab'.upperAscii()", "xÉAB"),
        ("('  ' + payload.ref + ' ').trim().substring(5, 10)", "heads"),
        ("payload.ref.substring(16)", "substring(16, 15) isn't in \"refs/heads/main\", which has 15 characters"),
        ("payload.ref.substring(-1)", "substring(-1, 15) isn't in \"refs/heads/main\", which has 15 characters"),
        ("payload.ref.substring(3, 2)", "substring(3, 2) isn't in \"refs/heads/main\", which has 15 characters"),
        ("payload.ref.split('')", "split needs something to split at"),
        ("payload.ref.replace('', 'x')", "replace needs something to replace"),
        ("payload.count.contains('3')", "contains is for a string, not for an int"),
        ("payload.ref.contains(3)", "what contains is given must be a string"),
        ("payload.mixed.join()", "join is for a list of strings, not one with other things, not for an int"),
        ("size(3)", "size is for a string, a list or a map, not for an int"),
        ("payload.count.matches('3')", "matches is for strings, and payload.count is an int"),
        ("payload.count.orValue(1)", "orValue is for what .? or [?] gave, not for an int"),
    ]);
}

#[test]
fn conversions() {
    check(&[
        ("int('42') + int(4.9) + int(-4.9) + int(3u)", "45"),
        ("uint(3) + uint('4')", "7"),
        ("double(1) / double('4')", "0.25"),
        ("string(12) + string(1.5) + string(true) + string(2u)", "121.5true2"),
        ("string(event.time)", "2026-11-27T16:34:52.25Z"),
        ("string(duration('1h'))", "3600s"),
        ("bool('true') && !bool('0')", "true"),
        ("int('4x')", "\"4x\" is no int"),
        ("uint(-1)", "the number doesn't fit into uint"),
        ("int(1e300)", "the number doesn't fit into int"),
        ("int(0.0 / 0.0)", "the number doesn't fit into int"),
        ("int(payload.large)", "the number doesn't fit into int"),
        ("int(null)", "int is for numbers and strings, not for null"),
        ("string(payload.list)", "string is for strings, numbers, bools, times and durations, not for a list"),
        ("bool('maybe')", "\"maybe\" is neither true nor false"),
    ]);
}

#[test]
fn times() {
    check(&[
        ("event.time > timestamp('2026-11-27T16:00:00Z')", "true"),
        ("timestamp(payload.at) == timestamp('2026-11-27T16:00:00Z')", "true"),
        ("event.time - timestamp(payload.at) < duration('1h')", "true"),
        ("timestamp(payload.at) + duration('90m')", "2026-11-27T17:30:00Z"),
        ("timestamp(payload.at) - duration('24h')", "2026-11-26T16:00:00Z"),
        ("int(timestamp(0) + duration('1m'))", "60"),
        ("event.time.getFullYear()", "2026"),
        ("event.time.getMonth()", "10"),
        ("event.time.getDate()", "27"),
        ("event.time.getDayOfMonth()", "26"),
        ("event.time.getDayOfWeek()", "5"),
        ("event.time.getDayOfYear()", "330"),
        ("event.time.getHours() + event.time.getMinutes() + event.time.getSeconds()", "102"),
        ("event.time.getMilliseconds()", "250"),
        ("event.time.getHours('Europe/Berlin')", "17"),
        ("duration('90m').getMinutes() + duration('2h').getHours()", "92"),
        ("event.time.getHours('Europe/Bärlin')", "\"Europe/Bärlin\" is no time zone such as \"Europe/Berlin\""),
        ("timestamp('yesterday')", "\"yesterday\" is no time such as \"2026-11-27T16:00:00Z\""),
        ("duration('soon')", "\"soon\" is no duration such as \"1h30m\""),
        ("timestamp(9223372036854775807)", "a time is of the years from -9999 to 9999"),
        ("duration('9223372036854775807s') + duration('9223372036854775807s')", "+ gives more than a duration can be"),
        (
            "payload.at.getHours()",
            "only timestamps have such parts, and this is a string; timestamp() makes one of a string",
        ),
        ("duration('1h').getMonth()", "a duration has hours, minutes, seconds and milliseconds only"),
    ]);
    let program = Program::new("", [("T", "event.time")]).unwrap();
    let event = Event { key: "", kind: "", unix_millis: i64::MAX, payload: &Value::Null };
    let why = "expressions.T: event.time is no time of the years from -9999 to 9999";
    assert_eq!(program.judge(&event), Outcome::Malformed(why.to_owned()));
}

#[test]
fn a_filter_says_what_counts() {
    let outcome = |filter: &str| judge(&Program::new(filter, [("REF", "payload.ref")]).unwrap(), &payload());
    let fired = Outcome::Fire([("REF".to_owned(), "refs/heads/main".to_owned())].into());
    assert_eq!(outcome(""), fired);
    assert_eq!(outcome(" \n"), fired);
    assert_eq!(outcome("payload.ref == 'refs/heads/main' // the main branch"), fired);
    assert_eq!(outcome("payload.yes"), fired);
    assert_eq!(outcome("payload.count > 3"), Outcome::Filtered);
    let malformed = |why: &str| Outcome::Malformed(why.to_owned());
    assert_eq!(outcome("payload.ref"), malformed("filter: gives a string, not true or false"));
    assert_eq!(outcome("payload.nothing"), malformed("filter: gives null, not true or false"));
    assert_eq!(outcome("payload.count > 'x'"), malformed("filter: > can't take an int and a string"));
}

#[test]
fn expressions_are_not_asked_of_what_does_not_count() {
    let program = Program::new("event.kind == 'tag'", [("X", "payload.missing")]).unwrap();
    assert_eq!(judge(&program, &payload()), Outcome::Filtered);
}

#[test]
fn a_payload_is_any_json() {
    for (payload, expected) in
        [(json!("text"), "text"), (json!(7), "7"), (json!([1]), "[1]"), (json!({}), "{}"), (json!(false), "false")]
    {
        let program = Program::new("", [("P", "payload")]).unwrap();
        assert_eq!(judge(&program, &payload), Outcome::Fire([("P".to_owned(), expected.to_owned())].into()));
    }
}

/// What is indented in the documentation is an expression.
#[test]
fn examples_of_the_documentation_can_be_used() {
    let page = include_str!("../../../docs/expressions.md");
    let examples: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(examples.len() >= 12);
    let payload = json!({
        "git": {
            "repository": "acme/shop", "branch": "Feature/One", "tag": "v1.2.3", "commit": "c0ffee0123456789", "author": "ada",
            "message": "Fix", "action": "opened", "base": "release/1",
        },
        "commits": [{"added": [], "modified": ["docs/a.md", "b"], "removed": []}],
        "pull_request": {"labels": [{"name": "deploy"}]}, "key": "a.csv", "bytes": 2_000_000, "status": "failed",
    });
    for example in examples {
        let program = Program::new("", [("V", example)]).unwrap_or_else(|fault| panic!("{example}: {fault}"));
        match judge(&program, &payload) {
            Outcome::Fire(variables) => println!("{example}\n  {}", variables["V"]),
            other => panic!("{example}: {other:?}"),
        }
    }
}
