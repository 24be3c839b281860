//! The pipelines of `proto/testdata/pipelines/valid`, written with this SDK: byte for byte the same.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../examples/golden/pipelines.rs"]
mod pipelines;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gofer_sdk::Pipeline;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/testdata/pipelines")
}

#[test]
fn every_golden_pipeline_comes_out_byte_for_byte() {
    let mut written = BTreeSet::new();
    for (name, pipeline) in pipelines::all() {
        let file = format!("{name}.json");
        let wanted = std::fs::read_to_string(folder().join("valid").join(&file)).unwrap();
        assert_eq!(pipeline.to_json().unwrap(), wanted, "{name}");
        written.insert(file);
    }
    let entries = std::fs::read_dir(folder().join("valid")).unwrap();
    let there: BTreeSet<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(written, there, "each file has a pipeline");
}

#[test]
fn sources_stand_where_the_format_has_them() {
    let mut pipeline = Pipeline::new("sourced");
    pipeline.env("A", "1").source("ci/pipeline.star", 3);
    pipeline.task("build").command(["make"]).env("B", "2").source("ci/build.star", 12);
    pipeline.task("bare").image("busybox").source("ci/bare \"1\".star", 4_294_967_295);
    let config = pipeline.to_config().unwrap();
    let wanted = std::fs::read_to_string(folder().join("with-sources.json")).unwrap();
    assert_eq!(config.to_json_with_sources(), wanted);
}
