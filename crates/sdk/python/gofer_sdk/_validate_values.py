"""Parameters, conditions, inputs, approvals and runs of other pipelines: what a cluster would refuse of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Sequence, Set

from . import _limits as limits
from ._config import PipelineConfig, TaskConfig
from ._units import escaped, quoted
from ._values import INTEGER_MAX, INTEGER_MIN, ParameterConfig, RunConfig, UsesConfig, Value

if TYPE_CHECKING:
    from ._validate import Faults

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WHOLE = re.compile(r"(0|-?[1-9][0-9]*)\Z")
_NAME_HELP = f"use 1 to {limits.NAME_BYTES_MAX} ASCII letters, digits or '_', no digit first"


def check_parameters(check: Faults, config: PipelineConfig) -> None:
    if not check.count("parameters", len(config.parameters), limits.PARAMETERS_MAX):
        return
    for name, parameter in sorted(config.parameters.items()):
        check.source = parameter.source or config.source
        field = f"parameters.{escaped(name)}"
        _check_name(check, field, name)
        check.text(f"{field}.description", parameter.description)
        _check_type(check, field, parameter)
        default = parameter.default
        if default is not None:
            check.length(f"{field}.default", default, limits.VARIABLE_VALUE_BYTES_MAX)
            check.no_nul(f"{field}.default", default)
            if not _takes(parameter, default):
                message = f"the default of parameter {name} is {quoted(default[:80])}, which is not allowed"
                check.add(f"{field}.default", message, "give one that a run could be given")
    check.source = config.source


def _check_type(check: Faults, field: str, parameter: ParameterConfig) -> None:
    if parameter.type == "integer":
        least, most = parameter.least, parameter.most
        for name, number in (("least", least), ("most", most)):
            if not INTEGER_MIN <= number <= INTEGER_MAX:
                message = f"{field}.{name} is {number}, allowed are {INTEGER_MIN} to {INTEGER_MAX}"
                check.add(f"{field}.{name}", message, "choose a number in that range")
        if least > most:
            message = f"{field} allows no number: from {least} to {most}"
            check.add(field, message, "let the least be no greater than the most")
    elif parameter.type == "choice":
        if not parameter.choices:
            check.add(field, f"{field} has no choices", "give at least one")
        _check_texts(check, f"{field}.choices", parameter.choices, limits.CHOICES_MAX)


def _takes(parameter: ParameterConfig, value: str) -> bool:
    if parameter.type == "integer":
        # Longer ones are out of range, and Python refuses to convert the longest.
        return bool(_WHOLE.match(value)) and len(value) <= 20 and parameter.least <= int(value) <= parameter.most
    if parameter.type == "boolean":
        return value in ("true", "false")
    if parameter.type == "choice":
        return value in parameter.choices
    # What follows the last line break is no line if it is empty.
    return parameter.type != "list" or all(line not in ("", "\r") for line in value.split("\n")[:-1])


def _check_name(check: Faults, field: str, name: str) -> None:
    if not _is_name(name):
        check.add(field, f"the name {quoted(name[: limits.NAME_BYTES_MAX])} is not allowed", _NAME_HELP)
    elif name.startswith("GOFER_"):
        check.add(field, f"the name {name} is Gofer's own", "choose one that does not begin with GOFER_")


def _is_name(text: str) -> bool:
    """Whether a text may name a parameter or an output: what a shell takes as a variable's name."""
    return len(text) <= limits.NAME_BYTES_MAX and bool(_NAME.match(text))


def _check_texts(check: Faults, field: str, texts: Sequence[str], limit: int) -> None:
    if check.count(field, len(texts), limit):
        for number, text in enumerate(texts):
            check.length(f"{field}.{number}", text, limits.REFERENCE_BYTES_MAX)
            check.no_nul(f"{field}.{number}", text)


def check_values(check: Faults, id: str, task: TaskConfig, config: PipelineConfig) -> None:
    at, values = f"tasks.{id}", task.values
    look = _Look(check, id, config)
    if check.count(f"{at}.conditions", len(values.when), limits.CONDITIONS_MAX):
        for number, condition in enumerate(values.when):
            field = f"{at}.conditions.{number}"
            look.value(field, condition.value, False)
            _check_texts(check, field, condition.texts, limits.CHOICES_MAX)
            if not condition.texts:
                check.add(field, f"{field} compares with nothing", "give at least one text")
    look.named(f"{at}.inputs", values.inputs, False)
    if values.approvers is not None:
        _check_no_container(check, at, task, "waits for approval")
        _check_approvers(check, f"{at}.approval.approvers", values.approvers)
    if values.run is not None:
        _check_no_container(check, at, task, "runs a pipeline")
        if task.timeout is not None:
            message = f"{at} runs a pipeline, and has a time-out"
            check.add(f"{at}.timeout", message, "give the pipeline that it runs one")
        _check_run(check, at, values.run, look)
    if values.uses is not None:
        _check_uses(check, at, task, values.uses, look)


def _check_uses(check: Faults, at: str, task: TaskConfig, uses: UsesConfig, look: _Look) -> None:
    """A shared task runs with its own container and secrets, whoever uses it."""
    check.id(f"{at}.shared.name", "pipeline", uses.task)
    if not _is_plain(task) or task.pull != "if-not-present":
        message = f"{at} uses a shared task, and has an image, a command, an environment, secrets or the like"
        help = "take them out: they are the shared task's, and what it can be given are its settings"
        check.add(at, message, help)
    if not 0 <= uses.version <= limits.VERSION_MAX:
        message = f"{at}.shared.version is {uses.version}, allowed are 0 to {limits.VERSION_MAX}"
        check.add(f"{at}.shared.version", message, "choose a number in that range")
    look.named(f"{at}.settings", uses.settings, False, limits.PARAMETERS_MAX)


def _is_plain(task: TaskConfig) -> bool:
    """Whether a task says nothing of what is launched."""
    words = [task.image, task.entrypoint, task.command, task.env, task.working_directory, task.driver]
    words += [task.values.inputs, task.secret_env, task.secret_files, task.constraints]
    return not any(words) and not task.cpu_millis and not task.memory_bytes


def _check_no_container(check: Faults, at: str, task: TaskConfig, what: str) -> None:
    if not _is_plain(task):
        help = "take image, command, environment and the like out, or make two tasks of it"
        check.add(at, f"{at} {what}, and has settings of a container", help)
    if task.retry.attempts != 1:
        message = f"{at} {what}, and is to be retried"
        check.add(f"{at}.retry", message, "take the retry policy out: it makes no attempts")


def _check_approvers(check: Faults, field: str, approvers: List[str]) -> None:
    if not check.count(field, len(approvers), limits.APPROVERS_MAX):
        return
    for number, name in enumerate(approvers):
        one = f"{field}.{number}"
        check.length(one, name, limits.REFERENCE_BYTES_MAX)
        if not name:
            check.add(one, f"{one} is empty", "name it, or leave it out where it is optional")
        check.no_control(one, name)


def _check_run(check: Faults, at: str, run: RunConfig, look: _Look) -> None:
    check.id(f"{at}.call.pipeline", "pipeline", run.pipeline)
    if run.pipeline == look.config.id:
        check.add(f"{at}.call.pipeline", f"{at} runs the pipeline that it is part of", "let it run another one")
    look.named(f"{at}.call.variables", run.variables, run.for_each is not None)
    field = f"{at}.call.for_each"
    if isinstance(run.for_each, Value):
        look.value(field, run.for_each, False)
    elif run.for_each is not None:
        _check_texts(check, field, run.for_each, limits.ITEMS_MAX)
        if not run.for_each:
            check.add(field, f"{field} has no elements", "give at least one, or leave it out")
    if not 0 <= run.parallelism <= limits.PARALLELISM_MAX:
        message = f"{at}.call.parallelism is {run.parallelism}, allowed are 0 to {limits.PARALLELISM_MAX}"
        check.add(f"{at}.call.parallelism", message, "choose a number in that range")


class _Look:
    """What the values of one task may refer to."""

    def __init__(self, check: Faults, id: str, config: PipelineConfig) -> None:
        self.check = check
        self.id = id
        self.config = config
        self._ancestors: Optional[Set[str]] = None

    def named(
        self, field: str, values: Dict[str, Value], has_item: bool, limit: int = limits.VARIABLES_MAX
    ) -> None:
        if self.check.count(field, len(values), limit):
            for name, value in sorted(values.items()):
                path = f"{field}.{escaped(name)}"
                _check_name(self.check, path, name)
                self.value(path, value, has_item)

    def value(self, field: str, value: Value, has_item: bool) -> None:
        check = self.check
        if value.kind == "text":
            check.length(field, value.text, limits.VARIABLE_VALUE_BYTES_MAX)
            check.no_nul(field, value.text)
        elif value.kind == "variable":
            self._check_variable(field, value.text)
        elif value.kind == "item":
            if not has_item:
                help = "elements are known in the variables of a task that goes through some"
                check.add(field, f"{field} takes an element, and there is none", help)
        elif value.task is not None and value.task._pipeline._config is self.config:
            if not _is_name(value.text):
                check.add(field, f"the output name {quoted(value.text)} is not allowed", _NAME_HELP)
            if value.task.id not in self.ancestors():
                parent = value.task.id
                message = f"{field} takes an output of task {parent}, on which task {self.id} does not depend"
                check.add(field, message, "add the dependency, or name another task")

    def _check_variable(self, field: str, name: str) -> None:
        """Without parameters any variable may be given."""
        parameters = self.config.parameters
        if parameters and name not in parameters and name not in self.config.env:
            shown = quoted(name[: limits.NAME_BYTES_MAX])
            message = (
                f"{field} takes the variable {shown}, which is neither a parameter nor in the pipeline's environment"
            )
            self.check.add(field, message, "declare it as a parameter")
        self.check.length(field, name, limits.VARIABLE_NAME_BYTES_MAX)

    def ancestors(self) -> Set[str]:
        if self._ancestors is None:
            found: Set[str] = set()
            left = [self.id]
            while left:
                task = self.config.tasks.get(left.pop())
                for parent in task.depends_on if task else ():
                    if parent not in found:
                        found.add(parent)
                        left.append(parent)
            self._ancestors = found
        return self._ancestors


def texts_of_parameters(config: PipelineConfig) -> Iterable[str]:
    """All texts of the parameters."""
    for name, parameter in config.parameters.items():
        yield from (name, parameter.description, parameter.default or "", *parameter.choices)


def texts_of_values(task: TaskConfig) -> Iterable[str]:
    """All texts with which a task refers to its run."""
    values = task.values
    for value in values.values().values():
        yield value.text
        if value.task is not None:
            yield value.task.id
    for condition in values.when:
        yield from condition.texts
    yield from values.inputs
    yield from values.approvers or ()
    if values.uses is not None:
        yield values.uses.task
        yield from values.uses.settings
    if values.run is not None:
        yield values.run.pipeline
        yield from values.run.variables
        if isinstance(values.run.for_each, list):
            yield from values.run.for_each
