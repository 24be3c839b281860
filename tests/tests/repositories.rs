//! The trigger `git` against a real repository, which `git http-backend` serves: each push starts one run, whoever leads.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use gofer_tests::{Cluster, PATIENCE, eventually, gofer, needs, pipeline, printed, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;

/// A server of Git repositories over HTTP, on a port of its own. It ends when it is dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(directory: &Path) -> Self {
        std::fs::create_dir(directory.join("cgi-bin")).unwrap();
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).unwrap();
        let script = directory.join("cgi-bin/git");
        let root = directory.to_str().unwrap();
        std::fs::write(
            &script,
            // Python runs it as nobody, if root runs Python, and Git trusts nobody's eyes with what is root's.
            format!(
                "#!/bin/sh\nexport GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'\n\
                 GIT_PROJECT_ROOT='{root}' GIT_HTTP_EXPORT_ALL=1 exec git http-backend\n"
            ),
        )
        .unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let serve = "import http.server, sys\n\
                     server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.CGIHTTPRequestHandler)\n\
                     print(server.server_address[1], flush=True)\n\
                     server.serve_forever()\n";
        let mut child = Command::new("python3")
            .args(["-c", serve])
            .current_dir(directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: line.trim().parse().unwrap() }
    }

    fn url(&self, repository: &str) -> String {
        format!("http://127.0.0.1:{}/cgi-bin/git/{repository}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A clone of a bare repository, in which somebody works.
struct Clone(PathBuf);

impl Clone {
    fn new(directory: &Path) -> Self {
        let bare = directory.join("hello.git");
        git(directory, &["init", "--quiet", "--bare", "--initial-branch=main", bare.to_str().unwrap()]);
        let clone = directory.join("work");
        git(directory, &["clone", "--quiet", bare.to_str().unwrap(), clone.to_str().unwrap()]);
        Self(clone)
    }

    /// Commits something and pushes it to a branch; the commit.
    fn push(&self, branch: &str, message: &str) -> String {
        git(&self.0, &["commit", "--quiet", "--allow-empty", "-m", message]);
        git(&self.0, &["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
        git(&self.0, &["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn tag(&self, name: &str) {
        git(&self.0, &["tag", "-a", "-m", "a tag", name]);
        git(&self.0, &["push", "--quiet", "origin", name]);
    }
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]).args(arguments);
    let output = command.current_dir(directory).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn call(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let address = ["--address", &cluster.nodes[node].address];
    let printed = printed(&mut gofer(&[&address[..], arguments].concat()).unwrap()).unwrap();
    assert_eq!(printed.code, Some(0), "{arguments:?}: {printed:?}");
    printed.stdout
}

/// What runs of a pipeline were started with.
async fn commits(cluster: &Cluster, node: usize) -> anyhow::Result<Vec<String>> {
    let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: "build".into() });
    let request = api::ListRunsRequest { pipeline, page_size: 1000, ..Default::default() };
    let runs = cluster.runs(node)?.list_runs(request).await?.into_inner().runs;
    let commit = |run: model::Run| run.variables.into_iter().find(|variable| variable.name == "COMMIT");
    Ok(runs.into_iter().filter_map(commit).map(|variable| variable.value).collect())
}

async fn wait_commits(cluster: &Cluster, node: usize, expected: &BTreeSet<String>) {
    let what = format!("runs of {} commits", expected.len());
    let found = eventually(&what, PATIENCE, || async {
        let found = commits(cluster, node).await?;
        anyhow::ensure!(found.len() >= expected.len(), "there are {found:?}");
        Ok(Some(found))
    });
    let found = found.await.map_err(|error| format!("{error:#}\n{}", cluster.log_tails())).unwrap();
    assert_eq!(found.len(), expected.len(), "{found:?}");
    assert_eq!(&found.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_push_to_a_repository_starts_one_run() {
    needs(&["git", "python3"]).unwrap();
    let mut cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("build", vec![shell_task("t", "true", &[])])).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let clone = Clone::new(directory.path());
    clone.push("main", "was there before");
    let url = format!("url={}", server.url("hello.git"));
    let create = ["subscription", "create", "build/push", "--trigger", "git", "--set", &url, "--set", "every=5s"];
    let rest = ["--set", "branches=main,release/*", "--set", "tags=v*", "-e", "COMMIT=payload.git.commit"];
    eventually("a subscription", PATIENCE, || async {
        let address = ["--address", &cluster.nodes[0].address];
        let made = printed(&mut gofer(&[&address[..], &create, &rest].concat())?)?;
        anyhow::ensure!(made.code == Some(0), "{made:?}");
        Ok(Some(()))
    })
    .await
    .unwrap();
    // What is there when the repository is looked at first counts for nothing.
    let node = eventually("the first look", PATIENCE, || async {
        let shown: serde_json::Value =
            serde_json::from_str(&call(&cluster, 1, &["-o", "json", "subscription", "get", "build/push"]))?;
        Ok((!shown["subscription"]["cursor"].is_null()).then_some(1))
    });
    let node = node.await.map_err(|error| format!("{error:#}\n{}", cluster.log_tails())).unwrap();

    let mut expected = BTreeSet::from([clone.push("main", "first")]);
    wait_commits(&cluster, node, &expected).await;
    let leader = cluster.leader().await.unwrap();
    cluster.nodes[leader].kill();
    let node = cluster.other_than(leader);
    // A branch that nobody asked for, two that somebody did, and a tag of the last commit.
    clone.push("side", "nobody looks at it");
    expected.insert(clone.push("main", "second"));
    expected.insert(clone.push("release/1", "third"));
    wait_commits(&cluster, node, &expected).await;
    clone.tag("v1");
    let tagged = eventually("a run of the tag", PATIENCE, || async {
        let found = commits(&cluster, node).await?;
        Ok((found.len() > expected.len()).then_some(found))
    });
    let tagged = tagged.await.unwrap();
    assert_eq!(tagged.len(), expected.len() + 1, "{tagged:?}");
    assert_eq!(tagged.into_iter().collect::<BTreeSet<_>>(), expected, "the tag is of the same commit");
    let events = call(&cluster, node, &["subscription", "events", "build/push"]);
    says(&events, &["refs/tags/v1", "refs/heads/release/1", "refs/heads/main"]);
}
