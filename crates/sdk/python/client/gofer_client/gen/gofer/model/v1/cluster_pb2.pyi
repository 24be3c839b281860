import datetime

from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from gofer_client.gen.gofer.model.v1 import release_pb2 as _release_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NodeStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NODE_STATUS_UNSPECIFIED: _ClassVar[NodeStatus]
    NODE_STATUS_READY: _ClassVar[NodeStatus]
    NODE_STATUS_LOST: _ClassVar[NodeStatus]
NODE_STATUS_UNSPECIFIED: NodeStatus
NODE_STATUS_READY: NodeStatus
NODE_STATUS_LOST: NodeStatus

class Namespace(_message.Message):
    __slots__ = ("id", "description", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    description: str
    created_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., description: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Pipeline(_message.Message):
    __slots__ = ("ref", "version", "config", "enabled", "deleted", "last_run", "running", "queue", "created_at", "updated_at", "live_version", "pin", "last_release", "earlier_versions", "release", "ends")
    REF_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    LAST_RUN_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    LIVE_VERSION_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    LAST_RELEASE_FIELD_NUMBER: _ClassVar[int]
    EARLIER_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    ENDS_FIELD_NUMBER: _ClassVar[int]
    ref: _run_pb2.PipelineRef
    version: int
    config: _config_pb2.PipelineConfig
    enabled: bool
    deleted: bool
    last_run: int
    running: _containers.RepeatedScalarFieldContainer[int]
    queue: _containers.RepeatedScalarFieldContainer[int]
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    live_version: int
    pin: _release_pb2.Pin
    last_release: int
    earlier_versions: _containers.RepeatedCompositeFieldContainer[_release_pb2.EarlierVersion]
    release: _release_pb2.Release
    ends: Ends
    def __init__(self, ref: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., config: _Optional[_Union[_config_pb2.PipelineConfig, _Mapping]] = ..., enabled: bool = ..., deleted: bool = ..., last_run: _Optional[int] = ..., running: _Optional[_Iterable[int]] = ..., queue: _Optional[_Iterable[int]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., live_version: _Optional[int] = ..., pin: _Optional[_Union[_release_pb2.Pin, _Mapping]] = ..., last_release: _Optional[int] = ..., earlier_versions: _Optional[_Iterable[_Union[_release_pb2.EarlierVersion, _Mapping]]] = ..., release: _Optional[_Union[_release_pb2.Release, _Mapping]] = ..., ends: _Optional[_Union[Ends, _Mapping]] = ...) -> None: ...

class Ends(_message.Message):
    __slots__ = ("count", "failed", "streak", "broken")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    STREAK_FIELD_NUMBER: _ClassVar[int]
    BROKEN_FIELD_NUMBER: _ClassVar[int]
    count: int
    failed: int
    streak: int
    broken: int
    def __init__(self, count: _Optional[int] = ..., failed: _Optional[int] = ..., streak: _Optional[int] = ..., broken: _Optional[int] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("id", "spec", "status", "draining", "incarnation", "since")
    ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    id: int
    spec: NodeSpec
    status: NodeStatus
    draining: bool
    incarnation: int
    since: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[int] = ..., spec: _Optional[_Union[NodeSpec, _Mapping]] = ..., status: _Optional[_Union[NodeStatus, str]] = ..., draining: bool = ..., incarnation: _Optional[int] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class NodeSpec(_message.Message):
    __slots__ = ("name", "address", "labels", "slots", "capacity", "drivers", "logic_version", "build")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    DRIVERS_FIELD_NUMBER: _ClassVar[int]
    LOGIC_VERSION_FIELD_NUMBER: _ClassVar[int]
    BUILD_FIELD_NUMBER: _ClassVar[int]
    name: str
    address: str
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    slots: int
    capacity: _config_pb2.Resources
    drivers: _containers.RepeatedScalarFieldContainer[_config_pb2.Driver]
    logic_version: int
    build: str
    def __init__(self, name: _Optional[str] = ..., address: _Optional[str] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., slots: _Optional[int] = ..., capacity: _Optional[_Union[_config_pb2.Resources, _Mapping]] = ..., drivers: _Optional[_Iterable[_Union[_config_pb2.Driver, str]]] = ..., logic_version: _Optional[int] = ..., build: _Optional[str] = ...) -> None: ...
