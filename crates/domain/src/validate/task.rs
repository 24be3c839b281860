//! One task: what it runs, how long, how often, with what.

use std::fmt::{Arguments, Display};
use std::time::Duration;

use super::{Faults, check_resources};
use crate::config::{DriverKind, RetryPolicy, TaskConfig};
use crate::limits::{ARGUMENT_BYTES_MAX, ARGUMENTS_MAX, ATTEMPTS_MAX, DURATION_MAX, MULTIPLIER_PERCENT_MAX};
use crate::values::TaskKind;

pub(super) fn check_task(faults: &mut Faults, at: Arguments<'_>, task: &TaskConfig) {
    faults.text(format_args!("{at}.description"), &task.description);
    check_program(faults, at, task);
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
}

/// A time-out is at least a millisecond, which is as fine as time is told here.
pub(super) fn check_duration(faults: &mut Faults, field: impl Display, duration: Option<Duration>) {
    let Some(duration) = duration else { return };
    if duration < Duration::from_millis(1) || duration > DURATION_MAX {
        let message = format!("{field} is {duration:?}, allowed are 1ms to {DURATION_MAX:?}");
        faults.add(field.to_string(), message, "choose a duration in that range, or leave it out for no limit");
    }
}

fn check_program(faults: &mut Faults, at: Arguments<'_>, task: &TaskConfig) {
    if let Some(image) = &task.image {
        let field = format_args!("{at}.image");
        faults.reference(field, image);
        if image.contains(' ') {
            let message = format!("{field} holds a space");
            faults.add(field.to_string(), message, "write it as registry/name:tag");
        }
    }
    let has_program = !task.entrypoint.is_empty() || !task.command.is_empty();
    match (task.driver, &task.image) {
        (None, None) if !has_program && task.kind == TaskKind::Container => {
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
    for (name, words) in [("entrypoint", &task.entrypoint), ("command", &task.command)] {
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
