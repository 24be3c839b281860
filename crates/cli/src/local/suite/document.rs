//! `gofer-test.toml` as it is written, and what it means.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::local::DriverChoice;
use crate::local::shape::{Stub, list};
use crate::pipeline_file::document::{DriverName, Table};
use crate::pipeline_file::fault::{nearest, place};
use crate::pipeline_file::values::{Span, Text};
use crate::pipeline_file::{self, Fault, FaultKind};

/// Most cases of one file.
const CASES_MAX: usize = 500;
/// Longest name of a case, in bytes.
const NAME_BYTES_MAX: usize = 200;
/// Longest output of a stub, in bytes; it has to fit into an argument of a program.
const STUB_BYTES_MAX: usize = 64 * 1024;
/// How long a case may take that says nothing of it.
const TIMEOUT: Duration = Duration::from_secs(300);
const HELP: &str = "docs/local-runs.md describes the file, and `gofer pipeline init` writes an example";

/// A whole file. What stands at its top holds for every case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    driver: Option<DriverName>,
    /// Arguments of the program that prints the pipeline.
    #[serde(default)]
    arguments: Vec<String>,
    #[serde(default)]
    env: Table<Text>,
    #[serde(default)]
    pub(super) labels: Table<Text>,
    #[serde(rename = "case", default)]
    pub(super) cases: Vec<Case>,
}

/// One run of the pipeline, and what is expected of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    driver: Option<DriverName>,
    arguments: Option<Vec<String>>,
    #[serde(default)]
    variables: Table<Text>,
    #[serde(default)]
    env: Table<Text>,
    #[serde(default)]
    pub(super) only: Vec<String>,
    #[serde(default)]
    pub(super) with_parents: bool,
    timeout: Option<Span>,
    /// How the run is to end.
    #[serde(default)]
    pub(super) run: RunEnd,
    #[serde(default)]
    pub(super) stub: Table<StubText>,
    #[serde(default)]
    pub(super) expect: Table<Expected>,
}

/// How a run may end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RunEnd {
    #[default]
    Succeeded,
    Failed,
    Cancelled,
}

/// How a task may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TaskEnd {
    Succeeded,
    Failed,
    Skipped,
    Cancelled,
}

/// What takes the place of a task: an exit code, or a table.
#[derive(Clone, Debug, Default)]
pub(super) struct StubText(Stub);

/// What is expected of a task: a status, or a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) status: Option<TaskEnd>,
    pub(super) exit_code: Option<i32>,
    pub(super) attempts: Option<u32>,
    pub(super) output: Vec<String>,
    pub(super) output_without: Vec<String>,
}

/// Reads a test file.
pub(super) fn read(path: &Path) -> Result<Document, Error> {
    let text = pipeline_file::read(path).map_err(|mut fault| {
        if fault.kind == FaultKind::Unreadable && !path.exists() {
            fault.help = format!("write one: {HELP}");
        }
        fault
    })?;
    Ok(parse(path, &text)?)
}

fn parse(path: &Path, text: &str) -> Result<Document, Box<Fault>> {
    let document: Document = toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| place(text, span.start));
        let mut fault = Fault::at(path, text, place, error.message());
        if !fault.help.starts_with("did you mean") {
            fault.help = HELP.to_owned();
        }
        fault
    })?;
    let wrong = |message: String| Err(Fault::whole(path, FaultKind::Content, &message, HELP));
    if document.cases.is_empty() {
        return wrong("it has no [[case]]".into());
    }
    if document.cases.len() > CASES_MAX {
        return wrong(format!("it has {} cases, the limit is {CASES_MAX}", document.cases.len()));
    }
    let mut names = BTreeSet::new();
    for case in &document.cases {
        let name = &case.name;
        if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || name.contains(char::is_control) {
            return wrong(format!("{name:?} is no name: use 1 to {NAME_BYTES_MAX} bytes on one line"));
        }
        if !names.insert(name) {
            return wrong(format!("two cases are named {name:?}"));
        }
        if case.timeout().is_zero() {
            return wrong(format!("case {name:?}: the timeout must be longer than 0"));
        }
        for (task, StubText(stub)) in &case.stub.0 {
            if [&stub.stdout, &stub.stderr].into_iter().any(|text| text.len() > STUB_BYTES_MAX || text.contains('\0')) {
                return wrong(format!(
                    "case {name:?}: the stub of {task} prints a text that holds a zero byte or is longer than \
                     {STUB_BYTES_MAX} bytes"
                ));
            }
        }
    }
    Ok(document)
}

impl Document {
    /// Keeps the cases of these names; all of them if there are none.
    pub(super) fn keep(&mut self, names: &[String], path: &Path) -> Result<(), Error> {
        let known: Vec<&str> = self.cases.iter().map(|case| case.name.as_str()).collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
            let help = match nearest(unknown, &known) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("its cases are {}", list(&known)),
            };
            return Err(Error::usage(format!("{} has no case {unknown:?}", path.display()), help));
        }
        self.cases.retain(|case| names.is_empty() || names.contains(&case.name));
        Ok(())
    }

    pub(super) fn arguments<'a>(&'a self, case: &'a Case) -> &'a [String] {
        case.arguments.as_ref().unwrap_or(&self.arguments)
    }

    pub(super) fn env(&self, case: &Case) -> BTreeMap<String, String> {
        let both = self.env.0.iter().chain(&case.env.0);
        both.map(|(name, value)| (name.clone(), value.0.clone())).collect()
    }

    pub(super) fn driver(&self, case: &Case) -> Option<DriverChoice> {
        case.driver.or(self.driver).map(|name| match name {
            DriverName::Process => DriverChoice::Process,
            DriverName::Docker => DriverChoice::Docker,
        })
    }
}

impl Case {
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        self.variables.0.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout.map_or(TIMEOUT, |span| span.0)
    }

    pub(super) fn stubs(&self) -> BTreeMap<String, Stub> {
        self.stub.0.iter().map(|(id, stub)| (id.clone(), stub.0.clone())).collect()
    }
}

/// The long form of a stub.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StubTable {
    #[serde(default)]
    exit_code: u8,
    #[serde(default)]
    output: String,
    #[serde(default)]
    errors: String,
}

impl<'de> Deserialize<'de> for StubText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CodeOrTable;
        impl<'de> Visitor<'de> for CodeOrTable {
            type Value = StubText;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter
                    .write_str("an exit code from 0 to 255, or a table, such as { exit_code = 1, output = \"no\" }")
            }
            fn visit_i64<E: de::Error>(self, code: i64) -> Result<StubText, E> {
                let wrong = |_| E::invalid_value(de::Unexpected::Signed(code), &self);
                Ok(StubText(Stub { exit_code: u8::try_from(code).map_err(wrong)?, ..Stub::default() }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<StubText, A::Error> {
                let table = StubTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(StubText(Stub { exit_code: table.exit_code, stdout: table.output, stderr: table.errors }))
            }
        }
        deserializer.deserialize_any(CodeOrTable)
    }
}

/// The long form of what is expected.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedTable {
    status: Option<TaskEnd>,
    exit_code: Option<i32>,
    attempts: Option<u32>,
    #[serde(default)]
    output: Texts,
    #[serde(default)]
    output_without: Texts,
}

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StatusOrTable;
        impl<'de> Visitor<'de> for StatusOrTable {
            type Value = Expected;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a status, such as \"skipped\", or a table, such as { output = \"done\" }")
            }
            fn visit_str<E: de::Error>(self, status: &str) -> Result<Expected, E> {
                let status = TaskEnd::deserialize(de::value::StrDeserializer::<E>::new(status))?;
                Ok(Expected { status: Some(status), ..Expected::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expected, A::Error> {
                let table = ExpectedTable::deserialize(MapAccessDeserializer::new(map))?;
                let ExpectedTable { status, exit_code, attempts, output, output_without } = table;
                Ok(Expected { status, exit_code, attempts, output: output.0, output_without: output_without.0 })
            }
        }
        deserializer.deserialize_any(StatusOrTable)
    }
}

/// One text or several.
#[derive(Default)]
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text or a list of texts")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

#[cfg(test)]
#[path = "document/tests.rs"]
mod tests;
