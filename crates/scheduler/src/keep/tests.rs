use std::sync::Arc;
use std::time::Duration;

use gofer_domain::decide::decide;
use gofer_domain::plugin::{PLUGINS, plugin_pipeline};
use gofer_domain::{
    Actor, ClusterId, Command, CommandEnvelope, Launch, NoHistory, PipelineKey, RequestId, Revision, RunKey, State,
    Timestamp, TriggerName, TriggerSpec,
};

use super::{Memory, keep};

/// A state that grows by commands, and a leader.
struct World {
    state: State,
    memory: Memory,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let mut world = Self { state: State::default(), memory: Memory::default(), now: Timestamp(1_000_000) };
        world.give("test", Command::CreateCluster { cluster: ClusterId([7; 16]) });
        world
    }

    fn give(&mut self, actor: &str, command: Command) {
        let shown = format!("{command:?}");
        let actor = Actor(actor.into());
        let envelope = CommandEnvelope { request_id: RequestId::default(), actor, time: self.now, command };
        let decision = decide(&self.state, &NoHistory, &envelope).unwrap_or_else(|error| panic!("{shown}: {error}"));
        for event in &decision.events {
            let revision = Revision(self.state.revision.0 + 1);
            self.state.apply(&NoHistory, revision, self.now, event);
        }
        self.state.evict_finished();
    }

    /// Does what is to be done, in words.
    fn keep(&mut self) -> Vec<String> {
        let mut done = Vec::new();
        loop {
            let commands = keep(&self.state, self.now, &mut self.memory).commands;
            if commands.is_empty() {
                return done;
            }
            for command in commands {
                done.push(match &command {
                    Command::CreateNamespace { namespace, .. } => format!("create {namespace}"),
                    Command::RegisterPipeline { config, .. } => format!("register {}", config.id),
                    Command::StartRun { pipeline, .. } => format!("start {pipeline}"),
                    Command::CancelRun { run, message } => format!("cancel {run}: {message}"),
                    other => panic!("{other:?}"),
                });
                self.give("leader:1", command);
            }
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }

    /// Seconds until the next start.
    fn pause(&mut self) -> u64 {
        let next = keep(&self.state, self.now, &mut self.memory).next;
        next.map_or(0, |next| next.since(self.now).as_secs())
    }

    /// The run ends as if by itself.
    fn end(&mut self) {
        let pipeline = plugin();
        let run = self.state.pipelines[&pipeline].last_run;
        self.give("test", Command::CancelRun { run: RunKey { pipeline, run }, message: String::new() });
    }
}

fn trigger() -> TriggerName {
    TriggerName::new("jira").unwrap()
}

fn plugin() -> PipelineKey {
    plugin_pipeline(&trigger()).unwrap()
}

fn spec(image: Option<&str>) -> Arc<TriggerSpec> {
    let launch = image.map(|image| Launch { image: Some(image.into()), ..Launch::default() });
    Arc::new(TriggerSpec { description: String::new(), token_digest: Some([1; 32]), launch })
}

fn launched() -> World {
    let mut world = World::new();
    world.give("test", Command::InstallTrigger { trigger: trigger(), spec: spec(Some("jira:1")) });
    assert_eq!(world.keep(), [format!("create {PLUGINS}"), "register jira".into(), "start plugins/jira".into()]);
    world
}

#[test]
fn one_run_is_kept_and_another_leader_keeps_it() {
    let mut world = launched();
    assert!(world.keep().is_empty());
    world.memory = Memory::default();
    assert!(world.keep().is_empty());
    assert_eq!(world.state.pipelines[&plugin()].running.len(), 1);
}

#[test]
fn what_ends_is_started_again_later_and_later() {
    let mut world = launched();
    for pause in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        assert!(world.keep().is_empty());
        world.end();
        assert_eq!(world.pause(), pause);
        world.wait(pause - 1);
        assert!(world.keep().is_empty());
        world.wait(1);
        assert_eq!(world.keep(), ["start plugins/jira"]);
    }
    assert!(world.keep().is_empty());
    world.wait(61);
    world.end();
    assert_eq!(world.pause(), 1, "it ran for a while");
    world.memory = Memory::default();
    assert_eq!(world.pause(), 1, "another leader begins anew");
}

#[test]
fn what_ends_before_it_is_seen_is_started_later_and_later_too() {
    let mut world = launched();
    let update = Command::UpdateTrigger { trigger: trigger(), spec: spec(Some("jira:2")), generation: None };
    world.give("test", update);
    while keep(&world.state, world.now, &mut world.memory).commands.iter().any(|command| {
        let is_start = matches!(command, Command::StartRun { .. });
        world.give("leader:1", command.clone());
        !is_start
    }) {}
    for pause in [1, 2, 4, 8] {
        world.end();
        assert_eq!(world.pause(), pause);
        world.wait(pause);
        let commands = keep(&world.state, world.now, &mut world.memory).commands;
        commands.into_iter().for_each(|command| world.give("leader:1", command));
    }
}

#[test]
fn what_is_changed_is_replaced_at_once() {
    let mut world = launched();
    let update = Command::UpdateTrigger { trigger: trigger(), spec: spec(Some("jira:2")), generation: None };
    world.give("test", update);
    let done = world.keep();
    assert_eq!(
        done,
        ["cancel plugins/jira/1: the trigger launches something else by now", "register jira", "start plugins/jira"]
    );
    assert!(world.keep().is_empty());
}

#[test]
fn what_is_not_wanted_is_stopped() {
    let mut world = launched();
    world.give("test", Command::SetTriggerEnabled { trigger: trigger(), enabled: false });
    assert_eq!(world.keep(), ["cancel plugins/jira/1: the trigger is disabled"]);
    world.give("test", Command::SetTriggerEnabled { trigger: trigger(), enabled: true });
    assert_eq!(world.keep(), ["start plugins/jira"]);
    world.give("test", Command::UpdateTrigger { trigger: trigger(), spec: spec(None), generation: None });
    assert_eq!(world.keep(), ["cancel plugins/jira/2: the trigger does not launch its plug-in any more"]);
    world.give("test", Command::UpdateTrigger { trigger: trigger(), spec: spec(Some("jira:1")), generation: None });
    assert_eq!(world.pause(), 1, "why the last one ended is not known any more");
    world.wait(1);
    assert_eq!(world.keep(), ["start plugins/jira"]);
    world.give("test", Command::UninstallTrigger { trigger: trigger() });
    assert_eq!(world.keep(), ["cancel plugins/jira/3: the trigger is not installed any more"]);
    assert!(world.keep().is_empty());
}

#[test]
fn a_pipeline_that_is_disabled_is_left_alone() {
    let mut world = launched();
    world.give("test", Command::DisablePipeline { pipeline: plugin() });
    world.end();
    world.wait(1000);
    assert!(world.keep().is_empty());
    world.give("test", Command::EnablePipeline { pipeline: plugin() });
    world.wait(1000);
    assert_eq!(world.keep(), ["start plugins/jira"]);
}
