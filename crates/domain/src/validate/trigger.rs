//! What an operator says of a trigger, and what a plug-in says of itself.

use super::Faults;
use super::task::check_task;
use crate::limits::{
    ID_BYTES_MAX, NAME_BYTES_MAX, SETTING_BYTES_MAX, SETTINGS_MAX, TRIGGER_BYTES_MAX, TRIGGER_VERSION_BYTES_MAX,
};
use crate::plugin::plugin_task;
use crate::rejection::Rejection;
use crate::trigger::{Launch, Setting, TriggerReport, TriggerSpec};

/// Checks what is said of a trigger.
///
/// # Errors
/// Every fault.
pub fn validate_trigger(spec: &TriggerSpec) -> Result<(), Vec<Rejection>> {
    let TriggerSpec { description, token_digest, launch } = spec;
    let mut faults = Faults::default();
    faults.text("description", description);
    if let Some(launch) = launch {
        check_launch(&mut faults, launch);
    } else if token_digest.is_none() {
        let message = "the trigger has neither a token nor anything to launch, so nobody can speak for it";
        faults.add("token_digest", message, "give the digest of a token, or say what is to be launched");
    }
    let bytes = description.len() + launch.as_ref().map_or(0, launch_bytes);
    check_bytes(&mut faults, bytes);
    faults.result()
}

fn check_launch(faults: &mut Faults, launch: &Launch) {
    check_task(faults, format_args!("launch"), &plugin_task(launch));
    for name in launch.environment.keys().filter(|name| name.starts_with("GOFER_")) {
        let shown: String = name.chars().take(ID_BYTES_MAX).collect();
        let field = format!("launch.environment.{}", shown.escape_debug());
        faults.add(field, format!("the name {shown:?} is Gofer's own"), "choose one that does not begin with GOFER_");
    }
}

fn launch_bytes(launch: &Launch) -> usize {
    let words = launch.entrypoint.iter().chain(&launch.command).map(String::len);
    let pairs = launch.environment.iter().chain(&launch.secret_env).map(|(name, value)| name.len() + value.len());
    launch.image.as_ref().map_or(0, String::len) + words.chain(pairs).sum::<usize>()
}

fn check_bytes(faults: &mut Faults, bytes: usize) {
    if bytes > TRIGGER_BYTES_MAX {
        let message = format!("the texts of the trigger have {bytes} bytes, the limit is {TRIGGER_BYTES_MAX}");
        faults.add("", message, "shorten them");
    }
}

/// Checks what a plug-in says of itself.
///
/// # Errors
/// Every fault.
pub fn validate_report(report: &TriggerReport) -> Result<(), Vec<Rejection>> {
    let TriggerReport { version, settings } = report;
    let mut faults = Faults::default();
    faults.length("version", version, TRIGGER_VERSION_BYTES_MAX);
    if version.contains(|c: char| c.is_control()) {
        faults.add("version", "version holds a control character", "take it out");
    }
    let mut bytes = version.len();
    if faults.count("settings", settings.len(), SETTINGS_MAX) {
        for (name, setting) in settings {
            check_setting(&mut faults, name, setting);
            bytes += name.len() + setting.description.len() + setting.default.as_ref().map_or(0, String::len);
        }
    }
    check_bytes(&mut faults, bytes);
    faults.result()
}

fn check_setting(faults: &mut Faults, name: &str, setting: &Setting) {
    let Setting { kind, required, default, description } = setting;
    let field = setting_name(faults, name);
    faults.text(format_args!("{field}.description"), description);
    let Some(default) = default else { return };
    let at = format!("{field}.default");
    faults.length(&at, default, SETTING_BYTES_MAX);
    if *required {
        faults.add(at.clone(), format!("{field} is required, and has a default"), "leave one of them out");
    }
    if !kind.admits(default) {
        faults.add(at.clone(), format!("{at} must be {}", kind.words()), "change it");
    }
}

/// Checks the name of a setting; gives the path that it stands at.
pub(super) fn setting_name(faults: &mut Faults, name: &str) -> String {
    let shown: String = name.chars().take(ID_BYTES_MAX).collect();
    let field = format!("settings.{}", shown.escape_debug());
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(allowed) {
        let help = format!("use 1 to {NAME_BYTES_MAX} ASCII letters, digits, '_', '-' or '.'");
        faults.add(field.clone(), format!("the setting name {shown:?} is not allowed"), help);
    }
    field
}
