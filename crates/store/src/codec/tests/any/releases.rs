//! Any release, and any command and event about one.

use std::sync::Arc;

use gofer_domain::command::Promotion;
use gofer_domain::event::Standing;
use gofer_domain::release::{
    Active, Arm, Canary, Cause, Exposure, Pin, Release, ReleaseStatus, Releases, Step, Strategy as Way,
};
use gofer_domain::{Command, Event, Version};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::{config, namespace_id, pipeline_key, run_key, task_id, text, time};

fn version() -> impl Strategy<Value = Version> {
    (1..=u64::MAX).prop_map(Version)
}

fn cause() -> impl Strategy<Value = Cause> {
    prop_oneof![Just(Cause::Registered), Just(Cause::Asked), Just(Cause::Pinned), Just(Cause::RolledBack)]
}

fn strategy() -> impl Strategy<Value = Way> {
    let exposure = prop_oneof![any::<u32>().prop_map(Exposure::Share), any::<u32>().prop_map(Exposure::Runs)];
    let step = (exposure, any::<u32>()).prop_map(|(exposure, min_runs)| Step { exposure, min_runs });
    let limits = any::<(Option<u32>, Option<u32>)>();
    prop_oneof![
        cause().prop_map(Way::Replace),
        Just(Way::BlueGreen),
        any::<u32>().prop_map(|share| Way::AbTest { share }),
        (vec(step, 0..4), limits, option::of(task_id())).prop_map(|(steps, (max_failures, max_slowdown), verdict)| {
            Way::Canary(Box::new(Canary { steps, max_failures, max_slowdown, verdict }))
        }),
    ]
}

fn arm() -> impl Strategy<Value = Arm> {
    any::<(u64, u64, u64, u64, u64, u128)>().prop_map(|(given, succeeded, failed, cancelled, millis, square_millis)| {
        Arm { given, succeeded, failed, cancelled, millis, square_millis }
    })
}

pub(in crate::codec::tests) fn release() -> impl Strategy<Value = Release> {
    let status =
        prop_oneof![Just(ReleaseStatus::Running), Just(ReleaseStatus::Promoted), Just(ReleaseStatus::RolledBack)];
    let head = (any::<u64>(), any::<[u64; 3]>(), strategy(), status);
    let words = (text(), time(), option::of(time()), text());
    (head, [arm(), arm(), arm()], any::<(u32, u64, u64)>(), words).prop_map(|(head, arms, numbers, words)| {
        let (id, [from, to, serving], strategy, status) = head;
        let [from_arm, to_arm, step_arm] = arms;
        let (step, step_after, step_given) = numbers;
        let (started_by, started_at, ended_at, reason) = words;
        Release {
            id,
            from: Version(from),
            to: Version(to),
            strategy,
            status,
            from_arm,
            to_arm,
            serving: Version(serving),
            step,
            step_after,
            step_given,
            step_arm,
            started_by,
            started_at,
            ended_at,
            reason,
        }
    })
}

pub(super) fn releases() -> impl Strategy<Value = Releases> {
    let pin = option::of((text(), text(), time()).prop_map(|(by, message, at)| Box::new(Pin { by, message, at })));
    let active = (release(), config()).prop_map(|(release, config)| {
        let config = Arc::new(config);
        Box::new(Active { release, config })
    });
    let earlier = btree_map(any::<u64>().prop_map(Version), any::<u64>().prop_map(Version), 0..4);
    (version(), config(), pin, any::<u64>(), option::of(active), earlier).prop_map(
        |(live, config, pin, last, active, earlier)| Releases {
            live,
            config: Arc::new(config),
            pin,
            last,
            active,
            earlier,
            ended: Vec::new(),
        },
    )
}

pub(super) fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Live),
        Just(Standing::Held),
        (1..=u64::MAX, text()).prop_map(|(release, registered_by)| Standing::Released { release, registered_by }),
    ]
}

pub(super) fn release_command() -> impl Strategy<Value = Command> {
    let promotion = prop_oneof![Just(Promotion::Full), Just(Promotion::NextStep), Just(Promotion::Serving)];
    prop_oneof![
        (namespace_id(), config(), any::<bool>()).prop_map(|(namespace, config, hold)| Command::RegisterVersion {
            namespace,
            config: Arc::new(config),
            hold,
        }),
        (pipeline_key(), option::of(version()), strategy())
            .prop_map(|(pipeline, version, strategy)| Command::StartRelease { pipeline, version, strategy }),
        (pipeline_key(), promotion).prop_map(|(pipeline, promotion)| Command::PromoteRelease { pipeline, promotion }),
        (pipeline_key(), option::of(version()))
            .prop_map(|(pipeline, version)| Command::SwitchRelease { pipeline, version }),
        (pipeline_key(), option::of(version()), text())
            .prop_map(|(pipeline, version, message)| Command::RollBackPipeline { pipeline, version, message }),
        (pipeline_key(), option::of(version()), text()).prop_map(|(pipeline, version, message)| Command::PinPipeline {
            pipeline,
            version,
            message
        }),
        pipeline_key().prop_map(|pipeline| Command::UnpinPipeline { pipeline }),
    ]
}

pub(super) fn release_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (pipeline_key(), any::<[u64; 3]>(), strategy(), text()).prop_map(
            |(pipeline, [release, from, to], strategy, started_by)| {
                let (from, to) = (Version(from), Version(to));
                Event::ReleaseStarted { pipeline, release, from, to, strategy, started_by }
            }
        ),
        (pipeline_key(), any::<(u64, u32)>(), text()).prop_map(|(pipeline, (release, step), reason)| {
            Event::ReleaseAdvanced { pipeline, release, step, reason }
        }),
        (pipeline_key(), any::<u64>(), version()).prop_map(|(pipeline, release, version)| Event::ReleaseSwitched {
            pipeline,
            release,
            version
        }),
        (pipeline_key(), any::<u64>(), text()).prop_map(|(pipeline, release, reason)| Event::ReleasePromoted {
            pipeline,
            release,
            reason
        }),
        (pipeline_key(), any::<u64>(), text()).prop_map(|(pipeline, release, reason)| Event::ReleaseRolledBack {
            pipeline,
            release,
            reason
        }),
        (pipeline_key(), any::<u64>(), version(), cause(), text(), text()).prop_map(
            |(pipeline, release, version, cause, changed_by, message)| Event::LiveVersionChanged {
                pipeline,
                release,
                version,
                cause,
                changed_by,
                message,
            }
        ),
        (pipeline_key(), text(), text()).prop_map(|(pipeline, pinned_by, message)| Event::PipelinePinned {
            pipeline,
            pinned_by,
            message
        }),
        pipeline_key().prop_map(|pipeline| Event::PipelineUnpinned { pipeline }),
        (run_key(), version(), super::values::pins()).prop_map(|(run, version, shared)| Event::RunMoved {
            run,
            version,
            shared
        }),
    ]
}
