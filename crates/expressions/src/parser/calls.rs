//! Names, fields, calls and macros.

use super::{Parser, Part, Result};
use crate::function::Function;
use crate::lexer::Kind;
use crate::node::{EventField, Literal, Macro, MacroKind, Node};
use crate::pattern::{COMPILED_KIB_SUM_MAX, Pattern};
use crate::text::quote;

/// How deep macros may be in one another.
const MACRO_DEPTH_MAX: usize = 3;
/// Names that the language keeps for itself.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];
const FIELDS: &str = "there are event.key, event.kind and event.time";

impl Parser<'_, '_> {
    /// A name, with what belongs to it if it is called.
    pub(super) fn name(&mut self, name: &str) -> Result<Part> {
        if matches!(self.tokens.get(self.next + 1).map(|token| &token.kind), Some(Kind::Mark("("))) {
            return self.global_call(name);
        }
        if let Some(slot) = self.locals.iter().rposition(|local| local == name) {
            self.next += 1;
            return Ok(Part::leaf(Node::Local { slot, name: name.into() }));
        }
        match name {
            "payload" => {
                self.next += 1;
                Ok(Part::leaf(Node::Payload))
            }
            "event" => self.event(),
            "in" => self.fault("a value is expected before \"in\""),
            name if RESERVED.contains(&name) => self.fault(format!("{} can't be a name here", quote(name))),
            name => self
                .fault(format!("there is no {}; there are payload, event.key, event.kind and event.time", quote(name))),
        }
    }

    fn event(&mut self) -> Result<Part> {
        let at = self.at();
        self.next += 1;
        if !self.took(".") {
            return Err((at, format!("of event {FIELDS}")));
        }
        let field = match self.peek() {
            Kind::Name(field) => match field.as_str() {
                "key" => EventField::Key,
                "kind" => EventField::Kind,
                "time" => EventField::Time,
                field => return self.fault(format!("event has no {}; {FIELDS}, the rest is in payload", quote(field))),
            },
            Kind::Mark("?") => {
                return self.fault(format!("of event {FIELDS}, which are always there; leave the ? out"));
            }
            _ => return self.fault(format!("of event {FIELDS}")),
        };
        self.next += 1;
        Ok(Part::leaf(Node::Event(field)))
    }

    /// What follows a value: fields, elements, calls.
    pub(super) fn member(&mut self, mut of: Part) -> Result<Part> {
        loop {
            if self.took("[") {
                let optional = self.took("?");
                let key = self.expression()?;
                self.expect("]")?;
                let depth = of.depth.max(key.depth);
                let node = Node::Index { of: Box::new(of.node), key: Box::new(key.node), optional };
                of = self.around(node, depth)?;
            } else if self.took(".") {
                let optional = self.took("?");
                of = self.field_or_call(of, optional)?;
            } else if matches!(self.peek(), Kind::Mark("{")) {
                return self.fault("there are no messages here; a map is written {\"name\": value}");
            } else {
                return Ok(of);
            }
        }
    }

    fn field_or_call(&mut self, of: Part, optional: bool) -> Result<Part> {
        let field = match self.peek() {
            Kind::FieldName(field) => field,
            Kind::Name(name) if matches!(name.as_str(), "in" | "true" | "false" | "null") => {
                return self.fault(format!("{name} can't be the name of a field here; write [\"{name}\"] for it"));
            }
            Kind::Name(name) => name,
            other => {
                return self
                    .fault(format!("the name of a field or a function is expected here, not {}", other.describe()));
            }
        };
        let (at, is_plain) = (self.at(), matches!(self.peek(), Kind::Name(_)));
        self.next += 1;
        if optional || !is_plain || !self.took("(") {
            let node = Node::Select { of: Box::new(of.node), field: field.as_str().into(), optional };
            return self.around(node, of.depth);
        }
        match macro_kind(field) {
            Some(kind) => self.list_macro(at, kind, of),
            None => self.function(at, field, Some(of)),
        }
    }

    fn global_call(&mut self, name: &str) -> Result<Part> {
        let at = self.at();
        self.next += 2;
        match name {
            "has" => self.has(at),
            name if macro_kind(name).is_some() => {
                Err((at, format!("{name} is called on a list or a map: LIST.{name}(x, …)")))
            }
            name => self.function(at, name, None),
        }
    }

    fn has(&mut self, at: usize) -> Result<Part> {
        let Part { node, depth } = self.expression()?;
        self.expect(")")?;
        match node {
            Node::Select { of, field, optional: false } => Ok(Part { node: Node::Has { of, field }, depth }),
            Node::Event(_) => Err((at, "event.key, event.kind and event.time are always there".to_owned())),
            _ => Err((at, "has takes a field: has(payload.field)".to_owned())),
        }
    }

    fn list_macro(&mut self, at: usize, kind: MacroKind, range: Part) -> Result<Part> {
        let name = kind.name();
        let usage = match kind {
            MacroKind::Map => "map takes a name and what to make of it: LIST.map(x, …)".to_owned(),
            _ => format!("{name} takes a name and a condition: LIST.{name}(x, …)"),
        };
        let Kind::Name(variable) = self.peek() else { return Err((at, usage)) };
        match variable.as_str() {
            "payload" | "event" => {
                return self.fault(format!("{variable} is the name of something else; take another one"));
            }
            name if RESERVED.contains(&name) || matches!(name, "in" | "true" | "false" | "null") => {
                return self.fault(format!("{} can't be a name here", quote(name)));
            }
            _ => {}
        }
        self.next += 1;
        if !self.took(",") {
            return Err((at, usage));
        }
        if self.locals.len() == MACRO_DEPTH_MAX {
            return Err((
                at,
                format!("macros (all, exists, filter, map) are in one another deeper than {MACRO_DEPTH_MAX}"),
            ));
        }
        self.locals.push(variable.clone());
        let first = self.expression()?;
        let second = if self.took(",") { Some(self.expression()?) } else { None };
        self.locals.pop();
        self.expect(")")?;
        let depth = range.depth.max(first.depth).max(second.as_ref().map_or(0, |part| part.depth));
        let (predicate, transform) = match (kind, second) {
            (MacroKind::Map, Some(second)) => (Some(first.node), Some(second.node)),
            (MacroKind::Map, None) => (None, Some(first.node)),
            (_, None) => (Some(first.node), None),
            (_, Some(_)) => return Err((at, usage)),
        };
        self.around(Node::Macro(Box::new(Macro { kind, range: range.node, predicate, transform })), depth)
    }

    /// The arguments of a call, and how deep they are.
    fn arguments(&mut self) -> Result<(Vec<Node>, usize)> {
        let (mut arguments, mut depth) = (Vec::new(), 0);
        if self.took(")") {
            return Ok((arguments, depth));
        }
        loop {
            let argument = self.expression()?;
            depth = depth.max(argument.depth);
            arguments.push(argument.node);
            if !self.took(",") {
                self.expect(")")?;
                return Ok((arguments, depth));
            }
        }
    }

    fn function(&mut self, at: usize, name: &str, target: Option<Part>) -> Result<Part> {
        let is_method = target.is_some();
        let (mut all, mut depth) = (Vec::new(), 0);
        if let Some(target) = target {
            depth = target.depth;
            all.push(target.node);
        }
        let (mut arguments, deepest) = self.arguments()?;
        depth = depth.max(deepest);
        all.append(&mut arguments);
        if name == "matches" {
            return self.matches(at, all, depth);
        }
        let function = Function::find(name, is_method, all.len()).map_err(|message| (at, message))?;
        self.around(Node::Call(function, all), depth)
    }

    fn matches(&mut self, at: usize, mut arguments: Vec<Node>, depth: usize) -> Result<Part> {
        let (Some(pattern), Some(text), true) = (arguments.pop(), arguments.pop(), arguments.is_empty()) else {
            return Err((at, "matches takes a pattern: TEXT.matches('…')".to_owned()));
        };
        let Node::Literal(Literal::Text(pattern)) = pattern else {
            return Err((at, "a pattern must be written out: TEXT.matches('…')".to_owned()));
        };
        let pattern = Pattern::new(&pattern).map_err(|message| (at, message))?;
        self.patterns.kib += pattern.kib;
        if self.patterns.kib > COMPILED_KIB_SUM_MAX {
            let message =
                format!("the patterns up to this one are larger than {COMPILED_KIB_SUM_MAX} KiB when compiled");
            return Err((at, message));
        }
        self.around(Node::Matches(Box::new(text), pattern), depth)
    }
}

fn macro_kind(name: &str) -> Option<MacroKind> {
    match name {
        "all" => Some(MacroKind::All),
        "exists" => Some(MacroKind::Exists),
        "exists_one" | "existsOne" => Some(MacroKind::ExistsOne),
        "filter" => Some(MacroKind::Filter),
        "map" => Some(MacroKind::Map),
        _ => None,
    }
}
