from gofer_client.gen.gofer.model.v1 import trigger_pb2 as _trigger_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InstallTrigger(_message.Message):
    __slots__ = ("trigger", "spec")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    spec: _trigger_pb2.TriggerSpec
    def __init__(self, trigger: _Optional[str] = ..., spec: _Optional[_Union[_trigger_pb2.TriggerSpec, _Mapping]] = ...) -> None: ...

class UpdateTrigger(_message.Message):
    __slots__ = ("trigger", "spec", "generation")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    spec: _trigger_pb2.TriggerSpec
    generation: int
    def __init__(self, trigger: _Optional[str] = ..., spec: _Optional[_Union[_trigger_pb2.TriggerSpec, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...

class UninstallTrigger(_message.Message):
    __slots__ = ("trigger",)
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    def __init__(self, trigger: _Optional[str] = ...) -> None: ...

class SetTriggerEnabled(_message.Message):
    __slots__ = ("trigger", "enabled")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    enabled: bool
    def __init__(self, trigger: _Optional[str] = ..., enabled: bool = ...) -> None: ...

class ReportTrigger(_message.Message):
    __slots__ = ("trigger", "generation", "report")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    generation: int
    report: _trigger_pb2.TriggerReport
    def __init__(self, trigger: _Optional[str] = ..., generation: _Optional[int] = ..., report: _Optional[_Union[_trigger_pb2.TriggerReport, _Mapping]] = ...) -> None: ...

class TriggerInstalled(_message.Message):
    __slots__ = ("trigger", "spec")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    spec: _trigger_pb2.TriggerSpec
    def __init__(self, trigger: _Optional[str] = ..., spec: _Optional[_Union[_trigger_pb2.TriggerSpec, _Mapping]] = ...) -> None: ...

class TriggerUpdated(_message.Message):
    __slots__ = ("trigger", "spec")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    spec: _trigger_pb2.TriggerSpec
    def __init__(self, trigger: _Optional[str] = ..., spec: _Optional[_Union[_trigger_pb2.TriggerSpec, _Mapping]] = ...) -> None: ...

class TriggerUninstalled(_message.Message):
    __slots__ = ("trigger",)
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    def __init__(self, trigger: _Optional[str] = ...) -> None: ...

class TriggerEnabled(_message.Message):
    __slots__ = ("trigger",)
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    def __init__(self, trigger: _Optional[str] = ...) -> None: ...

class TriggerDisabled(_message.Message):
    __slots__ = ("trigger",)
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    def __init__(self, trigger: _Optional[str] = ...) -> None: ...

class TriggerReported(_message.Message):
    __slots__ = ("trigger", "report")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    report: _trigger_pb2.TriggerReport
    def __init__(self, trigger: _Optional[str] = ..., report: _Optional[_Union[_trigger_pb2.TriggerReport, _Mapping]] = ...) -> None: ...
