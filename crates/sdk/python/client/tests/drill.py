"""Does what tests/tests/clients.rs asks of it: a word on each line of its input, an object on each of its output.

usage: python -m tests.drill ADDRESSES PIPELINE
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from typing import Any, Dict, List

import gofer_client
from gofer_client import Committed, Rejected, Unknown, api, log, model


class Drill:
    def __init__(self, addresses: str, pipeline: str) -> None:
        self.client = gofer_client.connect(addresses.split(","), user="python", timeout=60)
        self.pipeline = model.PipelineRef(namespace="default", pipeline=pipeline)
        self.unknown_id = uuid.uuid4()
        self.stop = threading.Event()
        self.runs: List[int] = []
        self.unknowns = 0
        self.events: List[List[int]] = []
        self.errors: List[str] = []

    def load(self) -> Dict[str, Any]:
        """Starts runs, each with an id of its own, and watches the log meanwhile."""
        self.start = self.client.revision() + 1
        self.watch = self.client.watch_events(api.WatchRequest(from_revision=self.start))
        self.threads = [threading.Thread(target=self.guard, args=(work,)) for work in (self.follow, self.write)]
        for thread in self.threads:
            thread.start()
        return {}

    def guard(self, work: Any) -> None:
        try:
            work()
        except Exception as error:
            self.errors.append(repr(error))

    def write(self) -> None:
        while not self.stop.wait(0.01):
            self.one()

    def one(self) -> None:
        """Short tries leave a run unknown when the leader is lost, and are repeated with the same id."""
        request = api.StartRunRequest(pipeline=self.pipeline, request_id=uuid.uuid4().bytes)
        for _ in range(100):
            outcome = self.client.start_run(request, timeout=0.5)
            if isinstance(outcome, Unknown):
                self.unknowns += 1
                continue
            self.runs.append(outcome.result().run.run)
            return
        raise TimeoutError("it stays unknown")

    def follow(self) -> None:
        for event in self.watch:
            self.events.append([event.revision, self.created(event)])

    def created(self, envelope: log.EventEnvelope) -> int:
        """The run of the pipeline that began with the event, or 0."""
        run = log.Event.FromString(envelope.payload).run_created.run
        return run.run if run.pipeline == self.pipeline.pipeline else 0

    def count(self) -> Dict[str, Any]:
        if self.errors:
            raise RuntimeError(self.errors)
        return {"runs": len(self.runs)}

    def end(self) -> Dict[str, Any]:
        """Stops the load, waits until the watch has seen all of it, and tells both."""
        self.stop.set()
        self.threads[1].join()
        newest = self.client.revision()
        give_up = time.monotonic() + 60
        while not self.events or self.events[-1][0] < newest:
            if self.errors or time.monotonic() > give_up:
                raise RuntimeError(f"the watch has not seen revision {newest}: {self.errors}")
            time.sleep(0.01)
        self.watch.close()
        self.threads[0].join()
        self.count()
        return {"runs": self.runs, "unknowns": self.unknowns, "from": self.start, "events": self.events}

    def subscribed(self) -> Dict[str, Any]:
        """Makes a subscription, tells it of an event twice, and takes it away again."""
        name = model.SubscriptionRef(namespace="default", pipeline=self.pipeline.pipeline, name="by-hand")
        spec = model.SubscriptionSpec(trigger="manual", filter="payload.ref != ''")
        spec.expressions.add(name="REF", value="payload.ref")
        self.client.create_subscription(api.CreateSubscriptionRequest(subscription=name, spec=spec)).result()
        event = api.EventInput(key="k", payload='{"ref": "main"}')
        would = self.client.test_event(api.TestEventRequest(subscription=name, event=event))
        fire = api.FireEventRequest(subscription=name, event=event)
        first, again = (self.client.fire_event(fire).result() for _ in range(2))
        taken = [
            numbered.event.key
            for numbered in self.client.list_taken_events(api.ListTakenEventsRequest(subscription=name))
        ]
        triggers = self.client.list_triggers(api.ListTriggersRequest(page_size=2))
        built_in = sum(trigger.built_in for trigger in triggers)
        self.client.delete_subscription(api.DeleteSubscriptionRequest(subscription=name)).result()
        try:
            self.client.get_subscription(api.GetSubscriptionRequest(subscription=name))
            raise AssertionError("the subscription is still there")
        except Rejected:
            pass
        return {
            "would": model.EventResult.Name(would.result),
            "variables": would.variables[0].value,
            "first": model.EventResult.Name(first.result),
            "same": first.run == again.run and not first.duplicate and again.duplicate,
            "taken": taken,
            "built_in": built_in,
        }

    def rejected(self) -> Dict[str, Any]:
        pipeline = model.PipelineRef(namespace="default", pipeline="no-such-pipeline")
        outcome = self.client.start_run(api.StartRunRequest(pipeline=pipeline))
        assert isinstance(outcome, Rejected), outcome
        return {name: getattr(outcome, name) for name in ("reason", "help", "message", "field")}

    def unknown(self) -> Dict[str, Any]:
        request = api.StartRunRequest(pipeline=self.pipeline, request_id=self.unknown_id.bytes)
        outcome = self.client.start_run(request, timeout=2)
        assert isinstance(outcome, Unknown), outcome
        return {"sent": outcome.sent, "same": outcome.request_id == self.unknown_id}

    def again(self) -> Dict[str, Any]:
        request = api.StartRunRequest(pipeline=self.pipeline, request_id=self.unknown_id.bytes)
        outcome = self.client.start_run(request)
        assert isinstance(outcome, Committed), outcome
        return {"run": outcome.value.run.run}


def main() -> None:
    drill = Drill(sys.argv[1], sys.argv[2])
    for line in sys.stdin:
        try:
            answer = getattr(drill, line.strip())()
        except Exception as error:
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
