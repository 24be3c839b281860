"""The client."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any, Callable, Generator, Iterable, List, Optional, Tuple, TypeVar

import grpc
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from . import api, log, model
from ._calls import Failed, Method, Nodes
from ._outcome import Committed, Outcome, Rejected, Unknown, Unreachable
from ._stream import Resume, Stream
from .gen.gofer.api.v1 import (
    cluster_service_pb2,
    event_service_pb2,
    namespace_service_pb2,
    pipeline_service_pb2,
    run_service_pb2,
    schedule_service_pb2,
    subscription_service_pb2,
    trigger_service_pb2,
)

M = TypeVar("M", bound=Message)
_NAMESPACES, _PIPELINES, _RUNS = namespace_service_pb2, pipeline_service_pb2, run_service_pb2
_CLUSTER, _EVENTS, _SCHEDULES = cluster_service_pb2, event_service_pb2, schedule_service_pb2
_SUBSCRIPTIONS, _TRIGGERS = subscription_service_pb2, trigger_service_pb2


def connect(addresses: Iterable[str], *, timeout: float = 30.0, user: str = "") -> Client:
    """Makes a client of a cluster from addresses of its nodes, ``HOST:PORT`` each: best of all of them.

    Connections are made when they are needed, so it succeeds also while no node runs. Calls go on for ``timeout``
    seconds, over all nodes, unless they say otherwise. ``user`` names the caller, for the record in the event log;
    nobody checks that name.
    """
    return Client(Nodes(list(addresses), timeout, user))


class Client:
    """A cluster as a client sees it. It may be used by several threads.

    Writes return what is known of them: Committed, Rejected or Unknown. Reads return the node's answer, and raise
    Rejected or Unreachable.
    """

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def close(self) -> None:
        """Gives up all connections. Calls and streams that go on end with errors."""
        self._nodes.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def create_namespace(
        self, request: api.CreateNamespaceRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.CreateNamespaceResponse]:
        """Makes a room for pipelines."""
        return self._write(_NAMESPACES, "CreateNamespace", request, timeout)

    def delete_namespace(
        self, request: api.DeleteNamespaceRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.DeleteNamespaceResponse]:
        """Deletes an empty namespace."""
        return self._write(_NAMESPACES, "DeleteNamespace", request, timeout)

    def list_namespaces(
        self, request: Optional[api.ListNamespacesRequest] = None, *, timeout: Optional[float] = None
    ) -> Generator[model.Namespace, None, None]:
        """All namespaces, fetched page by page."""
        request = request or api.ListNamespacesRequest()
        return self._pages(_NAMESPACES, "ListNamespaces", request, "namespaces", timeout)

    def register_pipeline(
        self, request: api.RegisterPipelineRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.RegisterPipelineResponse]:
        """Adds a version of a pipeline. The configuration of the newest version again changes nothing."""
        return self._write(_PIPELINES, "RegisterPipeline", request, timeout)

    def get_pipeline(
        self, request: api.GetPipelineRequest, *, timeout: Optional[float] = None
    ) -> api.GetPipelineResponse:
        """A pipeline with the configuration of one version."""
        answer: api.GetPipelineResponse = self._read(_PIPELINES, "GetPipeline", request, timeout)
        return answer

    def list_pipelines(
        self, request: api.ListPipelinesRequest, *, timeout: Optional[float] = None
    ) -> Generator[model.Pipeline, None, None]:
        """The pipelines of a namespace without their configurations, fetched page by page."""
        return self._pages(_PIPELINES, "ListPipelines", request, "pipelines", timeout)

    def enable_pipeline(
        self, request: api.EnablePipelineRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.EnablePipelineResponse]:
        """Lets a pipeline start runs again."""
        return self._write(_PIPELINES, "EnablePipeline", request, timeout)

    def disable_pipeline(
        self, request: api.DisablePipelineRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.DisablePipelineResponse]:
        """Keeps a pipeline from starting runs; those that run go on."""
        return self._write(_PIPELINES, "DisablePipeline", request, timeout)

    def delete_pipeline(
        self, request: api.DeletePipelineRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.DeletePipelineResponse]:
        """Deletes a pipeline without live runs; its history stays."""
        return self._write(_PIPELINES, "DeletePipeline", request, timeout)

    def start_run(
        self, request: api.StartRunRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.StartRunResponse]:
        """Starts a run."""
        return self._write(_RUNS, "StartRun", request, timeout)

    def get_run(self, request: api.GetRunRequest, *, timeout: Optional[float] = None) -> api.GetRunResponse:
        """A run with its tasks."""
        answer: api.GetRunResponse = self._read(_RUNS, "GetRun", request, timeout)
        return answer

    def list_runs(
        self, request: api.ListRunsRequest, *, timeout: Optional[float] = None
    ) -> Generator[model.Run, None, None]:
        """The runs of a pipeline without their tasks, the newest first, fetched page by page."""
        return self._pages(_RUNS, "ListRuns", request, "runs", timeout)

    def cancel_run(
        self, request: api.CancelRunRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.CancelRunResponse]:
        """Ends a run from outside."""
        return self._write(_RUNS, "CancelRun", request, timeout)

    def retry_run(
        self, request: api.RetryRunRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.RetryRunResponse]:
        """Starts a new run with the version and the variables of a finished one."""
        return self._write(_RUNS, "RetryRun", request, timeout)

    def create_schedule(
        self, request: api.CreateScheduleRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.CreateScheduleResponse]:
        """Lets a pipeline run at times."""
        return self._write(_SCHEDULES, "CreateSchedule", request, timeout)

    def get_schedule(
        self, request: api.GetScheduleRequest, *, timeout: Optional[float] = None
    ) -> api.GetScheduleResponse:
        """A schedule with the slots that come next."""
        answer: api.GetScheduleResponse = self._read(_SCHEDULES, "GetSchedule", request, timeout)
        return answer

    def list_schedules(
        self, request: Optional[api.ListSchedulesRequest] = None, *, timeout: Optional[float] = None
    ) -> Generator[model.Schedule, None, None]:
        """The schedules of a pipeline or a namespace, or all, fetched page by page."""
        request = request or api.ListSchedulesRequest()
        return self._pages(_SCHEDULES, "ListSchedules", request, "schedules", timeout)

    def update_schedule(
        self, request: api.UpdateScheduleRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.UpdateScheduleResponse]:
        """Changes all that a schedule says."""
        return self._write(_SCHEDULES, "UpdateSchedule", request, timeout)

    def delete_schedule(
        self, request: api.DeleteScheduleRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.DeleteScheduleResponse]:
        """Takes a schedule away; runs that it has started go on."""
        return self._write(_SCHEDULES, "DeleteSchedule", request, timeout)

    def set_schedule_enabled(
        self, request: api.SetScheduleEnabledRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.SetScheduleEnabledResponse]:
        """Lets the slots of a schedule count, or not."""
        return self._write(_SCHEDULES, "SetScheduleEnabled", request, timeout)

    def start_backfill(
        self, request: api.StartBackfillRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.StartBackfillResponse]:
        """Starts runs for the slots of a schedule in a range of the past."""
        return self._write(_SCHEDULES, "StartBackfill", request, timeout)

    def list_backfills(
        self, request: api.ListBackfillsRequest, *, timeout: Optional[float] = None
    ) -> api.ListBackfillsResponse:
        """The backfills of a schedule, the newest first."""
        answer: api.ListBackfillsResponse = self._read(_SCHEDULES, "ListBackfills", request, timeout)
        return answer

    def cancel_backfill(
        self, request: api.CancelBackfillRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.CancelBackfillResponse]:
        """Starts no further run of a backfill; those that were started go on."""
        return self._write(_SCHEDULES, "CancelBackfill", request, timeout)

    def install_trigger(
        self, request: api.InstallTriggerRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.InstallTriggerResponse]:
        """Lets pipelines subscribe to a plug-in."""
        return self._write(_TRIGGERS, "InstallTrigger", request, timeout)

    def get_trigger(
        self, request: api.GetTriggerRequest, *, timeout: Optional[float] = None
    ) -> api.GetTriggerResponse:
        """A trigger with the settings that it understands."""
        answer: api.GetTriggerResponse = self._read(_TRIGGERS, "GetTrigger", request, timeout)
        return answer

    def list_triggers(
        self, request: Optional[api.ListTriggersRequest] = None, *, timeout: Optional[float] = None
    ) -> Generator[api.TriggerInfo, None, None]:
        """All triggers by name, those that are part of Gofer among them, fetched page by page."""
        request = request or api.ListTriggersRequest()
        return self._pages(_TRIGGERS, "ListTriggers", request, "triggers", timeout)

    def update_trigger(
        self, request: api.UpdateTriggerRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.UpdateTriggerResponse]:
        """Changes all that an operator says of a plug-in."""
        return self._write(_TRIGGERS, "UpdateTrigger", request, timeout)

    def uninstall_trigger(
        self, request: api.UninstallTriggerRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.UninstallTriggerResponse]:
        """Takes a plug-in away; subscriptions to it are broken from then on."""
        return self._write(_TRIGGERS, "UninstallTrigger", request, timeout)

    def set_trigger_enabled(
        self, request: api.SetTriggerEnabledRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.SetTriggerEnabledResponse]:
        """Lets events of a plug-in be taken, or not."""
        return self._write(_TRIGGERS, "SetTriggerEnabled", request, timeout)

    def create_subscription(
        self, request: api.CreateSubscriptionRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.CreateSubscriptionResponse]:
        """Lets events of a trigger start runs of a pipeline."""
        return self._write(_SUBSCRIPTIONS, "CreateSubscription", request, timeout)

    def get_subscription(
        self, request: api.GetSubscriptionRequest, *, timeout: Optional[float] = None
    ) -> api.GetSubscriptionResponse:
        """A subscription, with why it takes no events if it is broken."""
        answer: api.GetSubscriptionResponse = self._read(_SUBSCRIPTIONS, "GetSubscription", request, timeout)
        return answer

    def list_subscriptions(
        self, request: Optional[api.ListSubscriptionsRequest] = None, *, timeout: Optional[float] = None
    ) -> Generator[api.SubscriptionInfo, None, None]:
        """The subscriptions of a pipeline or a namespace, or all; to one trigger, or to any; fetched page by page."""
        request = request or api.ListSubscriptionsRequest()
        return self._pages(_SUBSCRIPTIONS, "ListSubscriptions", request, "subscriptions", timeout)

    def update_subscription(
        self, request: api.UpdateSubscriptionRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.UpdateSubscriptionResponse]:
        """Changes all that a subscription says, but for its trigger."""
        return self._write(_SUBSCRIPTIONS, "UpdateSubscription", request, timeout)

    def delete_subscription(
        self, request: api.DeleteSubscriptionRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.DeleteSubscriptionResponse]:
        """Takes a subscription away; runs that it has started go on."""
        return self._write(_SUBSCRIPTIONS, "DeleteSubscription", request, timeout)

    def set_subscription_enabled(
        self, request: api.SetSubscriptionEnabledRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.SetSubscriptionEnabledResponse]:
        """Lets a subscription take events, or not."""
        return self._write(_SUBSCRIPTIONS, "SetSubscriptionEnabled", request, timeout)

    def list_taken_events(
        self, request: api.ListTakenEventsRequest, *, timeout: Optional[float] = None
    ) -> Generator[api.NumberedEvent, None, None]:
        """The events that a subscription has taken and not forgotten, the newest first, fetched page by page."""
        return self._pages(_SUBSCRIPTIONS, "ListTakenEvents", request, "events", timeout)

    def test_event(
        self, request: api.TestEventRequest, *, timeout: Optional[float] = None
    ) -> api.TestEventResponse:
        """What would become of an event, as all is now. It changes nothing."""
        answer: api.TestEventResponse = self._read(_SUBSCRIPTIONS, "TestEvent", request, timeout)
        return answer

    def fire_event(
        self, request: api.FireEventRequest, *, timeout: Optional[float] = None
    ) -> Outcome[api.FireEventResponse]:
        """Tells a subscription of an event; without a key of its own it counts by the request id."""
        return self._write(_SUBSCRIPTIONS, "FireEvent", request, timeout)

    def watch_run(self, request: api.WatchRunRequest) -> Stream[model.Run]:
        """The run now and after each change, until it has ended. Changes that follow quickly come as one."""
        return Stream(self._nodes, _method(_RUNS, "WatchRun"), _Run(request))

    def logs(self, request: api.StreamLogsRequest) -> Stream[api.StreamLogsResponse]:
        """The output of a run's tasks, each byte once whatever node is lost on the way."""
        return Stream(self._nodes, _method(_RUNS, "StreamLogs"), _Logs(request))

    def watch_events(self, request: Optional[api.WatchRequest] = None) -> Events:
        """The event log from a revision on (0: from now on), each event once and in order, whatever node is lost."""
        return Events(self, request or api.WatchRequest())

    def cluster_status(self, *, timeout: Optional[float] = None) -> api.GetStatusResponse:
        """The cluster as one node sees it; needs no leader."""
        answer: api.GetStatusResponse = self._read(_CLUSTER, "GetStatus", api.GetStatusRequest(), timeout)
        return answer

    def list_nodes(
        self, request: Optional[api.ListNodesRequest] = None, *, timeout: Optional[float] = None
    ) -> api.ListNodesResponse:
        """The nodes that execute, with what they do."""
        request = request or api.ListNodesRequest()
        answer: api.ListNodesResponse = self._read(_CLUSTER, "ListNodes", request, timeout)
        return answer

    def revision(self, *, timeout: Optional[float] = None) -> int:
        """The newest revision that is acknowledged."""
        # Of the linearizable reads the smallest.
        request = api.ListNamespacesRequest(page_size=1)
        return int(self._read(_NAMESPACES, "ListNamespaces", request, timeout).header.revision)

    def _write(self, module: Any, name: str, request: Any, timeout: Optional[float]) -> Outcome[Any]:
        given = request.request_id
        if given and len(given) != 16:
            return Rejected(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"a request id of {len(given)} bytes: it has 16",
                reason="INVALID_ARGUMENT",
                help="use the bytes of a uuid.UUID, or leave it out",
                field="request_id",
            )
        request_id = uuid.UUID(bytes=given) if given else uuid.uuid4()
        # The caller's message stays as it is.
        request = _copy(request)
        request.request_id = request_id.bytes
        try:
            answer = self._nodes.call(_method(module, name), request, timeout)
        except Rejected as rejected:
            return rejected
        except Failed as failed:
            return Unknown(request_id, failed.sent, failed.tried)
        return Committed(answer, answer.header.revision)

    def _read(self, module: Any, name: str, request: Message, timeout: Optional[float]) -> Any:
        try:
            return self._nodes.call(_method(module, name), request, timeout)
        except Failed as failed:
            raise Unreachable(failed.tried) from None

    def _pages(
        self, module: Any, name: str, request: Any, items: str, timeout: Optional[float]
    ) -> Generator[Any, None, None]:
        request = _copy(request)
        while True:
            page = self._read(module, name, request, timeout)
            yield from getattr(page, items)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token


class Events(Stream[log.EventEnvelope]):
    """A stream of the event log, which knows where it is."""

    def __init__(self, client: Client, request: api.WatchRequest) -> None:
        self._resume = _Events(client, request)
        super().__init__(client._nodes, _method(_EVENTS, "Watch"), self._resume)

    @property
    def next_revision(self) -> int:
        """Where a later watch goes on after the events that were returned: its ``from_revision``.

        It is 0 until a watch from now on has learned where that is.
        """
        return self._resume.next


class _Events(Resume[log.EventEnvelope]):
    def __init__(self, client: Client, request: api.WatchRequest) -> None:
        self._client, self._request = client, _copy(request)
        self.next: int = request.from_revision
        # What was taken and not returned yet, and up to where that is all.
        self._waiting, self._through = 0, 0

    def request(self) -> api.WatchRequest:
        # Pinned before the watch begins, so that one that is lost at once still knows where it was to start.
        if self.next == 0:
            self.next = self._client.revision() + 1
        self._request.from_revision = self.next
        return self._request

    def take(self, message: Any) -> List[log.EventEnvelope]:
        fresh = [event for event in message.events if event.revision >= self.next]
        self._waiting, self._through = len(fresh), message.revision
        self._settle()
        return fresh

    def returned(self, item: log.EventEnvelope) -> None:
        self.next = item.revision + 1
        self._waiting -= 1
        self._settle()

    def _settle(self) -> None:
        if self._waiting == 0:
            self.next = max(self.next, self._through + 1)

    def ends(self) -> bool:
        return bool(self._request.stop_at_end)


class _Run(Resume[model.Run]):
    def __init__(self, request: api.WatchRunRequest) -> None:
        self._request = _copy(request)
        self._revision = 0
        self._last = False

    def request(self) -> api.WatchRunRequest:
        return self._request

    def take(self, message: Any) -> List[model.Run]:
        run = message.run
        # A node that lags behind the one lost may repeat what was seen.
        if run.revision <= self._revision:
            return []
        self._revision, self._last = run.revision, run.HasField("finished_at")
        return [run]

    def is_last(self) -> bool:
        return self._last


class _Logs(Resume[api.StreamLogsResponse]):
    def __init__(self, request: api.StreamLogsRequest) -> None:
        self._request = _copy(request)
        # Bytes by task, attempt and stream.
        self._seen: Counter[Tuple[str, int, int]] = Counter()
        self._skip: Counter[Tuple[str, int, int]] = Counter()

    def request(self) -> api.StreamLogsRequest:
        # The output begins at its start again.
        self._skip = Counter(self._seen)
        return self._request

    def take(self, message: Any) -> List[api.StreamLogsResponse]:
        of = (message.task, message.attempt, message.stream)
        known = min(self._skip[of], len(message.data))
        self._skip[of] -= known
        if known == len(message.data):
            return []
        self._seen[of] += len(message.data) - known
        message.data = message.data[known:]
        return [message]

    def ends(self) -> bool:
        return True


def _copy(message: M) -> M:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _method(module: Any, name: str) -> Callable[[grpc.Channel], Method]:
    """A method of the one service of a generated module, with the types that its descriptor names."""
    (service,) = module.DESCRIPTOR.services_by_name.values()
    method = service.methods_by_name[name]
    request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)

    def bind(channel: grpc.Channel) -> Method:
        kind = channel.unary_stream if method.server_streaming else channel.unary_unary
        call: Method = kind(
            f"/{service.full_name}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        return call

    return bind
