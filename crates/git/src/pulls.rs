//! Pull requests of a repository, by GitHub's REST API: which are open, and what has changed since they were looked at before.
//!
//! [`look`] lists the open ones, asks by its number for each that is listed no more, and says what was opened, pushed to or
//! closed. What is kept between two looks is a [`Cursor`]; a [`Memory`] besides spares the service what has not changed, and
//! may be lost. Time, bytes and pages are [bounded](Limits), and a service that asks for rest is not asked again before
//! ([`Fault::Busy`](crate::Fault::Busy)).

mod cursor;
mod listing;
mod look;
mod read;
mod repository;
mod rest;
mod session;
#[cfg(test)]
mod tests;

pub use cursor::Cursor;
pub use listing::{Action, Change};
pub use look::{Limits, Memory, Seen, look};
pub use repository::{Api, Repository};
