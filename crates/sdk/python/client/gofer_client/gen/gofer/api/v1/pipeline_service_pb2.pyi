from gofer_client.gen.gofer.api.v1 import common_pb2 as _common_pb2
from gofer_client.gen.gofer.model.v1 import cluster_pb2 as _cluster_pb2
from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegisterPipelineRequest(_message.Message):
    __slots__ = ("request_id", "namespace", "config", "validate_only", "hold")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    namespace: str
    config: _config_pb2.PipelineConfig
    validate_only: bool
    hold: bool
    def __init__(self, request_id: _Optional[bytes] = ..., namespace: _Optional[str] = ..., config: _Optional[_Union[_config_pb2.PipelineConfig, _Mapping]] = ..., validate_only: bool = ..., hold: bool = ...) -> None: ...

class RegisterPipelineResponse(_message.Message):
    __slots__ = ("header", "version", "live_version")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LIVE_VERSION_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    version: int
    live_version: int
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., version: _Optional[int] = ..., live_version: _Optional[int] = ...) -> None: ...

class GetPipelineRequest(_message.Message):
    __slots__ = ("pipeline", "version", "consistency")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    version: int
    consistency: _common_pb2.Consistency
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ...) -> None: ...

class GetPipelineResponse(_message.Message):
    __slots__ = ("header", "pipeline", "problems", "used_by")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    USED_BY_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    pipeline: _cluster_pb2.Pipeline
    problems: _containers.RepeatedScalarFieldContainer[str]
    used_by: _containers.RepeatedCompositeFieldContainer[_run_pb2.PipelineRef]
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., pipeline: _Optional[_Union[_cluster_pb2.Pipeline, _Mapping]] = ..., problems: _Optional[_Iterable[str]] = ..., used_by: _Optional[_Iterable[_Union[_run_pb2.PipelineRef, _Mapping]]] = ...) -> None: ...

class ListPipelinesRequest(_message.Message):
    __slots__ = ("namespace", "consistency", "page_size", "page_token")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    consistency: _common_pb2.Consistency
    page_size: int
    page_token: str
    def __init__(self, namespace: _Optional[str] = ..., consistency: _Optional[_Union[_common_pb2.Consistency, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPipelinesResponse(_message.Message):
    __slots__ = ("header", "pipelines", "next_page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PIPELINES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    pipelines: _containers.RepeatedCompositeFieldContainer[_cluster_pb2.Pipeline]
    next_page_token: str
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ..., pipelines: _Optional[_Iterable[_Union[_cluster_pb2.Pipeline, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class EnablePipelineRequest(_message.Message):
    __slots__ = ("request_id", "pipeline")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    pipeline: _run_pb2.PipelineRef
    def __init__(self, request_id: _Optional[bytes] = ..., pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ...) -> None: ...

class EnablePipelineResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class DisablePipelineRequest(_message.Message):
    __slots__ = ("request_id", "pipeline")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    pipeline: _run_pb2.PipelineRef
    def __init__(self, request_id: _Optional[bytes] = ..., pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ...) -> None: ...

class DisablePipelineResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...

class DeletePipelineRequest(_message.Message):
    __slots__ = ("request_id", "pipeline", "force")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    pipeline: _run_pb2.PipelineRef
    force: bool
    def __init__(self, request_id: _Optional[bytes] = ..., pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., force: bool = ...) -> None: ...

class DeletePipelineResponse(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _common_pb2.ResponseHeader
    def __init__(self, header: _Optional[_Union[_common_pb2.ResponseHeader, _Mapping]] = ...) -> None: ...
