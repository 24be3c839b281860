//! The commands and events about releases.

use std::sync::Arc;

use gofer_domain::command::Promotion;
use gofer_domain::ids::Version;
use gofer_domain::{Command, Event};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::command::Kind as CommandKind;
use gofer_wire::log::v1::event::Kind as EventKind;
use gofer_wire::model::v1 as model;

use super::super::values::{pins_from_wire, pins_to_wire};
use super::super::{
    DecodeError, Result, config_from_wire, config_to_wire, namespace_id, pipeline_key_from_wire, pipeline_key_to_wire,
    required, run_key_from_wire, run_key_to_wire,
};
use super::{cause_from_wire, cause_to_wire, strategy_from_wire, strategy_to_wire};

fn number(version: Option<Version>) -> u64 {
    version.map_or(0, |version| version.0)
}

fn version(number: u64) -> Option<Version> {
    (number != 0).then_some(Version(number))
}

pub(in crate::codec) fn release_command(command: &Command) -> Option<CommandKind> {
    Some(match command {
        Command::RegisterVersion { namespace, config, hold } => CommandKind::RegisterVersion(log::RegisterVersion {
            namespace: namespace.to_string(),
            config: Some(config_to_wire(config)),
            hold: *hold,
        }),
        Command::StartRelease { pipeline, version, strategy } => CommandKind::StartRelease(log::StartRelease {
            pipeline: Some(pipeline_key_to_wire(pipeline)),
            version: number(*version),
            strategy: Some(strategy_to_wire(strategy)),
        }),
        Command::PromoteRelease { pipeline, promotion } => CommandKind::PromoteRelease(log::PromoteRelease {
            pipeline: Some(pipeline_key_to_wire(pipeline)),
            promotion: promotion_to_wire(*promotion).into(),
        }),
        Command::SwitchRelease { pipeline, version } => CommandKind::SwitchRelease(log::SwitchRelease {
            pipeline: Some(pipeline_key_to_wire(pipeline)),
            version: number(*version),
        }),
        Command::RollBackPipeline { pipeline, version, message } => {
            CommandKind::RollBackPipeline(log::RollBackPipeline {
                pipeline: Some(pipeline_key_to_wire(pipeline)),
                version: number(*version),
                message: message.clone(),
            })
        }
        Command::PinPipeline { pipeline, version, message } => CommandKind::PinPipeline(log::PinPipeline {
            pipeline: Some(pipeline_key_to_wire(pipeline)),
            version: number(*version),
            message: message.clone(),
        }),
        Command::UnpinPipeline { pipeline } => {
            CommandKind::UnpinPipeline(log::UnpinPipeline { pipeline: Some(pipeline_key_to_wire(pipeline)) })
        }
        _ => return None,
    })
}

pub(in crate::codec) fn release_command_from_wire(kind: CommandKind) -> Result<Command> {
    Ok(match kind {
        CommandKind::RegisterVersion(c) => Command::RegisterVersion {
            namespace: namespace_id(&c.namespace)?,
            config: Arc::new(config_from_wire(required(c.config, "config")?)?),
            hold: c.hold,
        },
        CommandKind::StartRelease(c) => Command::StartRelease {
            pipeline: pipeline_key_from_wire(c.pipeline.as_ref())?,
            version: version(c.version),
            strategy: strategy_from_wire(c.strategy.as_ref())?,
        },
        CommandKind::PromoteRelease(c) => Command::PromoteRelease {
            pipeline: pipeline_key_from_wire(c.pipeline.as_ref())?,
            promotion: promotion_from_wire(c.promotion)?,
        },
        CommandKind::SwitchRelease(c) => Command::SwitchRelease {
            pipeline: pipeline_key_from_wire(c.pipeline.as_ref())?,
            version: version(c.version),
        },
        CommandKind::RollBackPipeline(c) => Command::RollBackPipeline {
            pipeline: pipeline_key_from_wire(c.pipeline.as_ref())?,
            version: version(c.version),
            message: c.message,
        },
        CommandKind::PinPipeline(c) => Command::PinPipeline {
            pipeline: pipeline_key_from_wire(c.pipeline.as_ref())?,
            version: version(c.version),
            message: c.message,
        },
        CommandKind::UnpinPipeline(c) => {
            Command::UnpinPipeline { pipeline: pipeline_key_from_wire(c.pipeline.as_ref())? }
        }
        _ => return Err(DecodeError::new("kind", "is not a known command")),
    })
}

pub(in crate::codec) fn release_event(event: &Event) -> Option<EventKind> {
    Some(match event {
        Event::ReleaseStarted { pipeline, release, from, to, strategy, started_by } => {
            EventKind::ReleaseStarted(log::ReleaseStarted {
                pipeline: Some(pipeline_key_to_wire(pipeline)),
                release: *release,
                from_version: from.0,
                to_version: to.0,
                strategy: Some(strategy_to_wire(strategy)),
                started_by: started_by.clone(),
            })
        }
        Event::ReleaseAdvanced { pipeline, release, step, reason } => {
            EventKind::ReleaseAdvanced(log::ReleaseAdvanced {
                pipeline: Some(pipeline_key_to_wire(pipeline)),
                release: *release,
                step: *step,
                reason: reason.clone(),
            })
        }
        Event::ReleaseSwitched { pipeline, release, version } => EventKind::ReleaseSwitched(log::ReleaseSwitched {
            pipeline: Some(pipeline_key_to_wire(pipeline)),
            release: *release,
            version: version.0,
        }),
        Event::ReleasePromoted { pipeline, release, reason } => EventKind::ReleasePromoted(log::ReleasePromoted {
            pipeline: Some(pipeline_key_to_wire(pipeline)),
            release: *release,
            reason: reason.clone(),
        }),
        Event::ReleaseRolledBack { pipeline, release, reason } => {
            EventKind::ReleaseRolledBack(log::ReleaseRolledBack {
                pipeline: Some(pipeline_key_to_wire(pipeline)),
                release: *release,
                reason: reason.clone(),
            })
        }
        Event::LiveVersionChanged { pipeline, release, version, cause, changed_by, message } => {
            EventKind::LiveVersionChanged(log::LiveVersionChanged {
                pipeline: Some(pipeline_key_to_wire(pipeline)),
                release: *release,
                version: version.0,
                cause: cause_to_wire(*cause).into(),
                changed_by: changed_by.clone(),
                message: message.clone(),
            })
        }
        Event::PipelinePinned { pipeline, pinned_by, message } => EventKind::PipelinePinned(log::PipelinePinned {
            pipeline: Some(pipeline_key_to_wire(pipeline)),
            pinned_by: pinned_by.clone(),
            message: message.clone(),
        }),
        Event::PipelineUnpinned { pipeline } => {
            EventKind::PipelineUnpinned(log::PipelineUnpinned { pipeline: Some(pipeline_key_to_wire(pipeline)) })
        }
        Event::RunMoved { run, version, shared } => EventKind::RunMoved(log::RunMoved {
            run: Some(run_key_to_wire(run)),
            version: version.0,
            shared: pins_to_wire(shared),
        }),
        _ => return None,
    })
}

pub(in crate::codec) fn release_event_from_wire(kind: EventKind) -> Result<Event> {
    Ok(match kind {
        EventKind::ReleaseStarted(e) => Event::ReleaseStarted {
            pipeline: pipeline_key_from_wire(e.pipeline.as_ref())?,
            release: e.release,
            from: Version(e.from_version),
            to: Version(e.to_version),
            strategy: strategy_from_wire(e.strategy.as_ref())?,
            started_by: e.started_by,
        },
        EventKind::ReleaseAdvanced(e) => Event::ReleaseAdvanced {
            pipeline: pipeline_key_from_wire(e.pipeline.as_ref())?,
            release: e.release,
            step: e.step,
            reason: e.reason,
        },
        EventKind::ReleaseSwitched(e) => Event::ReleaseSwitched {
            pipeline: pipeline_key_from_wire(e.pipeline.as_ref())?,
            release: e.release,
            version: Version(e.version),
        },
        EventKind::ReleasePromoted(e) => Event::ReleasePromoted {
            pipeline: pipeline_key_from_wire(e.pipeline.as_ref())?,
            release: e.release,
            reason: e.reason,
        },
        EventKind::ReleaseRolledBack(e) => Event::ReleaseRolledBack {
            pipeline: pipeline_key_from_wire(e.pipeline.as_ref())?,
            release: e.release,
            reason: e.reason,
        },
        EventKind::LiveVersionChanged(e) => Event::LiveVersionChanged {
            pipeline: pipeline_key_from_wire(e.pipeline.as_ref())?,
            release: e.release,
            version: Version(e.version),
            cause: cause_from_wire(e.cause)?,
            changed_by: e.changed_by,
            message: e.message,
        },
        EventKind::PipelinePinned(e) => Event::PipelinePinned {
            pipeline: pipeline_key_from_wire(e.pipeline.as_ref())?,
            pinned_by: e.pinned_by,
            message: e.message,
        },
        EventKind::PipelineUnpinned(e) => {
            Event::PipelineUnpinned { pipeline: pipeline_key_from_wire(e.pipeline.as_ref())? }
        }
        EventKind::RunMoved(e) => {
            let shared = pins_from_wire(&e.shared)?;
            Event::RunMoved { run: run_key_from_wire(e.run.as_ref())?, version: Version(e.version), shared }
        }
        _ => return Err(DecodeError::new("kind", "is not a known event")),
    })
}

/// How far a release is taken, as a message.
fn promotion_to_wire(promotion: Promotion) -> model::Promotion {
    match promotion {
        Promotion::Full => model::Promotion::Full,
        Promotion::NextStep => model::Promotion::NextStep,
        Promotion::Serving => model::Promotion::Serving,
    }
}

/// A message as how far a release is taken.
///
/// # Errors
/// When it is none.
pub fn promotion_from_wire(promotion: i32) -> Result<Promotion> {
    match model::Promotion::try_from(promotion) {
        Ok(model::Promotion::Unspecified | model::Promotion::Full) => Ok(Promotion::Full),
        Ok(model::Promotion::NextStep) => Ok(Promotion::NextStep),
        Ok(model::Promotion::Serving) => Ok(Promotion::Serving),
        Err(_) => Err(super::super::unknown("promotion", promotion)),
    }
}
