//! Gofer's pure core: what may happen, and what it means once it has.
//!
//! [`decide`](decide::decide) turns a [`Command`] into [`Event`]s or a [`Rejection`]; [`State::apply`] folds an
//! event into the state. Both are functions of their arguments alone: time, identity and chance arrive inside the
//! [`CommandEnvelope`], so every node that folds the same commands holds the same state.
//!
//! This crate must not know of clocks, files, sockets, threads, randomness, serialisation or hash-map order. It has
//! no dependencies, and `cargo xtask tidy` keeps it so.
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

pub mod apply;
pub mod archive;
pub mod backfill;
pub mod call;
pub mod command;
pub mod config;
pub mod dag;
pub mod decide;
pub mod ends;
pub mod event;
pub mod ids;
pub mod intake;
pub mod limits;
pub mod logic;
pub mod node;
pub mod object;
pub mod parameter;
pub mod plugin;
pub mod policy;
pub mod rejection;
pub mod release;
pub mod run;
pub mod schedule;
pub mod secret;
pub mod shared;
pub mod state;
pub mod subject;
pub mod subscription;
#[cfg(test)]
mod tests;
pub mod time;
pub mod trigger;
pub mod validate;
pub mod values;

pub use archive::{Archive, ArchiveSegment};
pub use backfill::{Backfill, BackfillCounts, BackfillEnd, BackfillOrder, BackfillSpec, BackfillStatus};
pub use command::{Actor, Command, CommandEnvelope};
pub use config::{PipelineConfig, TaskConfig};
pub use ends::Ends;
pub use event::{Answer, Event};
pub use ids::{
    AttemptKey, ClusterId, NamespaceId, NodeId, PipelineId, PipelineKey, RequestId, Revision, RunKey, ScheduleName,
    SecretName, SubscriptionName, TaskId, TaskKey, TriggerName, Version,
};
pub use intake::{
    CursorMove, EventFate, EventKey, EventOutcome, EventVerdict, FateKind, Firing, FollowedEvent, IncomingEvent,
    Intake, TakenEvent,
};
pub use logic::LOGIC_VERSION;
pub use node::{Node, NodeSpec, NodeStatus};
pub use object::{Object, ObjectContent, ObjectKey, ObjectLimits, ObjectLoss, ObjectPlace, ObjectScope, Objects};
pub use rejection::{Reason, Rejection};
pub use release::{Release, Releases};
pub use run::{Attempt, AttemptOutcome, AttemptStatus, RetryFrom, Run, RunOptions, RunStatus, TaskRun, TaskStatus};
pub use schedule::{
    FiredSlot, Schedule, ScheduleKey, ScheduleSlot, ScheduleSpec, Schedules, Settlement, SkipReason, SkippedSlots,
};
pub use secret::{ClusterKey, CurrentKey, SealedSecret, Secret, SecretKey, SecretScope, Secrets, WrappedKey};
pub use state::{History, NoHistory, Pipeline, State};
pub use subject::Subject;
pub use subscription::{
    FiredEvent, SkippedEvent, Subscription, SubscriptionEvent, SubscriptionKey, SubscriptionSpec, Subscriptions,
};
pub use time::Timestamp;
pub use trigger::{Broken, BuiltIn, Launch, Setting, SettingKind, Trigger, TriggerReport, TriggerSpec};
