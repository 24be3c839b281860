"""HTTP requests over the stand-in, and what the library makes of them by itself."""

from __future__ import annotations

import doctest
import itertools
import queue
import threading
import time
import tracemalloc
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, List, Optional

import gofer_client.triggers
from gofer_client import plugin
from gofer_client.triggers import (
    Changed,
    Description,
    Event,
    HttpRequest,
    HttpResponse,
    Invalid,
    Name,
    Setting,
    Stopped,
    Subscription,
    Subscriptions,
    Trigger,
    testing,
)
from gofer_client.triggers._index import Index, Subscribed
from gofer_client.triggers._requests import HANDLERS_MAX, OPEN_MAX, Handlers, Requests
from gofer_client.triggers.testing import Cluster


class Deliveries(Trigger):
    """Tells of deliveries: each to all subscriptions with its branch."""

    def describe(self) -> Description:
        return Description("1", [Setting("branch")])

    def http(self, request: HttpRequest, subscriptions: Subscriptions) -> HttpResponse:
        if request.path == "/fail":
            raise SystemExit("it fails")
        if request.path == "/much":
            return HttpResponse(body=bytes(1024 * 1024 + 1))
        if request.path == "/nothing":
            return None  # type: ignore[return-value]
        if request.path == "/%65cho":
            text = f"{request.method} {request.query} ".encode() + request.body
            return HttpResponse(201, text, [(f"x-{name}", value) for name, value in request.headers] + [("TE", "x")])
        if request.path != "/push":
            return HttpResponse(404)
        if request.header("X-Token") != "sesame":
            return HttpResponse(401, b"the token is another")
        event = Event(request.header("X-Delivery") or "", "push", payload=request.body.decode())
        try:
            branch = request.query.split("=")[1]
            names = [subscriber.name for subscriber in subscriptions if subscriber.settings["branch"] == branch]
            known = [subscriptions.get(("default", "test", name.name)) for name in names]
            runs = [str(subscriber.send(event).run) for subscriber in known if subscriber is not None]
        except Invalid as error:
            return HttpResponse(400, str(error).encode())
        return HttpResponse(202, " ".join(runs).encode())


class Slow(Deliveries):
    """Ends when it is told to, and tells of what its send said."""

    def __init__(self) -> None:
        self.began = threading.Semaphore(0)
        self.end = threading.Event()
        self.errors: "queue.Queue[Exception]" = queue.Queue()

    def http(self, request: HttpRequest, subscriptions: Subscriptions) -> HttpResponse:
        self.began.release()
        self.end.wait(20)
        for subscriber in subscriptions:
            try:
                subscriber.send(Event("late"))
            except Stopped as error:
                self.errors.put(error)
        return HttpResponse()


class Eager(Trigger):
    """Tells of something long as soon as it watches."""

    def describe(self) -> Description:
        return Description("1", [Setting("text")])

    def watch(self, subscription: Subscription) -> None:
        subscription.send(Event("k", payload="x" * 16 * 1024))

    def http(self, request: HttpRequest, subscriptions: Subscriptions) -> HttpResponse:
        return HttpResponse(body=str(len(subscriptions)).encode())


def push(cluster: Cluster, delivery: str, branch: str = "main", token: str = "sesame") -> HttpResponse:
    headers = [("X-Token", token), ("X-Delivery", delivery)]
    return cluster.http("POST", "/push", b"a change", headers, f"branch={branch}")


class OverTheStandIn(unittest.TestCase):
    def wants(self, response: HttpResponse, status: int, body: str = "") -> None:
        self.assertEqual((response.status, response.body.decode().strip()), (status, body))

    def test_a_request_is_told_of_once_however_often_it_is_sent(self) -> None:
        with Cluster() as cluster:
            cluster.subscribe("one", {"branch": "main"})
            cluster.subscribe("two", {"branch": "main"})
            cluster.subscribe("other", {"branch": "next"})
            cluster.run(Deliveries())
            self.wants(push(cluster, "d1"), 202, "1 1")
            self.wants(push(cluster, "d2", "next"), 202, "1")
            self.wants(push(cluster, "d2"), 202, "2 2")
            self.wants(push(cluster, "d1"), 202, "1 1")
            for name in ("one", "two"):
                taken = [(event.key, event.payload) for event in cluster.taken(name)]
                self.assertEqual(taken, [("d1", "a change"), ("d2", "a change")])
            # A subscription that comes, changes and goes.
            cluster.subscribe("late", {"branch": "late"})
            self.wants(push(cluster, "d3", "late"), 202, "1")
            cluster.subscribe("late", {"branch": "later"})
            self.wants(push(cluster, "d4", "late"), 202)
            self.wants(push(cluster, "d4", "later"), 202, "2")
            cluster.unsubscribe("late")
            self.wants(push(cluster, "d5", "later"), 202)

    def test_what_can_not_be_answered_is_a_failure_of_that_request_only(self) -> None:
        with Cluster() as cluster:
            cluster.subscribe("one", {"branch": "main"})
            cluster.run(Deliveries())
            self.wants(push(cluster, "d1", token="guess"), 401, "the token is another")
            self.wants(cluster.http("GET", "/elsewhere"), 404)
            self.wants(cluster.http("GET", "/fail"), 500, "the plug-in has failed")
            for path in ("/much", "/nothing"):
                self.wants(cluster.http("GET", path), 500, "the plug-in's answer is not valid")
            self.assertEqual(push(cluster, "").status, 400, "an event without a key")
            self.assertEqual(cluster.http("POST", "/push", bytes(1024 * 1024 + 1)).status, 413)
            self.wants(push(cluster, "d1"), 202, "1")

    def test_a_request_comes_as_it_was_sent(self) -> None:
        with Cluster() as cluster:
            cluster.run(Deliveries())
            headers = [("X-A", "1"), ("Upgrade", "h2c"), ("x-a", "\xe4")]
            response = cluster.http("PUT", "/%65cho", b"\xff", headers, "a=%20b&c")
            self.assertEqual((response.status, response.body), (201, b"PUT a=%20b&c \xff"))
            self.assertEqual(response.headers, (("x-x-a", "1"), ("x-x-a", "\xe4")))
            self.wants(cluster.http("GET", ""), 404)

    def test_a_request_that_is_asked_again_counts_once_whatever_is_lost(self) -> None:
        with Cluster() as cluster:
            cluster.subscribe("one", {"branch": "main"})
            cluster.run(Deliveries())
            self.wants(push(cluster, "first"), 202, "1")
            cluster.lose_answers(1)
            self.wants(push(cluster, "lost"), 503, "the plug-in has gone, and may have seen the request")
            self.wants(push(cluster, "lost"), 202, "2")

            def sender(number: int) -> None:
                for delivery in range(12):
                    while True:
                        status = push(cluster, f"{number}-{delivery}").status
                        if status == 202:
                            break
                        self.assertEqual(status, 503)
                    time.sleep(0.005)

            # Many at once, and streams that are cut meanwhile.
            with ThreadPoolExecutor(8) as pool:
                senders = [pool.submit(sender, number) for number in range(8)]
                for _ in range(4):
                    cluster.lose_answers(1)
                    time.sleep(0.04)
                    cluster.cut()
                    time.sleep(0.015)
                for done in senders:
                    done.result(30)
            self.assertEqual(len(cluster.taken("one")), 8 * 12 + 2)

    def test_many_subscriptions_are_heard_of_while_events_wait(self) -> None:
        with Cluster() as cluster:
            for number in range(200):
                cluster.subscribe(str(number), {"text": "y" * 64 * 1024})
            cluster.run(Eager())
            self.wants(cluster.http("GET", "/"), 200, "200")
            for number in range(200):
                self.assertEqual(cluster.next(str(number)).key, "k")

    def test_a_handler_ends_with_its_stream(self) -> None:
        with Cluster() as cluster, ThreadPoolExecutor(1) as pool:
            cluster.subscribe("one", {"branch": "main"})
            slow = Slow()
            cluster.run(slow)
            asked = pool.submit(push, cluster, "d")
            slow.began.acquire()
            cluster.cut()
            self.wants(asked.result(20), 503, "the plug-in has gone, and may have seen the request")
            # The next stream brings the next request, and nothing of the one before.
            asked = pool.submit(push, cluster, "d")
            slow.began.acquire()
            cluster.cut()
            asked.result(20)
            time.sleep(0.1)
            slow.end.set()
            for _ in range(2):
                slow.errors.get(timeout=20)
            self.assertEqual(cluster.taken("one"), [])

    def test_a_stream_has_only_so_many_requests_open(self) -> None:
        with Cluster() as cluster, ThreadPoolExecutor(OPEN_MAX) as pool:
            slow = Slow()
            cluster.run(slow)
            asked = [pool.submit(push, cluster, "d") for _ in range(OPEN_MAX)]
            for _ in asked:
                slow.began.acquire()
            self.wants(push(cluster, "d"), 503, "the plug-in has more requests than it answers")
            slow.end.set()
            self.assertEqual([one.result(20).status for one in asked], [200] * OPEN_MAX)

    def test_the_documentation_works(self) -> None:
        for module in (gofer_client.triggers, testing):
            self.assertEqual(doctest.testmod(module).failed, 0)


def named(number: int) -> Name:
    return Name("default", "test", str(number))


class Stream:
    """The requests of a stream, of which the test is the cluster."""

    def __init__(self, handler: Optional[Callable[[HttpRequest, Subscriptions], HttpResponse]]) -> None:
        self.index = Index()
        self.index.put(Subscribed(named(1), 5, {}))
        self.handlers = Handlers(handler, itertools.count(1))
        self.sent: "queue.Queue[plugin.AttachRequest]" = queue.Queue()
        self.requests = Requests(self.handlers, self.sent.put)

    def receive(self, id: int, path: str = "") -> None:
        self.requests.receive(plugin.HttpRequest(id=id, path=path), self.index)

    def answer(self) -> Any:
        response = self.sent.get(timeout=20).http_response
        return response.id, response.status, response.body.decode().strip()

    def events(self) -> plugin.Events:
        return self.sent.get(timeout=20).events

    def refuse(self, events: plugin.Events, kind: Any) -> None:
        self.requests.taken(plugin.Taken(id=events.id, refusal=plugin.Refusal(kind=kind)))


class OfAStream(unittest.TestCase):
    def test_a_send_of_a_handler_is_sent_again_until_it_is_taken_or_refused(self) -> None:
        results: "queue.Queue[object]" = queue.Queue()

        def handler(_: HttpRequest, subscriptions: Subscriptions) -> HttpResponse:
            one = subscriptions.get(named(1))
            while one is not None:
                try:
                    results.put([fate.run for fate in one.send_all([Event("a"), Event("b")])])
                except (Changed, Invalid) as error:
                    results.put(type(error))
                except Stopped as error:
                    results.put(type(error))
                    raise
            return HttpResponse()

        stream = Stream(handler)
        stream.requests.sync(stream.index)
        stream.receive(1)
        first = stream.events()
        # What becomes of the subscription later is not what the events are for.
        stream.index.put(Subscribed(named(1), 6, {}))
        stream.refuse(first, plugin.REFUSAL_KIND_UNAVAILABLE)
        second = stream.events()
        self.assertNotEqual(first.id, second.id)
        self.assertEqual((second.generation, len(second.events), second.HasField("cursor")), (5, 2, False))
        taken = plugin.Taken(id=second.id, fates=[plugin.Fate(run=1), plugin.Fate(run=2)])
        self.assertTrue(stream.requests.taken(taken))
        self.assertEqual(results.get(timeout=20), [1, 2])
        for kind, error in ((plugin.REFUSAL_KIND_INVALID, Invalid), (plugin.REFUSAL_KIND_SUBSCRIPTION, Changed)):
            stream.refuse(stream.events(), kind)
            self.assertEqual(results.get(timeout=20), error)
        # One that is refused when the stream ends is not sent again.
        stream.refuse(stream.events(), plugin.REFUSAL_KIND_UNAVAILABLE)
        stream.requests.end()
        self.assertEqual(results.get(timeout=20), Stopped)
        self.assertFalse(stream.requests.taken(taken), "an answer that came twice was for somebody")
        time.sleep(0.3)
        self.assertTrue(stream.sent.empty())

    def test_a_request_that_comes_too_early_waits_for_the_subscriptions(self) -> None:
        stream = Stream(lambda _, subscriptions: HttpResponse(200 if subscriptions.get(named(2)) else 404))
        stream.receive(1)
        stream.index.put(Subscribed(named(2), 6, {}))
        stream.requests.sync(stream.index)
        self.assertEqual(stream.answer(), (1, 200, ""))

    def test_a_request_is_answered_also_if_its_handler_is_not(self) -> None:
        ended = threading.Event()
        self.addCleanup(ended.set)

        def handler(request: HttpRequest, _: Subscriptions) -> HttpResponse:
            ended.wait(20)
            return HttpResponse()

        stream = Stream(handler)
        stream.requests.sync(stream.index)
        stream.receive(1)
        self.assertAlmostEqual(stream.requests.until_due() or 0, 30, delta=1)
        stream.requests._open[1].due = time.monotonic()
        stream.requests.overdue()
        self.assertEqual(stream.answer(), (1, 504, "the plug-in has not answered in time"))
        self.assertIsNone(stream.requests.until_due())
        # It is not open any more, but it runs.
        self.assertEqual(stream.handlers.running, 1)
        for id in range(10, 10 + OPEN_MAX):
            stream.receive(id)
        busy = "the plug-in has more requests than it answers"
        stream.receive(2)
        self.assertEqual(stream.answer(), (2, 503, busy))
        stream.requests.end()
        # Those of earlier streams that did not end.
        stream.requests = Requests(stream.handlers, stream.sent.put)
        stream.handlers.running = HANDLERS_MAX
        stream.receive(3)
        self.assertEqual(stream.answer(), (3, 503, busy))
        none = Stream(None)
        none.requests.sync(none.index)
        none.receive(1)
        self.assertEqual(none.answer(), (1, 501, "the plug-in takes no requests"))

    def test_only_a_trigger_that_answers_requests_says_so(self) -> None:
        class Silent(Deliveries):
            http = Trigger.http

        for trigger, takes_http in ((Deliveries(), True), (Eager(), True), (Silent(), False)):
            made = gofer_client.triggers.Plugin(trigger, "name", "token", ["127.0.0.1:1"])
            self.assertIs(made._handlers.handler is not None, takes_http)

    def test_an_answer_is_what_a_node_takes(self) -> None:
        headers = [(name, "1") for name in ("Connection", "Proxy-Authenticate", "Content-Length", "TE", "Upgrade")]
        wire = HttpResponse(418, b"tea", [*headers, ("X-A", "\xe4\t1"), ("x-a", "2")])._wire()
        self.assertEqual((wire.status, wire.body), (418, b"tea"))
        self.assertEqual([(header.name, header.value) for header in wire.headers], [("x-a", b"\xe4\t1"), ("x-a", b"2")])
        most = [("x", "")] * 63 + [("y", "x" * (16 * 1024 - 64))]
        HttpResponse(599, bytes(1024 * 1024), most)._wire()
        for bad in (
            HttpResponse(199),
            HttpResponse(600),
            HttpResponse(body=bytes(1024 * 1024 + 1)),
            HttpResponse(body="text"),  # type: ignore[arg-type]
            HttpResponse(headers=[*most, ("z", "")]),
            HttpResponse(headers=[("y", "x" * 16 * 1024)]),
            HttpResponse(headers=[("a b", "1")]),
            HttpResponse(headers=[("x", "1\r\nx-b: 2")]),
            HttpResponse(headers=[("x", "\u20ac")]),
        ):
            with self.assertRaises((TypeError, ValueError), msg=str(bad)[:80]):
                bad._wire()


class OfAnIndex(unittest.TestCase):
    def test_a_snapshot_stays_as_it_was(self) -> None:
        index, many = Index(), 5000
        for number in range(many):
            index.put(Subscribed(named(number), 1, {}))
        before = index.snapshot()
        self.assertIs(index.snapshot(), before)
        index.remove(named(0))
        index.remove(named(many))
        index.put(Subscribed(named(1), 2, {}))
        index.put(Subscribed(named(many), 2, {}))
        after = index.snapshot()
        index.remove(named(2))

        def generations(snapshot: Any) -> List[Optional[int]]:
            known = [snapshot.get(named(number)) for number in (0, 1, 2, many - 1, many)]
            return [one and one.generation for one in known]

        self.assertEqual(generations(before), [1, 1, 1, 1, None])
        self.assertEqual(generations(after), [None, 2, 1, 1, 2])
        for snapshot in (before, after):
            self.assertEqual((len(snapshot), len(list(snapshot))), (many, many))

    def test_a_snapshot_copies_no_subscriptions(self) -> None:
        index = Index()
        for number in range(100_000):
            index.put(Subscribed(named(number), 1, {}))
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        start, _ = tracemalloc.get_traced_memory()
        snapshots = []
        for generation in range(50):
            snapshots.append(index.snapshot())
            index.put(Subscribed(named(7), generation, {}))
        held, _ = tracemalloc.get_traced_memory()
        # A copy of all has some megabytes.
        self.assertLess((held - start) / len(snapshots), 100_000)


if __name__ == "__main__":
    unittest.main()
