//! The pipelines of `proto/testdata/pipelines/valid`, as an author writes them.

#[path = "values.rs"]
mod values;

use std::time::Duration;

use gofer_sdk::{Driver, GIB, MIB, Overlap, Pipeline, Pull, Requirement, Retry, Script, script, secret};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Every pipeline with the name of its file.
pub(crate) fn all() -> Vec<(&'static str, Pipeline)> {
    vec![
        ("minimal", minimal()),
        ("hello", hello()),
        ("nightly", nightly()),
        ("forbid", forbid()),
        ("replace", replace()),
        ("every-field", every_field()),
        ("secrets", secrets()),
        ("diamond", diamond()),
        ("requirements", requirements()),
        ("retries", retries()),
        ("units", units()),
        ("text", text()),
        ("scripts", scripts()),
        ("drivers", drivers()),
        ("fan", fan()),
        ("parameters", values::parameters()),
        ("outputs", values::outputs()),
        ("approval", values::approval()),
        ("each", values::each()),
        ("runs", values::runs()),
        ("shared", values::shared()),
    ]
}

fn minimal() -> Pipeline {
    let mut p = Pipeline::new("minimal");
    p.task("only").command(["true"]);
    p
}

fn hello() -> Pipeline {
    let mut p = Pipeline::new("hello");
    p.description("Says hello.").env("WHOM", "world");
    p.task("greet").image("busybox:1.36").timeout(MINUTE).script(script(
        "sh",
        r#"
        echo "Hello, $WHOM!"
        if [ "$GOFER_ATTEMPT" -gt 1 ]; then
          echo "again"
        fi
        "#,
    ));
    p
}

fn nightly() -> Pipeline {
    let mut p = Pipeline::new("nightly");
    p.description("Builds, tests and reports.").parallelism(1).overlap(Overlap::Queue(3)).timeout(2 * HOUR);
    p.env("CHANNEL", "nightly");
    let build = p
        .task("build")
        .image("rust:1")
        .command(["cargo", "build", "--release"])
        .cpu(2.0)
        .memory(4 * GIB)
        .timeout(45 * MINUTE)
        .handle();
    let test = p
        .task("test")
        .image("rust:1")
        .command(["cargo", "test", "--release"])
        .after(&build)
        .retry(Retry::attempts(3).backoff(10 * SECOND))
        .env("RUST_BACKTRACE", "1")
        .handle();
    p.task("report-failure")
        .image("curlimages/curl")
        .command(["curl", "-fsS", "https://chat.example/hook", "-d", "the nightly tests failed"])
        .after_failure(&test)
        .allow_failure(true);
    p.task("clean-up")
        .driver(Driver::Process)
        .command(["/bin/sh", "-c", "rm -rf /var/cache/nightly"])
        .after_any(&test)
        .constraint("disk", "ssd");
    p
}

fn forbid() -> Pipeline {
    let mut p = Pipeline::new("forbid");
    p.overlap(Overlap::Forbid);
    p.task("backup").image("backup:2").timeout(6 * HOUR);
    p
}

fn replace() -> Pipeline {
    let mut p = Pipeline::new("replace");
    p.overlap(Overlap::Replace).parallelism(4);
    p.task("preview").image("preview").pull(Pull::Always);
    p
}

fn every_field() -> Pipeline {
    let mut p = Pipeline::new("every-field_1");
    p.description("Every field of a task.").parallelism(u32::MAX).overlap(Overlap::Queue(10_000)).timeout(30 * DAY);
    p.env("A", "1").env("B", "");
    let first = p.task("first").command(["true"]).handle();
    p.task("all")
        .description("All of it.")
        .image("registry.example:5000/team/tool@sha256:0123456789abcdef")
        .pull(Pull::Never)
        .entrypoint(["/usr/bin/env", "-i"])
        .command(["tool", "--flag", "", "a b"])
        .working_directory("/srv/work dir")
        .after(&first)
        .retry(Retry::attempts(100).backoff(2 * SECOND).backoff_max(5 * MINUTE).multiplier(1.5).retry_lost(false))
        .timeout(Duration::from_millis(90_500))
        .cpu(0.25)
        .memory(512 * MIB)
        .driver(Driver::Docker)
        .allow_failure(true)
        .constraint("zone", "eu")
        .constraint("arch", "amd64")
        .env("B", "task")
        .env("A_B", "x=y");
    p
}

fn secrets() -> Pipeline {
    let mut p = Pipeline::new("secrets");
    p.task("deploy")
        .command(["deploy", "--key", "id_ed25519"])
        .secret_env("TOKEN", secret("deploy-token"))
        .secret_env("A_TOKEN", secret("deploy-token"))
        .secret_file("id_ed25519", secret("deploy-key"))
        .env("B", "1");
    p.task("only-a-file").command(["true"]).secret_file("a.b", secret("x_1"));
    p
}

fn diamond() -> Pipeline {
    let mut p = Pipeline::new("diamond");
    let source = p.task("source").command(["true"]).handle();
    let left = p.task("left").command(["true"]).after(&source).handle();
    let right = p.task("right").command(["true"]).after(&source).handle();
    p.task("sink").command(["true"]).after(&right).after(&left);
    p
}

fn requirements() -> Pipeline {
    let mut p = Pipeline::new("requirements");
    // Declared before their parents: the order of declaration is no part of a pipeline.
    let child = p.task("a-child").command(["true"]).handle();
    let grandchild = p.task("b-grandchild").command(["true"]).after_any(&child).handle();
    let x = p.task("x").command(["true"]).handle();
    let y = p.task("y").command(["false"]).handle();
    let z = p.task("z").command(["true"]).handle();
    p.of(&child).after_any(&z).after_failure(&y).depends_on(&x, Requirement::Success);
    p.of(&grandchild).after_failure(&x);
    p
}

fn retries() -> Pipeline {
    let mut p = Pipeline::new("retries");
    p.task("default").command(["true"]).retry(Retry::attempts(1));
    p.task("thrice").command(["true"]).retry(Retry::attempts(3));
    p.task("at-once").command(["true"]).retry(Retry::attempts(2).backoff(Duration::ZERO));
    p.task("patient").command(["true"]).retry(Retry::attempts(5).backoff(HOUR).multiplier(1.0));
    p.task("steep").command(["true"]).retry(Retry::attempts(5).backoff_max(30 * DAY).multiplier(100.0));
    p.task("fine").command(["true"]).retry(Retry::attempts(5).multiplier(1.15));
    p.task("never-twice").command(["true"]).retry(Retry::attempts(1).retry_lost(false));
    p
}

fn units() -> Pipeline {
    let mut p = Pipeline::new("units");
    p.timeout(DAY + HOUR + MINUTE + SECOND + Duration::from_millis(1));
    p.task("least").command(["true"]).timeout(Duration::from_millis(1)).cpu(0.001).memory(4 * MIB);
    p.task("most").command(["true"]).timeout(30 * DAY).cpu(1000.0).memory(1 << 50);
    p.task("odd").command(["true"]).timeout(Duration::from_millis(3_599_999)).cpu(1.999).memory(5_000_001);
    p.task("binary").command(["true"]).timeout(90 * MINUTE).cpu(2.5).memory(1536 * MIB);
    p.task("decimal").command(["true"]).timeout(100 * SECOND).cpu(0.1).memory(2_000_000_000);
    p.task("none").command(["true"]).cpu(0.0).memory(0);
    p
}

fn text() -> Pipeline {
    let mut p = Pipeline::new("text");
    p.description("Quotes \" and \\ and / and <b>&amp;</b>,\ttabs,\r\nlines, \u{8}\u{c}\u{1}\u{1f}\u{7f}\u{80}, \0.");
    // In the order of code points, which is neither that of UTF-16 nor that of any language.
    for name in ["z", "Z", "_", "é", "e\u{301}", "ß", "\u{ffee}", "😀", "\u{10ffff}", "a b", "10", "9"] {
        p.env(name, name);
    }
    p.env("SEPARATORS", "\u{2028}\u{2029}\u{feff}\u{200f}").env("EMPTY", "");
    p.task("words").command(["printf", "%s\\n", "日本語", "it's", "$HOME", "line\nbreak", ""]);
    p
}

fn scripts() -> Pipeline {
    let mut p = Pipeline::new("scripts");
    p.task("sh").image("busybox").script(script("sh", "echo one\necho two\n"));
    p.task("bash").image("bash:5").script(script("bash", "\n\t\tset -x\n\t\t\techo \"$BASH_VERSION\"\n\n\t\techo\n\t"));
    p.task("python3").image("python:3.12").script(script(
        "python3",
        "
            import sys
            for n in range(3):
                print(n, file=sys.stderr)
        ",
    ));
    p.task("node").image("node:22").script(script("node", "console.log('hi')"));
    p.task("ruby").image("ruby:3").script(script("ruby", "puts 'hi'"));
    p.task("perl").image("perl:5").script(script("perl", "print \"hi\\n\";"));
    p.task("lua").image("lua:5.4").script(Script::with(["lua5.4", "-W", "-e"], "print('hi')"));
    p
}

fn drivers() -> Pipeline {
    let mut p = Pipeline::new("drivers");
    p.task("process").driver(Driver::Process).entrypoint(["/bin/echo"]).command(["hi"]);
    p.task("docker").driver(Driver::Docker).image("busybox");
    p.task("either").image("busybox").command(["echo", "hi"]).constraint("a/b.c-d_e", "").constraint("tier", "1");
    p
}

fn fan() -> Pipeline {
    let mut p = Pipeline::new("fan");
    let start = p.task("start").command(["true"]).handle();
    let parts: Vec<_> = (0..30)
        .map(|n| {
            let part = p.task(format!("part-{n}")).command(["process", &n.to_string()]);
            part.after(&start).env("PART", n.to_string()).handle()
        })
        .collect();
    let mut join = p.task("join").command(["true"]);
    for part in &parts {
        join = join.after(part);
    }
    p
}
