//! The text form of commands and events about releases.

use std::sync::Arc;

use super::script::{config, namespace, number, pipeline};
use crate::command::Promotion;
use crate::release::{Canary, Cause, Exposure, Step, Strategy};
use crate::{Command, Event, TaskId, Version};

/// - `register p | a`, `hold p | a`: a version with a record;
/// - `release p version=2 canary=5runs,50%:8 failures=20% slowdown=50% verdict=check`, or `blue-green`, `ab=30%`,
///   `replace`; a step's number behind the colon is its smallest sample;
/// - `promote p`, `promote p step`, `promote p serving`, `switch p`, `roll-back p`, `pin p`, `unpin p`.
pub(super) fn parse(words: &[&str]) -> Command {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let version = option("version").map(|version| Version(number(version)));
    let message = String::new();
    match words[0] {
        "register" | "hold" => Command::RegisterVersion {
            namespace: namespace("default"),
            config: Arc::new(config(&words[1..])),
            hold: words[0] == "hold",
        },
        "release" => Command::StartRelease { pipeline: pipeline(words[1]), version, strategy: strategy(words) },
        "promote" => {
            let promotion = match words.get(2) {
                None => Promotion::Full,
                Some(&"step") => Promotion::NextStep,
                Some(&"serving") => Promotion::Serving,
                Some(other) => panic!("no such promotion: {other}"),
            };
            Command::PromoteRelease { pipeline: pipeline(words[1]), promotion }
        }
        "switch" => Command::SwitchRelease { pipeline: pipeline(words[1]), version },
        "roll-back" => Command::RollBackPipeline { pipeline: pipeline(words[1]), version, message },
        "pin" => Command::PinPipeline { pipeline: pipeline(words[1]), version, message },
        "unpin" => Command::UnpinPipeline { pipeline: pipeline(words[1]) },
        other => panic!("no such command: {other}"),
    }
}

fn strategy(words: &[&str]) -> Strategy {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let points = |text: &str| u32::try_from(number(text.strip_suffix('%').unwrap()) * 100).unwrap();
    if words.contains(&"replace") {
        return Strategy::Replace(Cause::Asked);
    }
    if words.contains(&"blue-green") {
        return Strategy::BlueGreen;
    }
    if let Some(share) = option("ab") {
        return Strategy::AbTest { share: points(share) };
    }
    let steps = option("canary").unwrap().split(',').map(|step| {
        let (exposure, least) = step.split_once(':').map_or((step, None), |(step, least)| (step, Some(number(least))));
        let exposure = match exposure.strip_suffix("runs") {
            Some(runs) => Exposure::Runs(u32::try_from(number(runs)).unwrap()),
            None => Exposure::Share(points(exposure)),
        };
        let all = if let Exposure::Runs(runs) = exposure { u64::from(runs) } else { 1 };
        Step { exposure, min_runs: u32::try_from(least.unwrap_or(all)).unwrap() }
    });
    Strategy::Canary(Box::new(Canary {
        steps: steps.collect(),
        max_failures: option("failures").map(points),
        max_slowdown: option("slowdown").map(points),
        verdict: option("verdict").map(|task| TaskId::new(task).unwrap()),
    }))
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the words for other events are elsewhere")]
pub(super) fn show(event: &Event) -> String {
    match event {
        Event::ReleaseStarted { pipeline, release, from, to, .. } => {
            format!("{pipeline} release {release} from {from} to {to}")
        }
        Event::ReleaseAdvanced { pipeline, release, step, .. } => format!("{pipeline} release {release} step {step}"),
        Event::ReleaseSwitched { pipeline, release, version } => {
            format!("{pipeline} release {release} serves {version}")
        }
        Event::ReleasePromoted { pipeline, release, .. } => format!("{pipeline} release {release} promoted"),
        Event::ReleaseRolledBack { pipeline, release, .. } => format!("{pipeline} release {release} rolled back"),
        Event::LiveVersionChanged { pipeline, release, version, cause, .. } => {
            format!("{pipeline} release {release} {version} live {cause:?}")
        }
        Event::PipelinePinned { pipeline, .. } => format!("{pipeline} pinned"),
        Event::PipelineUnpinned { pipeline } => format!("{pipeline} unpinned"),
        Event::RunMoved { run, version, shared } => {
            let shared: String = shared.iter().map(|(name, version)| format!(" {name}@{version}")).collect();
            format!("{run} moved to v{version}{shared}")
        }
        other => panic!("no words for {other:?}"),
    }
}
