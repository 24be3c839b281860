"""Values that pipelines are given and pass on: parameters, outputs, conditions, and runs of other pipelines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Union

from ._fault import Source
from ._units import escaped

if TYPE_CHECKING:
    from ._pipeline import Task

INTEGER_MIN = -(1 << 63)
INTEGER_MAX = (1 << 63) - 1


@dataclass(frozen=True)
class Value:
    """Where a text comes from that is known only in the run.

    :meth:`Task.output`, :meth:`Pipeline.parameter`, :func:`variable` and :data:`ITEM` make one. A plain text is a value
    too.
    """

    kind: str
    text: str = ""
    task: Optional[Task] = None

    def is_(self, *texts: str) -> Condition:
        """The value is there, and one of these."""
        return Condition(self, "is", words("is_", texts))

    def is_not(self, *texts: str) -> Condition:
        """The value is not there, or none of these."""
        return Condition(self, "is_not", words("is_not", texts))


@dataclass(frozen=True)
class Condition:
    """What must hold for a task to run; otherwise it is skipped. :meth:`Value.is_` and its like make one."""

    value: Value
    test: str
    texts: Sequence[str]


ITEM = Value("item")
"""The element that a task is at which runs a pipeline for each of several."""


def variable(name: str) -> Value:
    """A variable of the run, else of the pipeline's environment."""
    return Value("variable", text("the name of a variable", name))


@dataclass
class ParameterConfig:
    """A value that a run is given when it starts."""

    type: str = "text"
    description: str = ""
    least: int = INTEGER_MIN
    most: int = INTEGER_MAX
    choices: List[str] = field(default_factory=list)
    default: Optional[str] = None
    source: Optional[Source] = None


@dataclass
class RunConfig:
    """How another pipeline is run."""

    pipeline: str
    variables: Dict[str, Value] = field(default_factory=dict)
    for_each: Union[None, Value, List[str]] = None
    parallelism: int = 0


@dataclass
class UsesConfig:
    """How a shared task is used."""

    task: str
    version: int = 0
    """0: the one that is live when a run is created."""
    settings: Dict[str, Value] = field(default_factory=dict)


@dataclass
class ValuesConfig:
    """What a task takes from its run, and what it does if it is no container."""

    when: List[Condition] = field(default_factory=list)
    inputs: Dict[str, Value] = field(default_factory=dict)
    approvers: Optional[List[str]] = None
    """Who may approve: anybody, if there are none. None: the task waits for no approval."""
    run: Optional[RunConfig] = None
    uses: Optional[UsesConfig] = None

    def values(self) -> Dict[str, Value]:
        """Every value, by its path below the task's."""
        found = {f"conditions.{number}": condition.value for number, condition in enumerate(self.when)}
        found.update({f"inputs.{escaped(name)}": value for name, value in sorted(self.inputs.items())})
        if self.run is not None:
            named = sorted(self.run.variables.items())
            found.update({f"call.variables.{escaped(name)}": value for name, value in named})
            if isinstance(self.run.for_each, Value):
                found["call.for_each"] = self.run.for_each
        if self.uses is not None:
            named = sorted(self.uses.settings.items())
            found.update({f"settings.{escaped(name)}": value for name, value in named})
        return found


def as_value(at: str, value: Any) -> Value:
    """A value, or a plain text as one."""
    return value if isinstance(value, Value) else Value("text", text(at, value))


def as_values(at: str, values: Optional[Mapping[str, Union[str, Value]]]) -> Dict[str, Value]:
    """A table of values."""
    return {text(at, name): as_value(f"{at}.{name}", value) for name, value in (values or {}).items()}


def as_conditions(at: str, conditions: Any) -> List[Condition]:
    """A list of conditions, or one alone."""
    found = [conditions] if isinstance(conditions, Condition) else list(conditions)
    for condition in found:
        if not isinstance(condition, Condition):
            raise TypeError(f'{at} has conditions, such as build.output("CHANGED").is_("yes"), not {condition!r}')
    return found


def as_items(at: str, items: Any) -> Union[None, Value, List[str]]:
    """What a task goes through: nothing, the lines of a value, or texts."""
    if items is None or isinstance(items, Value):
        return items
    return words(at, items)


def text(at: str, value: Any) -> str:
    """A text, and nothing else."""
    if not isinstance(value, str):
        raise TypeError(f"{at} is a text, not {value!r}")
    return value


def words(at: str, texts: Any) -> List[str]:
    """A list of texts. A text is a sequence of texts too, one for each letter."""
    if isinstance(texts, str):
        raise TypeError(f'{at} is a list of words, such as ["make", "test"], not the text {texts!r}')
    return [text(at, word) for word in texts]
