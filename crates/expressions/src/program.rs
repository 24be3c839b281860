//! The filter and the expressions of a subscription, compiled once and used for every event.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::budget::Budget;
use crate::eval::Machine;
use crate::node::Node;
use crate::parser::{self, Patterns, Use};
use crate::value::Value;
use crate::{EXPRESSIONS_MAX, VALUE_BYTES_MAX, VALUES_BYTES_MAX, payload, text};

/// A filter and expressions. Clones share what was compiled.
#[derive(Clone, Debug)]
pub struct Program(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    filter: Option<Node>,
    /// By the names of the variables.
    expressions: BTreeMap<String, Node>,
}

/// What is wrong with the text of a filter or an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `filter`, `expressions`, or `expressions.NAME`.
    pub field: String,
    /// What is wrong and where, in words.
    pub message: String,
}

/// What expressions see of an event.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What the event is known by: `event.key`.
    pub key: &'a str,
    /// What happened, such as `push`: `event.kind`.
    pub kind: &'a str,
    /// When it was told: `event.time`.
    pub unix_millis: i64,
    /// What its sender says of it: `payload`.
    pub payload: &'a serde_json::Value,
}

/// What a program makes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It counts; these are the variables of its run.
    Fire(BTreeMap<String, String>),
    /// It doesn't count.
    Filtered,
    /// The filter or an expression can't be used for it, for this reason.
    Malformed(String),
}

impl Program {
    /// Compiles a filter and expressions by the names of the variables that they give. With an empty filter every event
    /// counts.
    ///
    /// # Errors
    /// The first text that is no expression of the language, that says a name or a function which isn't there, or that is
    /// beyond a limit.
    pub fn new<'a>(filter: &str, expressions: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Fault> {
        let mut patterns = Patterns::default();
        let filter = match filter.trim() {
            "" => None,
            _ => Some(
                parser::parse(filter, Use::Filter, &mut patterns).map_err(|message| Fault::new("filter", message))?,
            ),
        };
        let mut compiled = BTreeMap::new();
        for (name, text) in expressions {
            if compiled.len() == EXPRESSIONS_MAX {
                let message = format!("there are more than {EXPRESSIONS_MAX} expressions, which is the limit");
                return Err(Fault::new("expressions", message));
            }
            let fault = |message| Fault::new(&format!("expressions.{name}"), message);
            let node = parser::parse(text, Use::Variable, &mut patterns).map_err(fault)?;
            if compiled.insert(name.to_owned(), node).is_some() {
                return Err(fault("is given twice; one of the two must go".to_owned()));
            }
        }
        Ok(Self(Arc::new(Parts { filter, expressions: compiled })))
    }

    /// Says whether an event counts, and which variables its run gets. The same for the same event, wherever it is asked.
    #[must_use]
    pub fn judge(&self, event: &Event<'_>) -> Outcome {
        if let Err(message) = payload::check(event.payload) {
            return Outcome::Malformed(message);
        }
        let mut budget = Budget::new();
        match self.0.counts(event, &mut budget) {
            Err(message) => Outcome::Malformed(format!("filter: {message}")),
            Ok(false) => Outcome::Filtered,
            Ok(true) => self.0.variables(event, &mut budget).map_or_else(Outcome::Malformed, Outcome::Fire),
        }
    }
}

impl Parts {
    fn counts(&self, event: &Event<'_>, budget: &mut Budget) -> Result<bool, String> {
        let Some(filter) = &self.filter else { return Ok(true) };
        match Machine::new(event, budget).value(filter) {
            Ok(Value::Bool(counts)) => Ok(counts),
            Ok(other) => Err(format!("gives {}, not true or false", other.type_name())),
            Err(trouble) => Err(trouble.message()),
        }
    }

    fn variables(&self, event: &Event<'_>, budget: &mut Budget) -> Result<BTreeMap<String, String>, String> {
        let mut left = VALUES_BYTES_MAX;
        let mut variables = BTreeMap::new();
        for (name, expression) in &self.expressions {
            let value = Machine::new(event, budget).value(expression).and_then(|value| match value {
                Value::Null => budget.fail(|| "gives null, which no variable can be".to_owned()),
                value => text::variable(&value, VALUE_BYTES_MAX, budget),
            });
            let value = value.map_err(|trouble| format!("expressions.{name}: {}", trouble.message()))?;
            left = left.checked_sub(value.len()).ok_or_else(|| {
                format!(
                    "expressions.{name}: the values up to this one have more than {VALUES_BYTES_MAX} bytes together"
                )
            })?;
            variables.insert(name.clone(), value);
        }
        Ok(variables)
    }
}

impl Fault {
    fn new(field: &str, message: String) -> Self {
        Self { field: field.to_owned(), message }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for Fault {}
