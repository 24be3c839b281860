//! The example plug-ins, each in the languages that there are libraries for.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::cli::python;

/// A language in which plug-ins are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Rust,
    Go,
    Python,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::Rust, Self::Go, Self::Python];

    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Go => "go",
            Self::Python => "python",
        }
    }
}

/// What a plug-in does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// Tells of each line that is appended to a file.
    Lines,
    /// Tells of what is sent to it over HTTP.
    Topics,
}

impl Example {
    fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Topics => "topics",
        }
    }
}

/// A plug-in, built.
#[derive(Clone, Debug)]
pub struct ExamplePlugin {
    words: Vec<PathBuf>,
}

fn root() -> anyhow::Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?)
}

fn built(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("can't run {command:?}"))?;
    anyhow::ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The plug-in in Rust: the one beside the binary that `GOFER_BIN` names, or else one that is built beside this program.
fn rust_example(root: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let beside = Path::new("examples").join(name);
    let given = std::env::var_os("GOFER_BIN").map(|given| PathBuf::from(given).with_file_name(&beside));
    if let Some(given) = given.filter(|given| given.is_file()) {
        return Ok(given);
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--locked", "--offline", "--workspace"]);
    built(cargo.args(["--example", name]).current_dir(root))?;
    let executable = std::env::current_exe()?;
    let found = executable.ancestors().map(|directory| directory.join(&beside)).find(|path| path.is_file());
    found.context("the example was built, but not beside this program")
}

impl ExamplePlugin {
    /// Builds a plug-in in a language. Go's goes into the folder.
    ///
    /// # Errors
    /// When the language's tools are missing, or it can't be built.
    pub fn build(example: Example, language: Language, folder: &Path) -> anyhow::Result<Self> {
        let (root, name) = (root()?, example.name());
        let words = match language {
            Language::Rust => vec![rust_example(&root, name)?],
            Language::Go => {
                let program = folder.join(name);
                let mut go = Command::new("go");
                go.args(["build", "-o"]).arg(&program).arg(format!("./{name}"));
                go.current_dir(root.join("examples/triggers/go"));
                built(go.env("GOPROXY", "off").env("GOFLAGS", ""))?;
                vec![program]
            }
            Language::Python => {
                vec![python()?, root.join(format!("examples/triggers/python/{name}.py"))]
            }
        };
        Ok(Self { words })
    }

    /// The program and its arguments.
    ///
    /// # Errors
    /// When a path is not text.
    pub fn words(&self) -> anyhow::Result<Vec<String>> {
        let text = |word: &PathBuf| word.to_str().map(str::to_owned).context("a path is not text");
        self.words.iter().map(text).collect()
    }

    /// What it needs in its environment besides what tells it of the cluster.
    ///
    /// # Errors
    /// When the folder of the libraries is not there.
    pub fn environment() -> anyhow::Result<[(&'static str, String); 2]> {
        let path = root()?.join("crates/sdk/python/client");
        Ok([
            ("PYTHONPATH", path.to_str().context("a path is not text")?.to_owned()),
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
        ])
    }

    /// What starts the plug-in, as arguments of `prefix` if there is one.
    ///
    /// # Errors
    /// When the folder of the libraries is not there.
    pub fn command(&self, prefix: &[&str], trigger: &str, token: &str, addresses: &str) -> anyhow::Result<Command> {
        let mut words = prefix.iter().map(PathBuf::from).chain(self.words.iter().cloned());
        let mut command = Command::new(words.next().context("no program")?);
        command.args(words).env("GOFER_TRIGGER", trigger).env("GOFER_PLUGIN_TOKEN", token);
        command.env("GOFER_ADDRESS", addresses).envs(Self::environment()?);
        Ok(command)
    }
}
