//! Releases a program: it is built and tested for each platform, packed when all went well, and taken back when its
//! publication fails.
//!
//!     gofer pipeline register examples/rust
//!     gofer pipeline register examples/rust -- --platforms linux-amd64,linux-arm64,linux-riscv64
//!     gofer run start release-rust --watch
//!
//! The tasks only pretend, with a shell that any node has. `scripts/make-image` makes the image for containers.

use std::process::ExitCode;
use std::time::Duration;

use gofer_sdk::{MIB, Overlap, Pipeline, Pull, Retry, Task, TaskBuilder, script};

const PLATFORMS: &str = "linux-amd64,linux-arm64";
const MINUTE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let platforms = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => PLATFORMS,
        ["--platforms", platforms] => platforms,
        _ => {
            eprintln!("usage: [--platforms NAME,NAME]");
            return ExitCode::from(2);
        }
    };
    release(platforms).emit()
}

fn release(platforms: &str) -> Pipeline {
    let mut pipeline = Pipeline::new("release-rust");
    pipeline.description("Builds and tests for each platform, then publishes.").overlap(Overlap::Queue(5));
    pipeline.timeout(30 * MINUTE).env("VERSION", "1.4.0");

    let checkout = shell(&mut pipeline, "checkout", r#"echo "checking out $VERSION""#).handle();
    let tested: Vec<Task> = platforms.split(',').map(|platform| tested(&mut pipeline, platform, &checkout)).collect();
    let mut package = shell(&mut pipeline, "package", r#"echo "packing $VERSION""#);
    for task in &tested {
        package = package.after(task);
    }
    let package = package.handle();
    let publish = shell(&mut pipeline, "publish", r#"echo "publishing $VERSION""#).after(&package).handle();
    shell(&mut pipeline, "take-back", r#"echo "taking $VERSION back""#).after_failure(&publish);
    pipeline
}

/// Builds for a platform, then tests what was built.
fn tested(pipeline: &mut Pipeline, platform: &str, checkout: &Task) -> Task {
    let build = shell(pipeline, &format!("build-{platform}"), r#"echo "building for $PLATFORM""#)
        .env("PLATFORM", platform)
        .memory(64 * MIB)
        .after(checkout)
        .handle();
    // The first attempt fails, as tests do that need a network.
    let test = r#"
        if [ "$GOFER_ATTEMPT" -lt 2 ]; then
          echo "the test server is not ready" >&2
          exit 1
        fi
        echo "all tests passed on $PLATFORM"
    "#;
    shell(pipeline, &format!("test-{platform}"), test)
        .env("PLATFORM", platform)
        .retry(Retry::attempts(3).backoff(Duration::from_millis(200)))
        .after(&build)
        .handle()
}

/// A task that runs a script in a shell.
fn shell<'p>(pipeline: &'p mut Pipeline, id: &str, source: &str) -> TaskBuilder<'p> {
    pipeline.task(id).image("gofer-busybox").pull(Pull::Never).timeout(2 * MINUTE).script(script("sh", source))
}
