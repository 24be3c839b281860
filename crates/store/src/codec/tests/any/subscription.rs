//! Any trigger and subscription, and what becomes of their events. The larger generators are boxed: nested by value, they fill
//! a stack.

use std::sync::Arc;

use gofer_domain::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::{ID, driver, options, pipeline_key, pull, resources, run_key, some_text, text, texts, time};

fn trigger_name() -> impl Strategy<Value = TriggerName> {
    ID.prop_map(|name| TriggerName::new(&name).unwrap())
}

fn name() -> impl Strategy<Value = SubscriptionName> {
    ID.prop_map(|name| SubscriptionName::new(&name).unwrap())
}

fn key() -> impl Strategy<Value = SubscriptionKey> {
    (pipeline_key(), name()).prop_map(|(pipeline, name)| SubscriptionKey { pipeline, name })
}

fn event_key() -> impl Strategy<Value = EventKey> {
    "[a-z ä/]{1,12}".prop_map(|key| EventKey::new(&key).unwrap())
}

fn trigger_spec() -> BoxedStrategy<Arc<TriggerSpec>> {
    let words = || vec(text(), 0..3);
    let program = (option::of(some_text()), pull(), words(), words(), texts(), texts());
    let launch = (program, resources(), option::of(driver())).prop_map(
        |((image, pull, entrypoint, command, environment, secret_env), resources, driver)| Launch {
            image,
            pull,
            entrypoint,
            command,
            environment,
            secret_env,
            resources,
            driver,
        },
    );
    (text(), option::of(any::<[u8; 32]>()), option::of(launch))
        .prop_map(|(description, token_digest, launch)| Arc::new(TriggerSpec { description, token_digest, launch }))
        .boxed()
}

fn report() -> BoxedStrategy<Arc<TriggerReport>> {
    let kind = prop_oneof![
        Just(SettingKind::Text),
        Just(SettingKind::Number),
        Just(SettingKind::Boolean),
        Just(SettingKind::Duration),
    ];
    let setting = (kind, any::<bool>(), option::of(text()), text())
        .prop_map(|(kind, required, default, description)| Setting { kind, required, default, description });
    (text(), btree_map("[a-z]{0,6}", setting, 0..3))
        .prop_map(|(version, settings)| Arc::new(TriggerReport { version, settings }))
        .boxed()
}

pub(in crate::codec::tests) fn trigger() -> impl Strategy<Value = (TriggerName, Trigger)> {
    (trigger_name(), trigger_spec(), any::<(u64, bool)>(), option::of(report()), time(), time()).prop_map(
        |(name, spec, (generation, enabled), report, created_at, updated_at)| {
            let generation = Revision(generation);
            (name, Trigger { spec, generation, enabled, report, created_at, updated_at })
        },
    )
}

fn spec() -> BoxedStrategy<Arc<SubscriptionSpec>> {
    (text(), trigger_name(), texts(), text(), texts(), options())
        .prop_map(|(description, trigger, settings, filter, variables, options)| {
            Arc::new(SubscriptionSpec { description, trigger, settings, filter, variables, options })
        })
        .boxed()
}

pub(super) fn run_event() -> impl Strategy<Value = SubscriptionEvent> {
    (name(), event_key()).prop_map(|(subscription, event)| SubscriptionEvent { subscription, event })
}

fn fired() -> impl Strategy<Value = EventOutcome> {
    (1..=u64::MAX).prop_map(|run| EventOutcome::Fired { run })
}

fn skip() -> BoxedStrategy<EventOutcome> {
    let reason = prop::sample::select(Reason::ALL.to_vec());
    prop_oneof![
        Just(EventOutcome::Filtered),
        text().prop_map(|message| EventOutcome::Malformed { message }),
        (reason, text()).prop_map(|(reason, message)| EventOutcome::Refused { reason, message }),
    ]
    .boxed()
}

fn place() -> impl Strategy<Value = Arc<[u8]>> {
    vec(any::<u8>(), 0..4).prop_map(Arc::from)
}

pub(in crate::codec::tests) fn taken() -> impl Strategy<Value = TakenEvent> {
    (event_key(), time(), prop_oneof![fired(), skip()], option::of(1..=u64::MAX))
        .prop_map(|(key, occurred_at, outcome, duplicate_of)| TakenEvent { key, occurred_at, outcome, duplicate_of })
}

pub(super) fn fates() -> impl Strategy<Value = Vec<EventFate>> {
    vec(taken().prop_map(|taken| taken.fate()), 0..4)
}

pub(in crate::codec::tests) fn subscription() -> impl Strategy<Value = (SubscriptionKey, Subscription)> {
    let fired = (event_key(), 1..=u64::MAX, time()).prop_map(|(key, run, at)| FiredEvent { key, run, at });
    let skipped = (event_key(), skip(), time()).prop_map(|(key, outcome, at)| SkippedEvent { key, outcome, at });
    let last = (option::of(place()), option::of(fired), option::of(skipped));
    (key(), spec(), any::<([u64; 6], bool)>(), last, time(), time()).prop_map(
        |(key, spec, (numbers, enabled), (cursor, last_fired, last_skipped), created_at, updated_at)| {
            let [created, generation, since, changed] = [0, 1, 2, 3].map(|place| Revision(numbers[place]));
            let subscription = Subscription {
                spec,
                created,
                generation,
                enabled,
                since,
                changed,
                cursor,
                taken: numbers[4],
                fired: numbers[5],
                last_fired,
                last_skipped,
                created_at,
                updated_at,
            };
            (key, subscription)
        },
    )
}

fn cursor() -> impl Strategy<Value = Option<CursorMove>> {
    option::of((option::of(place()), place()).prop_map(|(from, to)| CursorMove { from, to }))
}

fn verdict() -> BoxedStrategy<EventVerdict> {
    let firing = (texts(), texts(), text()).prop_map(|(variables, labels, note)| Firing { variables, labels, note });
    prop_oneof![
        firing.prop_map(|firing| EventVerdict::Fire(Box::new(firing))),
        Just(EventVerdict::Filtered),
        text().prop_map(EventVerdict::Malformed),
    ]
    .boxed()
}

fn generation() -> impl Strategy<Value = Option<Revision>> {
    option::of((1..=u64::MAX).prop_map(Revision))
}

fn intake_command() -> BoxedStrategy<Command> {
    let incoming = (event_key(), time(), verdict()).prop_map(|(key, occurred_at, verdict)| IncomingEvent {
        key,
        occurred_at,
        verdict,
    });
    let intake = (any::<u64>(), cursor(), vec(incoming, 0..4)).prop_map(|(generation, cursor, events)| Intake {
        generation: Revision(generation),
        cursor,
        events,
    });
    let followed = (key(), any::<(u64, u64, bool)>(), time(), option::of(run_key()), verdict()).prop_map(
        |(subscription, (generation, revision, is_long), occurred_at, cause, verdict)| FollowedEvent {
            subscription,
            generation: Revision(generation),
            revision: Revision(revision),
            is_long,
            occurred_at,
            cause,
            verdict,
        },
    );
    prop_oneof![
        (key(), intake)
            .prop_map(|(subscription, intake)| Command::TakeEvents { subscription, intake: Box::new(intake) }),
        (any::<(u64, u64)>(), vec(followed, 0..4)).prop_map(|((from, to), events)| Command::FollowEvents {
            from: Revision(from),
            to: Revision(to),
            events
        }),
    ]
    .boxed()
}

pub(super) fn command() -> BoxedStrategy<Command> {
    prop_oneof![
        (trigger_name(), trigger_spec()).prop_map(|(trigger, spec)| Command::InstallTrigger { trigger, spec }),
        (trigger_name(), trigger_spec(), generation()).prop_map(|(trigger, spec, generation)| Command::UpdateTrigger {
            trigger,
            spec,
            generation
        }),
        trigger_name().prop_map(|trigger| Command::UninstallTrigger { trigger }),
        (trigger_name(), any::<bool>()).prop_map(|(trigger, enabled)| Command::SetTriggerEnabled { trigger, enabled }),
        (trigger_name(), any::<u64>(), report()).prop_map(|(trigger, generation, report)| Command::ReportTrigger {
            trigger,
            generation: Revision(generation),
            report
        }),
        (key(), spec(), any::<bool>()).prop_map(|(subscription, spec, enabled)| Command::CreateSubscription {
            subscription,
            spec,
            enabled
        }),
        (key(), spec(), generation()).prop_map(|(subscription, spec, generation)| Command::UpdateSubscription {
            subscription,
            spec,
            generation
        }),
        key().prop_map(|subscription| Command::DeleteSubscription { subscription }),
        (key(), any::<bool>())
            .prop_map(|(subscription, enabled)| Command::SetSubscriptionEnabled { subscription, enabled }),
        intake_command(),
    ]
    .boxed()
}

pub(super) fn event() -> BoxedStrategy<Event> {
    let taken = (key(), any::<(u64, u64, bool)>(), cursor(), vec(taken(), 0..4)).prop_map(
        |(subscription, (generation, first, from_log), cursor, taken)| Event::EventsTaken {
            subscription,
            generation: Revision(generation),
            cursor,
            first,
            taken,
            from_log,
        },
    );
    prop_oneof![
        (trigger_name(), trigger_spec()).prop_map(|(trigger, spec)| Event::TriggerInstalled { trigger, spec }),
        (trigger_name(), trigger_spec()).prop_map(|(trigger, spec)| Event::TriggerUpdated { trigger, spec }),
        trigger_name().prop_map(|trigger| Event::TriggerUninstalled { trigger }),
        trigger_name().prop_map(|trigger| Event::TriggerEnabled { trigger }),
        trigger_name().prop_map(|trigger| Event::TriggerDisabled { trigger }),
        (trigger_name(), report()).prop_map(|(trigger, report)| Event::TriggerReported { trigger, report }),
        (key(), spec(), any::<bool>()).prop_map(|(subscription, spec, enabled)| Event::SubscriptionCreated {
            subscription,
            spec,
            enabled
        }),
        (key(), spec()).prop_map(|(subscription, spec)| Event::SubscriptionUpdated { subscription, spec }),
        key().prop_map(|subscription| Event::SubscriptionDeleted { subscription }),
        key().prop_map(|subscription| Event::SubscriptionEnabled { subscription }),
        key().prop_map(|subscription| Event::SubscriptionDisabled { subscription }),
        taken,
        any::<(u64, u64)>().prop_map(|(from, to)| Event::EventsFollowed { from: Revision(from), to: Revision(to) }),
    ]
    .boxed()
}
