//! Which branches and tags are looked at.

use regex::{Regex, RegexBuilder};
use sha2::{Digest as _, Sha256};

use crate::{Fault, Kind};

/// Most patterns of branches, and of tags.
pub const PATTERNS_MAX: usize = 50;
/// Longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 256;
/// Largest compiled patterns, in bytes.
const COMPILED_BYTES_MAX: usize = 1024 * 1024;

/// Patterns of the names of branches and of tags: `*` is any text without a slash, `**` any text, `?` one character that is
/// no slash. Everything else is itself. Where there is no pattern, no name matches.
#[derive(Clone, Debug)]
pub struct Patterns {
    branches: Regex,
    tags: Regex,
    digest: [u8; 8],
}

impl Patterns {
    /// Patterns of the names of branches (`release/*`), and of tags (`v*`).
    ///
    /// # Errors
    /// [`Fault::Invalid`] for too many, or one that is empty or too long.
    pub fn new<'a>(
        branches: impl IntoIterator<Item = &'a str>,
        tags: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Fault> {
        let mut digest = Sha256::new();
        let branches = compile("branches", branches, &mut digest)?;
        let tags = compile("tags", tags, &mut digest)?;
        let digest: [u8; 32] = digest.finalize().into();
        let mut short = [0; 8];
        short.copy_from_slice(&digest[..8]);
        Ok(Self { branches, tags, digest: short })
    }

    /// Whether a branch or a tag of this name is looked at. The name has no `refs/heads/`.
    #[must_use]
    pub fn matches(&self, kind: Kind, name: &str) -> bool {
        match kind {
            Kind::Branch => self.branches.is_match(name),
            Kind::Tag => self.tags.is_match(name),
        }
    }

    /// What tells these patterns from others.
    pub(crate) fn digest(&self) -> [u8; 8] {
        self.digest
    }
}

fn compile<'a>(of: &str, patterns: impl IntoIterator<Item = &'a str>, digest: &mut Sha256) -> Result<Regex, Fault> {
    let mut all = Vec::new();
    digest.update(of);
    for pattern in patterns {
        if all.len() == PATTERNS_MAX {
            return Err(Fault::Invalid(format!(
                "there are more than {PATTERNS_MAX} patterns of {of}, which is the limit"
            )));
        }
        if pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX || pattern.chars().any(char::is_control) {
            return Err(Fault::Invalid(format!(
                "a pattern of {of} is 1 to {PATTERN_BYTES_MAX} bytes without control characters; * matches up to a slash, ** all"
            )));
        }
        digest.update([0]);
        digest.update(pattern);
        all.push(expression(pattern));
    }
    digest.update([1]);
    // Without any, an empty name would do; references have names.
    let text = format!("^(?:{})$", all.join("|"));
    let regex = RegexBuilder::new(&text).size_limit(COMPILED_BYTES_MAX).dot_matches_new_line(true).build();
    regex.map_err(|_| Fault::Invalid(format!("the patterns of {of} are too much together; use fewer of them")))
}

/// A pattern as a regular expression.
fn expression(pattern: &str) -> String {
    let mut expression = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '*' if chars.next_if_eq(&'*').is_some() => expression.push_str(".*"),
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            char => expression.push_str(&regex::escape(char.encode_utf8(&mut [0; 4]))),
        }
    }
    expression
}
