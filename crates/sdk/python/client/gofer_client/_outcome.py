"""What a caller can know of a call."""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass
from typing import Dict, Generic, List, NoReturn, Tuple, TypeVar, Union

import grpc

T = TypeVar("T")


class GoferError(Exception):
    """What all errors of this package have in common."""


@dataclass(frozen=True)
class Committed(Generic[T]):
    """The change was made, and is not lost again."""

    value: T
    """The node's answer."""
    revision: int
    """Of the last event of the change."""

    def result(self) -> T:
        """The value; the other outcomes raise themselves."""
        return self.value


@dataclass(frozen=True)
class Violation:
    """One fault of a request."""

    field: str
    description: str


@dataclass(eq=False)
class Rejected(GoferError):
    """The cluster refused. Of a write: the change was not made, and the same request id does not make it later.

    Writes return it, reads and streams raise it.
    """

    code: grpc.StatusCode
    message: str
    """What happened, and why."""
    reason: str = ""
    """One of those in docs/errors, or of a node's own, such as ``REVISION_TOO_NEW``."""
    help: str = ""
    """What to do; may be empty."""
    field: str = ""
    """Path of the field at fault; may be empty."""
    violations: List[Violation] = dataclasses.field(default_factory=list)
    """All faults of the request."""
    metadata: Dict[str, str] = dataclasses.field(default_factory=dict)
    """Whatever else the node says, such as ``first_available`` for events that are in the archive."""

    def __str__(self) -> str:
        text = f"{self.reason}: {self.message}" if self.reason else self.message
        return f"{text} ({self.help})" if self.help else text

    def result(self) -> NoReturn:
        """Raises this."""
        raise self


@dataclass(eq=False)
class Unknown(GoferError):
    """The change may or may not have been made: ask again, with this request id, and it is made once.

    Writes return it.
    """

    request_id: uuid.UUID
    """To be sent with the same request again."""
    sent: bool
    """Whether a node may have got the request. If not, nothing was changed."""
    tried: List[Tuple[str, str]]
    """The address of each node, and how it failed last."""

    def __str__(self) -> str:
        if not self.sent:
            return f"no node could be reached, nothing was changed: {failures(self.tried)}"
        why = failures(self.tried)
        return f"it is unknown whether the change was made: {why} (ask again with request id {self.request_id})"

    def result(self) -> NoReturn:
        """Raises this."""
        raise self


@dataclass(eq=False)
class Unreachable(GoferError):
    """No node answered a read in time, or could go on with a stream."""

    tried: List[Tuple[str, str]]
    """The address of each node, and how it failed last."""

    def __str__(self) -> str:
        return f"no node could answer: {failures(self.tried)}"


Outcome = Union[Committed[T], Rejected, Unknown]
"""What a caller can know of a write: one of three."""


def failures(tried: List[Tuple[str, str]]) -> str:
    """The nodes and their failures in one line."""
    return "; ".join(f"{address}: {why}" for address, why in tried) or "the time was up"
