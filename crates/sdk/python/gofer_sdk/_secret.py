"""Secrets, by their names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Secret:
    """A secret of the cluster. Its value is nowhere in a pipeline: it is set with ``gofer secret set``, and given to the
    task when it is launched."""

    name: str


def secret(name: str) -> Secret:
    """Names a secret of the pipeline, else of its namespace, else of the cluster."""
    return Secret(name)
