//! Commands to events.
//!
//! One module per concern. A decision reads the state and never copies it: the little that a command changes on its
//! way (the statuses of one run's tasks, which runs ended) is kept in a draft beside it. Nothing a run does scans the
//! other runs, so a decision costs as much as the one run it is about.

mod approval;
mod archive;
mod attempt;
mod backfill;
mod call;
mod cluster;
mod create;
mod draft;
mod figures;
mod intake;
mod namespace;
mod node;
mod object;
mod pipeline;
mod queue;
mod release;
mod run;
mod schedule;
mod secret;
mod settle;
mod starts;
mod subscription;
mod trigger;

use std::sync::Arc;

use crate::command::{Command, CommandEnvelope};
use crate::config::PipelineConfig;
use crate::event::{Answer, Event};
use crate::ids::{PipelineKey, RunKey, Version};
use crate::limits::TEXT_BYTES_MAX;
use crate::logic;
use crate::rejection::{Reason, Rejection};
use crate::run::Run;
use crate::state::{History, LiveRun, Pipeline, State};
use crate::time::Timestamp;

/// What a command leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// In order; empty when the state is already as asked.
    pub events: Vec<Event>,
    pub answer: Answer,
}

impl Decision {
    fn done(events: Vec<Event>) -> Self {
        Self { events, answer: Answer::Done }
    }
}

/// What every decision is made from.
#[derive(Clone, Copy)]
struct Context<'a> {
    state: &'a State,
    history: &'a dyn History,
    time: Timestamp,
    actor: &'a str,
}

type Verdict = Result<Decision, Rejection>;

/// Decides a command against the state. Never panics; reads nothing but its arguments.
///
/// Its cost follows what the command changes: starting a run, placing an attempt and reporting on one look at one run,
/// one pipeline and one node.
///
/// # Errors
/// A [`Rejection`] that says why not and what to do. It is an answer, not a fault.
pub fn decide(state: &State, history: &dyn History, envelope: &CommandEnvelope) -> Result<Decision, Rejection> {
    let context = Context { state, history, time: envelope.time, actor: &envelope.actor.0 };
    if let Command::CreateCluster { cluster } = &envelope.command {
        return cluster::create(context, *cluster);
    }
    if state.cluster.is_none() {
        return Err(precondition("the cluster does not exist yet").help("bootstrap it first"));
    }
    logic::check(state, &envelope.command)?;
    let mut decision = dispatch(context, &envelope.command)?;
    figures::complete(state, &mut decision.events);
    Ok(decision)
}

fn dispatch(context: Context<'_>, command: &Command) -> Verdict {
    match command {
        Command::CreateCluster { cluster } => cluster::create(context, *cluster),
        Command::RestoreCluster { cluster, revision, head } => cluster::restore(context, *cluster, *revision, *head),
        Command::RecoverCluster { cluster, survivor, dropped, grace } => {
            cluster::recover(context, *cluster, *survivor, dropped, *grace)
        }
        Command::CreateNamespace { namespace, description } => namespace::create(context, namespace, description),
        Command::DeleteNamespace { namespace } => namespace::delete(context, namespace),
        Command::RegisterPipeline { namespace, config } => {
            pipeline::register(context, namespace, config, pipeline::Registration::Plain)
        }
        Command::EnablePipeline { pipeline } => pipeline::enable(context, pipeline),
        Command::DisablePipeline { pipeline } => pipeline::disable(context, pipeline),
        Command::DeletePipeline { pipeline, force } => pipeline::delete(context, pipeline, *force),
        Command::StartRun { pipeline, version, options } => create::start(context, pipeline, *version, options),
        Command::CancelRun { run, message } => run::cancel(context, run, message),
        Command::RetryRun { run, from } => create::retry(context, run, from),
        Command::AnnotateRun { run, note, labels, without } => {
            run::annotate(context, run, note.as_deref(), labels, without)
        }
        Command::DecideApproval { task, approve, message } => approval::answer(context, task, *approve, message),
        Command::AdvanceTask { task } => call::advance(context, task),
        Command::TimeOutTask { task } => approval::time_out(context, task),
        Command::TimeOutRun { run } => run::time_out(context, run),
        Command::AssignAttempt { attempt, node, driver } => attempt::assign(context, attempt, *node, *driver),
        Command::TimeOutAttempt { attempt } => attempt::time_out(context, attempt),
        Command::ReportLaunching { attempt, node } => attempt::launching(context, attempt, *node),
        Command::ReportStarted { attempt, node } => attempt::started(context, attempt, *node),
        Command::ReportFinished { attempt, node, outcome, log, outputs } => {
            attempt::finished(context, attempt, *node, outcome, log.as_ref(), outputs)
        }
        Command::RegisterNode { node, spec } => node::register(context, *node, spec),
        Command::DrainNode { node } => node::drain(context, *node, true),
        Command::UndrainNode { node } => node::drain(context, *node, false),
        Command::DeclareNodeLost { node, incarnation } => node::declare_lost(context, *node, *incarnation),
        Command::RemoveNode { node } => node::remove(context, *node),
        Command::ArchiveEvents { segment, keep } => archive::archive(context, segment, *keep),
        Command::RegisterVersion { .. }
        | Command::StartRelease { .. }
        | Command::PromoteRelease { .. }
        | Command::SwitchRelease { .. }
        | Command::RollBackPipeline { .. }
        | Command::PinPipeline { .. }
        | Command::UnpinPipeline { .. } => release_command(context, command),
        Command::PutObject { .. } | Command::DeleteObject { .. } => object_command(context, command),
        Command::SetSecret { secret } => secret::set(context, secret),
        Command::DeleteSecret { key } => secret::delete(context, key),
        Command::RotateClusterKey { key, wrapped_keys } => secret::rotate(context, *key, wrapped_keys),
        Command::CreateSchedule { .. }
        | Command::UpdateSchedule { .. }
        | Command::DeleteSchedule { .. }
        | Command::SetScheduleEnabled { .. } => schedule::decide(context, command),
        Command::SettleSlots { schedule, settlement } => settle::settle(context, schedule, settlement),
        Command::StartBackfill { .. } | Command::AdvanceBackfill { .. } | Command::CancelBackfill { .. } => {
            backfill::decide(context, command)
        }
        Command::InstallTrigger { .. }
        | Command::UpdateTrigger { .. }
        | Command::UninstallTrigger { .. }
        | Command::SetTriggerEnabled { .. }
        | Command::ReportTrigger { .. } => trigger::decide(context, command),
        Command::CreateSubscription { .. }
        | Command::UpdateSubscription { .. }
        | Command::DeleteSubscription { .. }
        | Command::SetSubscriptionEnabled { .. } => subscription::decide(context, command),
        Command::TakeEvents { subscription, intake } => intake::take(context, subscription, intake),
        Command::FollowEvents { from, to, events } => intake::follow(context, *from, *to, events),
    }
}

fn object_command(context: Context<'_>, command: &Command) -> Verdict {
    if let Command::PutObject { scope, key, content, limits, attempt } = command {
        object::put(context, (scope, key), content, limits, attempt.as_ref())
    } else if let Command::DeleteObject { scope, key, attempt } = command {
        object::delete(context, scope, key, attempt.as_ref())
    } else {
        Err(misled())
    }
}

fn release_command(context: Context<'_>, command: &Command) -> Verdict {
    if let Command::RegisterVersion { namespace, config, hold } = command {
        let registration = pipeline::Registration::Recorded { hold: *hold };
        pipeline::register(context, namespace, config, registration)
    } else if let Command::StartRelease { pipeline, version, strategy } = command {
        release::start(context, pipeline, *version, strategy)
    } else if let Command::PromoteRelease { pipeline, promotion } = command {
        release::promote(context, pipeline, *promotion)
    } else if let Command::SwitchRelease { pipeline, version } = command {
        release::switch(context, pipeline, *version)
    } else if let Command::RollBackPipeline { pipeline, version, message } = command {
        release::roll_back(context, pipeline, *version, message)
    } else if let Command::PinPipeline { pipeline, version, message } = command {
        release::pin(context, pipeline, *version, message)
    } else if let Command::UnpinPipeline { pipeline } = command {
        release::unpin(context, pipeline)
    } else {
        Err(misled())
    }
}

/// What is said of a command that was given to a function for others, which no command is.
fn misled() -> Rejection {
    Rejection::new(Reason::InvalidArgument, "the command is not of the kind that it was taken for")
}

impl<'a> Context<'a> {
    /// A pipeline that was not deleted.
    fn pipeline(self, key: &PipelineKey) -> Result<&'a Pipeline, Rejection> {
        self.state.pipelines.get(key).filter(|pipeline| !pipeline.deleted).ok_or_else(|| {
            Rejection::new(Reason::NotFound, format!("pipeline {key} does not exist"))
                .field("pipeline")
                .help("check its name and namespace, or register it")
        })
    }

    /// A run with its configuration and those of the shared tasks that it uses.
    fn live(self, run: Run, config: Arc<PipelineConfig>) -> LiveRun {
        LiveRun::new(run, config, |key, version| self.state.find_config(self.history, key, version))
    }

    /// Configuration of a version of a pipeline.
    fn config(self, pipeline: &Pipeline, version: Version) -> Result<Arc<PipelineConfig>, Rejection> {
        if let Some(config) = pipeline.config_of(version) {
            return Ok(Arc::clone(config));
        }
        let known = (Version(1)..pipeline.version).contains(&version);
        known.then(|| self.history.config(&pipeline.key, version)).flatten().ok_or_else(|| {
            let message = format!("pipeline {} has no version {version}", pipeline.key);
            Rejection::new(Reason::NotFound, message)
                .field("version")
                .help(format!("use a version from 1 to {}, or name none", pipeline.version))
        })
    }

    /// Why a run that is not among the live ones can't be worked on.
    fn no_live_run(self, key: &RunKey) -> Rejection {
        if self.state.runs.contains_key(key) || self.history.run(key).is_some() {
            precondition(format!("run {key} has ended")).field("run").help("a run that has ended can only be retried")
        } else {
            Rejection::new(Reason::NotFound, format!("run {key} does not exist"))
                .field("run")
                .help("list the pipeline's runs to find its number")
        }
    }
}

fn precondition(message: impl Into<String>) -> Rejection {
    Rejection::new(Reason::FailedPrecondition, message)
}

/// So many of something, in words.
fn counted(count: usize, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}

/// The first of several faults, with a message that counts the others.
fn first(faults: Vec<Rejection>) -> Result<(), Rejection> {
    let others = faults.len().saturating_sub(1);
    let Some(mut fault) = faults.into_iter().next() else { return Ok(()) };
    if others > 0 {
        fault.message = format!("{} (and {})", fault.message, counted(others, "more fault"));
    }
    Err(fault)
}

fn check_text(field: &str, text: &str) -> Result<(), Rejection> {
    if text.len() <= TEXT_BYTES_MAX {
        return Ok(());
    }
    let message = format!("{field} is {} bytes long, the limit is {TEXT_BYTES_MAX}", text.len());
    Err(Rejection::new(Reason::InvalidArgument, message).field(field).help("shorten it"))
}

/// Cuts a text to the limit. For what a node reports: refusing that would leave its attempt open for ever.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT_BYTES_MAX)].to_owned()
}
