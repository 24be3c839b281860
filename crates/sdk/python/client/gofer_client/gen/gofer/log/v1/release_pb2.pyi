from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from gofer_client.gen.gofer.model.v1 import release_pb2 as _release_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegisterVersion(_message.Message):
    __slots__ = ("namespace", "config", "hold")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    config: _config_pb2.PipelineConfig
    hold: bool
    def __init__(self, namespace: _Optional[str] = ..., config: _Optional[_Union[_config_pb2.PipelineConfig, _Mapping]] = ..., hold: bool = ...) -> None: ...

class StartRelease(_message.Message):
    __slots__ = ("pipeline", "version", "strategy")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    version: int
    strategy: _release_pb2.ReleaseStrategy
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., strategy: _Optional[_Union[_release_pb2.ReleaseStrategy, _Mapping]] = ...) -> None: ...

class PromoteRelease(_message.Message):
    __slots__ = ("pipeline", "promotion")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    promotion: _release_pb2.Promotion
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., promotion: _Optional[_Union[_release_pb2.Promotion, str]] = ...) -> None: ...

class SwitchRelease(_message.Message):
    __slots__ = ("pipeline", "version")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    version: int
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class RollBackPipeline(_message.Message):
    __slots__ = ("pipeline", "version", "message")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    version: int
    message: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class PinPipeline(_message.Message):
    __slots__ = ("pipeline", "version", "message")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    version: int
    message: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class UnpinPipeline(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ...) -> None: ...

class ReleaseStarted(_message.Message):
    __slots__ = ("pipeline", "release", "from_version", "to_version", "strategy", "started_by")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    TO_VERSION_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    STARTED_BY_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    release: int
    from_version: int
    to_version: int
    strategy: _release_pb2.ReleaseStrategy
    started_by: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., release: _Optional[int] = ..., from_version: _Optional[int] = ..., to_version: _Optional[int] = ..., strategy: _Optional[_Union[_release_pb2.ReleaseStrategy, _Mapping]] = ..., started_by: _Optional[str] = ...) -> None: ...

class ReleaseAdvanced(_message.Message):
    __slots__ = ("pipeline", "release", "step", "reason")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    release: int
    step: int
    reason: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., release: _Optional[int] = ..., step: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class ReleaseSwitched(_message.Message):
    __slots__ = ("pipeline", "release", "version")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    release: int
    version: int
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., release: _Optional[int] = ..., version: _Optional[int] = ...) -> None: ...

class ReleasePromoted(_message.Message):
    __slots__ = ("pipeline", "release", "reason")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    release: int
    reason: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., release: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class ReleaseRolledBack(_message.Message):
    __slots__ = ("pipeline", "release", "reason")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    release: int
    reason: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., release: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class LiveVersionChanged(_message.Message):
    __slots__ = ("pipeline", "release", "version", "cause", "changed_by", "message")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_BY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    release: int
    version: int
    cause: _release_pb2.ReplaceCause
    changed_by: str
    message: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., release: _Optional[int] = ..., version: _Optional[int] = ..., cause: _Optional[_Union[_release_pb2.ReplaceCause, str]] = ..., changed_by: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class PipelinePinned(_message.Message):
    __slots__ = ("pipeline", "pinned_by", "message")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    PINNED_BY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    pinned_by: str
    message: str
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., pinned_by: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class PipelineUnpinned(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ...) -> None: ...

class RunMoved(_message.Message):
    __slots__ = ("run", "version", "shared")
    RUN_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    version: int
    shared: _containers.RepeatedCompositeFieldContainer[_run_pb2.SharedVersion]
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., version: _Optional[int] = ..., shared: _Optional[_Iterable[_Union[_run_pb2.SharedVersion, _Mapping]]] = ...) -> None: ...
