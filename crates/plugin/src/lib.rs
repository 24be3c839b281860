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
//!
//! A trigger can also be told of what has happened: it says [`Description::takes_http`], and answers what is sent to
//! `/v1/plugins/TRIGGER` on any node.
//!
//! ```no_run
//! use gofer_plugin::{
//!     Bytes, Description, Event, Kind, Request, Response, StatusCode, Subscriptions, Trigger, answer, async_trait,
//! };
//!
//! /// Fires when something is sent to /v1/plugins/TRIGGER/TOPIC.
//! struct Topics;
//!
//! #[async_trait]
//! impl Trigger for Topics {
//!     fn describe(&self) -> Description {
//!         Description::new(env!("CARGO_PKG_VERSION")).required("topic", Kind::Text, "what to listen to").takes_http()
//!     }
//!
//!     async fn http(&self, request: Request<Bytes>, subscriptions: Subscriptions) -> Response<Bytes> {
//!         let Some(key) = request.headers().get("x-delivery").and_then(|key| key.to_str().ok()) else {
//!             return answer(StatusCode::BAD_REQUEST, "X-Delivery is missing");
//!         };
//!         let topic = request.uri().path().trim_start_matches('/');
//!         for subscription in subscriptions.iter().filter(|known| known.setting("topic") == topic) {
//!             if let Err(error) = subscription.send(Event::new(key)).await {
//!                 return answer(StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
//!             }
//!         }
//!         answer(StatusCode::ACCEPTED, "taken")
//!     }
//! }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod description;
mod engine;
mod error;
mod event;
mod http;
mod plugin;
mod subscription;
pub mod testing;
mod told;
mod watches;

pub use ::http::{Request, Response, StatusCode};
pub use async_trait::async_trait;
pub use bytes::Bytes;
pub use description::{Description, Kind};
pub use error::{Error, SendError, WatchError};
pub use event::{Event, Fate, Outcome};
pub use http::answer;
pub use plugin::{Plugin, Trigger};
pub use subscription::{Name, Subscription};
pub use told::{Subscriber, Subscriptions};
