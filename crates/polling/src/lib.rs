//! Looks at Git repositories now and then, for subscriptions to the trigger `git`, and for pull requests, for those to
//! `github` that name a repository, on the node that leads.
//!
//! What was seen is the cursor of the subscription. It moves in the decision that starts the runs, and from where it was
//! only: so each change that is seen starts one run, whoever leads, and two leaders that look at the same time start none
//! twice. A branch that moves several times between two looks is seen once.
//!
//! It must not know of gRPC, and of where secrets are kept.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

mod agenda;
mod look;
mod poller;
mod pulls;
mod references;
mod tell;

pub use poller::{Poller, ReadSecrets};
