import datetime

from gofer_client.gen.gofer.api.v1 import common_pb2 as _common_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from gofer_client.gen.gofer.model.v1 import schedule_pb2 as _schedule_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateScheduleRequest(_message.Message):
    __slots__ = ("request_id", "schedule", "spec", "disabled")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    schedule: _schedule_pb2.ScheduleRef
    spec: _schedule_pb2.ScheduleSpec
    disabled: bool
    def __init__(self, request_id: _Optional[bytes] = ..., schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., spec: _Optional[_Union[_schedule_pb2.ScheduleSpec, _Mapping]] = ..., disabled: bool = ...) -> None: ...

class CreateScheduleResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class GetScheduleRequest(_message.Message):
    __slots__ = ("schedule", "consistency", "next_slots")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    NEXT_SLOTS_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    consistency: _common_pb2.Consistency
    next_slots: int
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., next_slots: _Optional[int] = ...) -> None: ...

class GetScheduleResponse(_message.Message):
    __slots__ = ("header", "schedule", "next")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    schedule: _schedule_pb2.Schedule
    next: _containers.RepeatedCompositeFieldContainer[NextSlot]
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., schedule: _Optional[_Union[_schedule_pb2.Schedule, _Mapping]] = ..., next: _Optional[_Iterable[_Union[NextSlot, _Mapping]]] = ...) -> None: ...

class NextSlot(_message.Message):
    __slots__ = ("slot", "start")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    slot: _timestamp_pb2.Timestamp
    start: _timestamp_pb2.Timestamp
    def __init__(self, slot: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListSchedulesRequest(_message.Message):
    __slots__ = ("pipeline", "consistency", "page_size", "page_token")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    consistency: _common_pb2.Consistency
    page_size: int
    page_token: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSchedulesResponse(_message.Message):
    __slots__ = ("header", "schedules", "next_page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SCHEDULES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    schedules: _containers.RepeatedCompositeFieldContainer[_schedule_pb2.Schedule]
    next_page_token: str
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., schedules: _Optional[_Iterable[_Union[_schedule_pb2.Schedule, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateScheduleRequest(_message.Message):
    __slots__ = ("request_id", "schedule", "spec", "generation")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    schedule: _schedule_pb2.ScheduleRef
    spec: _schedule_pb2.ScheduleSpec
    generation: int
    def __init__(self, request_id: _Optional[bytes] = ..., schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., spec: _Optional[_Union[_schedule_pb2.ScheduleSpec, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...

class UpdateScheduleResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class DeleteScheduleRequest(_message.Message):
    __slots__ = ("request_id", "schedule")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    schedule: _schedule_pb2.ScheduleRef
    def __init__(self, request_id: _Optional[bytes] = ..., schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ...) -> None: ...

class DeleteScheduleResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class SetScheduleEnabledRequest(_message.Message):
    __slots__ = ("request_id", "schedule", "enabled")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    schedule: _schedule_pb2.ScheduleRef
    enabled: bool
    def __init__(self, request_id: _Optional[bytes] = ..., schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., enabled: bool = ...) -> None: ...

class SetScheduleEnabledResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class StartBackfillRequest(_message.Message):
    __slots__ = ("request_id", "schedule", "from_time", "to_time", "parallelism", "newest_first", "dry_run")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    TO_TIME_FIELD_NUMBER: _ClassVar[int]
    PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIRST_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    schedule: _schedule_pb2.ScheduleRef
    from_time: _timestamp_pb2.Timestamp
    to_time: _timestamp_pb2.Timestamp
    parallelism: int
    newest_first: bool
    dry_run: bool
    def __init__(self, request_id: _Optional[bytes] = ..., schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., to_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., parallelism: _Optional[int] = ..., newest_first: bool = ..., dry_run: bool = ...) -> None: ...

class StartBackfillResponse(_message.Message):
    __slots__ = ("header", "backfill", "spec", "slots")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    backfill: int
    spec: _schedule_pb2.BackfillSpec
    slots: _containers.RepeatedCompositeFieldContainer[_timestamp_pb2.Timestamp]
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., backfill: _Optional[int] = ..., spec: _Optional[_Union[_schedule_pb2.BackfillSpec, _Mapping]] = ..., slots: _Optional[_Iterable[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]]] = ...) -> None: ...

class ListBackfillsRequest(_message.Message):
    __slots__ = ("schedule", "consistency")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    schedule: _schedule_pb2.ScheduleRef
    consistency: _common_pb2.Consistency
    def __init__(self, schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ...) -> None: ...

class ListBackfillsResponse(_message.Message):
    __slots__ = ("header", "backfills")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    BACKFILLS_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    backfills: _containers.RepeatedCompositeFieldContainer[_schedule_pb2.Backfill]
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., backfills: _Optional[_Iterable[_Union[_schedule_pb2.Backfill, _Mapping]]] = ...) -> None: ...

class CancelBackfillRequest(_message.Message):
    __slots__ = ("request_id", "schedule", "backfill")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    schedule: _schedule_pb2.ScheduleRef
    backfill: int
    def __init__(self, request_id: _Optional[bytes] = ..., schedule: _Optional[_Union[_schedule_pb2.ScheduleRef, _Mapping]] = ..., backfill: _Optional[int] = ...) -> None: ...

class CancelBackfillResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...
