"""Gofer pipelines, written in Python.

A program declares one pipeline and emits it; ``gofer pipeline register DIRECTORY`` runs the program and registers what
it printed:

>>> from datetime import timedelta
>>> from gofer_sdk import GIB, Pipeline, Retry, script
>>> nightly = Pipeline("nightly", description="Builds, tests and reports.", timeout=timedelta(hours=2))
>>> build = nightly.task("build", image="rust:1", command=["cargo", "build"], memory=4 * GIB)
>>> test = nightly.task(
...     "test",
...     image="rust:1",
...     command=["cargo", "test"],
...     after=[build],
...     retry=Retry(attempts=3, backoff=timedelta(seconds=10)),
... )
>>> report = nightly.task(
...     "report",
...     image="python:3.12",
...     script=script("python3", "print('the tests failed')"),
...     after_failure=[test],
...     allow_failure=True,
... )
>>> nightly.faults()
[]

and, as the last line of the program, ``nightly.emit()``.

What can be said is what a pipeline file can say, and what is refused is what a cluster would refuse: all faults at
once, each with the line that declared the task. There are no dependencies. Python 3.9 or newer.
"""

from ._config import Queue, Retry
from ._fault import Fault, InvalidPipeline, Source
from ._pipeline import FORMAT, Pipeline, Task
from ._script import Script, script, script_with
from ._secret import Secret, secret
from ._values import ITEM, Condition, Value, variable

KIB = 1 << 10
"""1024 bytes."""
MIB = 1 << 20
"""1024 KiB."""
GIB = 1 << 30
"""1024 MiB."""

__all__ = [
    "FORMAT",
    "GIB",
    "ITEM",
    "KIB",
    "MIB",
    "Condition",
    "Fault",
    "InvalidPipeline",
    "Pipeline",
    "Queue",
    "Retry",
    "Script",
    "Secret",
    "Source",
    "Task",
    "Value",
    "script",
    "script_with",
    "secret",
    "variable",
]
