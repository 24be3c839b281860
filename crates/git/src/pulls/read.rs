//! The API's JSON: only what is needed of it becomes values.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;

use crate::Fault;
use crate::collected::object_id;

/// Longest pull request that is handed on as it is, in bytes of JSON.
pub(super) const PULL_BYTES_MAX: usize = 192 * 1024;
/// Longest text of one that is handed on if it is too long as a whole, in bytes.
const TEXT_BYTES_MAX: usize = 32 * 1024;

/// What is looked at of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) is_open: bool,
    /// Id of its newest commit.
    pub(super) head: String,
    /// Branch that it is to be merged into.
    pub(super) base: String,
}

#[derive(Deserialize)]
struct Raw {
    number: u64,
    state: String,
    head: RawHead,
    base: RawBase,
}

#[derive(Deserialize)]
struct RawHead {
    sha: String,
}

#[derive(Deserialize)]
struct RawBase {
    #[serde(rename = "ref")]
    name: String,
}

impl Raw {
    fn checked(self) -> Result<Pull, Fault> {
        if self.number == 0 {
            return Err(Fault::protocol("it lists a pull request without a number"));
        }
        let head = object_id(self.head.sha.as_bytes());
        let head = head.map_err(|_| Fault::protocol("it lists a pull request without the id of a commit"))?;
        Ok(Pull { number: self.number, is_open: self.state == "open", head, base: self.base.name })
    }
}

/// The pull requests of a page.
pub(super) fn page(body: &[u8]) -> Result<Vec<Pull>, Fault> {
    let raw: Vec<Raw> = serde_json::from_slice(body).map_err(other)?;
    raw.into_iter().map(Raw::checked).collect()
}

/// One pull request, and all of what is said of it.
pub(super) fn one(body: &[u8]) -> Result<(Pull, Value), Fault> {
    let raw: Raw = serde_json::from_slice(body).map_err(other)?;
    let value = serde_json::from_slice(body).map_err(other)?;
    Ok((raw.checked()?, shortened(value)))
}

/// All of what is said of some pull requests of a page, by their places.
pub(super) fn at(body: &[u8], places: &BTreeSet<usize>) -> Result<Vec<Value>, Fault> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let found = reader.deserialize_seq(At(places)).map_err(other)?;
    Ok(found.into_iter().map(shortened).collect())
}

struct At<'p>(&'p BTreeSet<usize>);

impl<'de> Visitor<'de> for At<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Value>, A::Error> {
        let mut found = Vec::new();
        for place in 0usize.. {
            let is_there = if self.0.contains(&place) {
                let value = list.next_element::<Value>()?;
                let is_there = value.is_some();
                found.extend(value);
                is_there
            } else {
                list.next_element::<IgnoredAny>()?.is_some()
            };
            if !is_there {
                break;
            }
        }
        if found.len() == self.0.len() { Ok(found) } else { Err(de::Error::custom("the list is too short")) }
    }
}

/// Its own text is about places and what is expected there, and may have words of the answer.
fn other(error: serde_json::Error) -> Fault {
    let (line, column) = (error.line(), error.column());
    Fault::protocol(format!(
        "its answer is no list of pull requests as GitHub has them, at line {line}, column {column}"
    ))
}

/// Without what nobody needs, if it is too long: addresses for further questions, and the ends of long texts.
pub(super) fn shortened(mut pull: Value) -> Value {
    if pull.to_string().len() > PULL_BYTES_MAX {
        shorten(&mut pull);
    }
    pull
}

fn shorten(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !is_further(name));
            members.values_mut().for_each(shorten);
        }
        Value::Array(list) => list.iter_mut().for_each(shorten),
        Value::String(text) => text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a member is where to ask for more. What is for people, and what Git clones from, isn't.
fn is_further(name: &str) -> bool {
    name == "_links" || name.ends_with("_url") && !["html_url", "clone_url", "ssh_url"].contains(&name)
}
