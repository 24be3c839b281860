//! Events about triggers and subscriptions. Counts and the place in the log never go back.

use std::sync::Arc;

use crate::event::Event;
use crate::ids::{Revision, TriggerName};
use crate::intake::{EventOutcome, TakenEvent, numbered};
use crate::state::State;
use crate::subscription::{FiredEvent, SkippedEvent, Subscription, SubscriptionKey};
use crate::time::Timestamp;
use crate::trigger::{BuiltIn, Trigger};

pub(super) fn apply_trigger(state: &mut State, event: &Event) {
    let (time, revision) = (state.time, state.revision);
    if let Event::TriggerInstalled { trigger, spec } = event {
        let installed = Trigger {
            spec: Arc::clone(spec),
            generation: revision,
            enabled: true,
            report: None,
            created_at: time,
            updated_at: time,
        };
        state.triggers.insert(trigger.clone(), installed);
    } else if let Event::TriggerUninstalled { trigger } = event {
        state.triggers.remove(trigger);
    } else if let Event::TriggerUpdated { trigger, spec } = event {
        change(state, trigger, |trigger| {
            trigger.spec = Arc::clone(spec);
            trigger.generation = revision;
            trigger.updated_at = time;
        });
    } else if let Event::TriggerEnabled { trigger } | Event::TriggerDisabled { trigger } = event {
        change(state, trigger, |trigger| {
            trigger.enabled = matches!(event, Event::TriggerEnabled { .. });
            trigger.updated_at = time;
        });
    } else if let Event::TriggerReported { trigger, report } = event {
        change(state, trigger, |trigger| trigger.report = Some(Arc::clone(report)));
    }
}

fn change(state: &mut State, name: &TriggerName, change: impl FnOnce(&mut Trigger)) {
    if let Some(trigger) = state.triggers.get_mut(name) {
        change(trigger);
    }
}

pub(super) fn apply(state: &mut State, event: &Event) {
    let (time, revision) = (state.time, state.revision);
    let subscriptions = &mut state.subscriptions;
    if let Event::SubscriptionCreated { .. } = event {
        create(state, event);
    } else if let Event::SubscriptionDeleted { subscription } = event {
        subscriptions.remove(subscription);
        if !subscriptions.follow_the_log() {
            state.followed = None;
        }
    } else if let Event::SubscriptionUpdated { subscription, spec } = event {
        if let Some(known) = subscriptions.change(subscription, revision) {
            if known.spec.trigger == spec.trigger {
                known.spec = Arc::clone(spec);
            }
            known.generation = revision;
            known.updated_at = time;
        }
    } else if let Event::SubscriptionEnabled { subscription } = event {
        if let Some(known) = subscriptions.change(subscription, revision) {
            known.enabled = true;
            known.since = revision;
            known.updated_at = time;
        }
    } else if let Event::SubscriptionDisabled { subscription } = event {
        if let Some(known) = subscriptions.change(subscription, revision) {
            known.enabled = false;
            known.updated_at = time;
        }
    } else if let Event::EventsTaken { subscription, cursor, first, taken, .. } = event {
        if let Some(known) = subscriptions.get_mut(subscription) {
            take(known, *first, taken, time);
            if let Some(cursor) = cursor {
                known.cursor = Some(Arc::clone(&cursor.to));
            }
        }
    } else if let Event::EventsFollowed { to, .. } = event {
        state.followed = state.followed.map(|followed| followed.max(*to));
    }
}

/// The first one that asks for events of the log has the leaders follow it from here on.
fn create(state: &mut State, event: &Event) {
    let Event::SubscriptionCreated { subscription, spec, enabled } = event else { return };
    let (time, revision): (Timestamp, Revision) = (state.time, state.revision);
    if !state.pipelines.contains_key(&subscription.pipeline) {
        return;
    }
    let created = Subscription {
        spec: Arc::clone(spec),
        created: revision,
        generation: revision,
        enabled: *enabled,
        since: revision,
        changed: revision,
        cursor: None,
        taken: 0,
        fired: 0,
        last_fired: None,
        last_skipped: None,
        created_at: time,
        updated_at: time,
    };
    let key: SubscriptionKey = subscription.clone();
    state.subscriptions.insert(key, created);
    if BuiltIn::of(&spec.trigger).is_some_and(BuiltIn::follows_the_log) {
        state.followed.get_or_insert(revision);
    }
}

fn take(known: &mut Subscription, first: u64, taken: &[TakenEvent], at: Timestamp) {
    for (number, TakenEvent { key, outcome, .. }) in numbered(first, taken) {
        known.taken = known.taken.max(number);
        let key = key.clone();
        match outcome {
            EventOutcome::Fired { run } => {
                known.fired = known.fired.saturating_add(1);
                known.last_fired = Some(FiredEvent { key, run: *run, at });
            }
            EventOutcome::Filtered | EventOutcome::Malformed { .. } | EventOutcome::Refused { .. } => {
                known.last_skipped = Some(SkippedEvent { key, outcome: outcome.clone(), at });
            }
        }
    }
}
