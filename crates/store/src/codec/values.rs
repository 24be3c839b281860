//! What pipelines and runs pass on: parameters, conditions, and tasks that are no containers.

use std::collections::BTreeMap;

use gofer_domain::shared::Pins;
use gofer_domain::values::{
    Approval, Call, Condition, Items, Parameter, ParameterKind, SharedTask, TaskKind, Test, Value,
};
use gofer_domain::{TaskId, Version};
use gofer_wire::model::v1 as model;
use model::task_config::Kind;

use super::{DecodeError, Result, pipeline_id, required, task_id, unknown};

pub(super) fn parameters_to_wire(parameters: &BTreeMap<String, Parameter>) -> Vec<model::Parameter> {
    parameters.iter().map(|(name, parameter)| parameter_to_wire(name, parameter)).collect()
}

fn parameter_to_wire(name: &str, parameter: &Parameter) -> model::Parameter {
    let mut message = model::Parameter {
        name: name.to_owned(),
        description: parameter.description.clone(),
        default_value: parameter.default.clone(),
        ..model::Parameter::default()
    };
    let kind = match &parameter.kind {
        ParameterKind::Text => model::ParameterType::Text,
        ParameterKind::Integer { least, most } => {
            (message.least, message.most) = (*least, *most);
            model::ParameterType::Integer
        }
        ParameterKind::Boolean => model::ParameterType::Boolean,
        ParameterKind::Choice(choices) => {
            message.choices.clone_from(choices);
            model::ParameterType::Choice
        }
        ParameterKind::List => model::ParameterType::List,
    };
    message.set_type(kind);
    message
}

pub(super) fn parameters_from_wire(parameters: Vec<model::Parameter>) -> Result<BTreeMap<String, Parameter>> {
    let mut map = BTreeMap::new();
    for parameter in parameters {
        let name = parameter.name.clone();
        let field = format!("parameters.{}", name.escape_debug());
        let decoded = parameter_from_wire(parameter).map_err(|error| error.within(&field))?;
        if map.insert(name, decoded).is_some() {
            return Err(DecodeError::new(field, "comes twice; keep one"));
        }
    }
    Ok(map)
}

fn parameter_from_wire(parameter: model::Parameter) -> Result<Parameter> {
    let model::Parameter { r#type, least, most, choices, description, default_value: default, .. } = parameter;
    let kind = match model::ParameterType::try_from(r#type) {
        Ok(model::ParameterType::Unspecified | model::ParameterType::Text) => ParameterKind::Text,
        Ok(model::ParameterType::Integer) => ParameterKind::Integer { least, most },
        Ok(model::ParameterType::Boolean) => ParameterKind::Boolean,
        Ok(model::ParameterType::Choice) => ParameterKind::Choice(choices.clone()),
        Ok(model::ParameterType::List) => ParameterKind::List,
        Err(_) => return Err(unknown("type", r#type)),
    };
    // Anything else would not encode to the same bytes again.
    if !matches!(kind, ParameterKind::Integer { .. }) && (least, most) != (0, 0) {
        return Err(DecodeError::new("least", "a range only goes with whole numbers; remove it"));
    }
    if !matches!(kind, ParameterKind::Choice(_)) && !choices.is_empty() {
        return Err(DecodeError::new("choices", "only go with the type choice; remove them"));
    }
    Ok(Parameter { description, kind, default })
}

fn value_to_wire(value: &Value) -> model::Value {
    use model::value::Kind;
    let kind = match value {
        Value::Text(text) => Kind::Text(text.clone()),
        Value::Variable(name) => Kind::Variable(name.clone()),
        Value::Output { task, name } => Kind::Output(model::OutputRef { task: task.to_string(), name: name.clone() }),
        Value::Item => Kind::Item(true),
    };
    model::Value { kind: Some(kind) }
}

fn value_from_wire(value: Option<model::Value>, field: &str) -> Result<Value> {
    use model::value::Kind;
    Ok(match required(value.and_then(|value| value.kind), field)? {
        Kind::Text(text) => Value::Text(text),
        Kind::Variable(name) => Value::Variable(name),
        Kind::Output(output) => Value::Output { task: task_id(&output.task, field)?, name: output.name },
        Kind::Item(true) => Value::Item,
        Kind::Item(false) => return Err(DecodeError::new(field, "can't be the element and not be it; make it true")),
    })
}

pub(super) fn named_to_wire(values: &BTreeMap<String, Value>) -> Vec<model::NamedValue> {
    let named =
        |(name, value): (&String, &Value)| model::NamedValue { name: name.clone(), value: Some(value_to_wire(value)) };
    values.iter().map(named).collect()
}

pub(super) fn named_from_wire(values: Vec<model::NamedValue>, field: &str) -> Result<BTreeMap<String, Value>> {
    let mut map = BTreeMap::new();
    for model::NamedValue { name, value } in values {
        let path = format!("{field}.{}", name.escape_debug());
        let value = value_from_wire(value, &path)?;
        if map.insert(name, value).is_some() {
            return Err(DecodeError::new(path, "comes twice; keep one"));
        }
    }
    Ok(map)
}

pub(super) fn condition_to_wire(condition: &Condition) -> model::Condition {
    let (any_of, none_of) = match &condition.test {
        Test::Is(texts) => (texts.clone(), Vec::new()),
        Test::IsNot(texts) => (Vec::new(), texts.clone()),
    };
    model::Condition { value: Some(value_to_wire(&condition.value)), any_of, none_of }
}

pub(super) fn condition_from_wire(condition: model::Condition) -> Result<Condition> {
    let test = match (condition.any_of, condition.none_of) {
        (texts, none) if none.is_empty() => Test::Is(texts),
        (none, texts) if none.is_empty() => Test::IsNot(texts),
        _ => return Err(DecodeError::new("conditions", "one compares in two ways; make two conditions of it")),
    };
    Ok(Condition { value: value_from_wire(condition.value, "conditions.value")?, test })
}

pub(super) fn kind_to_wire(kind: &TaskKind) -> Option<Kind> {
    match kind {
        TaskKind::Container => None,
        TaskKind::Approval(Approval { approvers }) => {
            Some(Kind::Approval(model::Approval { approvers: approvers.clone() }))
        }
        TaskKind::Pipeline(call) => Some(Kind::Call(model::Call {
            pipeline: call.pipeline.to_string(),
            variables: named_to_wire(&call.variables),
            for_each: call.items.as_ref().map(items_to_wire),
            parallelism: call.parallelism,
        })),
        TaskKind::Shared(shared) => Some(Kind::Shared(model::SharedTask {
            name: shared.name.to_string(),
            version: shared.version.map_or(0, |version| version.0),
            settings: named_to_wire(&shared.settings),
        })),
    }
}

pub(super) fn kind_from_wire(kind: Option<Kind>) -> Result<TaskKind> {
    Ok(match kind {
        None => TaskKind::Container,
        Some(Kind::Approval(model::Approval { approvers })) => TaskKind::Approval(Approval { approvers }),
        Some(Kind::Call(call)) => TaskKind::Pipeline(Box::new(Call {
            pipeline: pipeline_id(&call.pipeline, "call.pipeline")?,
            variables: named_from_wire(call.variables, "call.variables")?,
            items: call.for_each.map(items_from_wire).transpose()?,
            parallelism: call.parallelism,
        })),
        Some(Kind::Shared(shared)) => TaskKind::Shared(Box::new(SharedTask {
            name: pipeline_id(&shared.name, "shared.name")?,
            version: (shared.version != 0).then_some(Version(shared.version)),
            settings: named_from_wire(shared.settings, "settings")?,
        })),
    })
}

pub(super) fn pins_to_wire(pins: &Pins) -> Vec<model::SharedVersion> {
    let pin =
        |(task, version): (&TaskId, &Version)| model::SharedVersion { task: task.to_string(), version: version.0 };
    pins.iter().map(pin).collect()
}

pub(super) fn pins_from_wire(pins: &[model::SharedVersion]) -> Result<Pins> {
    let mut map = Pins::new();
    for pin in pins {
        let task = task_id(&pin.task, "shared.task")?;
        // Anything else would not encode to the same bytes again.
        if map.last_key_value().is_some_and(|(last, _)| *last >= task) {
            return Err(DecodeError::new("shared", "is not sorted, or a task comes twice"));
        }
        map.insert(task, Version(pin.version));
    }
    Ok(map)
}

fn items_to_wire(items: &Items) -> model::Items {
    use model::items::Kind;
    let kind = match items {
        Items::These(texts) => Kind::These(model::TextList { texts: texts.clone() }),
        Items::Lines(value) => Kind::Lines(value_to_wire(value)),
    };
    model::Items { kind: Some(kind) }
}

fn items_from_wire(items: model::Items) -> Result<Items> {
    use model::items::Kind;
    Ok(match required(items.kind, "call.for_each")? {
        Kind::These(list) => Items::These(list.texts),
        Kind::Lines(value) => Items::Lines(value_from_wire(Some(value), "call.for_each.lines")?),
    })
}

/// Ids of tasks, sorted.
pub(super) fn task_ids_from_wire(ids: &[String]) -> Result<std::collections::BTreeSet<TaskId>> {
    let set = ids.iter().map(|id| task_id(id, "tasks")).collect::<Result<std::collections::BTreeSet<_>>>()?;
    // Anything else would not encode to the same bytes again.
    let is_sorted = ids.is_sorted_by(|one, next| one < next);
    if is_sorted { Ok(set) } else { Err(DecodeError::new("tasks", "are not sorted, or one comes twice")) }
}
