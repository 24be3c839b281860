//! What goes in and comes out: parameters, outputs, conditions, other pipelines, secrets, and what people say.

use std::time::Duration;

use gofer_sdk::{Pipeline, Run, item, secret};

use crate::shell;

/// A parameter with a default.
pub(crate) fn greet() -> Pipeline {
    let mut p = Pipeline::new("greet");
    p.description("Says hello.");
    p.parameter("NAME").description("Whom to greet.").default("world");
    shell(&mut p, "say", r#"echo "Hello, $NAME!""#);
    p
}

/// Outputs of tasks as inputs of others.
pub(crate) fn totals() -> Pipeline {
    let mut p = Pipeline::new("totals");
    p.description("Passes numbers on, and loads nothing when there are none.");
    let extract = shell(&mut p, "extract", r#"echo "ROWS=4" >> "$GOFER_OUTPUTS""#).handle();
    let sum = shell(&mut p, "sum", r#"echo "SUM=$((ROWS * (ROWS + 1) / 2))" >> "$GOFER_OUTPUTS""#)
        .after(&extract)
        .input("ROWS", extract.output("ROWS"))
        .when(extract.output("ROWS").is_not("0"))
        .handle();
    shell(&mut p, "load", r#"test "$SUM" = 10 && echo "loading $SUM""#).after(&sum).input("SUM", sum.output("SUM"));
    p
}

/// Conditions on a parameter.
pub(crate) fn dry_run() -> Pipeline {
    let mut p = Pipeline::new("dry-run");
    p.description("Only tells what it would do, unless it is told to do it.");
    let dry = p.parameter("DRY_RUN").boolean().default("true").handle();
    let plan = shell(&mut p, "plan", "echo three files are to be removed").handle();
    shell(&mut p, "remove", "echo removing three files").after(&plan).when(dry.is("false"));
    shell(&mut p, "tell", "echo nothing was removed").after(&plan).when(dry.is("true"));
    p
}

/// A run of another pipeline for each line that a task has put out.
pub(crate) fn fleet() -> Pipeline {
    let mut p = Pipeline::new("fleet");
    p.description("Greets each host that is found, two at a time.");
    let source = r#"
        printf 'HOSTS<<END\nweb-1\nweb-2\ndb-1\nEND\n' >> "$GOFER_OUTPUTS"
    "#;
    let find = shell(&mut p, "find", source).handle();
    let greet = Run::pipeline("greet").for_each(find.output("HOSTS")).variable("NAME", item()).parallelism(2);
    let greet = p.run("greet-each", greet).after(&find).handle();
    shell(&mut p, "report", "echo all were greeted").after(&greet);
    p
}

/// A secret in the environment, and one in a file.
pub(crate) fn publish() -> Pipeline {
    let mut p = Pipeline::new("publish");
    p.description("Uses a token and a key that are in no file of the pipeline.");
    let source = r#"
        test -n "$TOKEN" && test -s "$GOFER_SECRETS_DIR/signing.key"
        echo "published with a token of ${#TOKEN} letters"
    "#;
    shell(&mut p, "publish", source)
        .secret_env("TOKEN", secret("registry-token"))
        .secret_file("signing.key", secret("signing-key"));
    p
}

/// A task that waits until somebody agrees.
pub(crate) fn ship() -> Pipeline {
    let mut p = Pipeline::new("ship");
    p.description("Ships once somebody agrees.");
    let build = shell(&mut p, "build", "echo building").handle();
    let agree = p
        .approval("agree", &[])
        .description("Is it good enough?")
        .after(&build)
        .timeout(Duration::from_secs(24 * 60 * 60))
        .handle();
    shell(&mut p, "send", "echo sending").after(&agree);
    p
}
