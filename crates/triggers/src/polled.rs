//! Subscriptions whose events are found by looking at something outside now and then.

use std::time::Duration;

use gofer_domain::{BuiltIn, SubscriptionSpec};

use crate::built_in::Settings;
use crate::{pulls, repository};

/// Whether a subscription looks for its events. It is cheap, as it is asked for all there are, and often.
#[must_use]
pub fn is_polled(spec: &SubscriptionSpec) -> bool {
    match BuiltIn::of(&spec.trigger) {
        Some(BuiltIn::Git) => true,
        Some(BuiltIn::Github) => pulls::looks(spec),
        Some(_) | None => false,
    }
}

/// How long after a look the next one comes; None if it doesn't look.
#[must_use]
pub fn every(spec: &SubscriptionSpec) -> Option<Duration> {
    let trigger = BuiltIn::of(&spec.trigger).filter(|_| is_polled(spec))?;
    let (least, most) = if trigger == BuiltIn::Git { repository::EVERY } else { pulls::EVERY };
    Some(Settings::of(trigger, spec).duration("every").clamp(least, most))
}
