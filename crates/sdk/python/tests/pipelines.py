"""The pipelines of proto/testdata/pipelines/valid, as an author writes them.

python3 -m tests.pipelines NAME prints one of them.
"""

import sys
from datetime import timedelta
from typing import Callable, Dict

from gofer_sdk import GIB, ITEM, MIB, Pipeline, Queue, Retry, script, script_with, secret, variable

MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def minimal() -> Pipeline:
    p = Pipeline("minimal")
    p.task("only", command=["true"])
    return p


def hello() -> Pipeline:
    p = Pipeline("hello", description="Says hello.", env={"WHOM": "world"})
    source = """
        echo "Hello, $WHOM!"
        if [ "$GOFER_ATTEMPT" -gt 1 ]; then
          echo "again"
        fi
    """
    p.task("greet", image="busybox:1.36", timeout=MINUTE, script=script("sh", source))
    return p


def nightly() -> Pipeline:
    p = Pipeline(
        "nightly",
        description="Builds, tests and reports.",
        parallelism=1,
        overlap=Queue(3),
        timeout=2 * HOUR,
        env={"CHANNEL": "nightly"},
    )
    build = p.task(
        "build",
        image="rust:1",
        command=["cargo", "build", "--release"],
        cpu=2,
        memory=4 * GIB,
        timeout=45 * MINUTE,
    )
    test = p.task(
        "test",
        image="rust:1",
        command=["cargo", "test", "--release"],
        after=[build],
        retry=Retry(attempts=3, backoff=10 * SECOND),
        env={"RUST_BACKTRACE": "1"},
    )
    p.task(
        "report-failure",
        image="curlimages/curl",
        command=["curl", "-fsS", "https://chat.example/hook", "-d", "the nightly tests failed"],
        after_failure=[test],
        allow_failure=True,
    )
    p.task(
        "clean-up",
        driver="process",
        command=["/bin/sh", "-c", "rm -rf /var/cache/nightly"],
        after_any=[test],
        constraints={"disk": "ssd"},
    )
    return p


def forbid() -> Pipeline:
    p = Pipeline("forbid", overlap="forbid")
    p.task("backup", image="backup:2", timeout=6 * HOUR)
    return p


def replace() -> Pipeline:
    p = Pipeline("replace", overlap="replace", parallelism=4)
    p.task("preview", image="preview", pull="always")
    return p


def secrets() -> Pipeline:
    p = Pipeline("secrets")
    p.task(
        "deploy",
        command=["deploy", "--key", "id_ed25519"],
        secret_env={"TOKEN": secret("deploy-token"), "A_TOKEN": secret("deploy-token")},
        secret_files={"id_ed25519": secret("deploy-key")},
        env={"B": "1"},
    )
    p.task("only-a-file", command=["true"], secret_files={"a.b": secret("x_1")})
    return p


def every_field() -> Pipeline:
    p = Pipeline(
        "every-field_1",
        description="Every field of a task.",
        parallelism=(1 << 32) - 1,
        overlap=Queue(10_000),
        timeout=30 * DAY,
        env={"B": "", "A": "1"},
    )
    first = p.task("first", command=["true"])
    p.task(
        "all",
        description="All of it.",
        image="registry.example:5000/team/tool@sha256:0123456789abcdef",
        pull="never",
        entrypoint=["/usr/bin/env", "-i"],
        command=["tool", "--flag", "", "a b"],
        working_directory="/srv/work dir",
        after=[first],
        retry=Retry(attempts=100, backoff=2 * SECOND, backoff_max=5 * MINUTE, multiplier=1.5, retry_lost=False),
        timeout=90_500 * MILLISECOND,
        cpu=0.25,
        memory=512 * MIB,
        driver="docker",
        allow_failure=True,
        constraints={"zone": "eu", "arch": "amd64"},
        env={"B": "task", "A_B": "x=y"},
    )
    return p


def diamond() -> Pipeline:
    p = Pipeline("diamond")
    source = p.task("source", command=["true"])
    left = p.task("left", command=["true"], after=[source])
    right = p.task("right", command=["true"], after=[source])
    p.task("sink", command=["true"], after=[right, left])
    return p


def requirements() -> Pipeline:
    p = Pipeline("requirements")
    # Declared before their parents: the order of declaration is no part of a pipeline.
    child = p.task("a-child", command=["true"])
    grandchild = p.task("b-grandchild", command=["true"], after_any=[child])
    x = p.task("x", command=["true"])
    y = p.task("y", command=["false"])
    z = p.task("z", command=["true"])
    child.after_any(z).after_failure(y).after(x)
    grandchild.after_failure(x)
    return p


def retries() -> Pipeline:
    p = Pipeline("retries")
    p.task("default", command=["true"], retry=Retry(attempts=1))
    p.task("thrice", command=["true"], retry=Retry(attempts=3))
    p.task("at-once", command=["true"], retry=Retry(attempts=2, backoff=timedelta()))
    p.task("patient", command=["true"], retry=Retry(attempts=5, backoff=HOUR, multiplier=1))
    p.task("steep", command=["true"], retry=Retry(attempts=5, backoff_max=30 * DAY, multiplier=100))
    p.task("fine", command=["true"], retry=Retry(attempts=5, multiplier=1.15))
    p.task("never-twice", command=["true"], retry=Retry(attempts=1, retry_lost=False))
    return p


def units() -> Pipeline:
    p = Pipeline("units", timeout=DAY + HOUR + MINUTE + SECOND + MILLISECOND)
    p.task("least", command=["true"], timeout=MILLISECOND, cpu=0.001, memory=4 * MIB)
    p.task("most", command=["true"], timeout=30 * DAY, cpu=1000, memory=1 << 50)
    p.task("odd", command=["true"], timeout=3_599_999 * MILLISECOND, cpu=1.999, memory=5_000_001)
    p.task("binary", command=["true"], timeout=90 * MINUTE, cpu=2.5, memory=1536 * MIB)
    p.task("decimal", command=["true"], timeout=100 * SECOND, cpu=0.1, memory=2_000_000_000)
    p.task("none", command=["true"], cpu=0, memory=0)
    return p


def text() -> Pipeline:
    names = ["z", "Z", "_", "é", "e\u0301", "ß", "\uffee", "😀", "\U0010ffff", "a b", "10", "9"]
    env = {name: name for name in names}
    p = Pipeline(
        "text",
        description='Quotes " and \\ and / and <b>&amp;</b>,\ttabs,\r\nlines, \b\f\x01\x1f\x7f\x80, \0.',
        env={**env, "SEPARATORS": "\u2028\u2029\ufeff\u200f", "EMPTY": ""},
    )
    p.task("words", command=["printf", "%s\\n", "日本語", "it's", "$HOME", "line\nbreak", ""])
    return p


def scripts() -> Pipeline:
    p = Pipeline("scripts")
    p.task("sh", image="busybox", script=script("sh", "echo one\necho two\n"))
    bash = '\n\t\tset -x\n\t\t\techo "$BASH_VERSION"\n\n\t\techo\n\t'
    p.task("bash", image="bash:5", script=script("bash", bash))
    python = """
        import sys
        for n in range(3):
            print(n, file=sys.stderr)
    """
    p.task("python3", image="python:3.12", script=script("python3", python))
    p.task("node", image="node:22", script=script("node", "console.log('hi')"))
    p.task("ruby", image="ruby:3", script=script("ruby", "puts 'hi'"))
    p.task("perl", image="perl:5", script=script("perl", 'print "hi\\n";'))
    p.task("lua", image="lua:5.4", script=script_with(["lua5.4", "-W", "-e"], "print('hi')"))
    return p


def drivers() -> Pipeline:
    p = Pipeline("drivers")
    p.task("process", driver="process", entrypoint=["/bin/echo"], command=["hi"])
    p.task("docker", driver="docker", image="busybox")
    p.task("either", image="busybox", command=["echo", "hi"], constraints={"tier": "1", "a/b.c-d_e": ""})
    return p


def fan() -> Pipeline:
    p = Pipeline("fan")
    start = p.task("start", command=["true"])
    parts = [
        p.task(f"part-{n}", command=["process", str(n)], after=[start], env={"PART": str(n)}) for n in range(30)
    ]
    p.task("join", command=["true"], after=parts)
    return p


def parameters() -> Pipeline:
    """Every type of parameter, with a default and without."""
    p = Pipeline("parameters", env={"REGION": "eu"})
    p.parameter("TITLE")
    p.parameter("GREETING", description="What to say.", default='Hello, "you"!\n')
    p.parameter("EMPTY", default="")
    p.parameter("COUNT", type="integer", least=-1, most=12, default="3")
    p.parameter("ANY_NUMBER", type="integer")
    p.parameter("AT_LEAST", type="integer", least=0, default="9223372036854775807")
    p.parameter("AT_MOST", type="integer", most=0, default="-9223372036854775808")
    dry = p.parameter("DRY_RUN", type="boolean", description="Only show what would be done.", default="true")
    stage = p.parameter("STAGE", type="choice", choices=["dev", "prod", ""], default="dev")
    p.parameter("HOSTS", type="list", default="a.example\nb.example")
    p.parameter("_none", type="list", default="")
    p.task("say", command=["printenv"], inputs={"WHERE": variable("REGION")}, when=dry.is_("true"))
    p.task("go", command=["true"], when=[dry.is_not("true"), stage.is_("dev", "prod")])
    return p


def outputs() -> Pipeline:
    """Outputs of tasks as inputs of others, and in conditions."""
    p = Pipeline("outputs")
    source = "printf 'VERSION=1.2\\nCHANGED=yes\\n' >> \"$GOFER_OUTPUTS\""
    build = p.task("build", command=["/bin/sh", "-c", source])
    test = p.task(
        "test",
        command=["/bin/sh", "-c", 'test "$VERSION" = 1.2'],
        after=[build],
        when=[build.output("CHANGED").is_("yes")],
        inputs={"VERSION": build.output("VERSION"), "PLAIN": "text, as it is", "EMPTY": ""},
        env={"VERSION": "overridden"},
    )
    ship = p.task(
        "ship",
        command=["true"],
        after=[test],
        # Of a task that it depends on only through another.
        inputs={"VERSION": build.output("VERSION")},
        when=[build.output("CHANGED").is_("yes", "maybe")],
    )
    ship.when(variable("FREEZE").is_not("true", "1"))
    p.task("skipped", command=["false"], after=[build], when=build.output("CHANGED").is_not("yes"))
    p.task("missing", command=["true"], after=[build], when=build.output("NO_SUCH").is_not("x"))
    return p


def approval() -> Pipeline:
    """Tasks that wait for people."""
    p = Pipeline("approval")
    build = p.task("build", command=["true"])
    go = p.approval(
        "go", approvers=["user:ada", "user:grace"], description="Ship it?", after=[build], timeout=2 * DAY
    )
    p.approval("anybody", after=[build], allow_failure=True)
    p.task("ship", command=["true"], after=[go])
    p.task("sorry", command=["true"], after_failure=[go])
    return p


def each() -> Pipeline:
    """A run for each line of what a task has put out."""
    p = Pipeline("each")
    tag = p.parameter("TAG", default="latest")
    source = "printf 'HOSTS<<END\\na\\nb\\nEND\\n' >> \"$GOFER_OUTPUTS\""
    plan = p.task("plan", command=["/bin/sh", "-c", source])
    deploy = p.run(
        "deploy",
        "deploy-one",
        description="One host after the other.",
        variables={"HOST": ITEM, "TAG": tag, "MODE": "rolling"},
        for_each=plan.output("HOSTS"),
        parallelism=4,
        after=[plan],
    )
    p.task("report", command=["true"], after_any=[deploy])
    return p


def runs() -> Pipeline:
    """Other ways to run a pipeline."""
    p = Pipeline("runs")
    hosts = p.parameter("HOSTS", type="list")
    p.run("once", "smoke-test")
    p.run("listed", "deploy-one", for_each=["a", "b", ""], variables={"HOST": ITEM})
    p.run("given", "deploy-one", for_each=hosts, parallelism=1, allow_failure=True)
    return p


def shared() -> Pipeline:
    """Tasks that run shared tasks."""
    p = Pipeline("shared")
    text = p.parameter("TEXT")
    build = p.task("build", command=["true"])
    p.uses(
        "tell",
        "notify-slack",
        settings={"TEXT": text, "OUTCOME": "succeeded", "CHANNEL": build.output("CHANNEL")},
        after=[build],
        retry=Retry(attempts=3),
        timeout=timedelta(minutes=1),
        allow_failure=True,
    )
    p.uses("pinned", "debug", version=3)
    return p


ALL: Dict[str, Callable[[], Pipeline]] = {
    "minimal": minimal,
    "hello": hello,
    "nightly": nightly,
    "forbid": forbid,
    "replace": replace,
    "every-field": every_field,
    "secrets": secrets,
    "diamond": diamond,
    "requirements": requirements,
    "retries": retries,
    "units": units,
    "text": text,
    "scripts": scripts,
    "drivers": drivers,
    "fan": fan,
    "parameters": parameters,
    "outputs": outputs,
    "approval": approval,
    "each": each,
    "runs": runs,
    "shared": shared,
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ALL:
        sys.exit(f"name one of {', '.join(ALL)}")
    ALL[sys.argv[1]]().emit()
