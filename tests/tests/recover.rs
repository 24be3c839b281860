//! A cluster that has lost its majority goes on with what one node had.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use gofer_tests::{Cluster, Node, PATIENCE, binary, eventually, pipeline, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;
use gofer_wire::model::v1 as model;
use rustix::process::Signal;

/// Runs gofer with something typed; code and what it printed.
fn gofer(arguments: &[&str], typed: &str) -> (Option<i32>, String) {
    let mut command = Command::new(binary().unwrap());
    command.args(arguments).env_remove("GOFER_ADDRESS").env("USER", "ada").env_remove("SUDO_USER");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may end without reading.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("panicked"), "{arguments:?}: {text}");
    (output.status.code(), text)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn parked(cluster: &Cluster, node: usize) -> BTreeSet<u64> {
    let request = api::ListRunsRequest {
        pipeline: Some(model::PipelineRef { namespace: "default".into(), pipeline: "parked".into() }),
        consistency: api::Consistency::Local.into(),
        page_size: 1000,
        ..Default::default()
    };
    let runs = cluster.runs(node).unwrap().list_runs(request).await.unwrap().into_inner().runs;
    runs.iter().map(|run| run.r#ref.as_ref().unwrap().run).collect()
}

async fn status(node: &Node) -> anyhow::Result<api::GetStatusResponse> {
    Ok(ClusterServiceClient::new(node.channel()?).get_status(api::GetStatusRequest {}).await?.into_inner())
}

async fn voters(node: &Node, wanted: usize) {
    eventually("the new members to vote", PATIENCE, || async {
        let members = status(node).await?.members;
        let voters = members.iter().filter(|member| member.role() != api::MemberRole::Learner).count();
        Ok((voters == wanted).then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#}\n{}", node.log_tail()));
}

/// Three nodes with a hundred acknowledged commands, of which two are gone for good.
struct Lost {
    cluster: Cluster,
    survivor: usize,
    gone: Vec<usize>,
    /// As the survivor knew it.
    status: api::GetStatusResponse,
    /// Runs that the survivor had.
    had: BTreeSet<u64>,
    running: Vec<model::RunRef>,
}

async fn lose_the_majority() -> Lost {
    let mut cluster = Cluster::start(3, &["--drivers", "process", "--lease-ms", "2000"]).await.unwrap();
    let mut waiting = pipeline("parked", vec![shell_task("wait", "true", &[])]);
    waiting.parallelism = 1;
    waiting.tasks[0].constraints = vec![model::Variable { name: "nowhere".into(), value: "1".into() }];
    cluster.register(0, waiting).await.unwrap();
    cluster.register(0, pipeline("work", vec![shell_task("t", "sleep 1; echo done", &[])])).await.unwrap();
    let leader = cluster.leader().await.unwrap();
    let mut acknowledged = BTreeSet::new();
    for _ in 0..100 {
        acknowledged.insert(cluster.start_run(leader, "parked", &[]).await.unwrap().run);
    }
    let survivor = cluster.other_than(leader);
    let mut running = Vec::new();
    for _ in 0..6 {
        running.push(cluster.start_run(survivor, "work", &[]).await.unwrap());
    }
    let gone: Vec<usize> = (0..3).filter(|node| *node != survivor).collect();
    // One is dead, the other will wake up as if nothing had happened.
    cluster.nodes[gone[0]].kill();
    cluster.nodes[gone[1]].signal(Signal::STOP).unwrap();
    let had = parked(&cluster, survivor).await;
    assert!(
        had.is_superset(&acknowledged),
        "a write that was acknowledged through the survivor came after all of them"
    );
    let status = cluster.status(survivor).await.unwrap();
    Lost { cluster, survivor, gone, status, had, running }
}

/// What is not confirmed changes nothing, and what is in use is left alone.
fn recover_after_mistakes(node: &mut Node, cluster_id: &str) {
    let data = node.data.clone();
    let recover = ["cluster", "recover", "--data-dir", text(&data), "--grace", "1s"];
    let (code, refused) = gofer(&recover, cluster_id);
    assert_eq!(code, Some(2), "{refused}");
    says(&refused, &["in use", "stop it"]);
    node.terminate(Duration::from_secs(30)).unwrap();
    for typed in ["", "yes\n"] {
        let (code, refused) = gofer(&recover, typed);
        assert_eq!(code, Some(2), "{refused}");
        says(&refused, &["nothing was changed", cluster_id, "lost for ever"]);
    }
    let (code, recovered) = gofer(&recover, &format!("{cluster_id}\n"));
    assert_eq!(code, Some(0), "{recovered}");
    says(&recovered, &["only member of the new cluster"]);
    says(&gofer(&["audit", "replay", text(&data)], "").1, &["equal to the node's stored state"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_without_its_majority_goes_on_with_what_the_survivor_had() {
    let Lost { mut cluster, survivor, gone, status: old, had, running } = lose_the_majority().await;
    recover_after_mistakes(&mut cluster.nodes[survivor], &old.cluster_id);
    cluster.restart(survivor).await.unwrap();
    voters(&cluster.nodes[survivor], 1).await;
    let now = cluster.status(survivor).await.unwrap();
    assert_ne!(now.cluster_id, old.cluster_id);
    assert!(parked(&cluster, survivor).await.is_superset(&had), "what the survivor had is there");
    let address = cluster.nodes[survivor].address.clone();
    let (_, events) =
        gofer(&["events", "watch", "--from", "1", "--until-end", "-o", "json", "--address", &address], "");
    let event = events.lines().find(|line| line.contains("cluster_recovered")).unwrap();
    says(event, &["operator:ada", &old.cluster_id, &now.cluster_id]);
    for node in &gone {
        let id = old.members.iter().find(|member| member.address == cluster.nodes[*node].address).unwrap().id;
        says(event, &[&id.to_string()]);
    }

    let mut new: Vec<Node> = Vec::new();
    for name in ["n4", "n5"] {
        let mut node = Node::new(cluster.path(), name, vec!["--drivers".into(), "process".into()]);
        node.start(&["--name", name, "--lease-ms", "2000", "--join", &address]).unwrap();
        new.push(node);
    }
    voters(&cluster.nodes[survivor], 3).await;
    for run in &running {
        let ended = cluster.finished(survivor, run, PATIENCE).await.unwrap();
        assert_eq!(ended.status(), model::RunStatus::Succeeded, "{ended:?}");
    }
    let run = cluster.start_run(survivor, "work", &[]).await.unwrap();
    assert_eq!(cluster.finished(survivor, &run, PATIENCE).await.unwrap().status(), model::RunStatus::Succeeded);

    let term = cluster.status(survivor).await.unwrap().term;
    dropped_members_are_refused(&mut cluster, &gone, &address).await;
    assert_eq!(cluster.status(survivor).await.unwrap().term, term, "nobody disturbs");
    emptied_members_come_back(&mut cluster, gone[0], survivor, &new[0]).await;
    new[0].terminate(Duration::from_secs(30)).unwrap();
    says(&gofer(&["audit", "replay", text(&new[0].data)], "").1, &["equal to the node's stored state"]);
}

async fn emptied_members_come_back(cluster: &mut Cluster, back: usize, survivor: usize, new: &Node) {
    std::fs::remove_dir_all(&cluster.nodes[back].data).unwrap();
    let (name, address) = (format!("n{}", back + 1), cluster.nodes[survivor].address.clone());
    cluster.nodes[back].start(&["--name", &name, "--join", &address]).unwrap();
    voters(&cluster.nodes[survivor], 4).await;
    let head =
        |status: &api::GetStatusResponse| (status.header.unwrap_or_default().revision, status.chain_head.clone());
    eventually("all to have the same head", PATIENCE, || async {
        let all = [status(&cluster.nodes[survivor]).await?, status(new).await?, status(&cluster.nodes[back]).await?];
        Ok(all.iter().all(|one| head(one) == head(&all[0])).then_some(()))
    })
    .await
    .unwrap();
}

/// Woken up, alone, told to join, and both together: none of them comes back with its old data.
async fn dropped_members_are_refused(cluster: &mut Cluster, gone: &[usize], address: &str) {
    let name = |node: usize| format!("n{}", node + 1);
    let words = ["recovered without it", "empty", "--join"];
    cluster.nodes[gone[1]].signal(Signal::CONT).unwrap();
    says(&cluster.nodes[gone[1]].failed(PATIENCE).await.unwrap(), &words);
    cluster.nodes[gone[0]].start(&["--name", &name(gone[0])]).unwrap();
    says(&cluster.nodes[gone[0]].failed(PATIENCE).await.unwrap(), &words);
    cluster.nodes[gone[0]].start(&["--name", &name(gone[0]), "--join", address]).unwrap();
    says(&cluster.nodes[gone[0]].failed(PATIENCE).await.unwrap(), &["empty data directory", "belongs to cluster"]);
    for node in gone {
        cluster.nodes[*node].start(&["--name", &name(*node)]).unwrap();
    }
    for node in gone {
        says(&cluster.nodes[*node].failed(PATIENCE).await.unwrap(), &words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_that_was_cut_short_keeps_the_node_from_starting_until_it_is_repeated() {
    let mut cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("p", vec![shell_task("t", "true", &[])])).await.unwrap();
    let old = cluster.status(0).await.unwrap().cluster_id;
    cluster.nodes[0].terminate(Duration::from_secs(30)).unwrap();
    let data = cluster.nodes[0].data.clone();
    // The first thing that a recovery does.
    let id = "00112233445566778899aabbccddeeff";
    std::fs::write(data.join("UNFINISHED"), format!("gofer cluster recover\n{id}\n")).unwrap();
    cluster.nodes[0].start(&[]).unwrap();
    says(&cluster.nodes[0].failed(PATIENCE).await.unwrap(), &["was not finished by `gofer cluster recover`"]);
    let recover = ["cluster", "recover", "--data-dir", text(&data), "--yes", "-o", "json"];
    let (code, recovered) = gofer(&recover, "");
    assert_eq!(code, Some(0), "{recovered}");
    says(&recovered, &[id]);
    cluster.restart(0).await.unwrap();
    voters(&cluster.nodes[0], 1).await;
    assert_eq!(cluster.status(0).await.unwrap().cluster_id, id);
    assert_ne!(old, id);
    let run = cluster.start_run(0, "p", &[]).await.unwrap();
    assert_eq!(cluster.finished(0, &run, PATIENCE).await.unwrap().status(), model::RunStatus::Succeeded);
    let empty = cluster.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let (code, refused) = gofer(&["cluster", "recover", "--data-dir", text(&empty), "--yes"], "");
    assert_eq!(code, Some(2), "{refused}");
    says(&refused, &["is no data directory"]);
    assert!(std::fs::read_dir(&empty).unwrap().next().is_none(), "nothing is made there");
}
