import datetime

from gofer_client.gen.gofer.api.v1 import common_pb2 as _common_pb2
from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from gofer_client.gen.gofer.model.v1 import subscription_pb2 as _subscription_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubscriptionInfo(_message.Message):
    __slots__ = ("subscription", "broken", "hook_path")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    BROKEN_FIELD_NUMBER: _ClassVar[int]
    HOOK_PATH_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.Subscription
    broken: BrokenSubscription
    hook_path: str
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.Subscription, _Mapping]] = ..., broken: _Optional[_Union[BrokenSubscription, _Mapping]] = ..., hook_path: _Optional[str] = ...) -> None: ...

class BrokenSubscription(_message.Message):
    __slots__ = ("message", "help", "field")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    HELP_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    message: str
    help: str
    field: str
    def __init__(self, message: _Optional[str] = ..., help: _Optional[str] = ..., field: _Optional[str] = ...) -> None: ...

class EventInput(_message.Message):
    __slots__ = ("key", "kind", "payload", "occurred_at")
    KEY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    key: str
    kind: str
    payload: str
    occurred_at: _timestamp_pb2.Timestamp
    def __init__(self, key: _Optional[str] = ..., kind: _Optional[str] = ..., payload: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateSubscriptionRequest(_message.Message):
    __slots__ = ("request_id", "subscription", "spec", "disabled")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    subscription: _subscription_pb2.SubscriptionRef
    spec: _subscription_pb2.SubscriptionSpec
    disabled: bool
    def __init__(self, request_id: _Optional[bytes] = ..., subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., spec: _Optional[_Union[_subscription_pb2.SubscriptionSpec, _Mapping]] = ..., disabled: bool = ...) -> None: ...

class CreateSubscriptionResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class GetSubscriptionRequest(_message.Message):
    __slots__ = ("subscription", "consistency")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    consistency: _common_pb2.Consistency
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ...) -> None: ...

class GetSubscriptionResponse(_message.Message):
    __slots__ = ("header", "subscription")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    subscription: SubscriptionInfo
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., subscription: _Optional[_Union[SubscriptionInfo, _Mapping]] = ...) -> None: ...

class ListSubscriptionsRequest(_message.Message):
    __slots__ = ("pipeline", "trigger", "consistency", "page_size", "page_token")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    trigger: str
    consistency: _common_pb2.Consistency
    page_size: int
    page_token: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., trigger: _Optional[str] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSubscriptionsResponse(_message.Message):
    __slots__ = ("header", "subscriptions", "next_page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    subscriptions: _containers.RepeatedCompositeFieldContainer[SubscriptionInfo]
    next_page_token: str
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., subscriptions: _Optional[_Iterable[_Union[SubscriptionInfo, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateSubscriptionRequest(_message.Message):
    __slots__ = ("request_id", "subscription", "spec", "generation")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    subscription: _subscription_pb2.SubscriptionRef
    spec: _subscription_pb2.SubscriptionSpec
    generation: int
    def __init__(self, request_id: _Optional[bytes] = ..., subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., spec: _Optional[_Union[_subscription_pb2.SubscriptionSpec, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...

class UpdateSubscriptionResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class DeleteSubscriptionRequest(_message.Message):
    __slots__ = ("request_id", "subscription")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    subscription: _subscription_pb2.SubscriptionRef
    def __init__(self, request_id: _Optional[bytes] = ..., subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ...) -> None: ...

class DeleteSubscriptionResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class SetSubscriptionEnabledRequest(_message.Message):
    __slots__ = ("request_id", "subscription", "enabled")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    subscription: _subscription_pb2.SubscriptionRef
    enabled: bool
    def __init__(self, request_id: _Optional[bytes] = ..., subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., enabled: bool = ...) -> None: ...

class SetSubscriptionEnabledResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class ListTakenEventsRequest(_message.Message):
    __slots__ = ("subscription", "consistency", "page_size", "page_token")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    consistency: _common_pb2.Consistency
    page_size: int
    page_token: str
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTakenEventsResponse(_message.Message):
    __slots__ = ("header", "events", "next_page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    events: _containers.RepeatedCompositeFieldContainer[NumberedEvent]
    next_page_token: str
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., events: _Optional[_Iterable[_Union[NumberedEvent, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class NumberedEvent(_message.Message):
    __slots__ = ("number", "event")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    number: int
    event: _subscription_pb2.TakenEvent
    def __init__(self, number: _Optional[int] = ..., event: _Optional[_Union[_subscription_pb2.TakenEvent, _Mapping]] = ...) -> None: ...

class TestEventRequest(_message.Message):
    __slots__ = ("subscription", "event", "consistency")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    event: EventInput
    consistency: _common_pb2.Consistency
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., event: _Optional[_Union[EventInput, _Mapping]] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ...) -> None: ...

class TestEventResponse(_message.Message):
    __slots__ = ("header", "result", "refusal", "message", "variables", "labels", "note", "broken", "enabled")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    BROKEN_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    result: _subscription_pb2.EventResult
    refusal: str
    message: str
    variables: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    note: str
    broken: BrokenSubscription
    enabled: bool
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., result: _Optional[_Union[_subscription_pb2.EventResult, str]] = ..., refusal: _Optional[str] = ..., message: _Optional[str] = ..., variables: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., note: _Optional[str] = ..., broken: _Optional[_Union[BrokenSubscription, _Mapping]] = ..., enabled: bool = ...) -> None: ...

class FireEventRequest(_message.Message):
    __slots__ = ("request_id", "subscription", "event")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    subscription: _subscription_pb2.SubscriptionRef
    event: EventInput
    def __init__(self, request_id: _Optional[bytes] = ..., subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., event: _Optional[_Union[EventInput, _Mapping]] = ...) -> None: ...

class FireEventResponse(_message.Message):
    __slots__ = ("header", "key", "result", "run", "refusal", "message", "duplicate")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    key: str
    result: _subscription_pb2.EventResult
    run: int
    refusal: str
    message: str
    duplicate: bool
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., key: _Optional[str] = ..., result: _Optional[_Union[_subscription_pb2.EventResult, str]] = ..., run: _Optional[int] = ..., refusal: _Optional[str] = ..., message: _Optional[str] = ..., duplicate: bool = ...) -> None: ...
