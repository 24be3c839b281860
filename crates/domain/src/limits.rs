//! Every bound on input, in one place. Their messages quote the number, so a caller knows what would have passed.

use std::time::Duration;

/// Longest namespace, pipeline, task or label id, in bytes (ids are ASCII).
pub const ID_BYTES_MAX: usize = 64;
/// Longest free text (description, reason), in bytes.
pub const TEXT_BYTES_MAX: usize = 4 * 1024;
/// Longest environment or variable name, in bytes.
pub const VARIABLE_NAME_BYTES_MAX: usize = 256;
/// Longest environment or variable value, in bytes.
pub const VARIABLE_VALUE_BYTES_MAX: usize = 32 * 1024;
/// Most variables of one run, pipeline or task.
pub const VARIABLES_MAX: usize = 256;
/// Most tasks of one pipeline.
pub const TASKS_MAX: usize = 1_000;
/// Most parents of one task.
pub const PARENTS_MAX: usize = 100;
/// Most words of an entrypoint or a command.
pub const ARGUMENTS_MAX: usize = 1_024;
/// Longest image reference or working directory, in bytes.
pub const REFERENCE_BYTES_MAX: usize = 1_024;
/// Most labels of a node and constraints of a task.
pub const LABELS_MAX: usize = 64;
/// Largest pipeline configuration: the sum of all its texts, in bytes.
pub const CONFIG_BYTES_MAX: usize = 1024 * 1024;
/// Most attempts a retry policy may ask for.
pub const ATTEMPTS_MAX: u32 = 100;
/// Most attempts of one task that may be lost with their node before the task fails.
pub const LOST_ATTEMPTS_MAX: u32 = 5;
/// Most runs of one pipeline that may wait in its queue.
pub const QUEUE_MAX: u32 = 10_000;
/// Most live (queued or running) runs of one cluster: what bounds the hot state.
pub const LIVE_RUNS_MAX: usize = 100_000;
/// Most namespaces of one cluster.
pub const NAMESPACES_MAX: usize = 10_000;
/// Most pipelines of one cluster.
pub const PIPELINES_MAX: usize = 100_000;
/// Most nodes of one cluster.
pub const NODES_MAX: usize = 1_000;
/// Longest time-out and backoff.
pub const DURATION_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Most memory a task may ask for, in bytes.
pub const MEMORY_BYTES_MAX: u64 = 1 << 50;
/// Most CPU a task may ask for, in thousandths of a core.
pub const CPU_MILLIS_MAX: u64 = 1_000_000;
/// Least memory a task may ask for unless it asks for none, in bytes: less than this starts no container.
pub const MEMORY_BYTES_MIN: u64 = 4 << 20;
/// Longest word of an entrypoint or a command, in bytes; the kernel takes no longer one.
pub const ARGUMENT_BYTES_MAX: usize = 128 * 1024 - 1;
/// Largest growth of a retry delay, in percent.
pub const MULTIPLIER_PERCENT_MAX: u32 = 10_000;
/// Longest value of a secret, in bytes.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;
/// Longest value of a secret once it is sealed, in bytes.
pub const SEALED_BYTES_MAX: usize = SECRET_BYTES_MAX + 64;
/// Longest wrapped key, in bytes.
pub const WRAPPED_KEY_BYTES_MAX: usize = 128;
/// Most secrets of one cluster: a rotation of the cluster key names them all.
pub const SECRETS_MAX: usize = 10_000;
/// Most secrets of one scope.
pub const SECRETS_PER_SCOPE_MAX: usize = 1_000;
/// Most secrets that one task may ask for, and longest name of a file that one is put into, in bytes.
pub const TASK_SECRETS_MAX: usize = 64;
pub const SECRET_FILE_BYTES_MAX: usize = 64;
/// Fewest newest events that stay on the nodes when older ones are archived.
pub const ARCHIVE_KEEP_MIN: u64 = 10;
/// Most steps of a canary release.
pub const RELEASE_STEPS_MAX: usize = 20;
/// Most runs that a step of a release has, or waits for.
pub const RELEASE_RUNS_MAX: u32 = 1_000_000;
/// Largest growth of durations that a canary release may allow, in basis points: a hundredfold.
pub const RELEASE_SLOWDOWN_MAX: u32 = 1_000_000;
/// Longest key of an object, in bytes.
pub const OBJECT_KEY_BYTES_MAX: usize = 256;
/// Largest object, in bytes.
pub const OBJECT_BYTES_MAX: u64 = 1 << 40;
/// Most objects of one cluster: what they are is part of the hot state.
pub const OBJECTS_MAX: usize = 100_000;
/// Most attempts a node may offer to hold at the same time.
pub const SLOTS_MAX: u32 = 10_000;
/// Most parameters of one pipeline.
pub const PARAMETERS_MAX: usize = 100;
/// Longest name of a parameter or an output, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// Most choices of a parameter, and most values a condition compares with.
pub const CHOICES_MAX: usize = 100;
/// Most conditions of one task.
pub const CONDITIONS_MAX: usize = 16;
/// Most outputs of one task.
pub const OUTPUTS_MAX: usize = 64;
/// Most bytes of all outputs of one task, names included.
pub const OUTPUTS_BYTES_MAX: usize = 64 * 1024;
/// Most elements that a pipeline task goes through.
pub const ITEMS_MAX: usize = 1_000;
/// Deepest nesting of runs that start runs.
pub const CALL_DEPTH_MAX: usize = 8;
/// Most people who may decide about one approval.
pub const APPROVERS_MAX: usize = 100;
/// Most schedules of one cluster: they are part of the hot state.
pub const SCHEDULES_MAX: usize = 200_000;
/// Most schedules of one pipeline.
pub const SCHEDULES_PER_PIPELINE_MAX: usize = 100;
/// Most bytes of all texts of a schedule: each of its runs repeats most of them in the log.
pub const SCHEDULE_BYTES_MAX: usize = 64 * 1024;
/// Longest cron expression, in bytes.
pub const CRON_BYTES_MAX: usize = 256;
/// Longest name of a time zone, in bytes.
pub const ZONE_BYTES_MAX: usize = 64;
/// Most blackout windows of a schedule.
pub const BLACKOUTS_MAX: usize = 20;
/// Most missed slots that a schedule catches up with.
pub const CATCH_UP_MAX: u16 = 1_000;
/// Shortest interval of a schedule, and least lateness at which a slot counts as missed.
pub const SCHEDULE_DURATION_MIN: Duration = Duration::from_secs(1);
/// Longest interval and blackout window of a schedule.
pub const SCHEDULE_DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Most by which the runs of a schedule are spread after their slots.
pub const JITTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// Most slots that one command starts runs for.
pub const SETTLED_FIRES_MAX: usize = 100;
/// Most ranges of slots that one command skips.
pub const SETTLED_SKIPS_MAX: usize = 2_000;
/// Most slots of one backfill.
pub const BACKFILL_SLOTS_MAX: u32 = 10_000;
/// Most runs of one backfill at a time: one command starts that many.
pub const BACKFILL_PARALLELISM_MAX: u32 = 100;
/// Most backfills of one pipeline that go on at a time.
pub const BACKFILLS_PER_PIPELINE_MAX: usize = 10;
/// How many backfills of a schedule that have ended are remembered.
pub const BACKFILLS_REMEMBERED: usize = 20;
/// Greatest priority of a run; the least is its negative.
pub const PRIORITY_MAX: i32 = 100;
/// Most triggers that are installed in one cluster.
pub const TRIGGERS_MAX: usize = 1_000;
/// Most bytes of all texts of a trigger, and of all texts that its plug-in says of itself.
pub const TRIGGER_BYTES_MAX: usize = 64 * 1024;
/// Longest version that a plug-in says of itself, in bytes.
pub const TRIGGER_VERSION_BYTES_MAX: usize = 256;
/// Most settings of a trigger.
pub const SETTINGS_MAX: usize = 64;
/// Longest value of a setting, in bytes.
pub const SETTING_BYTES_MAX: usize = 4 * 1024;
/// Most subscriptions of one cluster: they are part of the hot state.
pub const SUBSCRIPTIONS_MAX: usize = 200_000;
/// Most subscriptions of one pipeline.
pub const SUBSCRIPTIONS_PER_PIPELINE_MAX: usize = 100;
/// Most bytes of all texts of a subscription.
pub const SUBSCRIPTION_BYTES_MAX: usize = 64 * 1024;
/// Longest expression of a subscription, in bytes: its filter, and what a parameter gets its value from.
pub const EXPRESSION_BYTES_MAX: usize = 4 * 1024;
/// Longest cursor of a subscription, in bytes.
pub const CURSOR_BYTES_MAX: usize = 4 * 1024;
/// Longest key of an event that a subscription takes, in bytes.
pub const EVENT_KEY_BYTES_MAX: usize = 256;
/// Longest message that is kept about such an event, in bytes; the rest is cut off.
pub const EVENT_MESSAGE_BYTES_MAX: usize = 1024;
/// Most events that one command takes.
pub const TAKEN_EVENTS_MAX: usize = 100;
/// Most bytes of all texts of the events that one command takes.
pub const TAKEN_BYTES_MAX: usize = 1024 * 1024;
/// How many of the newest keys of a subscription are remembered: such an event is not taken again.
pub const EVENT_KEYS_REMEMBERED: u64 = 100_000;
/// Longest chain of runs of which each was started by an event of the one before it, not counting the first.
pub const CHAIN_DEPTH_MAX: u32 = 8;
