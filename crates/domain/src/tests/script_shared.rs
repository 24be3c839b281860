//! Shared tasks: which version a run gets, what it is given, and what becomes of runs when one is gone.

use std::sync::Arc;

use super::script::{check, config, pipeline_config, task_config};
use crate::shared::{self, key};
use crate::{Command, NamespaceId, PipelineId, TaskId, TaskKey};

pub(super) fn parse(words: &[&str]) -> Command {
    let pipeline = || key(&PipelineId::new(words[1]).unwrap());
    match words[0] {
        "share" => {
            Command::RegisterPipeline { namespace: NamespaceId::shared_tasks(), config: Arc::new(config(&words[1..])) }
        }
        "unshare" => Command::DeletePipeline { pipeline: pipeline(), force: words.contains(&"force") },
        "share-off" => Command::DisablePipeline { pipeline: pipeline() },
        _ => Command::EnablePipeline { pipeline: pipeline() },
    }
}

#[test]
fn a_run_keeps_the_version_that_it_was_created_with() {
    check(
        "
        node 1 slots=8
        share s parameter=A:x | t -> namespace tasks created, tasks/s version 1
        pipeline p parallelism=1 | a uses=s | b after=a uses=s@1
        start p -> p/1 created v1 a@1 b@1, p/1 started, p/1/a queued
        start p -> p/2 created v1 a@1 b@1
        share s parameter=A:y | t -> tasks/s version 2
        start p -> p/3 created v1 a@2 b@1
        assign p/1/a/1 1
        finished p/1/a/1 1 failed -> p/1/a/1 failed, p/1/a FAILED, p/1/b SKIPPED, p/1 FAILED, p/2 started, p/2/a queued
        evict
        retry p/1 -> p/4 created v1 again 1 a@1 b@1
        ",
    );
}

#[test]
fn settings_are_checked_when_a_pipeline_is_registered() {
    check(
        "
        pipeline p | a uses=s set=B:1
        share s parameter=A | t
        pipeline q | a uses=s -> ! INVALID_ARGUMENT
        pipeline q | a uses=s set=A:1 set=B:2 -> ! INVALID_ARGUMENT
        pipeline q | a uses=s@2 set=A:1 -> ! FAILED_PRECONDITION
        pipeline q | a uses=s@0 set=A:1 -> ! FAILED_PRECONDITION
        pipeline q | a uses=s set=A:$X -> q version 1
        pipeline r | a uses=s set=A:1 image=busybox -> ! INVALID_ARGUMENT
        pipeline r | a uses=s set=A:1 secret=token -> ! INVALID_ARGUMENT
        pipeline r | a uses=s set=A:1 input=X:1 -> ! INVALID_ARGUMENT
        share none | t
        pipeline r | a uses=none set=A:1 -> ! INVALID_ARGUMENT
        pipeline r | a uses=none retry=3 timeout=50 allow-failure -> r version 1
        ",
    );
}

#[test]
fn a_task_whose_settings_do_not_fit_fails() {
    check(
        "
        node 1 slots=8
        share s parameter=A | t
        pipeline p | a | b after=a uses=s set=A:a.OUT | c after=b:failure
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 ok -> p/1/a/1 ok, p/1/a succeeded, p/1/b FAILED, p/1/c queued
        start p
        assign p/2/a/1 1
        finished p/2/a/1 1 ok out=OUT:1 -> p/2/a/1 ok, p/2/a succeeded, p/2/b queued
        assign p/2/b/1 1
        finished p/2/b/1 1 ok -> p/2/b/1 ok, p/2/b succeeded, p/2/c SKIPPED, p/2 SUCCEEDED
        share s parameter=B | t
        start p -> p/3 created v1 b@2, p/3 started, p/3/a queued
        assign p/3/a/1 1
        finished p/3/a/1 1 ok out=OUT:1 -> p/3/a/1 ok, p/3/a succeeded, p/3/b FAILED, p/3/c queued
        ",
    );
}

#[test]
fn what_pipelines_name_is_deleted_by_force_only() {
    check(
        "
        node 1
        share s | t
        pipeline p | a | b after=a uses=s
        start p
        unshare s -> ! FAILED_PRECONDITION
        unshare s force -> tasks/s deleted
        start p -> ! FAILED_PRECONDITION
        assign p/1/a/1 1
        finished p/1/a/1 1 ok -> p/1/a/1 ok, p/1/a succeeded, p/1/b queued
        assign p/1/b/1 1
        finished p/1/b/1 1 ok -> p/1/b/1 ok, p/1/b succeeded, p/1 SUCCEEDED
        retry p/1 -> ! FAILED_PRECONDITION
        share s | t -> tasks/s version 2
        retry p/1 -> p/2 created v1 again 1 b@1, p/2 started, p/2/a queued
        share-off s
        start p -> ! FAILED_PRECONDITION
        share-on s
        delete p -> ! FAILED_PRECONDITION
        ",
    );
}

#[test]
fn a_shared_task_is_one_container() {
    check(
        "
        share s | t | u -> ! INVALID_ARGUMENT
        share s | t retry=2 -> ! INVALID_ARGUMENT
        share s | t timeout=5 -> ! INVALID_ARGUMENT
        share s | t allow-failure -> ! INVALID_ARGUMENT
        share s | t approval= -> ! INVALID_ARGUMENT
        share s | t -> namespace tasks created, tasks/s version 1
        share r | t uses=s -> ! INVALID_ARGUMENT
        ",
    );
}

#[test]
fn nodes_that_do_not_know_them_are_waited_for() {
    check(
        "
        node 1 logic=3
        pipeline p | a uses=s -> ! FAILED_PRECONDITION
        share s | t -> ! NOT_FOUND
        ",
    );
}

#[test]
fn a_run_that_a_release_moves_back_has_the_shared_tasks_of_that_version() {
    check(
        "
        share s | t
        share s | t memory=4
        share r | t
        pipeline p parallelism=1 | a uses=s
        start p -> p/1 created v1 a@2, p/1 started, p/1/a queued
        hold p parallelism=1 | a uses=r
        release p version=2 blue-green
        switch p version=2
        start p -> p/2 created v2 by release 1 a@1
        start p -> p/3 created v2 by release 1 a@1
        cancel p/1
        roll-back p -> p release 1 rolled back, p/3 moved to v1 a@2
        ",
    );
}

#[test]
fn what_is_launched_is_the_shared_tasks_own() {
    let world = check(
        "
        node 1 slots=8
        share s parameter=A parameter=B:two | t image=tool memory=64 secret=token input=COPY:$A
        pipeline p | a uses=s set=A:$X
        start p set=X:one set=C:three
        assign p/1/a/1 1
        ",
    );
    let run = super::script::run("p/1");
    let (id, live) = (TaskId::new("a").unwrap(), &world.state.runs[&run]);
    let container = shared::container(live, &id).unwrap();
    assert_eq!((container.image.as_deref(), container.resources.memory_bytes), (Some("tool"), 64 << 20));
    assert_eq!(container.secret_env["TOKEN"], "token");
    assert_eq!(shared::secret_scope(live, &id).to_string(), "tasks/s");
    let variables: Vec<_> = shared::environment(live, &id).into_iter().collect();
    let wanted = [("A", "one"), ("B", "two"), ("COPY", "one")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(variables, wanted, "and nothing of the caller");
    assert_eq!(world.state.index.used.values().next().unwrap().memory_bytes, 64 << 20);
    assert!(!live.config.tasks[&id].has_secrets(), "{}", TaskKey { run, task: id });
}

#[test]
fn problems_are_told_of_what_is_registered() {
    let world = check(
        "
        share s | t
        pipeline p | a uses=s | b uses=s@1 | c uses=later
        unshare s force
        ",
    );
    let config = &world.state.pipelines[&super::script::pipeline("p")].config;
    let problems = shared::problems(&world.state, &world.history, config);
    let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["tasks.a.uses", "tasks.b.uses", "tasks.c.uses"]);
    assert!(problems.iter().all(|problem| problem.message.contains("not installed")), "{problems:?}");
}

#[test]
fn many_pipelines_are_counted_in_a_message() {
    let mut world = check("share s | t");
    for number in 0..12 {
        let mut config = pipeline_config(&format!("p{number}"));
        let mut task = task_config();
        super::universe_shared::use_shared(&mut task, 12, None);
        config.tasks.insert(TaskId::new("a").unwrap(), task);
        let namespace = NamespaceId::new("default").unwrap();
        let uses = config.tasks.values_mut().next().unwrap();
        if let crate::values::TaskKind::Shared(shared) = &mut uses.kind {
            shared.name = PipelineId::new("s").unwrap();
        }
        world.give(Command::RegisterPipeline { namespace, config: Arc::new(config) }).unwrap();
    }
    let refused = world.give(parse(&["unshare", "s"])).unwrap_err();
    assert!(refused.message.contains("12 pipelines") && refused.message.ends_with("and 2 more"), "{refused}");
}

#[test]
fn all_runs_that_one_command_starts_have_their_shared_tasks() {
    check(
        "
        share s parameter=A:x | t
        pipeline p | a uses=s
        subscribe p/s webhook
        take p/s fire=1 fire=2 fire=3 -> p/s took 1:1 2:2 3:3, p/1 created v1 for s#1 a@1, p/1 started, p/1/a queued, p/2 created v1 for s#2 a@1, p/2 started, p/2/a queued, p/3 created v1 for s#3 a@1, p/3 started, p/3/a queued
        ",
    );
}
