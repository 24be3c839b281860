//! Parameters: what a run is given, checked against what its pipeline asks for.

use std::collections::BTreeMap;

use crate::config::PipelineConfig;
use crate::limits::ID_BYTES_MAX;
use crate::rejection::{Reason, Rejection};
use crate::values::{Parameter, ParameterKind};

/// The variables of a run that was given these: every parameter has a value, its own or the default.
///
/// A pipeline without parameters takes any variables.
///
/// # Errors
/// Every value that is missing, is none of its kind, or belongs to no parameter.
pub fn resolve(
    config: &PipelineConfig,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Vec<Rejection>> {
    fill(config, given, &|_| false)
}

/// As [`resolve`], without those whose values are computed.
fn fill(
    config: &PipelineConfig,
    given: &BTreeMap<String, String>,
    is_computed: &dyn Fn(&str) -> bool,
) -> Result<BTreeMap<String, String>, Vec<Rejection>> {
    let mut values = given.clone();
    let mut faults = unknown(config, given.keys());
    if config.parameters.is_empty() {
        return Ok(values);
    }
    for (name, parameter) in &config.parameters {
        match (values.get(name), &parameter.default) {
            (Some(value), _) => {
                if let Err(why) = check_value(&parameter.kind, value) {
                    faults.push(fault(name, format!("parameter {name} {why}"), describe(parameter)));
                }
            }
            (None, Some(default)) => drop(values.insert(name.clone(), default.clone())),
            (None, None) if is_computed(name) => {}
            (None, None) => {
                let message = format!("parameter {name} is missing, and has no default");
                faults.push(fault(name, message, format!("give it; {}", describe(parameter))));
            }
        }
    }
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

/// Checks that a run could be given these variables, and others whose values will be computed when it starts.
///
/// # Errors
/// As [`resolve`], and every variable that stands among both.
pub(crate) fn check<T>(
    config: &PipelineConfig,
    given: &BTreeMap<String, String>,
    computed: &BTreeMap<String, T>,
) -> Result<(), Vec<Rejection>> {
    let mut faults = unknown(config, computed.keys());
    for name in given.keys().filter(|name| computed.contains_key(*name)) {
        let message = format!("variable {:?} has both a value and an expression", short(name));
        faults.push(fault(name, message, "take it out of one of them".into()));
    }
    faults.extend(fill(config, given, &|name| computed.contains_key(name)).err().into_iter().flatten());
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// A fault for each name that is none of a parameter. A pipeline without parameters takes any.
fn unknown<'a>(config: &PipelineConfig, names: impl Iterator<Item = &'a String>) -> Vec<Rejection> {
    let is_unknown = |name: &&String| !config.parameters.is_empty() && !config.parameters.contains_key(*name);
    let fault = |name: &String| {
        let shown = short(name);
        let known: Vec<&str> = config.parameters.keys().map(String::as_str).take(10).collect();
        let message = format!("pipeline {} has no parameter {shown:?}", config.id);
        fault(&shown, message, format!("its parameters are {}", known.join(", ")))
    };
    names.filter(is_unknown).map(fault).collect()
}

fn short(name: &str) -> String {
    name.chars().take(ID_BYTES_MAX).collect()
}

fn fault(name: &str, message: String, help: String) -> Rejection {
    Rejection::new(Reason::InvalidArgument, message).field(format!("variables.{}", name.escape_debug())).help(help)
}

/// Whether a value is one of a kind; the error goes on from the parameter's name.
pub(crate) fn check_value(kind: &ParameterKind, value: &str) -> Result<(), String> {
    let short: String = value.chars().take(80).collect();
    let is_fine = match kind {
        ParameterKind::Text => true,
        ParameterKind::Integer { least, most } => whole(value).is_some_and(|number| (*least..=*most).contains(&number)),
        ParameterKind::Boolean => matches!(value, "true" | "false"),
        ParameterKind::Choice(choices) => choices.iter().any(|choice| choice == value),
        ParameterKind::List => value.lines().all(|line| !line.is_empty()),
    };
    if is_fine { Ok(()) } else { Err(format!("is {short:?}, which is not allowed")) }
}

/// Only the shortest form, so that equal numbers are equal texts.
fn whole(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

fn describe(parameter: &Parameter) -> String {
    match &parameter.kind {
        ParameterKind::Text => "any text will do".into(),
        ParameterKind::Integer { least, most } => format!("a whole number from {least} to {most} will do"),
        ParameterKind::Boolean => "true or false will do".into(),
        ParameterKind::Choice(choices) => format!("one of {} will do", choices.join(", ")),
        ParameterKind::List => "lines of text, none of them empty, will do".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::pipeline_config;

    fn resolved(kind: ParameterKind, default: Option<&str>, given: Option<&str>) -> Result<String, String> {
        let mut config = pipeline_config("p");
        let parameter = Parameter { description: String::new(), kind, default: default.map(String::from) };
        config.parameters.insert("A".into(), parameter);
        let given = given.map(|value| ("A".to_owned(), value.to_owned())).into_iter().collect();
        resolve(&config, &given).map(|values| values["A"].clone()).map_err(|faults| faults[0].message.clone())
    }

    #[test]
    fn a_value_is_of_its_kind() {
        let integer = || ParameterKind::Integer { least: -1, most: 12 };
        for good in ["-1", "0", "12"] {
            assert_eq!(resolved(integer(), None, Some(good)).as_deref(), Ok(good));
        }
        for bad in ["", "13", "-2", "+1", "01", "1.0", " 1", "99999999999999999999"] {
            assert!(resolved(integer(), None, Some(bad)).is_err(), "{bad:?}");
        }
        for (kind, good, bad) in [
            (ParameterKind::Boolean, "true", "True"),
            (ParameterKind::Choice(vec!["a".into(), "b".into()]), "b", "c"),
            (ParameterKind::List, "a\nb", "a\n\nb"),
        ] {
            assert_eq!(resolved(kind.clone(), None, Some(good)).as_deref(), Ok(good));
            assert!(resolved(kind, None, Some(bad)).unwrap_err().contains("not allowed"));
        }
        assert_eq!(resolved(ParameterKind::List, None, Some("")).as_deref(), Ok(""));
    }

    #[test]
    fn defaults_fill_in_and_what_is_missing_is_named() {
        assert_eq!(resolved(ParameterKind::Text, Some("x"), None).as_deref(), Ok("x"));
        assert_eq!(resolved(ParameterKind::Text, Some("x"), Some("")).as_deref(), Ok(""));
        assert!(resolved(ParameterKind::Text, None, None).unwrap_err().contains("A is missing"));
    }

    #[test]
    fn only_a_pipeline_without_parameters_takes_anything() {
        let given: BTreeMap<_, _> = [("B".to_owned(), "1".to_owned())].into();
        let mut config = pipeline_config("p");
        assert_eq!(resolve(&config, &given).as_ref(), Ok(&given));
        let parameter =
            Parameter { description: String::new(), kind: ParameterKind::Text, default: Some(String::new()) };
        config.parameters.insert("A".into(), parameter);
        let faults = resolve(&config, &given).unwrap_err();
        assert_eq!((faults.len(), faults[0].field.as_str()), (1, "variables.B"));
    }
}
