"""A pipeline as plain data, as the builders fill it in and a file says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Dict, List, Optional, Union

from ._fault import Source
from ._values import ParameterConfig, ValuesConfig


@dataclass(frozen=True)
class Queue:
    """The overlap policy under which a new run waits if fewer than ``length`` (1 to 10 000) wait already."""

    length: int


@dataclass(frozen=True)
class Retry:
    """How often and how soon a failed attempt is followed by another.

    >>> patient = Retry(attempts=5, backoff=timedelta(seconds=2), multiplier=1.5)
    >>> never_twice = Retry(attempts=1, retry_lost=False)
    """

    attempts: int
    """Attempts in all, the first included: 1 to 100."""
    backoff: timedelta = timedelta(seconds=1)
    """Delay before the second attempt."""
    backoff_max: Optional[timedelta] = None
    """Longest delay; one minute, or the backoff if that is longer, unless set."""
    multiplier: float = 2
    """What each delay is multiplied with to get the next one: 1 to 100, in hundredths."""
    retry_lost: bool = True
    """Whether an attempt that was lost with its node is followed by another."""


@dataclass
class RetryConfig:
    """A retry policy with all its values."""

    attempts: int = 1
    backoff: timedelta = timedelta(seconds=1)
    backoff_max: timedelta = timedelta(minutes=1)
    multiplier_percent: int = 200
    retry_lost: bool = True


@dataclass
class TaskConfig:
    """One task. What is empty, none or 0 is left to the default."""

    description: str = ""
    image: str = ""
    pull: str = "if-not-present"
    entrypoint: List[str] = field(default_factory=list)
    command: List[str] = field(default_factory=list)
    working_directory: str = ""
    depends_on: Dict[str, str] = field(default_factory=dict)
    retry: RetryConfig = field(default_factory=RetryConfig)
    timeout: Optional[timedelta] = None
    cpu_millis: int = 0
    memory_bytes: int = 0
    driver: str = ""
    allow_failure: bool = False
    constraints: Dict[str, str] = field(default_factory=dict)
    env: Dict[str, str] = field(default_factory=dict)
    values: ValuesConfig = field(default_factory=ValuesConfig)
    secret_env: Dict[str, str] = field(default_factory=dict)
    secret_files: Dict[str, str] = field(default_factory=dict)
    source: Optional[Source] = None


@dataclass
class PipelineConfig:
    """One version of a pipeline."""

    id: str
    description: str = ""
    parallelism: int = 0
    overlap: Union[str, Queue] = "allow"
    timeout: Optional[timedelta] = None
    env: Dict[str, str] = field(default_factory=dict)
    parameters: Dict[str, ParameterConfig] = field(default_factory=dict)
    source: Optional[Source] = None
    tasks: Dict[str, TaskConfig] = field(default_factory=dict)
