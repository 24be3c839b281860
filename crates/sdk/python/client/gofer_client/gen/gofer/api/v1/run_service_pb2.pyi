import datetime

from gofer_client.gen.gofer.api.v1 import common_pb2 as _common_pb2
from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LogStream(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOG_STREAM_UNSPECIFIED: _ClassVar[LogStream]
    LOG_STREAM_STDOUT: _ClassVar[LogStream]
    LOG_STREAM_STDERR: _ClassVar[LogStream]
    LOG_STREAM_NOTICE: _ClassVar[LogStream]
LOG_STREAM_UNSPECIFIED: LogStream
LOG_STREAM_STDOUT: LogStream
LOG_STREAM_STDERR: LogStream
LOG_STREAM_NOTICE: LogStream

class StartRunRequest(_message.Message):
    __slots__ = ("request_id", "pipeline", "version", "variables", "labels", "note", "priority")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    pipeline: _run_pb2.PipelineRef
    version: int
    variables: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    note: str
    priority: int
    def __init__(self, request_id: _Optional[bytes] = ..., pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., variables: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., note: _Optional[str] = ..., priority: _Optional[int] = ...) -> None: ...

class StartRunResponse(_message.Message):
    __slots__ = ("header", "run")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    run: _run_pb2.RunRef
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ...) -> None: ...

class GetRunRequest(_message.Message):
    __slots__ = ("run", "consistency")
    RUN_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    consistency: _common_pb2.Consistency
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ...) -> None: ...

class GetRunResponse(_message.Message):
    __slots__ = ("header", "run")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    run: _run_pb2.Run
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., run: _Optional[_Union[_run_pb2.Run, _Mapping]] = ...) -> None: ...

class ListRunsRequest(_message.Message):
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

class ListRunsResponse(_message.Message):
    __slots__ = ("header", "runs", "next_page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    runs: _containers.RepeatedCompositeFieldContainer[_run_pb2.Run]
    next_page_token: str
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., runs: _Optional[_Iterable[_Union[_run_pb2.Run, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelRunRequest(_message.Message):
    __slots__ = ("request_id", "run", "message")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    run: _run_pb2.RunRef
    message: str
    def __init__(self, request_id: _Optional[bytes] = ..., run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class CancelRunResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class RetryRunRequest(_message.Message):
    __slots__ = ("request_id", "run", "keep", "tasks")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    run: _run_pb2.RunRef
    keep: bool
    tasks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[bytes] = ..., run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., keep: bool = ..., tasks: _Optional[_Iterable[str]] = ...) -> None: ...

class RetryRunResponse(_message.Message):
    __slots__ = ("header", "run")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    run: _run_pb2.RunRef
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ...) -> None: ...

class AnnotateRunRequest(_message.Message):
    __slots__ = ("request_id", "run", "note", "labels", "remove_labels")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    REMOVE_LABELS_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    run: _run_pb2.RunRef
    note: str
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    remove_labels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[bytes] = ..., run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., note: _Optional[str] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., remove_labels: _Optional[_Iterable[str]] = ...) -> None: ...

class AnnotateRunResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class DecideApprovalRequest(_message.Message):
    __slots__ = ("request_id", "task", "approve", "message")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    APPROVE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    task: _run_pb2.TaskRef
    approve: bool
    message: str
    def __init__(self, request_id: _Optional[bytes] = ..., task: _Optional[_Union[_run_pb2.TaskRef, _Mapping]] = ..., approve: bool = ..., message: _Optional[str] = ...) -> None: ...

class DecideApprovalResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class WatchRunRequest(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ...) -> None: ...

class WatchRunResponse(_message.Message):
    __slots__ = ("header", "run")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    run: _run_pb2.Run
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., run: _Optional[_Union[_run_pb2.Run, _Mapping]] = ...) -> None: ...

class StreamLogsRequest(_message.Message):
    __slots__ = ("run", "task", "attempt", "follow")
    RUN_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    task: str
    attempt: int
    follow: bool
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., task: _Optional[str] = ..., attempt: _Optional[int] = ..., follow: bool = ...) -> None: ...

class StreamLogsResponse(_message.Message):
    __slots__ = ("task", "attempt", "stream", "time", "data")
    TASK_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    task: str
    attempt: int
    stream: LogStream
    time: _timestamp_pb2.Timestamp
    data: bytes
    def __init__(self, task: _Optional[str] = ..., attempt: _Optional[int] = ..., stream: _Optional[_Union[LogStream, str]] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...
