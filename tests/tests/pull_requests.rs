//! The trigger `github` with a repository: pull requests that are looked for at a stand-in for GitHub's API, which was made
//! from its published documentation (`tests/python/pull_requests.py`). Each change starts one run, whoever leads and whatever
//! the service does.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common {
    pub(crate) mod http;
}

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use common::http::send;
use gofer_tests::{Cluster, StandIn, eventually, gofer, pipeline, printed, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::Value;

/// Long enough for an election, a pause after a failure and a request that nobody answers, on a busy machine.
const LIMIT: Duration = Duration::from_secs(240);

struct World {
    cluster: Cluster,
    github: StandIn,
    /// What runs are expected to have been started with, and how often.
    expected: BTreeMap<String, usize>,
}

impl World {
    /// A cluster with a pipeline `build`, and a stand-in with so many pull requests that were there before.
    async fn start(size: usize, before: usize, settings: &[&str]) -> Self {
        let cluster = Cluster::start(size, &["--drivers", "process"]).await.unwrap();
        cluster.register(0, pipeline("build", vec![shell_task("t", "true", &[])])).await.unwrap();
        let world =
            Self { cluster, github: StandIn::start("pull_requests.py", &[]).unwrap(), expected: BTreeMap::new() };
        world.order(&format!("open {before}"));
        world.set_secret("default", "github", world.github.said("token"));
        let what = "WHAT=payload.action + ' ' + string(payload.number) + ' ' + payload.git.commit";
        world.subscribe("build/pulls", &[&["-e", what], settings].concat()).await;
        world
    }

    /// Subscribes to what the stand-in has, and waits until it was looked at.
    async fn subscribe(&self, name: &str, more: &[&str]) {
        let (api, repository) =
            (format!("api={}", self.github.said("api")), format!("repository={}", self.github.said("name")));
        let create = ["subscription", "create", name, "--trigger", "github", "--set", &api, "--set", &repository];
        let rest = ["--set", "token=github", "--set", "every=10s"];
        self.eventually("a subscription", || {
            let made = self.call(0, &[&create[..], &rest, more].concat());
            if made.0 == Some(0) { Ok(()) } else { Err(format!("{made:?}")) }
        })
        .await;
        let shown = || self.json(0, &["subscription", "get", name]);
        assert_eq!(shown()["hook_path"].as_str().unwrap_or_default(), "", "nothing is posted to it");
        if more.contains(&"--disabled") {
            return;
        }
        self.eventually("the first look", || {
            let shown = shown();
            if shown["subscription"]["cursor"].is_null() { Err(shown.to_string()) } else { Ok(()) }
        })
        .await;
    }

    fn set_secret(&self, namespace: &str, name: &str, value: &str) {
        let address = &self.cluster.nodes[0].address;
        let mut command = gofer(&["--address", address, "secret", "set", name, "--namespace", namespace]).unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    fn call(&self, node: usize, arguments: &[&str]) -> (Option<i32>, String, String) {
        let address = ["--address", &self.cluster.nodes[node].address];
        let printed = printed(&mut gofer(&[&address[..], arguments].concat()).unwrap()).unwrap();
        (printed.code, printed.stdout, printed.stderr)
    }

    #[track_caller]
    fn json(&self, node: usize, arguments: &[&str]) -> Value {
        let (code, stdout, stderr) = self.call(node, &[&["-o", "json"], arguments].concat());
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
        serde_json::from_str(&stdout).unwrap()
    }

    fn order(&self, line: &str) -> Value {
        self.github.order(line).unwrap()
    }

    /// Orders a change that is to start a run.
    fn expect(&mut self, order: &str, action: &str) -> u64 {
        let changed = self.order(order);
        let all = changed.as_array().cloned().unwrap_or_else(|| vec![changed]);
        for pull in &all {
            let what = format!("{action} {} {}", pull["number"], pull["head"].as_str().unwrap());
            *self.expected.entry(what).or_default() += 1;
        }
        all[0]["number"].as_u64().unwrap()
    }

    async fn eventually(&self, what: &str, attempt: impl Fn() -> Result<(), String>) {
        let waited = eventually(what, LIMIT, || async { attempt().map(Some).map_err(|why| anyhow::anyhow!("{why}")) });
        waited.await.map_err(|error| format!("{error:#}\n{}", self.cluster.log_tails())).unwrap();
    }

    /// Waits until the runs are those that are expected, and no others.
    async fn wait_runs(&self, node: usize) {
        let wanted: usize = self.expected.values().sum();
        let what = format!("{wanted} runs");
        let found = eventually(&what, LIMIT, || async {
            let found = self.runs(node).await?;
            anyhow::ensure!(found.values().sum::<usize>() >= wanted, "there are {found:?}");
            Ok(Some(found))
        });
        let found = found.await.map_err(|error| format!("{error:#}\n{}", self.cluster.log_tails())).unwrap();
        assert_eq!(found, self.expected);
    }

    async fn runs(&self, node: usize) -> anyhow::Result<BTreeMap<String, usize>> {
        let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: "build".into() });
        let request = api::ListRunsRequest { pipeline, page_size: 1000, ..Default::default() };
        let mut found = BTreeMap::new();
        for run in self.cluster.runs(node)?.list_runs(request).await?.into_inner().runs {
            let what = run.variables.into_iter().find(|variable| variable.name == "WHAT");
            *found.entry(what.map(|what| what.value).unwrap_or_default()).or_default() += 1;
        }
        Ok(found)
    }

    /// What the stand-in was asked, none of it anything that its documentation doesn't have.
    fn asked(&self) -> Value {
        let log = self.order("log");
        assert_eq!(log["wrong"], serde_json::json!([]));
        log
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_a_pull_request_starts_one_run_whoever_leads() {
    let mut world = World::start(3, 3, &["--set", "base=main,release/*"]).await;
    let first = world.expect("open 1", "opened");
    world.wait_runs(1).await;

    let killed = world.cluster.leader().await.unwrap();
    world.cluster.nodes[killed].kill();
    let node = world.cluster.other_than(killed);
    // One that was there before, a new one, one that goes elsewhere, and an error of the service.
    world.order("fail 1");
    world.expect("push 1", "synchronize");
    world.expect(&format!("push {first}"), "synchronize");
    world.expect("open 2 release/1", "opened");
    world.order("open 1 side");
    world.wait_runs(node).await;

    // With another leader: merged, closed, and closed while nobody looked.
    world.cluster.restart(killed).await.unwrap();
    let next = world.cluster.leader().await.unwrap();
    world.expect("merge 3", "closed");
    world.expect(&format!("close {first}"), "closed");
    world.cluster.nodes[next].kill();
    let node = world.cluster.other_than(next);
    world.expect("close 1", "closed");
    world.wait_runs(node).await;
    world.expect(&format!("reopen {first}"), "opened");
    world.wait_runs(node).await;

    let events = world.call(node, &["subscription", "events", "build/pulls"]).1;
    says(&events, &["refs/pull/3/head closed", &format!("refs/pull/{first}/head opened")]);
    world.asked();
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_silence_and_a_wrong_token_lose_nothing() {
    let mut world = World::start(1, 1, &[]).await;
    // Left alone for as long as it wants, whichever way it says that.
    world.order("limit 20");
    world.expect("push 1", "synchronize");
    world.wait_runs(0).await;
    says(&world.cluster.log_tails(), &["secondary rate limit", "wants to be left alone"]);
    world.order("used-up 25");
    world.expect("open 1", "opened");
    world.wait_runs(0).await;
    world.expect("push 1", "synchronize");
    world.wait_runs(0).await;
    assert_eq!(world.asked()["early"], 0);

    world.order("hang 1");
    world.expect("close 1", "closed");
    world.wait_runs(0).await;
    says(&world.cluster.log_tails(), &["can't be looked at; it is tried again"]);

    // Somebody has replaced the token.
    world.order("token ghp_replaced");
    world.expect("open 1", "opened");
    world
        .eventually("the refusal to be said", || {
            let log = world.cluster.log_tails();
            if log.contains("doesn't take this token: Bad credentials") { Ok(()) } else { Err(log) }
        })
        .await;
    assert!(!world.cluster.log_tails().contains(world.github.said("token")), "tokens are not shown");
    world.set_secret("default", "github", "ghp_replaced\n");
    world.wait_runs(0).await;

    for (settings, words) in [
        (&["--set", "repository=o/n", "--set", "events=push"][..], "use the trigger git for pushes and tags"),
        (&["--set", "repository=o/n", "--set", "api=http://github.example"], "use https"),
        (&["--set", "repository=o/n", "--set", "every=5s"], "from 10s to 24h"),
        (&[], "the trigger needs the setting \"secret\""),
    ] {
        let create = ["subscription", "create", "build/wrong", "--trigger", "github"];
        let (code, _, stderr) = world.call(0, &[&create[..], settings].concat());
        assert!(code != Some(0) && stderr.contains(words), "{settings:?}: {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_are_looked_at() {
    let mut world = World::start(1, 230, &[]).await;
    assert_eq!(world.asked()["pages"], 3);
    // One is closed while the pages are sent, so that the second one leaves out one that is open.
    world.expect("slip 11", "closed");
    world.expect("open 30", "opened");
    for number in [5, 203, 457] {
        world.expect(&format!("close {number}"), "closed");
    }
    world.expect("push 459", "synchronize");
    world.wait_runs(0).await;
    world
        .eventually("a look at what has not changed", || {
            let asked = world.asked();
            if asked["not_modified"].as_u64() >= Some(3) { Ok(()) } else { Err(asked.to_string()) }
        })
        .await;
    world.wait_runs(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_is_told_how_its_run_ended() {
    let world = World::start(1, 1, &["--disabled"]).await;
    let done = |arguments: &[&str]| {
        let (code, stdout, stderr) = world.call(0, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
        stdout
    };
    done(&["task", "install", "--provided", "github-status"]);
    world.set_secret("tasks", "github-token", world.github.said("token"));
    let api = world.github.said("api");
    let settings = format!(
        "REPOSITORY = {{ variable = \"REPOSITORY\" }}, COMMIT = {{ variable = \"COMMIT\" }}, API_URL = \"{api}\""
    );
    let text = format!(
        "id = \"ci\"\n[parameters.REPOSITORY]\n[parameters.COMMIT]\n\
         [tasks.begin]\nuses = \"github-status\"\nsettings = {{ STATE = \"pending\", {settings} }}\n\
         [tasks.test]\ndepends_on = [\"begin\"]\ncommand = [\"/bin/sh\", \"-c\", \"true\"]\n\
         [tasks.end]\nuses = \"github-status\"\ndepends_on = [\"test\"]\n\
         settings = {{ STATE = \"success\", DESCRIPTION = \"all is well\", {settings} }}\n"
    );
    let path = world.cluster.path().join("ci.toml");
    std::fs::write(&path, text).unwrap();
    done(&["pipeline", "register", path.to_str().unwrap()]);
    world
        .subscribe(
            "ci/pulls",
            &[
                "--filter",
                "payload.action in ['opened', 'synchronize'] && payload.pull_request.base.ref == 'main'",
                "-e",
                "REPOSITORY=payload.repository.full_name",
                "-e",
                "COMMIT=payload.git.commit",
            ],
        )
        .await;
    // A test of it sees what the trigger would add, and nobody can post anything to it.
    let payload = serde_json::json!({
        "action": "opened", "number": 1, "repository": { "full_name": "o/n" },
        "pull_request": { "head": { "sha": "a".repeat(40), "ref": "topic" }, "base": { "ref": "main" } },
    });
    std::fs::write(&path, payload.to_string()).unwrap();
    let fire = ["trigger", "fire", "ci/pulls", "--kind", "pull_request", "--dry-run", "--payload"];
    says(&done(&[&fire[..], &[path.to_str().unwrap()]].concat()), &[&"a".repeat(40), "o/n"]);
    let posted = send(&world.cluster.nodes[0].address, "POST", "/v1/hooks/default/ci/pulls", &[], b"{}");
    assert_eq!(posted.status, 404, "{}", posted.body);
    world.asked();
    let opened = world.order("open 1")[0].clone();
    world
        .eventually("the end of a run", || {
            let runs = world.json(0, &["run", "list", "ci"]);
            if runs.to_string().to_lowercase().contains("succeeded") { Ok(()) } else { Err(runs.to_string()) }
        })
        .await;
    let statuses = world.asked()["statuses"].clone();
    let told: Vec<_> = statuses.as_array().unwrap().iter().map(|told| (&told["sha"], &told["state"])).collect();
    let (pending, success) = (Value::from("pending"), Value::from("success"));
    assert_eq!(told, [(&opened["head"], &pending), (&opened["head"], &success)], "{statuses}");
}
