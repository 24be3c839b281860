import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SecretRef(_message.Message):
    __slots__ = ("namespace", "pipeline", "name")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    pipeline: str
    name: str
    def __init__(self, namespace: _Optional[str] = ..., pipeline: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class SealedSecret(_message.Message):
    __slots__ = ("secret", "version", "cluster_key", "wrapped_key", "ciphertext")
    SECRET_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_KEY_FIELD_NUMBER: _ClassVar[int]
    WRAPPED_KEY_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    secret: SecretRef
    version: int
    cluster_key: int
    wrapped_key: bytes
    ciphertext: bytes
    def __init__(self, secret: _Optional[_Union[SecretRef, _Mapping]] = ..., version: _Optional[int] = ..., cluster_key: _Optional[int] = ..., wrapped_key: _Optional[bytes] = ..., ciphertext: _Optional[bytes] = ...) -> None: ...

class WrappedKey(_message.Message):
    __slots__ = ("secret", "version", "wrapped_key")
    SECRET_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WRAPPED_KEY_FIELD_NUMBER: _ClassVar[int]
    secret: SecretRef
    version: int
    wrapped_key: bytes
    def __init__(self, secret: _Optional[_Union[SecretRef, _Mapping]] = ..., version: _Optional[int] = ..., wrapped_key: _Optional[bytes] = ...) -> None: ...

class ClusterKey(_message.Message):
    __slots__ = ("number", "fingerprint")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    number: int
    fingerprint: bytes
    def __init__(self, number: _Optional[int] = ..., fingerprint: _Optional[bytes] = ...) -> None: ...

class Secret(_message.Message):
    __slots__ = ("ref", "version", "created_at", "updated_at", "wrapped_key")
    REF_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    WRAPPED_KEY_FIELD_NUMBER: _ClassVar[int]
    ref: SecretRef
    version: int
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    wrapped_key: bytes
    def __init__(self, ref: _Optional[_Union[SecretRef, _Mapping]] = ..., version: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., wrapped_key: _Optional[bytes] = ...) -> None: ...

class CurrentKey(_message.Message):
    __slots__ = ("key", "since", "superseded", "deleted_at")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_FIELD_NUMBER: _ClassVar[int]
    DELETED_AT_FIELD_NUMBER: _ClassVar[int]
    key: ClusterKey
    since: _timestamp_pb2.Timestamp
    superseded: int
    deleted_at: _timestamp_pb2.Timestamp
    def __init__(self, key: _Optional[_Union[ClusterKey, _Mapping]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., superseded: _Optional[int] = ..., deleted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
