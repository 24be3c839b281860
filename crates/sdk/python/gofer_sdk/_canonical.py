"""The canonical JSON of a pipeline, byte for byte as docs/pipeline-format.md has it."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional

from . import _units as units
from ._config import PipelineConfig, Queue, RetryConfig, TaskConfig
from ._fault import Source
from ._values import INTEGER_MAX, INTEGER_MIN, ParameterConfig, RunConfig, Value


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
    _put(out, "parameters", {name: _parameter(one) for name, one in sorted(config.parameters.items())})
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
    values = task.values
    _put(out, "when", [{**_origin(one.value), one.test: list(one.texts)} for one in values.when])
    if values.approvers is not None:
        out["approval"] = {"approvers": values.approvers} if values.approvers else {}
    if values.run is not None:
        out["run"] = _run(values.run)
    if values.uses is not None:
        uses = values.uses
        out["uses"] = f"{uses.task}@{uses.version}" if uses.version else uses.task
        _put(out, "settings", _values(uses.settings))
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
    _put(out, "inputs", _values(values.inputs))
    _put(out, "secret_env", _table(task.secret_env))
    _put(out, "secret_files", _table(task.secret_files))
    _put(out, "source", _source(task.source, with_sources))
    return out


def _parameter(parameter: ParameterConfig) -> Dict[str, Any]:
    out: Dict[str, Any] = {}
    _put(out, "description", parameter.description)
    if parameter.type != "text":
        out["type"] = parameter.type
    if parameter.type == "integer" and parameter.least != INTEGER_MIN:
        out["least"] = parameter.least
    if parameter.type == "integer" and parameter.most != INTEGER_MAX:
        out["most"] = parameter.most
    _put(out, "choices", parameter.choices)
    if parameter.default is not None:
        out["default"] = parameter.default
    return out


def _run(run: RunConfig) -> Dict[str, Any]:
    out: Dict[str, Any] = {"pipeline": run.pipeline}
    _put(out, "variables", _values(run.variables))
    if run.for_each is not None:
        out["for_each"] = _value(run.for_each) if isinstance(run.for_each, Value) else run.for_each
    _put(out, "parallelism", run.parallelism)
    return out


def _values(values: Dict[str, Value]) -> Dict[str, Any]:
    return {name: _value(value) for name, value in sorted(values.items())}


def _value(value: Value) -> Any:
    return value.text if value.kind == "text" else _origin(value)


def _origin(value: Value) -> Dict[str, Any]:
    """The member that says where a value comes from."""
    if value.kind == "item":
        return {"item": True}
    return {value.kind: f"{value.task.id}.{value.text}" if value.task is not None else value.text}


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
