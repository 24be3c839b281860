//! `gofer audit diff`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use gofer_audit::{Change, Divergence, EventSource, between, divergence};
use gofer_cli::{ClientArgs, EXIT_FAILED, EXIT_OK, render};
use serde_json::{Map, Value, json};

use super::screen::Screen;
use super::source::{ArchiveArgs, open};
use super::{Failure, ScratchArgs};

/// Arguments of `gofer audit diff`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DiffArgs {
    /// Data directory or export to read, instead of asking a cluster
    source: Option<PathBuf>,
    /// Another one, to find where the two part
    other: Option<PathBuf>,
    /// Earlier revision of the source
    #[arg(long, value_name = "REVISION", conflicts_with = "other", required_unless_present = "other")]
    from: Option<u64>,
    /// Later revision of the source [default: the newest]
    #[arg(long, value_name = "REVISION", conflicts_with = "other")]
    to: Option<u64>,
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    scratch: ScratchArgs,
}

pub(super) fn run(client: &ClientArgs, screen: &Screen, args: &DiffArgs) -> Result<u8, Failure> {
    let source = open(client, args.source.as_deref(), &args.archive)?;
    if let Some(other) = &args.other {
        return two(screen, source.as_ref(), gofer_audit::open(other)?.as_ref());
    }
    let from = args.from.unwrap_or(0);
    let to = args.to.unwrap_or(source.extent().last);
    one(screen, source.as_ref(), (from, to), &args.scratch.path())
}

/// What changed between two revisions.
fn one(screen: &Screen, source: &dyn EventSource, range: (u64, u64), scratch: &Path) -> Result<u8, Failure> {
    let mut failed = None;
    let mut changes = 0_u64;
    screen.metered("replaying", Some(range.1), |meter| {
        between(source, range, scratch, meter, &mut |change| {
            changes += 1;
            failed = show(screen, &change).err();
            Ok(if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    })?;
    failed.map_or(Ok(()), Err)?;
    if changes == 0 {
        screen.notice("nothing changed");
    }
    Ok(EXIT_OK)
}

fn show(screen: &Screen, change: &Change) -> Result<(), Failure> {
    // Live marks repeat what the runs say.
    let Some(message) = change.message() else { return Ok(()) };
    let decode = |bytes: &Option<Vec<u8>>| {
        bytes.as_ref().map(|bytes| render::message_json(message, bytes).unwrap_or(Value::Null))
    };
    let (before, after) = (decode(&change.before), decode(&change.after));
    if screen.is_json() {
        let name = &change.name;
        return screen.record(&json!({ "kind": change.what(), "name": name, "before": before, "after": after }));
    }
    let sign = match (&before, &after) {
        (None, _) => "+",
        (_, None) => "-",
        _ => "~",
    };
    screen.line(&format!("{sign} {} {}", change.what(), change.name))?;
    let mut lines = Vec::new();
    if let Some(after) = &after {
        differences("", &before.unwrap_or_default(), after, &mut lines);
    }
    lines.iter().try_for_each(|line| screen.line(&format!("    {line}")))
}

/// The fields in which two values differ, one a line.
fn differences(path: &str, before: &Value, after: &Value, lines: &mut Vec<String>) {
    if before == after || (is_nothing(before) && is_nothing(after)) {
        return;
    }
    let (Some(one), Some(other)) = (fields(before), fields(after)) else {
        lines.push(match (before, after) {
            (Value::Null, _) => format!("{path}: {after}"),
            _ => format!("{path}: {before} -> {after}"),
        });
        return;
    };
    let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let of = |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
        differences(&inner, &of(&one), &of(&other), lines);
    }
}

/// The fields of an object, or the places of a list of objects; none of what is no object and not absent either.
fn fields(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Null => Some(Map::new()),
        Value::Object(fields) => Some(fields.clone()),
        Value::Array(list) if list.iter().all(Value::is_object) => {
            Some(list.iter().enumerate().map(|(index, value)| (index.to_string(), value.clone())).collect())
        }
        _ => None,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_u64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Where two logs part.
fn two(screen: &Screen, left: &dyn EventSource, right: &dyn EventSource) -> Result<u8, Failure> {
    let (one, other) = (left.extent(), right.extent());
    let found = divergence(left, right)?;
    if screen.is_json() {
        let shown = found.as_ref().map(|Divergence { revision, left, right }| {
            json!({ "revision": revision, "left": render::event_json(left), "right": render::event_json(right) })
        });
        screen.document(&json!({
            "equal": found.is_none(),
            "left": { "first": one.first, "last": one.last },
            "right": { "first": other.first, "last": other.last },
            "divergence": shown,
        }))?;
    } else if let Some(Divergence { revision, left: a, right: b }) = &found {
        screen.line(&format!("they part at revision {revision}"))?;
        for (name, bytes) in [(left.name(), a), (right.name(), b)] {
            screen.line(&format!("  {name}:"))?;
            screen.line(&format!("  {}", render::event_line(bytes).unwrap_or_else(|| "no event".to_owned())))?;
        }
    } else {
        let (first, last) = (one.first.max(other.first), one.last.min(other.last));
        screen.line(&format!("equal from revision {first} to {last}"))?;
        if one.last != other.last {
            let longer = if one.last > other.last { left.name() } else { right.name() };
            screen.line(&format!("  {longer} goes on to revision {}", one.last.max(other.last)))?;
        }
    }
    Ok(if found.is_none() { EXIT_OK } else { EXIT_FAILED })
}
