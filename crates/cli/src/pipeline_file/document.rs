//! The fields of a pipeline file, as they are written.

pub(crate) mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::values::{Cpu, Factor, Memory, Span, Text};
use values::{Approval, Condition, Parameter, Run, Uses, Value};

/// A whole file.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    /// Absent means the first version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<Version>,
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) parallelism: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) overlap: Overlap,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<Span>,
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub(crate) env: Table<Text>,
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub(crate) parameters: Table<Parameter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Place>,
    pub(crate) tasks: Table<Task>,
}

/// The version of the format, which is [`gofer_sdk::FORMAT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Version(pub(crate) u32);

/// Where a program declared a task. It is for messages: no part of a configuration, and never sent to a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
}

/// One task.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Task {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) pull: Pull,
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub(crate) entrypoint: Words,
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub(crate) command: Words,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) working_directory: Option<String>,
    #[serde(skip_serializing_if = "Parents::is_empty")]
    pub(crate) depends_on: Parents,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) when: Vec<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) approval: Option<Approval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<Run>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uses: Option<Uses>,
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub(crate) settings: Table<Value>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) retry: Retry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<Span>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) cpu: Cpu,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) memory: Memory,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver: Option<DriverName>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) allow_failure: bool,
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub(crate) constraints: Table<Text>,
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub(crate) env: Table<Text>,
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub(crate) inputs: Table<Value>,
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub(crate) secret_env: Table<Text>,
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub(crate) secret_files: Table<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Place>,
}

/// What happens to a new run while as many run as may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Overlap {
    #[default]
    Allow,
    Forbid,
    Replace,
    Queue(u32),
}

/// When an image is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pull {
    #[default]
    IfNotPresent,
    Always,
    Never,
}

/// What launches the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DriverName {
    Process,
    Docker,
}

/// How a parent must have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Requirement {
    #[default]
    Success,
    Failure,
    Any,
}

/// How often and how soon a failed attempt is followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Retry {
    pub(crate) attempts: u32,
    pub(crate) backoff: Span,
    pub(crate) backoff_max: Span,
    pub(crate) multiplier: Factor,
    pub(crate) retry_lost: bool,
}

impl Default for Retry {
    fn default() -> Self {
        let seconds = |seconds| Span(std::time::Duration::from_secs(seconds));
        Self { attempts: 1, backoff: seconds(1), backoff_max: seconds(60), multiplier: Factor(200), retry_lost: true }
    }
}

/// The words of an entrypoint or a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Words(pub(crate) Vec<String>);

/// Parents and how each must have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parents(pub(crate) BTreeMap<String, Requirement>);

/// A map that refuses to hear a name twice, which JSON readers otherwise pass over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table<T>(pub(crate) BTreeMap<String, T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Table<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Task {
    /// What it says that does not go together, and what to do.
    pub(crate) fn contradiction(&self, id: &str) -> Option<(String, &'static str)> {
        let kinds = [
            (self.uses.is_some(), "uses a shared task"),
            (self.approval.is_some(), "waits for approval"),
            (self.run.is_some(), "runs a pipeline"),
        ];
        let said: Vec<&str> = kinds.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect();
        match said[..] {
            [one, other, ..] => {
                Some((format!("tasks.{id} both {one} and {other}"), "take one out, or make two tasks of it"))
            }
            _ if self.uses.is_none() && !self.settings.is_empty() => {
                let message = format!("tasks.{id} has settings, and uses no shared task");
                Some((message, "say which task it `uses`, or take the settings out"))
            }
            _ => None,
        }
    }
}

impl Words {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Parents {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = u32::deserialize(deserializer)?;
        if version != gofer_sdk::FORMAT {
            return Err(de::Error::custom(format!(
                "format {version} is not known; this program reads format {}",
                gofer_sdk::FORMAT
            )));
        }
        Ok(Self(version))
    }
}

/// Refuses a policy without attempts: on the wire, 0 means "the default".
fn at_least_one<E: de::Error>(attempts: u32) -> Result<u32, E> {
    if attempts == 0 {
        return Err(E::custom("0 attempts, allowed are 1 to 100: the first attempt counts, so 1 means no retry"));
    }
    Ok(attempts)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

struct TableVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for TableVisitor<T> {
    type Value = Table<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a table of names and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Table<T>, A::Error> {
        let mut table = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if table.contains_key(&name) {
                return Err(de::Error::custom(format!("{name:?} is given twice")));
            }
            let value = map.next_value()?;
            table.insert(name, value);
        }
        Ok(Table(table))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor(PhantomData))
    }
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Words;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of words, such as [\"/bin/sh\", \"-c\", \"make test\"]")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element()? {
                    words.push(word);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(List)
    }
}

impl<'de> Deserialize<'de> for Parents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrTable;
        impl<'de> Visitor<'de> for ListOrTable {
            type Value = Parents;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of tasks, such as [\"build\"], or a table, such as { build = \"failure\" }")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Parents, A::Error> {
                let mut parents = BTreeMap::new();
                while let Some(parent) = list.next_element::<String>()? {
                    if parents.contains_key(&parent) {
                        return Err(de::Error::custom(format!("{parent:?} is given twice")));
                    }
                    parents.insert(parent, Requirement::Success);
                }
                Ok(Parents(parents))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Parents, A::Error> {
                TableVisitor(PhantomData).visit_map(map).map(|table| Parents(table.0))
            }
        }
        deserializer.deserialize_any(ListOrTable)
    }
}

impl Serialize for Parents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.values().all(|requirement| *requirement == Requirement::Success) {
            serializer.collect_seq(self.0.keys())
        } else {
            self.0.serialize(serializer)
        }
    }
}

/// The long form of `retry`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryTable {
    attempts: u32,
    backoff: Option<Span>,
    backoff_max: Option<Span>,
    multiplier: Option<Factor>,
    retry_lost: Option<bool>,
}

impl<'de> Deserialize<'de> for Retry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrTable;
        impl<'de> Visitor<'de> for NumberOrTable {
            type Value = Retry;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "a number of attempts, such as 3, or a table, such as { attempts = 3, backoff = \"5s\" }",
                )
            }
            fn visit_i64<E: de::Error>(self, attempts: i64) -> Result<Retry, E> {
                let wrong = |_| E::invalid_value(de::Unexpected::Signed(attempts), &self);
                Ok(Retry { attempts: at_least_one(u32::try_from(attempts).map_err(wrong)?)?, ..Retry::default() })
            }
            fn visit_u64<E: de::Error>(self, attempts: u64) -> Result<Retry, E> {
                let wrong = |_| E::invalid_value(de::Unexpected::Unsigned(attempts), &self);
                Ok(Retry { attempts: at_least_one(u32::try_from(attempts).map_err(wrong)?)?, ..Retry::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Retry, A::Error> {
                let table = RetryTable::deserialize(MapAccessDeserializer::new(map))?;
                let default = Retry::default();
                let backoff = table.backoff.unwrap_or(default.backoff);
                // A backoff above the usual ceiling lifts it, so that naming one value is enough.
                let ceiling = if backoff.0 > default.backoff_max.0 { backoff } else { default.backoff_max };
                Ok(Retry {
                    attempts: at_least_one(table.attempts)?,
                    backoff,
                    backoff_max: table.backoff_max.unwrap_or(ceiling),
                    multiplier: table.multiplier.unwrap_or(default.multiplier),
                    retry_lost: table.retry_lost.unwrap_or(default.retry_lost),
                })
            }
        }
        deserializer.deserialize_any(NumberOrTable)
    }
}

/// The long form of `overlap`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverlapTable {
    queue: u32,
}

impl<'de> Deserialize<'de> for Overlap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Overlap;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("\"allow\", \"forbid\", \"replace\" or { queue = 5 }")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Overlap, E> {
                match name {
                    "allow" => Ok(Overlap::Allow),
                    "forbid" => Ok(Overlap::Forbid),
                    "replace" => Ok(Overlap::Replace),
                    "queue" => Err(E::custom("the policy \"queue\" needs its length; write { queue = 5 }")),
                    _ => Err(E::unknown_variant(name, &["allow", "forbid", "replace", "queue"])),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Overlap, A::Error> {
                OverlapTable::deserialize(MapAccessDeserializer::new(map)).map(|table| Overlap::Queue(table.queue))
            }
        }
        deserializer.deserialize_any(NameOrTable)
    }
}

impl Serialize for Overlap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Allow => serializer.serialize_str("allow"),
            Self::Forbid => serializer.serialize_str("forbid"),
            Self::Replace => serializer.serialize_str("replace"),
            Self::Queue(length) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("queue", length)?;
                map.end()
            }
        }
    }
}
