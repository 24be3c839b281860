"""Tries a trigger without a cluster.

:class:`Cluster` is a stand-in: one server in this process, which takes events by the rules of the protocol and keeps them in
memory. It starts no runs and evaluates no expressions. It can be as unkind as a network.

>>> from gofer_client.triggers.testing import Cluster
>>> with Cluster() as cluster:
...     cluster.subscribe("inbox", {"directory": "/tmp"})
"""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

import grpc

from .. import model, plugin
from ..gen.gofer.plugin.v1.plugin_pb2 import DESCRIPTOR
from ._plugin import Plugin, Trigger

TRIGGER = "under-test"
TOKEN = "token-of-the-test-kit"
PATIENCE = 20.0
"""How long Cluster.next waits, in seconds."""


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
        if next(requests).hello.trigger != TRIGGER:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the first message must be Hello, of the trigger under test")
        stream = _Stream(self._cuts)
        self._problem = ""
        reading = threading.Thread(target=self._read, args=(requests, stream), daemon=True)
        reading.start()
        yield plugin.AttachResponse(welcome=plugin.Welcome(node=1))
        told: Dict[str, int] = {}
        synced = False
        while True:
            with self._changed:
                news = self._news(told)
                while not news and not stream.answers and not self._is_over(stream) and synced:
                    self._changed.wait()
                    news = self._news(told)
                answers, stream.answers = stream.answers, []
                over = self._is_over(stream)
            if over:
                context.abort(grpc.StatusCode.UNAVAILABLE, "the stream was cut by the test")
            yield from news
            yield from answers
            if not synced:
                synced = True
                yield plugin.AttachResponse(synced=plugin.Synced())

    def _is_over(self, stream: "_Stream") -> bool:
        return stream.is_over or stream.cuts != self._cuts

    def _read(self, requests: Iterator[plugin.AttachRequest], stream: "_Stream") -> None:
        try:
            for request in requests:
                with self._changed:
                    if request.WhichOneof("message") == "health":
                        self._problem = request.health.problem
                        continue
                    taken = self._take(request.events)
                    if self._lose > 0:
                        self._lose -= 1
                        break
                    stream.answers.append(plugin.AttachResponse(taken=taken))
                    self._changed.notify_all()
        except grpc.RpcError:
            pass
        with self._changed:
            stream.is_over = True
            self._changed.notify_all()

    def _news(self, told: Dict[str, int]) -> List[plugin.AttachResponse]:
        news = []
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


@dataclass
class _Stream:
    cuts: int
    """How many cuts there were when it began."""
    answers: List[plugin.AttachResponse] = field(default_factory=list)
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
