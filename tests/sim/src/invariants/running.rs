//! Claim: a node stops for good only when its disk fails, which no disk does here. Source: the fail-stop of consensus
//! and store. Check: no process ends by itself.

use super::Invariant;
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Running;

impl Invariant for Running {
    fn name(&self) -> &'static str {
        "nodes-go-on"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Stopped { node, why } => Err(format!("node {node} stopped: {why}")),
            _ => Ok(()),
        }
    }
}
