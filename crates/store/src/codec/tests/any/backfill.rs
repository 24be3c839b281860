//! Any backfill.

use gofer_domain::*;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::schedule::{fired, key, skipped};
use super::{text, time};

fn spec() -> impl Strategy<Value = BackfillSpec> {
    let order = prop_oneof![Just(BackfillOrder::OldestFirst), Just(BackfillOrder::NewestFirst)];
    (time(), time(), any::<(u32, u32)>(), order).prop_map(|(from, to, (parallelism, slots), order)| BackfillSpec {
        from,
        to,
        parallelism,
        order,
        slots,
    })
}

pub(super) fn backfill() -> BoxedStrategy<Backfill> {
    let status = prop_oneof![
        Just(BackfillStatus::Running),
        Just(BackfillStatus::Done),
        text().prop_map(|message| BackfillStatus::Cancelled { message }),
    ];
    let counts = any::<(u32, u32, u32, u32)>().prop_map(|(succeeded, failed, cancelled, refused)| BackfillCounts {
        succeeded,
        failed,
        cancelled,
        refused,
    });
    let times = (option::of(time()), time(), option::of(time()));
    let slots = (any::<bool>(), btree_set(any::<u64>(), 0..4), counts, option::of(skipped()));
    (spec(), slots, status, text(), times)
        .prop_map(|(spec, (is_decided, live, counts, last_refused), status, started_by, times)| {
            let (cursor, started_at, ended_at) = times;
            Backfill { spec, cursor, is_decided, live, counts, last_refused, status, started_by, started_at, ended_at }
        })
        .boxed()
}

pub(super) fn command() -> BoxedStrategy<Command> {
    let numbers = any::<(u64, u64)>();
    prop_oneof![
        (key(), any::<u64>(), spec()).prop_map(|(schedule, generation, spec)| Command::StartBackfill {
            schedule,
            generation: Revision(generation),
            spec
        }),
        (key(), numbers, option::of(time()), vec(time(), 0..4), any::<bool>()).prop_map(
            |(schedule, (backfill, generation), cursor, fire, is_last)| Command::AdvanceBackfill {
                schedule,
                backfill,
                generation: Revision(generation),
                cursor,
                fire,
                is_last
            }
        ),
        (key(), any::<u64>()).prop_map(|(schedule, backfill)| Command::CancelBackfill { schedule, backfill }),
    ]
    .boxed()
}

pub(super) fn event() -> BoxedStrategy<Event> {
    let end = prop_oneof![Just(BackfillEnd::Succeeded), Just(BackfillEnd::Failed), Just(BackfillEnd::Cancelled)];
    prop_oneof![
        (key(), any::<u64>(), spec(), text()).prop_map(|(schedule, backfill, spec, started_by)| {
            Event::BackfillStarted { schedule, backfill, spec, started_by }
        }),
        (key(), any::<(u64, bool)>(), option::of(time()), vec(fired(), 0..3), vec(skipped(), 0..3)).prop_map(
            |(schedule, (backfill, is_last), cursor, fired, refused)| Event::BackfillAdvanced {
                schedule,
                backfill,
                cursor,
                fired,
                refused,
                is_last
            }
        ),
        (key(), any::<(u64, u64)>(), end).prop_map(|(schedule, (backfill, run), end)| Event::BackfillRunEnded {
            schedule,
            backfill,
            run,
            end
        }),
        (key(), any::<u64>(), text()).prop_map(|(schedule, backfill, message)| Event::BackfillCancelled {
            schedule,
            backfill,
            message
        }),
    ]
    .boxed()
}
