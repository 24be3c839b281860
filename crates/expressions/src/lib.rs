//! What of an event counts, and which variables its run gets: the filter and the expressions of a subscription.
//!
//! They are written in CEL, the Common Expression Language. An event is given to them as `payload`, its JSON, and as
//! `event.key`, `event.kind` and `event.time`:
//!
//! ```
//! use gofer_expressions::{Event, Outcome, Program};
//!
//! let program = Program::new(
//!     "event.kind == 'push' && payload.ref.startsWith('refs/heads/')",
//!     [("BRANCH", "payload.ref.substring(11)"), ("COMMITS", "size(payload.commits)")],
//! )?;
//! let payload = serde_json::json!({"ref": "refs/heads/main", "commits": [{"id": "c0ffee"}]});
//! let event = Event { key: "1", kind: "push", unix_millis: 1_790_000_000_000, payload: &payload };
//! let Outcome::Fire(variables) = program.judge(&event) else { panic!("a push to a branch counts") };
//! assert_eq!(variables["BRANCH"], "main");
//! assert_eq!(variables["COMMITS"], "1");
//! # Ok::<(), gofer_expressions::Fault>(())
//! ```
//!
//! An expression that can't be used for an event (a field is missing, a text is compared with a number) makes the event
//! malformed, with a reason in words. Both `has` and `.?` are there for what may be missing:
//!
//! ```
//! # use gofer_expressions::{Event, Outcome, Program};
//! let outcome = |filter: &str| {
//!     let payload = serde_json::json!({"ref": "refs/heads/main"});
//!     let event = Event { key: "1", kind: "push", unix_millis: 0, payload: &payload };
//!     Ok::<_, gofer_expressions::Fault>(Program::new(filter, [])?.judge(&event))
//! };
//! assert_eq!(outcome("has(payload.forced) && payload.forced")?, Outcome::Filtered);
//! assert_eq!(outcome("payload.?forced.orValue(false)")?, Outcome::Filtered);
//! let Outcome::Malformed(why) = outcome("payload.forced")? else { panic!("the field is missing") };
//! assert_eq!(why, "filter: payload has no field \"forced\"; has() asks whether there is one, .? takes it only if there is");
//! # Ok::<(), gofer_expressions::Fault>(())
//! ```
//!
//! # How much work an expression may be
//! Each step of an evaluation costs units of work: one for each part of an expression that is evaluated, each element that
//! is looked at or made, and each 16 bytes of text that are looked at or made; a few for an error, a time or a time zone; for
//! a regular expression as many for each byte of the text as its compiled size has KiB. All expressions of a program have
//! [`WORK_MAX`] units for an event, which is less than 100 ms of one processor. An event for which that isn't enough is
//! malformed. The clock is never asked, so that every machine says the same of an event.
//!
//! What could be dear before that is bounded when a program is made: the length of texts, how deep their parts are in one
//! another, and the size of regular expressions, which must be written out.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

mod budget;
mod eval;
mod function;
mod lexer;
mod node;
mod parser;
mod pattern;
mod payload;
mod program;
#[cfg(test)]
mod tests;
mod text;
mod value;

pub use program::{Event, Fault, Outcome, Program};

/// Longest text of a filter or an expression, in bytes.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Most expressions of a program, the filter not counted.
pub const EXPRESSIONS_MAX: usize = 100;
/// Longest payload, as compact JSON, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// How deep lists and maps of a payload may be in one another.
pub const PAYLOAD_DEPTH_MAX: usize = 128;
/// Longest value of a variable, in bytes.
pub const VALUE_BYTES_MAX: usize = 4096;
/// Longest values of all variables together, in bytes.
pub const VALUES_BYTES_MAX: usize = 64 * 1024;
/// Units of work that all expressions of a program have for one event.
pub const WORK_MAX: u64 = 1_000_000;
