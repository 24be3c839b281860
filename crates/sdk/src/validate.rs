//! What a cluster would refuse, in its order and its words. Vectors in proto/testdata hold the two equal.

mod graph;
mod parameters;
mod task;
mod values;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use crate::config::{Overlap, PipelineConfig};
use crate::fault::{Fault, Source};
use crate::limits::{
    CONFIG_BYTES_MAX, DURATION_MAX, FAULTS_MAX, ID_BYTES_MAX, LABELS_MAX, QUEUE_MAX, REFERENCE_BYTES_MAX, TASKS_MAX,
    TEXT_BYTES_MAX, VARIABLE_NAME_BYTES_MAX, VARIABLE_VALUE_BYTES_MAX, VARIABLES_MAX,
};

/// All faults of a pipeline, at most [`FAULTS_MAX`].
pub(crate) fn faults(config: &PipelineConfig) -> Vec<Fault> {
    let mut faults = Faults { found: Vec::new(), source: config.source.clone() };
    faults.id("id", "pipeline", &config.id);
    faults.text("description", &config.description);
    check_overlap(&mut faults, config.overlap);
    check_duration(&mut faults, "timeout", config.timeout);
    faults.variables("variables", &config.env);
    parameters::check(&mut faults, config);
    if config.tasks.is_empty() {
        faults.add("tasks", format!("pipeline {} has no tasks", config.id), "give it at least one");
    }
    let bytes = size(config);
    if bytes > CONFIG_BYTES_MAX {
        let message = format!("the configuration holds {bytes} bytes of text, the limit is {CONFIG_BYTES_MAX}");
        faults.add("", message, "move long scripts and data into the images");
    }
    if faults.count("tasks", config.tasks.len(), TASKS_MAX) {
        let mut hints = graph::Hints::default();
        for (id, task) in &config.tasks {
            faults.source = task.source.clone().or_else(|| config.source.clone());
            faults.id(&format!("tasks.{id}"), "task", id);
            task::check(&mut faults, &format!("tasks.{id}"), task);
            graph::check_parents(&mut faults, &mut hints, id, task, &config.tasks);
            values::check(&mut faults, &format!("tasks.{id}"), id, task, config);
        }
        graph::check_cycle(&mut faults, config);
    }
    faults.found
}

fn check_overlap(faults: &mut Faults, overlap: Overlap) {
    match overlap {
        Overlap::Queue(0) => {
            faults.add("overlap", "overlap queues at most 0 runs", "queue at least 1, or use the policy to refuse");
        }
        Overlap::Queue(limit) if limit > QUEUE_MAX => {
            let message = format!("overlap queues at most {limit} runs, the limit is {QUEUE_MAX}");
            faults.add("overlap", message, "choose a shorter queue");
        }
        Overlap::Allow | Overlap::Forbid | Overlap::Queue(_) | Overlap::Replace => {}
    }
}

fn check_duration(faults: &mut Faults, field: &str, duration: Option<Duration>) {
    let Some(duration) = duration else { return };
    if duration < Duration::from_millis(1) || duration > DURATION_MAX {
        let message = format!("{field} is {duration:?}, allowed are 1ms to {DURATION_MAX:?}");
        faults.add(field, message, "choose a duration in that range, or leave it out for no limit");
    } else {
        faults.whole_millis(field, duration);
    }
}

/// Bytes of all texts.
fn size(config: &PipelineConfig) -> usize {
    let pairs =
        |table: &BTreeMap<String, String>| table.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let words = |words: &[String]| words.iter().map(String::len).sum::<usize>();
    let tasks = config.tasks.iter().map(|(id, task)| {
        id.len()
            + task.description.len()
            + task.image.len()
            + task.working_directory.len()
            + words(&task.entrypoint)
            + words(&task.command)
            + pairs(&task.env)
            + pairs(&task.constraints)
            + values::size(task)
            + pairs(&task.secret_env)
            + pairs(&task.secret_files)
            + task.depends_on.keys().map(String::len).sum::<usize>()
    });
    let parameters = config.parameters.iter().map(values::parameter_size);
    config.id.len() + config.description.len() + pairs(&config.env) + parameters.sum::<usize>() + tasks.sum::<usize>()
}

/// The faults found so far, and where the next ones belong.
struct Faults {
    found: Vec<Fault>,
    source: Option<Source>,
}

impl Faults {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>, help: impl Into<String>) {
        if self.found.len() < FAULTS_MAX {
            let source = self.source.clone();
            self.found.push(Fault { source, ..Fault::new(field, message, help) });
        }
    }

    /// Says whether `count` is within the limit.
    fn count(&mut self, field: &str, count: usize, limit: usize) -> bool {
        if count > limit {
            self.add(field, format!("{field} has {count} entries, the limit is {limit}"), "leave some out");
        }
        count <= limit
    }

    fn length(&mut self, field: &str, text: &str, limit: usize) {
        if text.len() > limit {
            self.add(field, format!("{field} is {} bytes long, the limit is {limit}", text.len()), "shorten it");
        }
    }

    fn no_nul(&mut self, field: &str, text: &str) {
        if text.contains('\0') {
            self.add(field, format!("{field} holds a NUL byte"), "take it out; no program can be given one");
        }
    }

    fn no_control(&mut self, field: &str, text: &str) {
        if text.contains(char::is_control) {
            self.add(field, format!("{field} holds a control character"), "take it out");
        }
    }

    fn text(&mut self, field: &str, text: &str) {
        self.length(field, text, TEXT_BYTES_MAX);
    }

    /// A file tells time in milliseconds.
    fn whole_millis(&mut self, field: &str, duration: Duration) {
        if !duration.subsec_nanos().is_multiple_of(1_000_000) {
            self.add(field, format!("{field} is {duration:?}, finer than a millisecond"), "round it to milliseconds");
        }
    }

    fn reference(&mut self, field: &str, text: &str) {
        self.length(field, text, REFERENCE_BYTES_MAX);
        self.no_control(field, text);
    }

    fn id(&mut self, field: &str, kind: &str, id: &str) {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let why = if id.is_empty() {
            "it is empty".to_owned()
        } else if id.len() > ID_BYTES_MAX {
            format!("it is {} bytes long, the limit is {ID_BYTES_MAX}", id.len())
        } else if let Some(bad) = id.chars().find(|c| !is_allowed(*c)) {
            format!("character {bad:?} is not allowed")
        } else if id.starts_with(['_', '-']) {
            "it starts with neither a letter nor a digit".to_owned()
        } else {
            return;
        };
        let help = "use 1 to 64 ASCII letters, digits, '_' or '-', starting with a letter or a digit";
        self.add(field, format!("{kind} id {}: {why}", quoted(id)), help);
    }

    fn variables(&mut self, field: &str, variables: &BTreeMap<String, String>) {
        if !self.count(field, variables.len(), VARIABLES_MAX) {
            return;
        }
        for (name, value) in variables {
            let shown = shown(name);
            let path = format!("{field}.{}", shown.escape_debug());
            self.length(&path, name, VARIABLE_NAME_BYTES_MAX);
            if name.is_empty() || name.contains(['=', '\0']) {
                let message = format!("the variable name {shown:?} in {field} is not allowed");
                self.add(path.clone(), message, "use a name that is not empty and has neither '=' nor NUL");
            }
            self.length(&path, value, VARIABLE_VALUE_BYTES_MAX);
            self.no_nul(&path, value);
        }
    }

    fn labels(&mut self, field: &str, labels: &BTreeMap<String, String>) {
        if !self.count(field, labels.len(), LABELS_MAX) {
            return;
        }
        for (name, value) in labels {
            let shown = shown(name);
            let path = format!("{field}.{}", shown.escape_debug());
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
            if name.is_empty() || name.len() > ID_BYTES_MAX || !name.chars().all(is_allowed) {
                let message = format!("the label name {shown:?} in {field} is not allowed");
                let help = format!("use 1 to {ID_BYTES_MAX} ASCII letters, digits, '_', '-', '.' or '/'");
                self.add(path.clone(), message, help);
            }
            self.length(&path, value, VARIABLE_NAME_BYTES_MAX);
            self.no_control(&path, value);
        }
    }
}

fn shown(name: &str) -> String {
    name.chars().take(ID_BYTES_MAX).collect()
}

/// Quotes an id for a message, cut to a length that keeps the message readable.
fn quoted(text: impl Display) -> String {
    let text = text.to_string();
    let short: String = text.chars().take(80).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}
