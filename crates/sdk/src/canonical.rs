//! The canonical JSON of a pipeline, byte for byte as docs/pipeline-format.md has it.

mod values;

use std::collections::BTreeMap;

use crate::config::{Overlap, PipelineConfig, Pull, Requirement, RetryConfig, TaskConfig};
use crate::fault::Source;
use crate::pipeline::FORMAT;
use crate::units;

/// Writes a pipeline, with the places of its tasks or without.
pub(crate) fn write(config: &PipelineConfig, with_sources: bool) -> String {
    let mut out = Writer { text: String::new(), depth: 0, is_first: true };
    out.object(|out| {
        out.name("format").raw(&FORMAT.to_string());
        out.name("id").string(&config.id);
        out.text("description", &config.description);
        if config.parallelism != 0 {
            out.name("parallelism").raw(&config.parallelism.to_string());
        }
        write_overlap(out, config.overlap);
        if let Some(timeout) = config.timeout {
            out.name("timeout").string(&units::duration(timeout));
        }
        out.table("env", &config.env);
        values::write_parameters(out, &config.parameters);
        out.source(config.source.as_ref().filter(|_| with_sources));
        out.name("tasks").object(|out| {
            for (id, task) in &config.tasks {
                out.name(id).object(|out| write_task(out, task, with_sources));
            }
        });
    });
    out.text.push('\n');
    out.text
}

fn write_overlap(out: &mut Writer, overlap: Overlap) {
    match overlap {
        Overlap::Allow => {}
        Overlap::Forbid => out.name("overlap").string("forbid"),
        Overlap::Replace => out.name("overlap").string("replace"),
        Overlap::Queue(length) => out.name("overlap").object(|out| out.name("queue").raw(&length.to_string())),
    }
}

fn write_task(out: &mut Writer, task: &TaskConfig, with_sources: bool) {
    out.text("description", &task.description);
    out.text("image", &task.image);
    if task.pull != Pull::default() {
        out.name("pull").string(task.pull.name());
    }
    out.words("entrypoint", &task.entrypoint);
    out.words("command", &task.command);
    out.text("working_directory", &task.working_directory);
    write_parents(out, &task.depends_on);
    values::write_conditions(out, &task.when);
    values::write_kind(out, &task.kind);
    if task.retry != RetryConfig::default() {
        write_retry(out, &task.retry);
    }
    if let Some(timeout) = task.timeout {
        out.name("timeout").string(&units::duration(timeout));
    }
    if task.cpu_millis != 0 {
        out.name("cpu").string(&units::decimal(task.cpu_millis, 3));
    }
    if task.memory_bytes != 0 {
        out.name("memory").string(&units::memory(task.memory_bytes));
    }
    if let Some(driver) = task.driver {
        out.name("driver").string(driver.name());
    }
    if task.allow_failure {
        out.name("allow_failure").raw("true");
    }
    out.table("constraints", &task.constraints);
    out.table("env", &task.env);
    values::write_named(out, "inputs", &task.inputs);
    out.table("secret_env", &task.secret_env);
    out.table("secret_files", &task.secret_files);
    out.source(task.source.as_ref().filter(|_| with_sources));
}

fn write_parents(out: &mut Writer, parents: &BTreeMap<String, Requirement>) {
    if parents.values().all(|requirement| *requirement == Requirement::Success) {
        let ids: Vec<String> = parents.keys().cloned().collect();
        out.words("depends_on", &ids);
    } else {
        out.name("depends_on").object(|out| {
            for (parent, requirement) in parents {
                out.name(parent).string(requirement.name());
            }
        });
    }
}

fn write_retry(out: &mut Writer, retry: &RetryConfig) {
    out.name("retry").object(|out| {
        out.name("attempts").raw(&retry.attempts.to_string());
        out.name("backoff").string(&units::duration(retry.backoff));
        out.name("backoff_max").string(&units::duration(retry.backoff_max));
        out.name("multiplier").raw(&units::decimal(u64::from(retry.multiplier_percent), 2));
        out.name("retry_lost").raw(if retry.retry_lost { "true" } else { "false" });
    });
}

/// JSON with two spaces a level, one member a line.
struct Writer {
    text: String,
    depth: usize,
    /// Nothing was written into the innermost brackets yet.
    is_first: bool,
}

impl Writer {
    fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.brackets('{', '}', members);
    }

    fn brackets(&mut self, open: char, close: char, members: impl FnOnce(&mut Self)) {
        self.text.push(open);
        self.depth += 1;
        self.is_first = true;
        members(self);
        self.depth -= 1;
        if !self.is_first {
            self.line();
        }
        self.is_first = false;
        self.text.push(close);
    }

    fn line(&mut self) {
        self.text.push('\n');
        self.text.push_str(&"  ".repeat(self.depth));
    }

    /// Begins a member of the innermost brackets.
    fn member(&mut self) {
        if !self.is_first {
            self.text.push(',');
        }
        self.is_first = false;
        self.line();
    }

    fn name(&mut self, name: &str) -> &mut Self {
        self.member();
        self.string(name);
        self.text.push_str(": ");
        self
    }

    fn raw(&mut self, value: &str) {
        self.text.push_str(value);
    }

    fn string(&mut self, value: &str) {
        self.text.push('"');
        for c in value.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\u{8}' => self.text.push_str("\\b"),
                '\t' => self.text.push_str("\\t"),
                '\n' => self.text.push_str("\\n"),
                '\u{c}' => self.text.push_str("\\f"),
                '\r' => self.text.push_str("\\r"),
                c if c < ' ' => self.text.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }

    /// A text, unless it is empty.
    fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.name(name).string(value);
        }
    }

    /// A list of texts, unless it is empty.
    fn words(&mut self, name: &str, words: &[String]) {
        if !words.is_empty() {
            self.name(name).list(words);
        }
    }

    fn list(&mut self, words: &[String]) {
        self.brackets('[', ']', |out| {
            for word in words {
                out.member();
                out.string(word);
            }
        });
    }

    /// Names and texts, unless there are none.
    fn table(&mut self, name: &str, table: &BTreeMap<String, String>) {
        if !table.is_empty() {
            self.name(name).object(|out| {
                for (name, value) in table {
                    out.name(name).string(value);
                }
            });
        }
    }

    fn source(&mut self, source: Option<&Source>) {
        if let Some(source) = source {
            self.name("source").object(|out| {
                out.name("file").string(&source.file);
                out.name("line").raw(&source.line.to_string());
            });
        }
    }
}
