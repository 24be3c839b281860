//! The shared tasks that come with the program.

use std::path::Path;
use std::process::Command;

use gofer_tests::{Cluster, StandIn, needs, says};
use serde_json::json;

use super::support::{done, finished, json_of, log, register, secret, started};

/// Runs a shared task by itself; how it ended, and what it wrote.
pub(super) async fn tried(cluster: &Cluster, task: &str, settings: &[(&str, &str)]) -> (String, String) {
    let given: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut arguments = vec!["task", "run", task];
    for setting in &given {
        arguments.extend(["-s", setting]);
    }
    let run = started(cluster, 0, &arguments);
    let end = finished(cluster, &run).await;
    (end, log(cluster, &run, "run"))
}

pub(super) async fn succeeds(cluster: &Cluster, task: &str, settings: &[(&str, &str)]) -> String {
    let (end, text) = tried(cluster, task, settings).await;
    assert_eq!(end, "succeeded", "{task} {settings:?}: {text}");
    text
}

async fn fails(cluster: &Cluster, task: &str, settings: &[(&str, &str)], words: &[&str]) {
    let (end, text) = tried(cluster, task, settings).await;
    assert_eq!(end, "failed", "{task} {settings:?}: {text}");
    says(&text, words);
}

pub(super) async fn start() -> Cluster {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    done(&cluster, 0, &["task", "install", "--all-provided"]);
    cluster
}

#[tokio::test(flavor = "multi_thread")]
async fn all_can_be_installed_shown_and_tried() {
    let cluster = start().await;
    let listed = json_of(&cluster, 0, &["task", "list"]);
    let provided = json_of(&cluster, 0, &["task", "list", "--provided"]);
    let count = provided["provided"].as_array().unwrap().len();
    assert_eq!((listed["tasks"].as_array().unwrap().len(), count), (10, 10), "{listed}");
    for task in provided["provided"].as_array().unwrap() {
        let name = task["task"].as_str().unwrap();
        says(&done(&cluster, 0, &["task", "get", name]), &[name, "used by   none"]);
        // Installing it again changes nothing.
        says(&done(&cluster, 0, &["task", "install", "--provided", name]), &["version 1"]);
    }
    let text = succeeds(&cluster, "debug", &[("MESSAGE", "it is me")]).await;
    says(&text, &["MESSAGE=\"it is me\"", "uid ", "GOFER_TOKEN", "MiB free"]);
    let token = text.lines().find(|line| line.starts_with("GOFER_TOKEN="));
    assert_eq!(token, None, "values of the environment are not shown");

    says(&succeeds(&cluster, "wait", &[("DURATION", "50ms")]).await, &["waiting for 50ms"]);
    says(&succeeds(&cluster, "wait", &[("UNTIL", "2026-01-01T00:00:00Z")]).await, &["waiting until 2026-01-01"]);
    fails(&cluster, "wait", &[], &["neither DURATION nor UNTIL is given"]).await;
    // A cancellation ends a long wait at once.
    let run = started(&cluster, 0, &["task", "run", "wait", "-s", "DURATION=20d"]);
    done(&cluster, 0, &["-n", "tasks", "run", "cancel", &run]);
    assert_eq!(finished(&cluster, &run).await, "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_told_as_their_interfaces_say() {
    let cluster = start().await;
    let services = StandIn::start("receivers.py", &[]).unwrap();
    secret(&cluster, "slack-webhook-url", services.said("hook"));
    secret(&cluster, "github-token", services.said("token"));
    secret(&cluster, "smtp-user", "gofer");
    secret(&cluster, "smtp-password", services.said("password"));

    services.order("busy 2").unwrap();
    let text = succeeds(&cluster, "notify-slack", &[("TEXT", "it works"), ("OUTCOME", "succeeded")]).await;
    says(&text, &["429", "trying again", "the message was taken"]);
    let taken = services.order("log").unwrap();
    let wanted = json!([{ "attachments": [{ "color": "good", "fallback": "it works", "text": "it works" }] }]);
    assert_eq!((&taken["slack"], &taken["requests"]), (&wanted, &json!(3)), "{taken}");
    let gone = [("TEXT", "x"), ("CHANNEL", "#gone")];
    fails(&cluster, "notify-slack", &gone, &["404", "channel_not_found", "name a channel that exists"]).await;

    let (commit, other) = (services.said("commit"), "a".repeat(40));
    let api = services.said("github");
    let status =
        |commit, state| [("REPOSITORY", "octocat/hello-world"), ("COMMIT", commit), ("STATE", state), ("API_URL", api)];
    succeeds(&cluster, "github-status", &status(commit, "failure")).await;
    let taken = services.order("log").unwrap();
    let wanted = json!([{ "state": "failure", "context": "gofer", "description": "" }]);
    assert_eq!(taken["github"], wanted, "{taken}");
    let unknown = ["422", "No commit found", "check COMMIT"];
    fails(&cluster, "github-status", &status(&other, "success"), &unknown).await;

    let mail = |port, to, more| {
        let text = ("TEXT", "All of it.\n.\nwith a dot");
        let (from, subject) = (("FROM", "Gofer <gofer@example.com>"), ("SUBJECT", "It failed"));
        [("SERVER", "127.0.0.1"), ("PORT", port), from, ("TO", to), subject, text, more]
    };
    let login =
        mail(services.said("mail"), "ada@example.com\ngrace@example.com", ("CA_FILE", services.said("certificate")));
    succeeds(&cluster, "notify-email-login", &login).await;
    let taken = services.order("log").unwrap();
    let sent = &taken["mail"][0];
    let to = json!(["ada@example.com", "grace@example.com"]);
    assert_eq!((&sent["to"], &sent["encrypted"]), (&to, &json!(true)), "{taken}");
    says(sent["text"].as_str().unwrap(), &["Subject: It failed\r\n", "Message-ID: <", "\r\n..\r\nwith a dot"]);

    let open = |to| mail(services.said("open_mail"), to, ("ENCRYPTION", "none"));
    succeeds(&cluster, "notify-email", &open("ada@example.com")).await;
    assert_eq!(services.order("log").unwrap()["mail"][0]["encrypted"], json!(false));
    let nobody = ["no such user here", "check FROM and TO"];
    fails(&cluster, "notify-email", &open("nobody@example.com"), &nobody).await;

    secret(&cluster, "smtp-password", "a wrong one");
    fails(&cluster, "notify-email-login", &login, &["535", "check the secrets smtp-user and smtp-password"]).await;
    secret(&cluster, "github-token", "ghp_wrong");
    fails(
        &cluster,
        "github-status",
        &status(commit, "failure"),
        &["401", "Bad credentials", "set the secret github-token anew"],
    )
    .await;
    assert!(!log(&cluster, "tasks/github-status/latest", "run").contains("ghp_wrong"));
}

pub(super) fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]).args(arguments);
    let output = command.current_dir(directory).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A server of the files in a directory, which is all that Git needs to clone a repository from.
struct Files {
    child: std::process::Child,
    port: String,
}

impl Files {
    fn serve(directory: &Path) -> Self {
        use std::io::BufRead as _;
        let serve = "import http.server as h\nserver = h.ThreadingHTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler)\n\
                     print(server.server_address[1], flush=True)\nserver.serve_forever()\n";
        let mut command = Command::new("python3");
        command.args(["-c", serve]).current_dir(directory).stderr(std::process::Stdio::null());
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, port: port.trim().to_owned() }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_becomes_an_object_and_objects_are_copied() {
    needs(&["git", "python3", "tar"]).unwrap();
    let cluster = start().await;
    let root = tempfile::tempdir().unwrap();
    let (work, bare) = (root.path().join("work"), root.path().join("hello.git"));
    std::fs::create_dir(&work).unwrap();
    git(&work, &["init", "--quiet", "--initial-branch=main"]);
    std::fs::create_dir(work.join("src")).unwrap();
    std::fs::write(work.join("src/main.c"), "int main() { return 0; }\n").unwrap();
    std::fs::write(work.join("README"), "one\n").unwrap();
    git(&work, &["add", "."]);
    git(&work, &["commit", "--quiet", "-m", "one"]);
    let commit = git(&work, &["rev-parse", "HEAD"]);
    git(&work, &["branch", "old"]);
    std::fs::write(work.join("README"), "two\n").unwrap();
    git(&work, &["commit", "--quiet", "-am", "two"]);
    git(root.path(), &["clone", "--quiet", "--bare", work.to_str().unwrap(), bare.to_str().unwrap()]);
    git(&bare, &["update-server-info"]);
    let server = Files::serve(root.path());
    let url = format!("http://127.0.0.1:{}/hello.git", server.port);
    let build = format!(
        "id = \"build\"\n[tasks.clone]\nuses = \"git-clone\"\nsettings = {{ URL = \"{url}\", REF = \"old\", DEPTH = 0 }}\n\
         [tasks.use]\ndepends_on = [\"clone\"]\ninputs = {{ COMMIT = {{ output = \"clone.COMMIT\" }} }}\n\
         command = [\"/bin/sh\", \"-c\", \"echo at $COMMIT\"]\n\
         [tasks.keep]\nuses = \"object-copy\"\ndepends_on = [\"clone\"]\n\
         settings = {{ FROM = \"run:source.tar\", TO = \"pipeline:sources/newest.tar\" }}\n"
    );
    register(&cluster, 0, "build.toml", &build);
    let mut digests = Vec::new();
    for _ in 0..2 {
        let run = started(&cluster, 0, &["run", "start", "build"]);
        assert_eq!(finished(&cluster, &run).await, "succeeded", "{}", log(&cluster, &run, ""));
        says(&log(&cluster, &run, "use"), &[&format!("at {commit}")]);
        let info = json_of(&cluster, 0, &["object", "info", "--pipeline", "build", "sources/newest.tar"]);
        digests.push(info["content"]["digest"].clone());
        assert!(!info["content"]["digest"].is_null(), "{info}");
    }
    assert_eq!(digests[0], digests[1], "equal commits are equal objects");
    let tar = cluster.path().join("got.tar");
    done(&cluster, 0, &["object", "get", "--pipeline", "build", "sources/newest.tar", tar.to_str().unwrap()]);
    let listed = Command::new("tar").arg("tf").arg(&tar).output().unwrap();
    assert_eq!(String::from_utf8(listed.stdout).unwrap(), "README\nsrc\nsrc/main.c\n");
    let readme = Command::new("tar").args(["xOf", tar.to_str().unwrap(), "README"]).output().unwrap();
    assert_eq!(readme.stdout, b"one\n");

    fails(&cluster, "git-clone", &[("URL", &url), ("REF", "nowhere")], &["nowhere", "git fetch ended with"]).await;
    fails(&cluster, "git-clone", &[("URL", "file:///etc")], &["the setting URL is \"file:///etc\""]).await;
    let elsewhere = [("FROM", "default/build/1:source.tar"), ("TO", "run:x")];
    fails(&cluster, "object-copy", &elsewhere, &["its own run and pipeline only"]).await;
    fails(
        &cluster,
        "object-copy",
        &[("FROM", "run:missing"), ("TO", "run:x")],
        &["has no object missing", "object missing of the run can't be read"],
    )
    .await;
}
