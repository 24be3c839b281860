//! The text form of commands and events that the scripts are written in.
//!
//! A script is a list of lines `command -> event, event`; `-> ! REASON` is a rejection, `->` alone a command that
//! changes nothing, and a line without an arrow is carried out without a look at its events. Names live in the
//! namespace `default`; `p/1/a/2` is attempt 2 of task `a` in run 1 of pipeline `p`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::world::{World, hash};
use super::{script_backfills, script_schedules, script_secrets, script_subscriptions};
use crate::archive::ArchiveSegment;
use crate::config::{DriverKind, Overlap, PipelineConfig, PullPolicy, Requirement, Resources, RetryPolicy, TaskConfig};
use crate::event::Standing;
use crate::run::{AttemptOutcome, FailureReason, RetryFrom, RunOptions, StopReason};
use crate::values::{Approval, Call, Condition, Items, Parameter, ParameterKind, SharedTask, TaskKind, Test, Value};
use crate::{
    AttemptKey, ClusterId, Command, Event, LOGIC_VERSION, NamespaceId, NodeId, NodeSpec, ObjectContent, ObjectKey,
    ObjectLimits, ObjectLoss, ObjectPlace, ObjectScope, PipelineId, PipelineKey, Revision, RunKey, RunStatus, TaskId,
    TaskKey, TaskStatus, Timestamp, Version,
};

/// Runs a script in a new world; fails at the first line that goes otherwise than it says.
pub(crate) fn check(script: &str) -> World {
    let mut world = World::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, wanted) = match line.split_once("->") {
            Some((command, wanted)) => (command.trim(), Some(wanted.trim())),
            None => (line, None),
        };
        let words: Vec<&str> = command.split_whitespace().collect();
        if words[0] == "wait" {
            world.time = Timestamp(world.time.0 + number(words[1]));
            continue;
        }
        if words[0] == "evict" {
            world.evict();
            continue;
        }
        let start = world.time;
        let command = match words[0] {
            "settle" => script_schedules::settle(&world, &words),
            "backfill" | "fill" | "end-backfill" => script_backfills::parse(&world, &words),
            "take" | "follow" | "report" => script_subscriptions::with_world(&world, &words),
            _ => parse(&words),
        };
        let found = match world.give(command) {
            Ok(decision) => decision.events.iter().map(|event| show(event, start)).collect::<Vec<_>>().join(", "),
            Err(rejection) => {
                assert!(!rejection.message.is_empty(), "{line}: a rejection without a message");
                format!("! {}", rejection.reason.name())
            }
        };
        match wanted {
            Some(wanted) => assert_eq!(found, wanted, "\nin line: {line}\nof script: {script}"),
            None => assert!(!found.starts_with('!'), "refused: {line}: {found}"),
        }
        let mut again = world.state.clone();
        again.reindex();
        assert_eq!(again.index, world.state.index, "index after: {line}");
    }
    world
}

fn parse(words: &[&str]) -> Command {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    match words[0] {
        "namespace" => Command::CreateNamespace { namespace: namespace(words[1]), description: String::new() },
        "delete-namespace" => Command::DeleteNamespace { namespace: namespace(words[1]) },
        "pipeline" => Command::RegisterPipeline {
            namespace: namespace("default"),
            config: std::sync::Arc::new(config(&words[1..])),
        },
        "enable" => Command::EnablePipeline { pipeline: pipeline(words[1]) },
        "disable" => Command::DisablePipeline { pipeline: pipeline(words[1]) },
        "delete" => Command::DeletePipeline { pipeline: pipeline(words[1]), force: words.contains(&"force") },
        "start" => Command::StartRun {
            pipeline: pipeline(words[1]),
            version: option("version").map(|version| Version(number(version))),
            options: Box::new(options(words)),
        },
        "cancel" => Command::CancelRun { run: run(words[1]), message: String::new() },
        "retry" => Command::RetryRun {
            run: run(words[1]),
            from: match option("from") {
                None => RetryFrom::Start,
                Some("failed") => RetryFrom::Failed,
                Some(tasks) => RetryFrom::Tasks(tasks.split(',').map(|id| TaskId::new(id).unwrap()).collect()),
            },
        },
        "note" | "approve" | "decline" | "advance" | "time-out-wait" => parse_values(words),
        "time-out" if words[1].matches('/').count() == 1 => Command::TimeOutRun { run: run(words[1]) },
        "time-out" => Command::TimeOutAttempt { attempt: attempt(words[1]) },
        "assign" => Command::AssignAttempt {
            attempt: attempt(words[1]),
            node: NodeId(number(words[2])),
            driver: option("driver").map_or(DriverKind::Process, |name| DriverKind::from_name(name).unwrap()),
        },
        "launching" => Command::ReportLaunching { attempt: attempt(words[1]), node: NodeId(number(words[2])) },
        "started" => Command::ReportStarted { attempt: attempt(words[1]), node: NodeId(number(words[2])) },
        "finished" => Command::ReportFinished {
            attempt: attempt(words[1]),
            node: NodeId(number(words[2])),
            outcome: outcome(words[3]),
            log: None,
            outputs: pairs(words, "out"),
        },
        "node" => Command::RegisterNode { node: NodeId(number(words[1])), spec: Box::new(spec(words)) },
        "drain" => Command::DrainNode { node: NodeId(number(words[1])) },
        "undrain" => Command::UndrainNode { node: NodeId(number(words[1])) },
        "lost" => Command::DeclareNodeLost { node: NodeId(number(words[1])), incarnation: number(words[2]) },
        "restore" | "recover" => parse_cluster(words),
        "archive" => Command::ArchiveEvents {
            segment: Box::new(segment(number(words[1]), number(words[2]))),
            keep: option("keep").map_or(10, number),
        },
        "put" | "unput" => object_command(words),
        "set" | "delete-secret" | "rotate" => script_secrets::parse(words),
        "schedule" | "reschedule" | "unschedule" | "pause" | "resume" => script_schedules::parse(words),
        "install" | "change" | "uninstall" | "trigger-off" | "trigger-on" | "subscribe" | "resubscribe"
        | "unsubscribe" | "mute" | "unmute" => script_subscriptions::parse(words),
        "share" | "unshare" | "share-off" | "share-on" => super::script_shared::parse(words),
        "remove" => Command::RemoveNode { node: NodeId(number(words[1])) },
        _ => super::script_release_words::parse(words),
    }
}

fn parse_cluster(words: &[&str]) -> Command {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    match words[0] {
        "restore" => Command::RestoreCluster {
            cluster: ClusterId([u8::try_from(number(words[1])).unwrap(); 16]),
            revision: Revision(number(words[2])),
            head: [9; 32],
        },
        "recover" => Command::RecoverCluster {
            cluster: ClusterId([u8::try_from(number(words[1])).unwrap(); 16]),
            survivor: NodeId(number(words[2])),
            dropped: words[3].split(',').map(|node| NodeId(number(node))).collect(),
            grace: Duration::from_millis(option("grace").map_or(0, number)),
        },
        other => panic!("no such command: {other}"),
    }
}

fn parse_values(words: &[&str]) -> Command {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    match words[0] {
        "note" => Command::AnnotateRun {
            run: run(words[1]),
            note: option("note").map(String::from),
            labels: options(words).labels,
            without: option("without").into_iter().map(String::from).collect(),
        },
        "approve" | "decline" => {
            Command::DecideApproval { task: task(words[1]), approve: words[0] == "approve", message: String::new() }
        }
        "advance" => Command::AdvanceTask { task: task(words[1]) },
        "time-out-wait" => Command::TimeOutTask { task: task(words[1]) },
        other => panic!("no such command: {other}"),
    }
}

/// The pairs of words like `set=A:1`.
pub(crate) fn pairs(words: &[&str], name: &str) -> BTreeMap<String, String> {
    let values = words.iter().filter_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let pair = |value: &str| value.split_once(':').map(|(name, value)| (name.to_owned(), value.replace('+', "\n")));
    values.filter_map(pair).collect()
}

pub(crate) fn options(words: &[&str]) -> RunOptions {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    RunOptions {
        variables: pairs(words, "set"),
        labels: pairs(words, "label"),
        note: option("note").unwrap_or_default().into(),
        priority: option("priority").map_or(0, |priority| priority.parse().unwrap()),
    }
}

/// `x` is text, `$A` a variable, `a.out` an output, `@` the element.
fn value(text: &str) -> Value {
    if text == "@" {
        Value::Item
    } else if let Some(name) = text.strip_prefix('$') {
        Value::Variable(name.into())
    } else if let Some((task, name)) = text.split_once('.') {
        Value::Output { task: TaskId::new(task).unwrap(), name: name.into() }
    } else {
        Value::Text(text.into())
    }
}

fn object_command(words: &[&str]) -> Command {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let (scope, key, attempt) = (scope(words[1]), ObjectKey::new(words[2]).unwrap(), option("by").map(attempt));
    if words[0] == "unput" {
        return Command::DeleteObject { scope, key, attempt };
    }
    let mut content = Box::new(content(number(words[3])));
    content.place = option("store").map(|store| place(number(store)));
    Command::PutObject { scope, key, content, limits: object_limits(option), attempt }
}

/// `p parallelism=1 overlap=queue:2 timeout=50 | a retry=3 | b after=a:failure,c timeout=50 allow-failure`
pub(crate) fn config(words: &[&str]) -> PipelineConfig {
    let mut sections = words.split(|word| *word == "|");
    let head = sections.next().unwrap();
    let mut config = pipeline_config(head[0]);
    for word in &head[1..] {
        let (name, value) = word.split_once('=').unwrap();
        match name {
            "parallelism" => config.parallelism = u32::try_from(number(value)).unwrap(),
            "timeout" => config.timeout = Some(Duration::from_millis(number(value))),
            "overlap" => config.overlap = overlap(value),
            "description" => config.description = value.into(),
            "parameter" => {
                let (name, default) = value.split_once(':').map_or((value, None), |(name, value)| (name, Some(value)));
                let parameter = Parameter {
                    description: String::new(),
                    kind: ParameterKind::Text,
                    default: default.map(String::from),
                };
                config.parameters.insert(name.into(), parameter);
            }
            other => panic!("no such option of a pipeline: {other}"),
        }
    }
    for section in sections {
        let mut task = task_config();
        for word in &section[1..] {
            task_option(&mut task, word);
        }
        config.tasks.insert(TaskId::new(section[0]).unwrap(), task);
    }
    config
}

fn task_option(task: &mut TaskConfig, word: &str) {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    match name {
        "after" => {
            for parent in value.split(',') {
                let (parent, requirement) = parent.split_once(':').unwrap_or((parent, "success"));
                let requirement = match requirement {
                    "success" => Requirement::Success,
                    "failure" => Requirement::Failure,
                    "any" => Requirement::Any,
                    other => panic!("no such requirement: {other}"),
                };
                task.depends_on.insert(TaskId::new(parent).unwrap(), requirement);
            }
        }
        "retry" => task.retry.attempts = u32::try_from(number(value)).unwrap(),
        "keep-lost" => task.retry.retry_lost = false,
        "timeout" => task.timeout = Some(Duration::from_millis(number(value))),
        "memory" => task.resources.memory_bytes = number(value) << 20,
        "driver" => task.driver = DriverKind::from_name(value),
        "image" => task.image = Some(value.into()),
        "zone" => {
            task.constraints.insert("zone".into(), value.into());
        }
        "allow-failure" => task.allow_failure = true,
        "if" | "unless" => {
            let (of, texts) = value.split_once(':').unwrap();
            let texts = texts.split(',').map(String::from).collect();
            let test = if name == "if" { Test::Is(texts) } else { Test::IsNot(texts) };
            task.conditions.push(Condition { value: self::value(of), test });
        }
        "input" => {
            let (variable, of) = value.split_once(':').unwrap();
            task.inputs.insert(variable.into(), self::value(of));
        }
        "approval" => {
            task.command.clear();
            let approvers = value.split(',').filter(|name| !name.is_empty()).map(String::from).collect();
            task.kind = TaskKind::Approval(Approval { approvers });
        }
        "calls" => {
            task.command.clear();
            let pipeline = PipelineId::new(value).unwrap();
            let call = Call { pipeline, variables: BTreeMap::new(), items: None, parallelism: 0 };
            task.kind = TaskKind::Pipeline(Box::new(call));
        }
        "each" => {
            let items = match value.strip_prefix('[') {
                Some(items) => Items::These(items.split(',').map(String::from).collect()),
                None => Items::Lines(self::value(value)),
            };
            call(task).items = Some(items);
        }
        "set" => {
            let (variable, of) = value.split_once(':').unwrap();
            given(task).insert(variable.into(), self::value(of));
        }
        "at-once" => call(task).parallelism = u32::try_from(number(value)).unwrap(),
        "uses" => {
            task.command.clear();
            task.kind = TaskKind::Shared(Box::new(shared(value)));
        }
        "secret" => {
            task.secret_env.insert("TOKEN".into(), value.into());
        }
        other => panic!("no such option of a task: {other}"),
    }
}

fn call(task: &mut TaskConfig) -> &mut Call {
    match &mut task.kind {
        TaskKind::Pipeline(call) => call,
        TaskKind::Container | TaskKind::Approval(_) | TaskKind::Shared(_) => panic!("a task that calls nothing"),
    }
}

/// `s` or `s@3`.
fn shared(text: &str) -> SharedTask {
    let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
    let version = version.map(|version| Version(number(version)));
    SharedTask { name: PipelineId::new(name).unwrap(), version, settings: BTreeMap::new() }
}

/// What a task gives to the pipeline that it runs, or to the shared task that it uses.
fn given(task: &mut TaskConfig) -> &mut BTreeMap<String, Value> {
    match &mut task.kind {
        TaskKind::Shared(shared) => &mut shared.settings,
        TaskKind::Pipeline(call) => &mut call.variables,
        TaskKind::Container | TaskKind::Approval(_) => panic!("a task that is given nothing"),
    }
}

fn overlap(text: &str) -> Overlap {
    match text.split_once(':').unwrap_or((text, "")) {
        ("allow", _) => Overlap::Allow,
        ("forbid", _) => Overlap::Forbid,
        ("queue", limit) => Overlap::Queue(u32::try_from(number(limit)).unwrap()),
        ("replace", _) => Overlap::Replace,
        other => panic!("no such overlap: {other:?}"),
    }
}

/// A segment of the world's own events.
pub(crate) fn segment(first: u64, last: u64) -> ArchiveSegment {
    ArchiveSegment {
        digest: [7; 32],
        first: Revision(first),
        last: Revision(last),
        previous_hash: hash(first.saturating_sub(1)),
        last_hash: hash(last),
        bytes: 100,
        stored_bytes: 10,
    }
}

/// Bytes of which only the number counts.
pub(crate) fn content(bytes: u64) -> ObjectContent {
    ObjectContent { bytes, digest: hash(bytes), manifest: hash(bytes + 1), place: None }
}

/// A place in a store that is told from others by a number.
pub(crate) fn place(store: u64) -> ObjectPlace {
    let id = (u128::from(store) << 64 | 1).to_be_bytes();
    ObjectPlace { store: id, folder: id }
}

/// `objects` and `bytes` hold for pipelines and runs alike.
fn object_limits<'a>(option: impl Fn(&str) -> Option<&'a str>) -> ObjectLimits {
    let all = ObjectLimits::default();
    let small = |name: &str, default| option(name).map_or(default, |text| u32::try_from(number(text)).unwrap());
    let objects = small("objects", all.pipeline_objects);
    let bytes = option("bytes").map_or(all.run_bytes, number);
    ObjectLimits {
        pipeline_objects: objects,
        pipeline_bytes: bytes,
        run_objects: objects,
        run_bytes: bytes,
        runs: small("runs", all.runs),
    }
}

fn scope(text: &str) -> ObjectScope {
    match text.contains('/') {
        true => ObjectScope::Run(run(text)),
        false => ObjectScope::Pipeline(pipeline(text)),
    }
}

pub(crate) fn pipeline_config(id: &str) -> PipelineConfig {
    PipelineConfig {
        id: PipelineId::new(id).unwrap(),
        description: String::new(),
        parallelism: 0,
        overlap: Overlap::Allow,
        timeout: None,
        variables: BTreeMap::new(),
        parameters: BTreeMap::new(),
        tasks: BTreeMap::new(),
    }
}

pub(crate) fn task_config() -> TaskConfig {
    TaskConfig {
        description: String::new(),
        kind: TaskKind::Container,
        image: None,
        pull: PullPolicy::IfNotPresent,
        entrypoint: Vec::new(),
        command: vec!["true".into()],
        environment: BTreeMap::new(),
        working_directory: None,
        depends_on: BTreeMap::new(),
        conditions: Vec::new(),
        inputs: BTreeMap::new(),
        retry: RetryPolicy { backoff: Duration::from_millis(100), ..RetryPolicy::default() },
        timeout: None,
        resources: Resources::default(),
        driver: None,
        constraints: BTreeMap::new(),
        allow_failure: false,
        secret_env: BTreeMap::new(),
        secret_files: BTreeMap::new(),
    }
}

fn spec(words: &[&str]) -> NodeSpec {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let mut spec = node_spec(option("name").unwrap_or(&format!("node-{}", words[1])));
    spec.slots = option("slots").map_or(2, |slots| u32::try_from(number(slots)).unwrap());
    spec.capacity.memory_bytes = option("memory").map_or(0, |mebibytes| number(mebibytes) << 20);
    spec.logic_version = option("logic").map_or(LOGIC_VERSION, |logic| u32::try_from(number(logic)).unwrap());
    if let Some(zone) = option("zone") {
        spec.labels.insert("zone".into(), zone.into());
    }
    spec
}

pub(crate) fn node_spec(name: &str) -> NodeSpec {
    NodeSpec {
        name: name.into(),
        address: "127.0.0.1:7000".into(),
        labels: BTreeMap::new(),
        slots: 2,
        capacity: Resources::default(),
        drivers: [DriverKind::Process].into(),
        logic_version: LOGIC_VERSION,
        build: "test".into(),
    }
}

pub(crate) fn outcome(word: &str) -> AttemptOutcome {
    let message = String::from("as reported");
    match word {
        "ok" => AttemptOutcome::Succeeded,
        "failed" => AttemptOutcome::Failed { reason: FailureReason::ExitCode, exit_code: Some(2), message },
        "cancelled" => AttemptOutcome::Cancelled { message },
        "lost" => AttemptOutcome::Lost { message },
        "unknown" => AttemptOutcome::Unknown { message },
        other => panic!("no such outcome: {other}"),
    }
}

pub(crate) fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

pub(crate) fn namespace(text: &str) -> NamespaceId {
    NamespaceId::new(text).unwrap()
}

pub(crate) fn pipeline(text: &str) -> PipelineKey {
    PipelineKey { namespace: namespace("default"), pipeline: PipelineId::new(text).unwrap() }
}

pub(crate) fn run(text: &str) -> RunKey {
    let (name, run) = text.split_once('/').unwrap();
    RunKey { pipeline: pipeline(name), run: number(run) }
}

pub(crate) fn task(text: &str) -> TaskKey {
    let (name, task) = text.rsplit_once('/').unwrap();
    TaskKey { run: run(name), task: TaskId::new(task).unwrap() }
}

fn attempt(text: &str) -> AttemptKey {
    let (name, attempt) = text.rsplit_once('/').unwrap();
    AttemptKey { task: task(name), attempt: u32::try_from(number(attempt)).unwrap() }
}

/// An event in few words; `now` is the time of its command.
fn show(event: &Event, now: Timestamp) -> String {
    let text = match event {
        Event::ClusterCreated { .. } => "cluster created".into(),
        Event::ClusterRestored { cluster, revision, .. } => format!("restored as {} from {revision}", cluster.0[0]),
        Event::ClusterRecovered { .. } => show_recovered(event),
        Event::NamespaceCreated { namespace, .. } => format!("namespace {namespace} created"),
        Event::NamespaceDeleted { namespace } => format!("namespace {namespace} deleted"),
        Event::PipelineRegistered { .. } => show_registered(event),
        Event::PipelineEnabled { pipeline } => format!("{pipeline} enabled"),
        Event::PipelineDisabled { pipeline } => format!("{pipeline} disabled"),
        Event::PipelineDeleted { pipeline } => format!("{pipeline} deleted"),
        Event::RunCreated { .. } => show_created(event),
        Event::RunAnnotated { run, note, labels } => format!("{run} noted {note:?} {}", labels.len()),
        Event::TaskWaiting { task } => format!("{task} waits"),
        Event::TaskKept { task, from, .. } => format!("{task} kept from {from}"),
        Event::RunStarted { run } => format!("{run} started"),
        Event::RunStopRequested { run, reason } => format!("{run} stop {}", show_reason(reason)),
        Event::TaskQueued { task, not_before, .. } => show_queued(task, not_before.0 - now.0),
        Event::TaskFinished { task, status } => format!("{task} {}", show_status(status)),
        Event::RunFinished { run, status, .. } => format!("{run} {}", show_end(status)),
        Event::AttemptPlaced { attempt, node, .. } => format!("{attempt} placed on {node}"),
        Event::AttemptLaunching { attempt } => format!("{attempt} launching"),
        Event::AttemptStarted { attempt } => format!("{attempt} started"),
        Event::AttemptStopRequested { attempt, reason } => format!("{attempt} stop {}", show_reason(reason)),
        Event::AttemptFinished { attempt, outcome, .. } => format!("{attempt} {}", show_outcome(outcome)),
        Event::NodeRegistered { node, incarnation, .. } => format!("node {node} registered {incarnation}"),
        Event::NodeDrained { node } => format!("node {node} drained"),
        Event::NodeUndrained { node } => format!("node {node} undrained"),
        Event::NodeLost { node, .. } => format!("node {node} lost"),
        Event::NodeRemoved { node } => format!("node {node} removed"),
        Event::EventsArchived { segment, trimmed, .. } => {
            format!("archived {} to {}, trimmed {trimmed}", segment.first, segment.last)
        }
        Event::ReleaseStarted { .. }
        | Event::ReleaseAdvanced { .. }
        | Event::ReleaseSwitched { .. }
        | Event::ReleasePromoted { .. }
        | Event::ReleaseRolledBack { .. }
        | Event::LiveVersionChanged { .. }
        | Event::PipelinePinned { .. }
        | Event::PipelineUnpinned { .. }
        | Event::RunMoved { .. } => super::script_release_words::show(event),
        Event::ObjectPut { .. } | Event::ObjectDeleted { .. } | Event::ObjectsDropped { .. } => show_object(event),
        Event::SecretSet { .. } | Event::SecretDeleted { .. } | Event::ClusterKeyRotated { .. } => show_secret(event),
        Event::ScheduleCreated { .. }
        | Event::ScheduleUpdated { .. }
        | Event::ScheduleDeleted { .. }
        | Event::ScheduleEnabled { .. }
        | Event::ScheduleDisabled { .. }
        | Event::SlotsSettled { .. } => script_schedules::show(event),
        Event::BackfillStarted { .. }
        | Event::BackfillAdvanced { .. }
        | Event::BackfillRunEnded { .. }
        | Event::BackfillCancelled { .. } => script_backfills::show(event),
        Event::TriggerInstalled { .. }
        | Event::TriggerUpdated { .. }
        | Event::TriggerUninstalled { .. }
        | Event::TriggerEnabled { .. }
        | Event::TriggerDisabled { .. }
        | Event::TriggerReported { .. }
        | Event::SubscriptionCreated { .. }
        | Event::SubscriptionUpdated { .. }
        | Event::SubscriptionDeleted { .. }
        | Event::SubscriptionEnabled { .. }
        | Event::SubscriptionDisabled { .. }
        | Event::EventsTaken { .. }
        | Event::EventsFollowed { .. } => script_subscriptions::show(event),
    };
    text.replace("default/", "")
}

fn show_recovered(event: &Event) -> String {
    let Event::ClusterRecovered { cluster, survivor, dropped, .. } = event else { panic!("no recovery: {event:?}") };
    format!("recovered as {} on {survivor} without {}", cluster.0[0], dropped.len())
}

fn show_registered(event: &Event) -> String {
    let Event::PipelineRegistered { pipeline, version, standing, .. } = event else {
        panic!("no registration: {event:?}")
    };
    format!("{pipeline} version {version}{}", show_standing(standing))
}

fn show_secret(event: &Event) -> String {
    script_secrets::show(event)
}

fn show_object(event: &Event) -> String {
    if let Event::ObjectPut { scope, key, .. } = event {
        format!("{scope} put {key}")
    } else if let Event::ObjectDeleted { scope, key, cause } = event {
        format!("{scope} {key} {}", show_loss(*cause))
    } else if let Event::ObjectsDropped { scope, cause } = event {
        format!("{scope} dropped {}", show_loss(*cause))
    } else {
        panic!("not about objects: {event:?}")
    }
}

fn show_queued(task: &TaskKey, delay: u64) -> String {
    if delay == 0 { format!("{task} queued") } else { format!("{task} queued +{delay}") }
}

fn show_created(event: &Event) -> String {
    let Event::RunCreated {
        run,
        version,
        retry_of,
        parent,
        options,
        release,
        schedule,
        subscription,
        shared,
        depth,
        started_by: _,
    } = event
    else {
        panic!("no start of a run: {event:?}")
    };
    let of = retry_of.map_or(String::new(), |of| format!(" again {of}"));
    let by = parent.as_ref().map_or(String::new(), |parent| format!(" by {parent}"));
    let release = release.map_or(String::new(), |release| format!(" by release {release}"));
    let slot = schedule.as_ref().map_or(String::new(), |due| {
        let of = due.backfill.map_or(String::new(), |backfill| format!(" in {backfill}"));
        format!(" for {}@{}{of}", due.schedule, due.slot.0)
    });
    let of_event = |of: &crate::SubscriptionEvent| format!(" for {}#{}", of.subscription, of.event);
    let event = subscription.as_ref().map_or(String::new(), of_event);
    let shared: String = shared.iter().map(|(name, version)| format!(" {name}@{version}")).collect();
    let depth = if *depth == 0 { String::new() } else { format!(" deep {depth}") };
    let values: String = options.variables.iter().map(|(name, value)| format!(" {name}:{value}")).collect();
    format!("{run} created v{version}{of}{release}{by}{slot}{event}{depth}{shared}{values}")
}

fn show_end(status: &RunStatus) -> &'static str {
    match status {
        RunStatus::Succeeded => "SUCCEEDED",
        RunStatus::Failed { .. } => "FAILED",
        RunStatus::Cancelled { .. } => "CANCELLED",
        RunStatus::Queued | RunStatus::Running => panic!("finished as {status:?}"),
    }
}

fn show_standing(standing: &Standing) -> String {
    match standing {
        Standing::Live => String::new(),
        Standing::Released { release, .. } => format!(" released {release}"),
        Standing::Held => " held".to_owned(),
    }
}

fn show_loss(loss: ObjectLoss) -> &'static str {
    match loss {
        ObjectLoss::Deleted | ObjectLoss::PipelineDeleted => "deleted",
        ObjectLoss::Evicted => "evicted",
        ObjectLoss::Expired => "expired",
    }
}

fn show_reason(reason: &StopReason) -> String {
    match reason {
        StopReason::Cancelled { .. } => "cancelled".into(),
        StopReason::Replaced { by } => format!("replaced by {by}"),
        StopReason::Timeout { .. } => "timeout".into(),
    }
}

fn show_outcome(outcome: &AttemptOutcome) -> String {
    match outcome {
        AttemptOutcome::Succeeded => "ok".into(),
        AttemptOutcome::Failed { reason: FailureReason::Timeout, .. } => "failed by timeout".into(),
        AttemptOutcome::Failed { .. } => "failed".into(),
        AttemptOutcome::Cancelled { .. } => "cancelled".into(),
        AttemptOutcome::Lost { .. } => "lost".into(),
        AttemptOutcome::Unknown { .. } => "unknown".into(),
    }
}

fn show_status(status: &TaskStatus) -> &'static str {
    match status {
        TaskStatus::Succeeded => "succeeded",
        TaskStatus::Failed { .. } => "FAILED",
        TaskStatus::Cancelled { .. } => "CANCELLED",
        TaskStatus::Skipped { .. } => "SKIPPED",
        TaskStatus::Lost { .. } => "LOST",
        TaskStatus::Unknown { .. } => "UNKNOWN",
        TaskStatus::Pending
        | TaskStatus::Queued
        | TaskStatus::Waiting
        | TaskStatus::Placed
        | TaskStatus::Launching
        | TaskStatus::Running => "NOT FINAL",
    }
}
