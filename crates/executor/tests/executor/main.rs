//! The executor with real parts: what the log says of programs that really run.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]
#![allow(clippy::panic, reason = "tests fail by panicking")]

mod world;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use gofer_domain::config::{Requirement, RetryPolicy};
use gofer_domain::run::FailureReason;
use gofer_domain::{AttemptOutcome, Command, NodeStatus, RunStatus, TaskConfig, TaskId, TaskStatus};
use gofer_drivers::{Driver as _, LaunchId, LaunchSpec};

use world::{World, attempt, attempts, outcome, sh};

fn after(task: TaskConfig, parents: &[(&str, Requirement)]) -> TaskConfig {
    let depends_on = parents.iter().map(|(id, requirement)| (TaskId::new(id).unwrap(), *requirement)).collect();
    TaskConfig { depends_on, ..task }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dag_of_processes_runs_to_the_end() {
    let world = World::new().await;
    let file = world.path("order");
    let step = |name: &str| sh(&format!("echo {name} >> {}; echo out of {name}", file.display()));
    let run = world
        .run(
            vec![
                ("a", step("a")),
                ("b", after(step("b"), &[("a", Requirement::Success)])),
                ("c", after(sh("exit 3"), &[("a", Requirement::Success)])),
                ("cleanup", after(step("cleanup"), &[("c", Requirement::Failure)])),
                ("never", after(step("never"), &[("c", Requirement::Success)])),
                ("silent", after(sh("true"), &[("b", Requirement::Success)])),
            ],
            &[],
        )
        .await;
    let run = world.end(&run).await;
    assert!(matches!(run.status, RunStatus::Failed { .. }), "{:?}", run.status);
    assert_eq!(outcome(&run, "b", 1), AttemptOutcome::Succeeded);
    let AttemptOutcome::Failed { reason, exit_code, .. } = outcome(&run, "c", 1) else { panic!("{run:?}") };
    assert_eq!((reason, exit_code), (FailureReason::ExitCode, Some(3)));
    assert!(matches!(run.tasks[&TaskId::new("never").unwrap()].status, TaskStatus::Skipped { .. }));
    let mut order = world.lines("order");
    assert_eq!(order.remove(0), "a");
    order.sort();
    assert_eq!(order, ["b", "cleanup"]);
    assert_eq!(world.sealed(&run, "a", 1).as_deref(), Some("out of a\n"));
    assert_eq!(world.sealed(&run, "silent", 1), None, "no output, no blob");
    world.until_held(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runs_variables_win_over_the_tasks_and_those_over_the_pipelines() {
    let world = World::new().await;
    let mut task = sh("echo $A $B $C $GOFER_NAMESPACE/$GOFER_PIPELINE/$GOFER_RUN/$GOFER_TASK/$GOFER_ATTEMPT");
    task.environment = [("B", "task"), ("C", "task")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let run = world.run(vec![("t", task)], &[("C", "run")]).await;
    let run = world.end(&run).await;
    assert_eq!(world.sealed(&run, "t", 1).as_deref(), Some("pipeline task run ns/p/1/t/1\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_executor_takes_over_what_runs() {
    let mut world = World::new().await;
    let file = world.path("starts");
    let script = format!(
        "echo start >> {0}; while [ ! -e {1} ]; do sleep 0.05; done; echo done",
        file.display(),
        world.path("go").display()
    );
    let run = world.run(vec![("t", sh(&script))], &[]).await;
    world.until_running(&run, "t").await;
    world.until_lines("starts", 1).await;
    let took = world.stop().await;
    assert!(took < Duration::from_secs(1), "letting go took {took:?}");
    world.start();
    // A start is a new incarnation; from then on the program counts as taken over.
    let incarnation = || world.store.read(|state| state.nodes.values().next().map(|node| node.incarnation));
    world.until(&run, "the new incarnation", |_| incarnation() == Some(2)).await;
    std::fs::write(world.path("go"), "").unwrap();
    let run = world.end(&run).await;
    assert_eq!(run.status, RunStatus::Succeeded);
    assert_eq!((attempts(&run, "t"), world.lines("starts").len()), (1, 1), "it ran once");
    assert_eq!(world.sealed(&run, "t", 1).as_deref(), Some("done\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_while_the_executor_was_away_is_reported() {
    let mut world = World::new().await;
    let script = format!("while [ ! -e {} ]; do sleep 0.05; done; exit 7", world.path("go").display());
    let run = world.run(vec![("t", sh(&script))], &[]).await;
    world.until_running(&run, "t").await;
    world.stop().await;
    std::fs::write(world.path("go"), "").unwrap();
    world.until_exited().await;
    world.start();
    let run = world.end(&run).await;
    let AttemptOutcome::Failed { exit_code, .. } = outcome(&run, "t", 1) else { panic!("{run:?}") };
    assert_eq!(exit_code, Some(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_ends_its_processes() {
    let world = World::new().await;
    let script = format!("echo $$ > {}; exec sleep 600", world.path("pid").display());
    let run = world.run(vec![("t", sh(&script)), ("u", after(sh("true"), &[("t", Requirement::Any)]))], &[]).await;
    world.until_running(&run, "t").await;
    let pid = world.until_lines("pid", 1).await.remove(0);
    world.command(Command::CancelRun { run: run.clone(), message: "enough".into() }).await;
    let run = world.end(&run).await;
    assert_eq!(run.status, RunStatus::Cancelled { message: "enough".into() });
    assert_eq!(outcome(&run, "t", 1), AttemptOutcome::Cancelled { message: "enough".into() });
    assert_eq!(attempts(&run, "u"), 0);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} still runs");
    world.until_held(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_will_not_end_is_killed_after_the_grace() {
    let world = World::new().await;
    let script = format!("trap '' TERM; echo up >> {}; while true; do sleep 0.1; done", world.path("up").display());
    let run =
        world.run(vec![("t", TaskConfig { timeout: Some(Duration::from_millis(700)), ..sh(&script) })], &[]).await;
    world.until_lines("up", 1).await;
    let begin = Instant::now();
    let run = world.end(&run).await;
    let AttemptOutcome::Failed { reason, .. } = outcome(&run, "t", 1) else { panic!("{run:?}") };
    assert_eq!(reason, FailureReason::Timeout);
    assert!(begin.elapsed() > Duration::from_secs(2), "the grace of 2 s was not given: {:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_task_is_tried_again() {
    let world = World::new().await;
    let backoff = Duration::from_millis(100);
    let retry = RetryPolicy { attempts: 3, backoff, ..RetryPolicy::default() };
    let task = TaskConfig { retry, ..sh("echo try $GOFER_ATTEMPT; [ $GOFER_ATTEMPT = 3 ]") };
    let run = world.run(vec![("t", task)], &[]).await;
    let run = world.end(&run).await;
    assert_eq!(run.status, RunStatus::Succeeded);
    assert_eq!(attempts(&run, "t"), 3);
    assert_eq!(world.sealed(&run, "t", 2).as_deref(), Some("try 2\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_program_is_a_failure_that_says_so() {
    let world = World::new().await;
    let task = TaskConfig { command: vec!["no-such-program".into()], ..sh("") };
    let run = world.run(vec![("t", task)], &[]).await;
    let run = world.end(&run).await;
    let AttemptOutcome::Failed { reason, message, .. } = outcome(&run, "t", 1) else { panic!("{run:?}") };
    assert_eq!(reason, FailureReason::CommandNotFound);
    assert!(message.contains("no-such-program") && message.contains("check that"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_lease_attempts_stop_and_are_tried_again_later() {
    let world = World::new().await;
    // Fails with 9 when an earlier attempt still runs.
    let script = format!(
        "if [ -e {0} ] && kill -0 $(cat {0}); then exit 9; fi; echo $$ > {0}; echo $GOFER_ATTEMPT >> {1}; \
         if [ $GOFER_ATTEMPT = 1 ]; then exec sleep 600; fi",
        world.path("pid").display(),
        world.path("starts").display()
    );
    let run = world.run(vec![("t", sh(&script))], &[]).await;
    world.until_running(&run, "t").await;
    let pid = world.until_lines("pid", 1).await.remove(0);
    let cut = Instant::now();
    world.cut.store(true, Ordering::SeqCst);
    while std::path::Path::new(&format!("/proc/{pid}")).exists() {
        assert!(cut.elapsed() < world.lease.duration + Duration::from_millis(300), "it outlives its lease");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let lost = |state: &gofer_domain::State| state.nodes.values().any(|node| node.status == NodeStatus::Lost);
    assert!(!world.store.read(lost), "the node is taken for lost only after its lease");
    tokio::time::sleep(world.lease.duration + world.lease.margin * 2).await;
    world.cut.store(false, Ordering::SeqCst);
    let run = world.end(&run).await;
    assert_eq!(run.status, RunStatus::Succeeded);
    assert!(matches!(outcome(&run, "t", 1), AttemptOutcome::Lost { .. }), "{run:?}");
    let mut starts = world.lines("starts");
    assert_eq!(starts.last(), Some(&attempts(&run, "t").to_string()));
    starts.dedup();
    assert_eq!(starts.len(), 2, "one attempt ran and ended, one ran through; {starts:?}");
    assert_eq!(world.lines("starts").len(), 2, "none ran twice");
    let incarnation = world.store.read(|state| state.nodes.values().next().map(|node| node.incarnation));
    assert!(incarnation > Some(1), "it was declared lost and came back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_node_is_lost_and_its_attempt_runs_after_its_return() {
    let mut world = World::new().await;
    let script = format!("echo start >> {}; [ $GOFER_ATTEMPT = 2 ] || exec sleep 600", world.path("starts").display());
    let run = world.run(vec![("t", sh(&script))], &[]).await;
    world.until_running(&run, "t").await;
    world.until_lines("starts", 1).await;
    world.stop().await;
    let key = run.clone();
    world
        .until(&key, "the loss", |run| matches!(run.tasks[&TaskId::new("t").unwrap()].status, TaskStatus::Queued))
        .await;
    world.start();
    let run = world.end(&run).await;
    assert_eq!(run.status, RunStatus::Succeeded);
    assert!(matches!(outcome(&run, "t", 1), AttemptOutcome::Lost { .. }), "{run:?}");
    assert_eq!(world.lines("starts").len(), 2);
    world.until_held(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_cancelled_before_its_launch_never_runs() {
    let world = World::without_executor().await;
    let mut world = world;
    world.cut.store(true, Ordering::SeqCst);
    world.start();
    let file = world.path("ran");
    let run = world.run(vec![("t", sh(&format!("touch {}", file.display())))], &[]).await;
    world.until(&run, "the placement", |run| attempts(run, "t") == 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!file.exists(), "it was launched without a lease");
    world.command(Command::CancelRun { run: run.clone(), message: "never mind".into() }).await;
    let run = world.end(&run).await;
    assert_eq!(outcome(&run, "t", 1), AttemptOutcome::Cancelled { message: "never mind".into() });
    world.cut.store(false, Ordering::SeqCst);
    world.until_held(0).await;
    assert!(!file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_node_finishes_what_it_has_and_takes_nothing() {
    let world = World::new().await;
    let wait = format!("while [ ! -e {} ]; do sleep 0.05; done", world.path("go").display());
    let first = world.run(vec![("t", sh(&wait))], &[]).await;
    world.until_running(&first, "t").await;
    let node = world.store.identity().node_id;
    world.command(Command::DrainNode { node }).await;
    let second = world.run(vec![("t", sh("true"))], &[]).await;
    std::fs::write(world.path("go"), "").unwrap();
    assert_eq!(world.end(&first).await.status, RunStatus::Succeeded);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(attempts(&world.look(&second), "t"), 0);
    world.command(Command::UndrainNode { node }).await;
    assert_eq!(world.end(&second).await.status, RunStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn launches_that_the_log_does_not_know_are_removed() {
    let mut world = World::without_executor().await;
    let orphan = LaunchId::new("orphan").unwrap();
    let spec = LaunchSpec { command: vec!["sleep".into(), "600".into()], ..LaunchSpec::new(orphan) };
    world.driver.launch(&spec).await.unwrap();
    world.until_held(1).await;
    world.start();
    world.until_held(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn output_can_be_followed_while_it_runs() {
    let world = World::new().await;
    let script = format!("echo first; while [ ! -e {} ]; do sleep 0.05; done; echo last", world.path("go").display());
    let run = world.run(vec![("t", sh(&script))], &[]).await;
    let key = attempt(&run, "t", 1);
    world.until(&run, "the placement", |run| attempts(run, "t") == 1).await;
    let mut stream = world.logs().stream(&key, 0, true).await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(10), stream.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(&first.record.bytes[..], b"first\n");
    std::fs::write(world.path("go"), "").unwrap();
    let rest: Vec<_> = tokio::time::timeout(Duration::from_secs(10), stream.collect()).await.unwrap();
    let rest: Vec<u8> = rest.into_iter().flat_map(|item| item.unwrap().record.bytes.to_vec()).collect();
    assert_eq!(rest, b"last\n");
    world.end(&run).await;
    world.until_held(0).await;
    assert!(world.logs().stream(&key, 0, true).await.is_err(), "it is sealed and gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submitted_run_starts_at_once() {
    let world = World::new().await;
    world.end(&world.run(vec![("t", sh("true"))], &[]).await).await;
    let mut delays = Vec::new();
    for _ in 0..20 {
        let begin = Instant::now();
        let key = world.run(vec![("t", sh("sleep 0.2"))], &[]).await;
        while world.look(&key).tasks[&TaskId::new("t").unwrap()].attempts.first().is_none_or(|a| a.started_at.is_none())
        {
            assert!(begin.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        delays.push(begin.elapsed());
        world.end(&key).await;
    }
    delays.sort();
    eprintln!("submit to start: p50 {:?}, most {:?}", delays[10], delays[19]);
    assert!(delays[10] < Duration::from_millis(250), "{delays:?}");
}
