"""Twelve small pipelines, each of which shows one thing. The programs beside this one, in Rust and Go, have the same.

    export PYTHONPATH="$PWD/crates/sdk/python"    # or: pip install ./crates/sdk/python
    gofer pipeline register examples/catalogue/python/pipelines.py -- greet
    gofer run start greet -v NAME=Ada --watch

The tasks only pretend, with a shell that any node has. scripts/make-image makes the image for containers.
"""

import sys
from datetime import timedelta

from gofer_sdk import ITEM, MIB, Pipeline, Queue, Retry, Task, script, secret


def shell(pipeline: Pipeline, id: str, source: str, **more: object) -> Task:
    """A task that runs a script in a shell."""
    more.setdefault("timeout", timedelta(minutes=1))
    return pipeline.task(
        id,
        image="gofer-busybox",
        pull="never",
        script=script("sh", source),
        **more,  # type: ignore[arg-type]
    )


# What runs when: order, repetition, failure, time and limits.


def matrix() -> Pipeline:
    """One build for each system and processor, then one package of all."""
    p = Pipeline("matrix", description="Builds for each system and processor, then packs.", overlap=Queue(3))
    builds = [
        shell(
            p,
            f"build-{system}-{processor}",
            'echo "building for $SYSTEM/$PROCESSOR"',
            env={"SYSTEM": system, "PROCESSOR": processor},
        )
        for system in ("linux", "windows")
        for processor in ("amd64", "arm64")
    ]
    shell(p, "pack", "echo packing what was built", after=builds)
    return p


def flaky() -> Pipeline:
    """A task that succeeds at its third attempt."""
    p = Pipeline("flaky", description="Tries again what fails at first.")
    source = """
        if [ "$GOFER_ATTEMPT" -lt 3 ]; then
          echo "the server is not ready" >&2
          exit 1
        fi
        echo "fetched at attempt $GOFER_ATTEMPT"
    """
    shell(p, "fetch", source, retry=Retry(attempts=5, backoff=timedelta(milliseconds=100), multiplier=1.5))
    return p


def take_back() -> Pipeline:
    """Branches for success and failure, and what is done in any case."""
    p = Pipeline("take-back", description="Takes back what failed, and cleans up in any case.")
    deploy = shell(p, "deploy", "echo the new version does not start >&2; exit 7", allow_failure=True)
    shell(p, "announce", "echo the new version is out", after=[deploy])
    back = shell(p, "roll-back", "echo back to the version before", after_failure=[deploy])
    shell(p, "clean-up", "echo removing what was left", after_any=[deploy, back])
    return p


def checks() -> Pipeline:
    """Checks side by side, all of which are made, whatever the others find."""
    p = Pipeline("checks", description="Checks side by side; style alone may fail.", overlap="replace")
    licences = shell(p, "licences", "echo all licences are known")
    spelling = shell(p, "spelling", "echo no word is unknown")
    style = shell(p, "style", "echo line 3 is too long; exit 1", allow_failure=True)
    shell(p, "verdict", "echo good enough", after=[licences, spelling], after_any=[style])
    return p


def deadline() -> Pipeline:
    """A task that is ended when its time is over, and what is done instead."""
    p = Pipeline(
        "deadline",
        description="Takes the quick way when the thorough one takes too long.",
        timeout=timedelta(minutes=5),
    )
    thorough = shell(p, "thorough", "sleep 60", timeout=timedelta(seconds=1), allow_failure=True)
    shell(p, "quick", "echo a quick answer", after_failure=[thorough])
    return p


def whoami() -> Pipeline:
    """What a task knows of itself, where it runs, and what it may use."""
    p = Pipeline("whoami", description="Tells what a task knows of itself.", env={"GREETING": "this is"})
    source = """
        echo "$GREETING attempt $GOFER_ATTEMPT of $GOFER_TASK in run $GOFER_RUN of $GOFER_PIPELINE"
        test "$(pwd)" = /tmp
    """
    shell(p, "tell", source, working_directory="/tmp", cpu=0.5, memory=64 * MIB, env={"GREETING": "here is"})
    return p


# What goes in and comes out: parameters, outputs, conditions, other pipelines, secrets, and what people say.


def greet() -> Pipeline:
    """A parameter with a default."""
    p = Pipeline("greet", description="Says hello.")
    p.parameter("NAME", description="Whom to greet.", default="world")
    shell(p, "say", 'echo "Hello, $NAME!"')
    return p


def totals() -> Pipeline:
    """Outputs of tasks as inputs of others."""
    p = Pipeline("totals", description="Passes numbers on, and loads nothing when there are none.")
    extract = shell(p, "extract", 'echo "ROWS=4" >> "$GOFER_OUTPUTS"')
    total = shell(
        p,
        "sum",
        'echo "SUM=$((ROWS * (ROWS + 1) / 2))" >> "$GOFER_OUTPUTS"',
        after=[extract],
        inputs={"ROWS": extract.output("ROWS")},
        when=extract.output("ROWS").is_not("0"),
    )
    shell(p, "load", 'test "$SUM" = 10 && echo "loading $SUM"', after=[total], inputs={"SUM": total.output("SUM")})
    return p


def dry_run() -> Pipeline:
    """Conditions on a parameter."""
    p = Pipeline("dry-run", description="Only tells what it would do, unless it is told to do it.")
    dry = p.parameter("DRY_RUN", type="boolean", default="true")
    plan = shell(p, "plan", "echo three files are to be removed")
    shell(p, "remove", "echo removing three files", after=[plan], when=dry.is_("false"))
    shell(p, "tell", "echo nothing was removed", after=[plan], when=dry.is_("true"))
    return p


def fleet() -> Pipeline:
    """A run of another pipeline for each line that a task has put out."""
    p = Pipeline("fleet", description="Greets each host that is found, two at a time.")
    source = r"""
        printf 'HOSTS<<END\nweb-1\nweb-2\ndb-1\nEND\n' >> "$GOFER_OUTPUTS"
    """
    find = shell(p, "find", source)
    hosts = find.output("HOSTS")
    each = p.run("greet-each", "greet", for_each=hosts, variables={"NAME": ITEM}, parallelism=2, after=[find])
    shell(p, "report", "echo all were greeted", after=[each])
    return p


def publish() -> Pipeline:
    """A secret in the environment, and one in a file."""
    p = Pipeline("publish", description="Uses a token and a key that are in no file of the pipeline.")
    source = """
        test -n "$TOKEN" && test -s "$GOFER_SECRETS_DIR/signing.key"
        echo "published with a token of ${#TOKEN} letters"
    """
    shell(
        p,
        "publish",
        source,
        secret_env={"TOKEN": secret("registry-token")},
        secret_files={"signing.key": secret("signing-key")},
    )
    return p


def ship() -> Pipeline:
    """A task that waits until somebody agrees."""
    p = Pipeline("ship", description="Ships once somebody agrees.")
    build = shell(p, "build", "echo building")
    agree = p.approval("agree", description="Is it good enough?", after=[build], timeout=timedelta(days=1))
    shell(p, "send", "echo sending", after=[agree])
    return p


# By name, in the order in which they are best read.
CATALOGUE = {
    "greet": greet,
    "matrix": matrix,
    "flaky": flaky,
    "take-back": take_back,
    "checks": checks,
    "deadline": deadline,
    "whoami": whoami,
    "totals": totals,
    "dry-run": dry_run,
    "fleet": fleet,
    "publish": publish,
    "ship": ship,
}

if len(sys.argv) != 2 or sys.argv[1] not in CATALOGUE:
    sys.exit("usage: NAME, one of " + ", ".join(CATALOGUE))
CATALOGUE[sys.argv[1]]().emit()
