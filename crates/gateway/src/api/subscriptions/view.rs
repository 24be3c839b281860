//! How subscriptions and what they took are shown.

use gofer_domain::{Broken, BuiltIn, State, Subscription, SubscriptionKey, TakenEvent, Timestamp};
use gofer_store::codec;
use gofer_triggers::is_polled;
use gofer_wire::api::v1 as wire;

use crate::web::hooks::PATH;

/// A subscription, and why it is broken if it is, out of the state. Copies are cheap: specs are shared.
pub(super) struct Found {
    pub(super) key: SubscriptionKey,
    subscription: Subscription,
    broken: Option<Broken>,
}

impl Found {
    pub(super) fn of(key: SubscriptionKey, subscription: &Subscription, state: &State) -> Self {
        Self { key, subscription: subscription.clone(), broken: state.broken(&subscription.spec) }
    }

    pub(super) fn info(&self) -> wire::SubscriptionInfo {
        wire::SubscriptionInfo {
            subscription: Some(codec::subscription_to_wire(&self.key, &self.subscription)),
            broken: self.broken.as_ref().map(broken),
            hook_path: hook_path(&self.key, &self.subscription),
        }
    }
}

pub(super) fn shown(key: &SubscriptionKey, subscription: &Subscription, state: &State) -> wire::SubscriptionInfo {
    Found::of(key.clone(), subscription, state).info()
}

pub(super) fn broken(broken: &Broken) -> wire::BrokenSubscription {
    wire::BrokenSubscription { message: broken.to_string(), help: broken.help().to_owned(), field: broken.field() }
}

/// Where events are posted to, of a trigger that takes requests.
fn hook_path(key: &SubscriptionKey, subscription: &Subscription) -> String {
    match BuiltIn::of(&subscription.spec.trigger) {
        Some(BuiltIn::Github) if is_polled(&subscription.spec) => String::new(),
        Some(BuiltIn::Webhook | BuiltIn::Github) => format!("{PATH}/{key}"),
        Some(
            BuiltIn::Git
            | BuiltIn::Pipeline
            | BuiltIn::Task
            | BuiltIn::Schedule
            | BuiltIn::Object
            | BuiltIn::Event
            | BuiltIn::Manual,
        )
        | None => String::new(),
    }
}

pub(super) fn numbered(number: u64, taken: &TakenEvent, at: Timestamp) -> wire::NumberedEvent {
    wire::NumberedEvent { number, event: Some(codec::taken_record(taken, at)) }
}
