from gofer_client.gen.gofer.api.v1 import common_pb2 as _common_pb2
from gofer_client.gen.gofer.model.v1 import object_pb2 as _object_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PutObjectRequest(_message.Message):
    __slots__ = ("start", "chunk", "end")
    START_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    start: PutObjectStart
    chunk: PutObjectChunk
    end: PutObjectEnd
    def __init__(self, start: _Optional[_Union[PutObjectStart, _Mapping]] = ..., chunk: _Optional[_Union[PutObjectChunk, _Mapping]] = ..., end: _Optional[_Union[PutObjectEnd, _Mapping]] = ...) -> None: ...

class PutObjectStart(_message.Message):
    __slots__ = ("request_id", "scope", "key")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    scope: _object_pb2.ObjectScope
    key: str
    def __init__(self, request_id: _Optional[bytes] = ..., scope: _Optional[_Union[_object_pb2.ObjectScope, _Mapping]] = ..., key: _Optional[str] = ...) -> None: ...

class PutObjectChunk(_message.Message):
    __slots__ = ("index", "digest", "bytes", "encoding", "data")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    index: int
    digest: bytes
    bytes: int
    encoding: _object_pb2.ObjectEncoding
    data: bytes
    def __init__(self, index: _Optional[int] = ..., digest: _Optional[bytes] = ..., bytes: _Optional[int] = ..., encoding: _Optional[_Union[_object_pb2.ObjectEncoding, str]] = ..., data: _Optional[bytes] = ...) -> None: ...

class PutObjectEnd(_message.Message):
    __slots__ = ("chunks", "digest")
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    chunks: int
    digest: bytes
    def __init__(self, chunks: _Optional[int] = ..., digest: _Optional[bytes] = ...) -> None: ...

class PutObjectResponse(_message.Message):
    __slots__ = ("kept", "wanted", "done")
    KEPT_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    kept: int
    wanted: int
    done: PutObjectDone
    def __init__(self, kept: _Optional[int] = ..., wanted: _Optional[int] = ..., done: _Optional[_Union[PutObjectDone, _Mapping]] = ...) -> None: ...

class PutObjectDone(_message.Message):
    __slots__ = ("header", "content")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    content: _object_pb2.ObjectContent
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., content: _Optional[_Union[_object_pb2.ObjectContent, _Mapping]] = ...) -> None: ...

class GetObjectRequest(_message.Message):
    __slots__ = ("scope", "key", "consistency", "offset", "length", "digest")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    scope: _object_pb2.ObjectScope
    key: str
    consistency: _common_pb2.Consistency
    offset: int
    length: int
    digest: bytes
    def __init__(self, scope: _Optional[_Union[_object_pb2.ObjectScope, _Mapping]] = ..., key: _Optional[str] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., offset: _Optional[int] = ..., length: _Optional[int] = ..., digest: _Optional[bytes] = ...) -> None: ...

class GetObjectResponse(_message.Message):
    __slots__ = ("object", "data")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    object: _object_pb2.Object
    data: bytes
    def __init__(self, object: _Optional[_Union[_object_pb2.Object, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class DescribeObjectRequest(_message.Message):
    __slots__ = ("scope", "key", "consistency")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    scope: _object_pb2.ObjectScope
    key: str
    consistency: _common_pb2.Consistency
    def __init__(self, scope: _Optional[_Union[_object_pb2.ObjectScope, _Mapping]] = ..., key: _Optional[str] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ...) -> None: ...

class DescribeObjectResponse(_message.Message):
    __slots__ = ("header", "object")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    object: _object_pb2.Object
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., object: _Optional[_Union[_object_pb2.Object, _Mapping]] = ...) -> None: ...

class ListObjectsRequest(_message.Message):
    __slots__ = ("scope", "consistency", "page_size", "page_token", "prefix", "with_runs")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    WITH_RUNS_FIELD_NUMBER: _ClassVar[int]
    scope: _object_pb2.ObjectScope
    consistency: _common_pb2.Consistency
    page_size: int
    page_token: str
    prefix: str
    with_runs: bool
    def __init__(self, scope: _Optional[_Union[_object_pb2.ObjectScope, _Mapping]] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., prefix: _Optional[str] = ..., with_runs: bool = ...) -> None: ...

class ListObjectsResponse(_message.Message):
    __slots__ = ("header", "objects", "next_page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    objects: _containers.RepeatedCompositeFieldContainer[_object_pb2.Object]
    next_page_token: str
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., objects: _Optional[_Iterable[_Union[_object_pb2.Object, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteObjectRequest(_message.Message):
    __slots__ = ("request_id", "scope", "key")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    scope: _object_pb2.ObjectScope
    key: str
    def __init__(self, request_id: _Optional[bytes] = ..., scope: _Optional[_Union[_object_pb2.ObjectScope, _Mapping]] = ..., key: _Optional[str] = ...) -> None: ...

class DeleteObjectResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...
