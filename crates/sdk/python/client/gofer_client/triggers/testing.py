"""Tries a trigger without a cluster.

:class:`Cluster` is a stand-in: one server in this process, which takes events by the rules of the protocol and keeps them in
memory, and hands over HTTP requests. It starts no runs and evaluates no expressions. It can be as unkind as a network.

>>> from gofer_client.triggers.testing import Cluster
>>> with Cluster() as cluster:
...     cluster.subscribe("inbox", {"directory": "/tmp"})
"""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

import grpc

from .. import model, plugin
from ..gen.gofer.plugin.v1.plugin_pb2 import DESCRIPTOR
from ._http import HttpResponse
from ._plugin import Plugin, Trigger

TRIGGER = "under-test"
TOKEN = "token-of-the-test-kit"
PATIENCE = 20.0
"""How long Cluster.next waits, and Cluster.http for a plug-in, in seconds."""
ANSWER = 30.0
"""How long a plug-in may take to answer a request, in seconds."""
OPEN_MAX = 64
"""Most requests that a stream has open."""
BODY_MAX = 1024 * 1024
"""Longest body of a request and of an answer, in bytes."""
ASKED_BYTES_MAX = 32 * 1024
"""Most headers of a request, in bytes."""
HEADERS_MAX, HEADERS_BYTES_MAX = 64, 16 * 1024
"""Most headers of an answer, and how many bytes they may have in all."""


@dataclass(frozen=True)
class Taken:
    """An event that was taken."""

    key: str
    kind: str
    payload: Any


@dataclass
class _Subscribed:
    generation: int = 0
    settings: List[model.Variable] = field(default_factory=list)
    cursor: Optional[bytes] = None
    taken: List[Taken] = field(default_factory=list)
    keys: Dict[str, int] = field(default_factory=dict)
    """Place by key."""
    given: int = 0
    """How many of the events the test was given."""


class Cluster:
    """A stand-in for a cluster. It ends with the ``with`` that it is used in."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._known: Dict[str, _Subscribed] = {}
        self._revision = 0
        """Grows with each change of a subscription."""
        self._streams: List[_Stream] = []
        self._lose = 0
        self._cuts = 0
        self._problem = ""
        self._plugins: List[Tuple[Plugin, threading.Thread]] = []
        self._server = grpc.server(ThreadPoolExecutor(32), options=[("grpc.so_reuseport", 0)])
        attach = grpc.stream_stream_rpc_method_handler(
            self._attach,
            request_deserializer=plugin.AttachRequest.FromString,
            response_serializer=plugin.AttachResponse.SerializeToString,
        )
        service = f"{DESCRIPTOR.package}.PluginService"
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Attach": attach}),))
        self._address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> "Cluster":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for running, _thread in self._plugins:
            running.stop()
        for _running, thread in self._plugins:
            thread.join()
        self.cut()
        self._server.stop(None).wait()

    def run(self, trigger: Trigger) -> Plugin:
        """Runs a trigger against the stand-in, in a thread, until it is stopped or the stand-in ends."""
        running = Plugin(trigger, TRIGGER, TOKEN, [self._address])
        thread = threading.Thread(target=running.run, name="trigger under test")
        self._plugins.append((running, thread))
        thread.start()
        return running

    def subscribe(self, name: str, settings: Mapping[str, str] = {}) -> None:
        """Makes a subscription, or changes its settings."""
        with self._changed:
            known = self._known.setdefault(name, _Subscribed())
            self._revision += 1
            known.generation = self._revision
            known.settings = [model.Variable(name=key, value=value) for key, value in settings.items()]
            self._changed.notify_all()

    def unsubscribe(self, name: str) -> None:
        """Takes a subscription away."""
        with self._changed:
            self._known.pop(name, None)
            self._revision += 1
            self._changed.notify_all()

    def taken(self, name: str) -> List[Taken]:
        """All events that a subscription has taken, in order; each once."""
        with self._changed:
            return list(self._known[name].taken) if name in self._known else []

    def cursor(self, name: str) -> Optional[bytes]:
        """Up to where the events of a subscription are taken."""
        with self._changed:
            return self._known[name].cursor

    def problem(self) -> str:
        """Why the plug-in can't do its work, as it has said last on its stream; empty if it can."""
        with self._changed:
            return self._problem

    def next(self, name: str) -> Taken:
        """Waits for the first event of a subscription that this was not asked for before. Raises TimeoutError."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                known = self._known.get(name)
                if known is not None and known.given < len(known.taken):
                    known.given += 1
                    return known.taken[known.given - 1]
                if not self._changed.wait(end - time.monotonic()):
                    raise TimeoutError(f"no event came for {name!r} within {PATIENCE} s")

    def http(
        self, method: str, path: str, body: bytes = b"", headers: Sequence[Tuple[str, str]] = (), query: str = ""
    ) -> HttpResponse:
        """Hands a request to the plug-in, as a node does, and waits for the answer.

        The path is what follows /v1/plugins/TRIGGER. It waits for a plug-in to be connected that takes requests, and raises
        TimeoutError when none is. What a node answers itself, this does: 503 when the stream has ended before the answer
        came, or too many requests are open, 504 when there was no answer in time, 502 when it was not valid, 413 when the
        request is too large.
        """
        request = plugin.HttpRequest(method=method, path=path, query=query, body=body)
        for name, value in headers:
            if not _is_of_the_connection(name.lower()):
                request.headers.add(name=name.lower(), value=value.encode("latin-1"))
        if len(body) > BODY_MAX or _size(request.headers) > ASKED_BYTES_MAX:
            return HttpResponse(413, b"the request is too large\n")
        with self._changed:
            stream = self._answering()
            if len(stream.open) >= OPEN_MAX:
                return HttpResponse(503, b"the plug-in has more requests than it answers\n")
            stream.last += 1
            request.id = stream.last
            stream.asked.append(plugin.AttachResponse(http_request=request))
            stream.open[request.id] = None
            self._changed.notify_all()
            self._changed.wait_for(lambda: stream.open[request.id] or self._is_over(stream), ANSWER)
            answer = stream.open.pop(request.id)
            if answer is None:
                gone = HttpResponse(503, b"the plug-in has gone, and may have seen the request\n")
                return gone if self._is_over(stream) else HttpResponse(504, b"the plug-in did not answer in time\n")
        return _answered(answer, method)

    def _answering(self) -> "_Stream":
        """Waits for a stream whose plug-in takes requests."""
        end = time.monotonic() + PATIENCE
        while True:
            for stream in self._streams:
                if stream.takes_http and not self._is_over(stream):
                    return stream
            if not self._changed.wait(end - time.monotonic()):
                raise TimeoutError(f"no plug-in that takes requests was connected within {PATIENCE} s")

    def cut(self) -> None:
        """Cuts all streams, as a node does that dies."""
        with self._changed:
            self._cuts += 1
            self._changed.notify_all()

    def lose_answers(self, count: int) -> None:
        """Takes the events of so many messages without an answer, and cuts their streams."""
        with self._changed:
            self._lose = count

    def _attach(
        self, requests: Iterator[plugin.AttachRequest], context: grpc.ServicerContext
    ) -> Iterator[plugin.AttachResponse]:
        if dict(context.invocation_metadata()).get("authorization") != f"Bearer {TOKEN}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is another")
        hello = next(requests).hello
        if hello.trigger != TRIGGER:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the first message must be Hello, of the trigger under test")
        stream = self._begin(hello.takes_http)
        # Also when the plug-in has gone while it was told of something.
        context.add_callback(lambda: self._end(stream))
        threading.Thread(target=self._read, args=(requests, stream), daemon=True).start()
        try:
            yield plugin.AttachResponse(welcome=plugin.Welcome(node=1))
            yield from self._tell(stream)
        finally:
            self._end(stream)
        context.abort(grpc.StatusCode.UNAVAILABLE, "the stream was cut by the test")

    def _begin(self, takes_http: bool) -> "_Stream":
        with self._changed:
            stream = _Stream(self._cuts, takes_http)
            self._streams.append(stream)
            self._problem = ""
            self._changed.notify_all()
            return stream

    def _end(self, stream: "_Stream") -> None:
        with self._changed:
            stream.is_over = True
            if stream in self._streams:
                self._streams.remove(stream)
            self._changed.notify_all()

    def _tell(self, stream: "_Stream") -> Iterator[plugin.AttachResponse]:
        """Tells of all subscriptions, of each change from then on, and of all else after that."""
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._is_over(stream)
                    or stream.seen != self._revision
                    or not stream.is_synced
                    or stream.answers
                    or stream.asked
                )
                if self._is_over(stream):
                    return
                news = self._news(stream)
                later, stream.answers, stream.asked = stream.answers + stream.asked, [], []
                # A node does not read while it tells of subscriptions.
                stream.is_telling = True
            yield from news
            if not stream.is_synced:
                stream.is_synced = True
                yield plugin.AttachResponse(synced=plugin.Synced())
            with self._changed:
                stream.is_telling = False
                self._changed.notify_all()
            yield from later

    def _is_over(self, stream: "_Stream") -> bool:
        return stream.is_over or stream.cuts != self._cuts

    def _read(self, requests: Iterator[plugin.AttachRequest], stream: "_Stream") -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: not stream.is_telling or self._is_over(stream))
                if not self._heed(next(requests), stream):
                    break
        except (grpc.RpcError, StopIteration):
            pass
        self._end(stream)

    def _heed(self, request: plugin.AttachRequest, stream: "_Stream") -> bool:
        """Whether the stream goes on."""
        with self._changed:
            which = request.WhichOneof("message")
            if which == "health":
                self._problem = request.health.problem
            elif which == "http_response":
                # An answer that nobody waits for any more goes nowhere.
                if request.http_response.id in stream.open:
                    stream.open[request.http_response.id] = request.http_response
            else:
                taken = self._take(request.events)
                if self._lose > 0:
                    self._lose -= 1
                    return False
                stream.answers.append(plugin.AttachResponse(taken=taken))
            self._changed.notify_all()
            return True

    def _news(self, stream: "_Stream") -> List[plugin.AttachResponse]:
        news: List[plugin.AttachResponse] = []
        told = stream.told
        if stream.seen == self._revision:
            return news
        stream.seen = self._revision
        for name in [name for name in told if name not in self._known]:
            del told[name]
            news.append(plugin.AttachResponse(subscription_gone=_ref(name)))
        for name, known in self._known.items():
            if told.get(name) != known.generation:
                told[name] = known.generation
                subscription = plugin.Subscription(
                    ref=_ref(name), generation=known.generation, settings=known.settings, cursor=known.cursor
                )
                news.append(plugin.AttachResponse(subscription=subscription))
        return news

    def _take(self, events: plugin.Events) -> plugin.Taken:
        """Takes events by the rules of the protocol."""
        known = self._known.get(events.subscription.name)
        if known is None or known.generation != events.generation:
            return _refused(events, plugin.REFUSAL_KIND_SUBSCRIPTION, "it is not what it was")
        try:
            checked = _checked(events)
        except ValueError as error:
            return _refused(events, plugin.REFUSAL_KIND_INVALID, str(error))
        if events.HasField("cursor"):
            start = getattr(events.cursor, "from") if events.cursor.HasField("from") else None
            if start != known.cursor:
                refused = _refused(events, plugin.REFUSAL_KIND_CURSOR, "the cursor is elsewhere")
                if known.cursor is not None:
                    refused.refusal.cursor = known.cursor
                return refused
            known.cursor = events.cursor.to
        taken = plugin.Taken(id=events.id)
        for event in checked:
            place = known.keys.get(event.key)
            duplicate = place is not None
            if place is None:
                place = known.keys[event.key] = len(known.taken)
                known.taken.append(event)
            taken.fates.add(result=model.EVENT_RESULT_FIRED, run=place + 1, duplicate=duplicate)
        self._changed.notify_all()
        return taken


@dataclass(eq=False)
class _Stream:
    cuts: int
    """How many cuts there were when it began."""
    takes_http: bool
    told: Dict[str, int] = field(default_factory=dict)
    """Generations of the subscriptions that were told of."""
    seen: int = 0
    """Of the subscriptions as they were told of."""
    is_synced: bool = False
    is_telling: bool = False
    answers: List[plugin.AttachResponse] = field(default_factory=list)
    asked: List[plugin.AttachResponse] = field(default_factory=list)
    """Requests that are to be handed over."""
    open: Dict[int, Optional[plugin.HttpResponse]] = field(default_factory=dict)
    """The answers that are waited for. None: it is not there yet."""
    last: int = 0
    """Id of the last request."""
    is_over: bool = False


def _checked(events: plugin.Events) -> List[Taken]:
    if len(events.events) > 100:
        raise ValueError(f"there are {len(events.events)} events, the limit is 100")
    if len(events.cursor.to) > 4096:
        raise ValueError("the cursor is longer than 4 KiB")
    checked = []
    for event in events.events:
        if not 1 <= len(event.key.encode()) <= 256:
            raise ValueError(f"the key {event.key!r} is not 1 to 256 bytes of text")
        if len(event.payload.encode()) > 256 * 1024:
            raise ValueError(f"the payload of {event.key!r} is longer than 256 KiB")
        payload = json.loads(event.payload) if event.payload else None
        checked.append(Taken(event.key, event.kind, payload))
    return checked


def _refused(events: plugin.Events, kind: int, message: str) -> plugin.Taken:
    refusal = plugin.Refusal(kind=kind, message=message)  # type: ignore[arg-type]
    return plugin.Taken(id=events.id, refusal=refusal)


def _ref(name: str) -> model.SubscriptionRef:
    return model.SubscriptionRef(namespace="default", pipeline="test", name=name)


def _answered(answer: plugin.HttpResponse, method: str) -> HttpResponse:
    """An answer as it is sent, if a node takes it."""
    fault = _fault(answer)
    if fault:
        return HttpResponse(502, f"the plug-in's answer is not valid: {fault}\n".encode())
    headers = tuple(
        (header.name, header.value.decode("latin-1"))
        for header in answer.headers
        if not _is_of_the_connection(header.name.lower()) and header.name.lower() != "content-length"
    )
    return HttpResponse(answer.status, b"" if method == "HEAD" else answer.body, headers)


def _fault(answer: plugin.HttpResponse) -> str:
    if not 200 <= answer.status <= 599:
        return f"its status {answer.status} is not 200 to 599"
    if len(answer.body) > BODY_MAX:
        return f"its body has {len(answer.body)} bytes, the limit is {BODY_MAX}"
    if len(answer.headers) > HEADERS_MAX or _size(answer.headers) > HEADERS_BYTES_MAX:
        return f"its headers are more than {HEADERS_MAX}, or have more than {HEADERS_BYTES_MAX} bytes"
    for header in answer.headers:
        if not re.fullmatch(r"[^\x00-\x20\x7f-\U0010ffff\"(),/:;<=>?@\[\\\]{}]+", header.name):
            return f"{header.name!r} is no name of a header"
        if re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", header.value):
            return f"{header.value!r} is no value of a header"
    return ""


def _size(headers: Iterable[plugin.HttpHeader]) -> int:
    return sum(len(header.name) + len(header.value) for header in headers)


def _is_of_the_connection(name: str) -> bool:
    known = ("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade")
    return name in known or name.startswith("proxy-")
