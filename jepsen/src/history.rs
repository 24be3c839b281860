//! What clients did and what came of it, as one history for each workload: in memory for the checkers, and in Jepsen's
//! EDN on disk.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Context;

/// Argument or result of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Value {
    #[default]
    Nil,
    Int(u64),
    List(Vec<u64>),
}

/// What is known of an operation's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Outcome {
    /// It happened.
    Ok,
    /// It did not happen, and never will.
    Fail,
    /// Nobody knows.
    Info,
}

impl Outcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Info => "info",
        }
    }
}

/// How values are written in EDN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `:key k, :value v`: one register, counter or list for each key.
    Keyed,
    /// `:f :txn, :value [[:append k v]]`: what Elle's list-append takes.
    ListAppend,
}

/// An operation. Times are nanoseconds since the run began.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) process: u64,
    pub(crate) f: &'static str,
    pub(crate) key: u64,
    /// The argument.
    pub(crate) value: Value,
    /// The answer; of an operation that is not ok, nothing.
    pub(crate) result: Value,
    /// The version that the answer names; 0: none.
    pub(crate) version: u64,
    pub(crate) node: usize,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) outcome: Outcome,
}

/// The history of a workload.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) name: &'static str,
    style: Style,
    start: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: BufWriter<File>,
    index: u64,
    ops: Vec<Op>,
    /// Why the last operation of a kind did not succeed, for people.
    errors: Vec<(String, u64)>,
}

/// Most different error texts that are counted.
const ERRORS_MAX: usize = 40;

impl History {
    /// Writes `<folder>/<name>.edn`.
    ///
    /// # Errors
    /// When the file can't be made.
    pub(crate) fn create(folder: &Path, name: &'static str, style: Style, start: Instant) -> anyhow::Result<Self> {
        let path = folder.join(format!("{name}.edn"));
        let file = File::create(&path).with_context(|| format!("can't write {}", path.display()))?;
        let inner = Inner { file: BufWriter::new(file), index: 0, ops: Vec::new(), errors: Vec::new() };
        Ok(Self { name, style, start, inner: Mutex::new(inner) })
    }

    /// Nanoseconds since the run began.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Writes the invocation; the operation counts as unknown until it is completed.
    pub(crate) fn invoke(&self, process: u64, f: &'static str, key: u64, value: Value, node: usize) -> Op {
        let mut inner = self.inner();
        // Under the lock, so that times and indices have the same order.
        let start = self.now();
        let (result, outcome) = (Value::Nil, Outcome::Info);
        let op = Op { process, f, key, value, result, version: 0, node, start, end: start, outcome };
        inner.write(self.style, &op, "invoke", "");
        op
    }

    /// Writes what came of it.
    pub(crate) fn complete(&self, mut op: Op, outcome: Outcome, result: Value, version: u64, error: &str) {
        let mut inner = self.inner();
        (op.outcome, op.result, op.version, op.end) = (outcome, result, version, self.now());
        inner.write(self.style, &op, outcome.name(), error);
        if !error.is_empty() {
            inner.count(format!("{} {}: {error}", op.f, outcome.name()));
        }
        inner.ops.push(op);
    }

    /// A fault begins or ends, as Jepsen's nemesis writes it.
    pub(crate) fn nemesis(&self, f: &str, value: &str) {
        let mut inner = self.inner();
        let (index, time) = (inner.index, self.now());
        inner.index += 1;
        let text = quoted(value);
        let line =
            format!("{{:index {index}, :type :info, :process :nemesis, :f :{f}, :value {text}, :time {time}}}\n");
        inner.put(&line);
    }

    /// Everything so far; of operations that are still out, nothing.
    pub(crate) fn ops(&self) -> Vec<Op> {
        self.inner().ops.clone()
    }

    /// Errors by text and how often they came, most frequent first.
    pub(crate) fn errors(&self) -> Vec<(String, u64)> {
        let mut errors = self.inner().errors.clone();
        errors.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        errors
    }

    /// Puts what is buffered on disk.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn flush(&self) -> anyhow::Result<()> {
        self.inner().file.flush().with_context(|| format!("can't write the history {}", self.name))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, style: Style, op: &Op, kind: &str, error: &str) {
        let index = self.index;
        self.index += 1;
        let time = if kind == "invoke" { op.start } else { op.end };
        let (f, value) = match style {
            Style::Keyed => (op.f, keyed(op, kind)),
            Style::ListAppend => ("txn", list_append(op, kind)),
        };
        let mut line =
            format!("{{:index {index}, :type :{kind}, :process {}, :f :{f}, {value}, :time {time}", op.process);
        if op.version > 0 {
            let _ = write!(line, ", :version {}", op.version);
        }
        let _ = write!(line, ", :node \"n{}\"", op.node + 1);
        if !error.is_empty() {
            let _ = write!(line, ", :error {}", quoted(error));
        }
        line.push_str("}\n");
        self.put(&line);
    }

    fn put(&mut self, line: &str) {
        // A full disk shows when the file is flushed.
        let _ = self.file.write_all(line.as_bytes());
    }

    fn count(&mut self, error: String) {
        if let Some((_, count)) = self.errors.iter_mut().find(|(known, _)| *known == error) {
            *count += 1;
        } else if self.errors.len() < ERRORS_MAX {
            self.errors.push((error, 1));
        }
    }
}

/// A completed operation that has an answer shows it; all others show the argument.
fn shown<'a>(op: &'a Op, kind: &str) -> &'a Value {
    if kind == "ok" && op.result != Value::Nil { &op.result } else { &op.value }
}

fn keyed(op: &Op, kind: &str) -> String {
    format!(":key {}, :value {}", op.key, edn(shown(op, kind)))
}

fn list_append(op: &Op, kind: &str) -> String {
    let key = op.key;
    match op.f {
        "append" => format!(":value [[:append {key} {}]]", edn(&op.value)),
        _ => format!(":value [[:r {key} {}]]", edn(shown(op, kind))),
    }
}

fn edn(value: &Value) -> String {
    match value {
        Value::Nil => "nil".into(),
        Value::Int(number) => number.to_string(),
        Value::List(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
            format!("[{}]", numbers.join(" "))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(style: Style, work: impl Fn(&History)) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let history = History::create(folder.path(), "x", style, Instant::now()).unwrap();
        work(&history);
        history.flush().unwrap();
        let text = std::fs::read_to_string(folder.path().join("x.edn")).unwrap();
        let timeless = |line: &str| {
            let (head, rest) = line.split_once(", :time ").unwrap();
            head.to_owned() + rest.trim_start_matches(char::is_numeric)
        };
        text.lines().map(timeless).collect()
    }

    #[test]
    fn a_register_is_written_as_knossos_reads_it() {
        let lines = written(Style::Keyed, |history| {
            let op = history.invoke(0, "write", 7, Value::Int(3), 1);
            history.complete(op, Outcome::Ok, Value::Nil, 2, "");
            history.nemesis("start-kill", "n\"1\"");
            let op = history.invoke(1, "read", 7, Value::Nil, 0);
            history.complete(op, Outcome::Ok, Value::Int(3), 2, "");
            let op = history.invoke(1, "read", 7, Value::Nil, 0);
            history.complete(op, Outcome::Fail, Value::Nil, 0, "no\nleader");
        });
        let expected = [
            r#"{:index 0, :type :invoke, :process 0, :f :write, :key 7, :value 3, :node "n2"}"#,
            r#"{:index 1, :type :ok, :process 0, :f :write, :key 7, :value 3, :version 2, :node "n2"}"#,
            r#"{:index 2, :type :info, :process :nemesis, :f :start-kill, :value "n\"1\""}"#,
            r#"{:index 3, :type :invoke, :process 1, :f :read, :key 7, :value nil, :node "n1"}"#,
            r#"{:index 4, :type :ok, :process 1, :f :read, :key 7, :value 3, :version 2, :node "n1"}"#,
            r#"{:index 5, :type :invoke, :process 1, :f :read, :key 7, :value nil, :node "n1"}"#,
            r#"{:index 6, :type :fail, :process 1, :f :read, :key 7, :value nil, :node "n1", :error "no\nleader"}"#,
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_list_is_written_as_elle_reads_it() {
        let lines = written(Style::ListAppend, |history| {
            let op = history.invoke(4, "append", 1, Value::Int(9), 0);
            history.complete(op, Outcome::Info, Value::Nil, 0, "late");
            let op = history.invoke(5, "read", 1, Value::Nil, 0);
            history.complete(op, Outcome::Ok, Value::List(vec![8, 9]), 0, "");
        });
        let expected = [
            r#"{:index 0, :type :invoke, :process 4, :f :txn, :value [[:append 1 9]], :node "n1"}"#,
            r#"{:index 1, :type :info, :process 4, :f :txn, :value [[:append 1 9]], :node "n1", :error "late"}"#,
            r#"{:index 2, :type :invoke, :process 5, :f :txn, :value [[:r 1 nil]], :node "n1"}"#,
            r#"{:index 3, :type :ok, :process 5, :f :txn, :value [[:r 1 [8 9]]], :node "n1"}"#,
        ];
        assert_eq!(lines, expected);
    }
}
