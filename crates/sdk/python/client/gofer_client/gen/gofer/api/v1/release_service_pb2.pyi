from gofer_client.gen.gofer.api.v1 import common_pb2 as _common_pb2
from gofer_client.gen.gofer.model.v1 import release_pb2 as _release_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StartReleaseRequest(_message.Message):
    __slots__ = ("request_id", "pipeline", "version", "strategy")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    pipeline: _run_pb2.PipelineRef
    version: int
    strategy: _release_pb2.ReleaseStrategy
    def __init__(self, request_id: _Optional[bytes] = ..., pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., strategy: _Optional[_Union[_release_pb2.ReleaseStrategy, _Mapping]] = ...) -> None: ...

class StartReleaseResponse(_message.Message):
    __slots__ = ("header", "release")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    release: int
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., release: _Optional[int] = ...) -> None: ...

class GetReleaseRequest(_message.Message):
    __slots__ = ("pipeline", "release", "consistency")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    release: int
    consistency: _common_pb2.Consistency
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., release: _Optional[int] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ...) -> None: ...

class GetReleaseResponse(_message.Message):
    __slots__ = ("header", "release", "comparison", "waits_for")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    WAITS_FOR_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    release: _release_pb2.Release
    comparison: ReleaseComparison
    waits_for: str
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., release: _Optional[_Union[_release_pb2.Release, _Mapping]] = ..., comparison: _Optional[_Union[ReleaseComparison, _Mapping]] = ..., waits_for: _Optional[str] = ...) -> None: ...

class ReleaseComparison(_message.Message):
    __slots__ = ("to", "failures", "durations")
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    DURATIONS_FIELD_NUMBER: _ClassVar[int]
    to: ArmFigures
    failures: Significance
    durations: Significance
    def __init__(self, to: _Optional[_Union[ArmFigures, _Mapping]] = ..., failures: _Optional[_Union[Significance, _Mapping]] = ..., durations: _Optional[_Union[Significance, _Mapping]] = ..., **kwargs) -> None: ...

class ArmFigures(_message.Message):
    __slots__ = ("version", "runs", "failed", "failure_rate", "duration_mean_ms", "duration_deviation_ms")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    FAILURE_RATE_FIELD_NUMBER: _ClassVar[int]
    DURATION_MEAN_MS_FIELD_NUMBER: _ClassVar[int]
    DURATION_DEVIATION_MS_FIELD_NUMBER: _ClassVar[int]
    version: int
    runs: int
    failed: int
    failure_rate: float
    duration_mean_ms: float
    duration_deviation_ms: float
    def __init__(self, version: _Optional[int] = ..., runs: _Optional[int] = ..., failed: _Optional[int] = ..., failure_rate: _Optional[float] = ..., duration_mean_ms: _Optional[float] = ..., duration_deviation_ms: _Optional[float] = ...) -> None: ...

class Significance(_message.Message):
    __slots__ = ("statistic", "degrees_of_freedom", "p_value", "is_small_sample")
    STATISTIC_FIELD_NUMBER: _ClassVar[int]
    DEGREES_OF_FREEDOM_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    IS_SMALL_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    statistic: float
    degrees_of_freedom: float
    p_value: float
    is_small_sample: bool
    def __init__(self, statistic: _Optional[float] = ..., degrees_of_freedom: _Optional[float] = ..., p_value: _Optional[float] = ..., is_small_sample: bool = ...) -> None: ...

class ListReleasesRequest(_message.Message):
    __slots__ = ("pipeline", "consistency", "page_size", "page_token")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    consistency: _common_pb2.Consistency
    page_size: int
    page_token: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListReleasesResponse(_message.Message):
    __slots__ = ("header", "releases", "next_page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RELEASES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    releases: _containers.RepeatedCompositeFieldContainer[_release_pb2.Release]
    next_page_token: str
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., releases: _Optional[_Iterable[_Union[_release_pb2.Release, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PromoteReleaseRequest(_message.Message):
    __slots__ = ("request_id", "pipeline", "promotion")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    pipeline: _run_pb2.PipelineRef
    promotion: _release_pb2.Promotion
    def __init__(self, request_id: _Optional[bytes] = ..., pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., promotion: _Optional[_Union[_release_pb2.Promotion, str]] = ...) -> None: ...

class PromoteReleaseResponse(_message.Message):
    __slots__ = ("header", "release")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    release: int
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., release: _Optional[int] = ...) -> None: ...

class SwitchReleaseRequest(_message.Message):
    __slots__ = ("request_id", "pipeline", "version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    pipeline: _run_pb2.PipelineRef
    version: int
    def __init__(self, request_id: _Optional[bytes] = ..., pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class SwitchReleaseResponse(_message.Message):
    __slots__ = ("header", "release")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    release: int
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., release: _Optional[int] = ...) -> None: ...

class RollBackPipelineRequest(_message.Message):
    __slots__ = ("request_id", "pipeline", "version", "message")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    pipeline: _run_pb2.PipelineRef
    version: int
    message: str
    def __init__(self, request_id: _Optional[bytes] = ..., pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class RollBackPipelineResponse(_message.Message):
    __slots__ = ("header", "release")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    release: int
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., release: _Optional[int] = ...) -> None: ...

class PinPipelineRequest(_message.Message):
    __slots__ = ("request_id", "pipeline", "version", "message")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    pipeline: _run_pb2.PipelineRef
    version: int
    message: str
    def __init__(self, request_id: _Optional[bytes] = ..., pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class PinPipelineResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class UnpinPipelineRequest(_message.Message):
    __slots__ = ("request_id", "pipeline")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    pipeline: _run_pb2.PipelineRef
    def __init__(self, request_id: _Optional[bytes] = ..., pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ...) -> None: ...

class UnpinPipelineResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...
