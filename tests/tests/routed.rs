//! Requests over HTTP that plug-ins in Rust, Go and Python answer, sent to any node of a real cluster.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common {
    pub(crate) mod http;
}

use std::time::Duration;

use common::http::{Answer, send};
use gofer_tests::{
    Cluster, Example, ExamplePlugin, Language, PATIENCE, Process, eventually, gofer, needs, pipeline, printed, says,
    shell_task,
};
use rustix::process::Signal;
use serde_json::Value;

const SECRET: &str = "Bearer what-senders-show";

/// A plug-in that answers requests, connected to one node.
struct Running {
    language: &'static str,
    process: Process,
    program: ExamplePlugin,
    token: String,
}

impl Running {
    /// Installs the trigger, with a pipeline of its name that a subscription to the topic `news` starts.
    async fn new(cluster: &Cluster, language: Language) -> Self {
        let program = ExamplePlugin::build(Example::Topics, language, cluster.path()).unwrap();
        let language = language.name();
        let token = run(cluster, 0, &["trigger", "install", language]).trim().to_owned();
        cluster.register(0, pipeline(language, vec![shell_task("t", "echo $TEXT", &[])])).await.unwrap();
        let name = format!("{language}/news");
        let create = ["subscription", "create", &name, "--trigger", language, "--set", "topic=news"];
        run(cluster, 0, &[&create[..], &["-e", "TEXT=payload.text"]].concat());
        let process = Process::new(cluster.path().join(format!("{language}.log")));
        Self { language, process, program, token }
    }

    fn start(&mut self, cluster: &Cluster, node: usize) {
        let address = &cluster.nodes[node].address;
        let mut command = self.program.command(&[], self.language, &self.token, address).unwrap();
        command.env("TOPICS_TOKEN", SECRET.strip_prefix("Bearer ").unwrap());
        self.process.start(command).unwrap();
    }

    /// Sends a message once the plug-in is connected.
    async fn answered(&self, cluster: &Cluster, node: usize, key: &str) -> Answer {
        let path = format!("/v1/plugins/{}/news", self.language);
        eventually("an answer of the plug-in", PATIENCE, || async {
            let answer = post(cluster, node, &path, key);
            anyhow::ensure!(answer.status != 503, "{answer:?}");
            Ok(Some(answer))
        })
        .await
        .unwrap()
    }
}

fn run(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let mut command = gofer(arguments).unwrap();
    let done = printed(command.env("GOFER_ADDRESS", &cluster.nodes[node].address)).unwrap();
    assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.stderr);
    done.stdout
}

fn post(cluster: &Cluster, node: usize, path: &str, key: &str) -> Answer {
    let headers = [("Authorization", SECRET), ("X-Delivery", key)];
    send(&cluster.nodes[node].address, "POST", path, &headers, b"hello")
}

fn runs(cluster: &Cluster, language: &str) -> usize {
    let list: Value = serde_json::from_str(&run(cluster, 0, &["run", "list", language, "--output", "json"])).unwrap();
    list["runs"].as_array().unwrap().len()
}

async fn started(size: usize) -> (Cluster, Vec<Running>) {
    needs(&["go"]).unwrap();
    let cluster = Cluster::start(size, &["--drivers", "process"]).await.unwrap();
    let mut all = Vec::new();
    for language in Language::ALL {
        all.push(Running::new(&cluster, language).await);
    }
    (cluster, all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_any_node_is_answered_by_the_plug_in_and_counts_once() {
    let (cluster, mut all) = started(3).await;
    for (place, running) in all.iter_mut().enumerate() {
        let language = running.language;
        let path = format!("/v1/plugins/{language}/news");
        let nobody = post(&cluster, 0, &path, "0");
        assert_eq!(nobody.status, 503, "{nobody:?}");
        says(&nobody.head.to_lowercase(), &["retry-after: 1"]);
        says(&nobody.body, &["no plug-in that takes requests is connected", &format!("gofer trigger get {language}")]);

        running.start(&cluster, place);
        let first = running.answered(&cluster, 0, "1").await;
        assert_eq!((first.status, first.body.trim()), (202, format!("default/{language}/news: run 1").as_str()));
        says(&first.head.to_lowercase(), &["content-security-policy: sandbox", "x-content-type-options: nosniff"]);
        for node in 0..3 {
            let again = post(&cluster, node, &path, "1");
            assert_eq!((again.status, &again.body), (202, &first.body), "{language}");
        }
        let forged = send(&cluster.nodes[1].address, "POST", &path, &[("X-Delivery", "2")], b"");
        assert_eq!(forged.status, 401, "{forged:?}");
        assert_eq!(post(&cluster, 2, &format!("/v1/plugins/{language}/sport"), "3").status, 404);
        let second = post(&cluster, 1, &path, "4");
        assert_eq!(second.body.trim(), format!("default/{language}/news: run 2"), "{second:?}");
        assert_eq!(runs(&cluster, language), 2);
        let shown: Value =
            serde_json::from_str(&run(&cluster, 1, &["trigger", "get", language, "--output", "json"])).unwrap();
        assert_eq!(shown["instances"][0]["takes_http"], true, "{shown}");
        says(&run(&cluster, 2, &["trigger", "get", language]), &[&format!("/v1/plugins/{language}")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_lost_with_its_plug_in_or_node_counts_once_when_it_is_sent_again() {
    let (mut cluster, mut all) = started(3).await;
    for (place, running) in all.iter_mut().enumerate() {
        running.start(&cluster, place);
        assert_eq!(running.answered(&cluster, 0, "first").await.status, 202);
        let path = format!("/v1/plugins/{}/news", running.language);
        // The plug-in dies over a request.
        running.process.signal(Signal::STOP).unwrap();
        let lost = std::thread::scope(|scope| {
            let asking = scope.spawn(|| post(&cluster, (place + 1) % 3, &path, "second"));
            std::thread::sleep(Duration::from_millis(500));
            running.process.kill();
            asking.join().unwrap()
        });
        assert_eq!(lost.status, 503, "{lost:?}");
        says(&lost.body, &["send it again"]);
        running.start(&cluster, place);
        assert_eq!(running.answered(&cluster, 1, "second").await.status, 202);
        // Its node dies; it connects to another one.
        cluster.nodes[place].kill();
        let other = (place + 1) % 3;
        let third = running.answered(&cluster, other, "third").await;
        assert_eq!(third.body.trim(), format!("default/{}/news: run 3", running.language), "{third:?}");
        let again = running.answered(&cluster, other, "second").await;
        assert_eq!(again.body.trim(), format!("default/{}/news: run 2", running.language), "{again:?}");
        cluster.restart(place).await.unwrap();
    }
    for running in &all {
        assert_eq!(runs(&cluster, running.language), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_plug_in_can_answer_is_refused_with_what_would_do() {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    let mut running = Running::new(&cluster, Language::Rust).await;
    running.start(&cluster, 0);
    assert_eq!(running.answered(&cluster, 0, "1").await.status, 202);
    let address = &cluster.nodes[0].address;
    let missing = post(&cluster, 0, "/v1/plugins/nothing/news", "1");
    assert_eq!(missing.status, 404, "{missing:?}");
    says(&missing.body, &["trigger nothing is not installed", "/v1/plugins/TRIGGER"]);
    assert_eq!(post(&cluster, 0, "/v1/plugins/Not%20a%20name", "1").status, 400);
    assert_eq!(send(address, "TRACE", "/v1/plugins/rust/news", &[], b"").status, 400);
    let head = send(address, "HEAD", "/v1/plugins/rust/news", &[("Authorization", SECRET), ("X-Delivery", "1")], b"");
    assert_eq!((head.status, head.body.as_str()), (202, ""), "{head:?}");
    let long = vec![b'a'; 1024 * 1024 + 1];
    let long = send(address, "POST", "/v1/plugins/rust/news", &[("Authorization", SECRET), ("X-Delivery", "2")], &long);
    assert_eq!(long.status, 413, "{long:?}");
    run(&cluster, 0, &["trigger", "disable", "rust"]);
    let disabled = post(&cluster, 0, "/v1/plugins/rust/news", "1");
    assert_eq!(disabled.status, 503, "{disabled:?}");
    says(&disabled.body, &["trigger rust is disabled", "gofer trigger enable rust"]);
    run(&cluster, 0, &["trigger", "enable", "rust"]);
    assert_eq!(running.answered(&cluster, 0, "1").await.status, 202);
    let root = send(address, "GET", "/", &[], b"");
    assert_eq!(root.status, 404, "{root:?}");
    says(&root.body, &["/v1/plugins/TRIGGER"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_at_once_are_each_answered() {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let mut running = Running::new(&cluster, Language::Rust).await;
    running.start(&cluster, 0);
    running.answered(&cluster, 0, "0").await;
    // More than a stream takes at a time: some hear that they should come again.
    std::thread::scope(|scope| {
        for thread in 0..120 {
            let cluster = &cluster;
            scope.spawn(move || {
                let key = format!("key-{thread}");
                let mut answer = post(cluster, thread % 3, "/v1/plugins/rust/news", &key);
                let mut tries = 0;
                while answer.status == 503 && tries < 100 {
                    std::thread::sleep(Duration::from_millis(100));
                    answer = post(cluster, thread % 3, "/v1/plugins/rust/news", &key);
                    tries += 1;
                }
                assert_eq!(answer.status, 202, "{answer:?}");
            });
        }
    });
    let list = run(&cluster, 0, &["run", "list", "rust", "--limit", "1000", "--output", "json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["runs"].as_array().unwrap().len(), 121);
}
