//! Test files, right and wrong.

use super::*;

fn refusal(text: &str) -> String {
    Error::from(parse("t/gofer-test.toml".as_ref(), text).unwrap_err()).to_text()
}

#[test]
fn short_and_long_forms_mean_the_same() {
    let text = r#"
        driver = "process"
        arguments = ["a"]
        env = { A = 1, B = "file" }
        [[case]]
        name = "short"
        stub = { build = 3 }
        expect = { build = "failed", test = { output = "x" } }
        [[case]]
        name = "long"
        driver = "docker"
        arguments = []
        env.B = "case"
        variables.V = true
        timeout = "5s"
        run = "failed"
        stub.build = { exit_code = 3 }
        expect.build.status = "failed"
        expect.test.output = ["x"]
    "#;
    let document = parse("x.toml".as_ref(), text).unwrap();
    let [short, long] = &document.cases[..] else { panic!("{document:?}") };
    assert_eq!(short.stubs(), long.stubs());
    assert_eq!(short.expect, long.expect);
    assert_eq!((short.run, long.run), (RunEnd::Succeeded, RunEnd::Failed));
    assert_eq!((short.timeout(), long.timeout()), (TIMEOUT, Duration::from_secs(5)));
    assert_eq!(document.driver(short), Some(DriverChoice::Process));
    assert_eq!(document.driver(long), Some(DriverChoice::Docker));
    assert_eq!((document.arguments(short).len(), document.arguments(long).len()), (1, 0));
    let env = |case| document.env(case).into_values().collect::<Vec<_>>();
    assert_eq!((env(short), env(long)), (vec!["1".to_owned(), "file".into()], vec!["1".to_owned(), "case".into()]));
    assert_eq!(long.variables()["V"], "true");
}

#[test]
fn what_is_wrong_is_named_with_its_place_or_its_case() {
    for (text, wanted) in [
        ("", &["it has no [[case]]", "help: docs/local-runs.md"][..]),
        ("[[case]]\nname = 'a'\n[[case]]\nname = 'a'", &["two cases are named \"a\""]),
        ("[[case]]\nname = ' '", &["is no name"]),
        ("[[case]]\n", &["missing field `name`"]),
        ("[[case]]\nname = 'a'\nexpects = {}", &["gofer-test.toml:3:1", "did you mean \"expect\"?"]),
        ("[[case]]\nname = 'a'\nrun = 'fine'", &["3:7", "unknown variant `fine`"]),
        ("[[case]]\nname = 'a'\nexpect.b = 'fine'", &["unknown variant `fine`"]),
        ("[[case]]\nname = 'a'\nexpect.b = 7", &["a status, such as \"skipped\""]),
        ("[[case]]\nname = 'a'\nstub.b = 256", &["an exit code from 0 to 255"]),
        ("[[case]]\nname = 'a'\nstub.b = { output = \"\\u0000\" }", &["the stub of b"]),
        ("[[case]]\nname = 'a'\ntimeout = '0s'", &["longer than 0"]),
        ("[[case]]\nname = 'a'\ntimeout = 'soon'", &["is not a duration"]),
    ] {
        let found = refusal(text);
        assert!(wanted.iter().all(|words| found.contains(words)), "{text:?}: {found}");
    }
    let many: String = (0..=CASES_MAX).map(|number| format!("[[case]]\nname = '{number}'\n")).collect();
    assert!(refusal(&many).contains("the limit is 500"));
    let long = format!("[[case]]\nname = 'a'\nstub.b.errors = '{}'", "x".repeat(STUB_BYTES_MAX + 1));
    assert!(refusal(&long).contains("longer than 65536 bytes"));
}

#[test]
fn cases_are_chosen_by_name() {
    let text = "[[case]]\nname = 'first'\n[[case]]\nname = 'second'\n";
    let mut document = parse("x.toml".as_ref(), text).unwrap();
    let error = document.keep(&["secnd".into()], "x.toml".as_ref()).unwrap_err().to_text();
    assert!(error.contains("x.toml has no case \"secnd\"\nhelp: did you mean \"second\"?"), "{error}");
    document.keep(&[], "x.toml".as_ref()).unwrap();
    assert_eq!(document.cases.len(), 2);
    document.keep(&["second".into()], "x.toml".as_ref()).unwrap();
    assert_eq!(document.cases.len(), 1);
}
