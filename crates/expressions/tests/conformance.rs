//! Compares random expressions with what the crate `cel` makes of them, an implementation of the same language.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use cel::objects::Key;
use cel::{Context, Env, Value as Cel};
use fastrand::Rng;
use gofer_expressions::{Event, Outcome, Program};
use serde_json::{Value, json};

const EXPRESSIONS: usize = 20_000;

fn payload() -> Value {
    json!({
        "i": 3, "n": -2, "d": 2.5, "s": "main", "u": "Größe", "t": true, "f": false, "z": null,
        "l": [1, 2, 3], "w": ["a", "bc", "main"], "m": {"a": 1}, "e": [], "o": {},
    })
}

/// The payload as numbers of JSON are taken here: whole ones are ints.
fn converted(json: &Value) -> Cel {
    match json {
        Value::Null => Cel::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => number.as_i64().map_or_else(|| number.as_f64().unwrap().into(), Cel::from),
        Value::String(text) => text.as_str().into(),
        Value::Array(list) => list.iter().map(converted).collect::<Vec<_>>().into(),
        Value::Object(map) => {
            let map: std::collections::HashMap<Key, Cel> =
                map.iter().map(|(key, value)| (Key::from(key.as_str()), converted(value))).collect();
            Cel::Map(cel::objects::Map { map: map.into() })
        }
    }
}

/// What of each implementation: a value, an error when it was evaluated, or none at all.
#[derive(Debug, PartialEq)]
enum Given {
    Value(Value),
    Error(String),
    Unreadable(String),
}

fn ours(expression: &str, payload: &Value) -> Given {
    // In a list, all values are JSON.
    let program = match Program::new("", [("V", format!("[{expression}]").as_str())]) {
        Ok(program) => program,
        Err(fault) => return Given::Unreadable(fault.message),
    };
    match program.judge(&Event { key: "k", kind: "push", unix_millis: 0, payload }) {
        Outcome::Fire(variables) => Given::Value(floats(serde_json::from_str(&variables["V"]).unwrap())),
        Outcome::Malformed(why) => Given::Error(why),
        Outcome::Filtered => unreachable!("there is no filter"),
    }
}

fn theirs(expression: &str, env: &Env, context: &Context<'_, '_>) -> Given {
    let program = match env.compile(&format!("[{expression}]")) {
        Ok(program) => program,
        Err(errors) => return Given::Unreadable(errors.to_string()),
    };
    match program.execute(context) {
        Ok(value) => match value.json() {
            Ok(json) => Given::Value(floats(json)),
            Err(error) => Given::Error(error.to_string()),
        },
        Err(error) => Given::Error(error.to_string()),
    }
}

/// All numbers as floating point numbers: 2.0 is written as 2 here.
fn floats(json: Value) -> Value {
    match json {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(list) => list.into_iter().map(floats).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, floats(value))).collect(),
        other => other,
    }
}

/// What is different on purpose.
fn is_known(expression: &str, one: &Given, two: &Given) -> bool {
    match (one, two) {
        // Optionals can't be variables here. There, they are null.
        (Given::Error(why), Given::Value(_)) if why.contains("gives an optional value") => true,
        // What is no list and no map has no elements, also if it might have been absent.
        (Given::Error(why), _) if expression.contains(".?") && why.contains("can't be asked for") => true,
        // There, an empty map can be added to a list.
        (Given::Error(why), Given::Value(_)) if why.contains("+ can't take a list and a map") => true,
        _ => false,
    }
}

struct Writer {
    rng: Rng,
    locals: usize,
}

impl Writer {
    fn choose<'c>(&mut self, from: &[&'c str]) -> &'c str {
        from[self.rng.usize(..from.len())]
    }

    fn leaf(&mut self) -> String {
        if self.locals > 0 && self.rng.u8(..3) == 0 {
            return format!("x{}", self.rng.usize(..self.locals));
        }
        self.choose(&[
            "payload.i",
            "payload.n",
            "payload.d",
            "payload.s",
            "payload.u",
            "payload.t",
            "payload.f",
            "payload.z",
            "payload.l",
            "payload.w",
            "payload.m",
            "payload.e",
            "payload.o",
            "payload.missing",
            "payload.m.a",
            "payload.m['s']",
            "payload.m['a']",
            "payload.l[1]",
            "payload.w[5]",
            "payload.?i",
            "payload.?q",
            "payload.m.?a",
            "0",
            "1",
            "2",
            "-3",
            "2u",
            "1.5",
            "1e2",
            "0x1F",
            "true",
            "false",
            "null",
            "'a'",
            "\"main\"",
            "'ö\\n\\u00e9'",
            "r'\\d'",
            "''",
            "[]",
            "{}",
            "9223372036854775807",
            "-9223372036854775808",
        ])
        .to_owned()
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.leaf();
        }
        let part = |writer: &mut Self| {
            let less = writer.rng.usize(..depth);
            writer.expression(less)
        };
        match self.rng.u8(..20) {
            0..=5 => {
                let operator =
                    self.choose(&["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", " in ", "&&", "||"]);
                let (one, two) = (part(self), part(self));
                if self.rng.bool() { format!("({one}{operator}{two})") } else { format!("{one} {operator} {two}") }
            }
            6 => format!("{} ? {} : {}", part(self), part(self), part(self)),
            7 => format!("!{}", part(self)),
            8 => format!("-({})", part(self)),
            9 => format!("[{}, {}]", part(self), part(self)),
            // Only one: theirs have no order.
            10 => format!("{{{}: {}}}", part(self), part(self)),
            11 => format!("{}[{}]", part(self), part(self)),
            12 => format!("has({}.a)", part(self)),
            13 => format!("size({})", part(self)),
            14 => {
                let method = self.choose(&["contains", "startsWith", "endsWith"]);
                format!("({}).{method}({})", part(self), part(self))
            }
            15 => format!("({}).matches('^[a-m]+$')", part(self)),
            16 => format!("{}({})", self.choose(&["int", "uint", "double", "string"]), part(self)),
            17 => format!("({}).orValue({})", part(self), part(self)),
            _ if self.locals < 3 => {
                let range = part(self);
                let (name, local) = (self.choose(&["all", "exists", "exists_one", "filter", "map"]), self.locals);
                self.locals += 1;
                let body = part(self);
                self.locals -= 1;
                format!("({range}).{name}(x{local}, {body})")
            }
            _ => self.leaf(),
        }
    }
}

#[test]
fn both_implementations_agree() {
    let payload = payload();
    let env = Arc::new(Env::stdlib());
    let mut context = Context::with_env(Arc::clone(&env));
    context.add_variable_from_value("payload", converted(&payload));
    let mut writer = Writer { rng: Rng::with_seed(1), locals: 0 };
    let (mut values, mut errors, mut unreadable, mut known, mut differ) = (0, 0, 0, 0, Vec::new());
    for _ in 0..EXPRESSIONS {
        let depth = writer.rng.usize(..5);
        let expression = writer.expression(depth);
        match (ours(&expression, &payload), theirs(&expression, &env, &context)) {
            (Given::Value(one), Given::Value(two)) if one == two => values += 1,
            (Given::Error(_), Given::Error(_)) => errors += 1,
            (Given::Unreadable(_), Given::Unreadable(_)) => unreadable += 1,
            (one, two) if is_known(&expression, &one, &two) => known += 1,
            (one, two) => differ.push(format!("{expression}\n  ours: {one:?}\n  cel:  {two:?}")),
        }
    }
    println!(
        "{values} the same value, {errors} errors, {unreadable} unreadable, {known} known, {} different",
        differ.len()
    );
    for different in differ.iter().take(40) {
        println!("{different}");
    }
    assert!(differ.is_empty());
    assert!(values > EXPRESSIONS / 4, "too few expressions have a value: {values}");
}
