//! What this node finds when it looks at itself and at the other members.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::join_all;
use gofer_consensus::Member;
use gofer_domain::Revision;
use gofer_wire::model::v1 as model;
use gofer_wire::peer::v1 as wire;
use tokio::time::Instant;
use tonic::Status;

use crate::archive::ArchiveReport;
use crate::lease::{LeaseReport, LeaseStanding};
use crate::peers::Lane;
use crate::server::Parts;

/// How long a member may take to look at itself and at the others.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a member may take to say who it is.
const PROBE: Duration = Duration::from_secs(2);

/// Milliseconds since the Unix epoch, by this machine's clock.
pub(crate) fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// All members as they find themselves, and the newest revision that those that answered have in common.
pub(crate) async fn of_all(parts: &Parts) -> (Vec<model::Diagnosis>, u64) {
    let members = parts.raft.status().members;
    let mut found: Vec<model::Diagnosis> =
        join_all(members.iter().map(|member| of_member(parts, member, wire::DiagnoseRequest::default()))).await;
    let common = found.iter().filter(|one| one.error.is_empty()).map(|one| one.revision).min().unwrap_or(0);
    if common > 0 {
        let request = wire::DiagnoseRequest { hash_at: common };
        let hashes = join_all(members.iter().map(|member| of_member(parts, member, request))).await;
        for (one, hash) in found.iter_mut().zip(hashes) {
            one.hash = hash.hash;
        }
    }
    (found, common)
}

async fn of_member(parts: &Parts, member: &Member, request: wire::DiagnoseRequest) -> model::Diagnosis {
    let found = if member.id == parts.store.identity().node_id {
        of_self(parts, request).await
    } else {
        let call = parts.peers.call(Lane::Calls, &member.address, request, PATIENCE, async |mut client, request| {
            client.diagnose(request).await
        });
        call.await.and_then(|answer| answer.diagnosis.ok_or_else(|| Status::internal("its answer is empty")))
    };
    let mut diagnosis = found.unwrap_or_else(|status| model::Diagnosis {
        // Empty means that there was no error.
        error: if status.message().is_empty() { status.code().to_string() } else { status.message().to_owned() },
        ..Default::default()
    });
    (diagnosis.node, diagnosis.address) = (member.id.0, member.address.clone());
    diagnosis
}

/// What this node finds; nothing but a hash, when one is asked for.
pub(crate) async fn of_self(parts: &Parts, request: wire::DiagnoseRequest) -> Result<model::Diagnosis, Status> {
    if request.hash_at > 0 {
        let at = Revision(request.hash_at);
        let read = move |store: &gofer_store::Store| match store.events(at, 1, 1) {
            // What was dropped can't be compared any more.
            Err(gofer_store::Error::Archived { .. }) => Ok(Vec::new()),
            events => events,
        };
        let events = crate::api::load(&parts.store, read).await?;
        let hash = events.first().map(|event| event.envelope.hash.to_vec()).unwrap_or_default();
        return Ok(model::Diagnosis { hash, ..Default::default() });
    }
    let status = parts.raft.status();
    let own = parts.store.identity().node_id;
    let others = status.members.iter().filter(|member| member.id != own);
    let probing = join_all(others.map(|member| probe(parts, member)));
    let dir = parts.store.dir().to_owned();
    let examining = tokio::task::spawn_blocking(move || gofer_store::disk::examine(&dir));
    let (peers, report, archive, object_store) =
        tokio::join!(probing, examining, parts.archive.examine(), crate::objects::diagnose(parts));
    let report = report.map_err(|error| crate::errors::interrupted(&error))?;
    let log = parts.raft.disk();
    let mean = log.flush_time.checked_div(u32::try_from(log.flushes).unwrap_or(u32::MAX)).unwrap_or_default();
    Ok(model::Diagnosis {
        node: own.0,
        build: parts.build.clone(),
        format: gofer_store::FORMAT,
        revision: parts.store.progress().borrow().revision.0,
        committed_index: status.committed,
        applied_index: status.applied,
        leader: status.leader.map_or(0, |(leader, _)| leader.0),
        quorum_age: status.quorum_ack.map(duration),
        disk: Some(model::DiskDiagnosis {
            size_bytes: report.size_bytes,
            free_bytes: report.free_bytes,
            sync: Some(duration(report.sync)),
            error: report.error.unwrap_or_default(),
            flushes: log.flushes,
            flush: Some(duration(mean)),
        }),
        peers,
        leases: parts.leases.report().into_iter().map(lease).collect(),
        archive: archive.map(archive_to_wire),
        object_store,
        ..Default::default()
    })
}

fn lease(report: LeaseReport) -> model::LeaseDiagnosis {
    let (state, left) = match report.standing {
        LeaseStanding::Held { left } => (model::LeaseState::Held, Some(duration(left))),
        LeaseStanding::Unknown => (model::LeaseState::Unknown, None),
        LeaseStanding::RunOut => (model::LeaseState::RunOut, None),
    };
    model::LeaseDiagnosis {
        node: report.node.0,
        state: state.into(),
        left,
        full: Some(duration(report.full)),
        lost_after: Some(duration(report.lost_after)),
    }
}

fn archive_to_wire(report: ArchiveReport) -> model::ArchiveDiagnosis {
    model::ArchiveDiagnosis {
        url: report.url,
        error: report.error,
        manifest_revision: report.manifest.0,
        archived_revision: report.archived.0,
        trimmed_revision: report.trimmed.0,
        segment_events: report.segment_events,
    }
}

async fn probe(parts: &Parts, member: &Member) -> model::PeerDiagnosis {
    let (start, sent_ms) = (Instant::now(), unix_ms());
    let call =
        parts.peers.call(Lane::Calls, &member.address, wire::IdentifyRequest {}, PROBE, async |mut client, request| {
            client.identify(request).await
        });
    let mut found =
        model::PeerDiagnosis { node: member.id.0, address: member.address.clone(), ..model::PeerDiagnosis::default() };
    match call.await {
        Ok(identity) if identity.node != member.id.0 => {
            found.error = format!("node {} answers there, not node {}", identity.node, member.id);
        }
        Ok(identity) => {
            let trip = start.elapsed();
            found.round_trip = Some(duration(trip));
            let half = u64::try_from(trip.as_millis() / 2).unwrap_or(u64::MAX);
            let here = i64::try_from(sent_ms.saturating_add(half)).unwrap_or(i64::MAX);
            // A node of an older version does not say its time.
            if identity.time_ms > 0 {
                found.clock_offset_ms = i64::try_from(identity.time_ms).unwrap_or(i64::MAX).saturating_sub(here);
            }
        }
        Err(status) => {
            found.error = if status.message().is_empty() { status.code().to_string() } else { status.message().into() };
        }
    }
    found
}

fn duration(duration: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or(0),
    }
}
