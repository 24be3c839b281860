//! The shared tasks that come with the program: what they do, and the definitions by which they are installed.
//!
//! Each is a program of its own that `gofer provided NAME` runs. It gets its settings and its secrets from the environment,
//! as the tasks of others do, and has nothing else of the cluster: what it needs of that it asks of the command line
//! client, which it runs by the executable that it is itself.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod debug;
mod definitions;
mod email;
mod failure;
mod git;
mod github;
mod http;
mod objects;
mod outputs;
mod pack;
mod patience;
mod process;
mod settings;
mod slack;
mod wait;

use std::process::ExitCode;

pub use definitions::{Definition, definition, definitions};
use failure::Failure;
use settings::Settings;

/// Runs one of them with the environment of this process.
#[must_use]
pub fn main(name: &str) -> ExitCode {
    let settings = Settings::of_process();
    match run(name, &settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.show();
            failure.exit_code()
        }
    }
}

fn run(name: &str, settings: &Settings) -> Result<(), Failure> {
    match name {
        "debug" => debug::run(settings),
        "git-clone" => git::run(settings),
        "github-status" => github::run(settings),
        "notify-email" => email::run(settings),
        "notify-slack" => slack::run(settings),
        "object-copy" => objects::run(settings),
        "wait" => wait::run(settings),
        _ => {
            let help = format!("one of {} will do", PROGRAMS.join(", "));
            Err(Failure::setting(format!("no program {name:?} is provided"), help))
        }
    }
}

/// The names that `gofer provided` takes.
pub const PROGRAMS: [&str; 7] =
    ["debug", "git-clone", "github-status", "notify-email", "notify-slack", "object-copy", "wait"];
