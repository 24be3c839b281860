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
    __slots__ = ("ref", "spec", "generation", "enabled", "settled", "last_fired", "last_skipped", "created_at", "updated_at", "changed")
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
    def __init__(self, ref: _Optional[_Union[ScheduleRef, _Mapping]] = ..., spec: _Optional[_Union[ScheduleSpec, _Mapping]] = ..., generation: _Optional[int] = ..., enabled: bool = ..., settled: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_fired: _Optional[_Union[FiredSlot, _Mapping]] = ..., last_skipped: _Optional[_Union[SkippedSlots, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., changed: _Optional[int] = ...) -> None: ...

class ScheduleSlot(_message.Message):
    __slots__ = ("schedule", "slot")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    schedule: str
    slot: _timestamp_pb2.Timestamp
    def __init__(self, schedule: _Optional[str] = ..., slot: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

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
