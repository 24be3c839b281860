//! The gofer binary: a node, a client of the cluster, and (re-executed by itself) the keeper of a running task.

mod audit;
mod backup;
mod doctor;
mod local;
mod program;
mod recover;
mod secret;
mod server;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// A fifth of a busy node's time went into the C library's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // These outlive the node that started them, so they come before any runtime, parser or log.
    match arguments.as_slice() {
        [shims] if shims == "__shims" => gofer_drivers::shims_main(),
        [guard, root, lease, socket] if guard == "__guard" => {
            gofer_drivers::guard_main(Path::new(root), Path::new(lease), Path::new(socket))
        }
        _ => program::main(),
    }
}
