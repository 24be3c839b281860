//! Triggers are installed, changed and taken away. That one is used keeps nobody from it: what uses it says that it is
//! broken, and goes on where it stood when the trigger is back.

use std::sync::Arc;

use super::{Context, Decision, Verdict, first, misled, precondition};
use crate::command::Command;
use crate::event::Event;
use crate::ids::{Revision, TriggerName};
use crate::limits::TRIGGERS_MAX;
use crate::rejection::{Reason, Rejection};
use crate::trigger::{BuiltIn, SCHEDULE_WORDS, Trigger, TriggerReport, TriggerSpec};
use crate::validate::{validate_report, validate_trigger};

/// Decides a command about triggers.
pub(super) fn decide(context: Context<'_>, command: &Command) -> Verdict {
    if let Command::InstallTrigger { trigger, spec } = command {
        install(context, trigger, spec)
    } else if let Command::UpdateTrigger { trigger, spec, generation } = command {
        update(context, trigger, spec, *generation)
    } else if let Command::UninstallTrigger { trigger } = command {
        uninstall(context, trigger)
    } else if let Command::SetTriggerEnabled { trigger, enabled } = command {
        set_enabled(context, trigger, *enabled)
    } else if let Command::ReportTrigger { trigger, generation, report } = command {
        self::report(context, trigger, *generation, report)
    } else {
        Err(misled())
    }
}

fn install(context: Context<'_>, name: &TriggerName, spec: &Arc<TriggerSpec>) -> Verdict {
    if BuiltIn::of(name).is_some() || SCHEDULE_WORDS.contains(&name.as_str()) {
        let message = format!("the name {name} is Gofer's own");
        return Err(Rejection::new(Reason::InvalidArgument, message).field("trigger").help("choose another name"));
    }
    if context.state.triggers.contains_key(name) {
        return Err(Rejection::new(Reason::AlreadyExists, format!("trigger {name} is installed already"))
            .field("trigger")
            .help("choose another name, or update the one there is"));
    }
    validate_trigger(spec).or_else(first)?;
    if context.state.triggers.len() >= TRIGGERS_MAX {
        let message = format!("the cluster has {TRIGGERS_MAX} triggers, which is the limit");
        return Err(Rejection::new(Reason::ResourceExhausted, message).help("uninstall triggers that are not used"));
    }
    Ok(Decision::done(vec![Event::TriggerInstalled { trigger: name.clone(), spec: Arc::clone(spec) }]))
}

fn update(context: Context<'_>, name: &TriggerName, spec: &Arc<TriggerSpec>, generation: Option<Revision>) -> Verdict {
    let known = find(context, name)?;
    if let Some(generation) = generation {
        check_generation(name, known, generation)?;
    }
    validate_trigger(spec).or_else(first)?;
    let updated = || Event::TriggerUpdated { trigger: name.clone(), spec: Arc::clone(spec) };
    Ok(Decision::done((known.spec != *spec).then(updated).into_iter().collect()))
}

fn uninstall(context: Context<'_>, name: &TriggerName) -> Verdict {
    find(context, name)?;
    Ok(Decision::done(vec![Event::TriggerUninstalled { trigger: name.clone() }]))
}

fn set_enabled(context: Context<'_>, name: &TriggerName, enabled: bool) -> Verdict {
    let known = find(context, name)?;
    let set = || match enabled {
        true => Event::TriggerEnabled { trigger: name.clone() },
        false => Event::TriggerDisabled { trigger: name.clone() },
    };
    Ok(Decision::done((known.enabled != enabled).then(set).into_iter().collect()))
}

/// Notes what a plug-in says of itself. It does so at each of its starts, so that mostly nothing has changed.
fn report(context: Context<'_>, name: &TriggerName, generation: Revision, report: &Arc<TriggerReport>) -> Verdict {
    let known = find(context, name)?;
    check_generation(name, known, generation)?;
    validate_report(report).or_else(first)?;
    let reported = || Event::TriggerReported { trigger: name.clone(), report: Arc::clone(report) };
    Ok(Decision::done((known.report.as_ref() != Some(report)).then(reported).into_iter().collect()))
}

fn find<'a>(context: Context<'a>, name: &TriggerName) -> Result<&'a Trigger, Rejection> {
    if BuiltIn::of(name).is_some() {
        let message = format!("trigger {name} is part of Gofer; there is nothing to install, change or take away");
        return Err(Rejection::new(Reason::InvalidArgument, message).field("trigger"));
    }
    context.state.triggers.get(name).ok_or_else(|| {
        Rejection::new(Reason::NotFound, format!("trigger {name} is not installed"))
            .field("trigger")
            .help("list the triggers to find its name, or install it")
    })
}

fn check_generation(name: &TriggerName, known: &Trigger, generation: Revision) -> Result<(), Rejection> {
    if generation == known.generation {
        return Ok(());
    }
    let message = format!("trigger {name} is of generation {}, not {generation}", known.generation);
    Err(precondition(message).field("generation").help("it was changed meanwhile; look at it, and go on from there"))
}
