//! Verdicts over histories. Pure functions: they know neither nodes nor clocks.

pub(crate) mod effects;
pub(crate) mod events;
pub(crate) mod linearizable;
pub(crate) mod list;
pub(crate) mod register;
pub(crate) mod slots;
pub(crate) mod told;
pub(crate) mod unique;

/// Most examples that a verdict shows.
const EXAMPLES_MAX: usize = 8;

/// What a check decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// What had to hold.
    pub(crate) claim: &'static str,
    pub(crate) holds: bool,
    /// What was looked at, in numbers.
    pub(crate) detail: String,
    /// How it was broken; the first few.
    pub(crate) examples: Vec<String>,
}

impl Verdict {
    /// It holds if there is no counterexample.
    pub(crate) fn new(claim: &'static str, detail: String, mut examples: Vec<String>) -> Self {
        let (holds, count) = (examples.is_empty(), examples.len());
        examples.truncate(EXAMPLES_MAX);
        let detail = if holds { detail } else { format!("{count} times broken; {detail}") };
        Self { claim, holds, detail, examples }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::history::{Op, Outcome, Value};

    pub(crate) fn op(f: &'static str, value: Value, result: Value, start: u64, end: u64, outcome: Outcome) -> Op {
        Op { process: 0, f, key: 0, value, result, version: 0, node: 0, start, end, outcome }
    }
}
