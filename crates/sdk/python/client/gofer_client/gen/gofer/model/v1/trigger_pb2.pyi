import datetime

from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SettingKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SETTING_KIND_UNSPECIFIED: _ClassVar[SettingKind]
    SETTING_KIND_TEXT: _ClassVar[SettingKind]
    SETTING_KIND_NUMBER: _ClassVar[SettingKind]
    SETTING_KIND_BOOLEAN: _ClassVar[SettingKind]
    SETTING_KIND_DURATION: _ClassVar[SettingKind]
SETTING_KIND_UNSPECIFIED: SettingKind
SETTING_KIND_TEXT: SettingKind
SETTING_KIND_NUMBER: SettingKind
SETTING_KIND_BOOLEAN: SettingKind
SETTING_KIND_DURATION: SettingKind

class TriggerSpec(_message.Message):
    __slots__ = ("description", "token_digest", "launch")
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TOKEN_DIGEST_FIELD_NUMBER: _ClassVar[int]
    LAUNCH_FIELD_NUMBER: _ClassVar[int]
    description: str
    token_digest: bytes
    launch: Launch
    def __init__(self, description: _Optional[str] = ..., token_digest: _Optional[bytes] = ..., launch: _Optional[_Union[Launch, _Mapping]] = ...) -> None: ...

class Launch(_message.Message):
    __slots__ = ("image", "pull", "entrypoint", "command", "environment", "resources", "driver", "secret_env")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    PULL_FIELD_NUMBER: _ClassVar[int]
    ENTRYPOINT_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    DRIVER_FIELD_NUMBER: _ClassVar[int]
    SECRET_ENV_FIELD_NUMBER: _ClassVar[int]
    image: str
    pull: _config_pb2.PullPolicy
    entrypoint: _containers.RepeatedScalarFieldContainer[str]
    command: _containers.RepeatedScalarFieldContainer[str]
    environment: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    resources: _config_pb2.Resources
    driver: _config_pb2.Driver
    secret_env: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    def __init__(self, image: _Optional[str] = ..., pull: _Optional[_Union[_config_pb2.PullPolicy, str]] = ..., entrypoint: _Optional[_Iterable[str]] = ..., command: _Optional[_Iterable[str]] = ..., environment: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., resources: _Optional[_Union[_config_pb2.Resources, _Mapping]] = ..., driver: _Optional[_Union[_config_pb2.Driver, str]] = ..., secret_env: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ...) -> None: ...

class TriggerReport(_message.Message):
    __slots__ = ("version", "settings")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    version: str
    settings: _containers.RepeatedCompositeFieldContainer[Setting]
    def __init__(self, version: _Optional[str] = ..., settings: _Optional[_Iterable[_Union[Setting, _Mapping]]] = ...) -> None: ...

class Setting(_message.Message):
    __slots__ = ("name", "kind", "required", "default_value", "description")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VALUE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: SettingKind
    required: bool
    default_value: str
    description: str
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[SettingKind, str]] = ..., required: bool = ..., default_value: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class Trigger(_message.Message):
    __slots__ = ("name", "spec", "generation", "enabled", "report", "created_at", "updated_at")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    name: str
    spec: TriggerSpec
    generation: int
    enabled: bool
    report: TriggerReport
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., spec: _Optional[_Union[TriggerSpec, _Mapping]] = ..., generation: _Optional[int] = ..., enabled: bool = ..., report: _Optional[_Union[TriggerReport, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PluginInstance(_message.Message):
    __slots__ = ("node", "version", "connected_at", "problem", "attempt", "takes_http")
    NODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_AT_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    TAKES_HTTP_FIELD_NUMBER: _ClassVar[int]
    node: int
    version: str
    connected_at: _timestamp_pb2.Timestamp
    problem: str
    attempt: _run_pb2.AttemptRef
    takes_http: bool
    def __init__(self, node: _Optional[int] = ..., version: _Optional[str] = ..., connected_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., problem: _Optional[str] = ..., attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ..., takes_http: bool = ...) -> None: ...
