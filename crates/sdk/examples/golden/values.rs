//! Those that use parameters, outputs, conditions, approvals and runs of other pipelines.

use std::time::Duration;

use gofer_sdk::{Pipeline, Retry, Run, SharedTask, item, variable};

/// Every type of parameter, with a default and without.
pub(super) fn parameters() -> Pipeline {
    let mut p = Pipeline::new("parameters");
    p.env("REGION", "eu");
    p.parameter("TITLE");
    p.parameter("GREETING").description("What to say.").default("Hello, \"you\"!\n");
    p.parameter("EMPTY").default("");
    p.parameter("COUNT").integer(-1..=12).default("3");
    p.parameter("ANY_NUMBER").integer(i64::MIN..=i64::MAX);
    p.parameter("AT_LEAST").integer(0..=i64::MAX).default("9223372036854775807");
    p.parameter("AT_MOST").integer(i64::MIN..=0).default("-9223372036854775808");
    let dry = p.parameter("DRY_RUN").description("Only show what would be done.").boolean().default("true").handle();
    let stage = p.parameter("STAGE").choice(["dev", "prod", ""]).default("dev").handle();
    p.parameter("HOSTS").list().default("a.example\nb.example");
    p.parameter("_none").list().default("");
    p.task("say").command(["printenv"]).input("WHERE", variable("REGION")).when(dry.is("true"));
    p.task("go").command(["true"]).when(dry.is_not("true")).when(stage.is_one_of(["dev", "prod"]));
    p
}

/// Outputs of tasks as inputs of others, and in conditions.
pub(super) fn outputs() -> Pipeline {
    let mut p = Pipeline::new("outputs");
    let script = r#"printf 'VERSION=1.2\nCHANGED=yes\n' >> "$GOFER_OUTPUTS""#;
    let build = p.task("build").command(["/bin/sh", "-c", script]).handle();
    let test = p
        .task("test")
        .command(["/bin/sh", "-c", "test \"$VERSION\" = 1.2"])
        .after(&build)
        .when(build.output("CHANGED").is("yes"))
        .input("VERSION", build.output("VERSION"))
        .input("PLAIN", "text, as it is")
        .input("EMPTY", "")
        .env("VERSION", "overridden")
        .handle();
    p.task("ship")
        .command(["true"])
        .after(&test)
        // Of a task that it depends on only through another.
        .input("VERSION", build.output("VERSION"))
        .when(build.output("CHANGED").is_one_of(["yes", "maybe"]))
        .when(variable("FREEZE").is_none_of(["true", "1"]));
    p.task("skipped").command(["false"]).after(&build).when(build.output("CHANGED").is_not("yes"));
    p.task("missing").command(["true"]).after(&build).when(build.output("NO_SUCH").is_not("x"));
    p
}

/// Tasks that wait for people.
pub(super) fn approval() -> Pipeline {
    let mut p = Pipeline::new("approval");
    let build = p.task("build").command(["true"]).handle();
    let go = p
        .approval("go", &["user:ada", "user:grace"])
        .description("Ship it?")
        .after(&build)
        .timeout(Duration::from_secs(2 * 24 * 60 * 60))
        .handle();
    p.approval("anybody", &[]).after(&build).allow_failure(true);
    p.task("ship").command(["true"]).after(&go);
    p.task("sorry").command(["true"]).after_failure(&go);
    p
}

/// A run for each line of what a task has put out.
pub(super) fn each() -> Pipeline {
    let mut p = Pipeline::new("each");
    let tag = p.parameter("TAG").default("latest").handle();
    let script = r#"printf 'HOSTS<<END\na\nb\nEND\n' >> "$GOFER_OUTPUTS""#;
    let plan = p.task("plan").command(["/bin/sh", "-c", script]).handle();
    let deploy = Run::pipeline("deploy-one")
        .for_each(plan.output("HOSTS"))
        .variable("HOST", item())
        .variable("TAG", &tag)
        .variable("MODE", "rolling")
        .parallelism(4);
    let deploy = p.run("deploy", deploy).description("One host after the other.").after(&plan).handle();
    p.task("report").command(["true"]).after_any(&deploy);
    p
}

/// Tasks that run shared tasks.
pub(super) fn shared() -> Pipeline {
    let mut p = Pipeline::new("shared");
    let text = p.parameter("TEXT").handle();
    let build = p.task("build").command(["true"]).handle();
    let tell = SharedTask::named("notify-slack")
        .setting("TEXT", text)
        .setting("OUTCOME", "succeeded")
        .setting("CHANNEL", build.output("CHANNEL"));
    p.uses("tell", tell).after(&build).retry(Retry::attempts(3)).timeout(Duration::from_secs(60)).allow_failure(true);
    p.uses("pinned", SharedTask::named("debug").version(3));
    p
}

/// Other ways to run a pipeline.
pub(super) fn runs() -> Pipeline {
    let mut p = Pipeline::new("runs");
    let hosts = p.parameter("HOSTS").list().handle();
    p.run("once", Run::pipeline("smoke-test"));
    p.run("listed", Run::pipeline("deploy-one").for_each(["a", "b", ""]).variable("HOST", item()));
    p.run("given", Run::pipeline("deploy-one").for_each(hosts).parallelism(1)).allow_failure(true);
    p
}
