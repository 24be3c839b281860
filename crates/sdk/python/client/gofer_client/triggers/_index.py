"""All subscriptions, as they are and as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

from ._subscription import Name

PARTS = 256
"""Into how many parts an index is split. A change after a snapshot copies one of them."""


@dataclass(frozen=True)
class Subscribed:
    """What is known of a subscription. A change makes another one."""

    name: Name
    generation: int
    settings: Mapping[str, str]


class Snapshot:
    """All subscriptions as they were at one time. Nothing changes it."""

    def __init__(self, parts: Tuple[Dict[Name, Subscribed], ...], count: int) -> None:
        self._parts, self._count = parts, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Subscribed]:
        for part in self._parts:
            yield from part.values()

    def get(self, name: Tuple[str, str, str]) -> Optional[Subscribed]:
        known = Name(*name)
        return self._parts[hash(known) % PARTS].get(known)


class Index:
    """All subscriptions as they are. It is cheap to take a snapshot of it, however many there are."""

    def __init__(self) -> None:
        self._parts: List[Dict[Name, Subscribed]] = [{} for _ in range(PARTS)]
        self._count = 0
        self._owned = bytearray(PARTS)
        """Which parts no snapshot has."""
        self._taken: Optional[Snapshot] = None
        """The snapshot of how it is."""

    def snapshot(self) -> Snapshot:
        if self._taken is None:
            self._taken = Snapshot(tuple(self._parts), self._count)
            self._owned = bytearray(PARTS)
        return self._taken

    def put(self, one: Subscribed) -> None:
        part = self._own(one.name)
        self._count += one.name not in part
        part[one.name] = one

    def remove(self, name: Name) -> None:
        if name in self._parts[hash(name) % PARTS]:
            del self._own(name)[name]
            self._count -= 1

    def _own(self, name: Name) -> Dict[Name, Subscribed]:
        """The part that has a name, which no snapshot has."""
        self._taken = None
        number = hash(name) % PARTS
        if not self._owned[number]:
            self._parts[number] = self._parts[number].copy()
            self._owned[number] = True
        return self._parts[number]
