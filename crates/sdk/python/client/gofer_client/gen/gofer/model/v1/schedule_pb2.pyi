import datetime

from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CatchUp(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CATCH_UP_UNSPECIFIED: _ClassVar[CatchUp]
    CATCH_UP_NONE: _ClassVar[CatchUp]
    CATCH_UP_LATEST: _ClassVar[CatchUp]
    CATCH_UP_ALL: _ClassVar[CatchUp]

class SkipReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SKIP_REASON_UNSPECIFIED: _ClassVar[SkipReason]
    SKIP_REASON_MISSED: _ClassVar[SkipReason]
    SKIP_REASON_BLACKOUT: _ClassVar[SkipReason]
    SKIP_REASON_PAUSED: _ClassVar[SkipReason]
    SKIP_REASON_CHANGED: _ClassVar[SkipReason]
    SKIP_REASON_REFUSED: _ClassVar[SkipReason]

class BackfillStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BACKFILL_STATUS_UNSPECIFIED: _ClassVar[BackfillStatus]
    BACKFILL_STATUS_RUNNING: _ClassVar[BackfillStatus]
    BACKFILL_STATUS_DONE: _ClassVar[BackfillStatus]
    BACKFILL_STATUS_CANCELLED: _ClassVar[BackfillStatus]
CATCH_UP_UNSPECIFIED: CatchUp
CATCH_UP_NONE: CatchUp
CATCH_UP_LATEST: CatchUp
CATCH_UP_ALL: CatchUp
SKIP_REASON_UNSPECIFIED: SkipReason
SKIP_REASON_MISSED: SkipReason
SKIP_REASON_BLACKOUT: SkipReason
SKIP_REASON_PAUSED: SkipReason
SKIP_REASON_CHANGED: SkipReason
SKIP_REASON_REFUSED: SkipReason
BACKFILL_STATUS_UNSPECIFIED: BackfillStatus
BACKFILL_STATUS_RUNNING: BackfillStatus
BACKFILL_STATUS_DONE: BackfillStatus
BACKFILL_STATUS_CANCELLED: BackfillStatus

class ScheduleRef(_message.Message):
    __slots__ = ("namespace", "pipeline", "name")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    pipeline: str
    name: str
    def __init__(self, namespace: _Optional[str] = ..., pipeline: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ScheduleSpec(_message.Message):
    __slots__ = ("description", "cron", "every", "zone", "blackouts", "jitter", "catch_up", "catch_up_most", "grace", "variables", "labels", "note", "priority")
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CRON_FIELD_NUMBER: _ClassVar[int]
    EVERY_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    BLACKOUTS_FIELD_NUMBER: _ClassVar[int]
    JITTER_FIELD_NUMBER: _ClassVar[int]
    CATCH_UP_FIELD_NUMBER: _ClassVar[int]
    CATCH_UP_MOST_FIELD_NUMBER: _ClassVar[int]
    GRACE_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    description: str
    cron: str
    every: _duration_pb2.Duration
    zone: str
    blackouts: _containers.RepeatedCompositeFieldContainer[BlackoutWindow]
    jitter: _duration_pb2.Duration
    catch_up: CatchUp
    catch_up_most: int
    grace: _duration_pb2.Duration
    variables: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    note: str
    priority: int
    def __init__(self, description: _Optional[str] = ..., cron: _Optional[str] = ..., every: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., zone: _Optional[str] = ..., blackouts: _Optional[_Iterable[_Union[BlackoutWindow, _Mapping]]] = ..., jitter: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., catch_up: _Optional[_Union[CatchUp, str]] = ..., catch_up_most: _Optional[int] = ..., grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., variables: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., note: _Optional[str] = ..., priority: _Optional[int] = ...) -> None: ...

class BlackoutWindow(_message.Message):
    __slots__ = ("opens", "length")
    OPENS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    opens: str
    length: _duration_pb2.Duration
    def __init__(self, opens: _Optional[str] = ..., length: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Schedule(_message.Message):
    __slots__ = ("ref", "spec", "generation", "enabled", "settled", "last_fired", "last_skipped", "created_at", "updated_at", "changed", "last_backfill", "backfills")
    REF_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    LAST_FIRED_FIELD_NUMBER: _ClassVar[int]
    LAST_SKIPPED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    LAST_BACKFILL_FIELD_NUMBER: _ClassVar[int]
    BACKFILLS_FIELD_NUMBER: _ClassVar[int]
    ref: ScheduleRef
    spec: ScheduleSpec
    generation: int
    enabled: bool
    settled: _timestamp_pb2.Timestamp
    last_fired: FiredSlot
    last_skipped: SkippedSlots
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    changed: int
    last_backfill: int
    backfills: _containers.RepeatedCompositeFieldContainer[Backfill]
    def __init__(self, ref: _Optional[_Union[ScheduleRef, _Mapping]] = ..., spec: _Optional[_Union[ScheduleSpec, _Mapping]] = ..., generation: _Optional[int] = ..., enabled: bool = ..., settled: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_fired: _Optional[_Union[FiredSlot, _Mapping]] = ..., last_skipped: _Optional[_Union[SkippedSlots, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., changed: _Optional[int] = ..., last_backfill: _Optional[int] = ..., backfills: _Optional[_Iterable[_Union[Backfill, _Mapping]]] = ...) -> None: ...

class ScheduleSlot(_message.Message):
    __slots__ = ("schedule", "slot", "backfill")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    schedule: str
    slot: _timestamp_pb2.Timestamp
    backfill: int
    def __init__(self, schedule: _Optional[str] = ..., slot: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., backfill: _Optional[int] = ...) -> None: ...

class FiredSlot(_message.Message):
    __slots__ = ("slot", "run")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    slot: _timestamp_pb2.Timestamp
    run: int
    def __init__(self, slot: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., run: _Optional[int] = ...) -> None: ...

class SkippedSlots(_message.Message):
    __slots__ = ("first", "last", "reason", "refusal", "message")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    first: _timestamp_pb2.Timestamp
    last: _timestamp_pb2.Timestamp
    reason: SkipReason
    refusal: str
    message: str
    def __init__(self, first: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[_Union[SkipReason, str]] = ..., refusal: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class BackfillSpec(_message.Message):
    __slots__ = ("from_time", "to_time", "parallelism", "newest_first", "slots")
    FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    TO_TIME_FIELD_NUMBER: _ClassVar[int]
    PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIRST_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    from_time: _timestamp_pb2.Timestamp
    to_time: _timestamp_pb2.Timestamp
    parallelism: int
    newest_first: bool
    slots: int
    def __init__(self, from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., to_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., parallelism: _Optional[int] = ..., newest_first: bool = ..., slots: _Optional[int] = ...) -> None: ...

class Backfill(_message.Message):
    __slots__ = ("number", "spec", "cursor", "decided", "live", "succeeded", "failed", "cancelled", "refused", "last_refused", "status", "message", "started_by", "started_at", "ended_at")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    LAST_REFUSED_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STARTED_BY_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    number: int
    spec: BackfillSpec
    cursor: _timestamp_pb2.Timestamp
    decided: bool
    live: _containers.RepeatedScalarFieldContainer[int]
    succeeded: int
    failed: int
    cancelled: int
    refused: int
    last_refused: SkippedSlots
    status: BackfillStatus
    message: str
    started_by: str
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    def __init__(self, number: _Optional[int] = ..., spec: _Optional[_Union[BackfillSpec, _Mapping]] = ..., cursor: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decided: bool = ..., live: _Optional[_Iterable[int]] = ..., succeeded: _Optional[int] = ..., failed: _Optional[int] = ..., cancelled: _Optional[int] = ..., refused: _Optional[int] = ..., last_refused: _Optional[_Union[SkippedSlots, _Mapping]] = ..., status: _Optional[_Union[BackfillStatus, str]] = ..., message: _Optional[str] = ..., started_by: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
