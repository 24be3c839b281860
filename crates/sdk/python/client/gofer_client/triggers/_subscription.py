"""What a trigger looks for, for one pipeline."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Union

from .. import model, plugin
from ._event import Event, Fate


class Name(NamedTuple):
    """Names a subscription."""

    namespace: str
    pipeline: str
    name: str

    @staticmethod
    def _of(ref: model.SubscriptionRef) -> "Name":
        return Name(ref.namespace, ref.pipeline, ref.name)

    def _ref(self) -> model.SubscriptionRef:
        return model.SubscriptionRef(namespace=self.namespace, pipeline=self.pipeline, name=self.name)

    def __str__(self) -> str:
        return "/".join(self)


class Changed(Exception):
    """The subscription has changed, is gone, or its cursor is elsewhere. Let it end the watch, which begins anew."""


class Invalid(Exception):
    """The events are not valid: a key too long, a payload too large."""


class Stopped(Exception):
    """The watch, or the request, is over. Let it end."""


@dataclass
class Submission:
    """Events on their way."""

    name: Name
    watch: int
    events: List[plugin.Event]
    cursor: Optional[plugin.CursorMove]
    answer: "queue.Queue[Union[List[Fate], Exception]]" = field(default_factory=lambda: queue.Queue(1))


def wire_of(events: Sequence[Event]) -> List[plugin.Event]:
    """Events as they are sent. Raises Invalid."""
    try:
        return [event._wire() for event in events]
    except (TypeError, ValueError) as error:
        raise Invalid(f"the events can't be sent: {error}") from error


class Subscription:
    """A subscription while it is watched, by one thread."""

    name: Name
    settings: Mapping[str, str]
    """What it was given, with the defaults of what it was not."""
    cursor: Optional[bytes]
    """Up to where events are taken, in the trigger's own words. None: it has never moved."""

    def __init__(
        self,
        name: Name,
        watch: int,
        settings: Dict[str, str],
        cursor: Optional[bytes],
        submit: Callable[[Submission], None],
        stop: threading.Event,
    ) -> None:
        self.name, self.settings, self.cursor = name, settings, cursor
        self._watch, self._submit, self._stop = watch, submit, stop

    def send(self, event: Event) -> Fate:
        """Tells of an event, and returns once the cluster has taken it. It is sent again for as long as nobody answers.

        Raises Changed, Invalid or Stopped.
        """
        return self._take([event], None)[0]

    def send_all(self, events: Sequence[Event], cursor: bytes) -> List[Fate]:
        """Tells of at most 100 events in order, and moves the cursor: both happen together, or neither does.

        Raises Changed, Invalid or Stopped.
        """
        fates = self._take(events, plugin.CursorMove(**{"from": self.cursor, "to": cursor}))
        self.cursor = cursor
        return fates

    def wait(self, seconds: float) -> None:
        """Waits. Raises Stopped as soon as the watch is over."""
        if self._stop.wait(seconds):
            raise Stopped()

    def _take(self, events: Sequence[Event], cursor: Optional[plugin.CursorMove]) -> List[Fate]:
        wire = wire_of(events)
        if self._stop.is_set():
            raise Stopped()
        submission = Submission(self.name, self._watch, wire, cursor)
        self._submit(submission)
        answer = submission.answer.get()
        if isinstance(answer, Exception):
            raise answer
        return answer
