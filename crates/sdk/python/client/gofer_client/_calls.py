"""Calls over several nodes: which may be repeated, where, and for how long."""

from __future__ import annotations

import random
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Tuple, TypeVar

import grpc

from . import _status
from ._node import NoConnection, Node
from ._outcome import Rejected

A = TypeVar("A")
Method = Callable[..., Any]
"""A call that a channel has."""

ADDRESSES_MAX = 64
"""Most addresses of one client."""
ANSWER_MIN = 5.0
"""Least time for one node to answer before the next one is asked, in seconds."""
BACKOFF_FIRST, BACKOFF_MAX = 0.1, 2.0
"""Bounds of the pause after all nodes have failed, in seconds."""


class Failed(Exception):
    """No node answered."""

    def __init__(self, sent: bool, tried: Dict[str, str]) -> None:
        super().__init__()
        self.sent = sent
        self.tried = sorted(tried.items())


class Nodes:
    """The nodes of a cluster, one of which is asked first. Used by several threads."""

    def __init__(self, addresses: List[str], timeout: float, user: str) -> None:
        if not 1 <= len(addresses) <= ADDRESSES_MAX:
            raise ValueError(f"{len(addresses)} addresses: a client needs 1 to {ADDRESSES_MAX}, as HOST:PORT")
        if not timeout > 0:
            raise ValueError(f"a timeout of {timeout} s: it must be longer than 0")
        self.timeout = timeout
        self.metadata = (("gofer-user", user),) if user else ()
        self._nodes = [_node(address) for address in addresses]
        self._at = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._nodes)

    def next(self) -> Tuple[int, Node]:
        """The node to ask, and its turn."""
        at = self._at
        return at, self._nodes[at % len(self._nodes)]

    def give_up(self, at: int) -> None:
        """Goes on to the node after that one, unless another call did so already."""
        with self._lock:
            if self._at == at:
                self._at += 1

    def close(self) -> None:
        """Ends all calls."""
        for node in self._nodes:
            node.close()

    def call(self, method: Callable[[grpc.Channel], Method], request: Any, timeout: Optional[float]) -> Any:
        """Asks until a node answers. Raises Rejected when one refuses, Failed when the time is up."""
        timeout = self.timeout if timeout is None else timeout
        end = time.monotonic() + timeout
        sent, tried, turn = False, {}, 0  # type: bool, Dict[str, str], int
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise Failed(sent, tried)
            at, node = self.next()
            try:
                channel = node.connect(left)
            except NoConnection as error:
                tried[node.address] = str(error)
            else:
                sent = True
                patience = self._patience(timeout, end - time.monotonic())
                try:
                    return method(channel)(request, timeout=patience, metadata=self.metadata)
                except grpc.RpcError as error:
                    if not _status.is_transient(error):
                        raise _status.rejected(error) from None
                    tried[node.address] = _status.reason(error)
                    if not _status.is_from_node(error):
                        node.drop(channel)
            self.give_up(at)
            turn += 1
            if turn % len(self) == 0:
                time.sleep(max(0.0, min(backoff(turn // len(self)), end - time.monotonic())))

    def _patience(self, timeout: float, left: float) -> float:
        left = max(left, 0.001)
        return left if len(self) == 1 else min(left, max(timeout / 3, ANSWER_MIN))


def backoff(times: int) -> float:
    """The pause after all nodes have failed so many times, in seconds.

    Exponential, with full jitter, so that many clients that lost the same node don't come back at the same moment.
    """
    return random.uniform(0, min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** min(times - 1, 10)))


def _node(address: str) -> Node:
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{address!r} is no address: use HOST:PORT, for example 127.0.0.1:7600")
    return Node(address, host.strip("[]"), int(port))


__all__ = ["Failed", "Method", "Nodes", "Rejected", "backoff"]
