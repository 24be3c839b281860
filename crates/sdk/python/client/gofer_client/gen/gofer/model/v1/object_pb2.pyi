import datetime

from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ObjectEncoding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OBJECT_ENCODING_UNSPECIFIED: _ClassVar[ObjectEncoding]
    OBJECT_ENCODING_RAW: _ClassVar[ObjectEncoding]
    OBJECT_ENCODING_ZSTD: _ClassVar[ObjectEncoding]

class ObjectLoss(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OBJECT_LOSS_UNSPECIFIED: _ClassVar[ObjectLoss]
    OBJECT_LOSS_DELETED: _ClassVar[ObjectLoss]
    OBJECT_LOSS_EVICTED: _ClassVar[ObjectLoss]
    OBJECT_LOSS_EXPIRED: _ClassVar[ObjectLoss]
    OBJECT_LOSS_PIPELINE_DELETED: _ClassVar[ObjectLoss]
OBJECT_ENCODING_UNSPECIFIED: ObjectEncoding
OBJECT_ENCODING_RAW: ObjectEncoding
OBJECT_ENCODING_ZSTD: ObjectEncoding
OBJECT_LOSS_UNSPECIFIED: ObjectLoss
OBJECT_LOSS_DELETED: ObjectLoss
OBJECT_LOSS_EVICTED: ObjectLoss
OBJECT_LOSS_EXPIRED: ObjectLoss
OBJECT_LOSS_PIPELINE_DELETED: ObjectLoss

class ObjectScope(_message.Message):
    __slots__ = ("pipeline", "run")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    run: int
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., run: _Optional[int] = ...) -> None: ...

class ObjectContent(_message.Message):
    __slots__ = ("bytes", "digest", "manifest", "place")
    BYTES_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    digest: bytes
    manifest: bytes
    place: ObjectPlace
    def __init__(self, bytes: _Optional[int] = ..., digest: _Optional[bytes] = ..., manifest: _Optional[bytes] = ..., place: _Optional[_Union[ObjectPlace, _Mapping]] = ...) -> None: ...

class ObjectPlace(_message.Message):
    __slots__ = ("store", "folder")
    STORE_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    store: bytes
    folder: bytes
    def __init__(self, store: _Optional[bytes] = ..., folder: _Optional[bytes] = ...) -> None: ...

class Object(_message.Message):
    __slots__ = ("scope", "key", "content", "created_at", "revision")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    scope: ObjectScope
    key: str
    content: ObjectContent
    created_at: _timestamp_pb2.Timestamp
    revision: int
    def __init__(self, scope: _Optional[_Union[ObjectScope, _Mapping]] = ..., key: _Optional[str] = ..., content: _Optional[_Union[ObjectContent, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class ObjectManifest(_message.Message):
    __slots__ = ("chunks",)
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    chunks: _containers.RepeatedCompositeFieldContainer[ObjectChunk]
    def __init__(self, chunks: _Optional[_Iterable[_Union[ObjectChunk, _Mapping]]] = ...) -> None: ...

class ObjectChunk(_message.Message):
    __slots__ = ("digest", "bytes", "encoding")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    bytes: int
    encoding: ObjectEncoding
    def __init__(self, digest: _Optional[bytes] = ..., bytes: _Optional[int] = ..., encoding: _Optional[_Union[ObjectEncoding, str]] = ...) -> None: ...

class ObjectStoreDiagnosis(_message.Message):
    __slots__ = ("url", "error", "store")
    URL_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STORE_FIELD_NUMBER: _ClassVar[int]
    url: str
    error: str
    store: bytes
    def __init__(self, url: _Optional[str] = ..., error: _Optional[str] = ..., store: _Optional[bytes] = ...) -> None: ...
