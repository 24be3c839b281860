from gofer_client.gen.gofer.api.v1 import common_pb2 as _common_pb2
from gofer_client.gen.gofer.model.v1 import secret_pb2 as _secret_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SetSecretRequest(_message.Message):
    __slots__ = ("request_id", "secret", "value")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    secret: _secret_pb2.SecretRef
    value: bytes
    def __init__(self, request_id: _Optional[bytes] = ..., secret: _Optional[_Union[_secret_pb2.SecretRef, _Mapping]] = ..., value: _Optional[bytes] = ...) -> None: ...

class SetSecretResponse(_message.Message):
    __slots__ = ("header", "version")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    version: int
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class GetSecretRequest(_message.Message):
    __slots__ = ("consistency", "secret")
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    consistency: _common_pb2.Consistency
    secret: _secret_pb2.SecretRef
    def __init__(self, consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., secret: _Optional[_Union[_secret_pb2.SecretRef, _Mapping]] = ...) -> None: ...

class GetSecretResponse(_message.Message):
    __slots__ = ("header", "secret")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    secret: _secret_pb2.Secret
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., secret: _Optional[_Union[_secret_pb2.Secret, _Mapping]] = ...) -> None: ...

class ListSecretsRequest(_message.Message):
    __slots__ = ("consistency", "page_size", "page_token", "scope")
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    consistency: _common_pb2.Consistency
    page_size: int
    page_token: str
    scope: _secret_pb2.SecretRef
    def __init__(self, consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., scope: _Optional[_Union[_secret_pb2.SecretRef, _Mapping]] = ...) -> None: ...

class ListSecretsResponse(_message.Message):
    __slots__ = ("header", "secrets", "next_page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    secrets: _containers.RepeatedCompositeFieldContainer[_secret_pb2.Secret]
    next_page_token: str
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., secrets: _Optional[_Iterable[_Union[_secret_pb2.Secret, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteSecretRequest(_message.Message):
    __slots__ = ("request_id", "secret")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    secret: _secret_pb2.SecretRef
    def __init__(self, request_id: _Optional[bytes] = ..., secret: _Optional[_Union[_secret_pb2.SecretRef, _Mapping]] = ...) -> None: ...

class DeleteSecretResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class RotateClusterKeyRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RotateClusterKeyResponse(_message.Message):
    __slots__ = ("header", "key")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    key: _secret_pb2.ClusterKey
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., key: _Optional[_Union[_secret_pb2.ClusterKey, _Mapping]] = ...) -> None: ...

class GetSecretStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetSecretStatusResponse(_message.Message):
    __slots__ = ("header", "current", "secrets", "nodes")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    current: _secret_pb2.CurrentKey
    secrets: int
    nodes: _containers.RepeatedCompositeFieldContainer[NodeKeys]
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., current: _Optional[_Union[_secret_pb2.CurrentKey, _Mapping]] = ..., secrets: _Optional[int] = ..., nodes: _Optional[_Iterable[_Union[NodeKeys, _Mapping]]] = ...) -> None: ...

class NodeKeys(_message.Message):
    __slots__ = ("node", "address", "error", "keys")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    node: int
    address: str
    error: str
    keys: _containers.RepeatedCompositeFieldContainer[_secret_pb2.ClusterKey]
    def __init__(self, node: _Optional[int] = ..., address: _Optional[str] = ..., error: _Optional[str] = ..., keys: _Optional[_Iterable[_Union[_secret_pb2.ClusterKey, _Mapping]]] = ...) -> None: ...
