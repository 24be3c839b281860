import datetime

from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from gofer_client.gen.gofer.model.v1 import subscription_pb2 as _subscription_pb2
from gofer_client.gen.gofer.model.v1 import trigger_pb2 as _trigger_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RefusalKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFUSAL_KIND_UNSPECIFIED: _ClassVar[RefusalKind]
    REFUSAL_KIND_UNAVAILABLE: _ClassVar[RefusalKind]
    REFUSAL_KIND_SUBSCRIPTION: _ClassVar[RefusalKind]
    REFUSAL_KIND_CURSOR: _ClassVar[RefusalKind]
    REFUSAL_KIND_INVALID: _ClassVar[RefusalKind]
REFUSAL_KIND_UNSPECIFIED: RefusalKind
REFUSAL_KIND_UNAVAILABLE: RefusalKind
REFUSAL_KIND_SUBSCRIPTION: RefusalKind
REFUSAL_KIND_CURSOR: RefusalKind
REFUSAL_KIND_INVALID: RefusalKind

class AttachRequest(_message.Message):
    __slots__ = ("hello", "events", "http_response", "health")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    HTTP_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    events: Events
    http_response: HttpResponse
    health: Health
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., events: _Optional[_Union[Events, _Mapping]] = ..., http_response: _Optional[_Union[HttpResponse, _Mapping]] = ..., health: _Optional[_Union[Health, _Mapping]] = ...) -> None: ...

class AttachResponse(_message.Message):
    __slots__ = ("welcome", "subscription", "subscription_gone", "synced", "taken", "http_request")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_GONE_FIELD_NUMBER: _ClassVar[int]
    SYNCED_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    HTTP_REQUEST_FIELD_NUMBER: _ClassVar[int]
    welcome: Welcome
    subscription: Subscription
    subscription_gone: _subscription_pb2.SubscriptionRef
    synced: Synced
    taken: Taken
    http_request: HttpRequest
    def __init__(self, welcome: _Optional[_Union[Welcome, _Mapping]] = ..., subscription: _Optional[_Union[Subscription, _Mapping]] = ..., subscription_gone: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., synced: _Optional[_Union[Synced, _Mapping]] = ..., taken: _Optional[_Union[Taken, _Mapping]] = ..., http_request: _Optional[_Union[HttpRequest, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("trigger", "version", "settings", "takes_http")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    TAKES_HTTP_FIELD_NUMBER: _ClassVar[int]
    trigger: str
    version: str
    settings: _containers.RepeatedCompositeFieldContainer[_trigger_pb2.Setting]
    takes_http: bool
    def __init__(self, trigger: _Optional[str] = ..., version: _Optional[str] = ..., settings: _Optional[_Iterable[_Union[_trigger_pb2.Setting, _Mapping]]] = ..., takes_http: bool = ...) -> None: ...

class Health(_message.Message):
    __slots__ = ("problem",)
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    problem: str
    def __init__(self, problem: _Optional[str] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("node", "addresses")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    node: int
    addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, node: _Optional[int] = ..., addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class Synced(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Subscription(_message.Message):
    __slots__ = ("ref", "generation", "settings", "cursor")
    REF_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    ref: _subscription_pb2.SubscriptionRef
    generation: int
    settings: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    cursor: bytes
    def __init__(self, ref: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., generation: _Optional[int] = ..., settings: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., cursor: _Optional[bytes] = ...) -> None: ...

class Events(_message.Message):
    __slots__ = ("id", "subscription", "generation", "events", "cursor")
    ID_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    id: int
    subscription: _subscription_pb2.SubscriptionRef
    generation: int
    events: _containers.RepeatedCompositeFieldContainer[Event]
    cursor: CursorMove
    def __init__(self, id: _Optional[int] = ..., subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., generation: _Optional[int] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., cursor: _Optional[_Union[CursorMove, _Mapping]] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("key", "kind", "occurred_at", "payload")
    KEY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    key: str
    kind: str
    occurred_at: _timestamp_pb2.Timestamp
    payload: str
    def __init__(self, key: _Optional[str] = ..., kind: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., payload: _Optional[str] = ...) -> None: ...

class CursorMove(_message.Message):
    __slots__ = ("to",)
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    to: bytes
    def __init__(self, to: _Optional[bytes] = ..., **kwargs) -> None: ...

class Taken(_message.Message):
    __slots__ = ("id", "fates", "refusal")
    ID_FIELD_NUMBER: _ClassVar[int]
    FATES_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    id: int
    fates: _containers.RepeatedCompositeFieldContainer[Fate]
    refusal: Refusal
    def __init__(self, id: _Optional[int] = ..., fates: _Optional[_Iterable[_Union[Fate, _Mapping]]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class Fate(_message.Message):
    __slots__ = ("result", "run", "duplicate")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    result: _subscription_pb2.EventResult
    run: int
    duplicate: bool
    def __init__(self, result: _Optional[_Union[_subscription_pb2.EventResult, str]] = ..., run: _Optional[int] = ..., duplicate: bool = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("kind", "message", "help", "cursor")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    HELP_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    kind: RefusalKind
    message: str
    help: str
    cursor: bytes
    def __init__(self, kind: _Optional[_Union[RefusalKind, str]] = ..., message: _Optional[str] = ..., help: _Optional[str] = ..., cursor: _Optional[bytes] = ...) -> None: ...

class HttpRequest(_message.Message):
    __slots__ = ("id", "method", "path", "query", "headers", "body")
    ID_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    id: int
    method: str
    path: str
    query: str
    headers: _containers.RepeatedCompositeFieldContainer[HttpHeader]
    body: bytes
    def __init__(self, id: _Optional[int] = ..., method: _Optional[str] = ..., path: _Optional[str] = ..., query: _Optional[str] = ..., headers: _Optional[_Iterable[_Union[HttpHeader, _Mapping]]] = ..., body: _Optional[bytes] = ...) -> None: ...

class HttpResponse(_message.Message):
    __slots__ = ("id", "status", "headers", "body")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    id: int
    status: int
    headers: _containers.RepeatedCompositeFieldContainer[HttpHeader]
    body: bytes
    def __init__(self, id: _Optional[int] = ..., status: _Optional[int] = ..., headers: _Optional[_Iterable[_Union[HttpHeader, _Mapping]]] = ..., body: _Optional[bytes] = ...) -> None: ...

class HttpHeader(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: bytes
    def __init__(self, name: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
