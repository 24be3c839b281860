//! Shared tasks on real nodes: one of an operator's own with its secret, versions, settings, and the end of one; and those
//! that come with the program, against stand-ins for the services (`tests/python/receivers.py`), real Git and real objects.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod shared_tasks {
    pub(crate) mod over_ssh;
    pub(crate) mod provided;
    pub(crate) mod support;
}

use gofer_tests::{Cluster, StandIn, eventually, says};
use shared_tasks::support::{LIMIT, call, done, file, finished, json_of, log, register, secret, started};

const GREET: &str = r#"
id = "greet"
description = "Greets somebody."
[parameters.NAME]
[parameters.TIMES]
type = "integer"
least = 1
most = 3
default = "1"
[tasks.run]
command = ["/bin/sh", "-c", '''
echo "hello $NAME, $TIMES, by $GOFER_SHARED_TASK@$GOFER_SHARED_TASK_VERSION"
echo "token $TOKEN"
echo "digest $(printf %s "$TOKEN" | sha256sum | cut -c1-64)"
echo "caller's: ${CALLER:-nothing}, ${GIVEN:-nothing}"
echo "GREETED=$NAME" >> "$GOFER_OUTPUTS"
''']
secret_env = { TOKEN = "greet-token" }
"#;

const CALLER: &str = r#"
id = "caller"
[env]
CALLER = "of the pipeline"
[tasks.first]
command = ["/bin/sh", "-c", "echo NAME=ada >> $GOFER_OUTPUTS"]
[tasks.greet]
uses = "greet"
depends_on = ["first"]
[tasks.greet.settings]
NAME = { output = "first.NAME" }
TIMES = 2
[tasks.last]
command = ["/bin/sh", "-c", "echo greeted $NAME; env"]
depends_on = ["greet"]
inputs = { NAME = { output = "greet.GREETED" } }
"#;

fn digest(value: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(value).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_task_runs_in_the_callers_run_with_its_own_secret_and_version() {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let token = format!("tok-{}", uuid::Uuid::new_v4());
    let greet = file(&cluster, "greet.toml", GREET);
    says(&done(&cluster, 0, &["task", "install", "--file", &greet]), &["installed greet version 1", "greet-token"]);
    secret(&cluster, "greet-token", &token);
    register(&cluster, 1, "caller.toml", CALLER);

    let run = started(&cluster, 2, &["run", "start", "caller", "-v", "GIVEN=of-the-run"]);
    assert_eq!(finished(&cluster, &run).await, "succeeded", "{}", cluster.log_tails());
    let text = log(&cluster, &run, "greet");
    says(&text, &["hello ada, 2, by greet@1", "token ***", &digest(&token), "caller's: nothing, nothing"]);
    let all = log(&cluster, &run, "");
    assert!(!all.contains(&token), "{all}");
    says(&log(&cluster, &run, "last"), &["greeted ada", "CALLER=of the pipeline"]);
    let shown = json_of(&cluster, 0, &["run", "get", &run]);
    assert_eq!(shown["shared"], serde_json::json!([{"task": "greet", "version": 1}]), "{shown}");

    // Pipelines of other namespaces don't get the secret by its name.
    let thief = "id = \"thief\"\n[tasks.t]\ncommand = [\"/usr/bin/env\"]\nsecret_env = { TOKEN = \"greet-token\" }\n";
    register(&cluster, 0, "thief.toml", thief);
    let stolen = started(&cluster, 0, &["run", "start", "thief"]);
    assert_eq!(finished(&cluster, &stolen).await, "failed");

    let second = GREET.replace("hello", "good day");
    let second = file(&cluster, "second.toml", &second);
    says(&done(&cluster, 0, &["task", "install", "greet", "--file", &second]), &["installed greet version 2"]);
    let again = started(&cluster, 1, &["run", "retry", &run]);
    let newer = started(&cluster, 1, &["run", "start", "caller"]);
    assert_eq!(
        (finished(&cluster, &again).await, finished(&cluster, &newer).await),
        ("succeeded".into(), "succeeded".into())
    );
    says(&log(&cluster, &again, "greet"), &["hello ada, 2, by greet@1"]);
    says(&log(&cluster, &newer, "greet"), &["good day ada, 2, by greet@2"]);
    let versions = done(&cluster, 2, &["task", "versions", "greet"]);
    says(&versions, &["live", "NAME TIMES"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_and_what_is_gone_is_told() {
    let mut cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    let greet = file(&cluster, "greet.toml", &GREET.replace("secret_env = { TOKEN = \"greet-token\" }\n", ""));
    done(&cluster, 0, &["task", "install", "--file", &greet]);
    for (instead, words) in [
        (
            "TIMES = 4",
            &["task greet uses the shared task greet: parameter TIMES is \"4\"", "a whole number from 1 to 3"][..],
        ),
        ("TIME = 1", &["has no parameter \"TIME\"", "NAME, TIMES"]),
    ] {
        let wrong = file(&cluster, "wrong.toml", &CALLER.replace("TIMES = 2", instead));
        for more in [&["--validate-only"][..], &[]] {
            let refused = call(&cluster, 0, &[&["pipeline", "register", &wrong][..], more].concat());
            assert_eq!(refused.code, Some(3), "{refused:?}");
            says(&refused.stderr, words);
        }
    }
    let wrong = file(&cluster, "wrong.toml", &CALLER.replace("uses = \"greet\"", "uses = \"greet\"\nimage = \"x\""));
    let refused = call(&cluster, 0, &["pipeline", "register", &wrong]);
    says(&refused.stderr, &["uses a shared task, and has an image"]);

    // What is known only in the run fails the task that it does not fit.
    let late = CALLER.replace("TIMES = 2", "TIMES = { output = \"first.NAME\" }");
    register(&cluster, 0, "late.toml", &late);
    let run = started(&cluster, 0, &["run", "start", "caller"]);
    assert_eq!(finished(&cluster, &run).await, "failed");
    let shown = done(&cluster, 0, &["run", "get", &run]);
    says(&shown, &["parameter TIMES is \"ada\", which is not allowed"]);

    register(&cluster, 0, "caller.toml", CALLER);
    let refused = call(&cluster, 0, &["task", "uninstall", "greet"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    says(&refused.stderr, &["named by 1 pipeline: default/caller"]);
    done(&cluster, 0, &["task", "uninstall", "greet", "--force"]);
    let refused = call(&cluster, 0, &["run", "start", "caller"]);
    says(
        &refused.stderr,
        &["task greet uses the shared task greet, which is not installed", "gofer task install greet"],
    );
    let got = call(&cluster, 0, &["pipeline", "get", "caller"]);
    says(&got.stderr, &["no run can start: task greet uses the shared task greet, which is not installed"]);

    // It is the same after the state was read from the disk.
    done(&cluster, 0, &["task", "install", "--file", &greet]);
    let slow = "id = \"slow\"\n[tasks.a]\ncommand = [\"/bin/sh\", \"-c\", \"while ! test -e $GO; do sleep 0.1; done\"]\n\
                [tasks.greet]\nuses = \"greet\"\ndepends_on = [\"a\"]\nsettings = { NAME = \"grace\" }\n";
    register(&cluster, 0, "slow.toml", slow);
    let go = cluster.path().join("go");
    let run = started(&cluster, 0, &["run", "start", "slow", "-v", &format!("GO={}", go.display())]);
    done(&cluster, 0, &["task", "uninstall", "greet", "--force"]);
    cluster.nodes[0].kill();
    cluster.restart(0).await.unwrap();
    std::fs::write(&go, "").unwrap();
    assert_eq!(finished(&cluster, &run).await, "succeeded", "{}", cluster.log_tails());
    says(&log(&cluster, &run, "greet"), &["hello grace, 1, by greet@2"]);
}

/// Runs fail, the leader is killed, and the channel is told once of each.
#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_told_once_of_each_failed_run_though_the_leader_dies() {
    const RUNS: usize = 3;
    let mut cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let services = StandIn::start("receivers.py", &[]).unwrap();
    done(&cluster, 0, &["task", "install", "--provided", "notify-slack"]);
    secret(&cluster, "slack-webhook-url", services.said("hook"));
    let work = "id = \"work\"\n[tasks.t]\ncommand = [\"/bin/sh\", \"-c\", \"while ! test -e $GO; do sleep 0.1; done; exit 1\"]\n";
    register(&cluster, 0, "work.toml", work);
    let alarm = "id = \"alarm\"\n[parameters.TEXT]\n[parameters.OUTCOME]\n[tasks.tell]\nuses = \"notify-slack\"\n\
                 [tasks.tell.settings]\nTEXT = { variable = \"TEXT\" }\nOUTCOME = { variable = \"OUTCOME\" }\n";
    register(&cluster, 0, "alarm.toml", alarm);
    let text = "TEXT='run ' + string(payload.run) + ' of work has failed'";
    let create = ["subscription", "create", "alarm/failed", "--trigger", "pipeline", "--set", "pipeline=work"];
    let rest = ["--set", "on=failed", "--expression", text, "--expression", "OUTCOME=payload.status"];
    done(&cluster, 0, &[&create[..], &rest].concat());
    let go = cluster.path().join("go");
    let variable = format!("GO={}", go.display());
    for number in 0..RUNS {
        started(&cluster, number, &["run", "start", "work", "-v", &variable]);
    }
    let leader = cluster.leader().await.unwrap();
    cluster.nodes[leader].kill();
    std::fs::write(&go, "").unwrap();
    let mut told = Vec::new();
    let heard = eventually("all messages", LIMIT, || {
        let taken = services.order("log");
        told.extend(taken.as_ref().ok().and_then(|taken| taken["slack"].as_array().cloned()).unwrap_or_default());
        let count = told.len();
        async move {
            taken?;
            anyhow::ensure!(count >= RUNS, "there are {count}");
            Ok(Some(()))
        }
    });
    heard.await.map_err(|error| format!("{error:#}\n{}", cluster.log_tails())).unwrap();
    cluster.restart(leader).await.unwrap();
    for number in 1..=RUNS {
        assert_eq!(finished(&cluster, &format!("alarm/{number}")).await, "succeeded");
    }
    assert_eq!(call(&cluster, 0, &["run", "get", &format!("alarm/{}", RUNS + 1)]).code, Some(3), "one run for each");
    told.extend(services.order("log").unwrap()["slack"].as_array().cloned().unwrap());
    let mut texts: Vec<&str> = told.iter().map(|sent| sent["attachments"][0]["text"].as_str().unwrap()).collect();
    texts.sort_unstable();
    let wanted: Vec<String> = (1..=RUNS).map(|run| format!("run {run} of work has failed")).collect();
    assert_eq!(texts, wanted, "{told:?}");
    assert!(told.iter().all(|sent| sent["attachments"][0]["color"] == "danger"), "{told:?}");
}
