//! Expressions in the form that is evaluated: names are resolved, functions known, patterns compiled.

use crate::function::Function;
use crate::pattern::Pattern;

/// A part of an expression.
#[derive(Debug)]
pub(crate) enum Node {
    Literal(Literal),
    Payload,
    Event(EventField),
    /// The variable of a macro, by its place among those that are around it.
    Local {
        slot: usize,
        name: Box<str>,
    },
    /// `of.field`, or `of.?field`.
    Select {
        of: Box<Node>,
        field: Box<str>,
        optional: bool,
    },
    /// `has(of.field)`.
    Has {
        of: Box<Node>,
        field: Box<str>,
    },
    /// `of[key]`, or `of[?key]`.
    Index {
        of: Box<Node>,
        key: Box<Node>,
        optional: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    /// Condition, then, else.
    Conditional(Box<[Node; 3]>),
    Binary(Operator, Box<[Node; 2]>),
    /// What a method is called on is its first argument.
    Call(Function, Vec<Node>),
    Matches(Box<Node>, Pattern),
    Macro(Box<Macro>),
}

/// A value that is written out.
#[derive(Debug)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Box<str>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum EventField {
    Key,
    Kind,
    Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

impl Operator {
    /// As it is written.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
        }
    }
}

/// A macro over the elements of a list or the keys of a map.
#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) kind: MacroKind,
    pub(crate) range: Node,
    /// What must be true of an element. Of `map` it is there only if it has three arguments.
    pub(crate) predicate: Option<Node>,
    /// What `map` makes of an element.
    pub(crate) transform: Option<Node>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MacroKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl MacroKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Exists => "exists",
            Self::ExistsOne => "exists_one",
            Self::Filter => "filter",
            Self::Map => "map",
        }
    }
}

impl Node {
    /// The expression as somebody would write it, as far as it is a path; for messages.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Payload => "payload".to_owned(),
            Self::Event(EventField::Key) => "event.key".to_owned(),
            Self::Event(EventField::Kind) => "event.kind".to_owned(),
            Self::Event(EventField::Time) => "event.time".to_owned(),
            Self::Local { name, .. } => name.to_string(),
            Self::Select { of, field, optional } => {
                format!("{}.{}{field}", of.path(), if *optional { "?" } else { "" })
            }
            Self::Index { of, key, .. } => match &**key {
                Self::Literal(Literal::Int(index)) => format!("{}[{index}]", of.path()),
                Self::Literal(Literal::Text(key)) => format!("{}[{key:?}]", of.path()),
                _ => format!("{}[…]", of.path()),
            },
            _ => "(…)".to_owned(),
        }
    }
}
