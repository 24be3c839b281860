//! Pipelines in files and programs, without a cluster: what the command line makes of a path, with real compilers and
//! interpreters.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use gofer_tests::{Printed, gofer, line_of, needs, printed};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The languages, and the file that declares the pipeline which `init` writes.
const PROGRAMS: [(&str, &str); 3] = [("rust", "src/main.rs"), ("go", "main.go"), ("python", "pipeline.py")];

fn run(arguments: &[&str]) -> Printed {
    needs(&["cargo", "go", "python3"]).unwrap();
    printed(&mut gofer(arguments).unwrap()).unwrap()
}

/// The command must end well; what it printed.
fn succeeds(arguments: &[&str]) -> String {
    let printed = run(arguments);
    assert_eq!(printed.code, Some(0), "{arguments:?}: {}{}", printed.stdout, printed.stderr);
    printed.stdout
}

/// The command must be refused as wrong usage, with all these words; how it was.
fn refused(arguments: &[&str], words: &[&str]) -> String {
    let printed = run(arguments);
    assert_eq!(printed.code, Some(2), "{arguments:?}: {}{}", printed.stdout, printed.stderr);
    assert_eq!(printed.stdout, "", "{arguments:?}");
    for word in words {
        assert!(printed.stderr.contains(word), "{arguments:?}: {word:?} is missing in: {}", printed.stderr);
    }
    printed.stderr
}

/// A new directory with these files.
fn with(files: &[(&str, &str)]) -> (TempDir, String) {
    let directory = tempfile::Builder::new().prefix("gofer-pipeline-").tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let path = directory.path().to_str().unwrap().to_owned();
    (directory, path)
}

/// The pipeline that `init` writes for a language, as `nightly`.
fn new(language: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::Builder::new().prefix("gofer-init-").tempdir().unwrap();
    let path = directory.path().join("nightly");
    succeeds(&["pipeline", "init", path.to_str().unwrap(), "--language", language]);
    (directory, path)
}

fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.append(&mut contents(&path));
        } else {
            all.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
fn what_init_writes_is_valid_alike_in_every_language_and_never_overwritten() {
    let mut pictures = Vec::new();
    for language in ["toml", "python", "go", "rust"] {
        let (_directory, path) = new(language);
        let before = contents(&path);
        let path = path.to_str().unwrap();
        let answer = succeeds(&["pipeline", "validate", path, "-o", "json"]);
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer, serde_json::json!({ "pipeline": "nightly", "tasks": 3, "valid": true }), "{language}");
        pictures.push(succeeds(&["pipeline", "graph", path, "--format", "dot"]));

        refused(&["pipeline", "init", path, "--language", language], &["nothing is overwritten", path]);
        let after = contents(Path::new(path));
        assert!(before.iter().all(|(file, text)| after.get(file) == Some(text)), "{language}");
    }
    assert!(pictures.iter().all(|picture| *picture == pictures[0]), "{pictures:#?}");
}

#[test]
fn init_asks_nothing_without_a_terminal_and_leaves_nothing_half_done() {
    let (directory, path) = with(&[("main.go", "// precious\n")]);
    refused(&["pipeline", "init", &path], &["no language is given", "--language"]);
    refused(&["pipeline", "init", &path, "--language", "go"], &["main.go", "nothing is overwritten"]);
    assert_eq!(contents(directory.path()).len(), 1, "no other file was written");
    assert_eq!(std::fs::read_to_string(directory.path().join("main.go")).unwrap(), "// precious\n");
}

#[test]
fn init_takes_directories_whose_names_a_language_keeps_for_itself() {
    let (_directory, path) = with(&[]);
    for (language, name) in [("go", "go"), ("go", "std"), ("rust", "gofer-sdk"), ("rust", "fn"), ("python", "import")] {
        let path = format!("{path}/{language}/{name}");
        succeeds(&["pipeline", "init", &path, "--language", language]);
        assert_eq!(succeeds(&["pipeline", "validate", &path]), format!("{name} is valid: 3 tasks\n"), "{language}");
    }
}

#[test]
fn init_asks_a_terminal_for_the_language() {
    let (_directory, path) = with(&[]);
    // A terminal for the command, and somebody who answers twice.
    let script = "import os, pty, sys\n\
                  pid, terminal = pty.fork()\n\
                  if pid == 0: os.execv(sys.argv[1], sys.argv[1:])\n\
                  os.write(terminal, b'cobol\\npython\\n')\n\
                  try:\n  while data := os.read(terminal, 4096): os.write(1, data)\n\
                  except OSError: pass\n\
                  sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n";
    let program = gofer(&[]).unwrap().get_program().to_owned();
    let mut command = std::process::Command::new("python3");
    let asked = printed(command.args(["-c", script]).arg(program).args(["pipeline", "init", &path])).unwrap();
    assert_eq!(asked.code, Some(0), "{asked:?}");
    assert_eq!(asked.stdout.matches("Language (rust, go, python, toml): ").count(), 2, "{asked:?}");
    assert!(Path::new(&path).join("pipeline.py").is_file() && Path::new(&path).join("gofer_sdk").is_dir());
}

#[test]
fn a_faulty_pipeline_is_shown_with_the_line_that_declares_its_task() {
    for (language, file) in PROGRAMS {
        let (_directory, path) = new(language);
        let source = path.join(file);
        let text = std::fs::read_to_string(&source).unwrap();
        let faulty = text.replace("ttempts(3)", "ttempts(300)").replace("attempts=3", "attempts=300");
        assert_ne!(faulty, text, "{language}");
        std::fs::write(&source, faulty).unwrap();
        let line = line_of(&source, if language == "go" { "Task(\"greet\"" } else { "greet = pipeline" }).unwrap();
        // Rust names the line of the method, which may be below that of its statement.
        let line = if language == "rust" { line_of(&source, ".task(\"greet\")").unwrap() } else { line };
        let place = format!("{file}:{line}: tasks.greet.retry.attempts");
        for command in ["validate", "graph"] {
            let error = refused(&["pipeline", command, path.to_str().unwrap()], &[&place, "300", "100"]);
            assert!(error.contains(path.to_str().unwrap()), "it says where the program ran: {error}");
        }
    }
}

#[test]
fn a_faulty_file_is_shown_with_the_line_too() {
    let text = "id = 'p'\n\n[tasks.a]\ncommand = ['true']\n[tasks.b]\ncommand = ['true']\ndepends_on = ['c']\n";
    let (_directory, path) = with(&[("p.toml", text)]);
    let error = refused(&["pipeline", "validate", &path], &["is not a valid pipeline: 1 fault", "/p.toml:5: "]);
    assert!(error.contains("p.toml:5: task b depends on task c, which does not exist"), "{error}");
}

#[test]
fn a_program_that_does_not_compile_is_shown_with_its_compiler() {
    for (language, file) in PROGRAMS {
        let (_directory, path) = new(language);
        let source = path.join(file);
        let text = std::fs::read_to_string(&source).unwrap();
        std::fs::write(&source, text.replace("pipeline.emit()", "nonsense(").replace("pipeline.Emit()", "nonsense("))
            .unwrap();
        let line = line_of(&source, "nonsense(").unwrap();
        let command = match language {
            "rust" => "`cargo run --quiet` in",
            "go" => "`go run .` in",
            _ => "`python3 pipeline.py` in",
        };
        let error = refused(&["pipeline", "validate", path.to_str().unwrap()], &[command, "failed", file]);
        // Compilers name the line where the bracket was opened, or the one after.
        assert!((line..line + 3).any(|line| error.contains(&line.to_string())), "{language}: line {line} in {error}");
    }
}

#[test]
fn a_missing_interpreter_is_named_with_what_to_do() {
    let (_directory, empty) = with(&[]);
    for (file, tool, help) in
        [("Cargo.toml", "cargo", "rustup.rs"), ("go.mod", "go", "go.dev"), ("p.py", "python3", "install Python")]
    {
        let (_directory, path) = with(&[(file, "")]);
        let mut command = gofer(&["pipeline", "validate", &path]).unwrap();
        let printed = printed(command.env("PATH", &empty)).unwrap();
        assert_eq!(printed.code, Some(2), "{printed:?}");
        let wanted = format!("error: {tool} is needed to run the pipeline, and is not in PATH\nhelp: ");
        assert!(printed.stderr.starts_with(&wanted) && printed.stderr.contains(help), "{printed:?}");
    }
}

#[test]
fn what_is_no_pipeline_is_refused_with_what_was_printed() {
    for (program, words) in [
        ("pass", &["printed no pipeline", "emit"][..]),
        ("print('building')", &["something else than a pipeline: \"building\""]),
        ("print('{}')", &["output of `python3 p.py`", "missing field `id`"]),
        ("print('{\"id\": \"p\", \"format\": 2, \"tasks\": {}}')", &["format 2"]),
        ("import sys; sys.stdout.buffer.write(b'{\\xff}')", &["not UTF-8"]),
        ("import sys; sys.exit('the branch is unknown')", &["failed: exit status: 1", "the branch is unknown"]),
        ("import os; os.kill(os.getpid(), 9)", &["signal: 9"]),
        ("while True: print('x' * 65536)", &["more than 1048576 bytes"]),
    ] {
        let (_directory, path) = with(&[("p.py", program)]);
        let start = Instant::now();
        refused(&["pipeline", "validate", &path], words);
        assert!(start.elapsed() < Duration::from_secs(20), "{program}: {:?}", start.elapsed());
    }
}

/// Starts another program, and goes on for longer than any test.
const ENDLESS: &str = "import os, subprocess, time\n\
                       child = subprocess.Popen(['sleep', '600'])\n\
                       open('new', 'w').write(str(child.pid))\n\
                       os.rename('new', 'child')\n\
                       time.sleep(600)\n";

/// Waits for the end of what [`ENDLESS`] started.
fn child_ends(directory: &Path) {
    let start = Instant::now();
    let child = std::fs::read_to_string(directory.join("child")).unwrap();
    let stat = format!("/proc/{child}/stat");
    // Who adopts it may be slow to take notice.
    let is_over = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    while !is_over() {
        assert!(start.elapsed() < Duration::from_secs(30), "{child} runs on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_all_that_it_started() {
    let (directory, path) = with(&[("p.py", ENDLESS)]);
    let start = Instant::now();
    let words = ["`python3 p.py` in", "was not done after 2s", "--program-timeout", "running"];
    refused(&["pipeline", "validate", &path, "--program-timeout", "2s"], &words);
    assert!(start.elapsed() < Duration::from_secs(30));
    child_ends(directory.path());
}

#[test]
fn an_interrupt_ends_the_program_with_all_that_it_started() {
    for signal in [Signal::INT, Signal::TERM] {
        let (directory, path) = with(&[("p.py", ENDLESS)]);
        let mut command = gofer(&["pipeline", "validate", &path]).unwrap();
        let mut process = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        while !directory.path().join("child").exists() {
            assert!(start.elapsed() < Duration::from_secs(30), "the program does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        kill_process(Pid::from_child(&process), signal).unwrap();
        assert_eq!(process.wait().unwrap().code(), Some(130));
        child_ends(directory.path());
    }
}

#[test]
fn what_a_program_leaves_behind_holds_nothing_up() {
    let program = "import subprocess\n\
                   child = subprocess.Popen(['sleep', '30'])\n\
                   open('child', 'w').write(str(child.pid))\n\
                   print('{\"id\": \"p\", \"tasks\": {\"t\": {\"command\": [\"true\"]}}}')\n";
    let (directory, path) = with(&[("p.py", program)]);
    let start = Instant::now();
    assert_eq!(succeeds(&["pipeline", "validate", &path]), "p is valid: 1 task\n");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let child: i32 = std::fs::read_to_string(directory.path().join("child")).unwrap().parse().unwrap();
    kill_process(Pid::from_raw(child).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_slow_program_is_spoken_of_and_its_remarks_are_passed_on() {
    let program = "import sys, time\n\
                   time.sleep(1.5)\n\
                   print('three of four are cached', file=sys.stderr)\n\
                   print('{\"id\": \"%s\", \"tasks\": {\"t\": {\"command\": [\"true\"]}}}' % sys.argv[1])\n";
    let (_directory, path) = with(&[("p.py", program)]);
    let printed = run(&["pipeline", "validate", &path, "--", "slow"]);
    assert_eq!((printed.code, printed.stdout.as_str()), (Some(0), "slow is valid: 1 task\n"), "{printed:?}");
    assert!(printed.stderr.contains("running `python3 p.py slow` in"), "{printed:?}");
    assert!(printed.stderr.contains("three of four are cached"), "{printed:?}");
}

#[test]
fn a_path_that_could_mean_several_things_is_refused() {
    let (_directory, path) = with(&[("a.py", ""), ("b.py", "")]);
    refused(&["pipeline", "validate", &path], &["could mean several pipelines: a.py, b.py", "name one, such as"]);
    let (_directory, path) = with(&[("README.md", "")]);
    refused(&["pipeline", "graph", &path], &["holds no pipeline", "gofer pipeline init"]);
    refused(&["pipeline", "validate", "/no/such/place.toml"], &["/no/such/place.toml", "No such file"]);
    let (_directory, path) = with(&[("p.toml", "id = 'p'\ntasks.t.command = ['true']\n")]);
    assert_eq!(succeeds(&["pipeline", "validate", &path]), "p is valid: 1 task\n");
    refused(&["pipeline", "validate", &path, "--", "x"], &["files take no arguments"]);
}

#[test]
fn pictures_are_drawn_in_each_format() {
    let (directory, path) = with(&[(
        "p.toml",
        "id = 'p'\ntasks.a.command = ['true']\ntasks.b = { command = ['true'], depends_on = { a = 'failure' } }\n",
    )]);
    let text = succeeds(&["pipeline", "graph", &path]);
    assert_eq!(text, "p\n│\n└─ a\n▼\n└─ b  ◀ a (failure)\n");
    assert_eq!(succeeds(&["pipeline", "graph", &path, "--format", "text"]), text);
    let dot = succeeds(&["pipeline", "graph", &path, "--format", "dot"]);
    assert!(dot.contains("  \"a\" -> \"b\" [style=dashed, label=\"failure\"];\n"), "{dot}");

    // A reader of XML that is not ours must understand it.
    let svg = succeeds(&["pipeline", "graph", &path, "--format", "svg"]);
    std::fs::write(directory.path().join("p.svg"), svg).unwrap();
    let script = "import sys, xml.dom.minidom as x; d = x.parse(sys.argv[1]); \
                  print(*(len(d.getElementsByTagName(n)) for n in ('svg', 'rect', 'text', 'path')))";
    let mut python = std::process::Command::new("python3");
    let counted = printed(python.args(["-c", script]).arg(directory.path().join("p.svg"))).unwrap();
    assert_eq!(counted.stdout, "1 2 2 2\n", "two tasks; one line and one arrow head; {}", counted.stderr);
}

#[test]
fn help_shows_examples() {
    for command in ["register", "validate", "diff", "graph", "init"] {
        let help = succeeds(&["pipeline", command, "--help"]);
        assert!(help.contains(&format!("Examples:\n  gofer pipeline {command} ")), "{help}");
    }
}
