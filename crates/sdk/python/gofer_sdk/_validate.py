"""What a cluster would refuse, in its order and its words. Vectors in proto/testdata hold the two equal."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import Dict, List, Optional, Sequence

from . import _limits as limits
from ._config import PipelineConfig, Queue, RetryConfig, TaskConfig
from ._fault import Fault, Source
from ._graph import check_cycle
from ._units import escaped, micros, quoted, shown_duration
from ._validate_values import check_parameters, check_values, texts_of_parameters, texts_of_values

_ID = re.compile(r"[A-Za-z0-9_-]*\Z")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*\Z")
_LABEL = re.compile(r"[A-Za-z0-9_./-]+\Z")


def faults(config: PipelineConfig) -> List[Fault]:
    """All faults of a pipeline, at most a thousand."""
    check = Faults(config.source)
    check.id("id", "pipeline", config.id)
    check.text("description", config.description)
    if not 0 <= config.parallelism <= limits.PARALLELISM_MAX:
        message = f"parallelism is {config.parallelism}, allowed are 0 to {limits.PARALLELISM_MAX}"
        check.add("parallelism", message, "choose a number in that range")
    _check_overlap(check, config)
    check.duration("timeout", config.timeout)
    check.variables("variables", config.env)
    check_parameters(check, config)
    if not config.tasks:
        check.add("tasks", f"pipeline {config.id} has no tasks", "give it at least one")
    size = _size(config)
    if size > limits.CONFIG_BYTES_MAX:
        message = f"the configuration holds {size} bytes of text, the limit is {limits.CONFIG_BYTES_MAX}"
        check.add("", message, "move long scripts and data into the images")
    if check.count("tasks", len(config.tasks), limits.TASKS_MAX):
        for id, task in sorted(config.tasks.items()):
            check.source = task.source or config.source
            check.id(f"tasks.{id}", "task", id)
            _check_task(check, f"tasks.{id}", task)
            _check_parents(check, id, task)
            check_values(check, id, task, config)
        found = check_cycle(config.tasks)
        if found:
            check.source = config.tasks[found[0]].source or config.source
            message = f"the tasks depend on each other in a cycle: {' -> '.join(found)}"
            check.add(f"tasks.{found[0]}.depends_on.{found[1]}", message, "take one of these dependencies out")
    return check.found


def _check_overlap(check: Faults, config: PipelineConfig) -> None:
    if not isinstance(config.overlap, Queue):
        return
    length = config.overlap.length
    if length < 1:
        help = "queue at least 1, or use the policy to refuse"
        check.add("overlap", f"overlap queues at most {length} runs", help)
    elif length > limits.QUEUE_MAX:
        message = f"overlap queues at most {length} runs, the limit is {limits.QUEUE_MAX}"
        check.add("overlap", message, "choose a shorter queue")


def _check_task(check: Faults, at: str, task: TaskConfig) -> None:
    check.text(f"{at}.description", task.description)
    _check_program(check, at, task)
    check.variables(f"{at}.environment", task.env)
    if task.working_directory:
        field = f"{at}.working_directory"
        check.reference(field, task.working_directory)
        if not task.working_directory.startswith("/"):
            check.add(field, f"{field} is not an absolute path", "begin it with '/'")
    _check_retry(check, f"{at}.retry", task.retry)
    check.duration(f"{at}.timeout", task.timeout)
    _check_resources(check, f"{at}.resources", task)
    check.labels(f"{at}.constraints", task.constraints)
    _check_secret_env(check, f"{at}.secret_env", task)
    _check_secret_files(check, f"{at}.secret_files", task)


def _check_secret_env(check: Faults, field: str, task: TaskConfig) -> None:
    if not check.count(field, len(task.secret_env), limits.TASK_SECRETS_MAX):
        return
    for name, secret in sorted(task.secret_env.items()):
        shown = name[: limits.ID_BYTES_MAX]
        path = f"{field}.{escaped(shown)}"
        check.length(path, name, limits.VARIABLE_NAME_BYTES_MAX)
        if not name or "=" in name or "\0" in name:
            message = f"the variable name {quoted(shown)} in {field} is not allowed"
            check.add(path, message, "use a name that is not empty and has neither '=' nor NUL")
        if name.startswith("GOFER_"):
            check.add(path, f"the name {shown} is Gofer's own", "choose one that does not begin with GOFER_")
        if name in task.env:
            check.add(path, f"{path} is a variable of the environment, too", "take it out of one of them")
        if name in task.values.inputs:
            check.add(path, f"{path} is an input, too", "take it out of one of them")
        check.id(path, "secret", secret)


def _check_secret_files(check: Faults, field: str, task: TaskConfig) -> None:
    if not check.count(field, len(task.secret_files), limits.TASK_SECRETS_MAX):
        return
    for name, secret in sorted(task.secret_files.items()):
        shown = name[: limits.ID_BYTES_MAX]
        path = f"{field}.{escaped(shown)}"
        if len(name) > limits.SECRET_FILE_BYTES_MAX or not _FILE.match(name):
            message = f"the file name {quoted(shown)} in {field} is not allowed"
            most = limits.SECRET_FILE_BYTES_MAX
            help = f"use 1 to {most} ASCII letters, digits, '_', '-' or '.', not beginning with '.'"
            check.add(path, message, help)
        check.id(path, "secret", secret)


def _check_program(check: Faults, at: str, task: TaskConfig) -> None:
    if task.image:
        check.reference(f"{at}.image", task.image)
        if " " in task.image:
            check.add(f"{at}.image", f"{at}.image holds a space", "write it as registry/name:tag")
    has_program = bool(task.entrypoint or task.command)
    values = task.values
    is_container = values.approvers is None and values.run is None and values.uses is None
    if not task.driver and not task.image and not has_program and is_container:
        message = f"{at} has neither an image nor an entrypoint nor a command"
        check.add(at, message, "say what to run: an image, a command, or both")
    elif task.driver == "docker" and not task.image:
        message = f"{at} asks for the docker driver and has no image"
        check.add(f"{at}.image", message, "name an image, or choose another driver")
    elif task.driver == "process" and not has_program:
        message = f"{at} asks for the process driver and has neither entrypoint nor command"
        check.add(f"{at}.command", message, "say which program to run")
    for name, words in (("entrypoint", task.entrypoint), ("command", task.command)):
        if check.count(f"{at}.{name}", len(words), limits.ARGUMENTS_MAX):
            for index, word in enumerate(words):
                check.length(f"{at}.{name}.{index}", word, limits.ARGUMENT_BYTES_MAX)
                check.no_nul(f"{at}.{name}.{index}", word)
    program = task.entrypoint or ([] if task.image else task.command)
    if program and not program[0]:
        check.add(at, f"{at} names an empty program", "the first word is the program to run")


def _check_retry(check: Faults, at: str, retry: RetryConfig) -> None:
    if not 1 <= retry.attempts <= limits.ATTEMPTS_MAX:
        message = f"{at}.attempts is {retry.attempts}, allowed are 1 to {limits.ATTEMPTS_MAX}"
        check.add(f"{at}.attempts", message, "the first attempt counts; use 1 for no retry")
    percent = retry.multiplier_percent
    if not 100 <= percent <= limits.MULTIPLIER_PERCENT_MAX:
        message = f"{at}.multiplier_percent is {percent}, allowed are 100 to {limits.MULTIPLIER_PERCENT_MAX}"
        check.add(f"{at}.multiplier_percent", message, "use 100 for a delay that stays, 200 to double it")
    for name, duration in (("backoff", retry.backoff), ("backoff_max", retry.backoff_max)):
        field = f"{at}.{name}"
        if duration > limits.DURATION_MAX:
            message = f"{field} is {shown_duration(duration)}, the limit is {shown_duration(limits.DURATION_MAX)}"
            check.add(field, message, "choose a shorter delay")
        elif duration < timedelta():
            check.add(field, f"{field} is {shown_duration(duration)}, less than nothing", "choose a delay, or none")
        else:
            check.whole_millis(field, duration)
    if retry.backoff > retry.backoff_max:
        shown, longest = shown_duration(retry.backoff), shown_duration(retry.backoff_max)
        message = f"{at}.backoff is {shown}, longer than backoff_max, {longest}"
        check.add(f"{at}.backoff_max", message, "raise backoff_max to at least the backoff")


def _check_resources(check: Faults, at: str, task: TaskConfig) -> None:
    cpu, memory = task.cpu_millis, task.memory_bytes
    if cpu > limits.CPU_MILLIS_MAX:
        message = f"{at}.cpu_millis is {cpu}, the limit is {limits.CPU_MILLIS_MAX}"
        check.add(f"{at}.cpu_millis", message, "ask for less, or 0 for no limit")
    least, most = limits.MEMORY_BYTES_MIN, limits.MEMORY_BYTES_MAX
    if memory != 0 and not least <= memory <= most:
        message = f"{at}.memory_bytes is {memory}, allowed are {least} to {most}"
        check.add(f"{at}.memory_bytes", message, "ask for an amount in that range, or 0 for no limit")


def _check_parents(check: Faults, id: str, task: TaskConfig) -> None:
    field = f"tasks.{id}.depends_on"
    if check.count(field, len(task.depends_on), limits.PARENTS_MAX) and id in task.depends_on:
        check.add(f"{field}.{id}", f"task {id} depends on itself", "take that dependency out")


def size_of(text: str) -> int:
    """Bytes of a text."""
    return len(text.encode("utf-8", "surrogatepass"))


def _size(config: PipelineConfig) -> int:
    def words(words: Sequence[str]) -> int:
        return sum(map(size_of, words))

    def pairs(table: Dict[str, str]) -> int:
        return words(list(table)) + words(list(table.values()))

    total = words([config.id, config.description]) + pairs(config.env) + words(list(texts_of_parameters(config)))
    for id, task in config.tasks.items():
        total += words([id, task.description, task.image, task.working_directory])
        total += words(task.entrypoint) + words(task.command) + words(list(task.depends_on))
        total += pairs(task.env) + pairs(task.constraints) + words(list(texts_of_values(task)))
        total += pairs(task.secret_env) + pairs(task.secret_files)
    return total


class Faults:
    """The faults found so far, and where the next ones belong."""

    def __init__(self, source: Optional[Source]) -> None:
        self.found: List[Fault] = []
        self.source = source

    def add(self, field: str, message: str, help: str) -> None:
        if len(self.found) < limits.FAULTS_MAX:
            self.found.append(Fault(field, message, help, self.source))

    def count(self, field: str, count: int, limit: int) -> bool:
        """Says whether the count is within the limit."""
        if count > limit:
            self.add(field, f"{field} has {count} entries, the limit is {limit}", "leave some out")
        return count <= limit

    def length(self, field: str, text: str, limit: int) -> None:
        size = size_of(text)
        if size > limit:
            self.add(field, f"{field} is {size} bytes long, the limit is {limit}", "shorten it")

    def no_nul(self, field: str, text: str) -> None:
        if "\0" in text:
            self.add(field, f"{field} holds a NUL byte", "take it out; no program can be given one")

    def no_control(self, field: str, text: str) -> None:
        if any(unicodedata.category(c) == "Cc" for c in text):
            self.add(field, f"{field} holds a control character", "take it out")

    def text(self, field: str, text: str) -> None:
        self.length(field, text, limits.TEXT_BYTES_MAX)

    def reference(self, field: str, text: str) -> None:
        self.length(field, text, limits.REFERENCE_BYTES_MAX)
        self.no_control(field, text)

    def duration(self, field: str, duration: Optional[timedelta]) -> None:
        if duration is None:
            return
        if not timedelta(milliseconds=1) <= duration <= limits.DURATION_MAX:
            longest = shown_duration(limits.DURATION_MAX)
            message = f"{field} is {shown_duration(duration)}, allowed are 1ms to {longest}"
            self.add(field, message, "choose a duration in that range, or leave it out for no limit")
        else:
            self.whole_millis(field, duration)

    def whole_millis(self, field: str, duration: timedelta) -> None:
        """A file tells time in milliseconds."""
        if micros(duration) % 1_000:
            message = f"{field} is {shown_duration(duration)}, finer than a millisecond"
            self.add(field, message, "round it to milliseconds")

    def id(self, field: str, kind: str, id: str) -> None:
        bad = next((c for c in id if not _ID.match(c)), None)
        if not id:
            why = "it is empty"
        elif size_of(id) > limits.ID_BYTES_MAX:
            why = f"it is {size_of(id)} bytes long, the limit is {limits.ID_BYTES_MAX}"
        elif bad is not None:
            shown = "\\'" if bad == "'" else escaped(bad).replace('\\"', '"')
            why = f"character '{shown}' is not allowed"
        elif id[0] in "_-":
            why = "it starts with neither a letter nor a digit"
        else:
            return
        short = quoted(id[:80]) + ("…" if len(id) > 80 else "")
        help = "use 1 to 64 ASCII letters, digits, '_' or '-', starting with a letter or a digit"
        self.add(field, f"{kind} id {short}: {why}", help)

    def variables(self, field: str, variables: Dict[str, str]) -> None:
        if not self.count(field, len(variables), limits.VARIABLES_MAX):
            return
        for name, value in sorted(variables.items()):
            shown = name[: limits.ID_BYTES_MAX]
            path = f"{field}.{escaped(shown)}"
            self.length(path, name, limits.VARIABLE_NAME_BYTES_MAX)
            if not name or "=" in name or "\0" in name:
                message = f"the variable name {quoted(shown)} in {field} is not allowed"
                self.add(path, message, "use a name that is not empty and has neither '=' nor NUL")
            self.length(path, value, limits.VARIABLE_VALUE_BYTES_MAX)
            self.no_nul(path, value)

    def labels(self, field: str, labels: Dict[str, str]) -> None:
        if not self.count(field, len(labels), limits.LABELS_MAX):
            return
        for name, value in sorted(labels.items()):
            shown = name[: limits.ID_BYTES_MAX]
            path = f"{field}.{escaped(shown)}"
            if len(name) > limits.ID_BYTES_MAX or not _LABEL.match(name):
                message = f"the label name {quoted(shown)} in {field} is not allowed"
                help = f"use 1 to {limits.ID_BYTES_MAX} ASCII letters, digits, '_', '-', '.' or '/'"
                self.add(path, message, help)
            self.length(path, value, limits.VARIABLE_NAME_BYTES_MAX)
            self.no_control(path, value)
