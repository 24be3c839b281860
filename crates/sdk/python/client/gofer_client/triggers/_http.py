"""HTTP requests, their answers, and the subscriptions that they may be for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Iterator, List, Mapping, Optional, Sequence, Tuple

from .. import plugin
from ._event import Event, Fate
from ._index import Snapshot, Subscribed
from ._subscription import Name, wire_of

if TYPE_CHECKING:
    from ._requests import Call

BODY_MAX = 1024 * 1024
"""Longest body of an answer, in bytes."""
HEADERS_MAX, HEADERS_BYTES_MAX = 64, 16 * 1024
"""Most headers of an answer, and how many bytes they may have in all."""
OF_THE_CONNECTION = frozenset(
    ("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length")
)
"""Headers that are about one connection only, or that the node itself says, with those that begin with proxy-."""
NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""RFC 9110, section 5.6.2."""
NO_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What is in no value of a header: RFC 9110, section 5.5."""


@dataclass(frozen=True)
class HttpRequest:
    """What somebody has sent to /v1/plugins/TRIGGER of any node, or to a path below it. Nobody has checked who that is."""

    method: str
    path: str
    """What follows /v1/plugins/TRIGGER, percent-encoded as it was sent; "/" if nothing does."""
    query: str
    """What follows the question mark, as it was sent."""
    headers: Tuple[Tuple[str, str], ...]
    """Names, in lower case, and values, of which each character is a byte (latin-1), in the order in which they came."""
    body: bytes
    """At most 1 MiB."""

    def header(self, name: str) -> Optional[str]:
        """The first header of that name, however it is written."""
        lower = name.lower()
        return next((value for known, value in self.headers if known.lower() == lower), None)

    @staticmethod
    def _of(wire: plugin.HttpRequest) -> "HttpRequest":
        headers = tuple((header.name, header.value.decode("latin-1")) for header in wire.headers)
        return HttpRequest(wire.method, wire.path or "/", wire.query, headers, wire.body)


@dataclass(frozen=True)
class HttpResponse:
    """The answer to a request."""

    status: int = 200
    """200 to 599."""
    body: bytes = b""
    """At most 1 MiB."""
    headers: Sequence[Tuple[str, str]] = ()
    """At most 64, of 16 KiB in all. Each character of a value is a byte (latin-1). Those of the connection don't count."""

    def _wire(self) -> plugin.HttpResponse:
        """Raises ValueError or TypeError when it is not valid."""
        if not 200 <= self.status <= 599:
            raise ValueError(f"its status is {self.status}, not 200 to 599")
        if not isinstance(self.body, (bytes, bytearray, memoryview)):
            raise TypeError(f"its body is {type(self.body).__name__}, not bytes")
        if len(self.body) > BODY_MAX:
            raise ValueError(f"its body has {len(self.body)} bytes, the limit is {BODY_MAX}")
        wire = plugin.HttpResponse(status=self.status, body=bytes(self.body))
        for name, value in self.headers:
            lower = name.lower()
            if lower in OF_THE_CONNECTION or lower.startswith("proxy-"):
                continue
            if not NAME.fullmatch(name) or NO_VALUE.search(value):
                raise ValueError(f"{name!r}: {value!r} is no header")
            wire.headers.add(name=lower, value=value.encode("latin-1"))
        size = sum(len(header.name) + len(header.value) for header in wire.headers)
        if len(wire.headers) > HEADERS_MAX or size > HEADERS_BYTES_MAX:
            limits = f"{HEADERS_MAX} and {HEADERS_BYTES_MAX}"
            raise ValueError(f"it has {len(wire.headers)} headers of {size} bytes, the limits are {limits}")
        return wire


class Subscriptions:
    """The subscriptions of the trigger as they were when a request came, in no order.

    Any threads may use it, until the request is answered.
    """

    def __init__(self, snapshot: Snapshot, call: "Call") -> None:
        self._snapshot, self._call = snapshot, call

    def __len__(self) -> int:
        return len(self._snapshot)

    def __iter__(self) -> Iterator["Subscriber"]:
        for one in self._snapshot:
            yield Subscriber(one, self._call)

    def get(self, name: Tuple[str, str, str]) -> Optional["Subscriber"]:
        """The one with a name: namespace, pipeline, and its own."""
        one = self._snapshot.get(name)
        return None if one is None else Subscriber(one, self._call)


class Subscriber:
    """A subscription while a request is handled."""

    __slots__ = ("_call", "_of")

    def __init__(self, of: Subscribed, call: "Call") -> None:
        self._of, self._call = of, call

    @property
    def name(self) -> Name:
        return self._of.name

    @property
    def settings(self) -> Mapping[str, str]:
        """What it was given, with the defaults of what it was not."""
        return self._of.settings

    def send(self, event: Event) -> Fate:
        """Tells of an event, and returns once the cluster has taken it. It does not move the cursor.

        Raises Changed, Invalid, or Stopped when the request is over: after 30 seconds, or with the stream that it came over.
        """
        return self.send_all([event])[0]

    def send_all(self, events: Sequence[Event]) -> List[Fate]:
        """Tells of at most 100 events in order: all of them are taken, or none.

        Raises Changed, Invalid or Stopped.
        """
        wire = wire_of(events)
        return self._call.take(self._of, wire) if wire else []
