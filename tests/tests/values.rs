//! What runs and tasks pass on, on three real nodes: parameters, outputs, conditions, approvals, runs of other pipelines,
//! and retries that keep what succeeded.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use gofer_tests::{
    Cluster, PATIENCE, eventually, gofer, import_image, pipeline, printed, request_id, says, shell_task,
};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use tonic_types::StatusExt;

fn value(kind: model::value::Kind) -> Option<model::Value> {
    Some(model::Value { kind: Some(kind) })
}

fn output(task: &str, name: &str) -> Option<model::Value> {
    value(model::value::Kind::Output(model::OutputRef { task: task.into(), name: name.into() }))
}

fn named(name: &str, value: Option<model::Value>) -> model::NamedValue {
    model::NamedValue { name: name.into(), value }
}

fn after(mut task: model::TaskConfig, parents: &[&str]) -> model::TaskConfig {
    task.depends_on = shell_task("", "", parents).depends_on;
    task
}

/// Writes a line to the file of effects: what is expected to happen once.
fn host() -> model::PipelineConfig {
    let mut config =
        pipeline("host", vec![shell_task("deploy", "echo $HOST >> $EFFECTS; test $HOST != \"$BAD\"", &[])]);
    let parameter = |name: &str| model::Parameter { name: name.into(), ..Default::default() };
    config.parameters = ["BAD", "EFFECTS", "HOST"].map(parameter).to_vec();
    config
}

/// Plans which hosts to deploy to, waits for approval, deploys to each, and ends with what was told.
fn fleet() -> model::PipelineConfig {
    let plan = "printf 'HOSTS<<END\\na\\nb\\nc\\nEND\\nSIZE=%s\\n' $SIZE >> $GOFER_OUTPUTS";
    let approval = model::task_config::Kind::Approval(model::Approval { approvers: vec!["user:ada".into()] });
    let each = model::task_config::Kind::Call(model::Call {
        pipeline: "host".into(),
        variables: vec![
            named("BAD", value(model::value::Kind::Variable("BAD".into()))),
            named("EFFECTS", value(model::value::Kind::Variable("EFFECTS".into()))),
            named("HOST", value(model::value::Kind::Item(true))),
        ],
        for_each: Some(model::Items { kind: Some(model::items::Kind::Lines(output("plan", "HOSTS").unwrap())) }),
        parallelism: 2,
    });
    let task = |id: &str, kind| model::TaskConfig { id: id.into(), kind: Some(kind), ..Default::default() };
    let mut told = shell_task("told", "echo size $TOLD", &["each", "plan"]);
    told.inputs = vec![named("TOLD", output("plan", "SIZE"))];
    let mut large = shell_task("large", "echo large", &["plan"]);
    large.conditions =
        vec![model::Condition { value: output("plan", "SIZE"), any_of: vec!["9".into()], ..Default::default() }];
    let tasks = vec![
        after(task("approve", approval), &["plan"]),
        after(task("each", each), &["approve", "plan"]),
        large,
        shell_task("plan", plan, &[]),
        told,
    ];
    let mut config = pipeline("fleet", tasks);
    config.parameters = vec![
        model::Parameter { name: "BAD".into(), default_value: Some(String::new()), ..Default::default() },
        model::Parameter { name: "EFFECTS".into(), ..Default::default() },
        model::Parameter {
            name: "SIZE".into(),
            r#type: model::ParameterType::Integer.into(),
            least: 1,
            most: 10,
            default_value: Some("3".into()),
            ..Default::default()
        },
    ];
    config
}

fn task<'a>(run: &'a model::Run, id: &str) -> &'a model::TaskRun {
    run.tasks.iter().find(|task| task.id == id).unwrap()
}

fn status(run: &model::Run, id: &str) -> model::TaskStatus {
    task(run, id).outcome.as_ref().unwrap().status()
}

/// What the command line prints for a node; it must succeed.
fn cli(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let address = &cluster.nodes[node].address;
    let mut command = gofer(&[arguments, &["--address", address]].concat()).unwrap();
    let printed = printed(&mut command).unwrap();
    assert_eq!(printed.code, Some(0), "{arguments:?}: {}{}", printed.stdout, printed.stderr);
    printed.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn values_reach_tasks_runs_and_retries_over_the_loss_of_a_leader() {
    let mut cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let effects = cluster.path().join("effects").to_str().unwrap().to_owned();
    cluster.register(0, host()).await.unwrap();
    cluster.register(1, fleet()).await.unwrap();

    let refused = cluster.start_run(2, "fleet", &[("SIZE", "11"), ("EFFECTS", "x")]).await.unwrap_err();
    says(&format!("{refused:#}"), &["parameter SIZE is", "not allowed"]);

    let leader = cluster.leader().await.unwrap();
    let other = cluster.other_than(leader);
    let run = cluster.start_run(other, "fleet", &[("EFFECTS", &effects), ("BAD", "b")]).await.unwrap();
    eventually("the wait for approval", PATIENCE, || async {
        let run = cluster.run(other, &run).await?;
        Ok((status(&run, "approve") == model::TaskStatus::Waiting).then_some(()))
    })
    .await
    .unwrap();
    let answer = || api::DecideApprovalRequest {
        request_id: request_id(),
        task: Some(model::TaskRef { run: Some(run.clone()), task: "approve".into() }),
        approve: true,
        ..Default::default()
    };
    let refused = cluster.runs(other).unwrap().decide_approval(answer()).await.unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "FAILED_PRECONDITION", "{refused:?}");

    // Whoever leads next takes the steps that are left.
    let mut request = tonic::Request::new(answer());
    request.metadata_mut().insert("gofer-user", "ada".parse().unwrap());
    cluster.runs(other).unwrap().decide_approval(request).await.unwrap();
    cluster.nodes[leader].kill();
    let ended = cluster.finished(other, &run, PATIENCE * 2).await.unwrap();
    cluster.restart(leader).await.unwrap();
    assert_eq!(ended.status(), model::RunStatus::Failed, "{ended:?}");
    assert_eq!(task(&ended, "each").children, [1, 2, 3]);
    says(&task(&ended, "each").outcome.clone().unwrap().message, &["run default/host/2 did not succeed"]);
    assert_eq!(status(&ended, "large"), model::TaskStatus::Skipped);
    let lines = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(String::from).collect();
        lines.sort();
        // An attempt that was lost with its node may have written before it was.
        lines.dedup();
        lines
    };
    assert_eq!(lines(&std::fs::read_to_string(&effects).unwrap()), ["a", "b", "c"]);

    // What succeeded is kept; the runs of other pipelines start anew.
    let request = api::RetryRunRequest { request_id: request_id(), run: Some(run), keep: true, tasks: Vec::new() };
    let retried = cluster.runs(other).unwrap().retry_run(request).await.unwrap().into_inner().run.unwrap();
    let ended = cluster.finished(other, &retried, PATIENCE).await.unwrap();
    assert_eq!(ended.status(), model::RunStatus::Failed, "{ended:?}");
    assert_eq!((task(&ended, "plan").kept_from, task(&ended, "approve").kept_from), (1, 1));
    assert_eq!(task(&ended, "each").children, [4, 5, 6]);

    let note = ["run", "annotate", "fleet/2", "--note", "b was bad", "--label", "ticket=7"];
    cli(&cluster, other, &note);
    says(
        &cli(&cluster, leader, &["run", "get", "fleet/2"]),
        &["b was bad", "ticket=7", "kept from run 1", "started 3 runs"],
    );
    says(
        &cli(&cluster, leader, &["audit", "explain", "host/4"]),
        &["task each of run default/fleet/2 started the run"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_puts_out_what_a_later_one_gets() {
    import_image().unwrap();
    let cluster = Cluster::start(1, &["--drivers", "docker"]).await.unwrap();
    let image = |mut task: model::TaskConfig| {
        task.image = gofer_tests::IMAGE.into();
        task
    };
    let mut second = image(shell_task("second", "test \"$GOT\" = 'from a container'", &["first"]));
    second.inputs = vec![named("GOT", output("first", "TEXT"))];
    let bad = image(shell_task("bad", "echo nonsense >> $GOFER_OUTPUTS", &["second"]));
    let first = image(shell_task("first", "echo 'TEXT=from a container' >> $GOFER_OUTPUTS", &[]));
    cluster.register(0, pipeline("p", vec![bad, first, second])).await.unwrap();
    let run = cluster.start_run(0, "p", &[]).await.unwrap();
    let run = cluster.finished(0, &run, PATIENCE).await.unwrap();
    assert_eq!(status(&run, "second"), model::TaskStatus::Succeeded, "{run:?}");
    let bad = task(&run, "bad").outcome.clone().unwrap();
    assert_eq!(bad.status(), model::TaskStatus::Failed);
    says(&bad.message, &["line 1 of the task's outputs", "NAME=value"]);
}
