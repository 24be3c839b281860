from gofer_client.gen.gofer.model.v1 import object_pb2 as _object_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PutObject(_message.Message):
    __slots__ = ("scope", "key", "content", "limits", "attempt")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    scope: _object_pb2.ObjectScope
    key: str
    content: _object_pb2.ObjectContent
    limits: ObjectLimits
    attempt: _run_pb2.AttemptRef
    def __init__(self, scope: _Optional[_Union[_object_pb2.ObjectScope, _Mapping]] = ..., key: _Optional[str] = ..., content: _Optional[_Union[_object_pb2.ObjectContent, _Mapping]] = ..., limits: _Optional[_Union[ObjectLimits, _Mapping]] = ..., attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ...) -> None: ...

class ObjectLimits(_message.Message):
    __slots__ = ("pipeline_objects", "pipeline_bytes", "run_objects", "run_bytes", "runs")
    PIPELINE_OBJECTS_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_BYTES_FIELD_NUMBER: _ClassVar[int]
    RUN_OBJECTS_FIELD_NUMBER: _ClassVar[int]
    RUN_BYTES_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    pipeline_objects: int
    pipeline_bytes: int
    run_objects: int
    run_bytes: int
    runs: int
    def __init__(self, pipeline_objects: _Optional[int] = ..., pipeline_bytes: _Optional[int] = ..., run_objects: _Optional[int] = ..., run_bytes: _Optional[int] = ..., runs: _Optional[int] = ...) -> None: ...

class DeleteObject(_message.Message):
    __slots__ = ("scope", "key", "attempt")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    scope: _object_pb2.ObjectScope
    key: str
    attempt: _run_pb2.AttemptRef
    def __init__(self, scope: _Optional[_Union[_object_pb2.ObjectScope, _Mapping]] = ..., key: _Optional[str] = ..., attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ...) -> None: ...

class ObjectPut(_message.Message):
    __slots__ = ("scope", "key", "content")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    scope: _object_pb2.ObjectScope
    key: str
    content: _object_pb2.ObjectContent
    def __init__(self, scope: _Optional[_Union[_object_pb2.ObjectScope, _Mapping]] = ..., key: _Optional[str] = ..., content: _Optional[_Union[_object_pb2.ObjectContent, _Mapping]] = ...) -> None: ...

class ObjectDeleted(_message.Message):
    __slots__ = ("scope", "key", "cause")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    scope: _object_pb2.ObjectScope
    key: str
    cause: _object_pb2.ObjectLoss
    def __init__(self, scope: _Optional[_Union[_object_pb2.ObjectScope, _Mapping]] = ..., key: _Optional[str] = ..., cause: _Optional[_Union[_object_pb2.ObjectLoss, str]] = ...) -> None: ...

class ObjectsDropped(_message.Message):
    __slots__ = ("scope", "cause")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    scope: _object_pb2.ObjectScope
    cause: _object_pb2.ObjectLoss
    def __init__(self, scope: _Optional[_Union[_object_pb2.ObjectScope, _Mapping]] = ..., cause: _Optional[_Union[_object_pb2.ObjectLoss, str]] = ...) -> None: ...
