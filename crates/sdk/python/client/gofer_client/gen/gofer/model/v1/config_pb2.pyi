import datetime

from gofer_client.gen.gofer.model.v1 import values_pb2 as _values_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OverlapPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OVERLAP_POLICY_UNSPECIFIED: _ClassVar[OverlapPolicy]
    OVERLAP_POLICY_ALLOW: _ClassVar[OverlapPolicy]
    OVERLAP_POLICY_FORBID: _ClassVar[OverlapPolicy]
    OVERLAP_POLICY_QUEUE: _ClassVar[OverlapPolicy]
    OVERLAP_POLICY_REPLACE: _ClassVar[OverlapPolicy]

class PullPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PULL_POLICY_UNSPECIFIED: _ClassVar[PullPolicy]
    PULL_POLICY_IF_NOT_PRESENT: _ClassVar[PullPolicy]
    PULL_POLICY_ALWAYS: _ClassVar[PullPolicy]
    PULL_POLICY_NEVER: _ClassVar[PullPolicy]

class Requirement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REQUIREMENT_UNSPECIFIED: _ClassVar[Requirement]
    REQUIREMENT_SUCCESS: _ClassVar[Requirement]
    REQUIREMENT_FAILURE: _ClassVar[Requirement]
    REQUIREMENT_ANY: _ClassVar[Requirement]

class Driver(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DRIVER_UNSPECIFIED: _ClassVar[Driver]
    DRIVER_PROCESS: _ClassVar[Driver]
    DRIVER_DOCKER: _ClassVar[Driver]
OVERLAP_POLICY_UNSPECIFIED: OverlapPolicy
OVERLAP_POLICY_ALLOW: OverlapPolicy
OVERLAP_POLICY_FORBID: OverlapPolicy
OVERLAP_POLICY_QUEUE: OverlapPolicy
OVERLAP_POLICY_REPLACE: OverlapPolicy
PULL_POLICY_UNSPECIFIED: PullPolicy
PULL_POLICY_IF_NOT_PRESENT: PullPolicy
PULL_POLICY_ALWAYS: PullPolicy
PULL_POLICY_NEVER: PullPolicy
REQUIREMENT_UNSPECIFIED: Requirement
REQUIREMENT_SUCCESS: Requirement
REQUIREMENT_FAILURE: Requirement
REQUIREMENT_ANY: Requirement
DRIVER_UNSPECIFIED: Driver
DRIVER_PROCESS: Driver
DRIVER_DOCKER: Driver

class PipelineConfig(_message.Message):
    __slots__ = ("id", "description", "parallelism", "overlap", "queue_limit", "timeout", "variables", "tasks", "parameters")
    ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_FIELD_NUMBER: _ClassVar[int]
    QUEUE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    id: str
    description: str
    parallelism: int
    overlap: OverlapPolicy
    queue_limit: int
    timeout: _duration_pb2.Duration
    variables: _containers.RepeatedCompositeFieldContainer[Variable]
    tasks: _containers.RepeatedCompositeFieldContainer[TaskConfig]
    parameters: _containers.RepeatedCompositeFieldContainer[_values_pb2.Parameter]
    def __init__(self, id: _Optional[str] = ..., description: _Optional[str] = ..., parallelism: _Optional[int] = ..., overlap: _Optional[_Union[OverlapPolicy, str]] = ..., queue_limit: _Optional[int] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., variables: _Optional[_Iterable[_Union[Variable, _Mapping]]] = ..., tasks: _Optional[_Iterable[_Union[TaskConfig, _Mapping]]] = ..., parameters: _Optional[_Iterable[_Union[_values_pb2.Parameter, _Mapping]]] = ...) -> None: ...

class Variable(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class TaskConfig(_message.Message):
    __slots__ = ("id", "description", "image", "pull", "entrypoint", "command", "environment", "working_directory", "depends_on", "retry", "timeout", "resources", "driver", "constraints", "allow_failure", "conditions", "inputs", "approval", "call", "shared", "secret_env", "secret_files")
    ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    PULL_FIELD_NUMBER: _ClassVar[int]
    ENTRYPOINT_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    WORKING_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    DEPENDS_ON_FIELD_NUMBER: _ClassVar[int]
    RETRY_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    DRIVER_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FAILURE_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    SECRET_ENV_FIELD_NUMBER: _ClassVar[int]
    SECRET_FILES_FIELD_NUMBER: _ClassVar[int]
    id: str
    description: str
    image: str
    pull: PullPolicy
    entrypoint: _containers.RepeatedScalarFieldContainer[str]
    command: _containers.RepeatedScalarFieldContainer[str]
    environment: _containers.RepeatedCompositeFieldContainer[Variable]
    working_directory: str
    depends_on: _containers.RepeatedCompositeFieldContainer[Dependency]
    retry: RetryPolicy
    timeout: _duration_pb2.Duration
    resources: Resources
    driver: Driver
    constraints: _containers.RepeatedCompositeFieldContainer[Variable]
    allow_failure: bool
    conditions: _containers.RepeatedCompositeFieldContainer[_values_pb2.Condition]
    inputs: _containers.RepeatedCompositeFieldContainer[_values_pb2.NamedValue]
    approval: _values_pb2.Approval
    call: _values_pb2.Call
    shared: _values_pb2.SharedTask
    secret_env: _containers.RepeatedCompositeFieldContainer[Variable]
    secret_files: _containers.RepeatedCompositeFieldContainer[Variable]
    def __init__(self, id: _Optional[str] = ..., description: _Optional[str] = ..., image: _Optional[str] = ..., pull: _Optional[_Union[PullPolicy, str]] = ..., entrypoint: _Optional[_Iterable[str]] = ..., command: _Optional[_Iterable[str]] = ..., environment: _Optional[_Iterable[_Union[Variable, _Mapping]]] = ..., working_directory: _Optional[str] = ..., depends_on: _Optional[_Iterable[_Union[Dependency, _Mapping]]] = ..., retry: _Optional[_Union[RetryPolicy, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., resources: _Optional[_Union[Resources, _Mapping]] = ..., driver: _Optional[_Union[Driver, str]] = ..., constraints: _Optional[_Iterable[_Union[Variable, _Mapping]]] = ..., allow_failure: bool = ..., conditions: _Optional[_Iterable[_Union[_values_pb2.Condition, _Mapping]]] = ..., inputs: _Optional[_Iterable[_Union[_values_pb2.NamedValue, _Mapping]]] = ..., approval: _Optional[_Union[_values_pb2.Approval, _Mapping]] = ..., call: _Optional[_Union[_values_pb2.Call, _Mapping]] = ..., shared: _Optional[_Union[_values_pb2.SharedTask, _Mapping]] = ..., secret_env: _Optional[_Iterable[_Union[Variable, _Mapping]]] = ..., secret_files: _Optional[_Iterable[_Union[Variable, _Mapping]]] = ...) -> None: ...

class Dependency(_message.Message):
    __slots__ = ("task", "requirement")
    TASK_FIELD_NUMBER: _ClassVar[int]
    REQUIREMENT_FIELD_NUMBER: _ClassVar[int]
    task: str
    requirement: Requirement
    def __init__(self, task: _Optional[str] = ..., requirement: _Optional[_Union[Requirement, str]] = ...) -> None: ...

class RetryPolicy(_message.Message):
    __slots__ = ("attempts", "backoff", "backoff_max", "multiplier_percent", "give_up_when_lost")
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    BACKOFF_FIELD_NUMBER: _ClassVar[int]
    BACKOFF_MAX_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_PERCENT_FIELD_NUMBER: _ClassVar[int]
    GIVE_UP_WHEN_LOST_FIELD_NUMBER: _ClassVar[int]
    attempts: int
    backoff: _duration_pb2.Duration
    backoff_max: _duration_pb2.Duration
    multiplier_percent: int
    give_up_when_lost: bool
    def __init__(self, attempts: _Optional[int] = ..., backoff: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., backoff_max: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., multiplier_percent: _Optional[int] = ..., give_up_when_lost: bool = ...) -> None: ...

class Resources(_message.Message):
    __slots__ = ("cpu_millis", "memory_bytes")
    CPU_MILLIS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    cpu_millis: int
    memory_bytes: int
    def __init__(self, cpu_millis: _Optional[int] = ..., memory_bytes: _Optional[int] = ...) -> None: ...
