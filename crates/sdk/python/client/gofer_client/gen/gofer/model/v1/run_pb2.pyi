import datetime

from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from gofer_client.gen.gofer.model.v1 import schedule_pb2 as _schedule_pb2
from gofer_client.gen.gofer.model.v1 import subscription_pb2 as _subscription_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_STATUS_UNSPECIFIED: _ClassVar[RunStatus]
    RUN_STATUS_QUEUED: _ClassVar[RunStatus]
    RUN_STATUS_RUNNING: _ClassVar[RunStatus]
    RUN_STATUS_SUCCEEDED: _ClassVar[RunStatus]
    RUN_STATUS_FAILED: _ClassVar[RunStatus]
    RUN_STATUS_CANCELLED: _ClassVar[RunStatus]

class TaskStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_STATUS_UNSPECIFIED: _ClassVar[TaskStatus]
    TASK_STATUS_PENDING: _ClassVar[TaskStatus]
    TASK_STATUS_QUEUED: _ClassVar[TaskStatus]
    TASK_STATUS_PLACED: _ClassVar[TaskStatus]
    TASK_STATUS_LAUNCHING: _ClassVar[TaskStatus]
    TASK_STATUS_RUNNING: _ClassVar[TaskStatus]
    TASK_STATUS_SUCCEEDED: _ClassVar[TaskStatus]
    TASK_STATUS_FAILED: _ClassVar[TaskStatus]
    TASK_STATUS_CANCELLED: _ClassVar[TaskStatus]
    TASK_STATUS_SKIPPED: _ClassVar[TaskStatus]
    TASK_STATUS_LOST: _ClassVar[TaskStatus]
    TASK_STATUS_UNKNOWN: _ClassVar[TaskStatus]
    TASK_STATUS_WAITING: _ClassVar[TaskStatus]

class AttemptStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ATTEMPT_STATUS_UNSPECIFIED: _ClassVar[AttemptStatus]
    ATTEMPT_STATUS_PLACED: _ClassVar[AttemptStatus]
    ATTEMPT_STATUS_LAUNCHING: _ClassVar[AttemptStatus]
    ATTEMPT_STATUS_RUNNING: _ClassVar[AttemptStatus]
    ATTEMPT_STATUS_FINISHED: _ClassVar[AttemptStatus]

class AttemptResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ATTEMPT_RESULT_UNSPECIFIED: _ClassVar[AttemptResult]
    ATTEMPT_RESULT_SUCCEEDED: _ClassVar[AttemptResult]
    ATTEMPT_RESULT_FAILED: _ClassVar[AttemptResult]
    ATTEMPT_RESULT_CANCELLED: _ClassVar[AttemptResult]
    ATTEMPT_RESULT_LOST: _ClassVar[AttemptResult]
    ATTEMPT_RESULT_UNKNOWN: _ClassVar[AttemptResult]

class FailureReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FAILURE_REASON_UNSPECIFIED: _ClassVar[FailureReason]
    FAILURE_REASON_EXIT_CODE: _ClassVar[FailureReason]
    FAILURE_REASON_SIGNAL: _ClassVar[FailureReason]
    FAILURE_REASON_TIMEOUT: _ClassVar[FailureReason]
    FAILURE_REASON_OUT_OF_MEMORY: _ClassVar[FailureReason]
    FAILURE_REASON_IMAGE_PULL: _ClassVar[FailureReason]
    FAILURE_REASON_COMMAND_NOT_FOUND: _ClassVar[FailureReason]
    FAILURE_REASON_LAUNCH: _ClassVar[FailureReason]
    FAILURE_REASON_DECLINED: _ClassVar[FailureReason]
    FAILURE_REASON_MISSING_VALUE: _ClassVar[FailureReason]
    FAILURE_REASON_CHILD_RUN: _ClassVar[FailureReason]

class StopKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STOP_KIND_UNSPECIFIED: _ClassVar[StopKind]
    STOP_KIND_CANCELLED: _ClassVar[StopKind]
    STOP_KIND_REPLACED: _ClassVar[StopKind]
    STOP_KIND_TIMEOUT: _ClassVar[StopKind]
RUN_STATUS_UNSPECIFIED: RunStatus
RUN_STATUS_QUEUED: RunStatus
RUN_STATUS_RUNNING: RunStatus
RUN_STATUS_SUCCEEDED: RunStatus
RUN_STATUS_FAILED: RunStatus
RUN_STATUS_CANCELLED: RunStatus
TASK_STATUS_UNSPECIFIED: TaskStatus
TASK_STATUS_PENDING: TaskStatus
TASK_STATUS_QUEUED: TaskStatus
TASK_STATUS_PLACED: TaskStatus
TASK_STATUS_LAUNCHING: TaskStatus
TASK_STATUS_RUNNING: TaskStatus
TASK_STATUS_SUCCEEDED: TaskStatus
TASK_STATUS_FAILED: TaskStatus
TASK_STATUS_CANCELLED: TaskStatus
TASK_STATUS_SKIPPED: TaskStatus
TASK_STATUS_LOST: TaskStatus
TASK_STATUS_UNKNOWN: TaskStatus
TASK_STATUS_WAITING: TaskStatus
ATTEMPT_STATUS_UNSPECIFIED: AttemptStatus
ATTEMPT_STATUS_PLACED: AttemptStatus
ATTEMPT_STATUS_LAUNCHING: AttemptStatus
ATTEMPT_STATUS_RUNNING: AttemptStatus
ATTEMPT_STATUS_FINISHED: AttemptStatus
ATTEMPT_RESULT_UNSPECIFIED: AttemptResult
ATTEMPT_RESULT_SUCCEEDED: AttemptResult
ATTEMPT_RESULT_FAILED: AttemptResult
ATTEMPT_RESULT_CANCELLED: AttemptResult
ATTEMPT_RESULT_LOST: AttemptResult
ATTEMPT_RESULT_UNKNOWN: AttemptResult
FAILURE_REASON_UNSPECIFIED: FailureReason
FAILURE_REASON_EXIT_CODE: FailureReason
FAILURE_REASON_SIGNAL: FailureReason
FAILURE_REASON_TIMEOUT: FailureReason
FAILURE_REASON_OUT_OF_MEMORY: FailureReason
FAILURE_REASON_IMAGE_PULL: FailureReason
FAILURE_REASON_COMMAND_NOT_FOUND: FailureReason
FAILURE_REASON_LAUNCH: FailureReason
FAILURE_REASON_DECLINED: FailureReason
FAILURE_REASON_MISSING_VALUE: FailureReason
FAILURE_REASON_CHILD_RUN: FailureReason
STOP_KIND_UNSPECIFIED: StopKind
STOP_KIND_CANCELLED: StopKind
STOP_KIND_REPLACED: StopKind
STOP_KIND_TIMEOUT: StopKind

class PipelineRef(_message.Message):
    __slots__ = ("namespace", "pipeline")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    pipeline: str
    def __init__(self, namespace: _Optional[str] = ..., pipeline: _Optional[str] = ...) -> None: ...

class RunRef(_message.Message):
    __slots__ = ("namespace", "pipeline", "run")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    pipeline: str
    run: int
    def __init__(self, namespace: _Optional[str] = ..., pipeline: _Optional[str] = ..., run: _Optional[int] = ...) -> None: ...

class TaskRef(_message.Message):
    __slots__ = ("run", "task")
    RUN_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    run: RunRef
    task: str
    def __init__(self, run: _Optional[_Union[RunRef, _Mapping]] = ..., task: _Optional[str] = ...) -> None: ...

class AttemptRef(_message.Message):
    __slots__ = ("run", "task", "attempt")
    RUN_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    run: RunRef
    task: str
    attempt: int
    def __init__(self, run: _Optional[_Union[RunRef, _Mapping]] = ..., task: _Optional[str] = ..., attempt: _Optional[int] = ...) -> None: ...

class Run(_message.Message):
    __slots__ = ("ref", "version", "status", "message", "variables", "started_by", "retry_of", "created_at", "started_at", "finished_at", "stopping", "tasks", "revision", "labels", "note", "priority", "parent", "release", "schedule", "subscription", "depth", "shared")
    REF_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    STARTED_BY_FIELD_NUMBER: _ClassVar[int]
    RETRY_OF_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    STOPPING_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    ref: RunRef
    version: int
    status: RunStatus
    message: str
    variables: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    started_by: str
    retry_of: int
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    stopping: StopReason
    tasks: _containers.RepeatedCompositeFieldContainer[TaskRun]
    revision: int
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    note: str
    priority: int
    parent: TaskRef
    release: int
    schedule: _schedule_pb2.ScheduleSlot
    subscription: _subscription_pb2.SubscriptionEvent
    depth: int
    shared: _containers.RepeatedCompositeFieldContainer[SharedVersion]
    def __init__(self, ref: _Optional[_Union[RunRef, _Mapping]] = ..., version: _Optional[int] = ..., status: _Optional[_Union[RunStatus, str]] = ..., message: _Optional[str] = ..., variables: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., started_by: _Optional[str] = ..., retry_of: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stopping: _Optional[_Union[StopReason, _Mapping]] = ..., tasks: _Optional[_Iterable[_Union[TaskRun, _Mapping]]] = ..., revision: _Optional[int] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., note: _Optional[str] = ..., priority: _Optional[int] = ..., parent: _Optional[_Union[TaskRef, _Mapping]] = ..., release: _Optional[int] = ..., schedule: _Optional[_Union[_schedule_pb2.ScheduleSlot, _Mapping]] = ..., subscription: _Optional[_Union[_subscription_pb2.SubscriptionEvent, _Mapping]] = ..., depth: _Optional[int] = ..., shared: _Optional[_Iterable[_Union[SharedVersion, _Mapping]]] = ...) -> None: ...

class SharedVersion(_message.Message):
    __slots__ = ("task", "version")
    TASK_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    task: str
    version: int
    def __init__(self, task: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class TaskRun(_message.Message):
    __slots__ = ("id", "outcome", "attempts", "not_before", "finished_at", "queued_revision", "outputs", "kept_from", "children")
    ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    QUEUED_REVISION_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    KEPT_FROM_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_FIELD_NUMBER: _ClassVar[int]
    id: str
    outcome: TaskOutcome
    attempts: _containers.RepeatedCompositeFieldContainer[Attempt]
    not_before: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    queued_revision: int
    outputs: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    kept_from: int
    children: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, id: _Optional[str] = ..., outcome: _Optional[_Union[TaskOutcome, _Mapping]] = ..., attempts: _Optional[_Iterable[_Union[Attempt, _Mapping]]] = ..., not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., queued_revision: _Optional[int] = ..., outputs: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., kept_from: _Optional[int] = ..., children: _Optional[_Iterable[int]] = ...) -> None: ...

class TaskOutcome(_message.Message):
    __slots__ = ("status", "reason", "exit_code", "message")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    status: TaskStatus
    reason: FailureReason
    exit_code: int
    message: str
    def __init__(self, status: _Optional[_Union[TaskStatus, str]] = ..., reason: _Optional[_Union[FailureReason, str]] = ..., exit_code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class Attempt(_message.Message):
    __slots__ = ("number", "node", "driver", "status", "placed_at", "started_at", "finished_at", "stopping", "log", "outcome")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    DRIVER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PLACED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    STOPPING_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    number: int
    node: int
    driver: _config_pb2.Driver
    status: AttemptStatus
    placed_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    stopping: StopReason
    log: LogRef
    outcome: AttemptOutcome
    def __init__(self, number: _Optional[int] = ..., node: _Optional[int] = ..., driver: _Optional[_Union[_config_pb2.Driver, str]] = ..., status: _Optional[_Union[AttemptStatus, str]] = ..., placed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stopping: _Optional[_Union[StopReason, _Mapping]] = ..., log: _Optional[_Union[LogRef, _Mapping]] = ..., outcome: _Optional[_Union[AttemptOutcome, _Mapping]] = ...) -> None: ...

class AttemptOutcome(_message.Message):
    __slots__ = ("result", "reason", "exit_code", "message")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    result: AttemptResult
    reason: FailureReason
    exit_code: int
    message: str
    def __init__(self, result: _Optional[_Union[AttemptResult, str]] = ..., reason: _Optional[_Union[FailureReason, str]] = ..., exit_code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class StopReason(_message.Message):
    __slots__ = ("kind", "message", "replaced_by")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REPLACED_BY_FIELD_NUMBER: _ClassVar[int]
    kind: StopKind
    message: str
    replaced_by: int
    def __init__(self, kind: _Optional[_Union[StopKind, str]] = ..., message: _Optional[str] = ..., replaced_by: _Optional[int] = ...) -> None: ...

class LogRef(_message.Message):
    __slots__ = ("digest", "size_bytes", "truncated")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    size_bytes: int
    truncated: bool
    def __init__(self, digest: _Optional[bytes] = ..., size_bytes: _Optional[int] = ..., truncated: bool = ...) -> None: ...
