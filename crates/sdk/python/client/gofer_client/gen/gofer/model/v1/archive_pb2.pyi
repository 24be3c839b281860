from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ArchiveSegment(_message.Message):
    __slots__ = ("digest", "first_revision", "last_revision", "previous_hash", "last_hash", "bytes", "stored_bytes")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    FIRST_REVISION_FIELD_NUMBER: _ClassVar[int]
    LAST_REVISION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_HASH_FIELD_NUMBER: _ClassVar[int]
    LAST_HASH_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    STORED_BYTES_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    first_revision: int
    last_revision: int
    previous_hash: bytes
    last_hash: bytes
    bytes: int
    stored_bytes: int
    def __init__(self, digest: _Optional[bytes] = ..., first_revision: _Optional[int] = ..., last_revision: _Optional[int] = ..., previous_hash: _Optional[bytes] = ..., last_hash: _Optional[bytes] = ..., bytes: _Optional[int] = ..., stored_bytes: _Optional[int] = ...) -> None: ...

class Archive(_message.Message):
    __slots__ = ("last_revision", "last_hash", "segments", "trimmed_revision", "trimmed_hash")
    LAST_REVISION_FIELD_NUMBER: _ClassVar[int]
    LAST_HASH_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    TRIMMED_REVISION_FIELD_NUMBER: _ClassVar[int]
    TRIMMED_HASH_FIELD_NUMBER: _ClassVar[int]
    last_revision: int
    last_hash: bytes
    segments: int
    trimmed_revision: int
    trimmed_hash: bytes
    def __init__(self, last_revision: _Optional[int] = ..., last_hash: _Optional[bytes] = ..., segments: _Optional[int] = ..., trimmed_revision: _Optional[int] = ..., trimmed_hash: _Optional[bytes] = ...) -> None: ...

class ArchiveDiagnosis(_message.Message):
    __slots__ = ("url", "error", "manifest_revision", "archived_revision", "trimmed_revision", "segment_events")
    URL_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_REVISION_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_REVISION_FIELD_NUMBER: _ClassVar[int]
    TRIMMED_REVISION_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_EVENTS_FIELD_NUMBER: _ClassVar[int]
    url: str
    error: str
    manifest_revision: int
    archived_revision: int
    trimmed_revision: int
    segment_events: int
    def __init__(self, url: _Optional[str] = ..., error: _Optional[str] = ..., manifest_revision: _Optional[int] = ..., archived_revision: _Optional[int] = ..., trimmed_revision: _Optional[int] = ..., segment_events: _Optional[int] = ...) -> None: ...
