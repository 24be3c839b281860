//! Values of expressions: what the payload has, seen where it lies, and what is made of it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::budget::{Budget, Trouble};
use crate::node::Literal;

/// A value. Clones are cheap.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Text<'a>),
    Time(Timestamp),
    Duration(SignedDuration),
    List(List<'a>),
    Map(Map<'a>),
    /// What `.?` gives.
    Optional(Option<Rc<Value<'a>>>),
}

#[derive(Clone, Debug)]
pub(crate) enum Text<'a> {
    Seen(&'a str),
    Made(Rc<str>),
}

#[derive(Clone, Debug)]
pub(crate) enum List<'a> {
    Seen(&'a [Json]),
    Made(Rc<Vec<Value<'a>>>),
}

#[derive(Clone, Debug)]
pub(crate) enum Map<'a> {
    Seen(&'a serde_json::Map<String, Json>),
    Made(Rc<BTreeMap<Key<'a>, Value<'a>>>),
}

/// A key of a map. Whole numbers are the same key whatever their type.
#[derive(Clone, Debug)]
pub(crate) enum Key<'a> {
    Bool(bool),
    Int(i128),
    Text(Text<'a>),
}

impl<'a> Text<'a> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Seen(text) => text,
            Self::Made(text) => text,
        }
    }
}

impl List<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Seen(list) => list.len(),
            Self::Made(list) => list.len(),
        }
    }
}

impl<'a> List<'a> {
    pub(crate) fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            Self::Seen(list) => list.get(index).map(Value::of),
            Self::Made(list) => list.get(index).cloned(),
        }
    }
}

impl<'a> Map<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Seen(map) => map.len(),
            Self::Made(map) => map.len(),
        }
    }

    pub(crate) fn get(&self, key: &Key<'a>) -> Option<Value<'a>> {
        match (self, key) {
            (Self::Seen(map), Key::Text(key)) => map.get(key.as_str()).map(Value::of),
            (Self::Seen(_), _) => None,
            (Self::Made(map), key) => map.get(key).cloned(),
        }
    }

    /// The keys in their order.
    pub(crate) fn keys(&self) -> Vec<Value<'a>> {
        match self {
            Self::Seen(map) => map.keys().map(|key| Value::Text(Text::Seen(key))).collect(),
            Self::Made(map) => map.keys().map(Key::value).collect(),
        }
    }
}

impl<'a> Key<'a> {
    /// The key that a value is, if it can be one.
    pub(crate) fn of(value: &Value<'a>) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Text(text) => Some(Self::Text(text.clone())),
            Value::Int(value) => Some(Self::Int((*value).into())),
            Value::Uint(value) => Some(Self::Int((*value).into())),
            Value::Double(value) => whole(*value).map(Self::Int),
            _ => None,
        }
    }

    fn value(&self) -> Value<'a> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Int(value) => match i64::try_from(*value) {
                Ok(value) => Value::Int(value),
                Err(_) => u64::try_from(*value).map_or(Value::Null, Value::Uint),
            },
        }
    }

    /// The key as that of a JSON object.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Text(text) => text.as_str().to_owned(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.as_str().len(),
            Self::Bool(_) | Self::Int(_) => 0,
        }
    }
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(two)) => one.cmp(two),
            (Self::Int(one), Self::Int(two)) => one.cmp(two),
            (Self::Text(one), Self::Text(two)) => one.as_str().cmp(two.as_str()),
            (Self::Bool(_), _) | (Self::Int(_), Self::Text(_)) => Ordering::Less,
            (_, Self::Bool(_)) | (Self::Text(_), Self::Int(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key<'_> {}

/// The whole number that a floating point number is, if it is one that is exact.
fn whole(value: f64) -> Option<i128> {
    // Every f64 below 2^65 that has no fraction is exact as i128.
    (value.fract() == 0.0 && value.abs() < 3.6e19).then_some(value as i128)
}

impl<'a> Value<'a> {
    /// What the payload has at a place.
    pub(crate) fn of(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Self::Int(value),
                (None, Some(value)) => Self::Uint(value),
                (None, None) => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::Text(Text::Seen(text)),
            Json::Array(list) => Self::List(List::Seen(list)),
            Json::Object(map) => Self::Map(Map::Seen(map)),
        }
    }

    pub(crate) fn literal(literal: &'a Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Int(value) => Self::Int(*value),
            Literal::Uint(value) => Self::Uint(*value),
            Literal::Double(value) => Self::Double(*value),
            Literal::Text(text) => Self::Text(Text::Seen(text)),
        }
    }

    pub(crate) fn made(text: String) -> Self {
        Self::Text(Text::Made(text.into()))
    }

    pub(crate) fn list(list: Vec<Self>) -> Self {
        Self::List(List::Made(Rc::new(list)))
    }

    /// What it is, with its article, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "an int",
            Self::Uint(_) => "a uint",
            Self::Double(_) => "a double",
            Self::Text(_) => "a string",
            Self::Time(_) => "a timestamp",
            Self::Duration(_) => "a duration",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Optional(_) => "an optional",
        }
    }

    /// Whether two values are the same: numbers by what they are worth, others by type and content.
    pub(crate) fn equals(&self, other: &Self, budget: &mut Budget) -> Result<bool, Trouble> {
        budget.spend(1)?;
        match (self, other) {
            (Self::Null, Self::Null) => Ok(true),
            (Self::Bool(one), Self::Bool(two)) => Ok(one == two),
            (Self::Time(one), Self::Time(two)) => Ok(one == two),
            (Self::Duration(one), Self::Duration(two)) => Ok(one == two),
            (Self::Text(one), Self::Text(two)) => {
                let (one, two) = (one.as_str(), two.as_str());
                if one.len() != two.len() {
                    return Ok(false);
                }
                budget.spend_bytes(one.len())?;
                Ok(one == two)
            }
            (Self::List(one), Self::List(two)) => lists_equal(one, two, budget),
            (Self::Map(one), Self::Map(two)) => maps_equal(one, two, budget),
            (Self::Optional(one), Self::Optional(two)) => match (one, two) {
                (None, None) => Ok(true),
                (Some(one), Some(two)) => one.equals(two, budget),
                _ => Ok(false),
            },
            (one, two) => Ok(one.compare_numbers(two) == Some(Ordering::Equal)),
        }
    }

    /// The order of two values, if they have one.
    pub(crate) fn compare(&self, other: &Self, budget: &mut Budget) -> Result<Option<Ordering>, Trouble> {
        Ok(match (self, other) {
            (Self::Bool(one), Self::Bool(two)) => Some(one.cmp(two)),
            (Self::Time(one), Self::Time(two)) => Some(one.cmp(two)),
            (Self::Duration(one), Self::Duration(two)) => Some(one.cmp(two)),
            (Self::Text(one), Self::Text(two)) => {
                budget.spend_bytes(one.as_str().len().min(two.as_str().len()))?;
                Some(one.as_str().cmp(two.as_str()))
            }
            (one, two) => one.compare_numbers(two),
        })
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Uint(_) | Self::Double(_))
    }

    fn compare_numbers(&self, other: &Self) -> Option<Ordering> {
        let integer = |value: &Self| match value {
            Self::Int(value) => Some(i128::from(*value)),
            Self::Uint(value) => Some(i128::from(*value)),
            _ => None,
        };
        match (self, other) {
            (Self::Double(one), Self::Double(two)) => one.partial_cmp(two),
            (Self::Double(one), two) => Some(compare_mixed(*one, integer(two)?)?),
            (one, Self::Double(two)) => Some(compare_mixed(*two, integer(one)?)?.reverse()),
            (one, two) => Some(integer(one)?.cmp(&integer(two)?)),
        }
    }
}

/// The order of a floating point number and a whole one of 65 bits, exactly.
fn compare_mixed(double: f64, integer: i128) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    if double.abs() >= 3.6e19 {
        return Some(if double > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    let floor = double.floor();
    match (floor as i128).cmp(&integer) {
        Ordering::Equal if double > floor => Some(Ordering::Greater),
        order => Some(order),
    }
}

fn lists_equal(one: &List<'_>, two: &List<'_>, budget: &mut Budget) -> Result<bool, Trouble> {
    if one.len() != two.len() {
        return Ok(false);
    }
    for index in 0..one.len() {
        if let (Some(one), Some(two)) = (one.get(index), two.get(index))
            && !one.equals(&two, budget)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn maps_equal<'a>(one: &Map<'a>, two: &Map<'a>, budget: &mut Budget) -> Result<bool, Trouble> {
    if one.len() != two.len() {
        return Ok(false);
    }
    // Keys are looked for, which costs more than to go on to the next one.
    budget.spend(4 * one.len())?;
    for key in one.keys().iter().filter_map(Key::of) {
        budget.spend_bytes(key.bytes())?;
        let same = match (one.get(&key), two.get(&key)) {
            (Some(one), Some(two)) => one.equals(&two, budget)?,
            _ => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
