//! Triggers for Gofer, in Rust.
//!
//! A trigger is a program that looks at the world outside and tells a cluster what has happened there. It runs wherever it
//! can reach a node, and tells of each event once or more often: an event counts once by its key.
//!
//! ```no_run
//! use gofer_plugin::{Description, Event, Kind, Plugin, Subscription, Trigger, WatchError, async_trait};
//!
//! /// Fires whenever a file is there that was not.
//! struct Files;
//!
//! #[async_trait]
//! impl Trigger for Files {
//!     fn describe(&self) -> Description {
//!         Description::new(env!("CARGO_PKG_VERSION")).required("directory", Kind::Text, "where to look for files")
//!     }
//!
//!     async fn watch(&self, mut subscription: Subscription) -> Result<(), WatchError> {
//!         loop {
//!             for entry in std::fs::read_dir(subscription.setting("directory"))? {
//!                 let name = entry?.file_name().to_string_lossy().into_owned();
//!                 subscription.send(Event::new(&name).payload(serde_json::json!({ "name": name }))).await?;
//!             }
//!             tokio::time::sleep(std::time::Duration::from_secs(5)).await;
//!         }
//!     }
//! }
//!
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! Plugin::from_env(Files)?.run().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A stream to a node may end at any time. What was not answered is sent again on the next one, to whichever node answers,
//! so nothing is lost while the program lives. What it must remember when it dies itself belongs into the cursor of the
//! subscription, which moves together with the events ([`Subscription::send_all`]).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod description;
mod engine;
mod error;
mod event;
mod plugin;
mod subscription;
pub mod testing;
mod watches;

pub use async_trait::async_trait;
pub use description::{Description, Kind};
pub use error::{Error, SendError, WatchError};
pub use event::{Event, Fate, Outcome};
pub use plugin::{Plugin, Trigger};
pub use subscription::{Name, Subscription};
