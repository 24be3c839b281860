//! The gofer command line client: its arguments, its execution over the public API, and how it shows results.
//!
//! Exit codes: 0 all went well; 1 what was asked about failed (a watched run, a diff); 2 wrong usage or input file;
//! 3 the cluster refused; 4 no node could be reached, or it is unknown whether a change was made. It must not know of
//! servers' insides: everything goes over the public API.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod args;
mod blobs;
mod client;
mod cluster;
mod command;
mod completion;
mod doctor;
mod error;
mod events;
mod json;
mod local;
mod losses;
mod namespace;
mod node;
mod object;
mod output;
mod pipeline;
pub mod pipeline_file;
mod reference;
mod release;
pub mod render;
mod run;
mod schedule;
mod secret;
mod size;
mod subscription;
mod table;
mod task;
#[cfg(test)]
mod tests;
mod time;
mod trigger;
mod update;

pub use args::{ClientArgs, ColorChoice, Freshness, MutationArgs, OutputFormat};
pub use blobs::{BlobSink, copy_blobs};
pub use cluster::ClusterCommand;
pub use command::{ClientCommand, EXIT_CODES_HELP, run};
pub use completion::{write_completion, write_man_pages};
pub use doctor::{Finding, Verdict, disk_findings, doctor, show_findings};
pub use error::{EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_REJECTED, EXIT_UNKNOWN, EXIT_USAGE};
pub use events::{ClientError, CopyError, EventSink, EventsCommand, LogEnd, copy_events, log_end};
pub use local::{DriverChoice, LocalJob, LocalNode, LocalNodeArgs, LocalRunArgs, Needs, TestArgs};
pub use namespace::NamespaceCommand;
pub use node::NodeCommand;
pub use object::ObjectCommand;
pub use pipeline::{GraphFormat, Language, PipelineCommand, SourceArgs};
pub use release::{ReleaseCommand, StartArgs};
pub use run::RunCommand;
pub use schedule::{BackfillArgs, BackfillsCommand, CreateArgs, ScheduleCommand, SimulateArgs, SpecArgs, UpdateArgs};
pub use secret::{ScopeArgs, SecretCommand};
pub use subscription::{CreateSubscriptionArgs, SubscriptionCommand, UpdateSubscriptionArgs};
pub use task::TaskCommand;
pub use trigger::{FireEventArgs, InstallTriggerArgs, TriggerCommand, UpdateTriggerArgs};
