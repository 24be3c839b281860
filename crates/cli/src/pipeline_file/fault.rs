//! What is wrong with a pipeline file: the place, the line itself, and what was probably meant.

use std::fmt;
use std::path::{Path, PathBuf};

/// Longest part of a line that is shown, in characters.
const EXCERPT_MAX: usize = 100;

/// Why a pipeline file is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub path: PathBuf,
    pub kind: FaultKind,
    /// Line and column, from 1.
    pub place: Option<(usize, usize)>,
    /// The line at fault; may be empty.
    pub excerpt: String,
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

/// The kind of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Unreadable,
    TooLarge,
    Content,
}

impl Fault {
    pub(crate) fn whole(path: &Path, kind: FaultKind, message: &str, help: &str) -> Box<Self> {
        Box::new(Self {
            path: path.to_owned(),
            kind,
            place: None,
            excerpt: String::new(),
            message: message.to_owned(),
            help: help.to_owned(),
        })
    }

    /// A fault in the text, from a reader's message.
    pub(crate) fn at(path: &Path, text: &str, place: Option<(usize, usize)>, message: &str) -> Box<Self> {
        let excerpt = place
            .and_then(|(line, _)| text.lines().nth(line.saturating_sub(1)))
            .map(|line| line.chars().take(EXCERPT_MAX).collect())
            .unwrap_or_default();
        let message = message.trim().lines().collect::<Vec<_>>().join("; ");
        let help = suggestion(&message);
        Box::new(Self { path: path.to_owned(), kind: FaultKind::Content, place, excerpt, message, help })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path.display())?;
        let Some((line, column)) = self.place else { return write!(formatter, ": {}", self.message) };
        write!(formatter, ":{line}:{column}: {}", self.message)?;
        if !self.excerpt.is_empty() {
            let number = line.to_string();
            write!(formatter, "\n  {number} | {}", self.excerpt)?;
            if column <= EXCERPT_MAX {
                // Tabs stay tabs, so that the mark stands below its character.
                let blank = |c: char| if c == '\t' { '\t' } else { ' ' };
                let indent: String = self.excerpt.chars().take(column - 1).map(blank).collect();
                write!(formatter, "\n  {} | {indent}^", " ".repeat(number.len()))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// Line and column, from 1, of a byte.
pub(crate) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before: String = text.char_indices().take_while(|(index, _)| *index < offset).map(|(_, c)| c).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}

/// Of the names the reader would have taken, the one nearest to what it found.
fn suggestion(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field ").or_else(|| message.strip_prefix("unknown variant ")) else {
        return String::new();
    };
    let mut names = rest.split('`').skip(1).step_by(2);
    let Some(found) = names.next() else { return String::new() };
    let known: Vec<&str> = names.collect();
    match nearest(found, &known) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "see `gofer pipeline register --help` for the format".into(),
    }
}

/// Names that other tools use for what these files call differently.
const SYNONYMS: [(&str, &str); 14] = [
    ("environment", "env"),
    ("variables", "env"),
    ("needs", "depends_on"),
    ("after", "depends_on"),
    ("cmd", "command"),
    ("args", "command"),
    ("workdir", "working_directory"),
    ("labels", "constraints"),
    ("name", "id"),
    ("if", "when"),
    ("conditions", "when"),
    ("call", "run"),
    ("params", "parameters"),
    ("secrets", "secret_env"),
];

pub(crate) fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = found.to_lowercase().replace('-', "_");
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == lower).map(|(_, ours)| *ours);
    if let Some(name) = known.iter().find(|name| Some(**name) == synonym) {
        return Some(name);
    }
    let most = if lower.len() < 4 { 1 } else { 3 };
    known
        .iter()
        .map(|name| (strsim::osa_distance(&lower, name), *name))
        .filter(|(distance, name)| *distance <= most && *distance < name.len())
        .min()
        .map(|(_, name)| name)
}
