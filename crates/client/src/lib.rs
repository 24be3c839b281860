//! A client of Gofer clusters.
//!
//! ```no_run
//! use gofer_client::{Client, Outcome, api, model};
//!
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect(["10.0.0.1:7600", "10.0.0.2:7600", "10.0.0.3:7600"])?;
//! let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: "nightly".into() });
//! match client.start_run(api::StartRunRequest { pipeline, ..Default::default() }).await {
//!     Outcome::Committed(run) => println!("{:?} at revision {}", run.value.run, run.revision),
//!     Outcome::Rejected(rejected) => println!("{rejected}"),
//!     Outcome::Unknown(unknown) => println!("ask again with {}", unknown.request_id),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Calls go to one of the nodes and, when it fails, to the next one, until the time is up. Writes are repeated with the
//! same request id only. Streams go on with the next node where they were. This is a layer above the API as it is
//! generated; it knows nothing of the insides of nodes, and decides nothing but what may be repeated.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

mod client;
mod error;
mod logs;
mod losses;
mod nodes;
mod outcome;
mod streams;

pub use client::{Client, Options, Pages};
pub use error::{Error, Rejected};
pub use gofer_wire::api::v1 as api;
pub use gofer_wire::log::v1 as log;
pub use gofer_wire::model::v1 as model;
pub use logs::Shown;
pub use losses::Losses;
pub use nodes::{
    ANSWER_BYTES_MAX, Call, Next, Nodes, clusters, events, namespaces, objects, pipelines, releases, request, runs,
    schedules, secrets, sound_address, subscriptions, triggers,
};
pub use outcome::{Committed, Outcome, Unknown};
pub use streams::{Events, Logs, RunWatch};
