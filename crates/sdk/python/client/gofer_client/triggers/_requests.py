"""The HTTP requests of a stream: one thread for each, and what it has on its way to the cluster."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from queue import SimpleQueue
from typing import Callable, Deque, Dict, Iterator, List, Optional

from .. import plugin
from ._event import Fate, fates
from ._http import HttpRequest, HttpResponse, Subscriptions
from ._index import Index, Snapshot, Subscribed
from ._subscription import Changed, Invalid, Stopped

AGAIN = 0.25
"""Pause before what no leader has answered is sent again, in seconds."""
OPEN_MAX = 64
"""Most requests that are open at a time on a stream."""
HANDLERS_MAX = 256
"""Most handlers that run, with those that go on although their requests are over."""
LIMIT = 30.0
"""How long a request may take, in seconds. Later nobody waits for its answer."""

log = logging.getLogger("gofer")

Handler = Callable[[HttpRequest, Subscriptions], HttpResponse]


class Handlers:
    """The handlers of all streams. A trigger without one takes no requests."""

    def __init__(self, handler: Optional[Handler], ids: Iterator[int]) -> None:
        self.handler, self.ids = handler, ids
        self.lock = threading.Lock()
        self.running = 0


class Call:
    """A request until it is over, and what its handler waits for."""

    def __init__(self, requests: "Requests", wire: plugin.HttpRequest) -> None:
        self.requests, self.wire = requests, wire
        self.due = time.monotonic() + LIMIT
        self.over = threading.Event()
        self.answers: "Dict[int, SimpleQueue[Optional[plugin.Taken]]]" = {}
        """By the id of the message. None: the request is over."""

    def take(self, of: Subscribed, events: List[plugin.Event]) -> List[Fate]:
        """Has events taken, for as long as the handler runs."""
        while True:
            message = plugin.Events(subscription=of.name._ref(), generation=of.generation, events=events)
            taken = self.requests.ask(self, message)
            if taken is None:
                raise Stopped("the request is over")
            if not taken.HasField("refusal"):
                if len(taken.fates) != len(events):
                    raise Changed(f"the answer has {len(taken.fates)} fates for {len(events)} events")
                return fates(taken.fates)
            if taken.refusal.kind == plugin.REFUSAL_KIND_INVALID:
                raise Invalid(taken.refusal.message)
            if taken.refusal.kind != plugin.REFUSAL_KIND_UNAVAILABLE:
                raise Changed(taken.refusal.message)
            self.over.wait(AGAIN)


class Requests:
    """Used by the thread of the engine only, but for ``ask`` and what is private."""

    def __init__(self, handlers: Handlers, send: Callable[[plugin.AttachRequest], None]) -> None:
        self._handlers, self._send = handlers, send
        self._lock = handlers.lock
        self._open: Dict[int, Call] = {}
        self._sent: Dict[int, Call] = {}
        """What waits for an answer, by the id of its message."""
        self._limits: Deque[Call] = deque()
        """In the order in which they are due."""
        self._is_synced = False
        self._early: List[Call] = []
        """Requests that came before the stream had told of all subscriptions. They would miss some."""

    def receive(self, wire: plugin.HttpRequest, index: Index) -> None:
        """Has a request handled."""
        call = Call(self, wire)
        with self._lock:
            is_admitted = len(self._open) < OPEN_MAX and self._handlers.running < HANDLERS_MAX
            if is_admitted:
                self._open[wire.id] = call
                self._handlers.running += 1
        if not is_admitted:
            self._answer(wire.id, _plain(503, "the plug-in has more requests than it answers"))
            return
        self._limits.append(call)
        if self._is_synced:
            self._start(call, index.snapshot())
        else:
            self._early.append(call)

    def sync(self, index: Index) -> None:
        """The stream has told of all subscriptions."""
        self._is_synced = True
        early, self._early = self._early, []
        for call in early:
            self._start(call, index.snapshot())

    def taken(self, taken: plugin.Taken) -> bool:
        """The cluster says what became of events. Returns whether a handler had sent them."""
        with self._lock:
            call = self._sent.pop(taken.id, None)
            if call is None:
                return False
            call.answers.pop(taken.id).put(taken)
            return True

    def until_due(self) -> Optional[float]:
        """How long there is nothing to do."""
        while self._limits and self._limits[0].over.is_set():
            self._limits.popleft()
        return max(self._limits[0].due - time.monotonic(), 0) if self._limits else None

    def overdue(self) -> None:
        """Answers what was not answered in time."""
        while self.until_due() == 0:
            call = self._limits.popleft()
            if self._finish(call, _plain(504, "the plug-in has not answered in time")):
                log.warning("a request to %r was not answered within %s s", call.wire.path, LIMIT)

    def end(self) -> None:
        """The stream has ended: the answers can go nowhere, and neither can what handlers send."""
        with self._lock:
            # Those that wait for the subscriptions never begin.
            self._handlers.running -= len(self._early)
            self._early = []
            calls = list(self._open.values())
        for call in calls:
            self._finish(call, None)

    def ask(self, call: Call, events: plugin.Events) -> Optional[plugin.Taken]:
        """Sends events, and waits for what became of them. None: the request is over."""
        answer: "SimpleQueue[Optional[plugin.Taken]]" = SimpleQueue()
        with self._lock:
            if call.over.is_set():
                return None
            events.id = next(self._handlers.ids)
            call.answers[events.id] = answer
            self._sent[events.id] = call
            self._send(plugin.AttachRequest(events=events))
        return answer.get()

    def _start(self, call: Call, snapshot: Snapshot) -> None:
        name = f"request {call.wire.path}"
        run = threading.Thread(target=self._run, args=(call, snapshot), name=name, daemon=True)
        try:
            run.start()
        except RuntimeError:  # There are no more threads.
            with self._lock:
                self._handlers.running -= 1
            self._finish(call, _plain(503, "the plug-in has more requests than it answers"))

    def _run(self, call: Call, snapshot: Snapshot) -> None:
        response = _handled(self._handlers.handler, call, snapshot)
        with self._lock:
            self._handlers.running -= 1
        self._finish(call, response)

    def _finish(self, call: Call, response: Optional[plugin.HttpResponse]) -> bool:
        """Ends a request, unless it is over. What its handler still waits for does not come."""
        with self._lock:
            if call.over.is_set():
                return False
            call.over.set()
            self._open.pop(call.wire.id, None)
            for id, answer in call.answers.items():
                del self._sent[id]
                answer.put(None)
            call.answers.clear()
        if response is not None:
            self._answer(call.wire.id, response)
        return True

    def _answer(self, id: int, response: plugin.HttpResponse) -> None:
        response.id = id
        self._send(plugin.AttachRequest(http_response=response))


def _handled(handler: Optional[Handler], call: Call, snapshot: Snapshot) -> plugin.HttpResponse:
    """What the handler answers, or an answer that says that it has failed."""
    path = call.wire.path
    try:
        if handler is None:
            return _plain(501, "the plug-in takes no requests")
        response = handler(HttpRequest._of(call.wire), Subscriptions(snapshot, call))
    except BaseException as error:  # The other requests go on, whatever it is.
        if not (isinstance(error, Stopped) and call.over.is_set()):
            log.warning("the handler of a request to %r has failed", path, exc_info=error)
        return _plain(500, "the plug-in has failed")
    try:
        if not isinstance(response, HttpResponse):
            raise TypeError(f"it is {type(response).__name__}, not HttpResponse")
        return response._wire()
    except Exception as error:
        log.warning("the answer to a request to %r is not valid: %s", path, error)
        return _plain(500, "the plug-in's answer is not valid")


def _plain(status: int, text: str) -> plugin.HttpResponse:
    """An answer in words."""
    return HttpResponse(status, f"{text}\n".encode(), [("content-type", "text/plain; charset=utf-8")])._wire()
