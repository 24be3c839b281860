//! Operators on two values.

use std::cmp::Ordering;

use super::Result;
use crate::budget::Budget;
use crate::node::{Node, Operator};
use crate::value::{Key, List, Value};

/// The longest text that can be made, in bytes: as long as a payload.
pub(super) const TEXT_BYTES_MAX: usize = crate::PAYLOAD_BYTES_MAX;

pub(super) fn binary<'a>(
    operator: Operator,
    one: &Value<'a>,
    two: &Value<'a>,
    budget: &mut Budget,
) -> Result<Value<'a>> {
    match operator {
        Operator::Equal => one.equals(two, budget).map(Value::Bool),
        Operator::NotEqual => one.equals(two, budget).map(|same| Value::Bool(!same)),
        Operator::Less => ordered(operator, one, two, budget, Ordering::is_lt),
        Operator::LessOrEqual => ordered(operator, one, two, budget, Ordering::is_le),
        Operator::Greater => ordered(operator, one, two, budget, Ordering::is_gt),
        Operator::GreaterOrEqual => ordered(operator, one, two, budget, Ordering::is_ge),
        Operator::In => contains(one, two, budget),
        Operator::Add => match (one, two) {
            (Value::Text(one), Value::Text(two)) => concatenate(one.as_str(), two.as_str(), budget),
            (Value::List(one), Value::List(two)) => chain(one, two, budget),
            _ => arithmetic(operator, one, two, budget),
        },
        _ => arithmetic(operator, one, two, budget),
    }
}

fn ordered<'a>(
    operator: Operator,
    one: &Value<'a>,
    two: &Value<'a>,
    budget: &mut Budget,
    holds: impl FnOnce(Ordering) -> bool,
) -> Result<Value<'a>> {
    match one.compare(two, budget)? {
        Some(order) => Ok(Value::Bool(holds(order))),
        // Not even a number: nothing is less or greater.
        None if one.is_number() && two.is_number() => Ok(Value::Bool(false)),
        None => mismatch(operator, one, two, budget),
    }
}

fn mismatch<T>(operator: Operator, one: &Value<'_>, two: &Value<'_>, budget: &mut Budget) -> Result<T> {
    let hint = match one.is_number() && two.is_number() && one.type_name() != two.type_name() {
        true => "; int(), uint() and double() make one of the other",
        false => "",
    };
    let (one, two) = (one.type_name(), two.type_name());
    budget.fail(|| format!("{} can't take {one} and {two}{hint}", operator.text()))
}

fn contains<'a>(one: &Value<'a>, two: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>> {
    match two {
        Value::List(list) => {
            for index in 0..list.len() {
                if let Some(element) = list.get(index)
                    && element.equals(one, budget)?
                {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        Value::Map(map) => {
            if let Value::Text(text) = one {
                budget.spend_bytes(text.as_str().len())?;
            }
            match Key::of(one) {
                Some(key) => Ok(Value::Bool(map.get(&key).is_some())),
                None if one.is_number() => Ok(Value::Bool(false)),
                None => budget.fail(|| format!("{} can't be the key of a map", one.type_name())),
            }
        }
        other => {
            let other = other.type_name();
            budget.fail(|| format!("in looks into a list or the keys of a map, not into {other}"))
        }
    }
}

fn concatenate<'a>(one: &str, two: &str, budget: &mut Budget) -> Result<Value<'a>> {
    let bytes = one.len() + two.len();
    check_length(bytes, budget)?;
    // Written, and copied once.
    budget.spend_bytes(2 * bytes)?;
    Ok(Value::made([one, two].concat()))
}

/// Refuses to make a text that is too long.
pub(super) fn check_length(bytes: usize, budget: &mut Budget) -> Result<()> {
    if bytes > TEXT_BYTES_MAX {
        return budget.fail(|| format!("a string would have {bytes} bytes, and {TEXT_BYTES_MAX} is the limit"));
    }
    Ok(())
}

fn chain<'a>(one: &List<'a>, two: &List<'a>, budget: &mut Budget) -> Result<Value<'a>> {
    budget.spend(one.len() + two.len())?;
    let elements = |list: &List<'a>| (0..list.len()).filter_map(|index| list.get(index)).collect::<Vec<_>>();
    let mut all = elements(one);
    all.append(&mut elements(two));
    Ok(Value::list(all))
}

fn arithmetic<'a>(operator: Operator, one: &Value<'a>, two: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>> {
    let value = match (one, two) {
        (Value::Int(one), Value::Int(two)) => match operator {
            Operator::Add => one.checked_add(*two),
            Operator::Subtract => one.checked_sub(*two),
            Operator::Multiply => one.checked_mul(*two),
            Operator::Divide => one.checked_div(*two),
            Operator::Remainder => one.checked_rem(*two),
            _ => None,
        }
        .map(Value::Int),
        (Value::Uint(one), Value::Uint(two)) => match operator {
            Operator::Add => one.checked_add(*two),
            Operator::Subtract => one.checked_sub(*two),
            Operator::Multiply => one.checked_mul(*two),
            Operator::Divide => one.checked_div(*two),
            Operator::Remainder => one.checked_rem(*two),
            _ => None,
        }
        .map(Value::Uint),
        (Value::Double(one), Value::Double(two)) => match operator {
            Operator::Add => Some(one + two),
            Operator::Subtract => Some(one - two),
            Operator::Multiply => Some(one * two),
            Operator::Divide => Some(one / two),
            _ => return mismatch(operator, &Value::Double(*one), &Value::Double(*two), budget),
        }
        .map(Value::Double),
        _ => match super::time::arithmetic(operator, one, two) {
            Some(value) => value,
            None => return mismatch(operator, one, two, budget),
        },
    };
    match value {
        Some(value) => Ok(value),
        None => budget.fail(|| match (operator, two) {
            (Operator::Divide | Operator::Remainder, Value::Int(0) | Value::Uint(0)) => "divides by zero".to_owned(),
            _ => format!("{} gives more than {} can be", operator.text(), one.type_name()),
        }),
    }
}

impl<'a> super::Machine<'a, '_> {
    /// `-x`.
    pub(super) fn negate(&mut self, of: &'a Node) -> Result<Value<'a>> {
        match self.value(of)? {
            Value::Int(value) => match value.checked_neg() {
                Some(value) => Ok(Value::Int(value)),
                None => self.budget.fail(|| "- gives more than an int can be".to_owned()),
            },
            Value::Double(value) => Ok(Value::Double(-value)),
            other => self.budget.fail(|| format!("- is for numbers, and {} is {}", of.path(), other.type_name())),
        }
    }
}
