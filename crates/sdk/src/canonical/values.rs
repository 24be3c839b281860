//! Parameters, conditions and the like in the canonical JSON.

use std::collections::BTreeMap;

use super::Writer;
use crate::config::{ConditionConfig, ItemsConfig, KindConfig, ParameterConfig, ParameterKind, ValueConfig};

pub(super) fn write_parameters(out: &mut Writer, parameters: &BTreeMap<String, ParameterConfig>) {
    if parameters.is_empty() {
        return;
    }
    out.name("parameters").object(|out| {
        for (name, parameter) in parameters {
            out.name(name).object(|out| write_parameter(out, parameter));
        }
    });
}

fn write_parameter(out: &mut Writer, parameter: &ParameterConfig) {
    out.text("description", &parameter.description);
    match &parameter.kind {
        ParameterKind::Text => {}
        ParameterKind::Integer { least, most } => {
            out.name("type").string("integer");
            if *least != i64::MIN {
                out.name("least").raw(&least.to_string());
            }
            if *most != i64::MAX {
                out.name("most").raw(&most.to_string());
            }
        }
        ParameterKind::Boolean => out.name("type").string("boolean"),
        ParameterKind::Choice(choices) => {
            out.name("type").string("choice");
            out.words("choices", choices);
        }
        ParameterKind::List => out.name("type").string("list"),
    }
    if let Some(default) = &parameter.default {
        out.name("default").string(default);
    }
}

pub(super) fn write_conditions(out: &mut Writer, conditions: &[ConditionConfig]) {
    if conditions.is_empty() {
        return;
    }
    out.name("when").brackets('[', ']', |out| {
        for condition in conditions {
            out.member();
            out.object(|out| {
                write_origin(out, &condition.value);
                let (name, texts) = condition.test.parts();
                out.name(name).list(texts);
            });
        }
    });
}

pub(super) fn write_kind(out: &mut Writer, kind: &KindConfig) {
    match kind {
        KindConfig::Container => {}
        KindConfig::Approval(approvers) => out.name("approval").object(|out| out.words("approvers", approvers)),
        KindConfig::Run(run) => out.name("run").object(|out| {
            out.name("pipeline").string(&run.pipeline);
            write_named(out, "variables", &run.variables);
            match &run.for_each {
                None => {}
                Some(ItemsConfig::These(texts)) => out.name("for_each").list(texts),
                Some(ItemsConfig::Lines(value)) => write_value(out.name("for_each"), value),
            }
            if run.parallelism != 0 {
                out.name("parallelism").raw(&run.parallelism.to_string());
            }
        }),
        KindConfig::Uses(uses) => {
            out.name("uses").string(&uses.reference());
            write_named(out, "settings", &uses.settings);
        }
    }
}

/// Names and values, unless there are none.
pub(super) fn write_named(out: &mut Writer, name: &str, values: &BTreeMap<String, ValueConfig>) {
    if !values.is_empty() {
        out.name(name).object(|out| {
            for (name, value) in values {
                write_value(out.name(name), value);
            }
        });
    }
}

fn write_value(out: &mut Writer, value: &ValueConfig) {
    match value {
        ValueConfig::Text(text) => out.string(text),
        value => out.object(|out| write_origin(out, value)),
    }
}

/// The member that says where a value comes from.
fn write_origin(out: &mut Writer, value: &ValueConfig) {
    match value {
        ValueConfig::Text(text) => out.name("text").string(text),
        ValueConfig::Variable(name) => out.name("variable").string(name),
        ValueConfig::Output { task, name } => out.name("output").string(&format!("{task}.{name}")),
        ValueConfig::Item => out.name("item").raw("true"),
    }
}
