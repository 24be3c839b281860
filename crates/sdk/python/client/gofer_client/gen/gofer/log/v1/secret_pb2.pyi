from gofer_client.gen.gofer.model.v1 import secret_pb2 as _secret_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SetSecret(_message.Message):
    __slots__ = ("secret",)
    SECRET_FIELD_NUMBER: _ClassVar[int]
    secret: _secret_pb2.SealedSecret
    def __init__(self, secret: _Optional[_Union[_secret_pb2.SealedSecret, _Mapping]] = ...) -> None: ...

class DeleteSecret(_message.Message):
    __slots__ = ("secret",)
    SECRET_FIELD_NUMBER: _ClassVar[int]
    secret: _secret_pb2.SecretRef
    def __init__(self, secret: _Optional[_Union[_secret_pb2.SecretRef, _Mapping]] = ...) -> None: ...

class RotateClusterKey(_message.Message):
    __slots__ = ("key", "wrapped_keys")
    KEY_FIELD_NUMBER: _ClassVar[int]
    WRAPPED_KEYS_FIELD_NUMBER: _ClassVar[int]
    key: _secret_pb2.ClusterKey
    wrapped_keys: _containers.RepeatedCompositeFieldContainer[_secret_pb2.WrappedKey]
    def __init__(self, key: _Optional[_Union[_secret_pb2.ClusterKey, _Mapping]] = ..., wrapped_keys: _Optional[_Iterable[_Union[_secret_pb2.WrappedKey, _Mapping]]] = ...) -> None: ...

class SecretSet(_message.Message):
    __slots__ = ("secret",)
    SECRET_FIELD_NUMBER: _ClassVar[int]
    secret: _secret_pb2.SealedSecret
    def __init__(self, secret: _Optional[_Union[_secret_pb2.SealedSecret, _Mapping]] = ...) -> None: ...

class SecretDeleted(_message.Message):
    __slots__ = ("secret", "version")
    SECRET_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    secret: _secret_pb2.SecretRef
    version: int
    def __init__(self, secret: _Optional[_Union[_secret_pb2.SecretRef, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class ClusterKeyRotated(_message.Message):
    __slots__ = ("key", "wrapped_keys")
    KEY_FIELD_NUMBER: _ClassVar[int]
    WRAPPED_KEYS_FIELD_NUMBER: _ClassVar[int]
    key: _secret_pb2.ClusterKey
    wrapped_keys: _containers.RepeatedCompositeFieldContainer[_secret_pb2.WrappedKey]
    def __init__(self, key: _Optional[_Union[_secret_pb2.ClusterKey, _Mapping]] = ..., wrapped_keys: _Optional[_Iterable[_Union[_secret_pb2.WrappedKey, _Mapping]]] = ...) -> None: ...
