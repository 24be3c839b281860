"""Loads a day's events: they are extracted, transformed in shards, and joined into a report.

    export PYTHONPATH="$PWD/crates/sdk/python"    # or: pip install ./crates/sdk/python
    gofer pipeline register examples/python
    gofer pipeline register examples/python -- --shards 8
    gofer run start events-python --watch

The tasks only pretend, with a shell that any node has. scripts/make-image makes the image for containers.
"""

import argparse
from datetime import timedelta

from gofer_sdk import MIB, Pipeline, Retry, Task, script

parser = argparse.ArgumentParser()
parser.add_argument("--shards", type=int, default=4)
shards = parser.parse_args().shards

pipeline = Pipeline(
    "events-python",
    description="Extracts, transforms in shards, and reports.",
    # A new day's run replaces one that is stuck.
    overlap="replace",
    timeout=timedelta(hours=2),
    env={"DAY": "yesterday", "SHARDS": str(shards)},
)


def shell(id: str, source: str, **more: object) -> Task:
    """A task that runs a script in a shell."""
    return pipeline.task(
        id,
        image="gofer-busybox",
        pull="never",
        timeout=timedelta(minutes=10),
        script=script("sh", source),
        **more,  # type: ignore[arg-type]
    )


extract = shell("extract", 'echo "fetching the events of $DAY"', retry=Retry(attempts=3))
transformed = [
    shell(
        f"transform-{shard}",
        """
        echo "shard $SHARD of $SHARDS"
        seq 1 3 | while read -r event; do
          echo "event $event"
        done
        """,
        env={"SHARD": str(shard)},
        memory=32 * MIB,
        after=[extract],
    )
    for shard in range(shards)
]
# A report that lacks something is better than none, so it does not ask how the check went.
check = shell("check", "echo counting; exit 1", after=transformed, allow_failure=True)
shell("report", 'echo "the report of $DAY"', after=transformed, after_any=[check])

pipeline.emit()
