//! Subscriptions. What expressions are evaluated for is done here, as the state machine has no part in that.

mod check;
mod event;
mod fire;
mod pages;
mod view;

use std::sync::Arc;

use gofer_domain::{Command, Revision, SubscriptionKey};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::subscription_service_server::SubscriptionService;
use gofer_wire::model::v1 as model;
use tonic::{Request, Response, Status, async_trait};

use super::{Api, cut, page, triggers};
use crate::convert;
use crate::errors::Fault;

#[async_trait]
impl SubscriptionService for Api {
    async fn create_subscription(
        &self,
        request: Request<wire::CreateSubscriptionRequest>,
    ) -> Result<Response<wire::CreateSubscriptionResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let subscription = key(message.subscription.as_ref())?;
        let spec = Arc::new(check::spec(message.spec).await?);
        let command = Command::CreateSubscription { subscription, spec, enabled: !message.disabled };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::CreateSubscriptionResponse { header: self.header(revision) }))
    }

    async fn get_subscription(
        &self,
        request: Request<wire::GetSubscriptionRequest>,
    ) -> Result<Response<wire::GetSubscriptionResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = key(message.subscription.as_ref())?;
        self.freshen(&metadata, message.consistency).await?;
        let (revision, found) = self.store().read(|state| {
            let found = state.subscriptions.get(&key).map(|found| view::shown(&key, found, state));
            (state.revision, found)
        });
        let subscription = Some(found.ok_or_else(|| missing(&key))?);
        Ok(Response::new(wire::GetSubscriptionResponse { header: self.header(revision), subscription }))
    }

    async fn list_subscriptions(
        &self,
        request: Request<wire::ListSubscriptionsRequest>,
    ) -> Result<Response<wire::ListSubscriptionsResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let size = convert::page_size(message.page_size)?;
        let wanted = pages::Wanted::of(message.pipeline.as_ref(), &message.trigger)?;
        let list = wanted.list();
        let after = position(&list, &message.page_token)?;
        self.freshen(&metadata, message.consistency).await?;
        let (revision, found, has_more) = self.store().read(|state| {
            wanted.scope.check(state)?;
            let (page, has_more) = wanted.page(state, after.as_ref(), size);
            Ok::<_, Fault>((state.revision, page, has_more))
        })?;
        let mut subscriptions: Vec<_> = found.iter().map(view::Found::info).collect();
        let is_cut = cut(&mut subscriptions);
        let last = subscriptions.last().filter(|_| has_more || is_cut);
        let last = last.and_then(|last| last.subscription.as_ref()?.r#ref.as_ref());
        let token = |last| page::token(&list, &prost::Message::encode_to_vec(last));
        let next_page_token = last.map(token).unwrap_or_default();
        let header = self.header(revision);
        Ok(Response::new(wire::ListSubscriptionsResponse { header, subscriptions, next_page_token }))
    }

    async fn update_subscription(
        &self,
        request: Request<wire::UpdateSubscriptionRequest>,
    ) -> Result<Response<wire::UpdateSubscriptionResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let subscription = key(message.subscription.as_ref())?;
        let spec = Arc::new(check::spec(message.spec).await?);
        let generation = (message.generation != 0).then_some(Revision(message.generation));
        let command = Command::UpdateSubscription { subscription, spec, generation };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::UpdateSubscriptionResponse { header: self.header(revision) }))
    }

    async fn delete_subscription(
        &self,
        request: Request<wire::DeleteSubscriptionRequest>,
    ) -> Result<Response<wire::DeleteSubscriptionResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::DeleteSubscription { subscription: key(message.subscription.as_ref())? };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::DeleteSubscriptionResponse { header: self.header(revision) }))
    }

    async fn set_subscription_enabled(
        &self,
        request: Request<wire::SetSubscriptionEnabledRequest>,
    ) -> Result<Response<wire::SetSubscriptionEnabledResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let subscription = key(message.subscription.as_ref())?;
        let command = Command::SetSubscriptionEnabled { subscription, enabled: message.enabled };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::SetSubscriptionEnabledResponse { header: self.header(revision) }))
    }

    async fn list_taken_events(
        &self,
        request: Request<wire::ListTakenEventsRequest>,
    ) -> Result<Response<wire::ListTakenEventsResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = key(message.subscription.as_ref())?;
        let size = convert::page_size(message.page_size)?;
        let list = format!("events {key}");
        let before = page::position(&list, &message.page_token)?;
        let before = before.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        self.freshen(&metadata, message.consistency).await?;
        let revision = self.revision();
        self.subscription(&key)?;
        let found = self.load(move |store| store.taken_events(&key, before, size + 1)).await?;
        let mut events: Vec<_> = found.iter().map(|(number, taken, at)| view::numbered(*number, taken, *at)).collect();
        let has_more = events.len() > size;
        events.truncate(size);
        let is_cut = cut(&mut events);
        let last = events.last().filter(|_| has_more || is_cut);
        let next_page_token = last.map(|last| page::token(&list, &last.number.to_be_bytes())).unwrap_or_default();
        Ok(Response::new(wire::ListTakenEventsResponse { header: self.header(revision), events, next_page_token }))
    }

    async fn test_event(
        &self,
        request: Request<wire::TestEventRequest>,
    ) -> Result<Response<wire::TestEventResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = key(message.subscription.as_ref())?;
        let event = event::given(message.event.unwrap_or_default(), "test")?;
        self.freshen(&metadata, message.consistency).await?;
        Ok(Response::new(self.tested(&metadata, &key, event).await?))
    }

    async fn fire_event(
        &self,
        request: Request<wire::FireEventRequest>,
    ) -> Result<Response<wire::FireEventResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let key = key(message.subscription.as_ref())?;
        let request_id = convert::request_id(&message.request_id)?;
        let event = event::given(message.event.unwrap_or_default(), &request_id.to_string())?;
        Ok(Response::new(self.fired(&metadata, request_id, key, event).await?))
    }
}

impl Api {
    /// A subscription as this node knows it.
    fn subscription(&self, key: &SubscriptionKey) -> Result<gofer_domain::Subscription, Fault> {
        self.store().read(|state| state.subscriptions.get(key).cloned()).ok_or_else(|| missing(key))
    }
}

fn missing(key: &SubscriptionKey) -> Fault {
    Fault::not_found("subscription", format!("subscription {key} does not exist"))
        .help("list the pipeline's subscriptions to find its name")
}

fn key(subscription: Option<&model::SubscriptionRef>) -> Result<SubscriptionKey, Fault> {
    codec::subscription_key_from_wire(subscription).map_err(|error| {
        Fault::invalid(&error.field, error.to_string()).help("set the subscription's namespace, pipeline and name")
    })
}

fn position(list: &str, token: &str) -> Result<Option<SubscriptionKey>, Fault> {
    let Some(position) = page::position(list, token)? else { return Ok(None) };
    let last = <model::SubscriptionRef as prost::Message>::decode(&position[..]).unwrap_or_default();
    key(Some(&last)).map(Some)
}
