import datetime

from gofer_client.gen.gofer.log.v1 import object_pb2 as _object_pb2
from gofer_client.gen.gofer.log.v1 import release_pb2 as _release_pb2
from gofer_client.gen.gofer.log.v1 import schedule_pb2 as _schedule_pb2
from gofer_client.gen.gofer.log.v1 import secret_pb2 as _secret_pb2
from gofer_client.gen.gofer.log.v1 import subscription_pb2 as _subscription_pb2
from gofer_client.gen.gofer.log.v1 import trigger_pb2 as _trigger_pb2
from gofer_client.gen.gofer.model.v1 import archive_pb2 as _archive_pb2
from gofer_client.gen.gofer.model.v1 import cluster_pb2 as _cluster_pb2
from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from gofer_client.gen.gofer.model.v1 import schedule_pb2 as _schedule_pb2_1
from gofer_client.gen.gofer.model.v1 import subscription_pb2 as _subscription_pb2_1
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventEnvelope(_message.Message):
    __slots__ = ("revision", "time", "actor", "request_id", "cause_revision", "previous_hash", "payload", "hash")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_REVISION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_HASH_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    revision: int
    time: _timestamp_pb2.Timestamp
    actor: str
    request_id: bytes
    cause_revision: int
    previous_hash: bytes
    payload: bytes
    hash: bytes
    def __init__(self, revision: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., request_id: _Optional[bytes] = ..., cause_revision: _Optional[int] = ..., previous_hash: _Optional[bytes] = ..., payload: _Optional[bytes] = ..., hash: _Optional[bytes] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("cluster_created", "namespace_created", "namespace_deleted", "pipeline_registered", "pipeline_enabled", "pipeline_disabled", "pipeline_deleted", "run_created", "run_started", "run_stop_requested", "task_queued", "task_finished", "run_finished", "attempt_placed", "attempt_launching", "attempt_started", "attempt_stop_requested", "attempt_finished", "node_registered", "node_drained", "node_undrained", "node_lost", "node_removed", "cluster_restored", "cluster_recovered", "events_archived", "run_annotated", "task_waiting", "task_kept", "release_started", "release_advanced", "release_switched", "release_promoted", "release_rolled_back", "live_version_changed", "pipeline_pinned", "pipeline_unpinned", "run_moved", "secret_set", "secret_deleted", "cluster_key_rotated", "object_put", "object_deleted", "objects_dropped", "schedule_created", "schedule_updated", "schedule_deleted", "schedule_enabled", "schedule_disabled", "slots_settled", "backfill_started", "backfill_advanced", "backfill_run_ended", "backfill_cancelled", "trigger_installed", "trigger_updated", "trigger_uninstalled", "trigger_enabled", "trigger_disabled", "trigger_reported", "subscription_created", "subscription_updated", "subscription_deleted", "subscription_enabled", "subscription_disabled", "events_taken", "events_followed")
    CLUSTER_CREATED_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_CREATED_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_DELETED_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_REGISTERED_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_ENABLED_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_DISABLED_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_DELETED_FIELD_NUMBER: _ClassVar[int]
    RUN_CREATED_FIELD_NUMBER: _ClassVar[int]
    RUN_STARTED_FIELD_NUMBER: _ClassVar[int]
    RUN_STOP_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    TASK_QUEUED_FIELD_NUMBER: _ClassVar[int]
    TASK_FINISHED_FIELD_NUMBER: _ClassVar[int]
    RUN_FINISHED_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_PLACED_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_LAUNCHING_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_STARTED_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_STOP_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FINISHED_FIELD_NUMBER: _ClassVar[int]
    NODE_REGISTERED_FIELD_NUMBER: _ClassVar[int]
    NODE_DRAINED_FIELD_NUMBER: _ClassVar[int]
    NODE_UNDRAINED_FIELD_NUMBER: _ClassVar[int]
    NODE_LOST_FIELD_NUMBER: _ClassVar[int]
    NODE_REMOVED_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_RESTORED_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_RECOVERED_FIELD_NUMBER: _ClassVar[int]
    EVENTS_ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    RUN_ANNOTATED_FIELD_NUMBER: _ClassVar[int]
    TASK_WAITING_FIELD_NUMBER: _ClassVar[int]
    TASK_KEPT_FIELD_NUMBER: _ClassVar[int]
    RELEASE_STARTED_FIELD_NUMBER: _ClassVar[int]
    RELEASE_ADVANCED_FIELD_NUMBER: _ClassVar[int]
    RELEASE_SWITCHED_FIELD_NUMBER: _ClassVar[int]
    RELEASE_PROMOTED_FIELD_NUMBER: _ClassVar[int]
    RELEASE_ROLLED_BACK_FIELD_NUMBER: _ClassVar[int]
    LIVE_VERSION_CHANGED_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_PINNED_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_UNPINNED_FIELD_NUMBER: _ClassVar[int]
    RUN_MOVED_FIELD_NUMBER: _ClassVar[int]
    SECRET_SET_FIELD_NUMBER: _ClassVar[int]
    SECRET_DELETED_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_KEY_ROTATED_FIELD_NUMBER: _ClassVar[int]
    OBJECT_PUT_FIELD_NUMBER: _ClassVar[int]
    OBJECT_DELETED_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_DROPPED_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_CREATED_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_UPDATED_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_DELETED_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_ENABLED_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_DISABLED_FIELD_NUMBER: _ClassVar[int]
    SLOTS_SETTLED_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_STARTED_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_ADVANCED_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_RUN_ENDED_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_CANCELLED_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_INSTALLED_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_UPDATED_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_UNINSTALLED_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ENABLED_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_DISABLED_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_REPORTED_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_CREATED_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_UPDATED_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_DELETED_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_ENABLED_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_DISABLED_FIELD_NUMBER: _ClassVar[int]
    EVENTS_TAKEN_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FOLLOWED_FIELD_NUMBER: _ClassVar[int]
    cluster_created: ClusterCreated
    namespace_created: NamespaceCreated
    namespace_deleted: NamespaceDeleted
    pipeline_registered: PipelineRegistered
    pipeline_enabled: PipelineEnabled
    pipeline_disabled: PipelineDisabled
    pipeline_deleted: PipelineDeleted
    run_created: RunCreated
    run_started: RunStarted
    run_stop_requested: RunStopRequested
    task_queued: TaskQueued
    task_finished: TaskFinished
    run_finished: RunFinished
    attempt_placed: AttemptPlaced
    attempt_launching: AttemptLaunching
    attempt_started: AttemptStarted
    attempt_stop_requested: AttemptStopRequested
    attempt_finished: AttemptFinished
    node_registered: NodeRegistered
    node_drained: NodeDrained
    node_undrained: NodeUndrained
    node_lost: NodeLost
    node_removed: NodeRemoved
    cluster_restored: ClusterRestored
    cluster_recovered: ClusterRecovered
    events_archived: EventsArchived
    run_annotated: RunAnnotated
    task_waiting: TaskWaiting
    task_kept: TaskKept
    release_started: _release_pb2.ReleaseStarted
    release_advanced: _release_pb2.ReleaseAdvanced
    release_switched: _release_pb2.ReleaseSwitched
    release_promoted: _release_pb2.ReleasePromoted
    release_rolled_back: _release_pb2.ReleaseRolledBack
    live_version_changed: _release_pb2.LiveVersionChanged
    pipeline_pinned: _release_pb2.PipelinePinned
    pipeline_unpinned: _release_pb2.PipelineUnpinned
    run_moved: _release_pb2.RunMoved
    secret_set: _secret_pb2.SecretSet
    secret_deleted: _secret_pb2.SecretDeleted
    cluster_key_rotated: _secret_pb2.ClusterKeyRotated
    object_put: _object_pb2.ObjectPut
    object_deleted: _object_pb2.ObjectDeleted
    objects_dropped: _object_pb2.ObjectsDropped
    schedule_created: _schedule_pb2.ScheduleCreated
    schedule_updated: _schedule_pb2.ScheduleUpdated
    schedule_deleted: _schedule_pb2.ScheduleDeleted
    schedule_enabled: _schedule_pb2.ScheduleEnabled
    schedule_disabled: _schedule_pb2.ScheduleDisabled
    slots_settled: _schedule_pb2.SlotsSettled
    backfill_started: _schedule_pb2.BackfillStarted
    backfill_advanced: _schedule_pb2.BackfillAdvanced
    backfill_run_ended: _schedule_pb2.BackfillRunEnded
    backfill_cancelled: _schedule_pb2.BackfillCancelled
    trigger_installed: _trigger_pb2.TriggerInstalled
    trigger_updated: _trigger_pb2.TriggerUpdated
    trigger_uninstalled: _trigger_pb2.TriggerUninstalled
    trigger_enabled: _trigger_pb2.TriggerEnabled
    trigger_disabled: _trigger_pb2.TriggerDisabled
    trigger_reported: _trigger_pb2.TriggerReported
    subscription_created: _subscription_pb2.SubscriptionCreated
    subscription_updated: _subscription_pb2.SubscriptionUpdated
    subscription_deleted: _subscription_pb2.SubscriptionDeleted
    subscription_enabled: _subscription_pb2.SubscriptionEnabled
    subscription_disabled: _subscription_pb2.SubscriptionDisabled
    events_taken: _subscription_pb2.EventsTaken
    events_followed: _subscription_pb2.EventsFollowed
    def __init__(self, cluster_created: _Optional[_Union[ClusterCreated, _Mapping]] = ..., namespace_created: _Optional[_Union[NamespaceCreated, _Mapping]] = ..., namespace_deleted: _Optional[_Union[NamespaceDeleted, _Mapping]] = ..., pipeline_registered: _Optional[_Union[PipelineRegistered, _Mapping]] = ..., pipeline_enabled: _Optional[_Union[PipelineEnabled, _Mapping]] = ..., pipeline_disabled: _Optional[_Union[PipelineDisabled, _Mapping]] = ..., pipeline_deleted: _Optional[_Union[PipelineDeleted, _Mapping]] = ..., run_created: _Optional[_Union[RunCreated, _Mapping]] = ..., run_started: _Optional[_Union[RunStarted, _Mapping]] = ..., run_stop_requested: _Optional[_Union[RunStopRequested, _Mapping]] = ..., task_queued: _Optional[_Union[TaskQueued, _Mapping]] = ..., task_finished: _Optional[_Union[TaskFinished, _Mapping]] = ..., run_finished: _Optional[_Union[RunFinished, _Mapping]] = ..., attempt_placed: _Optional[_Union[AttemptPlaced, _Mapping]] = ..., attempt_launching: _Optional[_Union[AttemptLaunching, _Mapping]] = ..., attempt_started: _Optional[_Union[AttemptStarted, _Mapping]] = ..., attempt_stop_requested: _Optional[_Union[AttemptStopRequested, _Mapping]] = ..., attempt_finished: _Optional[_Union[AttemptFinished, _Mapping]] = ..., node_registered: _Optional[_Union[NodeRegistered, _Mapping]] = ..., node_drained: _Optional[_Union[NodeDrained, _Mapping]] = ..., node_undrained: _Optional[_Union[NodeUndrained, _Mapping]] = ..., node_lost: _Optional[_Union[NodeLost, _Mapping]] = ..., node_removed: _Optional[_Union[NodeRemoved, _Mapping]] = ..., cluster_restored: _Optional[_Union[ClusterRestored, _Mapping]] = ..., cluster_recovered: _Optional[_Union[ClusterRecovered, _Mapping]] = ..., events_archived: _Optional[_Union[EventsArchived, _Mapping]] = ..., run_annotated: _Optional[_Union[RunAnnotated, _Mapping]] = ..., task_waiting: _Optional[_Union[TaskWaiting, _Mapping]] = ..., task_kept: _Optional[_Union[TaskKept, _Mapping]] = ..., release_started: _Optional[_Union[_release_pb2.ReleaseStarted, _Mapping]] = ..., release_advanced: _Optional[_Union[_release_pb2.ReleaseAdvanced, _Mapping]] = ..., release_switched: _Optional[_Union[_release_pb2.ReleaseSwitched, _Mapping]] = ..., release_promoted: _Optional[_Union[_release_pb2.ReleasePromoted, _Mapping]] = ..., release_rolled_back: _Optional[_Union[_release_pb2.ReleaseRolledBack, _Mapping]] = ..., live_version_changed: _Optional[_Union[_release_pb2.LiveVersionChanged, _Mapping]] = ..., pipeline_pinned: _Optional[_Union[_release_pb2.PipelinePinned, _Mapping]] = ..., pipeline_unpinned: _Optional[_Union[_release_pb2.PipelineUnpinned, _Mapping]] = ..., run_moved: _Optional[_Union[_release_pb2.RunMoved, _Mapping]] = ..., secret_set: _Optional[_Union[_secret_pb2.SecretSet, _Mapping]] = ..., secret_deleted: _Optional[_Union[_secret_pb2.SecretDeleted, _Mapping]] = ..., cluster_key_rotated: _Optional[_Union[_secret_pb2.ClusterKeyRotated, _Mapping]] = ..., object_put: _Optional[_Union[_object_pb2.ObjectPut, _Mapping]] = ..., object_deleted: _Optional[_Union[_object_pb2.ObjectDeleted, _Mapping]] = ..., objects_dropped: _Optional[_Union[_object_pb2.ObjectsDropped, _Mapping]] = ..., schedule_created: _Optional[_Union[_schedule_pb2.ScheduleCreated, _Mapping]] = ..., schedule_updated: _Optional[_Union[_schedule_pb2.ScheduleUpdated, _Mapping]] = ..., schedule_deleted: _Optional[_Union[_schedule_pb2.ScheduleDeleted, _Mapping]] = ..., schedule_enabled: _Optional[_Union[_schedule_pb2.ScheduleEnabled, _Mapping]] = ..., schedule_disabled: _Optional[_Union[_schedule_pb2.ScheduleDisabled, _Mapping]] = ..., slots_settled: _Optional[_Union[_schedule_pb2.SlotsSettled, _Mapping]] = ..., backfill_started: _Optional[_Union[_schedule_pb2.BackfillStarted, _Mapping]] = ..., backfill_advanced: _Optional[_Union[_schedule_pb2.BackfillAdvanced, _Mapping]] = ..., backfill_run_ended: _Optional[_Union[_schedule_pb2.BackfillRunEnded, _Mapping]] = ..., backfill_cancelled: _Optional[_Union[_schedule_pb2.BackfillCancelled, _Mapping]] = ..., trigger_installed: _Optional[_Union[_trigger_pb2.TriggerInstalled, _Mapping]] = ..., trigger_updated: _Optional[_Union[_trigger_pb2.TriggerUpdated, _Mapping]] = ..., trigger_uninstalled: _Optional[_Union[_trigger_pb2.TriggerUninstalled, _Mapping]] = ..., trigger_enabled: _Optional[_Union[_trigger_pb2.TriggerEnabled, _Mapping]] = ..., trigger_disabled: _Optional[_Union[_trigger_pb2.TriggerDisabled, _Mapping]] = ..., trigger_reported: _Optional[_Union[_trigger_pb2.TriggerReported, _Mapping]] = ..., subscription_created: _Optional[_Union[_subscription_pb2.SubscriptionCreated, _Mapping]] = ..., subscription_updated: _Optional[_Union[_subscription_pb2.SubscriptionUpdated, _Mapping]] = ..., subscription_deleted: _Optional[_Union[_subscription_pb2.SubscriptionDeleted, _Mapping]] = ..., subscription_enabled: _Optional[_Union[_subscription_pb2.SubscriptionEnabled, _Mapping]] = ..., subscription_disabled: _Optional[_Union[_subscription_pb2.SubscriptionDisabled, _Mapping]] = ..., events_taken: _Optional[_Union[_subscription_pb2.EventsTaken, _Mapping]] = ..., events_followed: _Optional[_Union[_subscription_pb2.EventsFollowed, _Mapping]] = ...) -> None: ...

class ClusterCreated(_message.Message):
    __slots__ = ("cluster_id",)
    CLUSTER_ID_FIELD_NUMBER: _ClassVar[int]
    cluster_id: bytes
    def __init__(self, cluster_id: _Optional[bytes] = ...) -> None: ...

class ClusterRestored(_message.Message):
    __slots__ = ("cluster_id", "restored_from", "revision", "head")
    CLUSTER_ID_FIELD_NUMBER: _ClassVar[int]
    RESTORED_FROM_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    cluster_id: bytes
    restored_from: bytes
    revision: int
    head: bytes
    def __init__(self, cluster_id: _Optional[bytes] = ..., restored_from: _Optional[bytes] = ..., revision: _Optional[int] = ..., head: _Optional[bytes] = ...) -> None: ...

class ClusterRecovered(_message.Message):
    __slots__ = ("cluster_id", "recovered_from", "survivor", "dropped", "revision")
    CLUSTER_ID_FIELD_NUMBER: _ClassVar[int]
    RECOVERED_FROM_FIELD_NUMBER: _ClassVar[int]
    SURVIVOR_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    cluster_id: bytes
    recovered_from: bytes
    survivor: int
    dropped: _containers.RepeatedScalarFieldContainer[int]
    revision: int
    def __init__(self, cluster_id: _Optional[bytes] = ..., recovered_from: _Optional[bytes] = ..., survivor: _Optional[int] = ..., dropped: _Optional[_Iterable[int]] = ..., revision: _Optional[int] = ...) -> None: ...

class NamespaceCreated(_message.Message):
    __slots__ = ("namespace", "description")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    description: str
    def __init__(self, namespace: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class NamespaceDeleted(_message.Message):
    __slots__ = ("namespace",)
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    def __init__(self, namespace: _Optional[str] = ...) -> None: ...

class PipelineRegistered(_message.Message):
    __slots__ = ("pipeline", "version", "config", "held", "release", "registered_by")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_BY_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    version: int
    config: _config_pb2.PipelineConfig
    held: bool
    release: int
    registered_by: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., config: _Optional[_Union[_config_pb2.PipelineConfig, _Mapping]] = ..., held: bool = ..., release: _Optional[int] = ..., registered_by: _Optional[str] = ...) -> None: ...

class PipelineEnabled(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ...) -> None: ...

class PipelineDisabled(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ...) -> None: ...

class PipelineDeleted(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ...) -> None: ...

class RunCreated(_message.Message):
    __slots__ = ("run", "version", "variables", "started_by", "retry_of", "labels", "note", "priority", "parent", "release", "schedule", "subscription", "depth", "shared")
    RUN_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    STARTED_BY_FIELD_NUMBER: _ClassVar[int]
    RETRY_OF_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    version: int
    variables: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    started_by: str
    retry_of: int
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    note: str
    priority: int
    parent: _run_pb2.TaskRef
    release: int
    schedule: _schedule_pb2_1.ScheduleSlot
    subscription: _subscription_pb2_1.SubscriptionEvent
    depth: int
    shared: _containers.RepeatedCompositeFieldContainer[_run_pb2.SharedVersion]
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., version: _Optional[int] = ..., variables: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., started_by: _Optional[str] = ..., retry_of: _Optional[int] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., note: _Optional[str] = ..., priority: _Optional[int] = ..., parent: _Optional[_Union[_run_pb2.TaskRef, _Mapping]] = ..., release: _Optional[int] = ..., schedule: _Optional[_Union[_schedule_pb2_1.ScheduleSlot, _Mapping]] = ..., subscription: _Optional[_Union[_subscription_pb2_1.SubscriptionEvent, _Mapping]] = ..., depth: _Optional[int] = ..., shared: _Optional[_Iterable[_Union[_run_pb2.SharedVersion, _Mapping]]] = ...) -> None: ...

class RunAnnotated(_message.Message):
    __slots__ = ("run", "note", "labels")
    RUN_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    note: str
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., note: _Optional[str] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ...) -> None: ...

class RunStarted(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ...) -> None: ...

class RunStopRequested(_message.Message):
    __slots__ = ("run", "reason")
    RUN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    reason: _run_pb2.StopReason
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., reason: _Optional[_Union[_run_pb2.StopReason, _Mapping]] = ...) -> None: ...

class TaskQueued(_message.Message):
    __slots__ = ("task", "not_before", "attempts")
    TASK_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    task: _run_pb2.TaskRef
    not_before: _timestamp_pb2.Timestamp
    attempts: int
    def __init__(self, task: _Optional[_Union[_run_pb2.TaskRef, _Mapping]] = ..., not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ...) -> None: ...

class TaskWaiting(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: _run_pb2.TaskRef
    def __init__(self, task: _Optional[_Union[_run_pb2.TaskRef, _Mapping]] = ...) -> None: ...

class TaskKept(_message.Message):
    __slots__ = ("task", "kept_from", "outputs")
    TASK_FIELD_NUMBER: _ClassVar[int]
    KEPT_FROM_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    task: _run_pb2.TaskRef
    kept_from: int
    outputs: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    def __init__(self, task: _Optional[_Union[_run_pb2.TaskRef, _Mapping]] = ..., kept_from: _Optional[int] = ..., outputs: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ...) -> None: ...

class TaskFinished(_message.Message):
    __slots__ = ("task", "outcome")
    TASK_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    task: _run_pb2.TaskRef
    outcome: _run_pb2.TaskOutcome
    def __init__(self, task: _Optional[_Union[_run_pb2.TaskRef, _Mapping]] = ..., outcome: _Optional[_Union[_run_pb2.TaskOutcome, _Mapping]] = ...) -> None: ...

class RunFinished(_message.Message):
    __slots__ = ("run", "status", "message", "started_at", "ends")
    RUN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDS_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    status: _run_pb2.RunStatus
    message: str
    started_at: _timestamp_pb2.Timestamp
    ends: _cluster_pb2.Ends
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., status: _Optional[_Union[_run_pb2.RunStatus, str]] = ..., message: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ends: _Optional[_Union[_cluster_pb2.Ends, _Mapping]] = ...) -> None: ...

class AttemptPlaced(_message.Message):
    __slots__ = ("attempt", "node", "driver")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    DRIVER_FIELD_NUMBER: _ClassVar[int]
    attempt: _run_pb2.AttemptRef
    node: int
    driver: _config_pb2.Driver
    def __init__(self, attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ..., node: _Optional[int] = ..., driver: _Optional[_Union[_config_pb2.Driver, str]] = ...) -> None: ...

class AttemptLaunching(_message.Message):
    __slots__ = ("attempt",)
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    attempt: _run_pb2.AttemptRef
    def __init__(self, attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ...) -> None: ...

class AttemptStarted(_message.Message):
    __slots__ = ("attempt",)
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    attempt: _run_pb2.AttemptRef
    def __init__(self, attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ...) -> None: ...

class AttemptStopRequested(_message.Message):
    __slots__ = ("attempt", "reason")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    attempt: _run_pb2.AttemptRef
    reason: _run_pb2.StopReason
    def __init__(self, attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ..., reason: _Optional[_Union[_run_pb2.StopReason, _Mapping]] = ...) -> None: ...

class AttemptFinished(_message.Message):
    __slots__ = ("attempt", "outcome", "log", "outputs")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    attempt: _run_pb2.AttemptRef
    outcome: _run_pb2.AttemptOutcome
    log: _run_pb2.LogRef
    outputs: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    def __init__(self, attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ..., outcome: _Optional[_Union[_run_pb2.AttemptOutcome, _Mapping]] = ..., log: _Optional[_Union[_run_pb2.LogRef, _Mapping]] = ..., outputs: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ...) -> None: ...

class NodeRegistered(_message.Message):
    __slots__ = ("node", "incarnation", "spec")
    NODE_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    node: int
    incarnation: int
    spec: _cluster_pb2.NodeSpec
    def __init__(self, node: _Optional[int] = ..., incarnation: _Optional[int] = ..., spec: _Optional[_Union[_cluster_pb2.NodeSpec, _Mapping]] = ...) -> None: ...

class NodeDrained(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: int
    def __init__(self, node: _Optional[int] = ...) -> None: ...

class NodeUndrained(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: int
    def __init__(self, node: _Optional[int] = ...) -> None: ...

class NodeLost(_message.Message):
    __slots__ = ("node", "incarnation")
    NODE_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    node: int
    incarnation: int
    def __init__(self, node: _Optional[int] = ..., incarnation: _Optional[int] = ...) -> None: ...

class NodeRemoved(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: int
    def __init__(self, node: _Optional[int] = ...) -> None: ...

class EventsArchived(_message.Message):
    __slots__ = ("segment", "trimmed_revision", "trimmed_hash")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    TRIMMED_REVISION_FIELD_NUMBER: _ClassVar[int]
    TRIMMED_HASH_FIELD_NUMBER: _ClassVar[int]
    segment: _archive_pb2.ArchiveSegment
    trimmed_revision: int
    trimmed_hash: bytes
    def __init__(self, segment: _Optional[_Union[_archive_pb2.ArchiveSegment, _Mapping]] = ..., trimmed_revision: _Optional[int] = ..., trimmed_hash: _Optional[bytes] = ...) -> None: ...
