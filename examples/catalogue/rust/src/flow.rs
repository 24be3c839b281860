//! What runs when: order, repetition, failure, time and limits.

use std::time::Duration;

use gofer_sdk::{MIB, Overlap, Pipeline, Retry, Task};

use crate::shell;

/// One build for each system and processor, then one package of all.
pub(crate) fn matrix() -> Pipeline {
    let mut p = Pipeline::new("matrix");
    p.description("Builds for each system and processor, then packs.").overlap(Overlap::Queue(3));
    let mut builds: Vec<Task> = Vec::new();
    for system in ["linux", "windows"] {
        for processor in ["amd64", "arm64"] {
            let build =
                shell(&mut p, &format!("build-{system}-{processor}"), r#"echo "building for $SYSTEM/$PROCESSOR""#)
                    .env("SYSTEM", system)
                    .env("PROCESSOR", processor);
            builds.push(build.handle());
        }
    }
    let pack = shell(&mut p, "pack", "echo packing what was built");
    builds.iter().fold(pack, |pack, build| pack.after(build));
    p
}

/// A task that succeeds at its third attempt.
pub(crate) fn flaky() -> Pipeline {
    let mut p = Pipeline::new("flaky");
    p.description("Tries again what fails at first.");
    let source = r#"
        if [ "$GOFER_ATTEMPT" -lt 3 ]; then
          echo "the server is not ready" >&2
          exit 1
        fi
        echo "fetched at attempt $GOFER_ATTEMPT"
    "#;
    shell(&mut p, "fetch", source).retry(Retry::attempts(5).backoff(Duration::from_millis(100)).multiplier(1.5));
    p
}

/// Branches for success and failure, and what is done in any case.
pub(crate) fn take_back() -> Pipeline {
    let mut p = Pipeline::new("take-back");
    p.description("Takes back what failed, and cleans up in any case.");
    let deploy =
        shell(&mut p, "deploy", "echo the new version does not start >&2; exit 7").allow_failure(true).handle();
    shell(&mut p, "announce", "echo the new version is out").after(&deploy);
    let back = shell(&mut p, "roll-back", "echo back to the version before").after_failure(&deploy).handle();
    shell(&mut p, "clean-up", "echo removing what was left").after_any(&deploy).after_any(&back);
    p
}

/// Checks side by side, all of which are made, whatever the others find.
pub(crate) fn checks() -> Pipeline {
    let mut p = Pipeline::new("checks");
    p.description("Checks side by side; style alone may fail.").overlap(Overlap::Replace);
    let licences = shell(&mut p, "licences", "echo all licences are known").handle();
    let spelling = shell(&mut p, "spelling", "echo no word is unknown").handle();
    let style = shell(&mut p, "style", "echo line 3 is too long; exit 1").allow_failure(true).handle();
    shell(&mut p, "verdict", "echo good enough").after(&licences).after(&spelling).after_any(&style);
    p
}

/// A task that is ended when its time is over, and what is done instead.
pub(crate) fn deadline() -> Pipeline {
    let mut p = Pipeline::new("deadline");
    p.description("Takes the quick way when the thorough one takes too long.").timeout(Duration::from_secs(300));
    let thorough = shell(&mut p, "thorough", "sleep 60").timeout(Duration::from_secs(1)).allow_failure(true).handle();
    shell(&mut p, "quick", "echo a quick answer").after_failure(&thorough);
    p
}

/// What a task knows of itself, where it runs, and what it may use.
pub(crate) fn whoami() -> Pipeline {
    let mut p = Pipeline::new("whoami");
    p.description("Tells what a task knows of itself.").env("GREETING", "this is");
    let source = r#"
        echo "$GREETING attempt $GOFER_ATTEMPT of $GOFER_TASK in run $GOFER_RUN of $GOFER_PIPELINE"
        test "$(pwd)" = /tmp
    "#;
    shell(&mut p, "tell", source).working_directory("/tmp").cpu(0.5).memory(64 * MIB).env("GREETING", "here is");
    p
}
