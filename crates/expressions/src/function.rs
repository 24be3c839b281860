//! The functions that expressions can call, by name and number of arguments.

/// A function. What a method is called on counts as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    UpperAscii,
    Trim,
    Replace,
    Split,
    Join,
    Substring,
    IndexOf,
    LastIndexOf,
    Int,
    Uint,
    Double,
    Text,
    Bool,
    Timestamp,
    Duration,
    OrValue,
    HasValue,
    Time(TimePart),
}

/// What a method of times and durations gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimePart {
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `f(x)`.
    Global,
    /// `x.f()`.
    Method,
    /// Either.
    Both,
}

/// A line of the table: name, function, style, fewest and most arguments.
struct Entry(&'static str, Function, Style, usize, usize);

use Style::{Both, Global, Method};

const TABLE: [Entry; 32] = [
    Entry("size", Function::Size, Both, 1, 1),
    Entry("contains", Function::Contains, Method, 2, 2),
    Entry("startsWith", Function::StartsWith, Method, 2, 2),
    Entry("endsWith", Function::EndsWith, Method, 2, 2),
    Entry("lowerAscii", Function::LowerAscii, Method, 1, 1),
    Entry("upperAscii", Function::UpperAscii, Method, 1, 1),
    Entry("trim", Function::Trim, Method, 1, 1),
    Entry("replace", Function::Replace, Method, 3, 3),
    Entry("split", Function::Split, Method, 2, 2),
    Entry("join", Function::Join, Method, 1, 2),
    Entry("substring", Function::Substring, Method, 2, 3),
    Entry("indexOf", Function::IndexOf, Method, 2, 2),
    Entry("lastIndexOf", Function::LastIndexOf, Method, 2, 2),
    Entry("int", Function::Int, Global, 1, 1),
    Entry("uint", Function::Uint, Global, 1, 1),
    Entry("double", Function::Double, Global, 1, 1),
    Entry("string", Function::Text, Global, 1, 1),
    Entry("bool", Function::Bool, Global, 1, 1),
    Entry("timestamp", Function::Timestamp, Global, 1, 1),
    Entry("duration", Function::Duration, Global, 1, 1),
    Entry("orValue", Function::OrValue, Method, 2, 2),
    Entry("hasValue", Function::HasValue, Method, 1, 1),
    Entry("getFullYear", Function::Time(TimePart::FullYear), Method, 1, 2),
    Entry("getMonth", Function::Time(TimePart::Month), Method, 1, 2),
    Entry("getDate", Function::Time(TimePart::Date), Method, 1, 2),
    Entry("getDayOfMonth", Function::Time(TimePart::DayOfMonth), Method, 1, 2),
    Entry("getDayOfWeek", Function::Time(TimePart::DayOfWeek), Method, 1, 2),
    Entry("getDayOfYear", Function::Time(TimePart::DayOfYear), Method, 1, 2),
    Entry("getHours", Function::Time(TimePart::Hours), Method, 1, 2),
    Entry("getMinutes", Function::Time(TimePart::Minutes), Method, 1, 2),
    Entry("getSeconds", Function::Time(TimePart::Seconds), Method, 1, 2),
    Entry("getMilliseconds", Function::Time(TimePart::Milliseconds), Method, 1, 2),
];

/// Macros and what else is called, for the list of what there is.
const OTHERS: &str = "all, exists, exists_one, filter, has, map, matches";

impl Function {
    /// Finds the function of a call, or says why there is none.
    pub(crate) fn find(name: &str, is_method: bool, arguments: usize) -> Result<Self, String> {
        let Some(Entry(_, function, style, fewest, most)) = TABLE.iter().find(|entry| entry.0 == name) else {
            return Err(format!("there is no function {name:?}; there are {}", names()));
        };
        match style {
            Method if !is_method => return Err(format!("{name} is called on a value: VALUE.{name}(…)")),
            Global if is_method => return Err(format!("{name} is not called on a value, but with it: {name}(VALUE)")),
            _ => {}
        }
        if !(*fewest..=*most).contains(&arguments) {
            let hidden = usize::from(is_method);
            let (fewest, most, given) = (fewest - hidden, most - hidden, arguments - hidden);
            let wanted = if fewest == most { fewest.to_string() } else { format!("{fewest} or {most}") };
            return Err(format!(
                "{name} takes {wanted} {}, not {given}",
                if most == 1 { "argument" } else { "arguments" }
            ));
        }
        Ok(*function)
    }

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        TABLE.iter().find(|entry| entry.1 == self).map_or("", |entry| entry.0)
    }
}

fn names() -> String {
    let mut names: Vec<&str> = TABLE.iter().map(|entry| entry.0).chain(OTHERS.split(", ")).collect();
    names.sort_unstable();
    names.join(", ")
}
