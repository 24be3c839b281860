import datetime

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

class CreateSubscription(_message.Message):
    __slots__ = ("subscription", "spec", "enabled")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    spec: _subscription_pb2.SubscriptionSpec
    enabled: bool
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., spec: _Optional[_Union[_subscription_pb2.SubscriptionSpec, _Mapping]] = ..., enabled: bool = ...) -> None: ...

class UpdateSubscription(_message.Message):
    __slots__ = ("subscription", "spec", "generation")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    spec: _subscription_pb2.SubscriptionSpec
    generation: int
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., spec: _Optional[_Union[_subscription_pb2.SubscriptionSpec, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...

class DeleteSubscription(_message.Message):
    __slots__ = ("subscription",)
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ...) -> None: ...

class SetSubscriptionEnabled(_message.Message):
    __slots__ = ("subscription", "enabled")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    enabled: bool
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., enabled: bool = ...) -> None: ...

class TakeEvents(_message.Message):
    __slots__ = ("subscription", "generation", "cursor", "events")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    generation: int
    cursor: CursorMove
    events: _containers.RepeatedCompositeFieldContainer[IncomingEvent]
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., generation: _Optional[int] = ..., cursor: _Optional[_Union[CursorMove, _Mapping]] = ..., events: _Optional[_Iterable[_Union[IncomingEvent, _Mapping]]] = ...) -> None: ...

class CursorMove(_message.Message):
    __slots__ = ("from_cursor", "to_cursor")
    FROM_CURSOR_FIELD_NUMBER: _ClassVar[int]
    TO_CURSOR_FIELD_NUMBER: _ClassVar[int]
    from_cursor: bytes
    to_cursor: bytes
    def __init__(self, from_cursor: _Optional[bytes] = ..., to_cursor: _Optional[bytes] = ...) -> None: ...

class IncomingEvent(_message.Message):
    __slots__ = ("key", "occurred_at", "verdict")
    KEY_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    key: str
    occurred_at: _timestamp_pb2.Timestamp
    verdict: EventVerdict
    def __init__(self, key: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., verdict: _Optional[_Union[EventVerdict, _Mapping]] = ...) -> None: ...

class EventVerdict(_message.Message):
    __slots__ = ("fire", "filtered", "malformed")
    FIRE_FIELD_NUMBER: _ClassVar[int]
    FILTERED_FIELD_NUMBER: _ClassVar[int]
    MALFORMED_FIELD_NUMBER: _ClassVar[int]
    fire: Firing
    filtered: Filtered
    malformed: Malformed
    def __init__(self, fire: _Optional[_Union[Firing, _Mapping]] = ..., filtered: _Optional[_Union[Filtered, _Mapping]] = ..., malformed: _Optional[_Union[Malformed, _Mapping]] = ...) -> None: ...

class Firing(_message.Message):
    __slots__ = ("variables", "labels", "note")
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    variables: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    note: str
    def __init__(self, variables: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., note: _Optional[str] = ...) -> None: ...

class Filtered(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Malformed(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class FollowEvents(_message.Message):
    __slots__ = ("from_revision", "to_revision", "events")
    FROM_REVISION_FIELD_NUMBER: _ClassVar[int]
    TO_REVISION_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    from_revision: int
    to_revision: int
    events: _containers.RepeatedCompositeFieldContainer[FollowedEvent]
    def __init__(self, from_revision: _Optional[int] = ..., to_revision: _Optional[int] = ..., events: _Optional[_Iterable[_Union[FollowedEvent, _Mapping]]] = ...) -> None: ...

class FollowedEvent(_message.Message):
    __slots__ = ("subscription", "generation", "revision", "occurred_at", "cause", "verdict", "is_long")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    IS_LONG_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    generation: int
    revision: int
    occurred_at: _timestamp_pb2.Timestamp
    cause: _run_pb2.RunRef
    verdict: EventVerdict
    is_long: bool
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., generation: _Optional[int] = ..., revision: _Optional[int] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cause: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., verdict: _Optional[_Union[EventVerdict, _Mapping]] = ..., is_long: bool = ...) -> None: ...

class SubscriptionCreated(_message.Message):
    __slots__ = ("subscription", "spec", "enabled")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    spec: _subscription_pb2.SubscriptionSpec
    enabled: bool
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., spec: _Optional[_Union[_subscription_pb2.SubscriptionSpec, _Mapping]] = ..., enabled: bool = ...) -> None: ...

class SubscriptionUpdated(_message.Message):
    __slots__ = ("subscription", "spec")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    spec: _subscription_pb2.SubscriptionSpec
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., spec: _Optional[_Union[_subscription_pb2.SubscriptionSpec, _Mapping]] = ...) -> None: ...

class SubscriptionDeleted(_message.Message):
    __slots__ = ("subscription",)
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ...) -> None: ...

class SubscriptionEnabled(_message.Message):
    __slots__ = ("subscription",)
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ...) -> None: ...

class SubscriptionDisabled(_message.Message):
    __slots__ = ("subscription",)
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ...) -> None: ...

class EventsTaken(_message.Message):
    __slots__ = ("subscription", "generation", "cursor", "first", "taken", "from_log")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    FROM_LOG_FIELD_NUMBER: _ClassVar[int]
    subscription: _subscription_pb2.SubscriptionRef
    generation: int
    cursor: CursorMove
    first: int
    taken: _containers.RepeatedCompositeFieldContainer[_subscription_pb2.TakenEvent]
    from_log: bool
    def __init__(self, subscription: _Optional[_Union[_subscription_pb2.SubscriptionRef, _Mapping]] = ..., generation: _Optional[int] = ..., cursor: _Optional[_Union[CursorMove, _Mapping]] = ..., first: _Optional[int] = ..., taken: _Optional[_Iterable[_Union[_subscription_pb2.TakenEvent, _Mapping]]] = ..., from_log: bool = ...) -> None: ...

class EventsFollowed(_message.Message):
    __slots__ = ("from_revision", "to_revision")
    FROM_REVISION_FIELD_NUMBER: _ClassVar[int]
    TO_REVISION_FIELD_NUMBER: _ClassVar[int]
    from_revision: int
    to_revision: int
    def __init__(self, from_revision: _Optional[int] = ..., to_revision: _Optional[int] = ...) -> None: ...

class EventFates(_message.Message):
    __slots__ = ("fates",)
    FATES_FIELD_NUMBER: _ClassVar[int]
    fates: _containers.RepeatedCompositeFieldContainer[EventFate]
    def __init__(self, fates: _Optional[_Iterable[_Union[EventFate, _Mapping]]] = ...) -> None: ...

class EventFate(_message.Message):
    __slots__ = ("result", "run", "refusal", "duplicate")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    result: _subscription_pb2.EventResult
    run: int
    refusal: str
    duplicate: bool
    def __init__(self, result: _Optional[_Union[_subscription_pb2.EventResult, str]] = ..., run: _Optional[int] = ..., refusal: _Optional[str] = ..., duplicate: bool = ...) -> None: ...
