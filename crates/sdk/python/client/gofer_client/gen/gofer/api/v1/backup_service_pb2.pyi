from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetBlobsRequest(_message.Message):
    __slots__ = ("digests",)
    DIGESTS_FIELD_NUMBER: _ClassVar[int]
    digests: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, digests: _Optional[_Iterable[bytes]] = ...) -> None: ...

class GetBlobsResponse(_message.Message):
    __slots__ = ("blob", "chunk", "missing")
    BLOB_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    blob: bytes
    chunk: bytes
    missing: MissingBlob
    def __init__(self, blob: _Optional[bytes] = ..., chunk: _Optional[bytes] = ..., missing: _Optional[_Union[MissingBlob, _Mapping]] = ...) -> None: ...

class MissingBlob(_message.Message):
    __slots__ = ("digest", "reason")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    reason: str
    def __init__(self, digest: _Optional[bytes] = ..., reason: _Optional[str] = ...) -> None: ...
