"""The watches of a trigger: one thread for each subscription, and what it has on its way to the cluster."""

from __future__ import annotations

import heapq
import logging
import random
import threading
import time
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, Optional, Set, Tuple

from .. import plugin
from ._event import fates
from ._index import Index, Subscribed
from ._subscription import Changed, Invalid, Name, Stopped, Submission, Subscription

if TYPE_CHECKING:
    from ._plugin import Trigger

RESTART_FIRST, RESTART_MAX = 0.2, 60.0
"""Pause before a watch begins anew, in seconds: after the first failure, and at most."""
AGAIN = 0.25
"""Pause before what no leader has answered is sent again, in seconds."""

log = logging.getLogger("gofer")


class Task(Enum):
    RUNNING = 1
    WAITING = 2
    """It has failed, and begins anew at its time."""
    DONE = 3


@dataclass
class Pending:
    """Events that are on their way."""

    submission: Submission
    id: int = 0
    """Of the message. 0: it is to be sent."""
    moved: bool = False
    """The cursor has moved already: what became of the events is asked for once more, by their keys."""


@dataclass
class Watch:
    """A subscription, and the thread that watches for it."""

    subscription: plugin.Subscription
    """As the cluster has told of it last, with the cursor that is known since."""
    number: int
    failures: int
    task: Task = Task.RUNNING
    pending: Optional[Pending] = None
    due: Optional[float] = None
    """When to look at it again."""
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass
class Ended:
    name: Name
    number: int
    error: Optional[BaseException]


class Watches:
    """Used by the thread of the engine only, but for ``post``."""

    def __init__(self, trigger: "Trigger", post: Callable[[object], None], ids: Iterator[int]) -> None:
        self._trigger = trigger
        self._post = post
        self._ids = ids
        """Of messages and watches. Handlers of requests take some too."""
        self.index = Index()
        """All that are kept, for the handlers of requests."""
        self._timers: List[Tuple[float, Name]] = []
        """When to look at watches again; a heap. One that its watch knows nothing of means nothing."""
        self._kept: Dict[Name, Watch] = {}
        self._told: Set[Name] = set()
        self._sent: Dict[int, Name] = {}
        self._streaming = False

    def begin_stream(self) -> None:
        """A stream is there; it will tell of all subscriptions."""
        self._streaming = True
        self._told.clear()

    def end_stream(self) -> None:
        """Whatever was not answered is to be sent again."""
        self._streaming = False
        self._sent.clear()
        for known in self._kept.values():
            if known.pending is not None:
                known.pending.id = 0

    def heed(self, message: plugin.AttachResponse) -> List[plugin.Events]:
        """Does what a message of the cluster asks for, and says what to send."""
        which = message.WhichOneof("message")
        if which == "subscription":
            return self._tell(message.subscription)
        if which == "taken":
            return self._taken(message.taken)
        if which == "subscription_gone":
            name = Name._of(message.subscription_gone)
            self._told.discard(name)
            self._drop(name)
        elif which == "synced":
            for name in [name for name in self._kept if name not in self._told]:
                self._drop(name)
        return []

    def _tell(self, subscription: plugin.Subscription) -> List[plugin.Events]:
        name = Name._of(subscription.ref)
        self._told.add(name)
        known = self._kept.get(name)
        if known is not None and known.subscription.generation == subscription.generation:
            known.subscription = subscription
            return self._send(name)
        self._drop(name)
        self._start(name, subscription, 0)
        settings = MappingProxyType(_settings(subscription))
        self.index.put(Subscribed(name, subscription.generation, settings))
        return []

    def submit(self, submission: Submission) -> List[plugin.Events]:
        """Has events of a watch sent."""
        known = self._kept.get(submission.name)
        if known is None or known.number != submission.watch:
            submission.answer.put(Stopped("it is watched anew"))
            return []
        known.pending = Pending(submission)
        return self._send(submission.name)

    def _send(self, name: Name) -> List[plugin.Events]:
        """The message with what a watch has on its way, if it is to be sent now."""
        known = self._kept.get(name)
        if not self._streaming or name not in self._told or known is None:
            return []
        pending = known.pending
        if pending is None or pending.id != 0:
            return []
        pending.id = next(self._ids)
        self._sent[pending.id] = name
        events = plugin.Events(
            id=pending.id,
            subscription=name._ref(),
            generation=known.subscription.generation,
            events=pending.submission.events,
        )
        if pending.submission.cursor is not None and not pending.moved:
            events.cursor.CopyFrom(pending.submission.cursor)
        return [events]

    def _taken(self, taken: plugin.Taken) -> List[plugin.Events]:
        name = self._sent.pop(taken.id, None)
        known = self._kept.get(name) if name is not None else None
        if name is None or known is None or known.pending is None or known.pending.id != taken.id:
            return []
        if taken.HasField("refusal"):
            return self._refused(name, known, known.pending, taken.refusal)
        cursor = known.pending.submission.cursor
        if cursor is not None:
            known.subscription.cursor = cursor.to
        known.failures = 0
        known.pending.submission.answer.put(fates(taken.fates))
        known.pending = None
        return []

    def _refused(self, name: Name, known: Watch, pending: Pending, refusal: plugin.Refusal) -> List[plugin.Events]:
        cursor = pending.submission.cursor
        if refusal.kind == plugin.REFUSAL_KIND_UNAVAILABLE:
            pending.id = 0
            self._wake(name, known, AGAIN)
            return []
        error: Exception = Changed(refusal.message)
        if refusal.kind == plugin.REFUSAL_KIND_INVALID:
            error = Invalid(refusal.message)
        elif refusal.kind == plugin.REFUSAL_KIND_CURSOR:
            if cursor is not None and refusal.HasField("cursor") and refusal.cursor == cursor.to:
                pending.id, pending.moved = 0, True
                return self._send(name)
            if refusal.HasField("cursor"):
                known.subscription.cursor = refusal.cursor
            else:
                known.subscription.ClearField("cursor")
        pending.submission.answer.put(error)
        known.pending = None
        return []

    def ended(self, ended: Ended) -> None:
        """A watch has ended."""
        known = self._kept.get(ended.name)
        if known is None or known.number != ended.number:
            return
        known.pending = None
        if ended.error is None:
            known.task = Task.DONE
            return
        log.warning("the watch of %s has ended and begins anew", ended.name, exc_info=ended.error)
        known.task = Task.WAITING
        pause = min(RESTART_FIRST * 2 ** min(known.failures, 16), RESTART_MAX)
        known.failures += 1
        self._wake(ended.name, known, pause * random.uniform(0.75, 1.25))

    def _wake(self, name: Name, known: Watch, pause: float) -> None:
        """Has a watch looked at again after a pause."""
        known.due = time.monotonic() + pause
        heapq.heappush(self._timers, (known.due, name))

    def _next(self) -> Optional[Tuple[float, Name, Watch]]:
        """The watch that is due first."""
        while self._timers:
            due, name = self._timers[0]
            known = self._kept.get(name)
            if known is not None and known.due == due:
                return due, name, known
            heapq.heappop(self._timers)
        return None

    def until_due(self) -> Optional[float]:
        """How long there is nothing to do."""
        first = self._next()
        return None if first is None else max(first[0] - time.monotonic(), 0)

    def overdue(self) -> List[plugin.Events]:
        """Does what is due."""
        messages: List[plugin.Events] = []
        now = time.monotonic()
        while True:
            first = self._next()
            if first is None or first[0] > now:
                return messages
            _, name, known = first
            heapq.heappop(self._timers)
            known.due = None
            if known.task is Task.WAITING:
                self._start(name, known.subscription, known.failures)
            else:
                messages += self._send(name)

    def stop(self) -> None:
        """Ends all watches."""
        for name in list(self._kept):
            self._drop(name)

    def _start(self, name: Name, subscription: plugin.Subscription, failures: int) -> None:
        watch = Watch(subscription, next(self._ids), failures)
        self._kept[name] = watch
        cursor = subscription.cursor if subscription.HasField("cursor") else None
        handed = Subscription(name, watch.number, _settings(subscription), cursor, self._post, watch.stop)
        run = threading.Thread(target=self._run, args=(name, watch, handed), name=f"watch {name}", daemon=True)
        run.start()

    def _run(self, name: Name, watch: Watch, subscription: Subscription) -> None:
        error: Optional[BaseException] = None
        try:
            self._trigger.watch(subscription)
        except BaseException as raised:  # The other subscriptions go on, whatever it is.
            error = raised
        if not watch.stop.is_set():
            self._post(Ended(name, watch.number, error))

    def _drop(self, name: Name) -> None:
        known = self._kept.pop(name, None)
        if known is None:
            return
        self.index.remove(name)
        known.stop.set()
        if known.pending is not None:
            known.pending.submission.answer.put(Stopped("the subscription has changed or gone"))


def _settings(subscription: plugin.Subscription) -> Dict[str, str]:
    return {setting.name: setting.value for setting in subscription.settings}
