//! Parameters, conditions, inputs and what a task does instead of a container, as they are written.

use std::fmt;

use gofer_sdk::config as sdk;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Table;
use crate::pipeline_file::values::Text;

/// A value that a run is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "ParameterTable", into = "ParameterTable")]
pub(crate) struct Parameter(pub(crate) sdk::ParameterConfig);

/// Where a value comes from: a text, or a table that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value(pub(crate) sdk::ValueConfig);

/// What must hold for a task to run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ConditionTable")]
pub(crate) struct Condition(pub(crate) sdk::ConditionConfig);

/// Whom a task waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Approval {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) approvers: Vec<String>,
}

/// Which pipeline a task runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Run {
    pub(crate) pipeline: String,
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub(crate) variables: Table<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) for_each: Option<Items>,
    #[serde(skip_serializing_if = "super::is_default")]
    pub(crate) parallelism: u32,
}

/// The shared task that a task uses: its name and, after `@`, its version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Uses {
    pub(crate) task: String,
    /// 0: the one that is live when a run is created.
    pub(crate) version: u64,
}

impl TryFrom<String> for Uses {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some((task, version)) = text.split_once('@') else { return Ok(Self { task: text, version: 0 }) };
        let digits = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.starts_with('0');
        match version.parse() {
            Ok(version) if digits => Ok(Self { task: task.to_owned(), version }),
            _ => Err(format!("{text:?} names no version: behind the @ is a whole number from 1, such as {task}@3")),
        }
    }
}

impl From<Uses> for String {
    fn from(uses: Uses) -> Self {
        sdk::UsesConfig { task: uses.task, version: uses.version, settings: Default::default() }.reference()
    }
}

/// The elements that a task goes through: a list, or the lines of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Items(pub(crate) sdk::ItemsConfig);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum ParameterType {
    #[default]
    Text,
    Integer,
    Boolean,
    Choice,
    List,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct ParameterTable {
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "super::is_default")]
    r#type: ParameterType,
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Lines>,
}

impl TryFrom<ParameterTable> for Parameter {
    type Error = &'static str;

    fn try_from(table: ParameterTable) -> Result<Self, Self::Error> {
        if table.r#type != ParameterType::Integer && (table.least, table.most) != (None, None) {
            return Err("`least` and `most` only go with `type = \"integer\"`; add that, or remove them");
        }
        if table.r#type != ParameterType::Choice && !table.choices.is_empty() {
            return Err("`choices` only go with `type = \"choice\"`; add that, or remove them");
        }
        let kind = match table.r#type {
            ParameterType::Text => sdk::ParameterKind::Text,
            ParameterType::Integer => sdk::ParameterKind::Integer {
                least: table.least.unwrap_or(i64::MIN),
                most: table.most.unwrap_or(i64::MAX),
            },
            ParameterType::Boolean => sdk::ParameterKind::Boolean,
            ParameterType::Choice => sdk::ParameterKind::Choice(table.choices.into_iter().map(|text| text.0).collect()),
            ParameterType::List => sdk::ParameterKind::List,
        };
        let default = table.default.map(|lines| lines.0);
        Ok(Self(sdk::ParameterConfig { description: table.description, kind, default, source: None }))
    }
}

impl From<Parameter> for ParameterTable {
    fn from(Parameter(parameter): Parameter) -> Self {
        let default = parameter.default.map(Lines);
        let mut table = Self { description: parameter.description, default, ..Self::default() };
        table.r#type = match parameter.kind {
            sdk::ParameterKind::Text => ParameterType::Text,
            sdk::ParameterKind::Integer { least, most } => {
                table.least = Some(least).filter(|least| *least != i64::MIN);
                table.most = Some(most).filter(|most| *most != i64::MAX);
                ParameterType::Integer
            }
            sdk::ParameterKind::Boolean => ParameterType::Boolean,
            sdk::ParameterKind::Choice(choices) => {
                table.choices = choices.into_iter().map(Text).collect();
                ParameterType::Choice
            }
            sdk::ParameterKind::List => ParameterType::List,
        };
        table
    }
}

/// The long form of a value. Exactly one field is given.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ValueTable {
    output: Option<String>,
    variable: Option<String>,
    item: Option<bool>,
    text: Option<Text>,
}

impl TryFrom<ValueTable> for Value {
    type Error = String;

    fn try_from(table: ValueTable) -> Result<Self, String> {
        let value = match (table.output, table.variable, table.item, table.text) {
            (Some(output), None, None, None) => match output.split_once('.') {
                Some((task, name)) => sdk::ValueConfig::Output { task: task.to_owned(), name: name.to_owned() },
                None => {
                    return Err(format!("the output {output:?} is of no task; write {{ output = \"TASK.{output}\" }}"));
                }
            },
            (None, Some(name), None, None) => sdk::ValueConfig::Variable(name),
            (None, None, Some(true), None) => sdk::ValueConfig::Item,
            (None, None, Some(false), None) => return Err("`item` can only be true; remove it otherwise".into()),
            (None, None, None, Some(text)) => sdk::ValueConfig::Text(text.0),
            (None, None, None, None) => {
                return Err("a value has no origin; name an `output`, a `variable` or `item`, or write a text".into());
            }
            _ => return Err("a value has several origins; keep one of `output`, `variable`, `item` and `text`".into()),
        };
        Ok(Self(value))
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ConditionTable {
    output: Option<String>,
    variable: Option<String>,
    item: Option<bool>,
    text: Option<Text>,
    is: Option<Texts>,
    is_not: Option<Texts>,
}

impl TryFrom<ConditionTable> for Condition {
    type Error = String;

    fn try_from(table: ConditionTable) -> Result<Self, String> {
        let ConditionTable { output, variable, item, text, is, is_not } = table;
        let Value(value) = ValueTable { output, variable, item, text }.try_into()?;
        let test = match (is, is_not) {
            (Some(texts), None) => sdk::TestConfig::Is(texts.0),
            (None, Some(texts)) => sdk::TestConfig::IsNot(texts.0),
            (None, None) => return Err("a condition compares with nothing; say what the value `is` or `is_not`".into()),
            (Some(_), Some(_)) => return Err("a condition compares in two ways; make two conditions of it".into()),
        };
        Ok(Self(sdk::ConditionConfig { value, test }))
    }
}

/// Texts, or one alone.
struct Texts(Vec<String>);

/// A text, or several that become its lines.
struct Lines(String);

/// What stands where a value or several may.
enum Written {
    Text(String),
    List(Vec<String>),
    Table(ValueTable),
}

/// Reads what is expected there; lists and tables only where they are allowed.
struct Shape {
    expected: &'static str,
    lists: bool,
    tables: bool,
}

impl<'de> Visitor<'de> for Shape {
    type Value = Written;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Written, E> {
        Ok(Written::Text(text.to_owned()))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Written, E> {
        Ok(Written::Text(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Written, E> {
        Ok(Written::Text(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Written, E> {
        Ok(Written::Text(value.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Written, A::Error> {
        if !self.lists {
            return Err(de::Error::invalid_type(de::Unexpected::Seq, &self));
        }
        let mut texts = Vec::new();
        while let Some(Text(text)) = list.next_element()? {
            texts.push(text);
        }
        Ok(Written::List(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
        if !self.tables {
            return Err(de::Error::invalid_type(de::Unexpected::Map, &self));
        }
        ValueTable::deserialize(MapAccessDeserializer::new(map)).map(Written::Table)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a text, or where it comes from, such as { output = \"build.VERSION\" }";
        match deserializer.deserialize_any(Shape { expected, lists: false, tables: true })? {
            Written::Table(table) => table.try_into().map_err(de::Error::custom),
            Written::Text(text) => Ok(Self(sdk::ValueConfig::Text(text))),
            Written::List(texts) => Ok(Self(sdk::ValueConfig::Text(texts.join("\n")))),
        }
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a list of texts, or whose lines are meant, such as { output = \"plan.HOSTS\" }";
        let value = match deserializer.deserialize_any(Shape { expected, lists: true, tables: true })? {
            Written::List(texts) => return Ok(Self(sdk::ItemsConfig::These(texts))),
            Written::Table(table) => Value::try_from(table).map_err(de::Error::custom)?.0,
            Written::Text(text) => sdk::ValueConfig::Text(text),
        };
        Ok(Self(sdk::ItemsConfig::Lines(value)))
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a text, or a list of texts, such as [\"yes\", \"maybe\"]";
        match deserializer.deserialize_any(Shape { expected, lists: true, tables: false })? {
            Written::List(texts) => Ok(Self(texts)),
            Written::Text(text) => Ok(Self(vec![text])),
            Written::Table(_) => Err(de::Error::custom(expected)),
        }
    }
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a text, a whole number, true or false, or a list of texts";
        match deserializer.deserialize_any(Shape { expected, lists: true, tables: false })? {
            Written::Text(text) => Ok(Self(text)),
            Written::List(texts) => match texts.iter().find(|text| text.contains('\n')) {
                Some(text) => {
                    Err(de::Error::custom(format!("the element {text:?} holds a line break; make two of it")))
                }
                None => Ok(Self(texts.join("\n"))),
            },
            Written::Table(_) => Err(de::Error::custom(expected)),
        }
    }
}

impl Serialize for Lines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The long form of `run`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunTable {
    pipeline: String,
    #[serde(default)]
    variables: Table<Value>,
    #[serde(default)]
    for_each: Option<Items>,
    #[serde(default)]
    parallelism: u32,
}

impl<'de> Deserialize<'de> for Run {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Run;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the id of a pipeline, or a table, such as { pipeline = \"deploy\" }")
            }
            fn visit_str<E: de::Error>(self, id: &str) -> Result<Run, E> {
                Ok(Run { pipeline: id.to_owned(), variables: Table::default(), for_each: None, parallelism: 0 })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Run, A::Error> {
                let table = RunTable::deserialize(MapAccessDeserializer::new(map))?;
                let RunTable { pipeline, variables, for_each, parallelism } = table;
                Ok(Run { pipeline, variables, for_each, parallelism })
            }
        }
        deserializer.deserialize_any(NameOrTable)
    }
}

/// Writes where a value comes from into a table.
fn write_origin<M: SerializeMap>(map: &mut M, value: &sdk::ValueConfig) -> Result<(), M::Error> {
    match value {
        sdk::ValueConfig::Text(text) => map.serialize_entry("text", text),
        sdk::ValueConfig::Variable(name) => map.serialize_entry("variable", name),
        sdk::ValueConfig::Output { task, name } => map.serialize_entry("output", &format!("{task}.{name}")),
        sdk::ValueConfig::Item => map.serialize_entry("item", &true),
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let sdk::ValueConfig::Text(text) = &self.0 {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        write_origin(&mut map, &self.0)?;
        map.end()
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        write_origin(&mut map, &self.0.value)?;
        match &self.0.test {
            sdk::TestConfig::Is(texts) => map.serialize_entry("is", texts)?,
            sdk::TestConfig::IsNot(texts) => map.serialize_entry("is_not", texts)?,
        }
        map.end()
    }
}

impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            sdk::ItemsConfig::These(texts) => texts.serialize(serializer),
            sdk::ItemsConfig::Lines(value) => Value(value.clone()).serialize(serializer),
        }
    }
}
