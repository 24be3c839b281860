//! Runs as the shim of the process driver, for the tests of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["__shims"] => gofer_drivers::shims_main(),
        _ => ExitCode::FAILURE,
    }
}
