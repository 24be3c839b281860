//! Values as text: those of variables, and those in messages.

use serde_json::Value as Json;

use crate::budget::{Budget, Trouble};
use crate::value::{List, Map, Value};

/// Most characters of a text that a message quotes.
const QUOTED_CHARS_MAX: usize = 60;

/// A text in quotes, for messages; a long one is cut.
pub(crate) fn quote(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// A value as that of a variable: text as it is, numbers in decimal, lists and maps as compact JSON.
pub(crate) fn variable(value: &Value<'_>, bytes_max: usize, budget: &mut Budget) -> Result<String, Trouble> {
    let mut writer = Writer { text: String::new(), bytes_max, budget };
    match value {
        Value::Text(text) => writer.push(text.as_str())?,
        value => writer.json(value)?,
    }
    Ok(writer.text)
}

/// A number as text, if it is one that a person would write.
pub(crate) fn double(value: f64) -> Option<String> {
    value.is_finite().then(|| value.to_string())
}

struct Writer<'b> {
    text: String,
    bytes_max: usize,
    budget: &'b mut Budget,
}

impl Writer<'_> {
    fn push(&mut self, text: &str) -> Result<(), Trouble> {
        if self.bytes_max - self.text.len() < text.len() {
            let most = self.bytes_max;
            return self.budget.fail(|| format!("gives a value of more than {most} bytes, which is the limit"));
        }
        self.budget.spend_bytes(text.len())?;
        self.text.push_str(text);
        Ok(())
    }

    fn json(&mut self, value: &Value<'_>) -> Result<(), Trouble> {
        match value {
            Value::Null => self.push("null"),
            Value::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Value::Int(value) => self.push(&value.to_string()),
            Value::Uint(value) => self.push(&value.to_string()),
            Value::Double(value) => match double(*value) {
                Some(text) => self.push(&text),
                None => self.budget.fail(|| format!("gives {value}, which no variable can be")),
            },
            Value::Text(text) => self.string(text.as_str()),
            Value::Time(time) if self.text.is_empty() => self.push(&time.to_string()),
            Value::Time(time) => self.string(&time.to_string()),
            Value::Duration(duration) if self.text.is_empty() => self.push(&seconds(*duration)),
            Value::Duration(duration) => self.string(&seconds(*duration)),
            Value::List(list) => self.list(list),
            Value::Map(map) => self.map(map),
            Value::Optional(_) => {
                self.budget.fail(|| "gives an optional value, which may be absent; end it with .orValue(…)".to_owned())
            }
        }
    }

    fn list(&mut self, list: &List<'_>) -> Result<(), Trouble> {
        self.push("[")?;
        for index in 0..list.len() {
            if index > 0 {
                self.push(",")?;
            }
            if let Some(value) = list.get(index) {
                self.json(&value)?;
            }
        }
        self.push("]")
    }

    fn map(&mut self, map: &Map<'_>) -> Result<(), Trouble> {
        // A map that has more keys than there is room for isn't worth listing them.
        self.budget.spend(map.len())?;
        self.push("{")?;
        match map {
            Map::Seen(map) => {
                for (index, (key, value)) in map.iter().enumerate() {
                    self.member(index, key, &Value::of(value))?;
                }
            }
            Map::Made(map) => {
                for (index, (key, value)) in map.iter().enumerate() {
                    self.member(index, &key.text(), value)?;
                }
            }
        }
        self.push("}")
    }

    fn member(&mut self, index: usize, key: &str, value: &Value<'_>) -> Result<(), Trouble> {
        if index > 0 {
            self.push(",")?;
        }
        self.string(key)?;
        self.push(":")?;
        self.json(value)
    }

    fn string(&mut self, text: &str) -> Result<(), Trouble> {
        if text.len() > self.bytes_max {
            // Not worth escaping.
            return self.push(text);
        }
        let quoted = Json::from(text).to_string();
        self.push(&quoted)
    }
}

/// A duration as CEL writes it.
pub(crate) fn seconds(duration: jiff::SignedDuration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    if nanos == 0 {
        return format!("{seconds}s");
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let fraction = format!("{:09}", nanos.unsigned_abs());
    format!("{sign}{}.{}s", seconds.unsigned_abs(), fraction.trim_end_matches('0'))
}
