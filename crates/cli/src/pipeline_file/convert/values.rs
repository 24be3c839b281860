//! Between the values of a pipeline file and those on the wire.

use gofer_sdk::config as sdk;
use gofer_wire::model::v1 as model;
use model::task_config::Kind;

use crate::pipeline_file::document::Table;
use crate::pipeline_file::document::values::{Approval, Condition, Items, Parameter, Run, Uses, Value};

pub(super) fn parameters_to_wire(parameters: Table<Parameter>) -> Vec<model::Parameter> {
    parameters.0.into_iter().map(|(name, Parameter(parameter))| parameter_to_wire(name, parameter)).collect()
}

fn parameter_to_wire(name: String, parameter: sdk::ParameterConfig) -> model::Parameter {
    let mut message = model::Parameter {
        name,
        description: parameter.description,
        default_value: parameter.default,
        ..model::Parameter::default()
    };
    let kind = match parameter.kind {
        sdk::ParameterKind::Text => model::ParameterType::Text,
        sdk::ParameterKind::Integer { least, most } => {
            (message.least, message.most) = (least, most);
            model::ParameterType::Integer
        }
        sdk::ParameterKind::Boolean => model::ParameterType::Boolean,
        sdk::ParameterKind::Choice(choices) => {
            message.choices = choices;
            model::ParameterType::Choice
        }
        sdk::ParameterKind::List => model::ParameterType::List,
    };
    message.set_type(kind);
    message
}

pub(super) fn parameters_from_wire(parameters: &[model::Parameter]) -> Table<Parameter> {
    let named = |parameter: &model::Parameter| (parameter.name.clone(), parameter_from_wire(parameter));
    Table(parameters.iter().map(named).collect())
}

fn parameter_from_wire(parameter: &model::Parameter) -> Parameter {
    let kind = match parameter.r#type() {
        model::ParameterType::Unspecified | model::ParameterType::Text => sdk::ParameterKind::Text,
        model::ParameterType::Integer => sdk::ParameterKind::Integer { least: parameter.least, most: parameter.most },
        model::ParameterType::Boolean => sdk::ParameterKind::Boolean,
        model::ParameterType::Choice => sdk::ParameterKind::Choice(parameter.choices.clone()),
        model::ParameterType::List => sdk::ParameterKind::List,
    };
    let (description, default) = (parameter.description.clone(), parameter.default_value.clone());
    Parameter(sdk::ParameterConfig { description, kind, default, source: None })
}

fn value_to_wire(value: sdk::ValueConfig) -> model::Value {
    use model::value::Kind;
    let kind = match value {
        sdk::ValueConfig::Text(text) => Kind::Text(text),
        sdk::ValueConfig::Variable(name) => Kind::Variable(name),
        sdk::ValueConfig::Output { task, name } => Kind::Output(model::OutputRef { task, name }),
        sdk::ValueConfig::Item => Kind::Item(true),
    };
    model::Value { kind: Some(kind) }
}

/// A value without a kind is one that no cluster registers.
fn value_from_wire(value: Option<&model::Value>) -> sdk::ValueConfig {
    use model::value::Kind;
    match value.and_then(|value| value.kind.clone()) {
        None => sdk::ValueConfig::Text(String::new()),
        Some(Kind::Text(text)) => sdk::ValueConfig::Text(text),
        Some(Kind::Variable(name)) => sdk::ValueConfig::Variable(name),
        Some(Kind::Output(output)) => sdk::ValueConfig::Output { task: output.task, name: output.name },
        Some(Kind::Item(_)) => sdk::ValueConfig::Item,
    }
}

pub(super) fn conditions_to_wire(conditions: Vec<Condition>) -> Vec<model::Condition> {
    let condition = |Condition(condition): Condition| {
        let (any_of, none_of) = match condition.test {
            sdk::TestConfig::Is(texts) => (texts, Vec::new()),
            sdk::TestConfig::IsNot(texts) => (Vec::new(), texts),
        };
        model::Condition { value: Some(value_to_wire(condition.value)), any_of, none_of }
    };
    conditions.into_iter().map(condition).collect()
}

pub(super) fn conditions_from_wire(conditions: &[model::Condition]) -> Vec<Condition> {
    let condition = |condition: &model::Condition| {
        let test = if condition.none_of.is_empty() {
            sdk::TestConfig::Is(condition.any_of.clone())
        } else {
            sdk::TestConfig::IsNot(condition.none_of.clone())
        };
        Condition(sdk::ConditionConfig { value: value_from_wire(condition.value.as_ref()), test })
    };
    conditions.iter().map(condition).collect()
}

/// Sorted by name, as the wire wants it: a table is in that order.
pub(super) fn named_to_wire(values: Table<Value>) -> Vec<model::NamedValue> {
    let named = |(name, Value(value))| model::NamedValue { name, value: Some(value_to_wire(value)) };
    values.0.into_iter().map(named).collect()
}

pub(super) fn named_from_wire(values: &[model::NamedValue]) -> Table<Value> {
    let named = |one: &model::NamedValue| (one.name.clone(), Value(value_from_wire(one.value.as_ref())));
    Table(values.iter().map(named).collect())
}

/// A file with several was refused before.
pub(super) fn kind_to_wire(
    approval: Option<Approval>,
    run: Option<Run>,
    uses: Option<Uses>,
    settings: Table<Value>,
) -> Option<Kind> {
    if let Some(Approval { approvers }) = approval {
        return Some(Kind::Approval(model::Approval { approvers }));
    }
    if let Some(Uses { task, version }) = uses {
        return Some(Kind::Shared(model::SharedTask { name: task, version, settings: named_to_wire(settings) }));
    }
    run.map(|run| {
        Kind::Call(model::Call {
            pipeline: run.pipeline,
            variables: named_to_wire(run.variables),
            for_each: run.for_each.map(|Items(items)| items_to_wire(items)),
            parallelism: run.parallelism,
        })
    })
}

fn items_to_wire(items: sdk::ItemsConfig) -> model::Items {
    use model::items::Kind;
    let kind = match items {
        sdk::ItemsConfig::These(texts) => Kind::These(model::TextList { texts }),
        sdk::ItemsConfig::Lines(value) => Kind::Lines(value_to_wire(value)),
    };
    model::Items { kind: Some(kind) }
}

/// The fields of a task that say what it does.
#[derive(Default)]
pub(super) struct Kinds {
    pub(super) approval: Option<Approval>,
    pub(super) run: Option<Run>,
    pub(super) uses: Option<Uses>,
    pub(super) settings: Table<Value>,
}

pub(super) fn kind_from_wire(kind: Option<&Kind>) -> Kinds {
    let mut kinds = Kinds::default();
    match kind {
        None => {}
        Some(Kind::Approval(approval)) => kinds.approval = Some(Approval { approvers: approval.approvers.clone() }),
        Some(Kind::Call(call)) => {
            kinds.run = Some(Run {
                pipeline: call.pipeline.clone(),
                variables: named_from_wire(&call.variables),
                for_each: call.for_each.as_ref().map(items_from_wire),
                parallelism: call.parallelism,
            });
        }
        Some(Kind::Shared(shared)) => {
            kinds.uses = Some(Uses { task: shared.name.clone(), version: shared.version });
            kinds.settings = named_from_wire(&shared.settings);
        }
    }
    kinds
}

fn items_from_wire(items: &model::Items) -> Items {
    use model::items::Kind;
    Items(match &items.kind {
        None => sdk::ItemsConfig::These(Vec::new()),
        Some(Kind::These(list)) => sdk::ItemsConfig::These(list.texts.clone()),
        Some(Kind::Lines(value)) => sdk::ItemsConfig::Lines(value_from_wire(Some(value))),
    })
}
