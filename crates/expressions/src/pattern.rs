//! Regular expressions of a bounded size, whose cost is known before they run.
//!
//! The crate `regex` searches in time that is linear in the text, times the size of the pattern in the worst case. So that
//! is what a search costs.

use regex::{Regex, RegexBuilder};

use crate::budget::{Budget, Trouble};

/// Largest compiled pattern, in KiB.
const COMPILED_KIB_MAX: usize = 128;
/// Largest compiled patterns of a program together, in KiB.
pub(crate) const COMPILED_KIB_SUM_MAX: usize = 512;
/// How deep groups may be in one another.
const NEST_MAX: u32 = 32;
/// Memory of the automaton that a search builds, in bytes.
const CACHE_BYTES_MAX: usize = 256 * 1024;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// The power of two that its compiled size doesn't exceed.
    pub(crate) kib: usize,
}

impl Pattern {
    /// Compiles a pattern that is small enough, or says what is wrong with it.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let mut kib = 1;
        loop {
            let built = RegexBuilder::new(text)
                .size_limit(kib * 1024)
                .dfa_size_limit(CACHE_BYTES_MAX)
                .nest_limit(NEST_MAX)
                .build();
            match built {
                Ok(regex) => return Ok(Self { regex, kib }),
                Err(regex::Error::CompiledTooBig(_)) if kib < COMPILED_KIB_MAX => kib *= 2,
                Err(regex::Error::CompiledTooBig(_)) => {
                    return Err(format!(
                        "the pattern is larger than {COMPILED_KIB_MAX} KiB when compiled; repeat fewer times, and say \
                         [0-9] and [A-Za-z] instead of \\d and \\w, which are large for all the scripts there are"
                    ));
                }
                Err(error) => {
                    // The library draws the place in several lines; its last one says what is wrong.
                    let text = error.to_string();
                    let last = text.lines().last().unwrap_or_default();
                    return Err(format!(
                        "the pattern is no regular expression: {}",
                        last.trim_start_matches("error: ")
                    ));
                }
            }
        }
    }

    /// Whether the text matches somewhere.
    pub(crate) fn is_match(&self, text: &str, budget: &mut Budget) -> Result<bool, Trouble> {
        // 60 ns a byte and KiB is the worst that was seen.
        budget.spend(1 + text.len() * self.kib)?;
        Ok(self.regex.is_match(text))
    }
}
