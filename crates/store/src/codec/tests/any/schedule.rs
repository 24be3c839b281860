//! Any schedule, and what becomes of its slots. The larger generators are boxed: nested by value, they fill a stack.

use std::sync::Arc;

use gofer_domain::schedule::{Blackout, CatchUp, Rule, Timing};
use gofer_domain::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::backfill::backfill;
use super::{ID, duration, options, pipeline_key, text, time};

fn name() -> impl Strategy<Value = ScheduleName> {
    ID.prop_map(|name| ScheduleName::new(&name).unwrap())
}

pub(super) fn key() -> impl Strategy<Value = ScheduleKey> {
    (pipeline_key(), name()).prop_map(|(pipeline, name)| ScheduleKey { pipeline, name })
}

fn spec() -> BoxedStrategy<Arc<ScheduleSpec>> {
    let rule = prop_oneof![text().prop_map(Rule::Cron), duration().prop_map(Rule::Every)];
    let blackout = (text(), duration()).prop_map(|(opens, length)| Blackout { opens, length });
    let catch_up = prop_oneof![Just(CatchUp::None), Just(CatchUp::Latest), any::<u16>().prop_map(CatchUp::All)];
    let timing =
        (rule, text(), vec(blackout, 0..3)).prop_map(|(rule, zone, blackouts)| Timing { rule, zone, blackouts });
    (text(), timing, duration(), catch_up, duration(), options())
        .prop_map(|(description, timing, jitter, catch_up, grace, options)| {
            Arc::new(ScheduleSpec { description, timing, jitter, catch_up, grace, options })
        })
        .boxed()
}

pub(super) fn slot() -> impl Strategy<Value = ScheduleSlot> {
    let backfill = option::of(1..=u64::MAX);
    (name(), time(), backfill).prop_map(|(schedule, slot, backfill)| ScheduleSlot { schedule, slot, backfill })
}

pub(super) fn fired() -> impl Strategy<Value = FiredSlot> {
    (time(), 1..=u64::MAX).prop_map(|(slot, run)| FiredSlot { slot, run })
}

pub(super) fn skipped() -> BoxedStrategy<SkippedSlots> {
    let refused = (prop::sample::select(Reason::ALL.to_vec()), text())
        .prop_map(|(reason, message)| SkipReason::Refused { reason, message });
    let reason = prop_oneof![
        Just(SkipReason::Missed),
        Just(SkipReason::Blackout),
        Just(SkipReason::Paused),
        Just(SkipReason::Changed),
        refused,
    ];
    (time(), time(), reason).prop_map(|(first, last, reason)| SkippedSlots { first, last, reason }).boxed()
}

pub(in crate::codec::tests) fn schedule() -> impl Strategy<Value = (ScheduleKey, Schedule)> {
    let last = (option::of(fired()), option::of(skipped()));
    let backfills = (any::<u64>(), btree_map(any::<u64>(), backfill(), 0..3));
    (key(), spec(), any::<(u64, bool, u64)>(), time(), last, (time(), time()), backfills).prop_map(
        |(key, spec, (generation, enabled, changed), settled, (last_fired, last_skipped), times, backfills)| {
            let ((created_at, updated_at), (last_backfill, backfills)) = (times, backfills);
            let (generation, changed) = (Revision(generation), Revision(changed));
            let schedule = Schedule {
                spec,
                generation,
                enabled,
                changed,
                settled,
                last_fired,
                last_skipped,
                last_backfill,
                backfills,
                created_at,
                updated_at,
            };
            (key, schedule)
        },
    )
}

pub(super) fn command() -> BoxedStrategy<Command> {
    let generation = option::of((1..=u64::MAX).prop_map(Revision));
    let settlement = (any::<u64>(), time(), time(), vec(time(), 0..4), vec(skipped(), 0..3)).prop_map(
        |(generation, from, to, fire, skipped)| {
            Box::new(Settlement { generation: Revision(generation), from, to, fire, skipped })
        },
    );
    prop_oneof![
        (key(), spec(), any::<bool>()).prop_map(|(schedule, spec, enabled)| Command::CreateSchedule {
            schedule,
            spec,
            enabled
        }),
        (key(), spec(), generation).prop_map(|(schedule, spec, generation)| Command::UpdateSchedule {
            schedule,
            spec,
            generation
        }),
        key().prop_map(|schedule| Command::DeleteSchedule { schedule }),
        (key(), any::<bool>()).prop_map(|(schedule, enabled)| Command::SetScheduleEnabled { schedule, enabled }),
        (key(), settlement).prop_map(|(schedule, settlement)| Command::SettleSlots { schedule, settlement }),
    ]
    .boxed()
}

pub(super) fn event() -> BoxedStrategy<Event> {
    prop_oneof![
        (key(), spec(), any::<bool>()).prop_map(|(schedule, spec, enabled)| Event::ScheduleCreated {
            schedule,
            spec,
            enabled
        }),
        (key(), spec(), option::of(skipped())).prop_map(|(schedule, spec, skipped)| Event::ScheduleUpdated {
            schedule,
            spec,
            skipped
        }),
        key().prop_map(|schedule| Event::ScheduleDeleted { schedule }),
        (key(), option::of(skipped())).prop_map(|(schedule, skipped)| Event::ScheduleEnabled { schedule, skipped }),
        key().prop_map(|schedule| Event::ScheduleDisabled { schedule }),
        (key(), any::<u64>(), time(), time(), vec(fired(), 0..3), vec(skipped(), 0..3)).prop_map(
            |(schedule, generation, from, to, fired, skipped)| {
                Event::SlotsSettled { schedule, generation: Revision(generation), from, to, fired, skipped }
            }
        ),
    ]
    .boxed()
}
