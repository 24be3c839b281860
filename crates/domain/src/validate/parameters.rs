//! Parameters of a pipeline.

use std::fmt::Display;

use super::Faults;
use super::values::is_name;
use crate::config::PipelineConfig;
use crate::limits::{CHOICES_MAX, NAME_BYTES_MAX, PARAMETERS_MAX, REFERENCE_BYTES_MAX, VARIABLE_VALUE_BYTES_MAX};
use crate::parameter;
use crate::values::{Parameter, ParameterKind};

pub(super) fn check_parameters(faults: &mut Faults, config: &PipelineConfig) {
    if !faults.count("parameters", config.parameters.len(), PARAMETERS_MAX) {
        return;
    }
    for (name, parameter) in &config.parameters {
        let field = format_args!("parameters.{}", name.escape_debug());
        check_name(faults, field, name);
        faults.text(format_args!("{field}.description"), &parameter.description);
        check_kind(faults, field, parameter);
        if let Some(default) = &parameter.default {
            faults.length(format_args!("{field}.default"), default, VARIABLE_VALUE_BYTES_MAX);
            faults.no_nul(format_args!("{field}.default"), default);
            if let Err(why) = parameter::check_value(&parameter.kind, default) {
                let message = format!("the default of parameter {name} {why}");
                faults.add(format!("{field}.default"), message, "give one that a run could be given");
            }
        }
    }
}

/// The name of a variable that a pipeline defines: one that every shell can read.
pub(super) fn check_name(faults: &mut Faults, field: impl Display, name: &str) {
    if !is_name(name) {
        let shown: String = name.chars().take(NAME_BYTES_MAX).collect();
        let help = format!("use 1 to {NAME_BYTES_MAX} ASCII letters, digits or '_', no digit first");
        faults.add(field.to_string(), format!("the name {shown:?} is not allowed"), help);
    } else if name.starts_with("GOFER_") {
        faults.add(
            field.to_string(),
            format!("the name {name} is Gofer's own"),
            "choose one that does not begin with GOFER_",
        );
    }
}

fn check_kind(faults: &mut Faults, field: impl Display, parameter: &Parameter) {
    match &parameter.kind {
        ParameterKind::Text | ParameterKind::Boolean | ParameterKind::List => {}
        ParameterKind::Integer { least, most } if least > most => {
            let message = format!("{field} allows no number: from {least} to {most}");
            faults.add(field.to_string(), message, "let the least be no greater than the most");
        }
        ParameterKind::Integer { .. } => {}
        ParameterKind::Choice(choices) => {
            if choices.is_empty() {
                faults.add(field.to_string(), format!("{field} has no choices"), "give at least one");
            }
            if faults.count(format_args!("{field}.choices"), choices.len(), CHOICES_MAX) {
                for (number, choice) in choices.iter().enumerate() {
                    faults.length(format_args!("{field}.choices.{number}"), choice, REFERENCE_BYTES_MAX);
                    faults.no_nul(format_args!("{field}.choices.{number}"), choice);
                }
            }
        }
    }
}
