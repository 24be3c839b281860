//! Triggers, and what their plug-ins say of themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use gofer_domain::{
    Command, Event, Launch, Revision, Setting, SettingKind, Trigger, TriggerName, TriggerReport, TriggerSpec,
};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::{command, event};
use gofer_wire::model::v1 as model;

use super::config::{driver_option, pull_from_wire, pull_to_wire, resources_from_wire, resources_to_wire, some_text};
use super::{
    DecodeError, Result, driver_to_wire, fixed, required, time_from_wire, time_to_wire, unknown, variables_from_wire,
    variables_to_wire,
};

/// The name of a trigger.
///
/// # Errors
/// When the text is not one.
pub fn trigger_name(text: &str) -> Result<TriggerName> {
    TriggerName::new(text).map_err(super::id_error("trigger"))
}

/// What an operator says of a trigger as a message.
#[must_use]
pub fn trigger_spec_to_wire(spec: &TriggerSpec) -> model::TriggerSpec {
    let TriggerSpec { description, token_digest, launch } = spec;
    model::TriggerSpec {
        description: description.clone(),
        token_digest: token_digest.map(|digest| digest.to_vec()),
        launch: launch.as_ref().map(launch_to_wire),
    }
}

/// A message as what an operator says of a trigger.
///
/// # Errors
/// When it is missing, or a part of it is not valid.
pub fn trigger_spec_from_wire(spec: Option<model::TriggerSpec>) -> Result<TriggerSpec> {
    let model::TriggerSpec { description, token_digest, launch } = required(spec, "spec")?;
    let launch = launch.map(launch_from_wire).transpose().map_err(|error| error.within("launch"))?;
    let token_digest = token_digest.map(|digest| fixed(&digest, "token_digest")).transpose()?;
    Ok(TriggerSpec { description, token_digest, launch })
}

fn launch_to_wire(launch: &Launch) -> model::Launch {
    let Launch { image, pull, entrypoint, command, environment, secret_env, resources, driver } = launch;
    model::Launch {
        image: image.clone().unwrap_or_default(),
        pull: pull_to_wire(*pull).into(),
        entrypoint: entrypoint.clone(),
        command: command.clone(),
        environment: variables_to_wire(environment),
        secret_env: variables_to_wire(secret_env),
        resources: Some(resources_to_wire(*resources)),
        driver: driver.map_or(model::Driver::Unspecified, driver_to_wire).into(),
    }
}

fn launch_from_wire(launch: model::Launch) -> Result<Launch> {
    Ok(Launch {
        image: some_text(launch.image),
        pull: pull_from_wire(launch.pull)?,
        entrypoint: launch.entrypoint,
        command: launch.command,
        environment: variables_from_wire(launch.environment, "environment")?,
        secret_env: variables_from_wire(launch.secret_env, "secret_env")?,
        resources: resources_from_wire(launch.resources.as_ref()),
        driver: driver_option(launch.driver)?,
    })
}

/// What a plug-in says of itself as a message.
#[must_use]
pub fn trigger_report_to_wire(report: &TriggerReport) -> model::TriggerReport {
    let setting = |(name, setting): (&String, &Setting)| model::Setting {
        name: name.clone(),
        kind: kind_to_wire(setting.kind).into(),
        required: setting.required,
        default_value: setting.default.clone(),
        description: setting.description.clone(),
    };
    model::TriggerReport { version: report.version.clone(), settings: report.settings.iter().map(setting).collect() }
}

/// A message as what a plug-in says of itself.
///
/// # Errors
/// When it is missing, a part of it is not valid, or a setting comes twice.
pub fn trigger_report_from_wire(report: Option<model::TriggerReport>) -> Result<TriggerReport> {
    let model::TriggerReport { version, settings } = required(report, "report")?;
    let mut found = BTreeMap::new();
    for model::Setting { name, kind, required, default_value, description } in settings {
        let kind = kind_from_wire(kind).map_err(|error| error.within("settings"))?;
        let setting = Setting { kind, required, default: default_value, description };
        if found.insert(name.clone(), setting).is_some() {
            return Err(DecodeError::new("settings", format!("{name:?} comes twice; keep one")));
        }
    }
    Ok(TriggerReport { version, settings: found })
}

fn kind_to_wire(kind: SettingKind) -> model::SettingKind {
    match kind {
        SettingKind::Text => model::SettingKind::Text,
        SettingKind::Number => model::SettingKind::Number,
        SettingKind::Boolean => model::SettingKind::Boolean,
        SettingKind::Duration => model::SettingKind::Duration,
    }
}

fn kind_from_wire(kind: i32) -> Result<SettingKind> {
    match model::SettingKind::try_from(kind) {
        Ok(model::SettingKind::Text) => Ok(SettingKind::Text),
        Ok(model::SettingKind::Number) => Ok(SettingKind::Number),
        Ok(model::SettingKind::Boolean) => Ok(SettingKind::Boolean),
        Ok(model::SettingKind::Duration) => Ok(SettingKind::Duration),
        Ok(model::SettingKind::Unspecified) | Err(_) => Err(unknown("kind", kind)),
    }
}

/// A trigger as a message.
#[must_use]
pub fn trigger_to_wire(name: &TriggerName, trigger: &Trigger) -> model::Trigger {
    model::Trigger {
        name: name.to_string(),
        spec: Some(trigger_spec_to_wire(&trigger.spec)),
        generation: trigger.generation.0,
        enabled: trigger.enabled,
        report: trigger.report.as_deref().map(trigger_report_to_wire),
        created_at: Some(time_to_wire(trigger.created_at)),
        updated_at: Some(time_to_wire(trigger.updated_at)),
    }
}

/// A message as a trigger.
///
/// # Errors
/// When a part is missing or not valid.
pub fn trigger_from_wire(message: &model::Trigger) -> Result<(TriggerName, Trigger)> {
    let report = message.report.clone().map(|report| trigger_report_from_wire(Some(report))).transpose()?;
    let trigger = Trigger {
        spec: Arc::new(trigger_spec_from_wire(message.spec.clone())?),
        generation: Revision(message.generation),
        enabled: message.enabled,
        report: report.map(Arc::new),
        created_at: time_from_wire(message.created_at.as_ref(), "created_at")?,
        updated_at: time_from_wire(message.updated_at.as_ref(), "updated_at")?,
    };
    Ok((trigger_name(&message.name)?, trigger))
}

/// A command about triggers as a message.
pub(super) fn command_to_wire(command: &Command) -> Option<command::Kind> {
    let name = TriggerName::to_string;
    if let Command::InstallTrigger { trigger, spec } = command {
        let install = log::InstallTrigger { trigger: name(trigger), spec: Some(trigger_spec_to_wire(spec)) };
        return Some(command::Kind::InstallTrigger(install));
    }
    if let Command::UpdateTrigger { trigger, spec, generation } = command {
        let generation = generation.map_or(0, |generation| generation.0);
        let update = log::UpdateTrigger { trigger: name(trigger), spec: Some(trigger_spec_to_wire(spec)), generation };
        return Some(command::Kind::UpdateTrigger(update));
    }
    if let Command::UninstallTrigger { trigger } = command {
        return Some(command::Kind::UninstallTrigger(log::UninstallTrigger { trigger: name(trigger) }));
    }
    if let Command::SetTriggerEnabled { trigger, enabled } = command {
        let set = log::SetTriggerEnabled { trigger: name(trigger), enabled: *enabled };
        return Some(command::Kind::SetTriggerEnabled(set));
    }
    let Command::ReportTrigger { trigger, generation, report } = command else { return None };
    Some(command::Kind::ReportTrigger(log::ReportTrigger {
        trigger: name(trigger),
        generation: generation.0,
        report: Some(trigger_report_to_wire(report)),
    }))
}

/// A message as a command about triggers.
pub(super) fn command_from_wire(kind: command::Kind) -> Result<Command> {
    Ok(match kind {
        command::Kind::InstallTrigger(c) => {
            Command::InstallTrigger { trigger: trigger_name(&c.trigger)?, spec: spec_of(c.spec)? }
        }
        command::Kind::UpdateTrigger(c) => Command::UpdateTrigger {
            trigger: trigger_name(&c.trigger)?,
            spec: spec_of(c.spec)?,
            generation: (c.generation != 0).then_some(Revision(c.generation)),
        },
        command::Kind::UninstallTrigger(c) => Command::UninstallTrigger { trigger: trigger_name(&c.trigger)? },
        command::Kind::SetTriggerEnabled(c) => {
            Command::SetTriggerEnabled { trigger: trigger_name(&c.trigger)?, enabled: c.enabled }
        }
        command::Kind::ReportTrigger(c) => Command::ReportTrigger {
            trigger: trigger_name(&c.trigger)?,
            generation: Revision(c.generation),
            report: trigger_report_from_wire(c.report).map(Arc::new)?,
        },
        _ => return Err(DecodeError::new("kind", "is not a known command")),
    })
}

fn spec_of(spec: Option<model::TriggerSpec>) -> Result<Arc<TriggerSpec>> {
    trigger_spec_from_wire(spec).map(Arc::new)
}

/// An event about triggers as a message.
pub(super) fn event_to_wire(event: &Event) -> Option<event::Kind> {
    let name = TriggerName::to_string;
    if let Event::TriggerInstalled { trigger, spec } = event {
        let spec = Some(trigger_spec_to_wire(spec));
        return Some(event::Kind::TriggerInstalled(log::TriggerInstalled { trigger: name(trigger), spec }));
    }
    if let Event::TriggerUpdated { trigger, spec } = event {
        let spec = Some(trigger_spec_to_wire(spec));
        return Some(event::Kind::TriggerUpdated(log::TriggerUpdated { trigger: name(trigger), spec }));
    }
    if let Event::TriggerUninstalled { trigger } = event {
        return Some(event::Kind::TriggerUninstalled(log::TriggerUninstalled { trigger: name(trigger) }));
    }
    if let Event::TriggerEnabled { trigger } = event {
        return Some(event::Kind::TriggerEnabled(log::TriggerEnabled { trigger: name(trigger) }));
    }
    if let Event::TriggerDisabled { trigger } = event {
        return Some(event::Kind::TriggerDisabled(log::TriggerDisabled { trigger: name(trigger) }));
    }
    let Event::TriggerReported { trigger, report } = event else { return None };
    let report = Some(trigger_report_to_wire(report));
    Some(event::Kind::TriggerReported(log::TriggerReported { trigger: name(trigger), report }))
}

/// A message as an event about triggers.
pub(super) fn event_from_wire(kind: event::Kind) -> Result<Event> {
    Ok(match kind {
        event::Kind::TriggerInstalled(e) => {
            Event::TriggerInstalled { trigger: trigger_name(&e.trigger)?, spec: spec_of(e.spec)? }
        }
        event::Kind::TriggerUpdated(e) => {
            Event::TriggerUpdated { trigger: trigger_name(&e.trigger)?, spec: spec_of(e.spec)? }
        }
        event::Kind::TriggerUninstalled(e) => Event::TriggerUninstalled { trigger: trigger_name(&e.trigger)? },
        event::Kind::TriggerEnabled(e) => Event::TriggerEnabled { trigger: trigger_name(&e.trigger)? },
        event::Kind::TriggerDisabled(e) => Event::TriggerDisabled { trigger: trigger_name(&e.trigger)? },
        event::Kind::TriggerReported(e) => Event::TriggerReported {
            trigger: trigger_name(&e.trigger)?,
            report: trigger_report_from_wire(e.report).map(Arc::new)?,
        },
        _ => return Err(DecodeError::new("kind", "is not a known event")),
    })
}
