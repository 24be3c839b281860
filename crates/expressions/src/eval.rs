//! Evaluates expressions, paying for each step.

mod functions;
mod operators;
mod time;

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;

use crate::Event;
use crate::budget::{Budget, Trouble};
use crate::node::{EventField, Macro, MacroKind, Node};
use crate::text::quote;
use crate::value::{Key, Map, Text, Value};

type Result<T> = std::result::Result<T, Trouble>;

/// Evaluates the expressions of one event.
pub(crate) struct Machine<'a, 'b> {
    event: &'a Event<'a>,
    budget: &'b mut Budget,
    /// Variables of the macros that are being evaluated.
    locals: Vec<Value<'a>>,
}

impl<'a, 'b> Machine<'a, 'b> {
    pub(crate) fn new(event: &'a Event<'a>, budget: &'b mut Budget) -> Self {
        Self { event, budget, locals: Vec::new() }
    }

    /// The value of an expression.
    pub(crate) fn value(&mut self, node: &'a Node) -> Result<Value<'a>> {
        self.budget.spend(1)?;
        match node {
            Node::Literal(literal) => Ok(Value::literal(literal)),
            Node::Payload => Ok(Value::of(self.event.payload)),
            Node::Event(field) => self.event(*field),
            // The compiler gave out no slot that isn't there.
            Node::Local { slot, .. } => Ok(self.locals.get(*slot).cloned().unwrap_or(Value::Null)),
            Node::Select { of, field, optional } => self.select(of, field, *optional),
            Node::Has { of, field } => self.has(of, field),
            Node::Index { of, key, optional } => self.index(of, key, *optional),
            Node::List(elements) => {
                elements.iter().map(|element| self.value(element)).collect::<Result<_>>().map(Value::list)
            }
            Node::Map(entries) => self.map(entries),
            Node::Not(of) => Ok(Value::Bool(!self.bool(of, "!")?)),
            Node::Negate(of) => self.negate(of),
            Node::And(sides) => self.logic(sides, false),
            Node::Or(sides) => self.logic(sides, true),
            Node::Conditional(parts) => {
                let [condition, one, two] = &**parts;
                let which = if self.bool(condition, "? :")? { one } else { two };
                self.value(which)
            }
            Node::Binary(operator, sides) => {
                let [one, two] = &**sides;
                let (one, two) = (self.value(one)?, self.value(two)?);
                operators::binary(*operator, &one, &two, self.budget)
            }
            Node::Call(function, arguments) => {
                let values = arguments.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>>>()?;
                functions::call(*function, &values, self.budget)
            }
            Node::Matches(of, pattern) => match self.value(of)? {
                Value::Text(text) => Ok(Value::Bool(pattern.is_match(text.as_str(), self.budget)?)),
                other => {
                    self.budget.fail(|| format!("matches is for strings, and {} is {}", of.path(), other.type_name()))
                }
            },
            Node::Macro(list) => self.list_macro(list),
        }
    }

    fn event(&mut self, field: EventField) -> Result<Value<'a>> {
        match field {
            EventField::Key => Ok(Value::Text(Text::Seen(self.event.key))),
            EventField::Kind => Ok(Value::Text(Text::Seen(self.event.kind))),
            EventField::Time => match Timestamp::from_millisecond(self.event.unix_millis) {
                Ok(time) => Ok(Value::Time(time)),
                Err(_) => self.budget.fail(|| "event.time is no time of the years from -9999 to 9999".to_owned()),
            },
        }
    }

    fn bool(&mut self, node: &'a Node, operator: &str) -> Result<bool> {
        match self.value(node)? {
            Value::Bool(value) => Ok(value),
            other => self.not_bool(node, &other, operator),
        }
    }

    fn not_bool<T>(&mut self, node: &Node, value: &Value<'_>, operator: &str) -> Result<T> {
        self.budget.fail(|| format!("{operator} is for true and false, and {} is {}", node.path(), value.type_name()))
    }

    /// `&&`, which one false decides, or `||`, which one true does: whatever the other sides are, also errors.
    fn logic(&mut self, sides: &'a [Node], decisive: bool) -> Result<Value<'a>> {
        let operator = if decisive { "||" } else { "&&" };
        let mut trouble = None;
        for side in sides {
            match self.bool(side, operator) {
                Ok(value) if value == decisive => return Ok(Value::Bool(decisive)),
                Ok(_) => {}
                Err(Trouble::Exhausted) => return Err(Trouble::Exhausted),
                Err(failed) => trouble = trouble.or(Some(failed)),
            }
        }
        trouble.map_or(Ok(Value::Bool(!decisive)), Err)
    }

    fn select(&mut self, of: &'a Node, field: &'a str, optional: bool) -> Result<Value<'a>> {
        let (value, optional) = match self.value(of)? {
            Value::Optional(None) => return Ok(Value::Optional(None)),
            Value::Optional(Some(value)) => ((*value).clone(), true),
            value => (value, optional),
        };
        self.budget.spend_bytes(field.len())?;
        let Value::Map(map) = &value else {
            return self
                .budget
                .fail(|| format!("{} is {}, and has no field {}", of.path(), value.type_name(), quote(field)));
        };
        match (map.get(&Key::Text(Text::Seen(field))), optional) {
            (found, true) => Ok(Value::Optional(found.map(Rc::new))),
            (Some(found), false) => Ok(found),
            (None, false) => self.budget.fail(|| {
                let path = of.path();
                format!(
                    "{path} has no field {}; has() asks whether there is one, .? takes it only if there is",
                    quote(field)
                )
            }),
        }
    }

    fn has(&mut self, of: &'a Node, field: &'a str) -> Result<Value<'a>> {
        let value = match self.value(of)? {
            Value::Optional(None) => return Ok(Value::Bool(false)),
            Value::Optional(Some(value)) => (*value).clone(),
            value => value,
        };
        self.budget.spend_bytes(field.len())?;
        match &value {
            Value::Map(map) => Ok(Value::Bool(map.get(&Key::Text(Text::Seen(field))).is_some())),
            _ => self.budget.fail(|| format!("{} is {}, which has no fields", of.path(), value.type_name())),
        }
    }

    fn index(&mut self, of: &'a Node, key: &'a Node, optional: bool) -> Result<Value<'a>> {
        let (value, optional) = match self.value(of)? {
            Value::Optional(None) => return Ok(Value::Optional(None)),
            Value::Optional(Some(value)) => ((*value).clone(), true),
            value => (value, optional),
        };
        let index = self.value(key)?;
        let found = match (&value, Key::of(&index)) {
            (Value::List(list), Some(Key::Int(index))) => usize::try_from(index).ok().and_then(|index| list.get(index)),
            (Value::Map(map), Some(key)) => {
                if let Key::Text(text) = &key {
                    self.budget.spend_bytes(text.as_str().len())?;
                }
                map.get(&key)
            }
            _ => {
                let (of, value, index) = (of.path(), value.type_name(), index.type_name());
                return self.budget.fail(|| format!("{of} is {value}, and can't be asked for {index} in brackets"));
            }
        };
        match (found, optional) {
            (found, true) => Ok(Value::Optional(found.map(Rc::new))),
            (Some(found), false) => Ok(found),
            (None, false) => self.budget.fail(|| match (&value, &index) {
                (Value::List(list), Value::Int(index)) => {
                    format!("{} has no element {index}; it has {}, counted from 0", of.path(), list.len())
                }
                (_, Value::Text(key)) => {
                    format!("{} has no key {}; in asks whether there is one", of.path(), quote(key.as_str()))
                }
                _ => format!("{} has nothing there", of.path()),
            }),
        }
    }

    fn map(&mut self, entries: &'a [(Node, Node)]) -> Result<Value<'a>> {
        let mut map = BTreeMap::new();
        for (key, value) in entries {
            let key_value = self.value(key)?;
            // A double finds an int, but isn't one.
            let Some(key) = Key::of(&key_value).filter(|_| !matches!(key_value, Value::Double(_))) else {
                return self.budget.fail(|| format!("{} can't be the key of a map", key_value.type_name()));
            };
            if let Key::Text(text) = &key {
                // Each is compared with some of the others.
                self.budget.spend_bytes(8 * text.as_str().len())?;
            }
            let value = self.value(value)?;
            if map.insert(key, value).is_some() {
                return self.budget.fail(|| "a map has the same key twice".to_owned());
            }
        }
        Ok(Value::Map(Map::Made(Rc::new(map))))
    }

    fn list_macro(&mut self, list: &'a Macro) -> Result<Value<'a>> {
        let elements = Elements::of(self.value(&list.range)?);
        let elements = elements.or_else(|other| {
            let (name, path) = (list.kind.name(), list.range.path());
            self.budget.fail(|| format!("{name} is for lists and maps, and {path} is {}", other.type_name()))
        })?;
        self.budget.spend(elements.len())?;
        let elements = elements.listed();
        match list.kind {
            MacroKind::All => self.quantify(list, &elements, false),
            MacroKind::Exists => self.quantify(list, &elements, true),
            MacroKind::ExistsOne => {
                let mut found = 0;
                for index in 0..elements.len() {
                    found += usize::from(self.holds(list, &elements, index)?);
                }
                Ok(Value::Bool(found == 1))
            }
            MacroKind::Filter | MacroKind::Map => {
                let mut made = Vec::new();
                for index in 0..elements.len() {
                    if self.holds(list, &elements, index)? {
                        let element = elements.get(index);
                        made.push(match &list.transform {
                            Some(transform) => self.with(element, |machine| machine.value(transform))?,
                            None => element,
                        });
                    }
                }
                Ok(Value::list(made))
            }
        }
    }

    /// `all`, which one false decides, or `exists`, which one true does: whatever the others are, also errors.
    fn quantify(&mut self, list: &'a Macro, elements: &Elements<'a>, decisive: bool) -> Result<Value<'a>> {
        let mut trouble = None;
        for index in 0..elements.len() {
            match self.holds(list, elements, index) {
                Ok(value) if value == decisive => return Ok(Value::Bool(decisive)),
                Ok(_) => {}
                Err(Trouble::Exhausted) => return Err(Trouble::Exhausted),
                Err(failed) => trouble = trouble.or(Some(failed)),
            }
        }
        trouble.map_or(Ok(Value::Bool(!decisive)), Err)
    }

    /// Whether the predicate is true of an element.
    fn holds(&mut self, list: &'a Macro, elements: &Elements<'a>, index: usize) -> Result<bool> {
        self.budget.spend(1)?;
        let Some(predicate) = &list.predicate else { return Ok(true) };
        self.with(elements.get(index), |machine| machine.bool(predicate, list.kind.name()))
    }

    fn with<T>(&mut self, element: Value<'a>, evaluate: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.locals.push(element);
        let value = evaluate(self);
        self.locals.pop();
        value
    }
}

/// What a macro goes over: the elements of a list, or the keys of a map.
struct Elements<'a>(Value<'a>);

impl<'a> Elements<'a> {
    fn of(value: Value<'a>) -> std::result::Result<Self, Value<'a>> {
        match value {
            Value::List(_) | Value::Map(_) => Ok(Self(value)),
            other => Err(other),
        }
    }

    fn listed(self) -> Self {
        match self.0 {
            Value::Map(map) => Self(Value::list(map.keys())),
            _ => self,
        }
    }

    fn len(&self) -> usize {
        match &self.0 {
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => 0,
        }
    }

    fn get(&self, index: usize) -> Value<'a> {
        match &self.0 {
            Value::List(list) => list.get(index).unwrap_or(Value::Null),
            _ => Value::Null,
        }
    }
}
