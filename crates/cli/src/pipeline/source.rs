//! Where a pipeline comes from: a file, or a program that prints one.
//!
//! A program is told by what lies in its directory. It is run, and what it prints is read like a file. This module must
//! not know of clusters.

mod detect;
mod program;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::args::parse_timeout;
use crate::error::{Error, Faulty};
use crate::output::Output;
use crate::pipeline_file::{self, Format};

use detect::Found;

/// Where the pipeline of a command is.
#[derive(Args, Clone, Debug)]
pub struct SourceArgs {
    /// Pipeline file (TOML or JSON; `-`: standard input), or the directory of a program in Rust, Go or Python
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Longest time for compiling and running a program
    #[arg(long, default_value = "10m", value_parser = parse_timeout, value_name = "DURATION")]
    program_timeout: Duration,
    /// Arguments of the program, for one that prints several pipelines
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

impl SourceArgs {
    /// A source with these arguments in place of those given.
    pub(crate) fn with(path: &Path, program_timeout: Duration, arguments: &[String]) -> Self {
        Self { path: path.to_owned(), program_timeout, arguments: arguments.to_vec() }
    }
}

/// A pipeline and where it comes from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) pipeline: pipeline_file::Pipeline,
    /// What the user named.
    pub(crate) path: PathBuf,
    /// Where the program ran; none for a file.
    directory: Option<PathBuf>,
}

impl Loaded {
    /// Where its author declared what a field belongs to, as `path:line`; empty if that is not known.
    fn place(&self, field: &str) -> String {
        let Some(source) = self.pipeline.source(field) else { return String::new() };
        let file = Path::new(&source.file);
        let directory = self.directory.as_deref().unwrap_or(Path::new("."));
        format!("{}:{}", resolve(directory, file).display(), source.line)
    }

    /// Checks by the rules that are built in, without a cluster.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Err(faults) = self.pipeline.declared.validate() else { return Ok(()) };
        let faults = faults.into_iter().map(|fault| Faulty {
            place: self.place(&fault.field),
            field: fault.field,
            description: format!("{} ({})", fault.message, fault.help),
        });
        let path = self.path.display().to_string();
        Err(Error::Invalid { path, faults: faults.collect() })
    }

    /// Adds the places to what a cluster found.
    pub(crate) fn placed(&self, error: Error) -> Error {
        let Error::Rejected(mut rejected) = error else { return error };
        let is_alone = rejected.violations.len() == 1;
        for (field, description) in &mut rejected.violations {
            let place = self.place(field);
            if place.is_empty() {
                continue;
            }
            // A fault that is alone is the message, too.
            if is_alone && description.starts_with(&rejected.message) {
                rejected.message = format!("{place}: {}", rejected.message);
            }
            *description = format!("{place}: {description}");
        }
        Error::Rejected(rejected)
    }
}

/// Compilers name a file relative to where they ran, which may be a directory further up.
fn resolve(directory: &Path, file: &Path) -> PathBuf {
    let absolute = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let mut candidates = absolute.ancestors().map(|ancestor| ancestor.join(file));
    let Some(found) = candidates.find(|path| path.is_file()) else { return file.to_owned() };
    let here = std::env::current_dir().unwrap_or_default();
    found.strip_prefix(here).map(Path::to_owned).unwrap_or(found)
}

/// Reads the file, or runs the program.
pub(crate) async fn load(args: &SourceArgs, output: &Output) -> Result<Loaded, Error> {
    let path = args.path.clone();
    match detect::detect(&path)? {
        Found::File(file) if !args.arguments.is_empty() => {
            let message = format!("{} is a file, and files take no arguments", file.display());
            Err(Error::usage(message, "leave out what follows --"))
        }
        Found::File(file) => Ok(Loaded { pipeline: pipeline_file::load(&file)?, path, directory: None }),
        Found::Program(program) => {
            let program = program.with(&args.arguments);
            let text = program::run(&program, args.program_timeout, output).await?;
            let shown = PathBuf::from(format!("output of {}", program.shown()));
            let pipeline = pipeline_file::parse(&shown, &text, Format::Json).map_err(|mut fault| {
                fault.help = "a program prints its pipeline with emit, and everything else to standard error".into();
                fault
            })?;
            Ok(Loaded { pipeline, path, directory: Some(program.directory) })
        }
    }
}
