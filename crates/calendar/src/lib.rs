//! When schedules are due: cron expressions and intervals, in time zones, with blackout windows and jitter, and what
//! becomes of the slots that were missed.
//!
//! A *slot* is an instant at which a schedule is due. Everything here is a function of its arguments: there is no clock,
//! and time zones are those that are compiled in, so that every node computes the same, whatever its machine says.
//!
//! # Daylight saving
//! The rule is that of Vixie's cron. An expression without a star in its fields for hour, minute and second names times of
//! day, and each is due once a day: one that is left out when clocks go forward is due at the first instant after the gap,
//! and one that comes twice when they go back is due the first time only. An expression with a star follows the clock on
//! the wall: what is left out is not due, and what comes twice is due twice.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

mod blackout;
mod cron;
pub mod defaults;
mod fault;
mod jitter;
mod pass;
mod policy;
mod range;
mod schedule;
mod zone;

pub use blackout::Blackout;
pub use cron::Cron;
pub use fault::Fault;
pub use jitter::Jitter;
pub use pass::{Pass, SkipReason, Skipped, pass};
pub use policy::Policy;
pub use range::{Slots, last_slots_in, slots_in};
pub use schedule::{Next, Rule, Schedule};
pub use zone::Zone;

/// Milliseconds since the Unix epoch.
pub type UnixMs = u64;
