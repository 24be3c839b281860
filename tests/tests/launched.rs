//! Plug-ins that a cluster keeps running: one instance of each, wherever its nodes are lost, and no line twice.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common {
    pub(crate) mod lines;
}

use std::time::{Duration, Instant};

use common::lines::Lines;
use gofer_tests::{Cluster, ExamplePlugin, Language, PATIENCE, eventually, gofer, needs, printed, says};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::trigger_service_client::TriggerServiceClient;
use gofer_wire::model::v1 as model;

/// Short, so that what a node runs is soon known to be lost with it.
const FLAGS: [&str; 4] = ["--drivers", "process", "--lease-ms", "2000"];
/// Lines that are written at a time.
const SOME: usize = 5;

fn variable(name: &str, value: &str) -> model::Variable {
    model::Variable { name: name.into(), value: value.into() }
}

/// What is to be kept running: it says a word, and then goes on as the plug-in.
fn launch(lines: &Lines) -> model::TriggerSpec {
    let words = lines.program.words().unwrap();
    let script = ["sh", "-c", "echo \"$GREETING from $GOFER_TRIGGER\"; exec \"$@\"", "sh"].map(String::from);
    let mut environment: Vec<_> =
        ExamplePlugin::environment().unwrap().iter().map(|(name, value)| variable(name, value)).collect();
    environment.push(variable("PATH", &std::env::var("PATH").unwrap()));
    environment.sort_by(|one, other| one.name.cmp(&other.name));
    let launch = model::Launch {
        command: script.into_iter().chain(words).collect(),
        environment,
        secret_env: vec![variable("GREETING", "greeting")],
        ..Default::default()
    };
    model::TriggerSpec { launch: Some(launch), ..Default::default() }
}

async fn shown(cluster: &Cluster, node: usize, trigger: &str) -> anyhow::Result<api::GetTriggerResponse> {
    let request = api::GetTriggerRequest { trigger: trigger.to_owned(), ..Default::default() };
    Ok(TriggerServiceClient::new(cluster.nodes[node].channel()?).get_trigger(request).await?.into_inner())
}

/// The one instance of a trigger that is connected, once it is another than `not`.
async fn instance(
    cluster: &Cluster,
    node: usize,
    trigger: &str,
    not: Option<&model::AttemptRef>,
) -> model::PluginInstance {
    let what = format!("an instance of {trigger}");
    let found = eventually(&what, PATIENCE, || async {
        let answer = shown(cluster, node, trigger).await?;
        anyhow::ensure!(answer.instances.len() <= 1, "{:?}", answer.instances);
        Ok(answer.instances.into_iter().find(|instance| instance.attempt.as_ref() != not))
    });
    found.await.map_err(|error| format!("{error:#}\n{}", cluster.log_tails())).unwrap()
}

/// Which of the cluster's nodes has an id.
async fn place(cluster: &Cluster, node: u64) -> usize {
    let members = cluster.status(0).await.unwrap().members;
    let address = &members.iter().find(|member| member.id == node).unwrap().address;
    cluster.nodes.iter().position(|node| node.address == *address).unwrap()
}

fn cli(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let mut command = gofer(&["--address", &cluster.nodes[node].address]).unwrap();
    let printed = printed(command.args(arguments)).unwrap();
    assert_eq!(printed.code, Some(0), "{arguments:?}: {}{}", printed.stdout, printed.stderr);
    printed.stdout
}

async fn wrote(cluster: &Cluster, all: &mut [Lines]) {
    for lines in all.iter_mut() {
        (0..SOME).for_each(|_| lines.write());
    }
    for lines in all.iter() {
        lines.settled(cluster).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_goes_on_wherever_its_node_is_lost() {
    needs(&["go"]).unwrap();
    let mut cluster = Cluster::start(3, &FLAGS).await.unwrap();
    cli(&cluster, 0, &["namespace", "create", "plugins"]);
    let secret = cluster.path().join("greeting");
    std::fs::write(&secret, "hello").unwrap();
    cli(&cluster, 0, &["secret", "set", "greeting", "--namespace", "plugins", "--from-file", secret.to_str().unwrap()]);
    let mut all: Vec<Lines> = Language::ALL.into_iter().map(|language| Lines::new(&cluster, language)).collect();
    for lines in &all {
        lines.install(&cluster, launch(lines)).await;
        lines.subscribe(&cluster).await;
    }
    wrote(&cluster, &mut all).await;

    // A node that is killed and comes back soon goes on with what it ran.
    let before = instance(&cluster, 0, "python", None).await;
    let index = place(&cluster, before.node).await;
    cluster.nodes[index].kill();
    cluster.restart(index).await.unwrap();
    let after = instance(&cluster, index, "python", None).await;
    assert_eq!(after.attempt, before.attempt, "it was adopted");
    wrote(&cluster, &mut all).await;

    // One that stays away is lost, and so is what it ran: another node goes on with that.
    cluster.nodes[index].kill();
    let other = cluster.other_than(index);
    let moved = instance(&cluster, other, "python", before.attempt.as_ref()).await;
    assert_ne!(moved.node, before.node);
    for lines in &mut all {
        (0..SOME).for_each(|_| lines.write());
    }
    cluster.restart(index).await.unwrap();
    wrote(&cluster, &mut all).await;

    let text = cli(&cluster, other, &["trigger", "get", "python"]);
    says(&text, &["launched", "GREETING from greeting", "plugins/python/", "well"]);
    says(&cli(&cluster, other, &["trigger", "logs", "go"]), &["from go"]);
    for lines in &all {
        cli(&cluster, other, &["trigger", "uninstall", lines.language]);
    }
    for lines in &all {
        let runs = eventually("the plug-ins to end", PATIENCE, || async {
            let request = api::ListRunsRequest {
                pipeline: Some(model::PipelineRef { namespace: "plugins".into(), pipeline: lines.language.into() }),
                ..Default::default()
            };
            let runs = cluster.runs(other)?.list_runs(request).await?.into_inner().runs;
            Ok(runs.iter().all(|run| run.status() == model::RunStatus::Cancelled).then_some(runs))
        });
        assert!(!runs.await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_or_fails_is_started_anew_and_what_is_drained_moves() {
    let cluster = Cluster::start(2, &FLAGS).await.unwrap();
    let mut lines = Lines::new(&cluster, Language::Rust);
    let mut spec = launch(&lines);
    if let Some(launch) = &mut spec.launch {
        launch.secret_env.clear();
        launch.command[2] = "echo $NUMBER; test ! -e \"$MARK\" || exit 3; exec \"$@\"".into();
        launch.environment.push(variable("MARK", cluster.path().join("mark").to_str().unwrap()));
        launch.environment.sort_by(|one, other| one.name.cmp(&other.name));
    }
    lines.install(&cluster, spec).await;
    lines.subscribe(&cluster).await;
    let first = instance(&cluster, 0, "rust", None).await;

    // Changed: the old one ends before the new one begins.
    cli(&cluster, 0, &["trigger", "update", "rust", "--env", "NUMBER=two"]);
    let second = instance(&cluster, 0, "rust", first.attempt.as_ref()).await;
    says(&cli(&cluster, 0, &["trigger", "logs", "rust"]), &["two"]);

    // Drained: it moves.
    let name = format!("n{}", place(&cluster, second.node).await + 1);
    cli(&cluster, 0, &["node", "drain", &name]);
    let third = instance(&cluster, 0, "rust", second.attempt.as_ref()).await;
    assert_ne!(third.node, second.node);
    cli(&cluster, 0, &["node", "drain", "--undo", &name]);
    lines.write();
    lines.settled(&cluster).await;

    // Fails: it is tried again, later and later.
    std::fs::write(cluster.path().join("mark"), "").unwrap();
    cli(&cluster, 0, &["trigger", "update", "rust", "--env", "NUMBER=three"]);
    let begin = Instant::now();
    let failed = eventually("three that failed", PATIENCE, || async {
        let pipeline = Some(model::PipelineRef { namespace: "plugins".into(), pipeline: "rust".into() });
        let request = api::ListRunsRequest { pipeline, page_size: 100, ..Default::default() };
        let runs = cluster.runs(0)?.list_runs(request).await?.into_inner().runs;
        let failed = runs.iter().filter(|run| run.status() == model::RunStatus::Failed).count();
        Ok((failed >= 3).then_some(failed))
    });
    failed.await.unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(3), "1 s and 2 s lie between them");
    std::fs::remove_file(cluster.path().join("mark")).unwrap();
    lines.write();
    lines.settled(&cluster).await;
    instance(&cluster, 0, "rust", third.attempt.as_ref()).await;

    // Disabled: it ends.
    cli(&cluster, 0, &["trigger", "disable", "rust"]);
    let gone = eventually("no instance", PATIENCE, || async {
        Ok(shown(&cluster, 0, "rust").await?.instances.is_empty().then_some(()))
    });
    gone.await.unwrap();
    cli(&cluster, 0, &["trigger", "enable", "rust"]);
    lines.write();
    lines.settled(&cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_never_connects_is_started_anew() {
    let cluster = Cluster::start(1, &FLAGS).await.unwrap();
    cli(&cluster, 0, &["trigger", "install", "deaf", "--driver", "process", "--", "sleep", "1000"]);
    let ended = eventually("it to be ended", PATIENCE + PATIENCE, || async {
        let run = model::RunRef { namespace: "plugins".into(), pipeline: "deaf".into(), run: 1 };
        let run = cluster.run(0, &run).await?;
        Ok((run.status() == model::RunStatus::Cancelled).then_some(run))
    });
    let ended = ended.await.unwrap();
    says(&format!("{ended:?}"), &["the plug-in was not connected for 60 seconds"]);
    let again = model::RunRef { namespace: "plugins".into(), pipeline: "deaf".into(), run: 2 };
    eventually("another one", PATIENCE, || async { Ok(Some(cluster.run(0, &again).await?)) }).await.unwrap();
}
