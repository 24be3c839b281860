//! Who may speak for a trigger.

use std::sync::Arc;

use gofer_consensus::Proposal;
use gofer_domain::plugin::plugin_trigger;
use gofer_domain::{Actor, AttemptKey, Command, NodeId, Revision, State, Trigger, TriggerName, TriggerReport};
use gofer_store::codec;
use gofer_wire::plugin::v1 as wire;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::api::propose;
use crate::convert;
use crate::errors::{self, Fault, reason};
use crate::objects::TaskTokens;
use crate::server::Parts;

const HEADER: &str = "authorization";
const SCHEME: &str = "Bearer ";

/// What a stream shows of who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// SHA-256 of a token.
    Digest([u8; 32]),
    /// The token of an attempt that runs on this node.
    Attempt(AttemptKey),
}

/// The token that a stream shows.
pub(super) fn token(metadata: &MetadataMap) -> Result<&str, Fault> {
    let value = metadata.get(HEADER).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix(SCHEME)).map(str::trim).filter(|token| !token.is_empty());
    token.ok_or_else(|| {
        Fault::new(Code::Unauthenticated, reason::UNAUTHENTICATED, "the stream shows no token")
            .help("send the metadata `authorization: Bearer TOKEN`, with the token that the trigger was installed with")
    })
}

/// What the token of a plug-in proves that runs by itself.
pub(super) fn by_itself(token: &str) -> Proof {
    Proof::Digest(Sha256::digest(token).into())
}

/// What the token of a task proves.
pub(super) fn launched(token: &str, tokens: &TaskTokens) -> Result<Proof, Fault> {
    tokens.attempt(token).map(Proof::Attempt).ok_or_else(|| {
        Fault::new(Code::Unauthenticated, reason::UNAUTHENTICATED, "the token is none that this node gave to a task")
            .help("send the attempt's GOFER_TOKEN, over the socket in its GOFER_ADDRESS")
    })
}

/// A plug-in that may speak for its trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Admitted {
    pub(super) trigger: TriggerName,
    /// Of the trigger that the token is of.
    pub(super) generation: Revision,
    proof: Proof,
}

impl Admitted {
    /// Whether it may still speak for the trigger as that is by now, on this node.
    pub(super) fn check(&self, state: &State, node: NodeId) -> Result<(), Fault> {
        check(&self.trigger, state, node, &self.proof).map(drop)
    }

    /// The attempt of a plug-in that the cluster keeps running.
    pub(super) fn attempt(&self) -> Option<&AttemptKey> {
        match &self.proof {
            Proof::Attempt(attempt) => Some(attempt),
            Proof::Digest(_) => None,
        }
    }
}

/// Admits a plug-in, and notes what it says of itself.
pub(super) async fn admit(
    parts: &Parts,
    proof: Proof,
    hello: &wire::Hello,
    deadline: Instant,
) -> Result<Admitted, Status> {
    let trigger = TriggerName::new(&hello.trigger).map_err(|rejection| errors::rejected(&rejection))?;
    let report = wire_report(hello)?;
    let node = parts.store.identity().node_id;
    let look = || parts.store.read(|state| check(&trigger, state, node, &proof).cloned());
    let known = match look() {
        Ok(known) => known,
        Err(_) => {
            // It may have been installed a moment ago, on another node.
            let reached = parts.cluster.read_barrier(deadline).await;
            reached.map_err(|error| errors::unanswered(&error, None))?;
            look()?
        }
    };
    let generation = known.generation;
    if known.report.as_deref() != Some(&report) {
        let command = Command::ReportTrigger { trigger: trigger.clone(), generation, report: Arc::new(report) };
        let proposal = Proposal { request_id: convert::request_id(&[])?, actor: actor(&trigger), command };
        propose(parts, proposal, deadline).await?;
    }
    Ok(Admitted { trigger, generation, proof })
}

/// Who has told of what a plug-in tells of.
pub(super) fn actor(trigger: &TriggerName) -> Actor {
    Actor(format!("plugin:{trigger}"))
}

fn wire_report(hello: &wire::Hello) -> Result<TriggerReport, Fault> {
    let report =
        gofer_wire::model::v1::TriggerReport { version: hello.version.clone(), settings: hello.settings.clone() };
    codec::trigger_report_from_wire(Some(report))
        .map_err(|error| Fault::invalid(&error.field, error.to_string()).help("see the field of Hello"))
}

/// The trigger that a plug-in speaks for.
fn check<'a>(trigger: &TriggerName, state: &'a State, node: NodeId, proof: &Proof) -> Result<&'a Trigger, Fault> {
    let known = state.triggers.get(trigger).ok_or_else(|| not_installed(trigger))?;
    let denied = |message: String| Fault::new(Code::Unauthenticated, reason::UNAUTHENTICATED, message);
    match proof {
        Proof::Digest(digest) if known.spec.token_digest.as_ref() == Some(digest) => Ok(known),
        Proof::Digest(_) => Err(denied(format!("the token is not that of trigger {trigger}"))
            .help("use the token that the trigger was installed with, or update the trigger to have another")),
        Proof::Attempt(attempt) if plugin_trigger(&attempt.task.run.pipeline).as_ref() != Some(trigger) => {
            Err(denied(format!("attempt {attempt} does not speak for trigger {trigger}"))
                .help("say in Hello what GOFER_TRIGGER says"))
        }
        Proof::Attempt(attempt) if known.spec.launch.is_none() => {
            Err(denied(format!("trigger {trigger} launches nothing, so attempt {attempt} does not speak for it"))
                .help("end it; the plug-in runs by itself now"))
        }
        Proof::Attempt(attempt) => {
            let is_live = state.index.placed.get(&node).is_some_and(|placed| placed.contains(attempt));
            is_live.then_some(known).ok_or_else(|| {
                denied(format!("attempt {attempt} does not run here any more")).help("end it; another one runs")
            })
        }
    }
}

fn not_installed(trigger: &TriggerName) -> Fault {
    Fault::not_found("trigger", format!("trigger {trigger} is not installed"))
        .help("install it with `gofer trigger install`, and start the plug-in with its token")
}
