//! Secrets on real nodes: set, used, printed, replaced, deleted, shredded; and then nowhere on any disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common {
    pub(super) mod scan;
}

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use common::scan::{Needle, find, needles};
use gofer_domain::{Event, Revision, SealedSecret};
use gofer_secrets::KeyRing;
use gofer_store::{Options, ReadOnlyStore, codec};
use gofer_tests::{Cluster, PATIENCE, Printed, eventually, gofer, pipeline, printed, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::secret_service_client::SecretServiceClient;
use gofer_wire::log::v1 as log;
use gofer_wire::model::v1 as model;
use prost::Message as _;
use sha2::{Digest as _, Sha256};

/// Long enough for the held lease of a killed node to end, and for its task to run again elsewhere.
const LIMIT: Duration = Duration::from_secs(120);

/// What the test keeps secret. Drawn anew each time, so that nothing of an earlier test is found.
struct Values {
    token: String,
    replaced: String,
    deleted: String,
    key: String,
}

impl Values {
    fn draw() -> Self {
        let draw = |name: &str| format!("{name}-{}", uuid::Uuid::new_v4());
        let line = || format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let key = format!("-----BEGIN KEY-----\n{}\n{}\n-----END KEY-----\n", line(), line());
        Self { token: draw("tok"), replaced: draw("old"), deleted: draw("gone"), key }
    }

    fn needles(&self) -> Vec<Needle> {
        let lines = self.key.lines().filter(|line| !line.starts_with('-'));
        let values = [&self.token, &self.replaced, &self.deleted].into_iter().map(String::as_str).chain(lines);
        values.flat_map(|value| needles(value.as_bytes())).collect()
    }
}

/// Calls `gofer` on the cluster, with a text on its input.
fn call(cluster: &Cluster, input: &str, arguments: &[&str]) -> Printed {
    let addresses: Vec<&str> = cluster.nodes.iter().map(|node| node.address.as_str()).collect();
    let mut command = gofer(arguments).unwrap();
    command.args(["--address", &addresses.join(",")]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Printed {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn done(cluster: &Cluster, input: &str, arguments: &[&str]) -> String {
    let printed = call(cluster, input, arguments);
    assert_eq!(printed.code, Some(0), "{arguments:?}: {printed:?}");
    printed.stdout + &printed.stderr
}

fn digest(value: &str) -> String {
    Sha256::digest(value).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A task that shows its secrets in every way, and proves that it has the right ones by their digests.
fn leaky(id: &str, before: &str) -> model::TaskConfig {
    let script = format!(
        "{before}
        echo \"canary-output $TOKEN\"
        printf '%.10s' \"$TOKEN\"; sleep 0.3; printf '%s\\n' \"${{TOKEN#??????????}}\"
        echo \"again: $TOKEN\" >&2
        printf %s \"$TOKEN\" | base64
        printf 'x%s' \"$TOKEN\" | base64 -w0
        cat \"$GOFER_SECRETS_DIR/key.pem\"
        sed 's/^/> /' \"$GOFER_SECRETS_DIR/key.pem\"
        echo \"mode $(stat -c %a \"$GOFER_SECRETS_DIR/key.pem\") on $(stat -f -c %T \"$GOFER_SECRETS_DIR\")\"
        echo \"sum $(printf %s \"$TOKEN\" | sha256sum)\"
        echo \"sum $(sha256sum < \"$GOFER_SECRETS_DIR/key.pem\")\"
        "
    );
    let variable = |name: &str, value: &str| model::Variable { name: name.into(), value: value.into() };
    model::TaskConfig {
        secret_env: vec![variable("TOKEN", "token")],
        secret_files: vec![variable("key.pem", "key")],
        environment: vec![variable("CANARY", "canary-config")],
        ..shell_task(id, &script, &[])
    }
}

async fn output(cluster: &Cluster, node: usize, run: &model::Run, task: &str) -> String {
    let request = api::StreamLogsRequest { run: run.r#ref.clone(), task: task.into(), ..Default::default() };
    let mut stream = cluster.runs(node).unwrap().stream_logs(request).await.unwrap().into_inner();
    let mut text = String::new();
    while let Some(response) = stream.message().await.unwrap() {
        text.push_str(&String::from_utf8_lossy(&response.data));
    }
    text
}

/// Runs the leaky pipeline, and checks that the task had the secrets and that its output does not.
async fn run_leaky(cluster: &Cluster, node: usize, values: &Values) {
    let run = cluster.start_run(node, "leaky", &[]).await.unwrap();
    let run = cluster.finished(node, &run, LIMIT).await.unwrap();
    let text = output(cluster, node, &run, "leak").await;
    check_output(&text, values);
}

fn check_output(text: &str, values: &Values) {
    for sum in [digest(&values.token), digest(&values.key)] {
        assert!(text.contains(&sum), "the task did not have its secrets: {text}");
    }
    assert!(text.contains("canary-output ***\n***\n"), "{text}");
    assert!(text.contains("again: ***\n"), "{text}");
    assert!(text.contains("mode 400 on tmpfs"), "{text}");
    for needle in values.needles() {
        assert!(!needle.is_in(text.as_bytes()), "{} is in: {text}", needle.name);
    }
}

async fn status(cluster: &Cluster, node: usize) -> anyhow::Result<api::GetSecretStatusResponse> {
    let mut client = SecretServiceClient::new(cluster.nodes[node].channel()?);
    Ok(client.get_secret_status(api::GetSecretStatusRequest {}).await?.into_inner())
}

/// Waits until every node has the key of a number, and no other.
async fn settled(cluster: &Cluster, node: usize, number: u64) {
    eventually("the key to be the only one on all nodes", PATIENCE, || async {
        let status = status(cluster, node).await?;
        let keys: Vec<Vec<u64>> =
            status.nodes.iter().map(|node| node.keys.iter().map(|key| key.number).collect()).collect();
        anyhow::ensure!(keys.iter().all(|keys| *keys == [number]), "the nodes have {keys:?}");
        Ok((status.current.and_then(|current| current.key).is_some_and(|key| key.number == number)).then_some(()))
    })
    .await
    .unwrap();
}

/// Everything about secrets in a node's log.
fn sealed(data: &Path) -> Vec<SealedSecret> {
    let store = ReadOnlyStore::open(data, Options::default()).unwrap();
    let mut found = Vec::new();
    for revision in 1..=store.progress().revision.0 {
        let bytes = store.event(Revision(revision)).unwrap().unwrap();
        let envelope = log::EventEnvelope::decode(&bytes[..]).unwrap();
        let event = log::Event::decode(envelope.payload).unwrap();
        if let Event::SecretSet { secret } = codec::event_from_wire(event).unwrap() {
            found.push(*secret);
        }
    }
    found
}

/// Which of the sealed values any key of any node opens, as the log has them.
fn opened(cluster: &Cluster, sealed: &[SealedSecret]) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    for node in &cluster.nodes {
        let ring = KeyRing::open(&node.data.join("keys")).unwrap();
        for key in ring.list().iter().filter_map(|named| ring.get(named)) {
            values
                .extend(sealed.iter().filter_map(|sealed| gofer_secrets::open(sealed, &key).ok()).map(|v| v.to_vec()));
        }
    }
    values
}

/// The bytes and the hexadecimal digits of the keys that a node has now.
fn key_needles(data: &Path) -> Vec<Needle> {
    let files = std::fs::read_dir(data.join("keys")).unwrap().map(|entry| entry.unwrap().path());
    files
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let hex = text.lines().nth(2).unwrap().to_owned();
            let raw: Vec<u8> =
                (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
            [Needle::new("a key in hex", hex.as_bytes()), Needle::new("a key", &raw)]
        })
        .collect()
}

/// Sets all, by standard input and by file, in all scopes; the narrowest counts. Returns what was said.
fn set_all(cluster: &Cluster, values: &Values) -> String {
    let file = cluster.path().join("given-by-the-test");
    std::fs::write(&file, &values.key).unwrap();
    let from_file = |pipeline| ["secret", "set", "key", "--pipeline", pipeline, "--from-file", file.to_str().unwrap()];
    let mut said = done(cluster, &values.deleted, &["secret", "set", "token"]);
    said += &done(cluster, &format!("{}\n", values.replaced), &["secret", "set", "token", "-n", "default"]);
    said += &done(cluster, &values.token, &["secret", "set", "token", "-n", "default"]);
    said += &done(cluster, "", &from_file("leaky"));
    said += &done(cluster, "", &from_file("slow"));
    std::fs::remove_file(&file).unwrap();
    let listed = done(cluster, "", &["secret", "list"]);
    says(&listed, &["token", "key", "global", "namespace default", "pipeline default/leaky"]);
    said + &listed + &done(cluster, "", &["secret", "get", "token", "-n", "default", "-o", "json"])
}

/// A node dies while the task runs, comes back at once, and takes the task over without its secrets on any disk.
async fn survive_a_kill(cluster: &mut Cluster, values: &Values) {
    cluster.register(0, pipeline("slow", vec![leaky("leak", "sleep 6")])).await.unwrap();
    let slow = cluster.start_run(1, "slow", &[]).await.unwrap();
    let holder = eventually("the task to run", PATIENCE, || async {
        let run = cluster.run(1, &slow).await?;
        let attempt = run.tasks.first().and_then(|task| task.attempts.first());
        let running = attempt.filter(|attempt| attempt.status() == model::AttemptStatus::Running);
        let Some(attempt) = running else { return Ok(None) };
        let members = cluster.status(1).await?.members;
        let address = members.into_iter().find(|member| member.id == attempt.node).map(|member| member.address);
        Ok(cluster.nodes.iter().position(|node| Some(&node.address) == address.as_ref()))
    })
    .await
    .unwrap();
    cluster.nodes[holder].kill();
    cluster.restart(holder).await.unwrap();
    let run = cluster.finished(holder, &slow, LIMIT).await.unwrap();
    check_output(&output(cluster, holder, &run, "leak").await, values);
}

/// A deletion shreds what the log holds; a node that is down follows when it is back. Returns what was said.
async fn shred(cluster: &mut Cluster, values: &Values) -> String {
    // The log's own form can be opened as long as the key is there. Without this, the check below would say nothing.
    let found = opened(cluster, &sealed(&cluster.nodes[0].data));
    for value in [&values.deleted, &values.replaced, &values.token, &values.key] {
        assert!(found.iter().any(|found| found[..] == *value.as_bytes()), "{value} can't be opened");
    }
    let down = cluster.other_than(cluster.leader().await.unwrap());
    cluster.nodes[down].kill();
    let said = done(cluster, "", &["secret", "delete", "token", "--global"]);
    let up = cluster.other_than(down);
    eventually("the rotation after the deletion", PATIENCE, || async {
        let current = status(cluster, up).await?.current.and_then(|current| current.key);
        Ok(current.is_some_and(|key| key.number == 2).then_some(()))
    })
    .await
    .unwrap();
    cluster.restart(down).await.unwrap();
    settled(cluster, down, 2).await;
    assert_eq!(opened(cluster, &sealed(&cluster.nodes[up].data)), Vec::<Vec<u8>>::new(), "not shredded");
    run_leaky(cluster, down, values).await;
    said
}

/// Outputs are in the log for ever: those with a secret in them never get there, and later tasks get the others. Returns
/// what was said.
async fn put_out(cluster: &Cluster, values: &Values) -> String {
    let variable = |name: &str, value: &str| model::Variable { name: name.into(), value: value.into() };
    let knowing = |id: &str, script: &str| model::TaskConfig {
        secret_env: vec![variable("TOKEN", "token")],
        allow_failure: true,
        ..shell_task(id, script, &[])
    };
    let length = model::OutputRef { task: "clean".into(), name: "LENGTH".into() };
    let after = model::TaskConfig {
        inputs: vec![model::NamedValue {
            name: "GOT".into(),
            value: Some(model::Value { kind: Some(model::value::Kind::Output(length)) }),
        }],
        ..shell_task("after", "echo got $GOT", &["clean"])
    };
    let tasks = vec![
        after,
        knowing("clean", "echo \"LENGTH=${#TOKEN}\" >> $GOFER_OUTPUTS"),
        knowing("encoded", "printf 'A=1\\nB<<E\\n%s\\nE\\n' $(printf 'x%s' $TOKEN | base64 -w0) >> $GOFER_OUTPUTS"),
        knowing("plain", "echo \"URL=https://user:$TOKEN@host/\" >> $GOFER_OUTPUTS; exit 0"),
    ];
    cluster.register(0, pipeline("outputs", tasks)).await.unwrap();
    let run = cluster.start_run(1, "outputs", &[]).await.unwrap();
    let run = cluster.finished(1, &run, LIMIT).await.unwrap();
    assert_eq!(output(cluster, 1, &run, "after").await, format!("got {}\n", values.token.len()));
    for (id, line) in [("encoded", 3), ("plain", 1)] {
        let task = run.tasks.iter().find(|task| task.id == id).unwrap();
        assert_eq!(task.outcome.as_ref().map(|outcome| outcome.status()), Some(model::TaskStatus::Failed), "{task:?}");
        let text = format!("{task:?}");
        assert!(text.contains(&format!("line {line} of the task's outputs holds a secret")), "{text}");
    }
    format!("{run:?}")
}

/// The records of all views.
fn views(cluster: &Cluster) -> Vec<u8> {
    let mut views = Vec::new();
    for node in &cluster.nodes {
        let store = ReadOnlyStore::open(&node.data, Options::default()).unwrap();
        let mut scan = store.views().unwrap();
        while let Some((key, value)) = scan.next().unwrap() {
            views.extend_from_slice(key);
            views.extend_from_slice(value);
        }
    }
    views
}

/// A secret that gets into the log after all, as somebody gives it to a run in clear text, is found on every node.
async fn check_sight(cluster: &Cluster, wanted: &[Needle], token: &str) {
    let run = cluster.start_run(0, "outputs", &[("LEAK", token)]).await.unwrap();
    cluster.finished(0, &run, LIMIT).await.unwrap();
    for node in &cluster.nodes {
        let data = &node.data;
        eventually("the leak to be found", PATIENCE, || async { Ok((!find(data, wanted).is_empty()).then_some(())) })
            .await
            .unwrap();
    }
}

/// Nothing is found anywhere, by a scan that finds what was put there to be found.
fn check_nowhere(cluster: &Cluster, said: &str, wanted: &[Needle], token: &str) {
    let canaries = [Needle::new("output", b"canary-output"), Needle::new("config", b"canary-config")];
    for canary in &canaries {
        assert!(!find(cluster.path(), std::slice::from_ref(canary)).is_empty(), "blind for {}", canary.name);
    }
    let planted = cluster.path().join("planted");
    std::fs::write(&planted, zstd::encode_all(token.as_bytes(), 3).unwrap()).unwrap();
    assert_eq!(find(cluster.path(), wanted).len(), 1, "what was planted is found, and nothing else");
    std::fs::remove_file(planted).unwrap();
    assert_eq!(find(cluster.path(), wanted), Vec::<String>::new());
    let views = views(cluster);
    assert!(canaries[1].is_in(&views), "the views were not read");
    for needle in wanted {
        assert!(!needle.is_in(said.as_bytes()), "{} was said", needle.name);
        assert!(!needle.is_in(&views), "{} is in a view", needle.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_reach_tasks_and_nothing_else_and_are_shredded() {
    let values = Values::draw();
    let mut cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let mut said = set_all(&cluster, &values);
    settled(&cluster, 2, 1).await;
    let mut wanted = values.needles();
    wanted.extend(key_needles(&cluster.nodes[0].data));

    cluster.register(0, pipeline("leaky", vec![leaky("leak", "")])).await.unwrap();
    for node in 0..3 {
        run_leaky(&cluster, node, &values).await;
    }
    said += &put_out(&cluster, &values).await;
    survive_a_kill(&mut cluster, &values).await;
    said += &shred(&mut cluster, &values).await;

    // What is live is readable after another rotation, too.
    let rotated = done(&cluster, "", &["secret", "rotate-key"]);
    assert!(rotated.contains("key 3 is in force") && rotated.matches("ready").count() == 3, "{rotated}");
    run_leaky(&cluster, 0, &values).await;
    said += &rotated;
    said += &done(&cluster, "", &["secret", "status", "-o", "json"]);
    said += &done(&cluster, "", &["pipeline", "get", "leaky", "-o", "json"]);
    let export = cluster.path().join("export");
    said += &done(&cluster, "", &["audit", "export", export.to_str().unwrap()]);
    check_nowhere(&cluster, &said, &wanted, &values.token);
    check_sight(&cluster, &wanted, &values.token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_unfit_is_told() {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    let variable = |value: &str| vec![model::Variable { name: "TOKEN".into(), value: value.into() }];
    let task = model::TaskConfig { secret_env: variable("nowhere"), ..shell_task("t", "true", &[]) };
    cluster.register(0, pipeline("missing", vec![task])).await.unwrap();
    let run = cluster.start_run(0, "missing", &[]).await.unwrap();
    let run = cluster.finished(0, &run, LIMIT).await.unwrap();
    let text = format!("{run:?}");
    assert!(text.contains("there is no secret nowhere") && text.contains("gofer secret set nowhere"), "{text}");

    // The same request id sets once, and answers the same.
    let mut client = SecretServiceClient::new(cluster.nodes[0].channel().unwrap());
    let secret = model::SecretRef { name: "once".into(), ..Default::default() };
    let request_id = gofer_tests::request_id();
    let set = api::SetSecretRequest { request_id, secret: Some(secret.clone()), value: b"value-1".to_vec() };
    let first = client.set_secret(set.clone()).await.unwrap().into_inner();
    let other = api::SetSecretRequest { request_id: gofer_tests::request_id(), ..set.clone() };
    assert_eq!(client.set_secret(other).await.unwrap().into_inner().version, 2);
    let again = client.set_secret(set.clone()).await.unwrap().into_inner();
    assert_eq!((again.version, again.header), (1, first.header));
    let missing = api::GetSecretRequest {
        secret: Some(model::SecretRef { name: "other".into(), ..secret }),
        ..Default::default()
    };
    assert_eq!(client.get_secret(missing).await.unwrap_err().code(), tonic::Code::NotFound);
    for value in [Vec::new(), vec![1; 64 * 1024 + 1]] {
        let refused = client.set_secret(api::SetSecretRequest { request_id: Vec::new(), value, ..set.clone() }).await;
        assert_eq!(refused.unwrap_err().code(), tonic::Code::InvalidArgument);
    }
    // Never as an argument.
    let printed = printed(&mut gofer(&["secret", "set", "a", "value"]).unwrap()).unwrap();
    assert_eq!(printed.code, Some(2), "{printed:?}");
    // Bytes that are no text can be a file, not a variable.
    let unfit = api::SetSecretRequest { request_id: Vec::new(), value: vec![255, 0], ..set.clone() };
    client.set_secret(unfit).await.unwrap();
    let task = model::TaskConfig { secret_env: variable("once"), ..shell_task("t", "true", &[]) };
    cluster.register(0, pipeline("unfit", vec![task])).await.unwrap();
    let run = cluster.start_run(0, "unfit", &[]).await.unwrap();
    let text = format!("{:?}", cluster.finished(0, &run, LIMIT).await.unwrap());
    assert!(text.contains("secret once is no text") && text.contains("use a file"), "{text}");
}

/// A backup has no keys; a copy of them brings the secrets back, and the node that got it hands them to the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_cluster_has_its_secrets_with_a_copy_of_the_keys() {
    let token = format!("tok-{}", uuid::Uuid::new_v4());
    let mut old = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    done(&old, &token, &["secret", "set", "token"]);
    let task = model::TaskConfig {
        secret_env: vec![model::Variable { name: "TOKEN".into(), value: "token".into() }],
        ..shell_task("t", "echo \"sum $(printf %s \"$TOKEN\" | sha256sum)\"", &[])
    };
    old.register(0, pipeline("p", vec![task])).await.unwrap();
    let (backup, copy) = (old.path().join("backup"), old.path().join("keys-copy"));
    let data = old.nodes[0].data.clone();
    let [backup, copy, data] = [&backup, &copy, &data].map(|path| path.to_str().unwrap());
    done(&old, "", &["backup", "create", backup]);
    let told = done(&old, "", &["secret", "export-key-ring", copy, "--data-dir", data]);
    says(&told, &["copied key 1", "keep it apart"]);
    let refused = call(&old, "", &["secret", "import-key-ring", copy, "--data-dir", data]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    says(&refused.stderr, &["is in use"]);

    let directory = tempfile::Builder::new().prefix("gofer-test-").tempdir().unwrap();
    let restored = directory.path().join("n1");
    let restored = restored.to_str().unwrap();
    done(&old, "", &["backup", "restore", backup, "--data-dir", restored]);
    let without = call(&old, "", &["secret", "export-key-ring", "none", "--data-dir", restored]);
    says(&without.stderr, &["the node has no keys"]);
    done(&old, "", &["secret", "import-key-ring", copy, "--data-dir", restored]);
    old.nodes[0].kill();
    let cluster = Cluster::start_on(directory, 2, &["--drivers", "process"]).await.unwrap();
    settled(&cluster, 1, 1).await;
    let run = cluster.start_run(1, "p", &[]).await.unwrap();
    let run = cluster.finished(1, &run, LIMIT).await.unwrap();
    says(&output(&cluster, 1, &run, "t").await, &[&digest(&token)]);
}
