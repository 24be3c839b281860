//! Real nodes in one process: stores on disk, Raft, and gRPC over sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_debug_implementations, reason = "tests fail by panicking")]

mod errors;
mod failover;
mod forwarding;
mod logs;
mod node;
mod peers;
mod reads;
