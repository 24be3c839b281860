//! One task: what it runs, how long, how often, with what.

use std::fmt::{Arguments, Display};
use std::time::Duration;

use super::{Faults, check_resources};
use crate::config::{DriverKind, RetryPolicy, TaskConfig};
use crate::limits::{
    ARGUMENT_BYTES_MAX, ARGUMENTS_MAX, ATTEMPTS_MAX, DURATION_MAX, ID_BYTES_MAX, MULTIPLIER_PERCENT_MAX,
    SECRET_FILE_BYTES_MAX, TASK_SECRETS_MAX, VARIABLE_NAME_BYTES_MAX,
};
use crate::values::TaskKind;

pub(super) fn check_task(faults: &mut Faults, at: Arguments<'_>, task: &TaskConfig) {
    faults.text(format_args!("{at}.description"), &task.description);
    check_program(faults, at, &Program::of(task));
    faults.variables(format_args!("{at}.environment"), &task.environment);
    if let Some(directory) = &task.working_directory {
        let field = format_args!("{at}.working_directory");
        faults.reference(field, directory);
        if !directory.is_empty() && !directory.starts_with('/') {
            let message = format!("{field} is not an absolute path");
            faults.add(field.to_string(), message, "begin it with '/'");
        }
    }
    check_retry(faults, format_args!("{at}.retry"), &task.retry);
    check_duration(faults, format_args!("{at}.timeout"), task.timeout);
    check_resources(faults, format_args!("{at}.resources"), task.resources);
    faults.labels(format_args!("{at}.constraints"), &task.constraints);
    check_secret_env(faults, format_args!("{at}.secret_env"), task);
    check_secret_files(faults, format_args!("{at}.secret_files"), task);
}

/// A time-out is at least a millisecond, which is as fine as time is told here.
pub(super) fn check_duration(faults: &mut Faults, field: impl Display, duration: Option<Duration>) {
    let Some(duration) = duration else { return };
    if duration < Duration::from_millis(1) || duration > DURATION_MAX {
        let message = format!("{field} is {duration:?}, allowed are 1ms to {DURATION_MAX:?}");
        faults.add(field.to_string(), message, "choose a duration in that range, or leave it out for no limit");
    }
}

fn check_secret_env(faults: &mut Faults, field: Arguments<'_>, task: &TaskConfig) {
    if !faults.count(field, task.secret_env.len(), TASK_SECRETS_MAX) {
        return;
    }
    for (name, secret) in &task.secret_env {
        let shown: String = name.chars().take(ID_BYTES_MAX).collect();
        let path = format!("{field}.{}", shown.escape_debug());
        faults.length(&path, name, VARIABLE_NAME_BYTES_MAX);
        if name.is_empty() || name.contains(['=', '\0']) {
            let message = format!("the variable name {shown:?} in {field} is not allowed");
            faults.add(path.clone(), message, "use a name that is not empty and has neither '=' nor NUL");
        }
        if name.starts_with("GOFER_") {
            let message = format!("the name {shown} is Gofer's own");
            faults.add(path.clone(), message, "choose one that does not begin with GOFER_");
        }
        for (is_taken, other) in [
            (task.environment.contains_key(name), "a variable of the environment"),
            (task.inputs.contains_key(name), "an input"),
        ] {
            if is_taken {
                faults.add(path.clone(), format!("{path} is {other}, too"), "take it out of one of them");
            }
        }
        faults.secret(path, secret);
    }
}

fn check_secret_files(faults: &mut Faults, field: Arguments<'_>, task: &TaskConfig) {
    if !faults.count(field, task.secret_files.len(), TASK_SECRETS_MAX) {
        return;
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    for (name, secret) in &task.secret_files {
        let shown: String = name.chars().take(ID_BYTES_MAX).collect();
        let path = format!("{field}.{}", shown.escape_debug());
        let is_plain = !name.is_empty() && name.len() <= SECRET_FILE_BYTES_MAX && name.chars().all(allowed);
        if !is_plain || name.starts_with('.') {
            let message = format!("the file name {shown:?} in {field} is not allowed");
            let help = format!(
                "use 1 to {SECRET_FILE_BYTES_MAX} ASCII letters, digits, '_', '-' or '.', not beginning with '.'"
            );
            faults.add(path.clone(), message, help);
        }
        faults.secret(path, secret);
    }
}

/// What is run, and by what.
pub(super) struct Program<'a> {
    pub(super) image: Option<&'a str>,
    pub(super) entrypoint: &'a [String],
    pub(super) command: &'a [String],
    pub(super) driver: Option<DriverKind>,
    /// Whether there has to be any.
    pub(super) is_needed: bool,
}

impl<'a> Program<'a> {
    fn of(task: &'a TaskConfig) -> Self {
        let TaskConfig { image, entrypoint, command, driver, kind, .. } = task;
        let is_needed = *kind == TaskKind::Container;
        Self { image: image.as_deref(), entrypoint, command, driver: *driver, is_needed }
    }
}

pub(super) fn check_program(faults: &mut Faults, at: Arguments<'_>, task: &Program<'_>) {
    if let Some(image) = task.image {
        let field = format_args!("{at}.image");
        faults.reference(field, image);
        if image.contains(' ') {
            let message = format!("{field} holds a space");
            faults.add(field.to_string(), message, "write it as registry/name:tag");
        }
    }
    let has_program = !task.entrypoint.is_empty() || !task.command.is_empty();
    match (task.driver, task.image) {
        (None, None) if !has_program && task.is_needed => {
            let message = format!("{at} has neither an image nor an entrypoint nor a command");
            faults.add(at.to_string(), message, "say what to run: an image, a command, or both");
        }
        (Some(DriverKind::Docker), None) => {
            let message = format!("{at} asks for the docker driver and has no image");
            faults.add(format!("{at}.image"), message, "name an image, or choose another driver");
        }
        (Some(DriverKind::Process), _) if !has_program => {
            let message = format!("{at} asks for the process driver and has neither entrypoint nor command");
            faults.add(format!("{at}.command"), message, "say which program to run");
        }
        (None | Some(DriverKind::Docker | DriverKind::Process), _) => {}
    }
    for (name, words) in [("entrypoint", task.entrypoint), ("command", task.command)] {
        if faults.count(format_args!("{at}.{name}"), words.len(), ARGUMENTS_MAX) {
            for (index, word) in words.iter().enumerate() {
                let field = format_args!("{at}.{name}.{index}");
                faults.length(field, word, ARGUMENT_BYTES_MAX);
                faults.no_nul(field, word);
            }
        }
    }
    let program = task.entrypoint.first().or_else(|| task.command.first().filter(|_| task.image.is_none()));
    if program.is_some_and(String::is_empty) {
        faults.add(at.to_string(), format!("{at} names an empty program"), "the first word is the program to run");
    }
}

fn check_retry(faults: &mut Faults, at: Arguments<'_>, retry: &RetryPolicy) {
    if !(1..=ATTEMPTS_MAX).contains(&retry.attempts) {
        let message = format!("{at}.attempts is {}, allowed are 1 to {ATTEMPTS_MAX}", retry.attempts);
        faults.add(format!("{at}.attempts"), message, "the first attempt counts; use 1 for no retry");
    }
    if !(100..=MULTIPLIER_PERCENT_MAX).contains(&retry.multiplier_percent) {
        let percent = retry.multiplier_percent;
        let message = format!("{at}.multiplier_percent is {percent}, allowed are 100 to {MULTIPLIER_PERCENT_MAX}");
        faults.add(format!("{at}.multiplier_percent"), message, "use 100 for a delay that stays, 200 to double it");
    }
    for (name, duration) in [("backoff", retry.backoff), ("backoff_max", retry.backoff_max)] {
        if duration > DURATION_MAX {
            let message = format!("{at}.{name} is {duration:?}, the limit is {DURATION_MAX:?}");
            faults.add(format!("{at}.{name}"), message, "choose a shorter delay");
        }
    }
    if retry.backoff > retry.backoff_max {
        let message = format!("{at}.backoff is {:?}, longer than backoff_max, {:?}", retry.backoff, retry.backoff_max);
        faults.add(format!("{at}.backoff_max"), message, "raise backoff_max to at least the backoff");
    }
}
