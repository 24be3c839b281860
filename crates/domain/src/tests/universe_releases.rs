//! Random commands and events about releases.

use super::universe::{Step, namespace, pipeline, run, task_id};
use super::universe_shared::pins;
use super::world::World;
use crate::command::Promotion;
use crate::release::{Canary, Cause, Exposure, Step as ReleaseStep, Strategy};
use crate::{Command, Event, PipelineKey, Version};

/// A command about a release, most often one that is possible.
pub(super) fn release_command(world: &World, step: &Step) -> Command {
    let (a, b) = (step.a, step.b);
    let pipeline = some_pipeline(world, a);
    let version = (b % 3 == 0).then(|| Version(u64::from(b / 3 % 4)));
    let message = String::new();
    match (b / 2) % 16 {
        0..=5 => Command::StartRelease { pipeline, version, strategy: strategy(a, b) },
        6 | 7 => Command::RegisterVersion {
            namespace: namespace(0),
            config: std::sync::Arc::new(step.config.clone()),
            hold: a.is_multiple_of(2),
        },
        8 => Command::PromoteRelease { pipeline, promotion: Promotion::Full },
        9 => Command::PromoteRelease { pipeline, promotion: Promotion::NextStep },
        10 => Command::PromoteRelease { pipeline, promotion: Promotion::Serving },
        11 => Command::SwitchRelease { pipeline, version },
        12 | 13 => Command::RollBackPipeline { pipeline, version, message },
        14 => Command::PinPipeline { pipeline, version, message },
        _ => Command::UnpinPipeline { pipeline },
    }
}

/// Any event about a release, true or not.
pub(super) fn release_event(kind: u8, a: u8, b: u8) -> Event {
    let (pipeline, release, version) = (pipeline(a), u64::from(b % 8), Version(u64::from(a % 4)));
    let reason = String::new();
    match kind {
        25 => Event::ReleaseStarted {
            pipeline,
            release,
            from: version,
            to: Version(u64::from(b % 4)),
            strategy: strategy(a, b),
            started_by: String::new(),
        },
        26 => Event::ReleaseAdvanced { pipeline, release, step: u32::from(a % 4), reason },
        27 => Event::ReleaseSwitched { pipeline, release, version },
        28 => Event::ReleasePromoted { pipeline, release, reason },
        29 => Event::ReleaseRolledBack { pipeline, release, reason },
        30 | 31 => {
            let cause = [Cause::Asked, Cause::RolledBack, Cause::Pinned][usize::from(b % 3)];
            let (changed_by, message) = (String::new(), reason);
            Event::LiveVersionChanged { pipeline, release, version, cause, changed_by, message }
        }
        32 => Event::PipelinePinned { pipeline, pinned_by: String::new(), message: reason },
        33 => Event::PipelineUnpinned { pipeline },
        _ => Event::RunMoved { run: run(a, b), version, shared: pins(b) },
    }
}

fn some_pipeline(world: &World, number: u8) -> PipelineKey {
    let count = world.state.pipelines.len().max(1);
    world.state.pipelines.keys().nth(usize::from(number) % count).cloned().unwrap_or_else(|| pipeline(number))
}

fn strategy(a: u8, b: u8) -> Strategy {
    let share = 500 + u32::from(a) * 37;
    match a % 8 {
        0 => Strategy::Replace(Cause::Asked),
        1 => Strategy::BlueGreen,
        2 => Strategy::AbTest { share },
        _ => Strategy::Canary(Box::new(Canary {
            steps: vec![
                ReleaseStep { exposure: Exposure::Runs(u32::from(b % 4)), min_runs: 1 },
                ReleaseStep { exposure: Exposure::Share(share), min_runs: u32::from(b % 3) },
            ],
            max_failures: (!b.is_multiple_of(5)).then_some(u32::from(b) * 38),
            max_slowdown: b.is_multiple_of(7).then_some(2_000),
            verdict: b.is_multiple_of(5).then(|| task_id(0)),
        })),
    }
}
