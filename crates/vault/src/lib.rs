//! Reads secrets from a HashiCorp Vault or an OpenBao, of its engine KV version 2.
//!
//! A value is the field `value` of what is at a path, which names its scope: so the rights that the Vault gives to a node say
//! which scopes it may read, and the path that a task gets follows from its pipeline. Nothing is kept here: a value is read
//! when an attempt is launched.
//!
//! This crate must not know launches, nor what else holds secrets.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod client;
mod config;
mod error;
mod login;
mod vault;

pub use config::{Config, Login};
pub use error::Error;
pub use vault::{Scope, Vault};
