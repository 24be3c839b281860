//! Seals secrets, keeps the keys that open them, and destroys those keys.
//!
//! A value is encrypted on the node that a client talks to, under a key of its own; that key is wrapped by the cluster
//! key. Only both results enter the log. Cluster keys are files of each node ([`KeyRing`]) and travel from node to node,
//! never through the log. When the cluster key is replaced, the keys of live values are wrapped by the new one, and
//! every node destroys the old one: what was deleted before can't be opened by anybody any more, though the log keeps it
//! for ever.
//!
//! This crate knows neither gRPC nor launches: other nodes are reached through [`KeyPeers`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod cipher;
mod copy;
mod envelope;
mod error;
mod exchange;
mod keeper;
mod key_ring;
mod rotate;

pub use cipher::KeyBytes;
pub use copy::{export, import};
pub use envelope::{open, open_with, seal, wrap_anew};
pub use error::Error;
pub use exchange::{Asking, SealedKey, hand_over};
pub use keeper::{Keeper, KeyPeers, PeerError};
pub use key_ring::{DIRECTORY, KeyRing};
pub use zeroize::Zeroizing;
