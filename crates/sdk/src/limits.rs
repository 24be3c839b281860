//! The limits of a cluster, which are those of this crate. A test holds them against the cluster's own.

use std::time::Duration;

/// Longest id of a pipeline or a task, in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// Longest description, in bytes.
pub const TEXT_BYTES_MAX: usize = 4 * 1024;
/// Longest name of a variable, and longest value of a constraint, in bytes.
pub const VARIABLE_NAME_BYTES_MAX: usize = 256;
/// Longest value of a variable, in bytes.
pub const VARIABLE_VALUE_BYTES_MAX: usize = 32 * 1024;
/// Most variables of a pipeline, and of a task.
pub const VARIABLES_MAX: usize = 256;
/// Most tasks of a pipeline.
pub const TASKS_MAX: usize = 1_000;
/// Most parents of a task.
pub const PARENTS_MAX: usize = 100;
/// Most words of an entrypoint, and of a command.
pub const ARGUMENTS_MAX: usize = 1_024;
/// Longest word of an entrypoint or a command, and so the longest script, in bytes.
pub const ARGUMENT_BYTES_MAX: usize = 128 * 1024 - 1;
/// Longest image reference or working directory, in bytes.
pub const REFERENCE_BYTES_MAX: usize = 1_024;
/// Most secret variables, and most secret files, of a task.
pub const TASK_SECRETS_MAX: usize = 64;
/// Longest name of a secret file, in bytes.
pub const SECRET_FILE_BYTES_MAX: usize = 64;
/// Most constraints of a task.
pub const LABELS_MAX: usize = 64;
/// Sum of all texts of a pipeline, in bytes.
pub const CONFIG_BYTES_MAX: usize = 1024 * 1024;
/// Largest pipeline file, in bytes.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;
/// Most attempts of a task, the first included.
pub const ATTEMPTS_MAX: u32 = 100;
/// Most runs that may wait under [`Overlap::Queue`](crate::Overlap::Queue).
pub const QUEUE_MAX: u32 = 10_000;
/// Longest time-out and backoff.
pub const DURATION_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Most memory of a task, in bytes.
pub const MEMORY_BYTES_MAX: u64 = 1 << 50;
/// Least memory of a task, in bytes, unless it is 0, which means no limit.
pub const MEMORY_BYTES_MIN: u64 = 4 << 20;
/// Most CPU of a task, in thousandths of a core.
pub const CPU_MILLIS_MAX: u64 = 1_000_000;
/// Largest growth of a retry delay, in percent.
pub const MULTIPLIER_PERCENT_MAX: u32 = 10_000;
/// Most parameters of a pipeline.
pub const PARAMETERS_MAX: usize = 100;
/// Longest name of a parameter, an input or an output, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// Most choices of a parameter, and most texts that a condition compares with.
pub const CHOICES_MAX: usize = 100;
/// Most conditions of a task.
pub const CONDITIONS_MAX: usize = 16;
/// Most elements for each of which a task runs a pipeline.
pub const ITEMS_MAX: usize = 1_000;
/// Most people who may decide about an approval.
pub const APPROVERS_MAX: usize = 100;
/// Most faults that are reported at once.
pub const FAULTS_MAX: usize = 1_000;
