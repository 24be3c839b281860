"""A client as a stranger would write it: stubs generated from proto/, reflection to look around, one follower's address.

usage: client.py PROTO_DIRECTORY ADDRESS
"""

import importlib
import pathlib
import sys
import tempfile
import uuid

import grpc
import grpc_tools
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc


def generate(protos: pathlib.Path, out: str) -> None:
    files = [str(path.relative_to(protos)) for path in sorted(protos.rglob("*.proto"))]
    well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{protos}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}"]
    if protoc.main(arguments + files) != 0:
        sys.exit("protoc failed")
    sys.path.insert(0, out)


def main() -> None:
    protos, address = pathlib.Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as out:
        generate(protos, out)
        api = {
            name: importlib.import_module(f"gofer.api.v1.{name}")
            for name in ("pipeline_service_pb2", "pipeline_service_pb2_grpc", "run_service_pb2", "run_service_pb2_grpc")
        }
        model = {name: importlib.import_module(f"gofer.model.v1.{name}") for name in ("config_pb2", "run_pb2")}
        with grpc.insecure_channel(address) as channel:
            services = list(ProtoReflectionDescriptorDatabase(channel).get_services())
            print("reflection:", " ".join(sorted(services)))
            assert "gofer.api.v1.RunService" in services, services
            talk(channel, api, model)


def talk(channel, api, model) -> None:
    config, run_pb2 = model["config_pb2"], model["run_pb2"]
    pipelines = api["pipeline_service_pb2_grpc"].PipelineServiceStub(channel)
    runs = api["run_service_pb2_grpc"].RunServiceStub(channel)
    pipeline_messages, run_messages = api["pipeline_service_pb2"], api["run_service_pb2"]

    first = config.TaskConfig(id="first", command=["/bin/sh", "-c", "echo from python"])
    second = config.TaskConfig(id="second", command=["true"], depends_on=[config.Dependency(task="first")])
    request = pipeline_messages.RegisterPipelineRequest(
        request_id=uuid.uuid4().bytes,
        namespace="default",
        config=config.PipelineConfig(id="python", tasks=[first, second]),
    )
    version = pipelines.RegisterPipeline(request, timeout=30).version
    assert pipelines.RegisterPipeline(request, timeout=30).version == version, "a retry gets the first answer"
    print("registered version", version)

    pipeline = run_pb2.PipelineRef(namespace="default", pipeline="python")
    start = run_messages.StartRunRequest(request_id=uuid.uuid4().bytes, pipeline=pipeline)
    run = runs.StartRun(start, timeout=30).run
    assert runs.StartRun(start, timeout=30).run == run, "a retry starts no second run"
    last = None
    for update in runs.WatchRun(run_messages.WatchRunRequest(run=run), timeout=60):
        last = update.run
        states = " ".join(f"{t.id}={run_pb2.TaskStatus.Name(t.outcome.status)[12:].lower()}" for t in last.tasks)
        print(f"revision {last.revision}: {run_pb2.RunStatus.Name(last.status)[11:].lower()} {states}")
    assert last.status == run_pb2.RUN_STATUS_SUCCEEDED, last
    logs = runs.StreamLogs(run_messages.StreamLogsRequest(run=run, task="first"), timeout=30)
    output = b"".join(record.data for record in logs)
    assert output == b"from python\n", output
    print("log of first:", output.decode().strip())

    try:
        pipelines.RegisterPipeline(
            pipeline_messages.RegisterPipelineRequest(
                namespace="default", config=config.PipelineConfig(id="loop", tasks=[cyclic(config, "a", "b"), cyclic(config, "b", "a")])
            ),
            timeout=30,
        )
        sys.exit("a cycle was accepted")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        print("a cycle is refused:", error.details())


def cyclic(config, task: str, parent: str):
    return config.TaskConfig(id=task, command=["true"], depends_on=[config.Dependency(task=parent)])


main()
