//! Any value that is passed on.

use gofer_domain::shared::Pins;
use gofer_domain::values::*;
use gofer_domain::{PipelineId, RetryFrom, RunOptions, Version};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::{ID, task_id, text, texts};

pub(super) fn parameter() -> impl Strategy<Value = Parameter> {
    let kind = prop_oneof![
        Just(ParameterKind::Text),
        any::<(i64, i64)>().prop_map(|(least, most)| ParameterKind::Integer { least, most }),
        Just(ParameterKind::Boolean),
        vec(text(), 0..3).prop_map(ParameterKind::Choice),
        Just(ParameterKind::List),
    ];
    (text(), kind, option::of(text())).prop_map(|(description, kind, default)| Parameter { description, kind, default })
}

pub(super) fn value() -> impl Strategy<Value = gofer_domain::values::Value> {
    use gofer_domain::values::Value;
    prop_oneof![
        text().prop_map(Value::Text),
        text().prop_map(Value::Variable),
        (task_id(), text()).prop_map(|(task, name)| Value::Output { task, name }),
        Just(Value::Item),
    ]
}

pub(super) fn condition() -> impl Strategy<Value = Condition> {
    // A test that compares with nothing is always read as the first kind.
    let test = prop_oneof![vec(text(), 0..3).prop_map(Test::Is), vec(text(), 1..3).prop_map(Test::IsNot)];
    (value(), test).prop_map(|(value, test)| Condition { value, test })
}

pub(super) fn kind() -> impl Strategy<Value = TaskKind> {
    let items = prop_oneof![vec(text(), 0..3).prop_map(Items::These), value().prop_map(Items::Lines)];
    let call = (ID, btree_map("[A-Z_]{0,6}", value(), 0..3), option::of(items), any::<u32>()).prop_map(
        |(pipeline, variables, items, parallelism)| {
            let pipeline = PipelineId::new(&pipeline).unwrap();
            TaskKind::Pipeline(Box::new(Call { pipeline, variables, items, parallelism }))
        },
    );
    let shared = (ID, option::of(1..=u64::MAX), btree_map("[A-Z_]{0,6}", value(), 0..3)).prop_map(
        |(name, version, settings)| {
            let name = PipelineId::new(&name).unwrap();
            TaskKind::Shared(Box::new(SharedTask { name, version: version.map(Version), settings }))
        },
    );
    prop_oneof![
        shared,
        Just(TaskKind::Container),
        vec(text(), 0..3).prop_map(|approvers| TaskKind::Approval(Approval { approvers })),
        call,
    ]
}

pub(super) fn pins() -> impl Strategy<Value = Pins> {
    btree_map(task_id(), any::<u64>().prop_map(Version), 0..3)
}

pub(super) fn options() -> impl Strategy<Value = RunOptions> {
    (texts(), texts(), text(), any::<i32>()).prop_map(|(variables, labels, note, priority)| RunOptions {
        variables,
        labels,
        note,
        priority,
    })
}

pub(super) fn retry_from() -> impl Strategy<Value = RetryFrom> {
    prop_oneof![Just(RetryFrom::Start), Just(RetryFrom::Failed), btree_set(task_id(), 1..3).prop_map(RetryFrom::Tasks),]
}
