from gofer_client.gen.gofer.api.v1 import common_pb2 as _common_pb2
from gofer_client.gen.gofer.model.v1 import trigger_pb2 as _trigger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TriggerInfo(_message.Message):
    __slots__ = ("name", "built_in", "description", "settings", "installed", "subscriptions")
    NAME_FIELD_NUMBER: _ClassVar[int]
    BUILT_IN_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    INSTALLED_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    built_in: bool
    description: str
    settings: _containers.RepeatedCompositeFieldContainer[_trigger_pb2.Setting]
    installed: _trigger_pb2.Trigger
    subscriptions: int
    def __init__(self, name: _Optional[str] = ..., built_in: bool = ..., description: _Optional[str] = ..., settings: _Optional[_Iterable[_Union[_trigger_pb2.Setting, _Mapping]]] = ..., installed: _Optional[_Union[_trigger_pb2.Trigger, _Mapping]] = ..., subscriptions: _Optional[int] = ...) -> None: ...

class InstallTriggerRequest(_message.Message):
    __slots__ = ("request_id", "trigger", "spec")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    trigger: str
    spec: _trigger_pb2.TriggerSpec
    def __init__(self, request_id: _Optional[bytes] = ..., trigger: _Optional[str] = ..., spec: _Optional[_Union[_trigger_pb2.TriggerSpec, _Mapping]] = ...) -> None: ...

class InstallTriggerResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class GetTriggerRequest(_message.Message):
    __slots__ = ("trigger", "consistency")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    consistency: _common_pb2.Consistency
    def __init__(self, trigger: _Optional[str] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ...) -> None: ...

class GetTriggerResponse(_message.Message):
    __slots__ = ("header", "trigger", "instances", "silent_nodes")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    SILENT_NODES_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    trigger: TriggerInfo
    instances: _containers.RepeatedCompositeFieldContainer[_trigger_pb2.PluginInstance]
    silent_nodes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., trigger: _Optional[_Union[TriggerInfo, _Mapping]] = ..., instances: _Optional[_Iterable[_Union[_trigger_pb2.PluginInstance, _Mapping]]] = ..., silent_nodes: _Optional[_Iterable[int]] = ...) -> None: ...

class ListTriggersRequest(_message.Message):
    __slots__ = ("consistency", "page_size", "page_token")
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    consistency: _common_pb2.Consistency
    page_size: int
    page_token: str
    def __init__(self, consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTriggersResponse(_message.Message):
    __slots__ = ("header", "triggers", "next_page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    triggers: _containers.RepeatedCompositeFieldContainer[TriggerInfo]
    next_page_token: str
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., triggers: _Optional[_Iterable[_Union[TriggerInfo, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateTriggerRequest(_message.Message):
    __slots__ = ("request_id", "trigger", "spec", "generation")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    trigger: str
    spec: _trigger_pb2.TriggerSpec
    generation: int
    def __init__(self, request_id: _Optional[bytes] = ..., trigger: _Optional[str] = ..., spec: _Optional[_Union[_trigger_pb2.TriggerSpec, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...

class UpdateTriggerResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class UninstallTriggerRequest(_message.Message):
    __slots__ = ("request_id", "trigger")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    trigger: str
    def __init__(self, request_id: _Optional[bytes] = ..., trigger: _Optional[str] = ...) -> None: ...

class UninstallTriggerResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class SetTriggerEnabledRequest(_message.Message):
    __slots__ = ("request_id", "trigger", "enabled")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    trigger: str
    enabled: bool
    def __init__(self, request_id: _Optional[bytes] = ..., trigger: _Optional[str] = ..., enabled: bool = ...) -> None: ...

class SetTriggerEnabledResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...
