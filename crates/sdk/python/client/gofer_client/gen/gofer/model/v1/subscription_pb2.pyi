import datetime

from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_RESULT_UNSPECIFIED: _ClassVar[EventResult]
    EVENT_RESULT_FIRED: _ClassVar[EventResult]
    EVENT_RESULT_FILTERED: _ClassVar[EventResult]
    EVENT_RESULT_MALFORMED: _ClassVar[EventResult]
    EVENT_RESULT_REFUSED: _ClassVar[EventResult]
EVENT_RESULT_UNSPECIFIED: EventResult
EVENT_RESULT_FIRED: EventResult
EVENT_RESULT_FILTERED: EventResult
EVENT_RESULT_MALFORMED: EventResult
EVENT_RESULT_REFUSED: EventResult

class SubscriptionRef(_message.Message):
    __slots__ = ("namespace", "pipeline", "name")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    pipeline: str
    name: str
    def __init__(self, namespace: _Optional[str] = ..., pipeline: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class SubscriptionSpec(_message.Message):
    __slots__ = ("description", "trigger", "settings", "filter", "expressions", "variables", "labels", "note", "priority")
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    EXPRESSIONS_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    description: str
    trigger: str
    settings: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    filter: str
    expressions: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    variables: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    note: str
    priority: int
    def __init__(self, description: _Optional[str] = ..., trigger: _Optional[str] = ..., settings: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., filter: _Optional[str] = ..., expressions: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., variables: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., note: _Optional[str] = ..., priority: _Optional[int] = ...) -> None: ...

class Subscription(_message.Message):
    __slots__ = ("ref", "spec", "created", "generation", "enabled", "since", "changed", "cursor", "taken", "fired", "last_fired", "last_skipped", "created_at", "updated_at")
    REF_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    FIRED_FIELD_NUMBER: _ClassVar[int]
    LAST_FIRED_FIELD_NUMBER: _ClassVar[int]
    LAST_SKIPPED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ref: SubscriptionRef
    spec: SubscriptionSpec
    created: int
    generation: int
    enabled: bool
    since: int
    changed: int
    cursor: bytes
    taken: int
    fired: int
    last_fired: TakenEvent
    last_skipped: TakenEvent
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, ref: _Optional[_Union[SubscriptionRef, _Mapping]] = ..., spec: _Optional[_Union[SubscriptionSpec, _Mapping]] = ..., created: _Optional[int] = ..., generation: _Optional[int] = ..., enabled: bool = ..., since: _Optional[int] = ..., changed: _Optional[int] = ..., cursor: _Optional[bytes] = ..., taken: _Optional[int] = ..., fired: _Optional[int] = ..., last_fired: _Optional[_Union[TakenEvent, _Mapping]] = ..., last_skipped: _Optional[_Union[TakenEvent, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SubscriptionEvent(_message.Message):
    __slots__ = ("subscription", "event")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    subscription: str
    event: str
    def __init__(self, subscription: _Optional[str] = ..., event: _Optional[str] = ...) -> None: ...

class TakenEvent(_message.Message):
    __slots__ = ("key", "occurred_at", "result", "run", "refusal", "message", "duplicate_of", "taken_at")
    KEY_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_OF_FIELD_NUMBER: _ClassVar[int]
    TAKEN_AT_FIELD_NUMBER: _ClassVar[int]
    key: str
    occurred_at: _timestamp_pb2.Timestamp
    result: EventResult
    run: int
    refusal: str
    message: str
    duplicate_of: int
    taken_at: _timestamp_pb2.Timestamp
    def __init__(self, key: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., result: _Optional[_Union[EventResult, str]] = ..., run: _Optional[int] = ..., refusal: _Optional[str] = ..., message: _Optional[str] = ..., duplicate_of: _Optional[int] = ..., taken_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TakenKey(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class Followed(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...
