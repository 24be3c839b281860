//! `gofer pipeline init`: a small pipeline that can be registered as it is.

mod files;

use std::io::{BufRead, ErrorKind, IsTerminal, Write};
use std::path::Path;

use clap::ValueEnum;
use serde_json::json;

use crate::command::Context;
use crate::error::Error;
use crate::pipeline_file::{Fault, FaultKind};

/// How often a language is asked for.
const QUESTIONS_MAX: usize = 3;

/// What a pipeline is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Rust,
    Go,
    Python,
    Toml,
}

pub(super) fn execute(context: &Context<'_>, directory: &Path, language: Option<Language>) -> Result<u8, Error> {
    let language = language.map_or_else(ask, Ok)?;
    let id = id(directory);
    let (own, sdk) = files::of(language);
    let fill = |text: &str| text.replace("{id}", &id).replace("{version}", env!("CARGO_PKG_VERSION"));
    let own = own.iter().map(|(path, text)| (*path, fill(text)));
    let all: Vec<(&str, String)> = own.chain(sdk.iter().map(|(path, text)| (*path, (*text).to_owned()))).collect();
    // Before anything is written, so that nothing is left half done.
    if let Some((path, _)) = all.iter().find(|(path, _)| directory.join(path).symlink_metadata().is_ok()) {
        let message = format!("{} is there already, and nothing is overwritten", directory.join(path).display());
        return Err(Error::usage(message, "choose another directory"));
    }
    for (path, text) in &all {
        write(&directory.join(path), text)?;
    }
    let text = format!(
        "wrote pipeline {id} to {directory} ({} files)\nrun it here with:   gofer run local {directory}\n\
         test it with:       gofer pipeline test {directory}\nregister it with:   gofer pipeline register {directory}",
        all.len(),
        directory = directory.display()
    );
    let paths: Vec<&str> = all.iter().map(|(path, _)| *path).collect();
    context.done(&text, &json!({ "pipeline": id, "directory": directory.display().to_string(), "files": paths }))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |error: std::io::Error| {
        let help = match error.kind() {
            ErrorKind::AlreadyExists => "choose another directory",
            ErrorKind::StorageFull => "make room on the disk",
            _ => "check the permissions of the directory",
        };
        Fault::whole(path, FaultKind::Unreadable, &format!("it can't be written: {error}"), help)
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(())
}

/// The name of the directory, as far as it may be an id. Packages and modules have a name of their own: languages refuse
/// some that are fine as ids, such as `go`.
fn id(directory: &Path) -> String {
    let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let id: String = lower.chars().map(word).take(60).collect();
    let id = id.trim_matches('-');
    if id.starts_with(|c: char| c.is_ascii_alphabetic()) { id.to_owned() } else { "my-pipeline".to_owned() }
}

fn ask() -> Result<Language, Error> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let mut lines = stdin.lock().lines();
        for _ in 0..QUESTIONS_MAX {
            let mut stderr = std::io::stderr();
            // A question that can't be shown is answered by what follows.
            let _ = write!(stderr, "Language (rust, go, python, toml): ").and_then(|()| stderr.flush());
            let Some(Ok(line)) = lines.next() else { break };
            if let Ok(language) = Language::from_str(line.trim(), true) {
                return Ok(language);
            }
        }
    }
    Err(Error::usage("no language is given", "name it with --language rust, go, python or toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_names_the_pipeline() {
        for (directory, wanted) in [
            ("/srv/Nightly Build", "nightly-build"),
            ("/srv/a.b_c", "a-b-c"),
            ("/srv/2024", "my-pipeline"),
            ("/srv/--", "my-pipeline"),
            ("/", "my-pipeline"),
            ("/srv/é", "my-pipeline"),
        ] {
            assert_eq!(id(Path::new(directory)), wanted);
        }
        assert!(id(&Path::new("/srv").join("x".repeat(200))).len() <= 64);
    }
}
