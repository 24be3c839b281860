//! `object-copy`: copies an object between the run and its pipeline. The right of a task goes no further.

use crate::failure::{Failure, say, short};
use crate::outputs;
use crate::process::{SELF, program, status};
use crate::settings::Settings;

/// An object that a task may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    key: String,
    of_pipeline: bool,
}

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    let (from, to) = (place(settings, "FROM")?, place(settings, "TO")?);
    if from == to {
        return Err(Failure::setting("FROM and TO are the same object", "give the copy another key, or another owner"));
    }
    let directory = tempfile::tempdir_in(".").map_err(|error| {
        Failure::new(format!("no directory can be made to copy in: {error}"), "look at the node's disk")
    })?;
    // Not from one into the other: what is put must be whole, which is known when all of it was read.
    let file = directory.path().join("object");
    get(&from, &file)?;
    put(&to, &file)?;
    say(&format!("copied {} to {}", from.text(), to.text()));
    outputs::put(settings, &[("OBJECT", &to.key)])
}

/// Puts a file as an object of the run.
pub(crate) fn put_of_run(key: &str, file: &std::path::Path) -> Result<(), Failure> {
    put(&Place { key: key.to_owned(), of_pipeline: false }, file)
}

fn put(place: &Place, file: &std::path::Path) -> Result<(), Failure> {
    client("put", place, file)
}

fn get(place: &Place, file: &std::path::Path) -> Result<(), Failure> {
    client("get", place, file)
}

/// Has the command line client move an object. Its own errors are in the log by then.
fn client(what: &str, place: &Place, file: &std::path::Path) -> Result<(), Failure> {
    let mut command = program(SELF);
    command.args(["object", what]).arg(&place.key).arg(file);
    if place.of_pipeline {
        command.arg("--of-pipeline");
    }
    let ended = status(&mut command, "look at the limits of the node's processes")?;
    if ended.success() {
        return Ok(());
    }
    let done = if what == "get" { "read" } else { "written" };
    let message = format!("{} can't be {done}: the client ended with {ended}", place.text());
    Err(Failure::new(message, "do what the error above says"))
}

fn place(settings: &Settings, name: &str) -> Result<Place, Failure> {
    let help = "write run:KEY for an object of this run, pipeline:KEY for one of its pipeline";
    let text = settings.required(name, help)?;
    let (owner, key) = text.split_once(':').unwrap_or(("", text));
    let of_pipeline = match owner {
        "run" => false,
        "pipeline" => true,
        _ => {
            let message = format!(
                "the setting {name} is {:?}, and a task has a right to the objects of its own run and pipeline only",
                short(text)
            );
            return Err(Failure::setting(message, help));
        }
    };
    check_key(name, key)?;
    Ok(Place { key: key.to_owned(), of_pipeline })
}

/// The cluster checks a key, too; one that looks like an option must not reach the client.
pub(crate) fn check_key(name: &str, key: &str) -> Result<(), Failure> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if key.is_empty() || key.len() > 256 || key.starts_with('-') || !key.chars().all(allowed) {
        let message = format!("the key {:?} in the setting {name} is not allowed", short(key));
        let help = "use 1 to 256 ASCII letters, digits, '.', '_' or '-', with '/' between words";
        return Err(Failure::setting(message, help));
    }
    Ok(())
}

impl Place {
    fn text(&self) -> String {
        format!("object {} of the {}", self.key, if self.of_pipeline { "pipeline" } else { "run" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_runs_or_the_pipelines() {
        let of = |text: &str| place(&Settings::of([("FROM", text)]), "FROM");
        assert_eq!(of("run:a/b.tar").unwrap(), Place { key: "a/b.tar".into(), of_pipeline: false });
        assert_eq!(of("pipeline:a").unwrap(), Place { key: "a".into(), of_pipeline: true });
        for bad in ["a", "default/other/3:a", ":a"] {
            assert!(of(bad).unwrap_err().text().contains("its own run and pipeline only"), "{bad}");
        }
        for bad in ["run:", "run:--json", "run:a b", "run:a:b"] {
            assert!(of(bad).unwrap_err().text().contains("not allowed"), "{bad}");
        }
    }
}
