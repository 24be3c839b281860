"""The canonical JSON of a pipeline, byte for byte as docs/pipeline-format.md has it."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional

from . import _units as units
from ._config import PipelineConfig, Queue, RetryConfig, TaskConfig
from ._fault import Source


def write(config: PipelineConfig, version: int, with_sources: bool) -> str:
    """Writes a pipeline, with the places of its tasks or without."""
    out: Dict[str, Any] = {"format": version, "id": config.id}
    _put(out, "description", config.description)
    _put(out, "parallelism", config.parallelism)
    if isinstance(config.overlap, Queue):
        out["overlap"] = {"queue": config.overlap.length}
    elif config.overlap != "allow":
        out["overlap"] = config.overlap
    if config.timeout is not None:
        out["timeout"] = units.duration(config.timeout)
    _put(out, "env", _table(config.env))
    _put(out, "source", _source(config.source, with_sources))
    out["tasks"] = {id: _task(task, with_sources) for id, task in sorted(config.tasks.items())}
    return json.dumps(out, indent=2, ensure_ascii=False) + "\n"


def _task(task: TaskConfig, with_sources: bool) -> Dict[str, Any]:
    out: Dict[str, Any] = {}
    _put(out, "description", task.description)
    _put(out, "image", task.image)
    if task.pull != "if-not-present":
        out["pull"] = task.pull
    _put(out, "entrypoint", task.entrypoint)
    _put(out, "command", task.command)
    _put(out, "working_directory", task.working_directory)
    if all(requirement == "success" for requirement in task.depends_on.values()):
        _put(out, "depends_on", sorted(task.depends_on))
    else:
        out["depends_on"] = _table(task.depends_on)
    if task.retry != RetryConfig():
        out["retry"] = _retry(task.retry)
    if task.timeout is not None:
        out["timeout"] = units.duration(task.timeout)
    if task.cpu_millis:
        out["cpu"] = units.decimal(task.cpu_millis, 3)
    if task.memory_bytes:
        out["memory"] = units.memory(task.memory_bytes)
    _put(out, "driver", task.driver)
    _put(out, "allow_failure", task.allow_failure)
    _put(out, "constraints", _table(task.constraints))
    _put(out, "env", _table(task.env))
    _put(out, "source", _source(task.source, with_sources))
    return out


def _retry(retry: RetryConfig) -> Dict[str, Any]:
    percent = retry.multiplier_percent
    return {
        "attempts": retry.attempts,
        "backoff": units.duration(retry.backoff),
        "backoff_max": units.duration(retry.backoff_max),
        "multiplier": percent // 100 if percent % 100 == 0 else percent / 100,
        "retry_lost": retry.retry_lost,
    }


def _source(source: Optional[Source], with_sources: bool) -> Dict[str, Any]:
    return {"file": source.file, "line": source.line} if source is not None and with_sources else {}


def _table(table: Dict[str, str]) -> Dict[str, str]:
    return dict(sorted(table.items()))


def _put(out: Dict[str, Any], name: str, value: Any) -> None:
    """Sets a member, unless its value is empty, 0 or false."""
    if value:
        out[name] = value
