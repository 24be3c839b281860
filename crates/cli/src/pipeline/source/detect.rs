//! Tells by its files what a directory holds.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::pipeline_file::{Fault, FaultKind};

/// Most entries of a directory that are looked at.
const ENTRIES_MAX: usize = 10_000;
/// Names of the Python file that is run if there are several.
const PYTHON_MAIN: [&str; 2] = ["pipeline.py", "main.py"];
/// Names that count as pipelines beside a program.
const PIPELINES: [&str; 2] = ["pipeline.toml", "pipeline.json"];
/// TOML files that belong to tools.
const TOOLS: [&str; 5] = ["Cargo.toml", "gofer-test.toml", "pyproject.toml", "rust-toolchain.toml", "rustfmt.toml"];

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    File(PathBuf),
    Program(Program),
}

/// A program that prints a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// The command, the program first.
    pub(super) words: Vec<String>,
    pub(super) directory: PathBuf,
    /// What to do when the command does not exist.
    pub(super) install: &'static str,
}

impl Program {
    fn rust(directory: &Path) -> Self {
        Self::new(directory, &["cargo", "run", "--quiet"], "install Rust from https://rustup.rs")
    }

    fn go(directory: &Path, what: &str) -> Self {
        Self::new(directory, &["go", "run", what], "install Go 1.19 or later from https://go.dev/dl")
    }

    fn python(directory: &Path, file: &str) -> Self {
        Self::new(directory, &["python3", file], "install Python 3.9 or later")
    }

    fn new(directory: &Path, words: &[&str], install: &'static str) -> Self {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Self { words, directory: named(directory).to_owned(), install }
    }

    /// For messages: the command, and the directory unless it is the current one.
    pub(super) fn shown(&self) -> String {
        let command = self.words.join(" ");
        match self.directory.to_str() {
            Some(".") => format!("`{command}`"),
            _ => format!("`{command}` in {}", self.directory.display()),
        }
    }

    /// The same program with these arguments.
    pub(super) fn with(mut self, arguments: &[String]) -> Self {
        // What follows is the program's, and not cargo's.
        if self.words.first().is_some_and(|word| word == "cargo") && !arguments.is_empty() {
            self.words.push("--".into());
        }
        self.words.extend_from_slice(arguments);
        self
    }
}

/// The directory of a bare file name is empty, and no directory is named that.
fn named(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() { Path::new(".") } else { directory }
}

/// Finds out what a path names.
///
/// # Errors
/// `Usage` when a directory holds nothing that could be a pipeline, or several things; `File` when it can't be read.
pub(super) fn detect(path: &Path) -> Result<Found, Error> {
    if path.is_dir() {
        return detect_directory(path);
    }
    let directory = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    Ok(match (name, extension) {
        ("Cargo.toml", _) => Found::Program(Program::rust(directory)),
        ("go.mod", _) => Found::Program(Program::go(directory, ".")),
        ("pyproject.toml", _) => return detect_directory(named(directory)),
        (_, "py") => Found::Program(Program::python(directory, name)),
        (_, "go") => Found::Program(Program::go(directory, name)),
        (_, "rs") => {
            let help = "name the directory of its Cargo.toml";
            return Err(Error::usage(format!("{} can't be run by itself", path.display()), help));
        }
        _ => Found::File(path.to_owned()),
    })
}

fn detect_directory(directory: &Path) -> Result<Found, Error> {
    let names = names(directory)?;
    let has = |name: &str| names.iter().any(|other| other == name);
    let with = |extension: &str| -> Vec<&String> {
        names.iter().filter(|name| Path::new(name).extension().is_some_and(|found| found == extension)).collect()
    };
    let mut found = Vec::new();
    if has("Cargo.toml") {
        found.push(("Cargo.toml".to_owned(), Found::Program(Program::rust(directory))));
    }
    if has("go.mod") {
        found.push(("go.mod".to_owned(), Found::Program(Program::go(directory, "."))));
    }
    let python = with("py");
    if let Some(main) = PYTHON_MAIN.iter().find(|name| has(name)) {
        found.push(((*main).to_owned(), Found::Program(Program::python(directory, main))));
    } else if has("pyproject.toml") && python.is_empty() {
        let message = format!("{} has a pyproject.toml and no Python file", directory.display());
        return Err(Error::usage(message, format!("put the program into {}", directory.join("pipeline.py").display())));
    } else {
        found.extend(python.iter().map(|name| ((*name).clone(), Found::Program(Program::python(directory, name)))));
    }
    if found.is_empty() {
        let mut files = [with("toml"), with("json")].concat();
        files.retain(|name| !TOOLS.contains(&name.as_str()));
        found.extend(files.into_iter().map(|name| (name.clone(), Found::File(directory.join(name)))));
    } else {
        let files = PIPELINES.into_iter().filter(|name| has(name));
        found.extend(files.map(|name| (name.to_owned(), Found::File(directory.join(name)))));
    }
    choose(directory, found)
}

fn choose(directory: &Path, mut found: Vec<(String, Found)>) -> Result<Found, Error> {
    const SHOWN_MAX: usize = 5;
    if found.len() == 1 {
        return Ok(found.remove(0).1);
    }
    let mut names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).take(SHOWN_MAX).collect();
    let Some(first) = names.first().map(|name| directory.join(name)) else {
        let message = format!("{} holds no pipeline", directory.display());
        let help = "a pipeline is a Cargo.toml, go.mod, *.py, *.toml or *.json; `gofer pipeline init` writes one";
        return Err(Error::usage(message, help));
    };
    if found.len() > SHOWN_MAX {
        names.push("…");
    }
    let message = format!("{} could mean several pipelines: {}", directory.display(), names.join(", "));
    Err(Error::usage(message, format!("name one, such as {}", first.display())))
}

/// The names of the files right in a directory, in order; those that begin with a dot don't count.
fn names(directory: &Path) -> Result<Vec<String>, Error> {
    let unreadable = |error: std::io::Error| {
        let message = format!("it can't be read: {error}");
        Fault::whole(directory, FaultKind::Unreadable, &message, "check the path and its permissions")
    };
    let mut names = Vec::new();
    for (index, entry) in std::fs::read_dir(directory).map_err(unreadable)?.enumerate() {
        let entry = entry.map_err(unreadable)?;
        if index >= ENTRIES_MAX {
            let message = format!("{} has more than {ENTRIES_MAX} entries", directory.display());
            return Err(Error::usage(message, "name the file of the pipeline"));
        }
        let name = entry.file_name().into_string().unwrap_or_default();
        if !name.starts_with('.') && !name.is_empty() && entry.path().is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a directory with these files means: the command, the file, or the error.
    fn meaning(files: &[&str], path: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(directory.path().join(file), "").unwrap();
        }
        let path = if path.is_empty() { directory.path().to_owned() } else { directory.path().join(path) };
        match detect(&path) {
            Ok(Found::File(file)) => file.file_name().unwrap().to_str().unwrap().to_owned(),
            Ok(Found::Program(program)) => {
                assert_eq!(program.directory, directory.path());
                program.words.join(" ")
            }
            Err(error) => error.to_text().replace(&directory.path().display().to_string(), "D"),
        }
    }

    #[test]
    fn a_directory_is_told_by_its_files() {
        for (files, wanted) in [
            (&["Cargo.toml", "rustfmt.toml", "README.md"][..], "cargo run --quiet"),
            (&["go.mod", "main.go", "settings.json"], "go run ."),
            (&["pyproject.toml", "pipeline.py", "setup.py"], "python3 pipeline.py"),
            (&["helpers.py", "main.py"], "python3 main.py"),
            (&["nightly.py"], "python3 nightly.py"),
            (&["nightly.toml", "gofer-test.toml", ".hidden.json", "notes.md"], "nightly.toml"),
            (&["p.json"], "p.json"),
        ] {
            assert_eq!(meaning(files, ""), wanted, "{files:?}");
        }
    }

    #[test]
    fn a_directory_that_could_mean_several_things_is_refused() {
        for (files, wanted) in [
            (&[][..], "D holds no pipeline"),
            (&["rustfmt.toml"], "D holds no pipeline"),
            (&["Cargo.toml", "go.mod"], "several pipelines: Cargo.toml, go.mod"),
            (&["a.py", "b.py"], "several pipelines: a.py, b.py\nhelp: name one, such as D/a.py"),
            (&["a.toml", "b.json"], "several pipelines: a.toml, b.json"),
            (&["go.mod", "pipeline.toml"], "several pipelines: go.mod, pipeline.toml"),
            (&["pyproject.toml"], "has a pyproject.toml and no Python file"),
        ] {
            let found = meaning(files, "");
            assert!(found.contains(wanted), "{files:?}: {found}");
        }
    }

    #[test]
    fn a_directory_with_too_much_in_it_is_not_searched() {
        let names: Vec<String> = (0..=ENTRIES_MAX).map(|number| format!("{number}.txt")).collect();
        let found = meaning(&names.iter().map(String::as_str).collect::<Vec<_>>(), "");
        assert_eq!(found, "error: D has more than 10000 entries\nhelp: name the file of the pipeline");
    }

    #[test]
    fn arguments_reach_the_program_and_no_tool() {
        let directory = Path::new("");
        let arguments = ["--env".to_owned(), "prod".to_owned()];
        for (program, wanted) in [
            (Program::rust(directory), "`cargo run --quiet -- --env prod`"),
            (Program::go(Path::new("ci"), "."), "`go run . --env prod` in ci"),
            (Program::python(directory, "a.py"), "`python3 a.py --env prod`"),
        ] {
            assert_eq!(program.with(&arguments).shown(), wanted);
        }
        assert_eq!(Program::rust(directory).with(&[]).shown(), "`cargo run --quiet`");
    }

    #[test]
    fn a_file_is_told_by_its_name() {
        for (file, wanted) in [
            ("Cargo.toml", "cargo run --quiet"),
            ("go.mod", "go run ."),
            ("a.py", "python3 a.py"),
            ("a.go", "go run a.go"),
            ("a.toml", "a.toml"),
            ("a", "a"),
        ] {
            assert_eq!(meaning(&[file], file), wanted);
        }
        assert!(meaning(&["main.rs"], "main.rs").contains("can't be run by itself"));
        assert_eq!(meaning(&["pyproject.toml", "x.py"], "pyproject.toml"), "python3 x.py");
    }
}
