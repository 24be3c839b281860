//! The sentences.

use gofer_domain::config::{Requirement, TaskConfig};
use gofer_domain::limits::LOST_ATTEMPTS_MAX;
use gofer_domain::run::{FailureReason, StopReason};
use gofer_domain::values::TaskKind;
use gofer_domain::{AttemptKey, AttemptOutcome, Event, ObjectLoss, RunStatus, TaskId, TaskStatus, Timestamp};
use gofer_store::codec::time_to_wire;

use super::{Teller, run_of};
use crate::envelope::Envelope;

impl Teller<'_> {
    /// What an event of the run says.
    pub(super) fn words(&self, envelope: &Envelope<'_>, event: &Event) -> String {
        match event {
            Event::RunCreated { .. } => created(event),
            Event::RunAnnotated { note, labels, .. } => {
                let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let mut text = with(format!("{} noted something about the run", envelope.actor), note);
                if !labels.is_empty() {
                    text.push_str(&format!(" (labels {})", labels.join(", ")));
                }
                text
            }
            Event::TaskWaiting { task } => match self.config.as_ref().and_then(|config| config.tasks.get(&task.task)) {
                Some(TaskConfig { kind: TaskKind::Pipeline(call), .. }) => {
                    format!("task {} begins to run pipeline {}", task.task, call.pipeline)
                }
                _ => format!("task {} waits for approval", task.task),
            },
            Event::TaskKept { task, from, .. } => {
                format!("task {} is not run again: it succeeded in run {from}", task.task)
            }
            Event::RunMoved { version, .. } => {
                format!("the release of its version was rolled back, so the run goes back to version {version}")
            }
            Event::RunStarted { .. } => self.started(envelope),
            Event::RunStopRequested { reason, .. } => format!("the run is to stop: {}", stop(reason, envelope.actor)),
            Event::RunFinished { status, .. } => finished(status),
            Event::TaskQueued { task, not_before, .. } => self.queued(&task.task, *not_before, envelope.time),
            Event::TaskFinished { task, status } => self.ended(&task.task, status),
            Event::AttemptPlaced { attempt, node, driver } => {
                let (attempt, node) = (name(attempt), self.node(*node));
                format!("{attempt} was placed on node {node}, for its {} driver", driver.name())
            }
            Event::AttemptLaunching { attempt } => {
                format!("node {} prepares {}", self.node_of(attempt), name(attempt))
            }
            Event::AttemptStarted { attempt } => format!("{} runs on node {}", name(attempt), self.node_of(attempt)),
            Event::AttemptStopRequested { attempt, reason } => {
                format!("{} is to stop: {}", name(attempt), stop(reason, envelope.actor))
            }
            Event::AttemptFinished { attempt, outcome, .. } => self.attempt_ended(attempt, outcome),
            Event::ObjectPut { key, content, .. } => {
                format!("{} put the run's object {key}, {} bytes", envelope.actor, content.bytes)
            }
            Event::ObjectDeleted { key, cause, .. } => {
                format!("the run's object {key} is {}", lost(*cause, envelope.actor))
            }
            Event::ObjectsDropped { cause, .. } => {
                format!("all objects of the run are {}", lost(*cause, envelope.actor))
            }
            _ => String::new(),
        }
    }

    fn started(&self, envelope: &Envelope<'_>) -> String {
        if envelope.revision == envelope.cause {
            return "the run began".to_owned();
        }
        match self.command() {
            Some(event) if run_of(&event) == Some(self.run) => "the run began at once".to_owned(),
            // Of these one command has several: some of them start with it, others when there is room.
            Some(
                Event::SlotsSettled { .. }
                | Event::BackfillAdvanced { .. }
                | Event::EventsTaken { .. }
                | Event::EventsFollowed { .. },
            ) if self.sentences.last().is_some_and(|created| created.cause == envelope.cause) => {
                "the run began at once".to_owned()
            }
            Some(event) => match run_of(&event) {
                Some(other) => format!("the run began, as run {} made room for it", other.run),
                None => format!("the run began, as the event at revision {} made room for it", envelope.cause),
            },
            None => "the run began".to_owned(),
        }
    }

    /// Why a task waits for a node now.
    fn queued(&self, id: &TaskId, not_before: Timestamp, now: Timestamp) -> String {
        let config = self.config.as_ref().and_then(|config| config.tasks.get(id));
        let story = self.tasks.get(id);
        if let Some(outcome) = story.and_then(|story| story.outcome.as_ref()) {
            let (tries, lost) = story.map_or((0, 0), |story| (story.tries, story.lost));
            let wait = not_before.since(now);
            let when = if wait.is_zero() { "at once".to_owned() } else { format!("after {wait:?}") };
            let allowed = match (outcome, config) {
                (AttemptOutcome::Lost { .. }, _) => {
                    format!(
                        "its retry policy replaces lost attempts, of which this was {lost} of at most {LOST_ATTEMPTS_MAX}"
                    )
                }
                (_, Some(config)) => {
                    format!("its retry policy allows {} attempts, and it had {tries}", config.retry.attempts)
                }
                (_, None) => "its retry policy allows it".to_owned(),
            };
            return format!("task {id} may be tried again {when}: {allowed}");
        }
        let parents = config.map(|config| &config.depends_on).filter(|parents| !parents.is_empty());
        let Some(parents) = parents else {
            return match config {
                Some(_) => format!("task {id} waits for a node: it depends on no other"),
                None => format!("task {id} waits for a node"),
            };
        };
        let ended = parents.iter().map(|(parent, requirement)| {
            let status = self.tasks.get(parent).and_then(|story| story.status.as_ref()).map_or("ended", ending);
            let needed = match requirement {
                Requirement::Success => "success",
                Requirement::Failure => "failure",
                Requirement::Any => "end",
            };
            format!("{parent} {status}, and its {needed} is needed")
        });
        format!("task {id} waits for a node: {}", ended.collect::<Vec<_>>().join("; "))
    }

    fn ended(&self, id: &TaskId, status: &TaskStatus) -> String {
        let config = self.config.as_ref().and_then(|config| config.tasks.get(id));
        let (tries, lost) = self.tasks.get(id).map_or((0, 0), |story| (story.tries, story.lost));
        let used_up = match config {
            Some(config) if config.retry.attempts > 1 => {
                format!("; it had {tries} of the {} attempts that its retry policy allows", config.retry.attempts)
            }
            Some(_) => "; its retry policy allows one attempt".to_owned(),
            None => String::new(),
        };
        match status {
            TaskStatus::Succeeded => format!("task {id} succeeded"),
            TaskStatus::Failed { reason, exit_code, message } => {
                format!("task {id} failed: {}{used_up}", failure(*reason, *exit_code, message))
            }
            TaskStatus::Cancelled { message } => with(format!("task {id} was cancelled"), message),
            TaskStatus::Skipped { message } => with(format!("task {id} was skipped"), message),
            TaskStatus::Lost { message } => {
                let why = match config {
                    Some(config) if !config.retry.retry_lost => {
                        "its retry policy does not replace lost attempts".to_owned()
                    }
                    _ => format!("{lost} attempts of it were lost, of at most {LOST_ATTEMPTS_MAX}"),
                };
                format!("{}; {why}", with(format!("task {id} is lost"), message))
            }
            TaskStatus::Unknown { message } => {
                format!("{}{used_up}", with(format!("nobody can tell how task {id} ended"), message))
            }
            TaskStatus::Pending
            | TaskStatus::Queued
            | TaskStatus::Waiting
            | TaskStatus::Placed
            | TaskStatus::Launching
            | TaskStatus::Running => {
                format!("task {id} goes on")
            }
        }
    }

    fn attempt_ended(&self, attempt: &AttemptKey, outcome: &AttemptOutcome) -> String {
        let name = name(attempt);
        match outcome {
            AttemptOutcome::Succeeded => format!("{name} succeeded"),
            AttemptOutcome::Failed { reason, exit_code, message } => {
                format!("{name} failed: {}", failure(*reason, *exit_code, message))
            }
            AttemptOutcome::Cancelled { message } => with(format!("{name} was stopped"), message),
            AttemptOutcome::Lost { message } if message.is_empty() => {
                format!("{name} was lost with node {}", self.node_of(attempt))
            }
            AttemptOutcome::Lost { message } => format!("{name} was lost: {message}"),
            AttemptOutcome::Unknown { message } => with(format!("nobody can tell how {name} ended"), message),
        }
    }

    fn node_of(&self, attempt: &AttemptKey) -> String {
        let node = self.tasks.get(&attempt.task.task).and_then(|story| story.nodes.get(&attempt.attempt));
        node.map_or_else(|| "of an unknown number".to_owned(), |node| self.node(*node))
    }
}

fn created(event: &Event) -> String {
    let Event::RunCreated {
        version,
        options,
        started_by,
        retry_of,
        parent,
        release,
        schedule,
        subscription,
        shared,
        depth,
        run: _,
    } = event
    else {
        return String::new();
    };
    let mut text = match (parent, schedule, subscription) {
        (Some(task), ..) => format!("task {} of run {} started the run", task.task, task.run),
        (None, Some(due), _) => {
            let by = due.backfill.map_or(String::new(), |backfill| format!("backfill {backfill} of "));
            format!("{by}schedule {} started the run for its slot at {}", due.schedule, instant(due.slot))
        }
        (None, None, Some(of)) => {
            format!("subscription {} started the run for event {:?}", of.subscription, of.event.as_str())
        }
        (None, None, None) => format!("{started_by} started the run"),
    };
    if *depth > 0 {
        text.push_str(&format!(", number {} in a chain of runs that started one another", depth.saturating_add(1)));
    }
    text.push_str(&format!(", with version {version} of its pipeline"));
    if let Some(release) = release {
        text.push_str(&format!(", which release {release} chose"));
    }
    if let Some(earlier) = retry_of {
        text.push_str(&format!(", as a retry of run {earlier}"));
    }
    for (task, version) in shared {
        text.push_str(&format!(", with version {version} of the shared task of task {task}"));
    }
    if !options.variables.is_empty() {
        let names: Vec<&str> = options.variables.keys().map(String::as_str).collect();
        text.push_str(&format!(", setting {}", names.join(", ")));
    }
    text
}

/// An instant in UTC, as RFC 3339 has it.
fn instant(time: Timestamp) -> String {
    time_to_wire(time).to_string()
}

fn name(attempt: &AttemptKey) -> String {
    format!("attempt {} of task {}", attempt.attempt, attempt.task.task)
}

fn with(text: String, message: &str) -> String {
    if message.is_empty() { text } else { format!("{text}: {message}") }
}

fn stop(reason: &StopReason, actor: &str) -> String {
    match reason {
        StopReason::Cancelled { message } => with(format!("{actor} cancelled it"), message),
        StopReason::Replaced { by } => format!("run {by} replaces it"),
        StopReason::Timeout { message } => with("its time is up".to_owned(), message),
    }
}

fn finished(status: &RunStatus) -> String {
    match status {
        RunStatus::Succeeded => "the run succeeded".to_owned(),
        RunStatus::Failed { message } => with("the run failed".to_owned(), message),
        RunStatus::Cancelled { message } => with("the run was cancelled".to_owned(), message),
        RunStatus::Queued | RunStatus::Running => "the run goes on".to_owned(),
    }
}

fn ending(status: &TaskStatus) -> &'static str {
    match status {
        TaskStatus::Succeeded => "succeeded",
        TaskStatus::Failed { .. } => "failed",
        TaskStatus::Cancelled { .. } => "was cancelled",
        TaskStatus::Skipped { .. } => "was skipped",
        TaskStatus::Lost { .. } => "was lost",
        TaskStatus::Unknown { .. } => "ended in an unknown way",
        TaskStatus::Pending
        | TaskStatus::Queued
        | TaskStatus::Waiting
        | TaskStatus::Placed
        | TaskStatus::Launching
        | TaskStatus::Running => "goes on",
    }
}

fn failure(reason: FailureReason, exit_code: Option<i32>, message: &str) -> String {
    let text = match (reason, exit_code) {
        (FailureReason::ExitCode, Some(code)) => format!("exit code {code}"),
        (FailureReason::ExitCode, None) => "its exit code".to_owned(),
        (FailureReason::Signal, _) => "a signal ended it".to_owned(),
        (FailureReason::Timeout, _) => "its time was up".to_owned(),
        (FailureReason::OutOfMemory, _) => "it ran out of memory".to_owned(),
        (FailureReason::ImagePull, _) => "its image can't be had".to_owned(),
        (FailureReason::CommandNotFound, _) => "its program can't be found or executed".to_owned(),
        (FailureReason::Launch, _) => "its driver could not launch it".to_owned(),
        (FailureReason::Declined, _) => "it was not approved".to_owned(),
        (FailureReason::MissingValue, _) => "a value that it needs is not there".to_owned(),
        (FailureReason::ChildRun, _) => "a run that it started did not succeed".to_owned(),
    };
    if message.contains(&text) { message.to_owned() } else { with(text, message) }
}

/// What became of objects.
fn lost(cause: ObjectLoss, actor: &str) -> String {
    match cause {
        ObjectLoss::Deleted => format!("deleted by {actor}"),
        ObjectLoss::Evicted => "gone, as newer ones needed their room".to_owned(),
        ObjectLoss::Expired => "gone, as newer runs hold objects".to_owned(),
        ObjectLoss::PipelineDeleted => "gone with the pipeline".to_owned(),
    }
}
