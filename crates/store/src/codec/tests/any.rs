//! Any value of the domain, acceptable or not.

mod backfill;
mod cluster;
mod messages;
mod object;
mod releases;
mod schedule;
mod secret;
mod subscription;
mod values;

use std::collections::BTreeMap;
use std::time::Duration;

use gofer_domain::config::{DriverKind, Overlap, PullPolicy, Requirement, Resources, RetryPolicy};
use gofer_domain::run::{FailureReason, LogRef, StopReason};
use gofer_domain::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use self::cluster::spec;
pub(super) use self::cluster::{namespace, node, pipeline};
pub(super) use self::messages::{envelope, event, outcome};
pub(super) use self::object::object;
pub(super) use self::releases::release;
pub(super) use self::schedule::schedule;
pub(super) use self::secret::{current_key, secret};
pub(super) use self::subscription::{subscription, taken, trigger};
use self::values::{condition, kind, options, parameter, retry_from, value};

const ID: &str = "[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}";

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z ä\\n\"]{1,12}"]
}

fn some_text() -> impl Strategy<Value = String> {
    "[a-z/ü:]{1,12}"
}

fn texts() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[A-Z_]{0,6}", text(), 0..4)
}

fn task_id() -> impl Strategy<Value = TaskId> {
    ID.prop_map(|id| TaskId::new(&id).unwrap())
}

fn namespace_id() -> impl Strategy<Value = NamespaceId> {
    ID.prop_map(|id| NamespaceId::new(&id).unwrap())
}

fn pipeline_key() -> impl Strategy<Value = PipelineKey> {
    (namespace_id(), ID).prop_map(|(namespace, id)| PipelineKey { namespace, pipeline: PipelineId::new(&id).unwrap() })
}

fn run_key() -> impl Strategy<Value = RunKey> {
    (pipeline_key(), 1..=u64::MAX).prop_map(|(pipeline, run)| RunKey { pipeline, run })
}

fn task_key() -> impl Strategy<Value = TaskKey> {
    (run_key(), task_id()).prop_map(|(run, task)| TaskKey { run, task })
}

fn attempt_key() -> impl Strategy<Value = AttemptKey> {
    (task_key(), 1..=u32::MAX).prop_map(|(task, attempt)| AttemptKey { task, attempt })
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![Just(0), 0..10_000_u64, Just(u64::MAX), any::<u64>()].prop_map(Timestamp)
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![0..5_000_u64, 0..u64::MAX].prop_map(Duration::from_millis)
}

fn driver() -> impl Strategy<Value = DriverKind> {
    prop_oneof![Just(DriverKind::Process), Just(DriverKind::Docker)]
}

fn resources() -> impl Strategy<Value = Resources> {
    any::<(u64, u64)>().prop_map(|(cpu_millis, memory_bytes)| Resources { cpu_millis, memory_bytes })
}

fn retry() -> impl Strategy<Value = RetryPolicy> {
    (1..=u32::MAX, duration(), duration(), 1..=u32::MAX, any::<bool>()).prop_map(
        |(attempts, backoff, backoff_max, multiplier_percent, retry_lost)| RetryPolicy {
            attempts,
            backoff,
            backoff_max,
            multiplier_percent,
            retry_lost,
        },
    )
}

fn pull() -> impl Strategy<Value = PullPolicy> {
    prop_oneof![Just(PullPolicy::IfNotPresent), Just(PullPolicy::Always), Just(PullPolicy::Never)]
}

fn task_config() -> impl Strategy<Value = TaskConfig> {
    let need = prop_oneof![Just(Requirement::Success), Just(Requirement::Failure), Just(Requirement::Any)];
    let program = (text(), option::of(some_text()), pull(), vec(text(), 0..3), vec(text(), 0..3), texts());
    let place = (option::of(some_text()), btree_map(task_id(), need, 0..3), option::of(driver()), texts());
    let passed = (kind(), vec(condition(), 0..2), btree_map("[A-Z_]{0,6}", value(), 0..2));
    let flags = (any::<bool>(), texts(), texts());
    (program, place, retry(), option::of(duration()), resources(), flags, passed).prop_map(
        |(program, place, retry, timeout, resources, flags, (kind, conditions, inputs))| {
            let (allow_failure, secret_env, secret_files) = flags;
            let (description, image, pull, entrypoint, command, environment) = program;
            let (working_directory, depends_on, driver, constraints) = place;
            TaskConfig {
                kind,
                conditions,
                inputs,
                description,
                image,
                pull,
                entrypoint,
                command,
                environment,
                working_directory,
                depends_on,
                retry,
                timeout,
                resources,
                driver,
                constraints,
                allow_failure,
                secret_env,
                secret_files,
            }
        },
    )
}

pub(super) fn config() -> impl Strategy<Value = PipelineConfig> {
    let overlap = prop_oneof![
        Just(Overlap::Allow),
        Just(Overlap::Forbid),
        any::<u32>().prop_map(Overlap::Queue),
        Just(Overlap::Replace)
    ];
    let tasks = btree_map(task_id(), task_config(), 0..3);
    let parameters = btree_map("[A-Z_]{0,6}", parameter(), 0..3);
    (ID, text(), any::<u32>(), overlap, option::of(duration()), texts(), parameters, tasks).prop_map(
        |(id, description, parallelism, overlap, timeout, variables, parameters, tasks)| PipelineConfig {
            parameters,
            id: PipelineId::new(&id).unwrap(),
            description,
            parallelism,
            overlap,
            timeout,
            variables,
            tasks,
        },
    )
}

fn reason() -> impl Strategy<Value = FailureReason> {
    prop::sample::select(vec![
        FailureReason::ExitCode,
        FailureReason::Signal,
        FailureReason::Timeout,
        FailureReason::OutOfMemory,
        FailureReason::ImagePull,
        FailureReason::CommandNotFound,
        FailureReason::Launch,
        FailureReason::Declined,
        FailureReason::MissingValue,
        FailureReason::ChildRun,
    ])
}

fn attempt_outcome() -> impl Strategy<Value = AttemptOutcome> {
    prop_oneof![
        Just(AttemptOutcome::Succeeded),
        (reason(), option::of(any::<i32>()), text()).prop_map(|(reason, exit_code, message)| AttemptOutcome::Failed {
            reason,
            exit_code,
            message
        }),
        text().prop_map(|message| AttemptOutcome::Cancelled { message }),
        text().prop_map(|message| AttemptOutcome::Lost { message }),
        text().prop_map(|message| AttemptOutcome::Unknown { message }),
    ]
}

fn task_status() -> impl Strategy<Value = TaskStatus> {
    prop_oneof![
        Just(TaskStatus::Pending),
        Just(TaskStatus::Queued),
        Just(TaskStatus::Waiting),
        Just(TaskStatus::Placed),
        Just(TaskStatus::Launching),
        Just(TaskStatus::Running),
        Just(TaskStatus::Succeeded),
        (reason(), option::of(any::<i32>()), text()).prop_map(|(reason, exit_code, message)| TaskStatus::Failed {
            reason,
            exit_code,
            message
        }),
        text().prop_map(|message| TaskStatus::Cancelled { message }),
        text().prop_map(|message| TaskStatus::Skipped { message }),
        text().prop_map(|message| TaskStatus::Lost { message }),
        text().prop_map(|message| TaskStatus::Unknown { message }),
    ]
}

fn run_status() -> impl Strategy<Value = RunStatus> {
    prop_oneof![
        Just(RunStatus::Queued),
        Just(RunStatus::Running),
        Just(RunStatus::Succeeded),
        text().prop_map(|message| RunStatus::Failed { message }),
        text().prop_map(|message| RunStatus::Cancelled { message }),
    ]
}

fn stop() -> impl Strategy<Value = StopReason> {
    prop_oneof![
        text().prop_map(|message| StopReason::Cancelled { message }),
        any::<u64>().prop_map(|by| StopReason::Replaced { by }),
        text().prop_map(|message| StopReason::Timeout { message }),
    ]
}

fn log() -> impl Strategy<Value = LogRef> {
    any::<([u8; 32], u64, bool)>().prop_map(|(digest, bytes, truncated)| LogRef { digest, bytes, truncated })
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let status = prop_oneof![
        Just(AttemptStatus::Placed),
        Just(AttemptStatus::Launching),
        Just(AttemptStatus::Running),
        attempt_outcome().prop_map(AttemptStatus::Finished),
    ];
    let times = (time(), option::of(time()), option::of(time()));
    (any::<u64>(), driver(), status, times, option::of(stop()), option::of(log())).prop_map(
        |(node, driver, status, (placed_at, started_at, finished_at), stopping, log)| Attempt {
            node: NodeId(node),
            driver,
            status,
            placed_at,
            started_at,
            finished_at,
            stopping,
            log,
        },
    )
}

fn task_run() -> impl Strategy<Value = TaskRun> {
    let passed = (texts(), option::of(1..=u64::MAX), vec(any::<u64>(), 0..3));
    (task_status(), vec(attempt(), 0..3), time(), any::<u64>(), option::of(time()), passed).prop_map(
        |(status, attempts, not_before, revision, finished_at, (outputs, kept_from, children))| TaskRun {
            outputs,
            kept_from,
            children,
            status,
            attempts,
            not_before,
            queued_revision: Revision(revision),
            finished_at,
        },
    )
}

pub(super) fn run() -> impl Strategy<Value = Run> {
    let from = (text(), option::of(1..=u64::MAX), option::of(task_key()));
    let head = (run_key(), any::<u64>(), run_status(), options(), from);
    let times = (time(), option::of(time()), option::of(time()));
    let due =
        (option::of(self::schedule::slot()), option::of(self::subscription::run_event()), values::pins(), any::<u32>());
    let numbers = (any::<u64>(), option::of(1..=u64::MAX), due);
    (head, times, option::of(stop()), btree_map(task_id(), task_run(), 0..3), numbers).prop_map(
        |(head, (created_at, started_at, finished_at), stopping, tasks, (revision, release, due))| {
            let (schedule, subscription, shared, depth) = due;
            let (key, version, status, options, (started_by, retry_of, parent)) = head;
            Run {
                key,
                version: Version(version),
                status,
                options,
                started_by,
                retry_of,
                parent,
                release,
                schedule,
                subscription,
                shared,
                depth,
                created_at,
                started_at,
                finished_at,
                stopping,
                tasks,
                revision: Revision(revision),
            }
        },
    )
}
