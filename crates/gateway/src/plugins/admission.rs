//! Who may speak for a trigger.

use std::sync::Arc;

use gofer_consensus::Proposal;
use gofer_domain::{Actor, Command, Revision, Trigger, TriggerName, TriggerReport};
use gofer_store::codec;
use gofer_wire::plugin::v1 as wire;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::api::propose;
use crate::convert;
use crate::errors::{self, Fault, reason};
use crate::server::Parts;

const HEADER: &str = "authorization";
const SCHEME: &str = "Bearer ";

/// SHA-256 of the token that a stream shows.
pub(super) fn token(metadata: &MetadataMap) -> Result<[u8; 32], Fault> {
    let value = metadata.get(HEADER).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix(SCHEME)).map(str::trim).filter(|token| !token.is_empty());
    token.map(|token| Sha256::digest(token).into()).ok_or_else(|| {
        Fault::new(Code::Unauthenticated, reason::UNAUTHENTICATED, "the stream shows no token")
            .help("send the metadata `authorization: Bearer TOKEN`, with the token that the trigger was installed with")
    })
}

/// A plug-in that may speak for its trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Admitted {
    pub(super) trigger: TriggerName,
    /// Of the trigger that the token is of.
    pub(super) generation: Revision,
    token: [u8; 32],
}

impl Admitted {
    /// Whether it may still speak for the trigger as that is by now.
    pub(super) fn check(&self, known: Option<&Trigger>) -> Result<(), Fault> {
        check(&self.trigger, known, &self.token)
    }
}

/// Admits a plug-in, and notes what it says of itself.
pub(super) async fn admit(
    parts: &Parts,
    token: [u8; 32],
    hello: &wire::Hello,
    deadline: Instant,
) -> Result<Admitted, Status> {
    let trigger = TriggerName::new(&hello.trigger).map_err(|rejection| errors::rejected(&rejection))?;
    let report = wire_report(hello)?;
    let look = || parts.store.read(|state| state.triggers.get(&trigger).cloned());
    let mut known = look();
    if check(&trigger, known.as_ref(), &token).is_err() {
        // It may have been installed a moment ago, on another node.
        let reached = parts.cluster.read_barrier(deadline).await;
        reached.map_err(|error| errors::unanswered(&error, None))?;
        known = look();
    }
    check(&trigger, known.as_ref(), &token)?;
    let known = known.ok_or_else(|| not_installed(&trigger))?;
    let generation = known.generation;
    if known.report.as_deref() != Some(&report) {
        let command = Command::ReportTrigger { trigger: trigger.clone(), generation, report: Arc::new(report) };
        let proposal = Proposal { request_id: convert::request_id(&[])?, actor: actor(&trigger), command };
        propose(parts, proposal, deadline).await?;
    }
    Ok(Admitted { trigger, generation, token })
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

fn check(trigger: &TriggerName, known: Option<&Trigger>, token: &[u8; 32]) -> Result<(), Fault> {
    let known = known.ok_or_else(|| not_installed(trigger))?;
    if known.spec.token_digest.as_ref() == Some(token) {
        return Ok(());
    }
    Err(Fault::new(
        Code::Unauthenticated,
        reason::UNAUTHENTICATED,
        format!("the token is not that of trigger {trigger}"),
    )
    .help("use the token that the trigger was installed with, or update the trigger to have another"))
}

fn not_installed(trigger: &TriggerName) -> Fault {
    Fault::not_found("trigger", format!("trigger {trigger} is not installed"))
        .help("install it with `gofer trigger install`, and start the plug-in with its token")
}
