import datetime

from gofer_client.gen.gofer.model.v1 import archive_pb2 as _archive_pb2
from gofer_client.gen.gofer.model.v1 import object_pb2 as _object_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LeaseState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEASE_STATE_UNSPECIFIED: _ClassVar[LeaseState]
    LEASE_STATE_HELD: _ClassVar[LeaseState]
    LEASE_STATE_UNKNOWN: _ClassVar[LeaseState]
    LEASE_STATE_RUN_OUT: _ClassVar[LeaseState]
LEASE_STATE_UNSPECIFIED: LeaseState
LEASE_STATE_HELD: LeaseState
LEASE_STATE_UNKNOWN: LeaseState
LEASE_STATE_RUN_OUT: LeaseState

class Diagnosis(_message.Message):
    __slots__ = ("node", "address", "error", "build", "format", "revision", "hash", "committed_index", "applied_index", "leader", "disk", "peers", "quorum_age", "leases", "archive", "object_store")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    BUILD_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_INDEX_FIELD_NUMBER: _ClassVar[int]
    APPLIED_INDEX_FIELD_NUMBER: _ClassVar[int]
    LEADER_FIELD_NUMBER: _ClassVar[int]
    DISK_FIELD_NUMBER: _ClassVar[int]
    PEERS_FIELD_NUMBER: _ClassVar[int]
    QUORUM_AGE_FIELD_NUMBER: _ClassVar[int]
    LEASES_FIELD_NUMBER: _ClassVar[int]
    ARCHIVE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_STORE_FIELD_NUMBER: _ClassVar[int]
    node: int
    address: str
    error: str
    build: str
    format: int
    revision: int
    hash: bytes
    committed_index: int
    applied_index: int
    leader: int
    disk: DiskDiagnosis
    peers: _containers.RepeatedCompositeFieldContainer[PeerDiagnosis]
    quorum_age: _duration_pb2.Duration
    leases: _containers.RepeatedCompositeFieldContainer[LeaseDiagnosis]
    archive: _archive_pb2.ArchiveDiagnosis
    object_store: _object_pb2.ObjectStoreDiagnosis
    def __init__(self, node: _Optional[int] = ..., address: _Optional[str] = ..., error: _Optional[str] = ..., build: _Optional[str] = ..., format: _Optional[int] = ..., revision: _Optional[int] = ..., hash: _Optional[bytes] = ..., committed_index: _Optional[int] = ..., applied_index: _Optional[int] = ..., leader: _Optional[int] = ..., disk: _Optional[_Union[DiskDiagnosis, _Mapping]] = ..., peers: _Optional[_Iterable[_Union[PeerDiagnosis, _Mapping]]] = ..., quorum_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., leases: _Optional[_Iterable[_Union[LeaseDiagnosis, _Mapping]]] = ..., archive: _Optional[_Union[_archive_pb2.ArchiveDiagnosis, _Mapping]] = ..., object_store: _Optional[_Union[_object_pb2.ObjectStoreDiagnosis, _Mapping]] = ...) -> None: ...

class LeaseDiagnosis(_message.Message):
    __slots__ = ("node", "state", "left", "full", "lost_after")
    NODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    LOST_AFTER_FIELD_NUMBER: _ClassVar[int]
    node: int
    state: LeaseState
    left: _duration_pb2.Duration
    full: _duration_pb2.Duration
    lost_after: _duration_pb2.Duration
    def __init__(self, node: _Optional[int] = ..., state: _Optional[_Union[LeaseState, str]] = ..., left: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., full: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., lost_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DiskDiagnosis(_message.Message):
    __slots__ = ("size_bytes", "free_bytes", "sync", "error", "flushes", "flush")
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    FREE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    FLUSHES_FIELD_NUMBER: _ClassVar[int]
    FLUSH_FIELD_NUMBER: _ClassVar[int]
    size_bytes: int
    free_bytes: int
    sync: _duration_pb2.Duration
    error: str
    flushes: int
    flush: _duration_pb2.Duration
    def __init__(self, size_bytes: _Optional[int] = ..., free_bytes: _Optional[int] = ..., sync: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., error: _Optional[str] = ..., flushes: _Optional[int] = ..., flush: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class PeerDiagnosis(_message.Message):
    __slots__ = ("node", "address", "error", "round_trip", "clock_offset_ms")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ROUND_TRIP_FIELD_NUMBER: _ClassVar[int]
    CLOCK_OFFSET_MS_FIELD_NUMBER: _ClassVar[int]
    node: int
    address: str
    error: str
    round_trip: _duration_pb2.Duration
    clock_offset_ms: int
    def __init__(self, node: _Optional[int] = ..., address: _Optional[str] = ..., error: _Optional[str] = ..., round_trip: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., clock_offset_ms: _Optional[int] = ...) -> None: ...
