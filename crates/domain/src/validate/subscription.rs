//! What a subscription says, as far as it can be judged without a look at its expressions.

use std::collections::BTreeMap;

use super::Faults;
use super::trigger::setting_name;
use crate::limits::{
    EXPRESSION_BYTES_MAX, ID_BYTES_MAX, SETTING_BYTES_MAX, SETTINGS_MAX, SUBSCRIPTION_BYTES_MAX,
    VARIABLE_NAME_BYTES_MAX, VARIABLES_MAX,
};
use crate::rejection::Rejection;
use crate::subscription::SubscriptionSpec;

/// Checks a subscription but for its expressions, which are text here, and the options of its runs.
///
/// # Errors
/// Every fault.
pub fn validate_subscription(spec: &SubscriptionSpec) -> Result<(), Vec<Rejection>> {
    let SubscriptionSpec { description, trigger: _, settings, filter, variables, options: _ } = spec;
    let mut faults = Faults::default();
    let bytes = bytes(spec);
    if bytes > SUBSCRIPTION_BYTES_MAX {
        let message =
            format!("the texts of the subscription have {bytes} bytes, the limit is {SUBSCRIPTION_BYTES_MAX}");
        faults.add("", message, "let the pipeline have what is long as the default of a parameter, or as an object");
    }
    faults.text("description", description);
    if faults.count("settings", settings.len(), SETTINGS_MAX) {
        for (name, value) in settings {
            let field = setting_name(&mut faults, name);
            faults.length(&field, value, SETTING_BYTES_MAX);
            faults.no_nul(&field, value);
        }
    }
    faults.length("filter", filter, EXPRESSION_BYTES_MAX);
    check_variables(&mut faults, variables);
    faults.result()
}

fn check_variables(faults: &mut Faults, variables: &BTreeMap<String, String>) {
    if !faults.count("variables", variables.len(), VARIABLES_MAX) {
        return;
    }
    for (name, expression) in variables {
        let shown: String = name.chars().take(ID_BYTES_MAX).collect();
        let field = format!("variables.{}", shown.escape_debug());
        if name.is_empty() || name.len() > VARIABLE_NAME_BYTES_MAX || name.contains(['=', '\0']) {
            let message = format!("the variable name {shown:?} is not allowed");
            let help = format!("use 1 to {VARIABLE_NAME_BYTES_MAX} bytes that are neither '=' nor NUL");
            faults.add(field.clone(), message, help);
        }
        faults.length(&field, expression, EXPRESSION_BYTES_MAX);
        if expression.is_empty() {
            faults.add(
                field.clone(),
                format!("{field} has an empty expression"),
                "say what its value is, or leave it out",
            );
        }
    }
}

fn bytes(spec: &SubscriptionSpec) -> usize {
    let SubscriptionSpec { description, trigger: _, settings, filter, variables, options } = spec;
    let pairs = settings.iter().chain(variables).chain(&options.variables).chain(&options.labels);
    let pairs: usize = pairs.map(|(name, value)| name.len() + value.len()).sum();
    description.len() + filter.len() + pairs + options.note.len()
}
