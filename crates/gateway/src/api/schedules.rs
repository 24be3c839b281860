//! Schedules. What a calendar is needed for is checked here, as the state machine has none.

mod backfills;
mod check;
mod pages;
mod upcoming;

use std::sync::Arc;

use gofer_domain::{Answer, Command, Revision, Schedule, ScheduleKey, State};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::schedule_service_server::ScheduleService;
use gofer_wire::model::v1 as model;
use tonic::{Request, Response, Status, async_trait};

use super::scope::Scope;
use super::{Api, page};
use crate::convert;
use crate::errors::{self, Fault};
use crate::limits::BATCH_BYTES;

const LOOK: &str = "list the pipeline's schedules to find its name";

#[async_trait]
impl ScheduleService for Api {
    async fn create_schedule(
        &self,
        request: Request<wire::CreateScheduleRequest>,
    ) -> Result<Response<wire::CreateScheduleResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let schedule = key(message.schedule.as_ref())?;
        let spec = Arc::new(check::spec(message.spec).await?);
        let command = Command::CreateSchedule { schedule, spec, enabled: !message.disabled };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::CreateScheduleResponse { header: self.header(revision) }))
    }

    async fn get_schedule(
        &self,
        request: Request<wire::GetScheduleRequest>,
    ) -> Result<Response<wire::GetScheduleResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = key(message.schedule.as_ref())?;
        let count = upcoming::count(message.next_slots)?;
        self.freshen(&metadata, message.consistency).await?;
        let (revision, found) = self.store().read(|state| (state.revision, state.schedules.get(&key).cloned()));
        let found = found.ok_or_else(|| missing(&key))?;
        let schedule = Some(codec::schedule_to_wire(&key, &found));
        let computing = tokio::task::spawn_blocking(move || upcoming::slots(&key, &found, count, upcoming::now()));
        let next = computing.await.map_err(|error| errors::interrupted(&error))?;
        Ok(Response::new(wire::GetScheduleResponse { header: self.header(revision), schedule, next }))
    }

    async fn list_schedules(
        &self,
        request: Request<wire::ListSchedulesRequest>,
    ) -> Result<Response<wire::ListSchedulesResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let size = convert::page_size(message.page_size)?;
        let scope = Scope::of(message.pipeline.as_ref())?;
        let list = scope.list("schedules");
        let after = position(&list, &message.page_token)?;
        self.freshen(&metadata, message.consistency).await?;
        let (revision, found) = self.store().read(|state| {
            scope.check(state)?;
            Ok::<_, Fault>((state.revision, pages::page(&scope, state, after.as_ref(), size + 1)))
        })?;
        let schedules = converted(&found, size);
        let last = schedules.last().filter(|_| schedules.len() < found.len()).and_then(|last| last.r#ref.as_ref());
        let token = |last| page::token(&list, &prost::Message::encode_to_vec(last));
        let next_page_token = last.map(token).unwrap_or_default();
        Ok(Response::new(wire::ListSchedulesResponse { header: self.header(revision), schedules, next_page_token }))
    }

    async fn update_schedule(
        &self,
        request: Request<wire::UpdateScheduleRequest>,
    ) -> Result<Response<wire::UpdateScheduleResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let schedule = key(message.schedule.as_ref())?;
        let spec = Arc::new(check::spec(message.spec).await?);
        let generation = (message.generation != 0).then_some(Revision(message.generation));
        let command = Command::UpdateSchedule { schedule, spec, generation };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::UpdateScheduleResponse { header: self.header(revision) }))
    }

    async fn delete_schedule(
        &self,
        request: Request<wire::DeleteScheduleRequest>,
    ) -> Result<Response<wire::DeleteScheduleResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::DeleteSchedule { schedule: key(message.schedule.as_ref())? };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::DeleteScheduleResponse { header: self.header(revision) }))
    }

    async fn set_schedule_enabled(
        &self,
        request: Request<wire::SetScheduleEnabledRequest>,
    ) -> Result<Response<wire::SetScheduleEnabledResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let schedule = key(message.schedule.as_ref())?;
        let command = Command::SetScheduleEnabled { schedule, enabled: message.enabled };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::SetScheduleEnabledResponse { header: self.header(revision) }))
    }

    async fn start_backfill(
        &self,
        request: Request<wire::StartBackfillRequest>,
    ) -> Result<Response<wire::StartBackfillResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = key(message.schedule.as_ref())?;
        self.freshen(&metadata, wire::Consistency::Unspecified.into()).await?;
        let (revision, found) = self.store().read(|state| (state.revision, state.schedules.get(&key).cloned()));
        let found = found.ok_or_else(|| missing(&key))?;
        let backfills::Asked { spec, slots } = backfills::asked(&message, &key, found.clone()).await?;
        let shown = Some(codec::backfill_spec_to_wire(&spec));
        if message.dry_run {
            let slots = slots.into_iter().map(codec::time_to_wire).collect();
            let header = self.header(revision);
            return Ok(Response::new(wire::StartBackfillResponse { header, backfill: 0, spec: shown, slots }));
        }
        let command = backfills::command(key, &found, spec);
        let (revision, answer) = self.commit(&metadata, &message.request_id, command).await?;
        let backfill = if let Answer::Backfill(number) = answer { number } else { 0 };
        let header = self.header(revision);
        Ok(Response::new(wire::StartBackfillResponse { header, backfill, spec: shown, slots: Vec::new() }))
    }

    async fn list_backfills(
        &self,
        request: Request<wire::ListBackfillsRequest>,
    ) -> Result<Response<wire::ListBackfillsResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = key(message.schedule.as_ref())?;
        self.freshen(&metadata, message.consistency).await?;
        let found = |state: &State| (state.revision, state.schedules.get(&key).map(backfills::listed));
        let (revision, found) = self.store().read(found);
        let backfills = found.ok_or_else(|| missing(&key))?;
        Ok(Response::new(wire::ListBackfillsResponse { header: self.header(revision), backfills }))
    }

    async fn cancel_backfill(
        &self,
        request: Request<wire::CancelBackfillRequest>,
    ) -> Result<Response<wire::CancelBackfillResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::CancelBackfill { schedule: key(message.schedule.as_ref())?, backfill: message.backfill };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::CancelBackfillResponse { header: self.header(revision) }))
    }
}

fn missing(key: &ScheduleKey) -> Fault {
    Fault::not_found("schedule", format!("schedule {key} does not exist")).help(LOOK)
}

fn key(schedule: Option<&model::ScheduleRef>) -> Result<ScheduleKey, Fault> {
    codec::schedule_key_from_wire(schedule).map_err(|error| {
        Fault::invalid(&error.field, error.to_string()).help("set the schedule's namespace, pipeline and name")
    })
}

fn position(list: &str, token: &str) -> Result<Option<ScheduleKey>, Fault> {
    let Some(position) = page::position(list, token)? else { return Ok(None) };
    let last = <model::ScheduleRef as prost::Message>::decode(&position[..]).unwrap_or_default();
    key(Some(&last)).map(Some)
}

/// As many as fit into a page: so many at most, and what a message may hold. At least one stays.
fn converted(found: &[(ScheduleKey, Schedule)], size: usize) -> Vec<model::Schedule> {
    let mut schedules = Vec::new();
    let mut bytes = 0;
    for (key, schedule) in found.iter().take(size) {
        let schedule = codec::schedule_to_wire(key, schedule);
        bytes += prost::Message::encoded_len(&schedule);
        if bytes > BATCH_BYTES && !schedules.is_empty() {
            break;
        }
        schedules.push(schedule);
    }
    schedules
}
