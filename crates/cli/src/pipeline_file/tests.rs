//! Files as people write them, right and wrong.

mod values;

use std::path::Path;
use std::time::Duration;

use gofer_wire::model::v1 as model;

use super::*;

const EXAMPLE: &str = r#"
id = "release"
description = "Builds and ships."
parallelism = 2
overlap = { queue = 5 }
timeout = "1h30m"

[env]
PORT = 8080
DEBUG = true
NAME = "x"

[tasks.build]
image = "rust:1"
pull = "always"
command = ["cargo", "build"]
cpu = 0.5
memory = "512MiB"
timeout = "90s"
retry = 3

[tasks.report]
command = ["/bin/sh", "-c", "echo failed"]
depends_on = { build = "failure" }
allow_failure = true
driver = "process"
constraints = { zone = "eu" }
retry = { attempts = 5, backoff = "2s", multiplier = 1.5, retry_lost = false }

[tasks.ship]
image = "tools"
entrypoint = ["/ship"]
working_directory = "/srv"
depends_on = ["build"]
env = { TARGET = "prod" }
"#;

fn toml(text: &str) -> Result<model::PipelineConfig, Box<Fault>> {
    parse(Path::new("p.toml"), text, Format::Toml).map(|pipeline| pipeline.config)
}

fn json(text: &str) -> Result<model::PipelineConfig, Box<Fault>> {
    parse(Path::new("p.json"), text, Format::Json).map(|pipeline| pipeline.config)
}

#[test]
fn everything_arrives_on_the_wire() {
    let config = toml(EXAMPLE).unwrap();
    assert_eq!(config.overlap(), model::OverlapPolicy::Queue);
    assert_eq!((config.queue_limit, config.parallelism), (5, 2));
    assert_eq!(config.timeout, Some(prost_types::Duration { seconds: 5_400, nanos: 0 }));
    let env: Vec<_> = config.variables.iter().map(|v| format!("{}={}", v.name, v.value)).collect();
    assert_eq!(env, ["DEBUG=true", "NAME=x", "PORT=8080"]);
    let ids: Vec<_> = config.tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["build", "report", "ship"], "sorted by id");
    let [build, report, ship] = &config.tasks[..] else { panic!() };
    assert_eq!(build.resources, Some(model::Resources { cpu_millis: 500, memory_bytes: 512 << 20 }));
    assert_eq!(build.pull(), model::PullPolicy::Always);
    let retry = build.retry.unwrap();
    assert_eq!((retry.attempts, retry.multiplier_percent, retry.give_up_when_lost), (3, 200, false));
    assert_eq!(Duration::try_from(retry.backoff.unwrap()), Ok(Duration::from_secs(1)));
    assert_eq!(report.depends_on[0].requirement(), model::Requirement::Failure);
    assert_eq!(report.driver(), model::Driver::Process);
    assert!(report.allow_failure && report.retry.unwrap().give_up_when_lost);
    assert_eq!(report.retry.unwrap().multiplier_percent, 150);
    assert_eq!(ship.depends_on[0].requirement(), model::Requirement::Success);
    assert_eq!(ship.working_directory, "/srv");
}

#[test]
fn the_canonical_form_reads_back_as_the_same() {
    let config = toml(EXAMPLE).unwrap();
    for format in [Format::Toml, Format::Json] {
        let text = canonical(&config, format).unwrap();
        let again = parse(Path::new("x"), &text, format).unwrap().config;
        assert_eq!(again, config, "{text}");
        assert_eq!(canonical(&again, format).unwrap(), text);
    }
}

#[test]
fn defaults_that_are_spelled_out_make_no_difference() {
    let short = toml("id = \"a\"\n[tasks.t]\ncommand = [\"true\"]\n").unwrap();
    let mut long = short.clone();
    long.overlap = model::OverlapPolicy::Unspecified.into();
    let task = &mut long.tasks[0];
    task.pull = 0;
    task.resources = None;
    task.retry = Some(model::RetryPolicy {
        attempts: 1,
        backoff: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        backoff_max: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        multiplier_percent: 200,
        give_up_when_lost: false,
    });
    assert_ne!(short, long);
    for format in [Format::Toml, Format::Json] {
        assert_eq!(canonical(&short, format).unwrap(), canonical(&long, format).unwrap());
    }
    assert_eq!(canonical(&short, Format::Toml).unwrap(), "id = \"a\"\n\n[tasks.t]\ncommand = [\"true\"]\n");
}

#[test]
fn the_place_of_a_task_is_read_and_is_no_part_of_the_configuration() {
    let text =
        |place: &str| format!("{{\"format\": 1, \"id\": \"a\", \"tasks\": {{\"t\": {{\"image\": \"i\"{place}}}}}}}");
    let placed = parse(Path::new("-"), &text(", \"source\": {\"file\": \"a.py\", \"line\": 7}"), Format::Json).unwrap();
    assert_eq!(placed.config, json(&text("")).unwrap());
    let source = |field| placed.source(field).map(ToString::to_string);
    assert_eq!(source("tasks.t.image").as_deref(), Some("a.py:7"));
    assert_eq!(source("config.tasks.t").as_deref(), Some("a.py:7"));
    assert_eq!((source("description"), source("tasks.u")), (None, None));
}

#[test]
fn the_format_is_told_by_extension_else_by_content() {
    for (path, text, format) in [
        ("a.toml", "{", Format::Toml),
        ("a.JSON", "id", Format::Json),
        ("a", "\n {}", Format::Json),
        ("a.txt", "id = 1", Format::Toml),
        ("-", "{}", Format::Json),
    ] {
        assert_eq!(Format::of(Path::new(path), text), format, "{path}");
    }
}

/// JSON is read character by character, and the column of a fault is that of the character read last.
const ANY: usize = 0;

#[track_caller]
fn check(fault: Result<model::PipelineConfig, Box<Fault>>, place: (usize, usize), message: &str, help: &str) {
    let fault = fault.unwrap_err();
    assert!(fault.message.contains(message), "{fault:?}");
    assert!(fault.help.contains(help), "{fault:?}");
    let (line, column) = fault.place.unwrap_or_default();
    assert_eq!((line, if place.1 == ANY { ANY } else { column }), place, "{fault:?}");
}

#[test]
fn faults_in_toml_name_the_place_and_the_way_out() {
    let task = |line: &str| toml(&format!("id = \"a\"\n[tasks.t]\n{line}\n"));
    check(toml("id = \"a\"\nparalelism = 1\n[tasks]\n"), (2, 1), "unknown field `paralelism`", "mean \"parallelism\"");
    check(task("imgae = \"x\""), (3, 1), "unknown field `imgae`", "mean \"image\"");
    check(task("environment = {}"), (3, 1), "unknown field `environment`", "mean \"env\"");
    check(task("needs = []"), (3, 1), "unknown field", "mean \"depends_on\"");
    check(task("xyzzy = 1"), (3, 1), "unknown field", "--help");
    check(task("pull = \"allways\""), (3, 8), "unknown variant `allways`", "mean \"always\"");
    check(task("driver = \"docke\""), (3, 10), "unknown variant", "mean \"docker\"");
    check(task("timeout = \"90\""), (3, 11), "90 has no unit", "");
    check(task("timeout = 90"), (3, 11), "a duration with its unit", "");
    check(task("memory = \"512M\""), (3, 10), "did you mean MiB?", "");
    check(task("memory = 512"), (3, 10), "an amount of memory with its unit", "");
    check(task("cpu = \"half\""), (3, 7), "is not a number of cores", "");
    check(task("cpu = 0.0001"), (3, 7), "finer", "");
    check(task("cpu = true"), (3, 7), "a number of cores", "");
    check(task("command = \"make\""), (3, 11), "a list of words, such as", "");
    check(task("depends_on = \"b\""), (3, 14), "a list of tasks", "");
    check(task("depends_on = [\"b\", \"b\"]"), (3, 14), "\"b\" is given twice", "");
    check(task("depends_on = { b = \"failed\" }"), (3, 20), "unknown variant", "mean \"failure\"");
    check(task("retry = \"3\""), (3, 9), "a number of attempts", "");
    check(task("retry = -1"), (3, 9), "invalid value", "");
    check(task("retry = 0"), (3, 9), "0 attempts, allowed are 1 to 100", "");
    check(task("retry = { attempts = 0 }"), (3, 9), "0 attempts, allowed are 1 to 100", "");
    check(task("retry = { attempts = 2, multiplier = 0 }"), (3, 38), "0 is not a factor", "");
    check(task("source = { file = \"a.py\" }"), (3, 10), "missing field `line`", "");
    check(toml("format = 2\nid = \"a\"\n[tasks]\n"), (1, 10), "format 2 is not known", "");
    check(task("retry = { attempt = 3 }"), (3, 11), "unknown field", "mean \"attempts\"");
    check(task("retry = { backoff = \"1s\" }"), (3, 9), "missing field `attempts`", "");
    check(task("env = { A = 1.5 }"), (3, 13), "put other values in quotes", "");
    check(task("env = { A = 1, A = 2 }"), (3, 16), "duplicate key", "");
    check(toml("id = \"a\"\noverlap = \"queue\"\n[tasks]\n"), (2, 11), "needs its length", "");
    check(toml("id = \"a\"\noverlap = \"forbit\"\n[tasks]\n"), (2, 11), "unknown variant", "mean \"forbid\"");
    check(toml("id = \"a\"\noverlap = { queu = 1 }\n[tasks]\n"), (2, 13), "unknown field", "mean \"queue\"");
    check(toml("id = \"a\"\n[tasks.t]\n[tasks.t]\n"), (3, 8), "duplicate key", "");
    check(toml("id = \"a\"\nid = \"b\"\n"), (2, 1), "duplicate key", "");
    check(toml("id = \"a\n"), (1, 8), "invalid basic string", "");
    assert!(toml("[tasks.t]\n").unwrap_err().message.contains("missing field `id`"));
    assert!(toml("id = \"a\"\n").unwrap_err().message.contains("missing field `tasks`"));
}

#[test]
fn faults_in_json_name_the_place_and_the_way_out() {
    let task = |line: &str| json(&format!("{{\"id\": \"a\",\n\"tasks\": {{\"t\": {{\n{line}\n}}}}}}"));
    check(task("\"imgae\": 1"), (3, ANY), "unknown field `imgae`", "mean \"image\"");
    check(task("\"timeout\": \"90\""), (3, ANY), "90 has no unit", "");
    check(task("\"env\": {\"A\": 1, \"A\": 2}"), (3, ANY), "\"A\" is given twice", "");
    check(task("\"retry\": {\"attempts\": 1, \"attempts\": 2}"), (3, ANY), "duplicate field", "");
    check(json("{\"id\": \"a\", \"id\": \"b\"}"), (1, ANY), "duplicate field", "");
    check(json("{\"id\": \"a\",\n\"tasks\": {\"t\": {},\n\"t\": {}}}"), (3, ANY), "\"t\" is given twice", "");
    check(json("{\"id\": }"), (1, ANY), "expected value", "");
    check(json(""), (1, ANY), "EOF", "");
}

#[test]
fn a_fault_shows_its_line() {
    let fault = toml("id = \"a\"\n[tasks.t]\nimgae = \"x\"\n").unwrap_err();
    let lines: Vec<String> = fault.to_string().lines().map(str::to_owned).collect();
    assert!(lines[0].starts_with("p.toml:3:1: unknown field `imgae`"), "{lines:?}");
    assert_eq!(lines[1..], ["  3 | imgae = \"x\"", "    | ^"]);
}

#[test]
fn files_have_a_limit_and_an_encoding() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("p.toml");
    assert_eq!(load(&path).unwrap_err().kind, FaultKind::Unreadable);
    std::fs::write(&path, "#".repeat(FILE_BYTES_MAX as usize + 1)).unwrap();
    let fault = load(&path).unwrap_err();
    assert_eq!(fault.kind, FaultKind::TooLarge);
    assert!(fault.message.contains("1048576"));
    std::fs::write(&path, b"id = \"\xff\"").unwrap();
    assert!(load(&path).unwrap_err().message.contains("not UTF-8: byte 6"));
    std::fs::write(&path, EXAMPLE).unwrap();
    assert_eq!(load(&path).unwrap().format, Format::Toml);
}

#[test]
fn the_examples_of_the_manual_are_read() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
    let hello = load(&examples.join("hello.toml")).unwrap().config;
    assert_eq!(hello.id, "hello");
    let release = load(&examples.join("release.toml")).unwrap().config;
    assert!(release.tasks.len() >= 6);
    let manual = std::fs::read_to_string(examples.join("../pipelines.md")).unwrap();
    let blocks = manual.split("```").skip(1).step_by(2);
    for name in ["values/roll-out", "values/install", "cache/build"] {
        let path = examples.join(format!("../../examples/{name}.toml"));
        assert_eq!(load(&path).unwrap().declared.validate(), Ok(()), "{name}");
    }
    let mut whole = 0;
    for block in blocks {
        for (language, format) in [("toml\nid", Format::Toml), ("json\n{", Format::Json)] {
            if block.starts_with(language) {
                let text = block.split_once('\n').unwrap().1;
                parse(Path::new("pipelines.md"), text, format).unwrap_or_else(|fault| panic!("{fault}"));
                whole += 1;
            }
        }
    }
    assert!(whole >= 2, "the manual has a whole file in each format");
}

#[test]
fn damaged_files_are_told_not_tripped_over() {
    let document: toml::Table = toml::from_str(EXAMPLE).unwrap();
    let valid = serde_json::to_string_pretty(&document).unwrap();
    for (target, valid, parse) in [
        ("pipeline-toml", EXAMPLE.to_owned(), toml as fn(&str) -> Result<model::PipelineConfig, Box<Fault>>),
        ("pipeline-json", valid, json),
    ] {
        parse(&valid).unwrap();
        gofer_fuzz::fuzz(target, &[valid.into_bytes()], |bytes| {
            if let Ok(text) = std::str::from_utf8(bytes)
                && let Err(fault) = parse(text)
            {
                assert!(!fault.to_string().is_empty());
            }
        });
    }
}
