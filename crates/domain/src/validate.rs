//! Which input is acceptable. Every fault is reported (up to a thousand), each with the path of its field and what to do.
//!
//! These checks need nothing but the input itself, so a client may run them before it asks anybody.

mod parameters;
mod pipeline;
mod release;
mod schedule;
mod subscription;
mod task;
#[cfg(test)]
mod tests;
mod trigger;
mod values;

use std::collections::BTreeMap;
use std::fmt::Display;

pub use pipeline::validate_config;
pub use release::validate_strategy;
pub use schedule::validate_schedule;
pub use subscription::validate_subscription;
pub use trigger::{validate_report, validate_trigger};
pub use values::check_outputs;

use crate::config::Resources;
use crate::ids::SecretName;
use crate::limits::ID_BYTES_MAX;
use crate::limits::{
    CPU_MILLIS_MAX, LABELS_MAX, MEMORY_BYTES_MAX, REFERENCE_BYTES_MAX, SLOTS_MAX, TEXT_BYTES_MAX,
    VARIABLE_NAME_BYTES_MAX, VARIABLE_VALUE_BYTES_MAX, VARIABLES_MAX,
};
use crate::node::NodeSpec;
use crate::rejection::{Reason, Rejection};

/// Checks variables of a run, a pipeline or a task; `field` is the path they stand at.
///
/// # Errors
/// Every fault: too many, a name that is empty, too long or holds `=` or NUL, a value that is too long or holds NUL.
pub fn validate_variables(field: &str, variables: &BTreeMap<String, String>) -> Result<(), Vec<Rejection>> {
    let mut faults = Faults::default();
    faults.variables(field, variables);
    faults.result()
}

/// Checks labels; `field` is the path they stand at.
///
/// # Errors
/// Every fault: too many, a name of other characters than allowed, a value that is too long or holds control characters.
pub fn validate_labels(field: &str, labels: &BTreeMap<String, String>) -> Result<(), Vec<Rejection>> {
    let mut faults = Faults::default();
    faults.labels(field, labels);
    faults.result()
}

/// Checks what a node says of itself.
///
/// # Errors
/// Every fault.
pub fn validate_node_spec(spec: &NodeSpec) -> Result<(), Vec<Rejection>> {
    let mut faults = Faults::default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if spec.name.is_empty() || spec.name.len() > ID_BYTES_MAX || !spec.name.chars().all(allowed) {
        let shown: String = spec.name.chars().take(ID_BYTES_MAX).collect();
        let help = format!("use 1 to {ID_BYTES_MAX} ASCII letters, digits, '_', '-' or '.'");
        faults.add("name", format!("the node name {shown:?} is not allowed"), help);
    }
    faults.reference("address", &spec.address);
    if spec.address.rsplit_once(':').is_none_or(|(host, port)| host.is_empty() || port.parse::<u16>().is_err()) {
        faults.add(
            "address",
            format!("address {:?} is not of the form host:port", spec.address),
            "give a host and a port",
        );
    }
    faults.labels("labels", &spec.labels);
    if spec.slots > SLOTS_MAX {
        let message = format!("slots is {}, the limit is {SLOTS_MAX}", spec.slots);
        faults.add("slots", message, "offer fewer slots");
    }
    faults.text("build", &spec.build);
    faults.result()
}

/// Most faults that are reported at once; more of them help nobody.
const FAULTS_MAX: usize = 1_000;

/// The faults found so far.
///
/// Paths of fields are written out only once there is a fault: every node checks every configuration.
#[derive(Debug, Default)]
struct Faults(Vec<Rejection>);

impl Faults {
    fn result(self) -> Result<(), Vec<Rejection>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    fn add(&mut self, field: impl Into<String>, message: impl Into<String>, help: impl Into<String>) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(Rejection::new(Reason::InvalidArgument, message).field(field).help(help));
        }
    }

    /// Says whether `count` is within the limit.
    fn count(&mut self, field: impl Display, count: usize, limit: usize) -> bool {
        if count > limit {
            self.add(field.to_string(), format!("{field} has {count} entries, the limit is {limit}"), "leave some out");
        }
        count <= limit
    }

    fn length(&mut self, field: impl Display, text: &str, limit: usize) {
        if text.len() > limit {
            self.add(
                field.to_string(),
                format!("{field} is {} bytes long, the limit is {limit}", text.len()),
                "shorten it",
            );
        }
    }

    fn no_nul(&mut self, field: impl Display, text: &str) {
        if text.contains('\0') {
            self.add(
                field.to_string(),
                format!("{field} holds a NUL byte"),
                "take it out; no program can be given one",
            );
        }
    }

    /// Free text for people.
    fn text(&mut self, field: impl Display, text: &str) {
        self.length(field, text, TEXT_BYTES_MAX);
    }

    /// An image, a path or an address: short, not empty, no white space or control characters.
    fn reference(&mut self, field: impl Display, text: &str) {
        self.length(&field, text, REFERENCE_BYTES_MAX);
        if text.is_empty() {
            self.add(field.to_string(), format!("{field} is empty"), "name it, or leave it out where it is optional");
        }
        if text.contains(|c: char| c.is_control()) {
            self.add(field.to_string(), format!("{field} holds a control character"), "take it out");
        }
    }

    fn variables(&mut self, field: impl Display, variables: &BTreeMap<String, String>) {
        if !self.count(&field, variables.len(), VARIABLES_MAX) {
            return;
        }
        for (name, value) in variables {
            let shown: String = name.chars().take(ID_BYTES_MAX).collect();
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

    /// The name of a secret.
    fn secret(&mut self, field: String, name: &str) {
        if let Err(rejection) = SecretName::new(name) {
            self.add(field, rejection.message, rejection.help);
        }
    }

    fn labels(&mut self, field: impl Display, labels: &BTreeMap<String, String>) {
        if !self.count(&field, labels.len(), LABELS_MAX) {
            return;
        }
        for (name, value) in labels {
            let shown: String = name.chars().take(ID_BYTES_MAX).collect();
            let path = format!("{field}.{}", shown.escape_debug());
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
            if name.is_empty() || name.len() > ID_BYTES_MAX || !name.chars().all(allowed) {
                let message = format!("the label name {shown:?} in {field} is not allowed");
                let help = format!("use 1 to {ID_BYTES_MAX} ASCII letters, digits, '_', '-', '.' or '/'");
                self.add(path.clone(), message, help);
            }
            self.length(&path, value, VARIABLE_NAME_BYTES_MAX);
            if value.contains(|c: char| c.is_control()) {
                self.add(path.clone(), format!("{path} holds a control character"), "take it out");
            }
        }
    }
}

fn check_resources(faults: &mut Faults, field: impl Display, resources: Resources) {
    let Resources { cpu_millis, memory_bytes } = resources;
    if cpu_millis > CPU_MILLIS_MAX {
        let message = format!("{field}.cpu_millis is {cpu_millis}, the limit is {CPU_MILLIS_MAX}");
        faults.add(format!("{field}.cpu_millis"), message, "ask for less, or 0 for no limit");
    }
    let least = crate::limits::MEMORY_BYTES_MIN;
    if memory_bytes != 0 && !(least..=MEMORY_BYTES_MAX).contains(&memory_bytes) {
        let message = format!("{field}.memory_bytes is {memory_bytes}, allowed are {least} to {MEMORY_BYTES_MAX}");
        faults.add(format!("{field}.memory_bytes"), message, "ask for an amount in that range, or 0 for no limit");
    }
}
