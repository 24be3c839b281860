"""Events, and what becomes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, List, Optional, Sequence

from .. import model, plugin


@dataclass(frozen=True)
class Event:
    """Something that has happened."""

    key: str
    """What it is known by, 1 to 256 bytes of text. Of events with the same key one counts."""
    kind: str = ""
    """What kind of event it is, in words of your own."""
    at: Optional[datetime] = None
    """When it happened, with a time zone; otherwise it is when the cluster hears of it."""
    payload: Any = None
    """What filters and variables of subscriptions can look at; at most 256 KiB as JSON."""

    def _wire(self) -> plugin.Event:
        event = plugin.Event(key=self.key, kind=self.kind, payload=json.dumps(self.payload, allow_nan=False))
        if self.at is not None:
            event.occurred_at.FromDatetime(self.at)
        return event


class Outcome(Enum):
    """What becomes of an event: one of these, once."""

    FIRED = model.EVENT_RESULT_FIRED
    """It started a run of the subscription's pipeline."""
    FILTERED = model.EVENT_RESULT_FILTERED
    """The subscription's filter did not let it through."""
    MALFORMED = model.EVENT_RESULT_MALFORMED
    """It is not what the subscription's expressions need."""
    REFUSED = model.EVENT_RESULT_REFUSED
    """No run could be started; the cluster says why in the subscription's events."""


@dataclass(frozen=True)
class Fate:
    """What has become of an event."""

    outcome: Outcome
    run: int = 0
    """Number of the run that was started, with FIRED."""
    duplicate: bool = False
    """It was taken before; the outcome is that of then."""


def fates(wire: Sequence[plugin.Fate]) -> List[Fate]:
    known = {outcome.value: outcome for outcome in Outcome}
    return [Fate(known.get(fate.result, Outcome.REFUSED), fate.run, fate.duplicate) for fate in wire]
