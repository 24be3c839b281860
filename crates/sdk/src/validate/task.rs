//! One task: what it runs, how long, how often, with what.

use super::{Faults, check_duration, shown};
use crate::config::{Driver, KindConfig, RetryConfig, TaskConfig};
use crate::limits::{
    ARGUMENT_BYTES_MAX, ARGUMENTS_MAX, ATTEMPTS_MAX, CPU_MILLIS_MAX, DURATION_MAX, MEMORY_BYTES_MAX, MEMORY_BYTES_MIN,
    MULTIPLIER_PERCENT_MAX, SECRET_FILE_BYTES_MAX, TASK_SECRETS_MAX, VARIABLE_NAME_BYTES_MAX,
};

pub(super) fn check(faults: &mut Faults, at: &str, task: &TaskConfig) {
    faults.text(&format!("{at}.description"), &task.description);
    check_program(faults, at, task);
    faults.variables(&format!("{at}.environment"), &task.env);
    if !task.working_directory.is_empty() {
        let field = format!("{at}.working_directory");
        faults.reference(&field, &task.working_directory);
        if !task.working_directory.starts_with('/') {
            faults.add(field.clone(), format!("{field} is not an absolute path"), "begin it with '/'");
        }
    }
    check_retry(faults, &format!("{at}.retry"), &task.retry);
    check_duration(faults, &format!("{at}.timeout"), task.timeout);
    check_resources(faults, &format!("{at}.resources"), task);
    faults.labels(&format!("{at}.constraints"), &task.constraints);
    check_secret_env(faults, &format!("{at}.secret_env"), task);
    check_secret_files(faults, &format!("{at}.secret_files"), task);
}

fn check_secret_env(faults: &mut Faults, field: &str, task: &TaskConfig) {
    if !faults.count(field, task.secret_env.len(), TASK_SECRETS_MAX) {
        return;
    }
    for (name, secret) in &task.secret_env {
        let shown = shown(name);
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
            (task.env.contains_key(name), "a variable of the environment"),
            (task.inputs.contains_key(name), "an input"),
        ] {
            if is_taken {
                faults.add(path.clone(), format!("{path} is {other}, too"), "take it out of one of them");
            }
        }
        faults.id(&path, "secret", secret);
    }
}

fn check_secret_files(faults: &mut Faults, field: &str, task: &TaskConfig) {
    if !faults.count(field, task.secret_files.len(), TASK_SECRETS_MAX) {
        return;
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    for (name, secret) in &task.secret_files {
        let shown = shown(name);
        let path = format!("{field}.{}", shown.escape_debug());
        let is_plain = !name.is_empty() && name.len() <= SECRET_FILE_BYTES_MAX && name.chars().all(allowed);
        if !is_plain || name.starts_with('.') {
            let message = format!("the file name {shown:?} in {field} is not allowed");
            let help = format!(
                "use 1 to {SECRET_FILE_BYTES_MAX} ASCII letters, digits, '_', '-' or '.', not beginning with '.'"
            );
            faults.add(path.clone(), message, help);
        }
        faults.id(&path, "secret", secret);
    }
}

fn check_program(faults: &mut Faults, at: &str, task: &TaskConfig) {
    if !task.image.is_empty() {
        let field = format!("{at}.image");
        faults.reference(&field, &task.image);
        if task.image.contains(' ') {
            faults.add(field.clone(), format!("{field} holds a space"), "write it as registry/name:tag");
        }
    }
    let has_program = !task.entrypoint.is_empty() || !task.command.is_empty();
    match task.driver {
        None if task.image.is_empty() && !has_program && task.kind == KindConfig::Container => {
            let message = format!("{at} has neither an image nor an entrypoint nor a command");
            faults.add(at, message, "say what to run: an image, a command, or both");
        }
        Some(Driver::Docker) if task.image.is_empty() => {
            let message = format!("{at} asks for the docker driver and has no image");
            faults.add(format!("{at}.image"), message, "name an image, or choose another driver");
        }
        Some(Driver::Process) if !has_program => {
            let message = format!("{at} asks for the process driver and has neither entrypoint nor command");
            faults.add(format!("{at}.command"), message, "say which program to run");
        }
        None | Some(Driver::Docker | Driver::Process) => {}
    }
    for (name, words) in [("entrypoint", &task.entrypoint), ("command", &task.command)] {
        if faults.count(&format!("{at}.{name}"), words.len(), ARGUMENTS_MAX) {
            for (index, word) in words.iter().enumerate() {
                let field = format!("{at}.{name}.{index}");
                faults.length(&field, word, ARGUMENT_BYTES_MAX);
                faults.no_nul(&field, word);
            }
        }
    }
    let program = task.entrypoint.first().or_else(|| task.command.first().filter(|_| task.image.is_empty()));
    if program.is_some_and(String::is_empty) {
        faults.add(at, format!("{at} names an empty program"), "the first word is the program to run");
    }
}

fn check_retry(faults: &mut Faults, at: &str, retry: &RetryConfig) {
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
        let field = format!("{at}.{name}");
        if duration > DURATION_MAX {
            let message = format!("{field} is {duration:?}, the limit is {DURATION_MAX:?}");
            faults.add(field, message, "choose a shorter delay");
        } else {
            faults.whole_millis(&field, duration);
        }
    }
    if retry.backoff > retry.backoff_max {
        let message = format!("{at}.backoff is {:?}, longer than backoff_max, {:?}", retry.backoff, retry.backoff_max);
        faults.add(format!("{at}.backoff_max"), message, "raise backoff_max to at least the backoff");
    }
}

fn check_resources(faults: &mut Faults, field: &str, task: &TaskConfig) {
    let (cpu, memory) = (task.cpu_millis, task.memory_bytes);
    if cpu > CPU_MILLIS_MAX {
        let message = format!("{field}.cpu_millis is {cpu}, the limit is {CPU_MILLIS_MAX}");
        faults.add(format!("{field}.cpu_millis"), message, "ask for less, or 0 for no limit");
    }
    if memory != 0 && !(MEMORY_BYTES_MIN..=MEMORY_BYTES_MAX).contains(&memory) {
        let message = format!("{field}.memory_bytes is {memory}, allowed are {MEMORY_BYTES_MIN} to {MEMORY_BYTES_MAX}");
        faults.add(format!("{field}.memory_bytes"), message, "ask for an amount in that range, or 0 for no limit");
    }
}
