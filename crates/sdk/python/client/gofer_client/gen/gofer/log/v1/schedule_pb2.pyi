import datetime

from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from gofer_client.gen.gofer.model.v1 import schedule_pb2 as _schedule_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateSchedule(_message.Message):
    __slots__ = ("schedule", "spec", "enabled")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    spec: _schedule_pb2.ScheduleSpec
    enabled: bool
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., spec: _Optional[_Union[_schedule_pb2.ScheduleSpec, _Mapping]] = ..., enabled: bool = ...) -> None: ...

class UpdateSchedule(_message.Message):
    __slots__ = ("schedule", "spec", "generation")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    spec: _schedule_pb2.ScheduleSpec
    generation: int
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., spec: _Optional[_Union[_schedule_pb2.ScheduleSpec, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...

class DeleteSchedule(_message.Message):
    __slots__ = ("schedule",)
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ...) -> None: ...

class SetScheduleEnabled(_message.Message):
    __slots__ = ("schedule", "enabled")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    enabled: bool
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., enabled: bool = ...) -> None: ...

class SettleSlots(_message.Message):
    __slots__ = ("schedule", "generation", "from_time", "to_time", "fire", "skipped")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    TO_TIME_FIELD_NUMBER: _ClassVar[int]
    FIRE_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    generation: int
    from_time: _timestamp_pb2.Timestamp
    to_time: _timestamp_pb2.Timestamp
    fire: _containers.RepeatedCompositeFieldContainer[_timestamp_pb2.Timestamp]
    skipped: _containers.RepeatedCompositeFieldContainer[_schedule_pb2.SkippedSlots]
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., generation: _Optional[int] = ..., from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., to_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fire: _Optional[_Iterable[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]]] = ..., skipped: _Optional[_Iterable[_Union[_schedule_pb2.SkippedSlots, _Mapping]]] = ...) -> None: ...

class StartBackfill(_message.Message):
    __slots__ = ("schedule", "generation", "spec")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    generation: int
    spec: _schedule_pb2.BackfillSpec
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., generation: _Optional[int] = ..., spec: _Optional[_Union[_schedule_pb2.BackfillSpec, _Mapping]] = ...) -> None: ...

class AdvanceBackfill(_message.Message):
    __slots__ = ("schedule", "backfill", "generation", "cursor", "fire", "last")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    FIRE_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    backfill: int
    generation: int
    cursor: _timestamp_pb2.Timestamp
    fire: _containers.RepeatedCompositeFieldContainer[_timestamp_pb2.Timestamp]
    last: bool
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., backfill: _Optional[int] = ..., generation: _Optional[int] = ..., cursor: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fire: _Optional[_Iterable[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]]] = ..., last: bool = ...) -> None: ...

class CancelBackfill(_message.Message):
    __slots__ = ("schedule", "backfill")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    backfill: int
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., backfill: _Optional[int] = ...) -> None: ...

class ScheduleCreated(_message.Message):
    __slots__ = ("schedule", "spec", "enabled")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    spec: _schedule_pb2.ScheduleSpec
    enabled: bool
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., spec: _Optional[_Union[_schedule_pb2.ScheduleSpec, _Mapping]] = ..., enabled: bool = ...) -> None: ...

class ScheduleUpdated(_message.Message):
    __slots__ = ("schedule", "spec", "skipped")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    spec: _schedule_pb2.ScheduleSpec
    skipped: _schedule_pb2.SkippedSlots
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., spec: _Optional[_Union[_schedule_pb2.ScheduleSpec, _Mapping]] = ..., skipped: _Optional[_Union[_schedule_pb2.SkippedSlots, _Mapping]] = ...) -> None: ...

class ScheduleDeleted(_message.Message):
    __slots__ = ("schedule",)
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ...) -> None: ...

class ScheduleEnabled(_message.Message):
    __slots__ = ("schedule", "skipped")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    skipped: _schedule_pb2.SkippedSlots
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., skipped: _Optional[_Union[_schedule_pb2.SkippedSlots, _Mapping]] = ...) -> None: ...

class ScheduleDisabled(_message.Message):
    __slots__ = ("schedule",)
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ...) -> None: ...

class SlotsSettled(_message.Message):
    __slots__ = ("schedule", "generation", "from_time", "to_time", "fired", "skipped")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    TO_TIME_FIELD_NUMBER: _ClassVar[int]
    FIRED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    generation: int
    from_time: _timestamp_pb2.Timestamp
    to_time: _timestamp_pb2.Timestamp
    fired: _containers.RepeatedCompositeFieldContainer[_schedule_pb2.FiredSlot]
    skipped: _containers.RepeatedCompositeFieldContainer[_schedule_pb2.SkippedSlots]
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., generation: _Optional[int] = ..., from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., to_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fired: _Optional[_Iterable[_Union[_schedule_pb2.FiredSlot, _Mapping]]] = ..., skipped: _Optional[_Iterable[_Union[_schedule_pb2.SkippedSlots, _Mapping]]] = ...) -> None: ...

class BackfillStarted(_message.Message):
    __slots__ = ("schedule", "backfill", "spec", "started_by")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    STARTED_BY_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    backfill: int
    spec: _schedule_pb2.BackfillSpec
    started_by: str
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., backfill: _Optional[int] = ..., spec: _Optional[_Union[_schedule_pb2.BackfillSpec, _Mapping]] = ..., started_by: _Optional[str] = ...) -> None: ...

class BackfillAdvanced(_message.Message):
    __slots__ = ("schedule", "backfill", "cursor", "fired", "refused", "last")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    FIRED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    backfill: int
    cursor: _timestamp_pb2.Timestamp
    fired: _containers.RepeatedCompositeFieldContainer[_schedule_pb2.FiredSlot]
    refused: _containers.RepeatedCompositeFieldContainer[_schedule_pb2.SkippedSlots]
    last: bool
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., backfill: _Optional[int] = ..., cursor: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fired: _Optional[_Iterable[_Union[_schedule_pb2.FiredSlot, _Mapping]]] = ..., refused: _Optional[_Iterable[_Union[_schedule_pb2.SkippedSlots, _Mapping]]] = ..., last: bool = ...) -> None: ...

class BackfillRunEnded(_message.Message):
    __slots__ = ("schedule", "backfill", "run", "status")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    backfill: int
    run: int
    status: _run_pb2.RunStatus
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., backfill: _Optional[int] = ..., run: _Optional[int] = ..., status: _Optional[_Union[_run_pb2.RunStatus, str]] = ...) -> None: ...

class BackfillCancelled(_message.Message):
    __slots__ = ("schedule", "backfill", "message")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    backfill: int
    message: str
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., backfill: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...
