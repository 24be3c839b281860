from gofer_client.gen.gofer.log.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WatchRequest(_message.Message):
    __slots__ = ("from_revision", "namespace", "pipeline", "run", "stop_at_end")
    FROM_REVISION_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    STOP_AT_END_FIELD_NUMBER: _ClassVar[int]
    from_revision: int
    namespace: str
    pipeline: str
    run: int
    stop_at_end: bool
    def __init__(self, from_revision: _Optional[int] = ..., namespace: _Optional[str] = ..., pipeline: _Optional[str] = ..., run: _Optional[int] = ..., stop_at_end: bool = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("revision", "events")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    revision: int
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.EventEnvelope]
    def __init__(self, revision: _Optional[int] = ..., events: _Optional[_Iterable[_Union[_event_pb2.EventEnvelope, _Mapping]]] = ...) -> None: ...
