//! `gofer run local`: real pipelines on a node that lives as long as the command, and what is left of both.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gofer_tests::{PATIENCE, Printed, gofer, import_image, needs, printed, says};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use tempfile::TempDir;

const PIPELINE: &str = r#"
id = "local"
env = { COLOUR = "red", SIZE = "small" }

[tasks.first]
command = ["/bin/sh", "-c", "echo $COLOUR $SIZE $GOFER_NAMESPACE/$GOFER_PIPELINE/$GOFER_RUN $GOFER_TASK $GOFER_ATTEMPT"]
env = { SIZE = "large" }

[tasks.second]
command = ["/bin/sh", "-c", "echo oh no >&2; exit ${CODE:-0}"]
depends_on = ["first"]
retry = { attempts = 2, backoff = "1ms" }

[tasks.third]
command = ["/bin/sh", "-c", "echo sorry"]
depends_on = { second = "failure" }
"#;

/// A directory with a pipeline, and one for all temporary files of the command.
struct World {
    directory: TempDir,
}

impl World {
    fn new(pipeline: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("gofer-runs-").tempdir().unwrap();
        std::fs::create_dir(directory.path().join("tmp")).unwrap();
        std::fs::write(directory.path().join("p.toml"), pipeline).unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = gofer(&["run", "local", "p.toml"]).unwrap();
        command.args(arguments).current_dir(self.directory.path()).env("TMPDIR", self.path("tmp"));
        command.env_remove("GOFER_DOCKER_SOCKET").env_remove("RUST_LOG");
        command
    }

    fn run(&self, arguments: &[&str]) -> Printed {
        printed(&mut self.command(arguments)).unwrap()
    }

    /// Names of what the command left in the directory for temporary files.
    fn left(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.path("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a task has written its process id to a file.
fn pid(path: &Path) -> Pid {
    let mut pid = None;
    until("the task to run", || {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        pid = text.strip_suffix('\n').and_then(|text| text.parse().ok()).and_then(Pid::from_raw);
        pid.is_some()
    });
    pid.unwrap()
}

fn interrupt(child: &Child) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

fn is_gone(pid: Pid) -> bool {
    test_kill_process(pid).is_err()
}

#[test]
fn a_run_is_shown_by_the_line_and_leaves_nothing() {
    let world = World::new(PIPELINE);
    let run = world.run(&["--driver", "process", "-v", "COLOUR=blue", "-n", "team"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    says(
        &run.stdout,
        &["first | blue large team/local/1 first 1\n", "second | oh no\n", "\nTASK ", "local succeeded after"],
    );
    let third = run.stdout.lines().find(|line| line.starts_with("third ")).unwrap();
    assert!(third.contains("skipped"), "{run:?}");
    assert!(!run.stdout.contains('\x1b') && run.stderr.is_empty(), "{run:?}");
    assert_eq!(world.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_failure_is_told_with_its_cause_and_by_the_exit_code() {
    let world = World::new(PIPELINE);
    let run = world.run(&["--env", "CODE=3", "--env", "SIZE=huge", "-v", "COLOUR=blue"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    says(
        &run.stdout,
        &["first | blue huge default/local/1", "second#2 | oh no\n", "third | sorry\n", "local failed after"],
    );
    let second = run.stdout.lines().find(|line| line.starts_with("second  ")).unwrap();
    says(second, &["failed", " 2 ", "exit code 3"]);
    assert_eq!(world.left(), Vec::<PathBuf>::new());
}

#[test]
fn for_programs_there_is_an_object_for_each_output_and_one_for_the_run() {
    let world = World::new(PIPELINE);
    let run = world.run(&["-o", "json", "-v", "CODE=1"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let objects: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, outputs) = objects.split_last().unwrap();
    assert_eq!((&last["run"]["status"], &last["run"]["ref"]["pipeline"]), (&"failed".into(), &"local".into()));
    let texts: Vec<&str> =
        outputs.iter().filter(|one| one["task"] == "second").map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["oh no\n", "oh no\n"], "{outputs:?}");
}

#[test]
fn tasks_can_be_run_without_those_they_wait_for() {
    let world = World::new(PIPELINE);
    let alone = world.run(&["--task", "third"]);
    assert_eq!((alone.code, alone.stdout.starts_with("third | sorry\n\nTASK ")), (Some(0), true), "{alone:?}");
    says(&alone.stderr, &["not run, and taken to have ended as wanted: second"]);
    let all = world.run(&["--task", "third", "--with-parents", "-v", "CODE=1"]);
    says(&all.stdout, &["first | ", "second#2 | ", "third | "]);
}

#[test]
fn what_can_t_be_run_is_refused_with_what_to_do() {
    let world = World::new(&PIPELINE.replace("[tasks.first]", "[tasks.first]\nconstraints = { disk = \"ssd\" }"));
    for (arguments, words) in [
        (&["--task", "thrid"][..], &["pipeline local has no task \"thrid\"", "help: did you mean \"third\"?"][..]),
        (&["--task", "second", "-v", "A=1", "-v", "A=2"], &["the variable A is given twice"]),
        (&[], &["task first asks for a node labelled disk=ssd", "help: ", "--label disk=ssd"]),
        (&["--label", "disk=ssd", "--driver", "docker"], &["without an image: first, second, third", "help: "]),
        (&["--label", "disk=ssd", "--", "--flag"], &["files take no arguments"]),
    ] {
        let run = world.run(arguments);
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:?}");
        says(&run.stderr, words);
    }
    assert_eq!(world.run(&["--label", "disk=ssd"]).code, Some(0));
    let image = "id = 'p'\ntasks.t = { driver = 'docker', image = 'x' }";
    let world = World::new(image);
    let run = world.run(&["--docker-socket", "/no/such.sock"]);
    assert_eq!(run.code, Some(4), "{run:?}");
    says(&run.stderr, &["/no/such.sock", "help: ", "--driver process"]);
    assert_eq!(world.left(), Vec::<PathBuf>::new());
}

#[test]
fn an_interrupt_cancels_the_run_and_waits_for_its_tasks() {
    let script = r#"trap 'echo ending; exit 0' TERM; echo $$ > "$PID_FILE"; while :; do sleep 0.05; done"#;
    let world = World::new(&format!("id = 'p'\n[tasks.long]\ncommand = ['/bin/sh', '-c', '''{script}''']\n"));
    let file = world.path("pid");
    let mut command = world.command(&["--env", &format!("PID_FILE={}", file.display())]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let task = pid(&file);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    says(&stdout, &["long | ending\n", "cancelled", "the command was interrupted"]);
    says(&stderr, &["interrupt once more"]);
    assert!(is_gone(task));
    assert_eq!(world.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_second_interrupt_leaves_at_once_and_nothing_outlives_it_for_long() {
    let script = r#"trap '' TERM; echo $$ > "$PID_FILE"; while :; do sleep 0.05; done"#;
    let world = World::new(&format!("id = 'p'\n[tasks.stubborn]\ncommand = ['/bin/sh', '-c', '''{script}''']\n"));
    let file = world.path("pid");
    let mut command = world.command(&["--env", &format!("PID_FILE={}", file.display())]);
    let log = std::fs::File::create(world.path("log")).unwrap();
    let mut child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
    let task = pid(&file);
    interrupt(&child);
    let said = || std::fs::read_to_string(world.path("log")).unwrap();
    until("the first interrupt to be heard", || said().contains("interrupt once more"));
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    until("the task to be killed", || is_gone(task));
    let left = world.left();
    assert_eq!(left.len(), 1, "its records stay: {left:?}");
    says(&said(), &[left[0].to_str().unwrap()]);
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let script = r#"echo $$ > "$PID_FILE"; while echo more; do sleep 0.01; done"#;
    let world = World::new(&format!("id = 'p'\n[tasks.talker]\ncommand = ['/bin/sh', '-c', '''{script}''']\n"));
    let file = world.path("pid");
    let mut command = world.command(&["--env", &format!("PID_FILE={}", file.display())]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let task = pid(&file);
    drop(child.stdout.take());
    child.wait().unwrap();
    assert!(is_gone(task));
    assert_eq!(world.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_kept_directory_can_be_looked_at() {
    let world = World::new(PIPELINE);
    let run = world.run(&["--keep", "-v", "CODE=7"]);
    let left = world.left();
    let [kept] = &left[..] else { panic!("{left:?}") };
    let kept = kept.to_str().unwrap();
    says(&run.stderr, &[&format!("kept {kept}"), &format!("gofer audit explain default/local/1 --source {kept}")]);
    let told = printed(&mut gofer(&["audit", "explain", "default/local/1", "--source", kept]).unwrap()).unwrap();
    assert_eq!(told.code, Some(0), "{told:?}");
    says(&told.stdout, &["exit code 7"]);
}

#[test]
fn a_terminal_is_redrawn_and_left_in_order() {
    needs(&["python3"]).unwrap();
    let world = World::new(&PIPELINE.replace("echo sorry", r"printf '\\033[31msorry\\033[0m\\033[2J\\n'"));
    let script = "import os, pty, sys\n\
                  pid, terminal = pty.fork()\n\
                  if pid == 0: os.execv(sys.argv[1], sys.argv[1:])\n\
                  try:\n  while data := os.read(terminal, 4096): os.write(1, data)\n\
                  except OSError: pass\n\
                  sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n";
    let local = world.command(&["--task", "third", "--color", "always"]);
    let mut command = Command::new("python3");
    command.args(["-c", script]).arg(local.get_program()).args(local.get_args());
    command.current_dir(world.directory.path()).env("TMPDIR", world.path("tmp")).env("TERM", "xterm");
    let run = printed(&mut command).unwrap();
    assert_eq!(run.code, Some(0), "{run:?}");
    // The view, the output above it with its colours and nothing else of it, and the summary after the view is gone.
    says(&run.stdout, &["default/local/1", "\x1b[?25l", "| \x1b[31msorry\x1b[0m\x1b[0m\r\n"]);
    let (_, after) = run.stdout.rsplit_once("\x1b[?25h").unwrap();
    says(after, &["TASK", "third", " after "]);
    assert!(!run.stdout.contains("\x1b[2J"), "{run:?}");
}

/// Containers of a pipeline, running or not.
fn containers(pipeline: &str) -> String {
    let filter = format!("label=gofer.pipeline={pipeline}");
    printed(Command::new("docker").args(["ps", "-aq", "--filter", &filter])).unwrap().stdout
}

#[test]
fn containers_are_run_and_removed() {
    if std::env::var("GOFER_TEST_DOCKER").as_deref() == Ok("skip") {
        eprintln!("skipped: GOFER_TEST_DOCKER=skip");
        return;
    }
    needs(&["docker"]).unwrap();
    import_image().unwrap();
    let id = format!("local-{}", std::process::id());
    let text = format!(
        "id = '{id}'\n[tasks.inside]\nimage = 'gofer-busybox'\npull = 'never'\n\
         command = ['/bin/sh', '-c', 'test -e /.dockerenv && echo in a container; \
         trap \"exit 0\" TERM; sleep ${{SECONDS_LEFT:-0}} & wait']\n"
    );
    let world = World::new(&text);
    let run = world.run(&["--driver", "docker"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    says(&run.stdout, &["inside | in a container\n"]);
    assert_eq!(containers(&id), "");

    let mut command = world.command(&["--env", "SECONDS_LEFT=600"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the container", || !containers(&id).is_empty());
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_eq!(containers(&id), "");

    std::fs::write(world.path("p.toml"), text.replace("'gofer-busybox'", "'gofer-no-such-image'")).unwrap();
    let run = world.run(&[]);
    assert_eq!(run.code, Some(1), "{run:?}");
    says(&run.stdout, &["the image can't be fetched", "gofer-no-such-image"]);
    says(&run.stderr, &["help: build or pull the image first"]);
    assert_eq!(world.left(), Vec::<PathBuf>::new());
}
