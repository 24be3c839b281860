//! Reads the text of an expression: the grammar of CEL, as far as it is about values that are here.
//!
//! Names, functions and patterns are resolved while reading, so that all faults have a place. No text makes it recurse
//! deeper than [`DEPTH_MAX`], or gives an expression that is.

mod calls;

use crate::TEXT_BYTES_MAX;
use crate::lexer::{self, Kind, Token};
use crate::node::{EventField, Literal, MacroKind, Node, Operator};
use crate::text::quote;

/// How deep the parts of an expression may be in one another.
const DEPTH_MAX: usize = 48;

/// A fault and the byte at which it is.
type Result<T> = std::result::Result<T, (usize, String)>;

/// What an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It must give true or false.
    Filter,
    /// It gives the value of a variable.
    Variable,
}

/// How large the patterns of a program are so far.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    kib: usize,
}

/// Reads the text of an expression, or says what is wrong with it.
pub(crate) fn parse(text: &str, used: Use, patterns: &mut Patterns) -> std::result::Result<Node, String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("has {} bytes, and {TEXT_BYTES_MAX} is the limit", text.len()));
    }
    if text.trim().is_empty() {
        return Err("is empty; write an expression, such as payload.ref".to_owned());
    }
    let node = read(text, patterns).map_err(|fault| place(text, fault))?;
    if let (Use::Filter, Some(gives)) = (used, never_bool(&node)) {
        return Err(format!("gives {gives}, and a filter must give true or false"));
    }
    if let (Use::Variable, Node::Literal(Literal::Null)) = (used, &node) {
        return Err("gives null, which no variable can be".to_owned());
    }
    Ok(node)
}

fn read(text: &str, patterns: &mut Patterns) -> Result<Node> {
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser { tokens: &tokens, next: 0, patterns, locals: Vec::new(), depth: 0 };
    let part = parser.expression()?;
    parser.expect_end()?;
    Ok(part.node)
}

fn place(text: &str, (at, message): (usize, String)) -> String {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|char| *char != '\n').count() + 1;
    format!("line {line}, column {column}: {message}")
}

/// What an expression gives of which one sees at once that it is neither true nor false.
fn never_bool(node: &Node) -> Option<&'static str> {
    match node {
        Node::Literal(Literal::Bool(_)) => None,
        Node::Literal(Literal::Null) => Some("null"),
        Node::Literal(Literal::Text(_)) | Node::Event(EventField::Key | EventField::Kind) => Some("a string"),
        Node::Literal(_) | Node::Negate(_) => Some("a number"),
        Node::Event(EventField::Time) => Some("a timestamp"),
        Node::List(_) => Some("a list"),
        Node::Map(_) => Some("a map"),
        Node::Macro(list) if matches!(list.kind, MacroKind::Filter | MacroKind::Map) => Some("a list"),
        Node::Select { optional: true, .. } | Node::Index { optional: true, .. } => Some("an optional"),
        Node::Binary(operator, _) => match operator {
            Operator::Add | Operator::Subtract => Some("a number, a string, a list or a time"),
            Operator::Multiply | Operator::Divide | Operator::Remainder => Some("a number"),
            _ => None,
        },
        _ => None,
    }
}

struct Parser<'t, 'p> {
    tokens: &'t [Token],
    next: usize,
    patterns: &'p mut Patterns,
    /// Variables of the macros that are around.
    locals: Vec<String>,
    /// How many expressions are being read around this one.
    depth: usize,
}

/// An expression that was read, and how deep it is.
struct Part {
    node: Node,
    depth: usize,
}

impl Part {
    fn leaf(node: Node) -> Self {
        Self { node, depth: 1 }
    }
}

/// Operators of one binding strength, weakest first. `||` and `&&` are weaker than all of these.
const LEVELS: [&[(&str, Operator)]; 3] = [
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<", Operator::Less),
        ("<=", Operator::LessOrEqual),
        (">", Operator::Greater),
        (">=", Operator::GreaterOrEqual),
        ("in", Operator::In),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)],
];

impl<'t> Parser<'t, '_> {
    fn peek(&self) -> &'t Kind {
        self.tokens.get(self.next).map_or(&Kind::End, |token| &token.kind)
    }

    /// The byte at which the next token begins.
    fn at(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |token| token.at)
    }

    /// Takes the next token if it is this mark.
    fn took(&mut self, mark: &str) -> bool {
        let is_it = matches!(self.peek(), Kind::Mark(next) if *next == mark);
        self.next += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, mark: &str) -> Result<()> {
        if self.took(mark) {
            return Ok(());
        }
        self.fault(format!("{} is expected here, not {}", quote(mark), self.peek().describe()))
    }

    fn expect_end(&self) -> Result<()> {
        match self.peek() {
            Kind::End => Ok(()),
            other => self.fault(format!("{} can't follow here", other.describe())),
        }
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T> {
        Err((self.at(), message.into()))
    }

    /// An expression around others.
    fn around(&self, node: Node, depth: usize) -> Result<Part> {
        if depth >= DEPTH_MAX {
            return self.too_deep();
        }
        Ok(Part { node, depth: depth + 1 })
    }

    fn too_deep<T>(&self) -> Result<T> {
        self.fault(format!("has parts in one another deeper than {DEPTH_MAX}, which is the limit"))
    }

    /// `condition ? one : two`, or less.
    fn expression(&mut self) -> Result<Part> {
        if self.depth == DEPTH_MAX {
            return self.too_deep();
        }
        self.depth += 1;
        let condition = self.any()?;
        let part = if self.took("?") {
            let one = self.any()?;
            self.expect(":")?;
            let two = self.expression()?;
            let depth = condition.depth.max(one.depth).max(two.depth);
            self.around(Node::Conditional(Box::new([condition.node, one.node, two.node])), depth)
        } else {
            Ok(condition)
        };
        self.depth -= 1;
        part
    }

    fn any(&mut self) -> Result<Part> {
        self.chain("||", |parser| parser.all(), Node::Or)
    }

    fn all(&mut self) -> Result<Part> {
        self.chain("&&", |parser| parser.binary(0), Node::And)
    }

    /// Any number of expressions with the same mark between them.
    fn chain(
        &mut self,
        mark: &str,
        mut side: impl FnMut(&mut Self) -> Result<Part>,
        node: impl FnOnce(Vec<Node>) -> Node,
    ) -> Result<Part> {
        let first = side(self)?;
        let (mut depth, mut sides) = (first.depth, vec![first.node]);
        while self.took(mark) {
            let next = side(self)?;
            depth = depth.max(next.depth);
            sides.push(next.node);
        }
        match (sides.len(), sides.pop()) {
            (1, Some(node)) => Ok(Part { node, depth }),
            (_, last) => {
                sides.extend(last);
                self.around(node(sides), depth)
            }
        }
    }

    fn binary(&mut self, level: usize) -> Result<Part> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut one = self.binary(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            let two = self.binary(level + 1)?;
            let depth = one.depth.max(two.depth);
            one = self.around(Node::Binary(operator, Box::new([one.node, two.node])), depth)?;
        }
        Ok(one)
    }

    fn operator(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        let text = match self.peek() {
            Kind::Mark(mark) => mark,
            Kind::Name(name) => name.as_str(),
            _ => return None,
        };
        let operator = operators.iter().find(|(known, _)| *known == text)?.1;
        self.next += 1;
        Some(operator)
    }

    fn unary(&mut self) -> Result<Part> {
        let mut count = |mark| std::iter::from_fn(|| self.took(mark).then_some(())).count();
        // Two of them are none.
        let (nots, minuses) = match count("!") {
            0 => (0, count("-")),
            nots => (nots, 0),
        };
        if minuses % 2 == 1 && self.at_number(self.next) {
            // A sign that belongs to the number: the smallest int is none without it.
            self.next -= 1;
            let of = self.primary()?;
            return self.member(of);
        }
        let of = self.primary()?;
        let of = self.member(of)?;
        match (nots % 2, minuses % 2) {
            (1, _) => self.around(Node::Not(Box::new(of.node)), of.depth),
            (_, 1) => self.around(Node::Negate(Box::new(of.node)), of.depth),
            _ => Ok(of),
        }
    }

    fn at_number(&self, token: usize) -> bool {
        let kind = self.tokens.get(token).map(|token| &token.kind);
        matches!(kind, Some(Kind::Integer(_, _, false) | Kind::Double(_)))
    }

    fn negative(&mut self) -> Result<Part> {
        self.next += 1;
        let literal = match self.peek() {
            Kind::Double(value) => Literal::Double(-value),
            Kind::Integer(digits, base, _) => return self.integer(&format!("-{digits}"), *base, false).map(Part::leaf),
            other => return self.fault(format!("a number is expected here, not {}", other.describe())),
        };
        self.next += 1;
        Ok(Part::leaf(Node::Literal(literal)))
    }

    fn integer(&mut self, digits: &str, base: u32, is_unsigned: bool) -> Result<Node> {
        let literal = match is_unsigned {
            true => u64::from_str_radix(digits, base).ok().map(Literal::Uint),
            false => i64::from_str_radix(digits, base).ok().map(Literal::Int),
        };
        let Some(literal) = literal else {
            return self
                .fault(format!("the number is larger than {} can be", if is_unsigned { "a uint" } else { "an int" }));
        };
        self.next += 1;
        Ok(Node::Literal(literal))
    }

    fn primary(&mut self) -> Result<Part> {
        let literal = match self.peek() {
            Kind::Integer(digits, base, is_unsigned) => {
                return self.integer(digits, *base, *is_unsigned).map(Part::leaf);
            }
            Kind::Double(value) => Literal::Double(*value),
            Kind::Text(text) => Literal::Text(text.as_str().into()),
            Kind::Name(name) => match name.as_str() {
                "null" => Literal::Null,
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                name => return self.name(name),
            },
            Kind::Mark("(") => {
                self.next += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Kind::Mark("-") if self.at_number(self.next + 1) => return self.negative(),
            Kind::Mark("[") => return self.list(),
            Kind::Mark("{") => return self.map(),
            other => {
                let other = other.describe();
                return self.fault(format!("a value is expected here, such as payload.ref or 'text', not {other}"));
            }
        };
        self.next += 1;
        Ok(Part::leaf(Node::Literal(literal)))
    }

    fn list(&mut self) -> Result<Part> {
        self.next += 1;
        let (mut elements, mut depth) = (Vec::new(), 0);
        while !self.took("]") {
            if matches!(self.peek(), Kind::Mark("?")) {
                return self.fault("a list can't have optional elements");
            }
            let element = self.expression()?;
            depth = depth.max(element.depth);
            elements.push(element.node);
            if !self.took(",") && !matches!(self.peek(), Kind::Mark("]")) {
                self.expect("]")?;
            }
        }
        self.around(Node::List(elements), depth)
    }

    fn map(&mut self) -> Result<Part> {
        self.next += 1;
        let (mut entries, mut depth) = (Vec::new(), 0);
        while !self.took("}") {
            if matches!(self.peek(), Kind::Mark("?")) {
                return self.fault("a map can't have optional entries");
            }
            let key = self.expression()?;
            self.expect(":")?;
            let value = self.expression()?;
            depth = depth.max(key.depth).max(value.depth);
            entries.push((key.node, value.node));
            if !self.took(",") && !matches!(self.peek(), Kind::Mark("}")) {
                self.expect("}")?;
            }
        }
        self.around(Node::Map(entries), depth)
    }
}
