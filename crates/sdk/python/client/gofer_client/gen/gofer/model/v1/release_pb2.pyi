import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReplaceCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPLACE_CAUSE_UNSPECIFIED: _ClassVar[ReplaceCause]
    REPLACE_CAUSE_REGISTERED: _ClassVar[ReplaceCause]
    REPLACE_CAUSE_ASKED: _ClassVar[ReplaceCause]
    REPLACE_CAUSE_PINNED: _ClassVar[ReplaceCause]
    REPLACE_CAUSE_ROLLED_BACK: _ClassVar[ReplaceCause]

class ReleaseStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELEASE_STATUS_UNSPECIFIED: _ClassVar[ReleaseStatus]
    RELEASE_STATUS_RUNNING: _ClassVar[ReleaseStatus]
    RELEASE_STATUS_PROMOTED: _ClassVar[ReleaseStatus]
    RELEASE_STATUS_ROLLED_BACK: _ClassVar[ReleaseStatus]

class Promotion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROMOTION_UNSPECIFIED: _ClassVar[Promotion]
    PROMOTION_FULL: _ClassVar[Promotion]
    PROMOTION_NEXT_STEP: _ClassVar[Promotion]
    PROMOTION_SERVING: _ClassVar[Promotion]
REPLACE_CAUSE_UNSPECIFIED: ReplaceCause
REPLACE_CAUSE_REGISTERED: ReplaceCause
REPLACE_CAUSE_ASKED: ReplaceCause
REPLACE_CAUSE_PINNED: ReplaceCause
REPLACE_CAUSE_ROLLED_BACK: ReplaceCause
RELEASE_STATUS_UNSPECIFIED: ReleaseStatus
RELEASE_STATUS_RUNNING: ReleaseStatus
RELEASE_STATUS_PROMOTED: ReleaseStatus
RELEASE_STATUS_ROLLED_BACK: ReleaseStatus
PROMOTION_UNSPECIFIED: Promotion
PROMOTION_FULL: Promotion
PROMOTION_NEXT_STEP: Promotion
PROMOTION_SERVING: Promotion

class Release(_message.Message):
    __slots__ = ("id", "from_version", "to_version", "strategy", "status", "to", "serving_version", "step", "step_after_run", "step_given", "step_to", "started_by", "started_at", "ended_at", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    TO_VERSION_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    SERVING_VERSION_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEP_AFTER_RUN_FIELD_NUMBER: _ClassVar[int]
    STEP_GIVEN_FIELD_NUMBER: _ClassVar[int]
    STEP_TO_FIELD_NUMBER: _ClassVar[int]
    STARTED_BY_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: int
    from_version: int
    to_version: int
    strategy: ReleaseStrategy
    status: ReleaseStatus
    to: ReleaseArm
    serving_version: int
    step: int
    step_after_run: int
    step_given: int
    step_to: ReleaseArm
    started_by: str
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, id: _Optional[int] = ..., from_version: _Optional[int] = ..., to_version: _Optional[int] = ..., strategy: _Optional[_Union[ReleaseStrategy, _Mapping]] = ..., status: _Optional[_Union[ReleaseStatus, str]] = ..., to: _Optional[_Union[ReleaseArm, _Mapping]] = ..., serving_version: _Optional[int] = ..., step: _Optional[int] = ..., step_after_run: _Optional[int] = ..., step_given: _Optional[int] = ..., step_to: _Optional[_Union[ReleaseArm, _Mapping]] = ..., started_by: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., **kwargs) -> None: ...

class ReleaseStrategy(_message.Message):
    __slots__ = ("replace", "blue_green", "canary", "ab_test")
    REPLACE_FIELD_NUMBER: _ClassVar[int]
    BLUE_GREEN_FIELD_NUMBER: _ClassVar[int]
    CANARY_FIELD_NUMBER: _ClassVar[int]
    AB_TEST_FIELD_NUMBER: _ClassVar[int]
    replace: ReplaceStrategy
    blue_green: BlueGreenStrategy
    canary: CanaryStrategy
    ab_test: AbTestStrategy
    def __init__(self, replace: _Optional[_Union[ReplaceStrategy, _Mapping]] = ..., blue_green: _Optional[_Union[BlueGreenStrategy, _Mapping]] = ..., canary: _Optional[_Union[CanaryStrategy, _Mapping]] = ..., ab_test: _Optional[_Union[AbTestStrategy, _Mapping]] = ...) -> None: ...

class ReplaceStrategy(_message.Message):
    __slots__ = ("cause",)
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    cause: ReplaceCause
    def __init__(self, cause: _Optional[_Union[ReplaceCause, str]] = ...) -> None: ...

class BlueGreenStrategy(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CanaryStrategy(_message.Message):
    __slots__ = ("steps", "max_failure_points", "max_slowdown_points", "verdict_task")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    MAX_FAILURE_POINTS_FIELD_NUMBER: _ClassVar[int]
    MAX_SLOWDOWN_POINTS_FIELD_NUMBER: _ClassVar[int]
    VERDICT_TASK_FIELD_NUMBER: _ClassVar[int]
    steps: _containers.RepeatedCompositeFieldContainer[CanaryStep]
    max_failure_points: int
    max_slowdown_points: int
    verdict_task: str
    def __init__(self, steps: _Optional[_Iterable[_Union[CanaryStep, _Mapping]]] = ..., max_failure_points: _Optional[int] = ..., max_slowdown_points: _Optional[int] = ..., verdict_task: _Optional[str] = ...) -> None: ...

class CanaryStep(_message.Message):
    __slots__ = ("share_points", "runs", "min_runs")
    SHARE_POINTS_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    MIN_RUNS_FIELD_NUMBER: _ClassVar[int]
    share_points: int
    runs: int
    min_runs: int
    def __init__(self, share_points: _Optional[int] = ..., runs: _Optional[int] = ..., min_runs: _Optional[int] = ...) -> None: ...

class AbTestStrategy(_message.Message):
    __slots__ = ("share_points",)
    SHARE_POINTS_FIELD_NUMBER: _ClassVar[int]
    share_points: int
    def __init__(self, share_points: _Optional[int] = ...) -> None: ...

class ReleaseArm(_message.Message):
    __slots__ = ("given", "succeeded", "failed", "cancelled", "duration_ms_sum", "duration_ms_squares_high", "duration_ms_squares_low")
    GIVEN_FIELD_NUMBER: _ClassVar[int]
    SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_SUM_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_SQUARES_HIGH_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_SQUARES_LOW_FIELD_NUMBER: _ClassVar[int]
    given: int
    succeeded: int
    failed: int
    cancelled: int
    duration_ms_sum: int
    duration_ms_squares_high: int
    duration_ms_squares_low: int
    def __init__(self, given: _Optional[int] = ..., succeeded: _Optional[int] = ..., failed: _Optional[int] = ..., cancelled: _Optional[int] = ..., duration_ms_sum: _Optional[int] = ..., duration_ms_squares_high: _Optional[int] = ..., duration_ms_squares_low: _Optional[int] = ...) -> None: ...

class Pin(_message.Message):
    __slots__ = ("pinned_by", "message", "pinned_at")
    PINNED_BY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PINNED_AT_FIELD_NUMBER: _ClassVar[int]
    pinned_by: str
    message: str
    pinned_at: _timestamp_pb2.Timestamp
    def __init__(self, pinned_by: _Optional[str] = ..., message: _Optional[str] = ..., pinned_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EarlierVersion(_message.Message):
    __slots__ = ("version", "before")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    version: int
    before: int
    def __init__(self, version: _Optional[int] = ..., before: _Optional[int] = ...) -> None: ...
