"""Streams that go on with the next node when one is lost."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any, Callable, Deque, Dict, Generic, Iterator, List, Optional, TypeVar

import grpc

from . import _status
from ._calls import Method, Nodes, backoff
from ._node import NoConnection
from ._outcome import Unreachable

T = TypeVar("T")

WORKED = 5.0
"""A stream that lived for so long worked, in seconds."""


class Stream(Iterator[T]):
    """What comes from the cluster one after the other, over as many nodes as it takes. It is for one thread.

    Iteration raises Rejected when a node refuses, and Unreachable when no node could go on for the client's timeout.
    Another thread may close it, which ends the iteration.
    """

    def __init__(self, nodes: Nodes, method: Callable[[grpc.Channel], Method], state: Resume[T]) -> None:
        self._nodes, self._method, self._state = nodes, method, state
        self._ready: Deque[T] = deque()
        self._call: Optional[Any] = None
        self._channel: Optional[grpc.Channel] = None
        self._node = nodes.next()[1]
        self._over = False
        self._closed = threading.Event()
        self._losses = Losses(nodes)

    def __iter__(self) -> Stream[T]:
        return self

    def __next__(self) -> T:
        while not self._ready:
            if self._over or self._closed.is_set():
                raise StopIteration
            try:
                self._fetch()
            except BaseException:
                self._over = True
                raise
        item = self._ready.popleft()
        self._state.returned(item)
        return item

    def close(self) -> None:
        """Ends the stream."""
        self._closed.set()
        call = self._call
        if call is not None:
            call.cancel()

    def __enter__(self) -> Stream[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> Any:
        request = self._state.request()
        at, self._node = self._nodes.next()
        self._losses.open(at, self._node.address)
        self._channel = self._node.connect(self._nodes.timeout)
        call = self._method(self._channel)(request, metadata=self._nodes.metadata)
        self._call = call
        if self._closed.is_set():
            call.cancel()
        return call

    def _fetch(self) -> None:
        losses = self._losses
        try:
            message = next(self._call or self._open())
        except StopIteration:
            if self._state.ends():
                self._over = True
                return
            why = "it ended the stream"
        except NoConnection as error:
            why = str(error)
        except grpc.RpcError as error:
            if self._closed.is_set():
                return
            if not _status.is_transient(error):
                raise _status.rejected(error) from None
            why = _status.reason(error)
            if self._channel is not None and not _status.is_from_node(error):
                self._node.drop(self._channel)
        else:
            fresh = self._state.take(message)
            if fresh:
                losses.fresh()
            self._ready.extend(fresh)
            self._over = self._state.is_last()
            return
        worked, self._call = self._call is not None, None
        losses.lose(why, worked, self._closed)


class Resume(Generic[T]):
    """What a stream is to go on with."""

    def request(self) -> Any:
        """Opens the stream, possibly again."""
        raise NotImplementedError

    def take(self, message: Any) -> List[T]:
        """What is new in a message."""
        raise NotImplementedError

    def returned(self, item: T) -> None:
        """The user has it."""

    def is_last(self) -> bool:
        """Whether nothing can come after what was taken last."""
        return False

    def ends(self) -> bool:
        """Whether the end of the stream is the end of all."""
        return False


class Losses:
    """The nodes that were lost since something new came."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._at = 0
        self._address = ""
        self._opened = self._first = time.monotonic()
        self._lost = 0
        self._tried: Dict[str, str] = {}

    def open(self, at: int, address: str) -> None:
        """A stream is opened on this node."""
        self._at, self._address, self._opened = at, address, time.monotonic()

    def fresh(self) -> None:
        """Something new came: what is lost from now on is lost for the first time."""
        self._lost = 0

    def lose(self, why: str, was_open: bool, closed: threading.Event) -> None:
        """Turns to the next node. Raises when nothing new has come for as long as the client has patience."""
        now = time.monotonic()
        if self._lost == 0 or (was_open and now - self._opened >= WORKED):
            self._first, self._lost, self._tried = now, 0, {}
        self._lost += 1
        self._tried[self._address] = why
        self._nodes.give_up(self._at)
        if now - self._first >= self._nodes.timeout:
            raise Unreachable(sorted(self._tried.items()))
        if self._lost > 1:
            closed.wait(backoff(1 + self._lost // len(self._nodes)))
