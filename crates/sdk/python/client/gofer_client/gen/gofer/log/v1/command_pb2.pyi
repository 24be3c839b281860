import datetime

from gofer_client.gen.gofer.log.v1 import object_pb2 as _object_pb2
from gofer_client.gen.gofer.log.v1 import release_pb2 as _release_pb2
from gofer_client.gen.gofer.log.v1 import schedule_pb2 as _schedule_pb2
from gofer_client.gen.gofer.log.v1 import secret_pb2 as _secret_pb2
from gofer_client.gen.gofer.log.v1 import subscription_pb2 as _subscription_pb2
from gofer_client.gen.gofer.log.v1 import trigger_pb2 as _trigger_pb2
from gofer_client.gen.gofer.model.v1 import archive_pb2 as _archive_pb2
from gofer_client.gen.gofer.model.v1 import cluster_pb2 as _cluster_pb2
from gofer_client.gen.gofer.model.v1 import config_pb2 as _config_pb2
from gofer_client.gen.gofer.model.v1 import run_pb2 as _run_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CommandBatch(_message.Message):
    __slots__ = ("commands", "time")
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    commands: _containers.RepeatedCompositeFieldContainer[CommandEnvelope]
    time: _timestamp_pb2.Timestamp
    def __init__(self, commands: _Optional[_Iterable[_Union[CommandEnvelope, _Mapping]]] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CommandEnvelope(_message.Message):
    __slots__ = ("request_id", "actor", "command")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    request_id: bytes
    actor: str
    command: Command
    def __init__(self, request_id: _Optional[bytes] = ..., actor: _Optional[str] = ..., command: _Optional[_Union[Command, _Mapping]] = ...) -> None: ...

class Command(_message.Message):
    __slots__ = ("create_cluster", "create_namespace", "delete_namespace", "register_pipeline", "enable_pipeline", "disable_pipeline", "delete_pipeline", "start_run", "cancel_run", "retry_run", "time_out_run", "assign_attempt", "time_out_attempt", "report_launching", "report_started", "report_finished", "register_node", "drain_node", "undrain_node", "declare_node_lost", "remove_node", "restore_cluster", "recover_cluster", "archive_events", "annotate_run", "decide_approval", "advance_task", "time_out_task", "register_version", "start_release", "promote_release", "switch_release", "roll_back_pipeline", "pin_pipeline", "unpin_pipeline", "set_secret", "delete_secret", "rotate_cluster_key", "put_object", "delete_object", "create_schedule", "update_schedule", "delete_schedule", "set_schedule_enabled", "settle_slots", "start_backfill", "advance_backfill", "cancel_backfill", "install_trigger", "update_trigger", "uninstall_trigger", "set_trigger_enabled", "report_trigger", "create_subscription", "update_subscription", "delete_subscription", "set_subscription_enabled", "take_events", "follow_events")
    CREATE_CLUSTER_FIELD_NUMBER: _ClassVar[int]
    CREATE_NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DELETE_NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    REGISTER_PIPELINE_FIELD_NUMBER: _ClassVar[int]
    ENABLE_PIPELINE_FIELD_NUMBER: _ClassVar[int]
    DISABLE_PIPELINE_FIELD_NUMBER: _ClassVar[int]
    DELETE_PIPELINE_FIELD_NUMBER: _ClassVar[int]
    START_RUN_FIELD_NUMBER: _ClassVar[int]
    CANCEL_RUN_FIELD_NUMBER: _ClassVar[int]
    RETRY_RUN_FIELD_NUMBER: _ClassVar[int]
    TIME_OUT_RUN_FIELD_NUMBER: _ClassVar[int]
    ASSIGN_ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    TIME_OUT_ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    REPORT_LAUNCHING_FIELD_NUMBER: _ClassVar[int]
    REPORT_STARTED_FIELD_NUMBER: _ClassVar[int]
    REPORT_FINISHED_FIELD_NUMBER: _ClassVar[int]
    REGISTER_NODE_FIELD_NUMBER: _ClassVar[int]
    DRAIN_NODE_FIELD_NUMBER: _ClassVar[int]
    UNDRAIN_NODE_FIELD_NUMBER: _ClassVar[int]
    DECLARE_NODE_LOST_FIELD_NUMBER: _ClassVar[int]
    REMOVE_NODE_FIELD_NUMBER: _ClassVar[int]
    RESTORE_CLUSTER_FIELD_NUMBER: _ClassVar[int]
    RECOVER_CLUSTER_FIELD_NUMBER: _ClassVar[int]
    ARCHIVE_EVENTS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATE_RUN_FIELD_NUMBER: _ClassVar[int]
    DECIDE_APPROVAL_FIELD_NUMBER: _ClassVar[int]
    ADVANCE_TASK_FIELD_NUMBER: _ClassVar[int]
    TIME_OUT_TASK_FIELD_NUMBER: _ClassVar[int]
    REGISTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    START_RELEASE_FIELD_NUMBER: _ClassVar[int]
    PROMOTE_RELEASE_FIELD_NUMBER: _ClassVar[int]
    SWITCH_RELEASE_FIELD_NUMBER: _ClassVar[int]
    ROLL_BACK_PIPELINE_FIELD_NUMBER: _ClassVar[int]
    PIN_PIPELINE_FIELD_NUMBER: _ClassVar[int]
    UNPIN_PIPELINE_FIELD_NUMBER: _ClassVar[int]
    SET_SECRET_FIELD_NUMBER: _ClassVar[int]
    DELETE_SECRET_FIELD_NUMBER: _ClassVar[int]
    ROTATE_CLUSTER_KEY_FIELD_NUMBER: _ClassVar[int]
    PUT_OBJECT_FIELD_NUMBER: _ClassVar[int]
    DELETE_OBJECT_FIELD_NUMBER: _ClassVar[int]
    CREATE_SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    DELETE_SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SET_SCHEDULE_ENABLED_FIELD_NUMBER: _ClassVar[int]
    SETTLE_SLOTS_FIELD_NUMBER: _ClassVar[int]
    START_BACKFILL_FIELD_NUMBER: _ClassVar[int]
    ADVANCE_BACKFILL_FIELD_NUMBER: _ClassVar[int]
    CANCEL_BACKFILL_FIELD_NUMBER: _ClassVar[int]
    INSTALL_TRIGGER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TRIGGER_FIELD_NUMBER: _ClassVar[int]
    UNINSTALL_TRIGGER_FIELD_NUMBER: _ClassVar[int]
    SET_TRIGGER_ENABLED_FIELD_NUMBER: _ClassVar[int]
    REPORT_TRIGGER_FIELD_NUMBER: _ClassVar[int]
    CREATE_SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DELETE_SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SET_SUBSCRIPTION_ENABLED_FIELD_NUMBER: _ClassVar[int]
    TAKE_EVENTS_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_EVENTS_FIELD_NUMBER: _ClassVar[int]
    create_cluster: CreateCluster
    create_namespace: CreateNamespace
    delete_namespace: DeleteNamespace
    register_pipeline: RegisterPipeline
    enable_pipeline: EnablePipeline
    disable_pipeline: DisablePipeline
    delete_pipeline: DeletePipeline
    start_run: StartRun
    cancel_run: CancelRun
    retry_run: RetryRun
    time_out_run: TimeOutRun
    assign_attempt: AssignAttempt
    time_out_attempt: TimeOutAttempt
    report_launching: ReportLaunching
    report_started: ReportStarted
    report_finished: ReportFinished
    register_node: RegisterNode
    drain_node: DrainNode
    undrain_node: UndrainNode
    declare_node_lost: DeclareNodeLost
    remove_node: RemoveNode
    restore_cluster: RestoreCluster
    recover_cluster: RecoverCluster
    archive_events: ArchiveEvents
    annotate_run: AnnotateRun
    decide_approval: DecideApproval
    advance_task: AdvanceTask
    time_out_task: TimeOutTask
    register_version: _release_pb2.RegisterVersion
    start_release: _release_pb2.StartRelease
    promote_release: _release_pb2.PromoteRelease
    switch_release: _release_pb2.SwitchRelease
    roll_back_pipeline: _release_pb2.RollBackPipeline
    pin_pipeline: _release_pb2.PinPipeline
    unpin_pipeline: _release_pb2.UnpinPipeline
    set_secret: _secret_pb2.SetSecret
    delete_secret: _secret_pb2.DeleteSecret
    rotate_cluster_key: _secret_pb2.RotateClusterKey
    put_object: _object_pb2.PutObject
    delete_object: _object_pb2.DeleteObject
    create_schedule: _schedule_pb2.CreateSchedule
    update_schedule: _schedule_pb2.UpdateSchedule
    delete_schedule: _schedule_pb2.DeleteSchedule
    set_schedule_enabled: _schedule_pb2.SetScheduleEnabled
    settle_slots: _schedule_pb2.SettleSlots
    start_backfill: _schedule_pb2.StartBackfill
    advance_backfill: _schedule_pb2.AdvanceBackfill
    cancel_backfill: _schedule_pb2.CancelBackfill
    install_trigger: _trigger_pb2.InstallTrigger
    update_trigger: _trigger_pb2.UpdateTrigger
    uninstall_trigger: _trigger_pb2.UninstallTrigger
    set_trigger_enabled: _trigger_pb2.SetTriggerEnabled
    report_trigger: _trigger_pb2.ReportTrigger
    create_subscription: _subscription_pb2.CreateSubscription
    update_subscription: _subscription_pb2.UpdateSubscription
    delete_subscription: _subscription_pb2.DeleteSubscription
    set_subscription_enabled: _subscription_pb2.SetSubscriptionEnabled
    take_events: _subscription_pb2.TakeEvents
    follow_events: _subscription_pb2.FollowEvents
    def __init__(self, create_cluster: _Optional[_Union[CreateCluster, _Mapping]] = ..., create_namespace: _Optional[_Union[CreateNamespace, _Mapping]] = ..., delete_namespace: _Optional[_Union[DeleteNamespace, _Mapping]] = ..., register_pipeline: _Optional[_Union[RegisterPipeline, _Mapping]] = ..., enable_pipeline: _Optional[_Union[EnablePipeline, _Mapping]] = ..., disable_pipeline: _Optional[_Union[DisablePipeline, _Mapping]] = ..., delete_pipeline: _Optional[_Union[DeletePipeline, _Mapping]] = ..., start_run: _Optional[_Union[StartRun, _Mapping]] = ..., cancel_run: _Optional[_Union[CancelRun, _Mapping]] = ..., retry_run: _Optional[_Union[RetryRun, _Mapping]] = ..., time_out_run: _Optional[_Union[TimeOutRun, _Mapping]] = ..., assign_attempt: _Optional[_Union[AssignAttempt, _Mapping]] = ..., time_out_attempt: _Optional[_Union[TimeOutAttempt, _Mapping]] = ..., report_launching: _Optional[_Union[ReportLaunching, _Mapping]] = ..., report_started: _Optional[_Union[ReportStarted, _Mapping]] = ..., report_finished: _Optional[_Union[ReportFinished, _Mapping]] = ..., register_node: _Optional[_Union[RegisterNode, _Mapping]] = ..., drain_node: _Optional[_Union[DrainNode, _Mapping]] = ..., undrain_node: _Optional[_Union[UndrainNode, _Mapping]] = ..., declare_node_lost: _Optional[_Union[DeclareNodeLost, _Mapping]] = ..., remove_node: _Optional[_Union[RemoveNode, _Mapping]] = ..., restore_cluster: _Optional[_Union[RestoreCluster, _Mapping]] = ..., recover_cluster: _Optional[_Union[RecoverCluster, _Mapping]] = ..., archive_events: _Optional[_Union[ArchiveEvents, _Mapping]] = ..., annotate_run: _Optional[_Union[AnnotateRun, _Mapping]] = ..., decide_approval: _Optional[_Union[DecideApproval, _Mapping]] = ..., advance_task: _Optional[_Union[AdvanceTask, _Mapping]] = ..., time_out_task: _Optional[_Union[TimeOutTask, _Mapping]] = ..., register_version: _Optional[_Union[_release_pb2.RegisterVersion, _Mapping]] = ..., start_release: _Optional[_Union[_release_pb2.StartRelease, _Mapping]] = ..., promote_release: _Optional[_Union[_release_pb2.PromoteRelease, _Mapping]] = ..., switch_release: _Optional[_Union[_release_pb2.SwitchRelease, _Mapping]] = ..., roll_back_pipeline: _Optional[_Union[_release_pb2.RollBackPipeline, _Mapping]] = ..., pin_pipeline: _Optional[_Union[_release_pb2.PinPipeline, _Mapping]] = ..., unpin_pipeline: _Optional[_Union[_release_pb2.UnpinPipeline, _Mapping]] = ..., set_secret: _Optional[_Union[_secret_pb2.SetSecret, _Mapping]] = ..., delete_secret: _Optional[_Union[_secret_pb2.DeleteSecret, _Mapping]] = ..., rotate_cluster_key: _Optional[_Union[_secret_pb2.RotateClusterKey, _Mapping]] = ..., put_object: _Optional[_Union[_object_pb2.PutObject, _Mapping]] = ..., delete_object: _Optional[_Union[_object_pb2.DeleteObject, _Mapping]] = ..., create_schedule: _Optional[_Union[_schedule_pb2.CreateSchedule, _Mapping]] = ..., update_schedule: _Optional[_Union[_schedule_pb2.UpdateSchedule, _Mapping]] = ..., delete_schedule: _Optional[_Union[_schedule_pb2.DeleteSchedule, _Mapping]] = ..., set_schedule_enabled: _Optional[_Union[_schedule_pb2.SetScheduleEnabled, _Mapping]] = ..., settle_slots: _Optional[_Union[_schedule_pb2.SettleSlots, _Mapping]] = ..., start_backfill: _Optional[_Union[_schedule_pb2.StartBackfill, _Mapping]] = ..., advance_backfill: _Optional[_Union[_schedule_pb2.AdvanceBackfill, _Mapping]] = ..., cancel_backfill: _Optional[_Union[_schedule_pb2.CancelBackfill, _Mapping]] = ..., install_trigger: _Optional[_Union[_trigger_pb2.InstallTrigger, _Mapping]] = ..., update_trigger: _Optional[_Union[_trigger_pb2.UpdateTrigger, _Mapping]] = ..., uninstall_trigger: _Optional[_Union[_trigger_pb2.UninstallTrigger, _Mapping]] = ..., set_trigger_enabled: _Optional[_Union[_trigger_pb2.SetTriggerEnabled, _Mapping]] = ..., report_trigger: _Optional[_Union[_trigger_pb2.ReportTrigger, _Mapping]] = ..., create_subscription: _Optional[_Union[_subscription_pb2.CreateSubscription, _Mapping]] = ..., update_subscription: _Optional[_Union[_subscription_pb2.UpdateSubscription, _Mapping]] = ..., delete_subscription: _Optional[_Union[_subscription_pb2.DeleteSubscription, _Mapping]] = ..., set_subscription_enabled: _Optional[_Union[_subscription_pb2.SetSubscriptionEnabled, _Mapping]] = ..., take_events: _Optional[_Union[_subscription_pb2.TakeEvents, _Mapping]] = ..., follow_events: _Optional[_Union[_subscription_pb2.FollowEvents, _Mapping]] = ...) -> None: ...

class CreateCluster(_message.Message):
    __slots__ = ("cluster_id",)
    CLUSTER_ID_FIELD_NUMBER: _ClassVar[int]
    cluster_id: bytes
    def __init__(self, cluster_id: _Optional[bytes] = ...) -> None: ...

class RestoreCluster(_message.Message):
    __slots__ = ("cluster_id", "revision", "head")
    CLUSTER_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    cluster_id: bytes
    revision: int
    head: bytes
    def __init__(self, cluster_id: _Optional[bytes] = ..., revision: _Optional[int] = ..., head: _Optional[bytes] = ...) -> None: ...

class RecoverCluster(_message.Message):
    __slots__ = ("cluster_id", "survivor", "dropped", "grace")
    CLUSTER_ID_FIELD_NUMBER: _ClassVar[int]
    SURVIVOR_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    GRACE_FIELD_NUMBER: _ClassVar[int]
    cluster_id: bytes
    survivor: int
    dropped: _containers.RepeatedScalarFieldContainer[int]
    grace: _duration_pb2.Duration
    def __init__(self, cluster_id: _Optional[bytes] = ..., survivor: _Optional[int] = ..., dropped: _Optional[_Iterable[int]] = ..., grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CreateNamespace(_message.Message):
    __slots__ = ("namespace", "description")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    description: str
    def __init__(self, namespace: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class DeleteNamespace(_message.Message):
    __slots__ = ("namespace",)
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    def __init__(self, namespace: _Optional[str] = ...) -> None: ...

class RegisterPipeline(_message.Message):
    __slots__ = ("namespace", "config")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    config: _config_pb2.PipelineConfig
    def __init__(self, namespace: _Optional[str] = ..., config: _Optional[_Union[_config_pb2.PipelineConfig, _Mapping]] = ...) -> None: ...

class EnablePipeline(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ...) -> None: ...

class DisablePipeline(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ...) -> None: ...

class DeletePipeline(_message.Message):
    __slots__ = ("pipeline", "force")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    force: bool
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., force: bool = ...) -> None: ...

class StartRun(_message.Message):
    __slots__ = ("pipeline", "version", "variables", "labels", "note", "priority")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    pipeline: _run_pb2.PipelineRef
    version: int
    variables: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    note: str
    priority: int
    def __init__(self, pipeline: _Optional[_Union[_run_pb2.PipelineRef, _Mapping]] = ..., version: _Optional[int] = ..., variables: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., note: _Optional[str] = ..., priority: _Optional[int] = ...) -> None: ...

class CancelRun(_message.Message):
    __slots__ = ("run", "message")
    RUN_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    message: str
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class RetryRun(_message.Message):
    __slots__ = ("run", "keep", "tasks")
    RUN_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    keep: bool
    tasks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., keep: bool = ..., tasks: _Optional[_Iterable[str]] = ...) -> None: ...

class AnnotateRun(_message.Message):
    __slots__ = ("run", "note", "labels", "without")
    RUN_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    note: str
    labels: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    without: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., note: _Optional[str] = ..., labels: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ..., without: _Optional[_Iterable[str]] = ...) -> None: ...

class DecideApproval(_message.Message):
    __slots__ = ("task", "approve", "message")
    TASK_FIELD_NUMBER: _ClassVar[int]
    APPROVE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    task: _run_pb2.TaskRef
    approve: bool
    message: str
    def __init__(self, task: _Optional[_Union[_run_pb2.TaskRef, _Mapping]] = ..., approve: bool = ..., message: _Optional[str] = ...) -> None: ...

class AdvanceTask(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: _run_pb2.TaskRef
    def __init__(self, task: _Optional[_Union[_run_pb2.TaskRef, _Mapping]] = ...) -> None: ...

class TimeOutTask(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: _run_pb2.TaskRef
    def __init__(self, task: _Optional[_Union[_run_pb2.TaskRef, _Mapping]] = ...) -> None: ...

class TimeOutRun(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.RunRef
    def __init__(self, run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ...) -> None: ...

class AssignAttempt(_message.Message):
    __slots__ = ("attempt", "node", "driver")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    DRIVER_FIELD_NUMBER: _ClassVar[int]
    attempt: _run_pb2.AttemptRef
    node: int
    driver: _config_pb2.Driver
    def __init__(self, attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ..., node: _Optional[int] = ..., driver: _Optional[_Union[_config_pb2.Driver, str]] = ...) -> None: ...

class TimeOutAttempt(_message.Message):
    __slots__ = ("attempt",)
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    attempt: _run_pb2.AttemptRef
    def __init__(self, attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ...) -> None: ...

class ReportLaunching(_message.Message):
    __slots__ = ("attempt", "node")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    attempt: _run_pb2.AttemptRef
    node: int
    def __init__(self, attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ..., node: _Optional[int] = ...) -> None: ...

class ReportStarted(_message.Message):
    __slots__ = ("attempt", "node")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    attempt: _run_pb2.AttemptRef
    node: int
    def __init__(self, attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ..., node: _Optional[int] = ...) -> None: ...

class ReportFinished(_message.Message):
    __slots__ = ("attempt", "node", "outcome", "log", "outputs")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    attempt: _run_pb2.AttemptRef
    node: int
    outcome: _run_pb2.AttemptOutcome
    log: _run_pb2.LogRef
    outputs: _containers.RepeatedCompositeFieldContainer[_config_pb2.Variable]
    def __init__(self, attempt: _Optional[_Union[_run_pb2.AttemptRef, _Mapping]] = ..., node: _Optional[int] = ..., outcome: _Optional[_Union[_run_pb2.AttemptOutcome, _Mapping]] = ..., log: _Optional[_Union[_run_pb2.LogRef, _Mapping]] = ..., outputs: _Optional[_Iterable[_Union[_config_pb2.Variable, _Mapping]]] = ...) -> None: ...

class RegisterNode(_message.Message):
    __slots__ = ("node", "spec")
    NODE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    node: int
    spec: _cluster_pb2.NodeSpec
    def __init__(self, node: _Optional[int] = ..., spec: _Optional[_Union[_cluster_pb2.NodeSpec, _Mapping]] = ...) -> None: ...

class DrainNode(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: int
    def __init__(self, node: _Optional[int] = ...) -> None: ...

class UndrainNode(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: int
    def __init__(self, node: _Optional[int] = ...) -> None: ...

class DeclareNodeLost(_message.Message):
    __slots__ = ("node", "incarnation")
    NODE_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    node: int
    incarnation: int
    def __init__(self, node: _Optional[int] = ..., incarnation: _Optional[int] = ...) -> None: ...

class RemoveNode(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: int
    def __init__(self, node: _Optional[int] = ...) -> None: ...

class ArchiveEvents(_message.Message):
    __slots__ = ("segment", "keep")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    segment: _archive_pb2.ArchiveSegment
    keep: int
    def __init__(self, segment: _Optional[_Union[_archive_pb2.ArchiveSegment, _Mapping]] = ..., keep: _Optional[int] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("accepted", "rejected")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    accepted: Accepted
    rejected: Rejected
    def __init__(self, accepted: _Optional[_Union[Accepted, _Mapping]] = ..., rejected: _Optional[_Union[Rejected, _Mapping]] = ...) -> None: ...

class Accepted(_message.Message):
    __slots__ = ("revision", "run", "pipeline_version", "node_incarnation", "release", "backfill", "events")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_VERSION_FIELD_NUMBER: _ClassVar[int]
    NODE_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    revision: int
    run: _run_pb2.RunRef
    pipeline_version: int
    node_incarnation: int
    release: int
    backfill: int
    events: _subscription_pb2.EventFates
    def __init__(self, revision: _Optional[int] = ..., run: _Optional[_Union[_run_pb2.RunRef, _Mapping]] = ..., pipeline_version: _Optional[int] = ..., node_incarnation: _Optional[int] = ..., release: _Optional[int] = ..., backfill: _Optional[int] = ..., events: _Optional[_Union[_subscription_pb2.EventFates, _Mapping]] = ...) -> None: ...

class Rejected(_message.Message):
    __slots__ = ("reason", "message", "help", "field")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    HELP_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    help: str
    field: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ..., help: _Optional[str] = ..., field: _Optional[str] = ...) -> None: ...
