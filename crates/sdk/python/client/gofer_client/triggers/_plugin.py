"""A trigger as a program, and its streams to the cluster."""

from __future__ import annotations

import itertools
import logging
import os
import queue
import random
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Iterator, List, Optional, Sequence, Tuple, Union

import grpc

from .. import plugin
from ..gen.gofer.plugin.v1.plugin_pb2 import DESCRIPTOR
from ._http import HttpRequest, HttpResponse, Subscriptions
from ._requests import Handlers, Requests
from ._setting import Description
from ._subscription import Submission, Subscription
from ._watches import Ended, Watches

CONNECT_FIRST, CONNECT_MAX = 0.1, 5.0
"""Pause before another node is tried, in seconds: at first, and at most."""
HEALTH = 5.0
"""How often the trigger is asked whether it is well, in seconds."""
PROBLEM_MAX = 256
"""Longest text of what keeps it from its work, in characters: at most 1 KiB."""
METHOD = f"/{DESCRIPTOR.package}.PluginService/Attach"
OPTIONS: List[Tuple[str, Union[int, str]]] = [
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
]
FINAL = (
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNIMPLEMENTED,
)

log = logging.getLogger("gofer")


class Trigger(ABC):
    """Looks at the world."""

    @abstractmethod
    def describe(self) -> Description:
        """Says which settings subscriptions must and may give."""

    def watch(self, subscription: Subscription) -> None:
        """Looks for events of one subscription, and tells of them, in a thread of its own.

        When the subscription changes or goes, its methods raise Stopped; use its ``wait`` for pauses. After any other
        exception the watch begins anew, after a pause that grows, from the cursor as it is by then. When it returns, it
        is done with the subscription until that changes. A trigger that only answers requests leaves it out.
        """

    def http(self, request: HttpRequest, subscriptions: Subscriptions) -> HttpResponse:
        """Answers an HTTP request, in a thread of its own. Only a trigger that overrides this is sent any.

        Nobody has checked who has sent it, so look at a signature or a token first. Nobody waits for the answer any more
        after 30 seconds, or when the stream has ended that the request came over; then sends raise Stopped. After any
        exception the answer is 500.

        Whoever has sent the request hears of a failure and sends it again, maybe after it was handled. So give each event a
        key that is the same then.
        """
        raise NotImplementedError

    def health(self) -> Optional[str]:
        """Says why the trigger can't do its work at all, for people, or None if it can; asked every few seconds.

        ``gofer trigger get`` shows it, and a plug-in that the cluster keeps running is started anew when it has not been
        well for a minute.
        """
        return None


class Refused(Exception):
    """The cluster does not take the plug-in: the trigger is not installed, the token is another, or what it says of itself
    is not valid."""


class Plugin:
    """A trigger that is installed under a name, and some of the nodes, HOST:PORT each."""

    def __init__(self, trigger: Trigger, name: str, token: str, addresses: Sequence[str]) -> None:
        self._trigger, self._name, self._token = trigger, name, token
        self._addresses = [address.strip() for address in addresses if address.strip()]
        for what, value in (("name", name), ("token", token), ("address of a node", self._addresses)):
            if not value:
                raise ValueError(f"the {what} is missing")
        self._inbox: "queue.Queue[object]" = queue.Queue()
        self._stopped = threading.Event()
        ids = itertools.count(1)
        self._watches = Watches(trigger, self._inbox.put, ids)
        takes_http = getattr(trigger.http, "__func__", None) is not Trigger.http
        self._handlers = Handlers(trigger.http if takes_http else None, ids)

    @staticmethod
    def from_env(trigger: Trigger) -> "Plugin":
        """What the environment says: GOFER_ADDRESS (127.0.0.1:7600 without it), GOFER_TRIGGER, and GOFER_PLUGIN_TOKEN or
        GOFER_PLUGIN_TOKEN_FILE. A plug-in that the cluster keeps running is given all it needs."""
        name = os.environ.get("GOFER_TRIGGER", "")
        if not name:
            raise ValueError("set GOFER_TRIGGER to the name that the trigger is installed under")
        file = os.environ.get("GOFER_PLUGIN_TOKEN_FILE", "")
        token = os.environ.get("GOFER_PLUGIN_TOKEN", "") or os.environ.get("GOFER_TOKEN", "")
        if file:
            with open(file, encoding="utf-8") as opened:
                token = opened.read()
        if not token.strip():
            raise ValueError("set GOFER_PLUGIN_TOKEN_FILE or GOFER_PLUGIN_TOKEN")
        addresses = os.environ.get("GOFER_ADDRESS") or "127.0.0.1:7600"
        return Plugin(trigger, name, token.strip(), addresses.split(","))

    def run(self) -> None:
        """Runs until :meth:`stop`. Raises Refused when the cluster does not take the plug-in any more; what may pass is
        waited for."""
        pause = CONNECT_FIRST
        place = random.randrange(len(self._addresses))
        try:
            while not self._stopped.is_set():
                address = self._addresses[place % len(self._addresses)]
                place += 1
                welcome = self._stream(address)
                pause = CONNECT_FIRST if welcome else pause
                self._stopped.wait(pause * random.uniform(0.5, 1.5))
                pause = min(pause * 2, CONNECT_MAX)
        finally:
            self._watches.stop()

    def stop(self) -> None:
        """Ends :meth:`run`, from any thread."""
        self._stopped.set()
        self._inbox.put(None)

    def _stream(self, address: str) -> bool:
        """Serves one stream, and says whether it was welcome."""
        # The path of a socket is no authority.
        authority = [("grpc.default_authority", "localhost")] if address.startswith("unix:") else []
        channel = grpc.insecure_channel(address, options=[*OPTIONS, *authority])
        outgoing: "queue.Queue[Optional[plugin.AttachRequest]]" = queue.Queue()
        hello = self._trigger.describe()._hello(self._name)
        hello.takes_http = self._handlers.handler is not None
        outgoing.put(plugin.AttachRequest(hello=hello))
        attach = channel.stream_stream(
            METHOD,
            request_serializer=plugin.AttachRequest.SerializeToString,
            response_deserializer=plugin.AttachResponse.FromString,
        )
        stream = attach(iter(outgoing.get, None), metadata=[("authorization", f"Bearer {self._token}")])
        self._watches.begin_stream()
        threading.Thread(target=self._read, args=(stream,), name="gofer stream", daemon=True).start()
        state = _State(Requests(self._handlers, outgoing.put))
        try:
            while not state.is_over and not self._stopped.is_set():
                for events in self._next(stream, state) + self._watches.overdue():
                    outgoing.put(plugin.AttachRequest(events=events))
                state.requests.overdue()
                if state.health_due <= time.monotonic():
                    state.health_due = time.monotonic() + HEALTH
                    problem = self._problem()
                    if problem != state.problem:
                        state.problem = problem
                        outgoing.put(plugin.AttachRequest(health=plugin.Health(problem=problem)))
        except grpc.RpcError as error:
            if error.code() in FINAL:
                raise Refused(error.details()) from None
            if not self._stopped.is_set():
                log.warning("the stream to %s has ended, another node is tried: %s", address, error.details())
        finally:
            self._watches.end_stream()
            state.requests.end()
            outgoing.put(None)
            stream.cancel()
            channel.close()
        return state.is_welcome

    def _problem(self) -> str:
        """What keeps the trigger from its work; empty if nothing does."""
        try:
            return (self._trigger.health() or "")[:PROBLEM_MAX]
        except Exception as error:  # Whatever it is, the trigger is not well.
            return (str(error) or type(error).__name__)[:PROBLEM_MAX]

    def _next(self, stream: object, state: "_State") -> List[plugin.Events]:
        """Sees to what happens next, and says what to send."""
        try:
            dues = [self._watches.until_due(), state.requests.until_due(), max(state.health_due - time.monotonic(), 0)]
            item = self._inbox.get(timeout=min(due for due in dues if due is not None))
        except queue.Empty:
            return []
        if isinstance(item, Submission):
            return self._watches.submit(item)
        if isinstance(item, Ended):
            self._watches.ended(item)
        elif isinstance(item, _Received) and item.stream is stream:
            if item.error is not None:
                raise item.error
            if item.message is None:
                state.is_over = True
                return []
            return self._heed(item.message, state)
        return []

    def _heed(self, message: plugin.AttachResponse, state: "_State") -> List[plugin.Events]:
        """Does what a message of the cluster asks for, and says what to send."""
        which = message.WhichOneof("message")
        if which == "welcome":
            state.is_welcome = True
            known = self._addresses
            known += [address for address in message.welcome.addresses if address not in known]
            return []
        if which == "http_request":
            state.requests.receive(message.http_request, self._watches.index)
            return []
        if which == "taken" and state.requests.taken(message.taken):
            return []
        messages = self._watches.heed(message)
        if which == "synced":
            # Those that are gone are not there any more.
            state.requests.sync(self._watches.index)
        return messages

    def _read(self, stream: Iterator[plugin.AttachResponse]) -> None:
        """Puts what comes over a stream with all else that happens."""
        try:
            for message in stream:
                self._inbox.put(_Received(stream, message))
            self._inbox.put(_Received(stream))
        except grpc.RpcError as error:
            self._inbox.put(_Received(stream, error=error))


@dataclass
class _State:
    """How a stream stands."""

    requests: Requests
    is_welcome: bool = False
    is_over: bool = False
    problem: str = ""
    """What the cluster knows. Nothing is said of a trigger that is well: that is how a stream begins."""
    health_due: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class _Received:
    """What a stream has brought; neither a message nor an error is its end."""

    stream: object
    message: Optional[plugin.AttachResponse] = None
    error: Optional[grpc.RpcError] = None
