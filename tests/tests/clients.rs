//! The clients for Rust, Go and Python against real clusters whose leader is killed, and whose majority stops.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod clients {
    pub(crate) mod foreign;
    pub(crate) mod native;
}

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clients::foreign::Foreign;
use clients::native::Native;
use gofer_client::{Client, api, model};
use gofer_tests::{Cluster, PATIENCE, eventually, needs, pipeline, printed, python, shell_task};
use rustix::process::Signal;
use serde_json::{Value, json};

/// What each language's program is asked, and answers.
enum Drill {
    Native(Box<Native>),
    Foreign(Foreign),
}

impl Drill {
    async fn ask(&mut self, word: &str) -> Value {
        let answer = match self {
            Self::Native(native) => native.ask(word).await,
            Self::Foreign(foreign) => foreign.ask(word).await,
        };
        assert!(answer.get("error").is_none(), "{word}: {answer}");
        answer
    }
}

const LANGUAGES: [&str; 3] = ["rust", "go", "python"];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap()
}

/// A pipeline whose runs need no node, as no node has the label: they only are.
fn parked(id: &str) -> model::PipelineConfig {
    let mut config = pipeline(id, vec![shell_task("wait", "true", &[])]);
    config.parallelism = 1;
    config.tasks[0].constraints = vec![model::Variable { name: "nowhere".into(), value: "1".into() }];
    config
}

/// Numbers of all runs of a pipeline.
async fn runs(addresses: &[String], name: &str) -> Vec<u64> {
    let client = Client::connect(addresses).unwrap();
    let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: name.into() });
    let mut pages = client.list_runs(api::ListRunsRequest { pipeline, page_size: 50, ..Default::default() });
    let mut found = Vec::new();
    while let Some(run) = pages.next().await.unwrap() {
        found.push(run.r#ref.unwrap().run);
    }
    found.reverse();
    found
}

async fn reaches(drill: &mut Drill, least: u64, cluster: &Cluster) {
    let start = std::time::Instant::now();
    while drill.ask("count").await["runs"].as_u64().unwrap() < least {
        assert!(start.elapsed() < PATIENCE, "not {least} runs yet\n{}", cluster.log_tails());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn numbers(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
}

/// What was acknowledged, what is, and what was watched are the same.
fn accounted(language: &str, end: &Value, found: &[u64]) {
    let acknowledged = numbers(&end["runs"]);
    let distinct: BTreeSet<u64> = acknowledged.iter().copied().collect();
    assert_eq!(distinct.len(), acknowledged.len(), "{language}: one run was acknowledged to two requests");
    assert_eq!(distinct.into_iter().collect::<Vec<_>>(), found, "{language}: each request is one run");
    let events: Vec<Vec<u64>> = end["events"].as_array().unwrap().iter().map(numbers).collect();
    let revisions: Vec<u64> = events.iter().map(|event| event[0]).collect();
    let from = end["from"].as_u64().unwrap();
    let expected: Vec<u64> = (from..from + revisions.len() as u64).collect();
    assert_eq!(revisions, expected, "{language}: the watch has a gap or a repeat");
    let watched: Vec<u64> = events.iter().map(|event| event[1]).filter(|run| *run != 0).collect();
    assert_eq!(watched, found, "{language}: the watch saw each run begin once");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_is_lost_or_doubled_and_no_event_missed_in_any_language() {
    needs(&["go"]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let addresses: Vec<String> = cluster.nodes.iter().map(|node| node.address.clone()).collect();
    let mut drills = Vec::new();
    for language in LANGUAGES {
        cluster.register(0, parked(language)).await.unwrap();
        drills.push(match language {
            "rust" => Drill::Native(Box::new(Native::new(&addresses, language))),
            "go" => Drill::Foreign(Foreign::go(directory.path(), &addresses, language)),
            _ => Drill::Foreign(Foreign::python(&addresses, language)),
        });
    }
    for drill in &mut drills {
        drill.ask("load").await;
    }
    for drill in &mut drills {
        reaches(drill, 10, &cluster).await;
    }
    let leader = cluster.leader().await.unwrap();
    cluster.nodes[leader].kill();
    for drill in &mut drills {
        let count = drill.ask("count").await["runs"].as_u64().unwrap();
        reaches(drill, count + 10, &cluster).await;
    }
    for (drill, language) in drills.iter_mut().zip(LANGUAGES) {
        let end = drill.ask("end").await;
        accounted(language, &end, &runs(&addresses, language).await);
        println!("{language}: {} runs, {} unknown outcomes", numbers(&end["runs"]).len(), end["unknowns"]);
        refusal(language, &drill.ask("rejected").await);
        assert_eq!(drill.ask("subscribed").await, subscribed(), "{language}");
    }
    cluster.restart(leader).await.unwrap();
    without_majority(&cluster, &addresses, &mut drills).await;
}

fn refusal(language: &str, rejected: &Value) {
    assert_eq!(rejected["reason"], "NOT_FOUND", "{language}: {rejected}");
    for word in ["help", "message"] {
        assert!(!rejected[word].as_str().unwrap().is_empty(), "{language}: {rejected}");
    }
    assert!(rejected["message"].as_str().unwrap().contains("no-such-pipeline"), "{language}: {rejected}");
}

/// What becomes of an event that each client tells a subscription of, twice.
fn subscribed() -> Value {
    json!({
        "would": "EVENT_RESULT_FIRED",
        "variables": "main",
        "first": "EVENT_RESULT_FIRED",
        "same": true,
        "taken": ["k"],
        "built_in": 9,
    })
}

/// Two of three nodes stand still: what is written then is unknown, and when they go on, it is made once.
async fn without_majority(cluster: &Cluster, addresses: &[String], drills: &mut [Drill]) {
    // All three must be up to date, else the one that was restarted could be needed for the first answer.
    eventually("the restarted node to catch up", PATIENCE, || async {
        let mut applied = BTreeSet::new();
        for node in 0..3 {
            applied.insert(cluster.status(node).await?.applied_index);
        }
        Ok((applied.len() == 1).then_some(()))
    })
    .await
    .unwrap();
    let mut before = Vec::new();
    for language in LANGUAGES {
        before.push(runs(addresses, language).await.len());
    }
    let stopped = [cluster.leader().await.unwrap(), cluster.other_than(cluster.leader().await.unwrap())];
    for node in stopped {
        cluster.nodes[node].signal(Signal::STOP).unwrap();
    }
    let mut unknown = Vec::new();
    for drill in &mut *drills {
        unknown.push(drill.ask("unknown").await);
    }
    for node in stopped {
        cluster.nodes[node].signal(Signal::CONT).unwrap();
    }
    for (index, language) in LANGUAGES.into_iter().enumerate() {
        assert_eq!(unknown[index], json!({ "sent": true, "same": true }), "{language}");
        let run = drills[index].ask("again").await;
        assert_eq!(drills[index].ask("again").await, run, "{language}: the same id is the same run");
        assert_eq!(runs(addresses, language).await.len(), before[index] + 1, "{language}");
    }
}

/// The block of a language in docs/clients.md.
fn documented(language: &str) -> String {
    let text = std::fs::read_to_string(root().join("docs/clients.md")).unwrap();
    let begin = format!("\n```{language}\n");
    text.split_once(&begin).unwrap().1.split_once("\n```\n").unwrap().0.to_owned() + "\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_has_one_program_three_times_which_runs() {
    needs(&["cargo", "go"]).unwrap();
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("nightly", vec![shell_task("greet", "echo good night", &[])])).await.unwrap();
    let addresses: Vec<&str> = cluster.nodes.iter().map(|node| node.address.as_str()).collect();
    let addresses = addresses.join(",");
    let examples = [
        ("rust", "crates/client/examples/nightly.rs"),
        ("go", "examples/clients/go/main.go"),
        ("python", "examples/clients/python/nightly.py"),
    ];
    for (number, (language, path)) in examples.into_iter().enumerate() {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        assert_eq!(documented(language), text, "{path} is not what docs/clients.md has");
        let mut command = match language {
            "rust" => clients::native::example(&addresses),
            "go" => clients::foreign::go_example(&addresses),
            _ => {
                clients::foreign::python_command(&python().unwrap(), &[root().join(path).to_str().unwrap(), &addresses])
            }
        };
        let output = printed(&mut command).unwrap();
        assert_eq!(output.code, Some(0), "{language}: {output:?}");
        let number = number + 1;
        let last = format!("run {number}: RUN_STATUS_SUCCEEDED\ngreet: good night\n");
        assert!(output.stdout.ends_with(&last), "{language}: {}", output.stdout);
    }
}
