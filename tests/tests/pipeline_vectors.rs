//! The vectors of `proto/testdata/pipelines` against the program itself: its reading and writing of files, and the
//! cluster's validation. The SDKs of all languages are held against the same files.
//!
//! With `GOFER_BLESS=1` the faults are written anew, as the cluster's validation names them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gofer_cli::pipeline_file::{self, Format};
use gofer_domain::validate::validate_config;
use gofer_store::codec;
use serde_json::{Map, Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/testdata/pipelines")
}

#[test]
fn every_golden_pipeline_is_valid_and_canonical() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder().join("valid")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let pipeline = pipeline_file::load(&path).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(pipeline_file::canonical(&pipeline.config, Format::Json).unwrap(), text, "{}", path.display());
        assert_eq!(pipeline.declared.to_json(), text, "{}", path.display());
        assert_eq!(pipeline.declared.validate(), Ok(()), "{}", path.display());
        let config = codec::config_from_wire(pipeline.config).unwrap();
        validate_config(&config).unwrap_or_else(|faults| panic!("{}: {faults:?}", path.display()));
        count += 1;
    }
    assert!(count >= 12, "{count} pipelines");
}

#[test]
fn the_places_of_tasks_are_read_and_dropped() {
    let path = folder().join("with-sources.json");
    let pipeline = pipeline_file::load(&path).unwrap();
    assert_eq!(pipeline.declared.to_json_with_sources(), std::fs::read_to_string(&path).unwrap());
    assert!(!pipeline_file::canonical(&pipeline.config, Format::Json).unwrap().contains("source\""));
}

/// Each case is read as a file, sent through the wire format, and checked by the cluster's rules and by the SDK's. Both
/// must find the faults of the vector, and only those.
#[test]
fn the_sdk_finds_what_the_cluster_finds() {
    let path = folder().join("faults.json");
    let mut cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let bless = std::env::var_os("GOFER_BLESS").is_some();
    for case in &mut cases {
        let name = case["name"].as_str().unwrap().to_owned();
        let text = expand(&case["pipeline"]).to_string();
        let pipeline = match pipeline_file::parse(Path::new("case.json"), &text, Format::Json) {
            Ok(pipeline) => pipeline,
            Err(fault) => {
                let reason = case["unreadable"].as_str().unwrap_or_else(|| panic!("{name}: {fault}"));
                assert!(fault.message.contains(reason), "{name}: {fault}");
                continue;
            }
        };
        assert_eq!(case.get("unreadable"), None, "{name} can be read");
        let server = server_faults(pipeline.config);
        if bless {
            case["faults"] = server.clone();
        }
        assert_eq!(server, case["faults"], "{name}: the cluster");
        let own = pipeline.declared.validate().err().unwrap_or_default();
        let own: Vec<Value> =
            own.iter().map(|one| json!({ "field": one.field, "message": one.message, "help": one.help })).collect();
        assert_eq!(Value::from(own), case["faults"], "{name}: the SDK");
    }
    if bless {
        let lines: Vec<String> = cases.iter().map(|case| format!("  {case}")).collect();
        std::fs::write(&path, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
    }
    let faulty = cases.iter().filter(|case| !case["faults"].as_array().unwrap().is_empty()).count();
    assert!(faulty >= 40 && cases.len() - faulty >= 20, "{faulty} of {} cases have faults", cases.len());
}

/// The schema is for editors, and for whoever writes another SDK: it must take whatever is valid.
#[test]
fn the_schema_takes_what_is_valid_and_refuses_what_can_not_be_read() {
    let mut lines = String::new();
    let mut add = |name: &str, pipeline: Value| {
        lines.push_str(&json!({ "name": name, "pipeline": pipeline }).to_string());
        lines.push('\n');
    };
    let mut unreadable = Vec::new();
    let cases = std::fs::read_to_string(folder().join("faults.json")).unwrap();
    for case in serde_json::from_str::<Vec<Value>>(&cases).unwrap() {
        let name = case["name"].as_str().unwrap();
        if case.get("unreadable").is_some() {
            unreadable.push(name.to_owned());
        } else if !case["faults"].as_array().unwrap().is_empty() {
            continue;
        }
        add(name, expand(&case["pipeline"]));
    }
    let valid = std::fs::read_dir(folder().join("valid")).unwrap().map(|entry| entry.unwrap().path());
    for path in valid.chain([folder().join("with-sources.json")]) {
        add(path.to_str().unwrap(), serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap());
    }
    for (name, changes) in [("unknown field", json!({ "colour": "red" })), ("next format", json!({ "format": 2 }))] {
        let mut pipeline = json!({ "id": "p", "tasks": { "t": { "image": "i" } } });
        pipeline.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        add(name, pipeline);
        unreadable.push(name.to_owned());
    }

    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(gofer_tests::python().unwrap());
    command.arg(tests.join("python/schema.py")).arg(tests.join("../docs/schema/pipeline-1.json"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It reads to the end before it has much to say.
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let refused: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(Into::into).collect();
    assert_eq!(refused, unreadable);
}

/// Which pipeline a task runs.
fn called(task: &gofer_wire::model::v1::TaskConfig) -> Option<String> {
    match &task.kind {
        Some(gofer_wire::model::v1::task_config::Kind::Call(call)) => Some(call.pipeline.clone()),
        _ => None,
    }
}

/// What the cluster says of a configuration. An id that can't be is refused before all else is looked at, by its index.
fn server_faults(config: gofer_wire::model::v1::PipelineConfig) -> Value {
    let id = config.id.clone();
    let called: Vec<String> = config.tasks.iter().filter_map(called).collect();
    let tasks: Vec<String> = config.tasks.iter().map(|task| task.id.clone()).collect();
    let config = match codec::config_from_wire(config) {
        Ok(config) => config,
        Err(error) => {
            let index = tasks.iter().position(|_| error.field.starts_with("tasks"));
            let (field, rejection) = match index {
                Some(_) if error.field.ends_with("call.pipeline") => {
                    (error.field.clone(), gofer_domain::PipelineId::new(&called[0]).unwrap_err())
                }
                None => ("id".to_owned(), gofer_domain::PipelineId::new(&id).unwrap_err()),
                Some(index) => {
                    (format!("tasks.{}", tasks[index]), gofer_domain::TaskId::new(&tasks[index]).unwrap_err())
                }
            };
            assert_eq!(error.message, rejection.to_string());
            return json!([{ "field": field, "message": rejection.message, "help": rejection.help }]);
        }
    };
    let faults = validate_config(&config).err().unwrap_or_default();
    let fault = |one: &gofer_domain::Rejection| json!({ "field": one.field, "message": one.message, "help": one.help });
    faults.iter().map(fault).collect()
}

/// Writes the abbreviations of the vectors out: `"@repeat TEXT COUNT"` for a long text or name, `["@times COUNT", X]` for
/// a list of equal items, `{"@each COUNT PREFIX": X}` for names that are numbered.
fn expand(value: &Value) -> Value {
    match value {
        Value::String(text) => repeat(text).into(),
        Value::Array(list) => {
            match list.first().and_then(Value::as_str).and_then(|first| first.strip_prefix("@times ")) {
                Some(count) => vec![expand(&list[1]); count.parse().unwrap()].into(),
                None => list.iter().map(expand).collect(),
            }
        }
        Value::Object(table) => {
            let mut out = Map::new();
            for (name, value) in table {
                let value = expand(value);
                match name.strip_prefix("@each ") {
                    Some(rest) => {
                        let (count, prefix) = rest.split_once(' ').unwrap();
                        let count: usize = count.parse().unwrap();
                        out.extend((0..count).map(|n| (format!("{prefix}{n}"), value.clone())));
                    }
                    None => drop(out.insert(repeat(name), value)),
                }
            }
            out.into()
        }
        other => other.clone(),
    }
}

fn repeat(text: &str) -> String {
    match text.strip_prefix("@repeat ") {
        None => text.to_owned(),
        Some(rest) => {
            let (piece, count) = rest.rsplit_once(' ').unwrap();
            piece.repeat(count.parse().unwrap())
        }
    }
}
