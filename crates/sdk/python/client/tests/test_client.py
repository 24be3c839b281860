"""The client against nodes that answer from a script."""

from __future__ import annotations

import doctest
import socket
import threading
import time
import unittest
import uuid
from typing import Any, Iterator, List

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2

import gofer_client
from gofer_client import Committed, Rejected, Unknown, Unreachable, api, log, model
from gofer_client._calls import BACKOFF_FIRST, BACKOFF_MAX, backoff

from .script import Script, Status, info, retry_info

START = api.StartRunRequest(pipeline=model.PipelineRef(namespace="default", pipeline="p"))


def started(request: Any) -> api.StartRunResponse:
    run = model.RunRef(namespace="default", pipeline="p", run=7)
    return api.StartRunResponse(header=api.ResponseHeader(revision=42, node=1), run=run)


def unavailable(_: Any) -> Any:
    raise Status(grpc.StatusCode.UNAVAILABLE, "no leader", info("NO_LEADER", help="retry"))


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


class Writes(unittest.TestCase):
    def test_a_write_is_repeated_on_the_next_node_with_the_same_id(self) -> None:
        with Script(StartRun=unavailable) as first, Script(StartRun=started) as second:
            with gofer_client.connect([first.address, second.address], user="me") as client:
                outcome = client.start_run(START)
        assert isinstance(outcome, Committed)
        self.assertEqual((outcome.value.run.run, outcome.revision), (7, 42))
        (one,), (two,) = first.asked, second.asked
        self.assertEqual(one[1].request_id, two[1].request_id)
        self.assertEqual(len(one[1].request_id), 16)
        self.assertEqual(START.request_id, b"", "the caller's message stays as it is")
        self.assertEqual(second.metadata[0]["gofer-user"], "me")

    def test_a_refusal_says_why_and_what_to_do_and_is_not_repeated(self) -> None:
        bad = error_details_pb2.BadRequest()
        bad.field_violations.add(field="pipeline", description="too long")

        def refuse(_: Any) -> Any:
            details = info("INVALID_ARGUMENT", help="shorten it", field="pipeline", limit="64")
            raise Status(grpc.StatusCode.INVALID_ARGUMENT, "the name is too long", details, bad)

        with Script(StartRun=refuse) as node, Script(StartRun=started) as other:
            with gofer_client.connect([node.address, other.address]) as client:
                outcome = client.start_run(START)
        assert isinstance(outcome, Rejected)
        self.assertEqual((outcome.reason, outcome.help, outcome.field), ("INVALID_ARGUMENT", "shorten it", "pipeline"))
        self.assertEqual((outcome.code, outcome.metadata), (grpc.StatusCode.INVALID_ARGUMENT, {"limit": "64"}))
        self.assertEqual(str(outcome), "INVALID_ARGUMENT: the name is too long (shorten it)")
        self.assertEqual([(one.field, one.description) for one in outcome.violations], [("pipeline", "too long")])
        self.assertEqual((len(node.asked), len(other.asked)), (1, 0))
        with self.assertRaises(Rejected):
            outcome.result()

    def test_a_busy_node_is_asked_again(self) -> None:
        answers = [Status(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down", info("OVERLOADED"), retry_info())]

        def busy(request: Any) -> Any:
            if answers:
                raise answers.pop()
            return started(request)

        with Script(StartRun=busy) as node, gofer_client.connect([node.address]) as client:
            self.assertEqual(client.start_run(START).result().run.run, 7)
        with Script(StartRun=lambda _: full()) as node, gofer_client.connect([node.address]) as client:
            outcome = client.start_run(START)
            assert isinstance(outcome, Rejected)
            self.assertEqual((outcome.reason, len(node.asked)), ("RESOURCE_EXHAUSTED", 1))

    def test_what_no_node_confirms_is_unknown_and_has_the_id(self) -> None:
        given = uuid.uuid4()
        request = api.StartRunRequest(request_id=given.bytes)
        with Script(StartRun=unavailable) as node:
            with gofer_client.connect([node.address, nobody()]) as client:
                outcome = client.start_run(request, timeout=0.5)
        assert isinstance(outcome, Unknown)
        self.assertEqual((outcome.request_id, outcome.sent), (given, True))
        self.assertEqual(dict(outcome.tried)[node.address], "no leader")
        self.assertEqual(len(outcome.tried), 2)
        self.assertGreater(len(node.asked), 1)
        self.assertIn(str(given), str(outcome))
        with self.assertRaises(Unknown):
            outcome.result()

    def test_a_node_that_does_not_answer_leaves_it_unknown_in_time(self) -> None:
        released = threading.Event()
        with Script(StartRun=lambda _: released.wait(60)) as node, gofer_client.connect([node.address]) as client:
            start = time.monotonic()
            outcome = client.start_run(START, timeout=0.5)
            took = time.monotonic() - start
            released.set()
        assert isinstance(outcome, Unknown)
        self.assertTrue(outcome.sent)
        self.assertGreaterEqual(took, 0.4)

    def test_what_reached_no_node_is_told(self) -> None:
        with gofer_client.connect([nobody()]) as client:
            outcome = client.start_run(START, timeout=0.4)
            assert isinstance(outcome, Unknown)
            self.assertFalse(outcome.sent)
            self.assertIn("nothing was changed", str(outcome))
            with self.assertRaises(Unreachable) as raised:
                client.get_run(api.GetRunRequest(), timeout=0.3)
            self.assertIn("refused", str(raised.exception))

    def test_a_request_id_has_16_bytes(self) -> None:
        with gofer_client.connect([nobody()]) as client:
            outcome = client.start_run(api.StartRunRequest(request_id=b"short"))
        assert isinstance(outcome, Rejected)
        self.assertEqual(outcome.field, "request_id")


def full() -> Any:
    raise Status(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many runs", info("RESOURCE_EXHAUSTED", help="wait"))


def events(*revisions: int, through: int = 0) -> api.WatchResponse:
    envelopes = [log.EventEnvelope(revision=revision) for revision in revisions]
    return api.WatchResponse(revision=through or revisions[-1], events=envelopes)


def lost() -> Any:
    raise Status(grpc.StatusCode.UNAVAILABLE, "going away", info("SHUTTING_DOWN"))


class Streams(unittest.TestCase):
    def test_a_watch_goes_on_with_the_next_node_after_the_last_event(self) -> None:
        def first(request: Any) -> Iterator[api.WatchResponse]:
            yield events(request.from_revision, request.from_revision + 1)
            yield api.WatchResponse(revision=5)
            lost()

        def second(request: Any) -> Iterator[api.WatchResponse]:
            # One that was seen comes again, as from a node that rounds down.
            yield events(request.from_revision - 1, request.from_revision)

        with Script(Watch=first) as one, Script(Watch=second) as two:
            with gofer_client.connect([one.address, two.address]) as client:
                watch = client.watch_events(api.WatchRequest(from_revision=2, stop_at_end=True))
                seen: List[int] = []
                nexts: List[int] = []
                for event in watch:
                    seen.append(event.revision)
                    nexts.append(watch.next_revision)
        self.assertEqual(seen, [2, 3, 6])
        self.assertEqual(nexts, [3, 4, 7])
        self.assertEqual([request.from_revision for _, request in one.asked + two.asked], [2, 6])

    def test_a_watch_from_now_on_is_pinned_before_it_begins(self) -> None:
        def namespaces(_: Any) -> api.ListNamespacesResponse:
            return api.ListNamespacesResponse(header=api.ResponseHeader(revision=8))

        def watch(request: Any) -> Iterator[api.WatchResponse]:
            yield events(request.from_revision)

        with Script(ListNamespaces=namespaces, Watch=watch) as node, gofer_client.connect([node.address]) as client:
            with client.watch_events() as stream:
                self.assertEqual(next(stream).revision, 9)
            self.assertEqual(list(stream), [], "closed")

    def test_a_refused_watch_raises(self) -> None:
        def refuse(_: Any) -> Any:
            details = info("EVENTS_ARCHIVED", help="start from 9", first_available="9")
            raise Status(grpc.StatusCode.OUT_OF_RANGE, "in the archive", details)

        with Script(Watch=refuse) as node, gofer_client.connect([node.address]) as client:
            with self.assertRaises(Rejected) as raised:
                next(client.watch_events(api.WatchRequest(from_revision=1)))
        self.assertEqual(raised.exception.metadata["first_available"], "9")

    def test_a_stream_that_always_breaks_ends(self) -> None:
        def breaks(_: Any) -> Iterator[Any]:
            lost()
            yield

        with Script(Watch=breaks) as node, gofer_client.connect([node.address, nobody()], timeout=0.5) as client:
            with self.assertRaises(Unreachable) as raised:
                list(client.watch_events(api.WatchRequest(from_revision=1)))
        self.assertEqual(len(raised.exception.tried), 2)
        self.assertGreater(len(node.asked), 1)

    def test_a_run_is_watched_to_its_end_without_repeats(self) -> None:
        def run(revision: int, ended: bool = False) -> api.WatchRunResponse:
            end = Timestamp(seconds=1) if ended else None
            return api.WatchRunResponse(run=model.Run(revision=revision, finished_at=end))

        def first(_: Any) -> Iterator[api.WatchRunResponse]:
            yield run(3)
            yield run(5)
            lost()

        def second(_: Any) -> Iterator[api.WatchRunResponse]:
            yield run(5)
            yield run(9, ended=True)

        with Script(WatchRun=first) as one, Script(WatchRun=second) as two:
            with gofer_client.connect([one.address, two.address]) as client:
                revisions = [run.revision for run in client.watch_run(api.WatchRunRequest())]
        self.assertEqual(revisions, [3, 5, 9])

    def test_output_that_was_read_is_passed_over(self) -> None:
        def record(data: bytes, stream: Any = api.LOG_STREAM_STDOUT) -> api.StreamLogsResponse:
            return api.StreamLogsResponse(task="t", attempt=1, stream=stream, data=data)

        def first(_: Any) -> Iterator[api.StreamLogsResponse]:
            yield record(b"hello ")
            yield record(b"oh", api.LOG_STREAM_STDERR)
            lost()

        def second(_: Any) -> Iterator[api.StreamLogsResponse]:
            yield record(b"hel")
            yield record(b"lo wor")
            yield record(b"oh no", api.LOG_STREAM_STDERR)
            yield record(b"ld")

        with Script(StreamLogs=first) as one, Script(StreamLogs=second) as two:
            with gofer_client.connect([one.address, two.address]) as client:
                records = list(client.logs(api.StreamLogsRequest()))
        self.assertEqual([record.data for record in records], [b"hello ", b"oh", b"wor", b" no", b"ld"])

    def test_another_thread_can_close_a_stream(self) -> None:
        opened, released = threading.Event(), threading.Event()

        def silent(_: Any) -> Iterator[Any]:
            opened.set()
            released.wait(60)
            yield from ()

        with Script(Watch=silent) as node, gofer_client.connect([node.address]) as client:
            watch = client.watch_events(api.WatchRequest(from_revision=1))
            closer = threading.Thread(target=lambda: (opened.wait(60), watch.close()))
            closer.start()
            self.assertEqual(list(watch), [])
            closer.join()
            released.set()


class Parts(unittest.TestCase):
    def test_pages_are_fetched_as_they_are_read(self) -> None:
        def page(request: Any) -> api.ListRunsResponse:
            number = int(request.page_token or 0)
            runs = [model.Run(ref=model.RunRef(run=number * 2 + n)) for n in (1, 2)]
            return api.ListRunsResponse(runs=runs, next_page_token=str(number + 1) if number < 2 else "")

        with Script(ListRuns=page) as node, gofer_client.connect([node.address]) as client:
            runs = client.list_runs(api.ListRunsRequest())
            self.assertEqual([next(runs).ref.run for _ in range(3)], [1, 2, 3])
            self.assertEqual(len(node.asked), 2)
            self.assertEqual([run.ref.run for run in runs], [4, 5, 6])

    def test_addresses_are_checked(self) -> None:
        for bad in ([], ["x"], ["x:y"], [":7600"], ["http://x:1"], ["x:70000"], ["x:1"] * 65):
            with self.assertRaises(ValueError, msg=str(bad)):
                gofer_client.connect(bad)
        with self.assertRaises(ValueError):
            gofer_client.connect(["x:1"], timeout=0)
        gofer_client.connect(["[::1]:7600", "localhost:7600"]).close()

    def test_the_pause_grows_to_its_limit_with_full_jitter(self) -> None:
        for times, most in ((1, BACKOFF_FIRST), (3, 4 * BACKOFF_FIRST), (99, BACKOFF_MAX)):
            pauses = [backoff(times) for _ in range(1000)]
            self.assertTrue(all(0 <= pause <= most for pause in pauses))
            self.assertLess(min(pauses), most / 4)
            self.assertGreater(max(pauses), most * 3 / 4)

    def test_the_documentation_is_right(self) -> None:
        self.assertEqual(doctest.testmod(gofer_client).failed, 0)
        self.assertGreater(doctest.testmod(gofer_client).attempted, 3)


if __name__ == "__main__":
    unittest.main()
