"""A trigger over the stand-in: nothing is lost, nothing counts twice."""

from __future__ import annotations

import time
import unittest
from typing import Callable, Optional

from gofer_client.triggers import Description, Event, Invalid, Kind, Setting, Subscription, Trigger
from gofer_client.triggers.testing import Cluster


class Counter(Trigger):
    """Tells of the numbers from its cursor on."""

    def __init__(self) -> None:
        self.watches = 0

    def describe(self) -> Description:
        return Description("1", [Setting("to", Kind.NUMBER, "0", "where to stop")])

    def watch(self, subscription: Subscription) -> None:
        self.watches += 1
        to = int(subscription.settings["to"])
        at = int(subscription.cursor or b"0")
        while at < to:
            upto = min(at + 7, to)
            events = [Event(str(number), payload=number) for number in range(at, upto)]
            subscription.send_all(events, str(upto).encode())
            at = upto


class Ill(Trigger):
    """Is not well until it is told to be."""

    problem: Optional[str] = "no route"

    def describe(self) -> Description:
        return Description("1")

    def watch(self, subscription: Subscription) -> None:
        pass

    def health(self) -> Optional[str]:
        return self.problem


class Clumsy(Trigger):
    """Sends what is not valid, and fails; then goes on."""

    def __init__(self) -> None:
        self.watches = 0

    def describe(self) -> Description:
        return Description("1")

    def watch(self, subscription: Subscription) -> None:
        self.watches += 1
        if self.watches == 1:
            try:
                subscription.send(Event(""))
            except Invalid:
                raise RuntimeError("it fails") from None
            raise SystemExit("an event without a key was taken")
        for duplicate in (False, True):
            if subscription.send(Event("k")).duplicate is not duplicate:
                return
        subscription.send(Event("end"))


class Triggers(unittest.TestCase):
    def all_of(self, cluster: Cluster, name: str, to: int) -> None:
        for number in range(to):
            event = cluster.next(name)
            self.assertEqual((event.key, event.payload), (str(number), number))
        time.sleep(0.05)
        self.assertEqual(len(cluster.taken(name)), to, "nothing counts twice")
        self.assertEqual(cluster.cursor(name), str(to).encode())

    def test_events_are_taken_in_order_and_the_cursor_moves_with_them(self) -> None:
        with Cluster() as cluster:
            cluster.subscribe("s", {"to": "100"})
            cluster.run(Counter())
            self.all_of(cluster, "s", 100)

    def test_lost_answers_and_streams_neither_lose_nor_double_events(self) -> None:
        with Cluster() as cluster:
            cluster.subscribe("s", {"to": "2000"})
            cluster.subscribe("t", {"to": "500"})
            first = cluster.run(Counter())
            for _ in range(6):
                cluster.lose_answers(1)
                time.sleep(0.04)
                cluster.cut()
                time.sleep(0.015)
            # Another instance, while the first one runs; and the first one dies.
            cluster.run(Counter())
            time.sleep(0.03)
            first.stop()
            self.all_of(cluster, "s", 2000)
            self.all_of(cluster, "t", 500)

    def test_a_watch_ends_with_its_subscription_and_begins_anew_when_it_changes(self) -> None:
        with Cluster() as cluster:
            counter = Counter()
            cluster.subscribe("s", {"to": "10"})
            cluster.run(counter)
            self.all_of(cluster, "s", 10)
            cluster.subscribe("s", {"to": "20"})
            self.assertEqual([cluster.next("s").key for _ in range(10)], [str(number) for number in range(10, 20)])
            self.assertEqual(counter.watches, 2)
            cluster.unsubscribe("s")
            cluster.subscribe("other", {"to": "1"})
            self.all_of(cluster, "other", 1)

    def test_a_watch_that_fails_begins_anew(self) -> None:
        with Cluster() as cluster:
            cluster.subscribe("s")
            cluster.run(Clumsy())
            self.assertEqual([cluster.next("s").key for _ in range(2)], ["k", "end"])

    def test_a_trigger_that_is_not_well_says_so_until_it_is(self) -> None:
        with Cluster() as cluster:
            trigger = Ill()
            cluster.run(trigger)
            self.until(lambda: cluster.problem() == "no route")
            trigger.problem = None
            self.until(lambda: not cluster.problem())

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not holds():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
