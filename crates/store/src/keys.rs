//! Keys of the views: order-preserving and injective. Ids hold no zero byte, so a zero ends them.

use gofer_domain::{
    EventKey, NamespaceId, NodeId, ObjectKey, ObjectScope, PipelineKey, Revision, RunKey, ScheduleKey, SecretKey,
    SecretScope, SubscriptionKey, TaskId, TaskKey, TriggerName, Version,
};

/// First byte of a view's key: the kind of record.
pub(crate) mod kind {
    pub(crate) const NAMESPACE: u8 = b'N';
    pub(crate) const PIPELINE: u8 = b'P';
    pub(crate) const VERSION: u8 = b'V';
    pub(crate) const RUN: u8 = b'R';
    /// What a run was started with.
    pub(crate) const VARIABLES: u8 = b'A';
    pub(crate) const TASK: u8 = b'T';
    /// Marks a run that has not ended, so that a start does not look at those that have.
    pub(crate) const LIVE: u8 = b'L';
    pub(crate) const NODE: u8 = b'O';
    /// How far the log is archived.
    pub(crate) const ARCHIVE: u8 = b'E';
    pub(crate) const SEGMENT: u8 = b'S';
    /// A release of a pipeline, in progress or ended: its history.
    pub(crate) const RELEASE: u8 = b'H';
    pub(crate) const OBJECT: u8 = b'B';
    /// A secret without its value.
    pub(crate) const SECRET: u8 = b'c';
    /// A secret's sealed value.
    pub(crate) const SEALED: u8 = b'x';
    /// The cluster key in force, by its number and fingerprint.
    pub(crate) const CLUSTER_KEY: u8 = b'k';
    pub(crate) const SCHEDULE: u8 = b'U';
    pub(crate) const TRIGGER: u8 = b'G';
    pub(crate) const SUBSCRIPTION: u8 = b'Q';
    /// An event that a subscription has taken, by its number.
    pub(crate) const TAKEN: u8 = b'y';
    /// The number of such an event, by its key.
    pub(crate) const TAKEN_KEY: u8 = b'z';
    /// How far the log was followed for subscriptions.
    pub(crate) const FOLLOWED: u8 = b'F';
}

pub(crate) fn namespace(id: &NamespaceId) -> Vec<u8> {
    let mut key = vec![kind::NAMESPACE];
    push(&mut key, id.as_str());
    key
}

/// Key of a record of this kind about a pipeline; a prefix of those about its versions and runs.
pub(crate) fn pipeline(kind: u8, pipeline: &PipelineKey) -> Vec<u8> {
    let mut key = vec![kind];
    push(&mut key, pipeline.namespace.as_str());
    push(&mut key, pipeline.pipeline.as_str());
    key
}

pub(crate) fn version(key: &PipelineKey, version: Version) -> Vec<u8> {
    let mut key = pipeline(kind::VERSION, key);
    key.extend(version.0.to_be_bytes());
    key
}

pub(crate) fn release(key: &PipelineKey, release: u64) -> Vec<u8> {
    let mut key = pipeline(kind::RELEASE, key);
    key.extend(release.to_be_bytes());
    key
}

/// Key of a record of this kind about a run; a prefix of those about its tasks.
pub(crate) fn run(kind: u8, run: &RunKey) -> Vec<u8> {
    let mut key = pipeline(kind, &run.pipeline);
    key.extend(run.run.to_be_bytes());
    key
}

pub(crate) fn task(task: &TaskKey) -> Vec<u8> {
    task_in(&task.run, &task.task)
}

fn task_in(of: &RunKey, id: &TaskId) -> Vec<u8> {
    let mut key = run(kind::TASK, of);
    push(&mut key, id.as_str());
    key
}

pub(crate) fn node(node: NodeId) -> Vec<u8> {
    let mut key = vec![kind::NODE];
    key.extend(node.0.to_be_bytes());
    key
}

/// Key of the one record of how far the log is archived.
pub(crate) fn archive() -> Vec<u8> {
    vec![kind::ARCHIVE]
}

/// Key of a segment of the archive, by its first revision.
pub(crate) fn segment(first: Revision) -> Vec<u8> {
    let mut key = vec![kind::SEGMENT];
    key.extend(first.0.to_be_bytes());
    key
}

/// Key of an object; after that of its scope. Objects of a pipeline itself count as those of run 0.
pub(crate) fn object(scope: &ObjectScope, id: &ObjectKey) -> Vec<u8> {
    let mut key = objects(scope);
    push(&mut key, id.as_str());
    key
}

/// Prefix of the keys of a scope's objects.
pub(crate) fn objects(scope: &ObjectScope) -> Vec<u8> {
    let mut key = pipeline(kind::OBJECT, scope.pipeline());
    let run = if let ObjectScope::Run(run) = scope { run.run } else { 0 };
    key.extend(run.to_be_bytes());
    key
}

/// All keys that begin with a prefix, as a range: its first, and the first after it.
pub(crate) fn range(prefix: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    (prefix.to_vec(), end)
}

/// Key of a record of this kind about a secret. Of a wider scope the narrower parts are empty.
pub(crate) fn secret(kind: u8, of: &SecretKey) -> Vec<u8> {
    let mut key = vec![kind];
    let (namespace, pipeline) = match &of.scope {
        SecretScope::Global => ("", ""),
        SecretScope::Namespace(namespace) => (namespace.as_str(), ""),
        SecretScope::Pipeline(pipeline) => (pipeline.namespace.as_str(), pipeline.pipeline.as_str()),
    };
    push(&mut key, namespace);
    push(&mut key, pipeline);
    push(&mut key, of.name.as_str());
    key
}

/// Key of the one record of the cluster key in force.
pub(crate) fn cluster_key() -> Vec<u8> {
    vec![kind::CLUSTER_KEY]
}

/// Key of a schedule; after that of its pipeline.
pub(crate) fn schedule(of: &ScheduleKey) -> Vec<u8> {
    let mut key = pipeline(kind::SCHEDULE, &of.pipeline);
    push(&mut key, of.name.as_str());
    key
}

pub(crate) fn trigger(name: &TriggerName) -> Vec<u8> {
    let mut key = vec![kind::TRIGGER];
    push(&mut key, name.as_str());
    key
}

/// Key of a record of this kind about a subscription; a prefix of those about what it has taken.
pub(crate) fn subscription(kind: u8, of: &SubscriptionKey) -> Vec<u8> {
    let mut key = pipeline(kind, &of.pipeline);
    push(&mut key, of.name.as_str());
    key
}

/// Prefix of the keys of what a subscription has taken that was created by the event of a revision.
pub(crate) fn taken_of(of: &SubscriptionKey, created: Revision) -> Vec<u8> {
    let mut key = subscription(kind::TAKEN, of);
    key.extend(created.0.to_be_bytes());
    key
}

/// Key of an event that a subscription has taken.
pub(crate) fn taken(of: &SubscriptionKey, created: Revision, number: u64) -> Vec<u8> {
    let mut key = taken_of(of, created);
    key.extend(number.to_be_bytes());
    key
}

/// Key of the number of such an event.
pub(crate) fn taken_key(of: &SubscriptionKey, created: Revision, event: &EventKey) -> Vec<u8> {
    let mut key = subscription(kind::TAKEN_KEY, of);
    key.extend(created.0.to_be_bytes());
    push(&mut key, event.as_str());
    key
}

/// Key of the one record of how far the log was followed.
pub(crate) fn followed() -> Vec<u8> {
    vec![kind::FOLLOWED]
}

/// The run that a [`kind::LIVE`] key names.
pub(crate) fn live_run(key: &[u8]) -> Option<RunKey> {
    let rest = key.strip_prefix(&[kind::LIVE])?;
    let (rest, number) = rest.split_at_checked(rest.len().checked_sub(8)?)?;
    let mut rest = rest;
    let pipeline = PipelineKey {
        namespace: NamespaceId::new(pull(&mut rest)?).ok()?,
        pipeline: gofer_domain::PipelineId::new(pull(&mut rest)?).ok()?,
    };
    if !rest.is_empty() {
        return None;
    }
    Some(RunKey { pipeline, run: u64::from_be_bytes(number.try_into().ok()?) })
}

/// What a record of the views is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViewKind {
    Namespace,
    Pipeline,
    PipelineVersion,
    /// A run without its tasks and variables.
    Run,
    /// What a run was started with, in a message like a run's.
    Variables,
    Task,
    /// Marks a run as live; its value is empty.
    Live,
    Node,
    /// How far the log is archived.
    Archive,
    /// A segment of the archive, by its first revision.
    Segment,
    /// A release of a pipeline.
    Release,
    /// An object; of a pipeline itself under run 0.
    Object,
    /// A secret without its value.
    Secret,
    /// A secret's sealed value.
    Sealed,
    /// The cluster key in force.
    ClusterKey,
    Schedule,
    Trigger,
    Subscription,
    /// An event that a subscription has taken, by its number.
    Taken,
    /// The number of such an event, by its key.
    TakenKey,
    /// How far the log was followed for subscriptions.
    Followed,
}

/// What the record of a key is and what it is about: `default`, `default/build`, `default/build/7`,
/// `default/build/7/test`, or the number of a node; a secret's scope and name; a schedule's or a subscription's pipeline and
/// name; and with the revision at which the subscription was made the number or key of what it has taken. None when it is no
/// key of a view.
#[must_use]
pub fn view_name(key: &[u8]) -> Option<(ViewKind, String)> {
    let (first, rest) = key.split_first()?;
    let (kind, names) = match *first {
        kind::NAMESPACE => (ViewKind::Namespace, 1),
        kind::PIPELINE => (ViewKind::Pipeline, 2),
        kind::VERSION => (ViewKind::PipelineVersion, 2),
        kind::RUN => (ViewKind::Run, 2),
        kind::VARIABLES => (ViewKind::Variables, 2),
        kind::TASK => (ViewKind::Task, 2),
        kind::LIVE => (ViewKind::Live, 2),
        kind::NODE => (ViewKind::Node, 0),
        kind::ARCHIVE if rest.is_empty() => return Some((ViewKind::Archive, "log".to_owned())),
        kind::SEGMENT => (ViewKind::Segment, 0),
        kind::RELEASE => (ViewKind::Release, 2),
        kind::OBJECT => (ViewKind::Object, 2),
        kind::SECRET => (ViewKind::Secret, 3),
        kind::SEALED => (ViewKind::Sealed, 3),
        kind::SCHEDULE => (ViewKind::Schedule, 3),
        kind::TRIGGER => (ViewKind::Trigger, 1),
        kind::SUBSCRIPTION => (ViewKind::Subscription, 3),
        kind::TAKEN => (ViewKind::Taken, 3),
        kind::TAKEN_KEY => (ViewKind::TakenKey, 3),
        kind::FOLLOWED if rest.is_empty() => return Some((ViewKind::Followed, "log".to_owned())),
        kind::CLUSTER_KEY if rest.is_empty() => return Some((ViewKind::ClusterKey, "cluster".to_owned())),
        _ => return None,
    };
    let mut rest = rest;
    let mut parts = Vec::new();
    for _ in 0..names {
        parts.push(pull(&mut rest)?.to_owned());
    }
    if matches!(kind, ViewKind::Secret | ViewKind::Sealed) {
        parts.retain(|part| !part.is_empty());
    }
    for _ in 0..numbers_of(kind) {
        let (number, after) = rest.split_first_chunk::<8>()?;
        parts.push(u64::from_be_bytes(*number).to_string());
        rest = after;
    }
    if matches!(kind, ViewKind::Task | ViewKind::Object | ViewKind::TakenKey) {
        parts.push(pull(&mut rest)?.to_owned());
    }
    rest.is_empty().then(|| (kind, parts.join("/")))
}

/// How many numbers follow the names in a key.
fn numbers_of(kind: ViewKind) -> usize {
    match kind {
        ViewKind::Namespace
        | ViewKind::Pipeline
        | ViewKind::Secret
        | ViewKind::Sealed
        | ViewKind::Schedule
        | ViewKind::Trigger
        | ViewKind::Subscription
        | ViewKind::Archive
        | ViewKind::ClusterKey
        | ViewKind::Followed => 0,
        ViewKind::PipelineVersion
        | ViewKind::Run
        | ViewKind::Variables
        | ViewKind::Task
        | ViewKind::Live
        | ViewKind::Node
        | ViewKind::Segment
        | ViewKind::Release
        | ViewKind::Object
        | ViewKind::TakenKey => 1,
        ViewKind::Taken => 2,
    }
}

fn pull<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(rest.get(..end)?).ok()?;
    *rest = rest.get(end + 1..)?;
    Some(text)
}

fn push(key: &mut Vec<u8>, text: &str) {
    key.extend(text.as_bytes());
    key.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(namespace: &str, pipeline: &str, run: u64) -> RunKey {
        let pipeline = PipelineKey {
            namespace: NamespaceId::new(namespace).unwrap(),
            pipeline: gofer_domain::PipelineId::new(pipeline).unwrap(),
        };
        RunKey { pipeline, run }
    }

    #[test]
    fn keys_keep_the_order_of_runs_and_never_collide() {
        let keys = [key("a", "b", 1), key("a", "b", 2), key("a", "b", 256), key("a", "bb", 1), key("aa", "b", 1)];
        let encoded: Vec<_> = keys.iter().map(|key| run(kind::RUN, key)).collect();
        assert!(encoded.windows(2).all(|pair| pair[0] < pair[1]), "{encoded:?}");
        for key in keys {
            assert_eq!(view_name(&run(kind::RUN, &key)), Some((ViewKind::Run, key.to_string())));
            assert_eq!(live_run(&run(kind::LIVE, &key)), Some(key));
        }
    }

    #[test]
    fn keys_say_what_they_are_about() {
        let run = key("a", "b", 7);
        let task = TaskKey { run: run.clone(), task: TaskId::new("t").unwrap() };
        let id = ObjectKey::new("x/y").unwrap();
        let name = gofer_domain::SecretName::new("token").unwrap();
        let token = SecretKey { scope: SecretScope::Pipeline(run.pipeline.clone()), name };
        let name = gofer_domain::ScheduleName::new("nightly").unwrap();
        let nightly = ScheduleKey { pipeline: run.pipeline.clone(), name };
        let kafka = TriggerName::new("kafka").unwrap();
        let name = gofer_domain::SubscriptionName::new("hook").unwrap();
        let hook = SubscriptionKey { pipeline: run.pipeline.clone(), name };
        let event = EventKey::new("delivery 1").unwrap();
        for (key, kind, name) in [
            (namespace(&run.pipeline.namespace), ViewKind::Namespace, "a"),
            (pipeline(kind::PIPELINE, &run.pipeline), ViewKind::Pipeline, "a/b"),
            (version(&run.pipeline, Version(3)), ViewKind::PipelineVersion, "a/b/3"),
            (super::task(&task), ViewKind::Task, "a/b/7/t"),
            (node(NodeId(9)), ViewKind::Node, "9"),
            (segment(Revision(300)), ViewKind::Segment, "300"),
            (release(&run.pipeline, 4), ViewKind::Release, "a/b/4"),
            (archive(), ViewKind::Archive, "log"),
            (object(&ObjectScope::Run(run.clone()), &id), ViewKind::Object, "a/b/7/x/y"),
            (object(&ObjectScope::Pipeline(run.pipeline.clone()), &id), ViewKind::Object, "a/b/0/x/y"),
            (super::secret(kind::SECRET, &token), ViewKind::Secret, "a/b/token"),
            (super::secret(kind::SEALED, &token), ViewKind::Sealed, "a/b/token"),
            (cluster_key(), ViewKind::ClusterKey, "cluster"),
            (super::schedule(&nightly), ViewKind::Schedule, "a/b/nightly"),
            (super::trigger(&kafka), ViewKind::Trigger, "kafka"),
            (subscription(kind::SUBSCRIPTION, &hook), ViewKind::Subscription, "a/b/hook"),
            (taken(&hook, Revision(7), 300), ViewKind::Taken, "a/b/hook/7/300"),
            (taken_key(&hook, Revision(7), &event), ViewKind::TakenKey, "a/b/hook/7/delivery 1"),
            (followed(), ViewKind::Followed, "log"),
        ] {
            assert_eq!(view_name(&key), Some((kind, name.to_owned())));
            for cut in 0..key.len() {
                assert!(view_name(&key[..cut]).is_none_or(|(found, _)| found != kind || cut == 0), "{name} {cut}");
            }
        }
    }

    #[test]
    fn keys_of_strangers_are_none_of_ours() {
        let run = key("a", "b", 7);
        let task = TaskKey { run: run.clone(), task: TaskId::new("t").unwrap() };
        let valid = [super::task(&task), super::run(kind::LIVE, &run), node(NodeId(9))];
        gofer_fuzz::fuzz("view-key", &valid, |bytes| {
            let _ = view_name(bytes);
            if let Some(run) = live_run(bytes) {
                assert_eq!(super::run(kind::LIVE, &run), bytes, "no two keys name one run");
            }
        });
    }
}
