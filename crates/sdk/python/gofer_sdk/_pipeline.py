"""A pipeline while its author declares it, and what becomes of it."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any, Dict, Iterable, List, Literal, Mapping, Optional, Sequence, Tuple, Union

from . import _canonical, _validate
from ._config import PipelineConfig, Queue, Retry, RetryConfig, TaskConfig
from ._fault import Fault, InvalidPipeline, Source
from ._limits import FILE_BYTES_MAX
from ._script import Script
from ._secret import Secret
from ._units import escaped, quoted, to_parts
from ._values import (
    INTEGER_MAX,
    INTEGER_MIN,
    Condition,
    ParameterConfig,
    RunConfig,
    UsesConfig,
    Value,
    ValuesConfig,
    as_conditions,
    as_items,
    as_values,
)
from ._values import text as _text
from ._values import variable
from ._values import words as _words


Overlap = Union[Literal["allow", "forbid", "replace"], Queue]
Pull = Literal["if-not-present", "always", "never"]
Driver = Literal["process", "docker"]
ParameterType = Literal["text", "integer", "boolean", "choice", "list"]

FORMAT = 1
"""The version of the file format that this package writes."""


class Task:
    """A task of a pipeline, for other tasks to depend on. :meth:`Pipeline.task` makes it."""

    def __init__(self, pipeline: Pipeline, id: str, config: TaskConfig) -> None:
        self._pipeline = pipeline
        self._config = config
        self._parents: List[Tuple[Task, str]] = []
        self.id = id
        """Its id, unique in the pipeline."""

    def __repr__(self) -> str:
        return f"Task({self.id!r})"

    def output(self, name: str) -> Value:
        """What the task writes to the file that ``GOFER_OUTPUTS`` names, as a line ``NAME=value``."""
        return Value("output", _text(f"tasks.{self.id}: the name of an output", name), self)

    def when(self, *conditions: Condition) -> Task:
        """Runs only if these hold once the parents have ended; is skipped otherwise."""
        self._config.values.when += as_conditions(f"tasks.{self.id}.when", conditions)
        return self

    def after(self, *parents: Task) -> Task:
        """Runs when these tasks have succeeded."""
        return self._depend(parents, "success")

    def after_failure(self, *parents: Task) -> Task:
        """Runs when these tasks have failed, and is skipped if one succeeds."""
        return self._depend(parents, "failure")

    def after_any(self, *parents: Task) -> Task:
        """Runs when these tasks have ended, however. A skipped or cancelled one does not count."""
        return self._depend(parents, "any")

    def _depend(self, parents: Iterable[Task], requirement: str) -> Task:
        for parent in parents:
            if not isinstance(parent, Task):
                raise TypeError(f"task {self.id}: a parent is a task, as Pipeline.task returned it, not {parent!r}")
            self._parents.append((parent, requirement))
        return self


class Pipeline:
    """A pipeline: tasks, and which of them wait for which.

    ``id`` is 1 to 64 ASCII letters, digits, ``_`` or ``-``, and begins with a letter or a digit. ``parallelism`` is the
    largest number of runs at the same time; 0 means no limit under the overlap policy ``"allow"``, and 1 under every
    other. ``overlap`` says what happens to a new run while as many run as may: ``"allow"`` lets it wait, ``"forbid"``
    refuses it, ``"replace"`` cancels the oldest, ``Queue(5)`` lets five wait. ``timeout`` is the longest life of a run.
    ``env`` is the environment of every task. ``source`` overrides the place of the declaration, for programs that
    translate pipelines from another notation.
    """

    def __init__(
        self,
        id: str,
        *,
        description: str = "",
        parallelism: int = 0,
        overlap: Overlap = "allow",
        timeout: Optional[timedelta] = None,
        env: Optional[Mapping[str, str]] = None,
        source: Optional[Source] = None,
    ) -> None:
        if not isinstance(overlap, Queue):
            _one_of("overlap", overlap, ("allow", "forbid", "replace"))
        self._config = PipelineConfig(
            id=_text("id", id),
            description=_text("description", description),
            parallelism=_number("parallelism", parallelism),
            overlap=overlap,
            timeout=timeout,
            env=_table("env", env),
            source=source or Source.here(),
        )
        self._tasks: List[Task] = []
        self._parameters: List[Tuple[str, ParameterConfig]] = []
        self._faults: List[Fault] = []

    def parameter(
        self,
        name: str,
        *,
        type: ParameterType = "text",
        description: str = "",
        least: int = INTEGER_MIN,
        most: int = INTEGER_MAX,
        choices: Sequence[str] = (),
        default: Optional[str] = None,
        source: Optional[Source] = None,
    ) -> Value:
        """Adds a parameter, and returns its value for conditions, inputs and runs of other pipelines.

        The name is 1 to 64 ASCII letters, digits or ``_``, does not begin with a digit or ``GOFER_``, and is that of the
        variable that tasks find it in. ``least`` and ``most`` go with the type ``"integer"``, ``choices`` with
        ``"choice"``. A ``"list"`` has its elements on lines of their own. Without a ``default``, every run must be given
        one.
        """
        at = f"parameters.{_text('the name of a parameter', name)}"
        _one_of(f"{at}.type", type, ("text", "integer", "boolean", "choice", "list"))
        if type != "integer" and (least, most) != (INTEGER_MIN, INTEGER_MAX):
            raise ValueError(f'{at}: least and most only go with the type "integer"')
        if type != "choice" and choices:
            raise ValueError(f'{at}: choices only go with the type "choice"')
        parameter = ParameterConfig(
            type=type,
            description=_text(f"{at}.description", description),
            least=_number(f"{at}.least", least),
            most=_number(f"{at}.most", most),
            choices=_words(f"{at}.choices", choices),
            default=None if default is None else _text(f"{at}.default", default),
            source=source or Source.here(),
        )
        self._parameters.append((name, parameter))
        return variable(name)

    def approval(self, id: str, *, approvers: Sequence[str] = (), **fields: Any) -> Task:
        """Adds a task that waits until one of ``approvers`` (such as ``"user:ada"``) approves; anybody may if there are
        none.

        Of the fields of :meth:`task`, those of a container don't go with it.
        """
        approvers = _words(f"tasks.{id}.approvers", approvers)
        task = self.task(id, **fields)
        task._config.values.approvers = approvers
        return task

    def run(
        self,
        id: str,
        pipeline: str,
        *,
        variables: Optional[Mapping[str, Union[str, Value]]] = None,
        for_each: Union[None, Value, Sequence[str]] = None,
        parallelism: int = 0,
        **fields: Any,
    ) -> Task:
        """Adds a task that runs another pipeline of the namespace, and waits for the end of its runs.

        ``variables`` are what the runs are given. ``for_each`` are the elements for each of which a run is started: a
        list, or the lines of a value; :data:`ITEM` is the one that a run is for. ``parallelism`` is the largest number of
        the runs at the same time; 0 means no limit. Of the fields of :meth:`task`, those of a container don't go with it.
        """
        at = f"tasks.{id}"
        run = RunConfig(
            pipeline=_text(f"{at}.pipeline", pipeline),
            variables=as_values(f"{at}.variables", variables),
            for_each=as_items(f"{at}.for_each", for_each),
            parallelism=_number(f"{at}.parallelism", parallelism),
        )
        task = self.task(id, **fields)
        task._config.values.run = run
        return task

    def uses(
        self,
        id: str,
        shared_task: str,
        *,
        version: int = 0,
        settings: Optional[Mapping[str, Union[str, Value]]] = None,
        **fields: Any,
    ) -> Task:
        """Adds a task that runs the container of a shared task, which an operator has installed.

        ``settings`` are what it is given for its parameters. ``version`` is one of its versions; 0 means the one that is
        live when a run is created. Of the fields of :meth:`task`, those of a container don't go with it.
        """
        at = f"tasks.{id}"
        uses = UsesConfig(
            task=_text(f"{at}.uses", shared_task),
            version=_number(f"{at}.version", version),
            settings=as_values(f"{at}.settings", settings),
        )
        task = self.task(id, **fields)
        task._config.values.uses = uses
        return task

    def task(
        self,
        id: str,
        *,
        description: str = "",
        image: str = "",
        pull: Pull = "if-not-present",
        entrypoint: Sequence[str] = (),
        command: Sequence[str] = (),
        script: Optional[Script] = None,
        working_directory: str = "",
        when: Union[Condition, Iterable[Condition]] = (),
        after: Iterable[Task] = (),
        after_failure: Iterable[Task] = (),
        after_any: Iterable[Task] = (),
        retry: Optional[Retry] = None,
        timeout: Optional[timedelta] = None,
        cpu: float = 0,
        memory: int = 0,
        driver: Optional[Driver] = None,
        allow_failure: bool = False,
        constraints: Optional[Mapping[str, str]] = None,
        env: Optional[Mapping[str, str]] = None,
        inputs: Optional[Mapping[str, Union[str, Value]]] = None,
        secret_env: Optional[Mapping[str, Secret]] = None,
        secret_files: Optional[Mapping[str, Secret]] = None,
        source: Optional[Source] = None,
    ) -> Task:
        """Adds a task.

        ``image`` is what the Docker driver needs and the process driver ignores. ``entrypoint`` and ``command`` are
        lists of words, which no shell reads; ``script`` stands in their place. ``after``, ``after_failure`` and
        ``after_any`` name the parents, and how they must have ended. ``timeout`` is the longest life of one attempt,
        from a millisecond to 30 days. ``cpu`` is cores, in thousandths; ``memory`` is bytes, at least 4 MiB; 0 means no
        limit. ``constraints`` are labels that the node must carry. ``allow_failure`` lets the run succeed although this
        task failed. ``when`` has conditions, all of which must hold once the parents have ended; otherwise the task is
        skipped. ``inputs`` are variables whose values are known only in the run; they win over all other environment.
        ``secret_env`` are variables that get their values from secrets of the cluster, and ``secret_files`` files that
        hold some, in the directory that the variable ``GOFER_SECRETS_DIR`` names.

        Raises :class:`TypeError` and :class:`ValueError` for what is of the wrong kind; all else that is wrong with a
        pipeline is found by :meth:`faults`.
        """
        at = f"tasks.{_text('the id of a task', id)}"
        source = source or Source.here()
        millis = self._cpu(at, cpu, source)
        config = TaskConfig(
            description=_text(f"{at}.description", description),
            image=_text(f"{at}.image", image),
            pull=_one_of(f"{at}.pull", pull, ("if-not-present", "always", "never")),
            entrypoint=_words(f"{at}.entrypoint", entrypoint),
            command=_words(f"{at}.command", command),
            working_directory=_text(f"{at}.working_directory", working_directory),
            retry=self._retry(at, retry, source),
            timeout=timeout,
            cpu_millis=millis,
            memory_bytes=_number(f"{at}.memory", memory),
            driver=_one_of(f"{at}.driver", driver or "", ("", "process", "docker")),
            allow_failure=bool(allow_failure),
            constraints=_table(f"{at}.constraints", constraints),
            env=_table(f"{at}.env", env),
            values=ValuesConfig(as_conditions(f"{at}.when", when), as_values(f"{at}.inputs", inputs)),
            secret_env=_secrets(f"{at}.secret_env", secret_env),
            secret_files=_secrets(f"{at}.secret_files", secret_files),
            source=source,
        )
        if script is not None:
            if config.entrypoint or config.command:
                help = "leave out the entrypoint and the command, or the script"
                self._faults.append(Fault(at, f"{at} has both a script and a program", help, source))
            config.entrypoint, config.command = list(script.interpreter), [script.source]
        task = Task(self, id, config)
        self._tasks.append(task)
        return task.after(*after).after_failure(*after_failure).after_any(*after_any)

    def _cpu(self, at: str, cpu: float, source: Source) -> int:
        millis = to_parts(cpu, 1_000)
        if millis is None:
            message = f"{at}.resources.cpu_millis: {cpu} is not a number of thousandths of a core"
            help = "give cores, such as 2.0 or 0.25"
            self._faults.append(Fault(f"{at}.resources.cpu_millis", message, help, source))
        return millis or 0

    def _retry(self, at: str, retry: Optional[Retry], source: Source) -> RetryConfig:
        if retry is None:
            return RetryConfig()
        percent = to_parts(retry.multiplier, 100)
        if percent is None:
            message = f"{at}.retry.multiplier_percent: {retry.multiplier} is not a number of hundredths"
            help = "give a factor, such as 2.0 or 1.25"
            self._faults.append(Fault(f"{at}.retry.multiplier_percent", message, help, source))
        longest = retry.backoff_max
        return RetryConfig(
            attempts=_number(f"{at}.retry.attempts", retry.attempts),
            backoff=retry.backoff,
            backoff_max=max(RetryConfig().backoff_max, retry.backoff) if longest is None else longest,
            multiplier_percent=200 if percent is None else percent,
            retry_lost=bool(retry.retry_lost),
        )

    def _resolve(self) -> Tuple[PipelineConfig, List[Fault]]:
        """The pipeline as plain data, and what is wrong with it."""
        faults = list(self._faults)
        config = self._config
        config.parameters = {}
        for name, parameter in self._parameters:
            earlier = config.parameters.get(name)
            if earlier is not None:
                field = f"parameters.{escaped(name)}"
                message = f"{field} comes twice, first at {earlier.source}"
                faults.append(Fault(field, message, "rename or remove one", parameter.source))
            config.parameters[name] = parameter
        config.tasks = {}
        for task in self._tasks:
            id, source = task.id, task._config.source
            depends_on: Dict[str, str] = {}
            field = f"tasks.{id}.depends_on"
            for parent, requirement in task._parents:
                if parent._pipeline is not self:
                    message = f"task {id} depends on a task of another pipeline"
                    faults.append(Fault(field, message, "depend on tasks of the same pipeline", source))
                elif parent.id in depends_on:
                    faults.append(Fault(field, f"{field}: {quoted(parent.id)} comes twice", "keep one", source))
                else:
                    depends_on[parent.id] = requirement
            for path, value in task._config.values.values().items():
                if value.task is not None and value.task._pipeline is not self:
                    message = f"tasks.{id}.{path} takes an output of a task of another pipeline"
                    help = "take outputs of tasks of the same pipeline"
                    faults.append(Fault(f"tasks.{id}.{path}", message, help, source))
            task._config.depends_on = depends_on
            first = config.tasks.get(id)
            if first is not None:
                message = f"tasks.{id} comes twice, first at {first.source}"
                faults.append(Fault(f"tasks.{id}", message, "rename or remove one", source))
            config.tasks[id] = task._config
        faults += _validate.faults(config)
        return config, faults

    def faults(self) -> List[Fault]:
        """What a cluster would refuse, and what no file can say: every fault, with the line of its task."""
        return self._render(with_sources=False)[1]

    def to_json(self) -> str:
        """The canonical JSON of the pipeline.

        Raises :class:`InvalidPipeline` with every fault.
        """
        text, faults = self._render(with_sources=False)
        if faults:
            raise InvalidPipeline(faults)
        return text

    def to_json_with_sources(self) -> str:
        """The same, with the places of the tasks: what a program prints.

        Raises :class:`InvalidPipeline` with every fault.
        """
        text, faults = self._render(with_sources=True)
        if faults:
            raise InvalidPipeline(faults)
        return text

    def _render(self, with_sources: bool) -> Tuple[str, List[Fault]]:
        config, faults = self._resolve()
        if faults:
            return "", faults
        text = _canonical.write(config, FORMAT, with_sources)
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            shown = f"\\u{ord(error.object[error.start]):04x}"
            message = f"the pipeline holds {shown}, half of a character"
            return "", [Fault("", message, "take it out, or decode the text that it comes from", config.source)]
        return text, []

    def emit(self) -> None:
        """Prints the pipeline for the command line to register, and nothing else: its canonical JSON, with the places
        of the tasks, to standard output.

        Faults go to standard error, each with its file and line; the program then ends with exit code 1.
        """
        text, faults = self._render(with_sources=True)
        data = text.encode("utf-8")
        if len(data) > FILE_BYTES_MAX:
            message = f"the file would be {len(data)} bytes long, the limit is {FILE_BYTES_MAX}"
            faults = [Fault("", message, "move long scripts and data into the images", self._config.source)]
        for fault in faults:
            print(fault, file=sys.stderr)
        if faults:
            sys.exit(1)
        # Not print: it would encode for the terminal, and translate line breaks.
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def _number(field: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{field} is a whole number, not {value!r}")
    return value


def _one_of(field: str, value: str, allowed: Tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{field} is {value!r}, allowed are {', '.join(name for name in allowed if name)}")
    return value


def _secrets(field: str, secrets: Optional[Mapping[str, Secret]]) -> Dict[str, str]:
    names: Dict[str, str] = {}
    for target, named in (secrets or {}).items():
        if not isinstance(named, Secret):
            raise TypeError(f"{field}.{target} is not a secret; write secret(\"name\")")
        names[_text(field, target)] = _text(f"{field}.{target}", named.name)
    return names


def _table(field: str, table: Optional[Mapping[str, str]]) -> Dict[str, str]:
    return {_text(field, name): _text(f"{field}.{name}", value) for name, value in (table or {}).items()}
