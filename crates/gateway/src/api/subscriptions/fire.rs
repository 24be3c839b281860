//! Events that people tell of: held against a subscription, and taken or not.

use std::sync::Arc;

use gofer_domain::decide::decide;
use gofer_domain::{
    Actor, Answer, Command, CommandEnvelope, EventFate, EventOutcome, EventVerdict, FateKind, Firing, IncomingEvent,
    Intake, NoHistory, Rejection, RequestId, RunOptions, State, SubscriptionKey, SubscriptionSpec,
};
use gofer_store::codec;
use gofer_triggers::TriggerEvent;
use gofer_wire::api::v1 as wire;
use gofer_wire::model::v1::EventResult;
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::{event, view};
use crate::api::{Api, actor};
use crate::errors;
use crate::limits;

impl Api {
    /// What would become of an event. A run is decided as if somebody asked for it, and not started.
    pub(super) async fn tested(
        &self,
        metadata: &MetadataMap,
        key: &SubscriptionKey,
        event: TriggerEvent,
    ) -> Result<wire::TestEventResponse, Status> {
        let (actor, known) = (actor(metadata)?, self.subscription(key)?);
        let verdict = judged(Arc::clone(&known.spec), event).await?;
        let (revision, tested) = self.store().read(|state| {
            let broken = state.broken(&known.spec).as_ref().map(view::broken);
            let tested = wire::TestEventResponse { broken, enabled: known.enabled, ..Default::default() };
            let tested = match &verdict {
                EventVerdict::Filtered => of(tested, EventResult::Filtered, "", ""),
                EventVerdict::Malformed(message) => of(tested, EventResult::Malformed, "", message),
                EventVerdict::Fire(firing) => would_start(state, actor, key, firing, &known.spec, tested),
            };
            (state.revision, tested)
        });
        Ok(wire::TestEventResponse { header: self.header(revision), ..tested })
    }

    /// Takes an event, as one that the trigger tells of.
    pub(super) async fn fired(
        &self,
        metadata: &MetadataMap,
        request_id: RequestId,
        key: SubscriptionKey,
        event: TriggerEvent,
    ) -> Result<wire::FireEventResponse, Status> {
        self.barrier(limits::deadline(metadata)).await?;
        let known = self.subscription(&key)?;
        let (event_key, occurred_at) = (event.key.clone(), event.occurred_at);
        let verdict = judged(Arc::clone(&known.spec), event).await?;
        let incoming = IncomingEvent { key: event_key.clone(), occurred_at, verdict };
        let intake = Box::new(Intake { generation: known.generation, cursor: None, events: vec![incoming] });
        let command = Command::TakeEvents { subscription: key.clone(), intake };
        let (revision, answer) = self.commit(metadata, &request_id.0, command).await?;
        let Answer::Events(fates) = answer else { return Err(no_fate()) };
        let fate = fates.first().copied().ok_or_else(no_fate)?;
        let message = match fate.kind {
            FateKind::Fired { .. } | FateKind::Filtered => String::new(),
            // The answer is short, the record has the rest. Without it the answer is worth the same.
            FateKind::Malformed | FateKind::Refused(_) => {
                self.message(metadata, key, event_key.clone()).await.unwrap_or_default()
            }
        };
        let told = told(event_key.as_str(), fate, message);
        Ok(wire::FireEventResponse { header: self.header(revision), ..told })
    }

    /// Why an event that was taken has started no run.
    async fn message(
        &self,
        metadata: &MetadataMap,
        key: SubscriptionKey,
        event: gofer_domain::EventKey,
    ) -> Result<String, Status> {
        // Another node may have taken it.
        self.barrier(limits::deadline(metadata)).await?;
        let taken = self.load(move |store| store.taken_event(&key, &event)).await?;
        Ok(match taken.map(|taken| taken.outcome) {
            Some(EventOutcome::Malformed { message } | EventOutcome::Refused { message, .. }) => message,
            Some(EventOutcome::Fired { .. } | EventOutcome::Filtered) | None => String::new(),
        })
    }
}

/// Holds an event against a subscription; off the async threads, as it may take a while.
async fn judged(spec: Arc<SubscriptionSpec>, event: TriggerEvent) -> Result<EventVerdict, Status> {
    let judging = tokio::task::spawn_blocking(move || gofer_triggers::judge(&spec, &event::as_told(&spec, event)));
    judging.await.map_err(|error| errors::interrupted(&error).into())
}

fn would_start(
    state: &State,
    actor: Actor,
    key: &SubscriptionKey,
    firing: &Firing,
    spec: &SubscriptionSpec,
    tested: wire::TestEventResponse,
) -> wire::TestEventResponse {
    let options = firing.over(&spec.options);
    let tested = wire::TestEventResponse {
        variables: codec::variables_to_wire(&options.variables),
        labels: codec::variables_to_wire(&options.labels),
        note: options.note.clone(),
        ..tested
    };
    match start(state, actor, key, options) {
        Ok(()) => of(tested, EventResult::Fired, "", ""),
        Err(Rejection { reason, message, .. }) => of(tested, EventResult::Refused, reason.name(), &message),
    }
}

/// Whether a run could be started now.
fn start(state: &State, actor: Actor, key: &SubscriptionKey, options: RunOptions) -> Result<(), Rejection> {
    let command = Command::StartRun { pipeline: key.pipeline.clone(), version: None, options: Box::new(options) };
    let envelope = CommandEnvelope { request_id: RequestId::default(), actor, time: event::now(), command };
    // A run that is new needs none of it.
    decide(state, &NoHistory, &envelope).map(|_| ())
}

fn of(tested: wire::TestEventResponse, result: EventResult, refusal: &str, message: &str) -> wire::TestEventResponse {
    let (result, refusal, message) = (result.into(), refusal.to_owned(), message.to_owned());
    wire::TestEventResponse { result, refusal, message, ..tested }
}

fn told(key: &str, fate: EventFate, message: String) -> wire::FireEventResponse {
    let (result, run, refusal) = match fate.kind {
        FateKind::Fired { run } => (EventResult::Fired, run, ""),
        FateKind::Filtered => (EventResult::Filtered, 0, ""),
        FateKind::Malformed => (EventResult::Malformed, 0, ""),
        FateKind::Refused(reason) => (EventResult::Refused, 0, reason.name()),
    };
    wire::FireEventResponse {
        header: None,
        key: key.to_owned(),
        result: result.into(),
        run,
        refusal: refusal.to_owned(),
        message,
        duplicate: fate.is_duplicate,
    }
}

fn no_fate() -> Status {
    let error = gofer_consensus::ProposeError::Unknown("the answer is empty".into());
    errors::unanswered(&error, None).into()
}
