//! Functions on values.

use super::operators::{TEXT_BYTES_MAX, check_length};
use super::{Result, time};
use crate::budget::Budget;
use crate::function::Function;
use crate::text::{self, quote};
use crate::value::{Text, Value};

/// The value of a call. The compiler has seen to it that there are as many arguments as the function takes.
pub(super) fn call<'a>(function: Function, values: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>> {
    let (of, rest) = values.split_first().unwrap_or((&Value::Null, &[]));
    match function {
        Function::Size => size(of, budget),
        Function::Int | Function::Uint | Function::Double => number(function, of, budget),
        Function::Text => string(of, budget),
        Function::Bool => bool(of, budget),
        Function::Timestamp => time::timestamp(of, budget),
        Function::Duration => time::duration(of, budget),
        Function::Time(part) => time::part(part, of, rest.first(), budget),
        Function::Join => join(of, rest.first(), budget),
        Function::OrValue => match of {
            Value::Optional(Some(value)) => Ok((**value).clone()),
            Value::Optional(None) => Ok(rest.first().cloned().unwrap_or(Value::Null)),
            other => not_optional(function, other, budget),
        },
        Function::HasValue => match of {
            Value::Optional(value) => Ok(Value::Bool(value.is_some())),
            other => not_optional(function, other, budget),
        },
        _ => match of {
            Value::Text(text) => on_text(function, text, rest, budget),
            other => wrong(function, "a string", other, budget),
        },
    }
}

fn wrong<T>(function: Function, wanted: &str, given: &Value<'_>, budget: &mut Budget) -> Result<T> {
    budget.fail(|| format!("{} is for {wanted}, not for {}", function.name(), given.type_name()))
}

fn not_optional<T>(function: Function, given: &Value<'_>, budget: &mut Budget) -> Result<T> {
    let (name, given) = (function.name(), given.type_name());
    budget.fail(|| format!("{name} is for what .? or [?] gave, not for {given}"))
}

fn size<'a>(of: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>> {
    let size = match of {
        Value::Text(text) => {
            budget.spend_bytes(text.as_str().len())?;
            text.as_str().chars().count()
        }
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        other => return wrong(Function::Size, "a string, a list or a map", other, budget),
    };
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

fn on_text<'a>(function: Function, text: &Text<'a>, rest: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>> {
    let of = text.as_str();
    budget.spend_bytes(of.len())?;
    match function {
        Function::LowerAscii => Ok(Value::made(of.to_ascii_lowercase())),
        Function::UpperAscii => Ok(Value::made(of.to_ascii_uppercase())),
        Function::Trim => Ok(cut(text, of.len() - of.trim_start().len(), of.trim_end().len())),
        Function::Substring => substring(text, rest, budget),
        Function::Replace => match rest {
            [Value::Text(from), Value::Text(to)] => replace(of, from.as_str(), to.as_str(), budget),
            _ => needs_strings(function, budget),
        },
        _ => match rest {
            [Value::Text(other)] => search(function, text, other.as_str(), budget),
            _ => needs_strings(function, budget),
        },
    }
}

fn needs_strings<T>(function: Function, budget: &mut Budget) -> Result<T> {
    budget.fail(|| format!("what {} is given must be a string", function.name()))
}

fn search<'a>(function: Function, text: &Text<'a>, other: &str, budget: &mut Budget) -> Result<Value<'a>> {
    let of = text.as_str();
    // The search looks at a byte more than once, and prepares what it looks for.
    budget.spend_bytes(2 * (of.len() + other.len()))?;
    let index = |at: Option<usize>| at.map_or(-1, |at| i64::try_from(of[..at].chars().count()).unwrap_or(i64::MAX));
    match function {
        Function::Contains => Ok(Value::Bool(of.contains(other))),
        Function::StartsWith => Ok(Value::Bool(of.starts_with(other))),
        Function::EndsWith => Ok(Value::Bool(of.ends_with(other))),
        Function::IndexOf => Ok(Value::Int(index(of.find(other)))),
        Function::LastIndexOf => Ok(Value::Int(index(of.rfind(other)))),
        Function::Split if other.is_empty() => budget.fail(|| "split needs something to split at".to_owned()),
        Function::Split => {
            let mut parts = Vec::new();
            for part in of.split(other) {
                budget.spend(2)?;
                let start = part.as_ptr() as usize - of.as_ptr() as usize;
                parts.push(cut(text, start, start + part.len()));
            }
            Ok(Value::list(parts))
        }
        _ => needs_strings(function, budget),
    }
}

/// A part of a text by bytes, which are between characters. It isn't copied if the text is the payload's.
fn cut<'a>(text: &Text<'a>, start: usize, end: usize) -> Value<'a> {
    let (start, end) = (start.min(end), end);
    match text {
        Text::Seen(text) => Value::Text(Text::Seen(text.get(start..end).unwrap_or_default())),
        Text::Made(text) => Value::made(text.get(start..end).unwrap_or_default().to_owned()),
    }
}

fn substring<'a>(text: &Text<'a>, rest: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>> {
    let of = text.as_str();
    let size = of.chars().count();
    let (start, end) = match rest {
        [Value::Int(start)] => (*start, size as i64),
        [Value::Int(start), Value::Int(end)] => (*start, *end),
        _ => {
            return budget
                .fail(|| "substring takes the place of the first character, and of the one after the last".to_owned());
        }
    };
    if start < 0 || start > end || end > size as i64 {
        return budget
            .fail(|| format!("substring({start}, {end}) isn't in {}, which has {size} characters", quote(of)));
    }
    let byte = |place: i64| of.char_indices().nth(usize::try_from(place).unwrap_or(0)).map_or(of.len(), |(at, _)| at);
    Ok(cut(text, byte(start), byte(end)))
}

fn replace<'a>(of: &str, from: &str, to: &str, budget: &mut Budget) -> Result<Value<'a>> {
    if from.is_empty() {
        return budget.fail(|| "replace needs something to replace".to_owned());
    }
    budget.spend_bytes(3 * (of.len() + from.len()))?;
    let found = of.matches(from).count();
    let bytes = of.len() - found * from.len() + found.saturating_mul(to.len());
    check_length(bytes, budget)?;
    budget.spend_bytes(2 * bytes)?;
    budget.spend(found)?;
    Ok(Value::made(of.replace(from, to)))
}

fn join<'a>(of: &Value<'a>, separator: Option<&Value<'a>>, budget: &mut Budget) -> Result<Value<'a>> {
    let Value::List(list) = of else { return wrong(Function::Join, "a list of strings", of, budget) };
    let separator = match separator {
        None => "",
        Some(Value::Text(text)) => text.as_str(),
        Some(_) => return needs_strings(Function::Join, budget),
    };
    let mut joined = String::new();
    for index in 0..list.len() {
        let text = match list.get(index) {
            Some(Value::Text(text)) => text,
            Some(other) => {
                return wrong(Function::Join, "a list of strings, not one with other things", &other, budget);
            }
            None => continue,
        };
        let separator = if index == 0 { "" } else { separator };
        let bytes = separator.len() + text.as_str().len();
        check_length(joined.len() + bytes, budget)?;
        budget.spend_bytes(2 * bytes)?;
        joined.push_str(separator);
        joined.push_str(text.as_str());
    }
    Ok(Value::made(joined))
}

fn number<'a>(function: Function, of: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>> {
    budget.spend(2)?;
    let value = match (function, of) {
        (Function::Double, Value::Int(value)) => Some(Value::Double(*value as f64)),
        (Function::Double, Value::Uint(value)) => Some(Value::Double(*value as f64)),
        (Function::Double, Value::Double(value)) => Some(Value::Double(*value)),
        (Function::Double, Value::Text(text)) => parse::<f64>(text.as_str()).map(Value::Double),
        (Function::Uint, Value::Text(text)) => parse::<u64>(text.as_str()).map(Value::Uint),
        (_, Value::Text(text)) => parse::<i64>(text.as_str()).map(Value::Int),
        (Function::Int, Value::Time(time)) => Some(Value::Int(time.as_second())),
        (function, of) => {
            let whole = match of {
                Value::Int(value) => Some(i128::from(*value)),
                Value::Uint(value) => Some(i128::from(*value)),
                // Towards zero; what is larger than any integer doesn't fit below.
                Value::Double(value) if value.is_finite() => Some(value.trunc() as i128),
                Value::Double(_) => None,
                other => return wrong(function, "numbers and strings", other, budget),
            };
            match function {
                Function::Uint => whole.and_then(|value| u64::try_from(value).ok()).map(Value::Uint),
                _ => whole.and_then(|value| i64::try_from(value).ok()).map(Value::Int),
            }
        }
    };
    match (value, of) {
        (Some(value), _) => Ok(value),
        (None, Value::Text(text)) => budget.fail(|| format!("{} is no {}", quote(text.as_str()), function.name())),
        (None, _) => budget.fail(|| format!("the number doesn't fit into {}", function.name())),
    }
}

/// Numbers as text are short.
fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
    (text.len() <= 64).then(|| text.parse().ok()).flatten()
}

fn string<'a>(of: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>> {
    match of {
        Value::Text(text) => Ok(Value::Text(text.clone())),
        Value::Double(value) => Ok(Value::made(text::double(*value).unwrap_or_else(|| value.to_string()))),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Optional(_) => {
            wrong(Function::Text, "strings, numbers, bools, times and durations", of, budget)
        }
        of => text::variable(of, TEXT_BYTES_MAX, budget).map(Value::made),
    }
}

fn bool<'a>(of: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>> {
    match of {
        Value::Bool(value) => Ok(Value::Bool(*value)),
        Value::Text(text) => match text.as_str() {
            "true" | "True" | "TRUE" | "t" | "1" => Ok(Value::Bool(true)),
            "false" | "False" | "FALSE" | "f" | "0" => Ok(Value::Bool(false)),
            text => budget.fail(|| format!("{} is neither true nor false", quote(text))),
        },
        other => wrong(Function::Bool, "bools and strings", other, budget),
    }
}
