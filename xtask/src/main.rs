//! The workspace's own tool: `cargo xtask check`, `cargo xtask fix`, `cargo xtask tidy`.
//!
//! `check` and `tidy` never write to the source tree, so they are safe to run on somebody else's change.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod check;
mod step;
mod tidy;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Checks and fixes of this workspace")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything that is checked without running tests. Never writes to the source tree.
    Check {
        /// Leave out what compiles: Clippy and the API documentation.
        #[arg(long)]
        quick: bool,
    },
    /// Repairs what can be repaired by a machine: formatting and Clippy's safe suggestions.
    Fix,
    /// The house rules that no compiler knows: layers, purity, lengths, links.
    Tidy,
}

fn main() -> ExitCode {
    let root = root();
    let result = match Arguments::parse().command {
        Command::Check { quick } => check::check(&root, quick),
        Command::Fix => check::fix(&root),
        Command::Tidy => tidy::report(&root),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's root: the folder above this package. Cargo says at run time where that is, which holds as well when
/// several checkouts share a target directory.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().unwrap_or(Path::new(".")).to_owned()
}
