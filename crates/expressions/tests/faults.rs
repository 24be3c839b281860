//! What is refused before there is an event.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use gofer_expressions::{EXPRESSIONS_MAX, Program, TEXT_BYTES_MAX};

fn fault(filter: &str) -> String {
    match Program::new(filter, []) {
        Ok(_) => panic!("{filter} is accepted"),
        Err(fault) => {
            assert_eq!(fault.field, "filter");
            fault.message
        }
    }
}

fn check(table: &[(&str, &str)]) {
    for (filter, expected) in table {
        assert_eq!(fault(filter), *expected, "{filter}");
    }
}

#[test]
fn what_cannot_be_read_is_placed() {
    let value = "a value is expected here, such as payload.ref or 'text', not";
    check(&[
        ("payload.ref ==", &format!("line 1, column 15: {value} the end")),
        ("payload.ref == == 'a'", &format!("line 1, column 16: {value} \"==\"")),
        ("payload.ref == 'main", "line 1, column 16: a quote ' isn't closed"),
        (
            "payload.ref == 'main\n'",
            "line 1, column 16: a quote ' isn't closed on its line; \\n is a line break in a string",
        ),
        ("payload.ref = 'main'", "line 1, column 13: \"=\" can't stand here; == compares"),
        ("true & false", "line 1, column 6: \"&\" can't stand here; && is and, || is or"),
        ("(payload.yes", "line 1, column 13: \")\" is expected here, not the end"),
        ("true\n  false", "line 2, column 3: \"false\" can't follow here"),
        ("true ? false", "line 1, column 13: \":\" is expected here, not the end"),
        ("payload..ref", "line 1, column 9: the name of a field or a function is expected here, not \".\""),
        ("payload.list[0", "line 1, column 15: \"]\" is expected here, not the end"),
        ("payload.list in [1 2]", "line 1, column 20: \"]\" is expected here, not a number"),
        ("payload.x in {1: 2 3: 4}", "line 1, column 20: \"}\" is expected here, not a number"),
        ("# comment", "line 1, column 1: \"#\" can't stand here"),
        ("payload.ref == 'ä' ö", "line 1, column 20: \"ö\" can't stand here"),
        (
            "payload.ref == '\\d'",
            "line 1, column 16: \"\\\\d\" is no escape; \\\\ is a backslash, and r'…' is a string in which it is none",
        ),
        ("payload.ref == '\\ud800'", "line 1, column 16: an escape needs 4 digits that are a character's number"),
        ("payload.n == 9223372036854775808", "line 1, column 14: the number is larger than an int can be"),
        ("payload.n == 18446744073709551616u", "line 1, column 14: the number is larger than a uint can be"),
        ("payload.n == 1e400", "line 1, column 14: the number is larger than a double can be"),
        ("payload.in == 1", "line 1, column 9: in can't be the name of a field here; write [\"in\"] for it"),
        (
            "payload.`a(b` == 1",
            "line 1, column 9: between backticks there is the name of a field: letters, digits, _ . - / and blanks",
        ),
    ]);
}

#[test]
fn names_that_are_not_there_are_named() {
    let roots = "there are payload, event.key, event.kind and event.time";
    check(&[
        ("playload.ref == 'x'", &format!("line 1, column 1: there is no \"playload\"; {roots}")),
        ("true &&\n  x", &format!("line 2, column 3: there is no \"x\"; {roots}")),
        ("payload.list.exists(x, y == 1)", &format!("line 1, column 24: there is no \"y\"; {roots}")),
        ("payload.list.all(x, x > 0) && x > 0", &format!("line 1, column 31: there is no \"x\"; {roots}")),
        ("package", "line 1, column 1: \"package\" can't be a name here"),
        ("event", "line 1, column 1: of event there are event.key, event.kind and event.time"),
        ("event['key'] == ''", "line 1, column 1: of event there are event.key, event.kind and event.time"),
    ]);
    assert!(fault("event.ref == ''").contains("event has no \"ref\"; there are event.key, event.kind and event.time"));
    assert!(fault("has(event.key)").contains("always there"));
    assert!(fault("event.?key == ''").contains("always there"));
    assert!(fault("payload.list.exists(payload, true)").contains("take another one"));
}

#[test]
fn calls_that_are_none_are_explained() {
    for (filter, part) in [
        ("lower(payload.ref) == ''", "there is no function \"lower\"; there are all, bool, contains, "),
        ("payload.ref.lower() == ''", "there is no function \"lower\""),
        ("payload.ref.contains()", "contains takes 1 argument, not 0"),
        ("payload.ref.substring(1, 2, 3) == ''", "substring takes 1 or 2 arguments, not 3"),
        ("contains(payload.ref, '')", "contains is called on a value: VALUE.contains(…)"),
        ("payload.count.int() == 1", "int is not called on a value, but with it: int(VALUE)"),
        ("has(payload)", "has takes a field: has(payload.field)"),
        ("has(payload.a, payload.b)", "\")\" is expected here, not \",\""),
        ("exists(payload.list, true)", "exists is called on a list or a map: LIST.exists(x, …)"),
        ("payload.list.exists(x)", "exists takes a name and a condition: LIST.exists(x, …)"),
        ("payload.list.exists(x.y, true)", "exists takes a name and a condition: LIST.exists(x, …)"),
        ("payload.list.map(x) == []", "map takes a name and what to make of it"),
        ("payload.ref.matches(payload.pattern)", "a pattern must be written out"),
        ("payload.ref.matches('(')", "the pattern is no regular expression: unclosed group"),
        ("payload{a: 1} == null", "there are no messages here"),
        ("b'x' == b'x'", "there are no bytes here"),
        ("[?payload.?x] == []", "a list can't have optional elements"),
        ("{?'a': payload.?x} == {}", "a map can't have optional entries"),
    ] {
        let message = fault(filter);
        assert!(message.starts_with("line 1, column ") && message.contains(part), "{filter}: {message}");
    }
}

#[test]
fn a_filter_that_can_never_be_true_is_refused() {
    for (filter, what) in [
        ("'main'", "a string"),
        ("event.kind", "a string"),
        ("1", "a number"),
        ("null", "null"),
        ("[true]", "a list"),
        ("payload.list.filter(x, true)", "a list"),
        ("payload.?yes", "an optional"),
        ("payload.a * 2", "a number"),
    ] {
        assert_eq!(fault(filter), format!("gives {what}, and a filter must give true or false"));
    }
}

#[test]
fn an_expression_is_named_by_its_variable() {
    let fault = |text: &str| Program::new("", [("OK", "1"), ("BRANCH", text)]).unwrap_err();
    assert_eq!(fault("playload").field, "expressions.BRANCH");
    assert_eq!(fault(" ").message, "is empty; write an expression, such as payload.ref");
    assert_eq!(fault("null").message, "gives null, which no variable can be");
    assert_eq!(
        fault("1 +").to_string(),
        "expressions.BRANCH: line 1, column 4: a value is expected here, such as payload.ref or 'text', not the end"
    );
    let twice = Program::new("", [("A", "1"), ("A", "2")]).unwrap_err();
    assert_eq!(twice.to_string(), "expressions.A: is given twice; one of the two must go");
}

#[test]
fn texts_have_limits() {
    let long = |bytes: usize| format!("true || '{}' == ''", "x".repeat(bytes - "true || '' == ''".len()));
    assert!(Program::new(&long(TEXT_BYTES_MAX), []).is_ok());
    assert_eq!(fault(&long(TEXT_BYTES_MAX + 1)), "has 4097 bytes, and 4096 is the limit");

    let names: Vec<String> = (0..=EXPRESSIONS_MAX).map(|index| format!("V{index}")).collect();
    let all = || names.iter().map(|name| (name.as_str(), "1"));
    assert!(Program::new("", all().take(EXPRESSIONS_MAX)).is_ok());
    let fault = Program::new("", all()).unwrap_err();
    assert_eq!(fault.to_string(), "expressions: there are more than 100 expressions, which is the limit");
}

#[test]
fn depth_has_a_limit_however_it_is_made() {
    let deep = "has parts in one another deeper than 48, which is the limit";
    for text in [
        "(".repeat(4000),
        format!("{}true{}", "(".repeat(1000), ")".repeat(1000)),
        "[".repeat(4000),
        "{1:".repeat(1300),
        format!("payload{}", ".a".repeat(2000)),
        format!("payload{}", "[0]".repeat(1000)),
        format!("1{} == 2", "+1".repeat(2000)),
        format!("{}true", "true ? true : ".repeat(280)),
        format!("payload{}", ".trim()".repeat(500)),
        "size(".repeat(800),
        format!("payload{}", ".map(x,[x])".repeat(300)),
    ] {
        let message = fault(&text);
        assert!(message.ends_with(deep), "{}…: {message}", &text[..9]);
    }
    // As many of these as there is room for are no deeper: the reader balances them.
    let flat = vec!["payload.a"; 300].join(" && ");
    assert!(Program::new(&flat, []).is_ok());
    assert!(Program::new(&format!("{}true", "!".repeat(4000)), []).is_ok());
    assert!(Program::new("payload.l.exists(a, a.exists(b, b.exists(c, c)))", []).is_ok());
    let macros = fault("payload.l.exists(a, a.exists(b, b.exists(c, c.exists(d, d))))");
    assert!(macros.ends_with("macros (all, exists, filter, map) are in one another deeper than 3"), "{macros}");
}

#[test]
fn patterns_have_a_size() {
    assert!(Program::new("payload.ref.matches('^refs/tags/v\\\\d+\\\\.\\\\d+$')", []).is_ok());
    for pattern in ["a{1000}{1000}", "(a{100}){100}{100}", "\\\\w{100}", "(\\\\pL|\\\\d|\\\\s){30}z"] {
        let message = fault(&format!("payload.ref.matches('{pattern}')"));
        assert!(message.contains("the pattern is larger than 128 KiB when compiled"), "{pattern}: {message}");
    }
    let many = ["payload.ref.matches('^\\\\w+@\\\\w+$')"; 5].join(" || ");
    assert!(fault(&many).contains("the patterns up to this one are larger than 512 KiB when compiled"));
    let expressions: Vec<(String, String)> =
        (0..5).map(|index| (format!("V{index}"), "payload.ref.matches('^\\\\w+@\\\\w+$')".to_owned())).collect();
    let fault = Program::new("", expressions.iter().map(|(name, text)| (name.as_str(), text.as_str()))).unwrap_err();
    assert_eq!(fault.field, "expressions.V4");
}

#[test]
fn a_program_can_be_shared_by_threads() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    shared(&Program::new("true", []).unwrap());
}
