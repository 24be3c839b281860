//! Prints one of the pipelines that every SDK writes alike: `cargo run -p gofer-sdk --example golden -- NAME`.

mod pipelines;

use std::process::ExitCode;

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    match pipelines::all().into_iter().find(|(name, _)| *name == wanted) {
        Some((_, pipeline)) => pipeline.emit(),
        None => {
            let names: Vec<&str> = pipelines::all().into_iter().map(|(name, _)| name).collect();
            eprintln!("no pipeline {wanted:?}; name one of {}", names.join(", "));
            ExitCode::from(2)
        }
    }
}
