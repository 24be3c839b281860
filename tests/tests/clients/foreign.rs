//! The programs in Go and Python: they do what a word on their input says, and answer with an object.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gofer_tests::python;
use serde_json::Value;

use crate::root;

/// A program that was started; it is killed when dropped.
pub(crate) struct Foreign {
    child: Child,
    input: ChildStdin,
    output: Option<BufReader<ChildStdout>>,
}

impl Foreign {
    pub(crate) fn go(directory: &Path, addresses: &[String], pipeline: &str) -> Self {
        let program = directory.join("drill");
        let mut build = go(&["build", "-o", program.to_str().unwrap(), "./internal/drill"]);
        assert!(build.current_dir(root().join("crates/sdk/go/client")).status().unwrap().success(), "go build failed");
        Self::start(Command::new(program).args([&addresses.join(","), pipeline]))
    }

    pub(crate) fn python(addresses: &[String], pipeline: &str) -> Self {
        Self::start(&mut python_command(&python().unwrap(), &["-m", "tests.drill", &addresses.join(","), pipeline]))
    }

    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output: Some(output) }
    }

    pub(crate) async fn ask(&mut self, word: &str) -> Value {
        writeln!(self.input, "{word}").unwrap();
        let mut output = self.output.take().unwrap();
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            (line, output)
        });
        let (line, output) = read.await.unwrap();
        self.output = Some(output);
        assert!(!line.is_empty(), "the program ended when it was asked to {word}");
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Go, which finds nothing on a network.
fn go(arguments: &[&str]) -> Command {
    let mut command = Command::new("go");
    command.args(arguments).env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("GOFLAGS", "-buildvcs=false");
    command
}

pub(crate) fn go_example(addresses: &str) -> Command {
    let mut command = go(&["run", ".", addresses]);
    command.current_dir(root().join("examples/clients/go"));
    command
}

pub(crate) fn python_command(python: &Path, arguments: &[&str]) -> Command {
    let client = root().join("crates/sdk/python/client");
    let mut command = Command::new(python);
    command.arg("-B").args(arguments).current_dir(&client).env("PYTHONPATH", client);
    command
}
