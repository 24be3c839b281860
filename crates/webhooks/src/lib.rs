//! Webhooks: who may send them, whether one was sent before, and what it says.
//!
//! [`check`] holds a request against the secrets of a hook by one of five [schemes](Scheme), and gives the key that its event
//! is known by. The key follows from what is signed, as far as the scheme signs anything: whoever has seen a request can
//! send it again, with other headers, too, and it is the same event. So two requests with the same signed content are one
//! event. GitHub's differ, as pushes and changes say when they were made, and of what commit.
//!
//! ```
//! use gofer_webhooks::{Refusal, Request, Scheme, check};
//!
//! let signature: &[u8] = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
//! let headers = [("X-Hub-Signature-256", signature), ("X-GitHub-Event", b"push".as_slice())];
//! let request = Request { headers: &headers, body: b"Hello, World!", unix_seconds: 1_795_797_292 };
//! let delivery = check(Scheme::Github, &[b"It's a Secret to Everybody"], &request)?;
//! assert_eq!(delivery.kind, "push");
//! assert_eq!(check(Scheme::Github, &[b"another secret"], &request), Err(Refusal::WrongSignature));
//! # Ok::<(), Refusal>(())
//! ```
//!
//! [`payload`] reads the body, and adds what GitHub and GitLab say alike in different words.
//!
//! Nothing here keeps anything, asks a clock or a network, or knows what becomes of an event.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

mod check;
mod delivery;
mod headers;
pub mod payload;
mod refusal;
mod scheme;
mod signature;
#[cfg(test)]
mod tests;

pub use check::check;
pub use delivery::Delivery;
pub use headers::Request;
pub use refusal::Refusal;
pub use scheme::Scheme;

/// Longest body of a request, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest key of a delivery, in bytes.
pub const KEY_BYTES_MAX: usize = 256;
/// Longest kind of a delivery, in bytes.
pub const KIND_BYTES_MAX: usize = 64;
/// How far the time of a signature may be from now, in seconds.
pub const TOLERANCE_SECONDS: u64 = 300;
