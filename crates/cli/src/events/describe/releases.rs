//! Events about releases.

use gofer_wire::log::v1::event::Kind;
use gofer_wire::model::v1 as model;

use super::Described;
use crate::output::Style;
use crate::reference::{pipeline_text, run_text};
use crate::release::{cause, strategy_name};

pub(super) fn describe(kind: Kind) -> Described {
    let line = |kind, pipeline: Option<model::PipelineRef>, details, style| Described {
        kind,
        subject: pipeline_text(pipeline.as_ref()),
        details,
        style,
    };
    match kind {
        Kind::ReleaseStarted(event) => {
            let strategy = strategy_name(event.strategy.as_ref());
            let (release, from, to) = (event.release, event.from_version, event.to_version);
            let details = format!("{release}: {strategy} from version {from} to {to} by {}", event.started_by);
            line("release started", event.pipeline, details, Style::Busy)
        }
        Kind::ReleaseAdvanced(event) => {
            let step = u64::from(event.step) + 1;
            let details = format!("{}: step {step}; {}", event.release, event.reason);
            line("release advanced", event.pipeline, details, Style::Busy)
        }
        Kind::ReleaseSwitched(event) => {
            let details = format!("{}: version {} gets the runs", event.release, event.version);
            line("release switched", event.pipeline, details, Style::Busy)
        }
        Kind::ReleasePromoted(event) => {
            let details = format!("{}: {}", event.release, event.reason);
            line("release promoted", event.pipeline, details, Style::Good)
        }
        Kind::ReleaseRolledBack(event) => {
            let details = format!("{}: {}", event.release, event.reason);
            line("release rolled back", event.pipeline, details, Style::Bad)
        }
        Kind::LiveVersionChanged(event) => {
            let (cause, by) = (cause(event.cause()), &event.changed_by);
            let message = if event.message.is_empty() { String::new() } else { format!(": {}", event.message) };
            let details = format!("{}: version {}, {cause} by {by}{message}", event.release, event.version);
            line("live version changed", event.pipeline, details, Style::Plain)
        }
        Kind::PipelinePinned(event) => {
            let message = if event.message.is_empty() { String::new() } else { format!(": {}", event.message) };
            line("pipeline pinned", event.pipeline, format!("by {}{message}", event.pinned_by), Style::Warning)
        }
        Kind::PipelineUnpinned(event) => line("pipeline unpinned", event.pipeline, String::new(), Style::Plain),
        Kind::RunMoved(event) => Described {
            kind: "run moved",
            subject: run_text(event.run.as_ref()),
            details: format!("back to version {}", event.version),
            style: Style::Warning,
        },
        _ => Described { kind: "unknown", subject: String::new(), details: String::new(), style: Style::Warning },
    }
}
