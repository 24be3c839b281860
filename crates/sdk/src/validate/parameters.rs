//! Parameters of a pipeline.

use super::{Faults, shown};
use crate::config::{ParameterConfig, ParameterKind, PipelineConfig};
use crate::limits::{CHOICES_MAX, NAME_BYTES_MAX, PARAMETERS_MAX, REFERENCE_BYTES_MAX, VARIABLE_VALUE_BYTES_MAX};

pub(super) fn check(faults: &mut Faults, config: &PipelineConfig) {
    if !faults.count("parameters", config.parameters.len(), PARAMETERS_MAX) {
        return;
    }
    for (name, parameter) in &config.parameters {
        faults.source = parameter.source.clone().or_else(|| config.source.clone());
        check_parameter(faults, name, parameter);
    }
    faults.source.clone_from(&config.source);
}

fn check_parameter(faults: &mut Faults, name: &str, parameter: &ParameterConfig) {
    let field = format!("parameters.{}", name.escape_debug());
    check_name(faults, &field, name);
    faults.text(&format!("{field}.description"), &parameter.description);
    check_kind(faults, &field, &parameter.kind);
    if let Some(default) = &parameter.default {
        let field = format!("{field}.default");
        faults.length(&field, default, VARIABLE_VALUE_BYTES_MAX);
        faults.no_nul(&field, default);
        if !is_of(&parameter.kind, default) {
            let short: String = default.chars().take(80).collect();
            let message = format!("the default of parameter {name} is {short:?}, which is not allowed");
            faults.add(field, message, "give one that a run could be given");
        }
    }
}

fn check_kind(faults: &mut Faults, field: &str, kind: &ParameterKind) {
    match kind {
        ParameterKind::Integer { least, most } if least > most => {
            let message = format!("{field} allows no number: from {least} to {most}");
            faults.add(field, message, "let the least be no greater than the most");
        }
        ParameterKind::Text | ParameterKind::Integer { .. } | ParameterKind::Boolean | ParameterKind::List => {}
        ParameterKind::Choice(choices) => {
            if choices.is_empty() {
                faults.add(field, format!("{field} has no choices"), "give at least one");
            }
            faults.texts(&format!("{field}.choices"), choices, CHOICES_MAX);
        }
    }
}

/// The name of a variable that a pipeline defines: one that every shell can read.
pub(super) fn check_name(faults: &mut Faults, field: &str, name: &str) {
    if !is_name(name) {
        let help = format!("use 1 to {NAME_BYTES_MAX} ASCII letters, digits or '_', no digit first");
        faults.add(field, format!("the name {:?} is not allowed", shown(name)), help);
    } else if name.starts_with("GOFER_") {
        faults.add(field, format!("the name {name} is Gofer's own"), "choose one that does not begin with GOFER_");
    }
}

/// Whether a text may name a parameter or an output.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME_BYTES_MAX
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a value is one of a kind.
fn is_of(kind: &ParameterKind, value: &str) -> bool {
    match kind {
        ParameterKind::Text => true,
        ParameterKind::Integer { least, most } => {
            // Only the shortest form, so that equal numbers are equal texts.
            let number = value.parse::<i64>().ok().filter(|number| number.to_string() == value);
            number.is_some_and(|number| (*least..=*most).contains(&number))
        }
        ParameterKind::Boolean => matches!(value, "true" | "false"),
        ParameterKind::Choice(choices) => choices.iter().any(|choice| choice == value),
        ParameterKind::List => value.lines().all(|line| !line.is_empty()),
    }
}

impl Faults {
    /// Texts that others are compared with, or that are gone through.
    pub(super) fn texts(&mut self, field: &str, texts: &[String], limit: usize) {
        if self.count(field, texts.len(), limit) {
            for (number, text) in texts.iter().enumerate() {
                self.length(&format!("{field}.{number}"), text, REFERENCE_BYTES_MAX);
                self.no_nul(&format!("{field}.{number}"), text);
            }
        }
    }
}
