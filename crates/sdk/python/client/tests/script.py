"""Servers that answer from a script: they speak the real protocol over real sockets."""

from __future__ import annotations

from concurrent import futures
from typing import Any, Callable, Dict, List, Optional, Tuple

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from gofer_client.gen.gofer.api.v1 import event_service_pb2, namespace_service_pb2, run_service_pb2

MODULES = (event_service_pb2, namespace_service_pb2, run_service_pb2)


class Status(Exception):
    """How a call is refused."""

    def __init__(self, code: grpc.StatusCode, message: str, *details: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.details = code, message, details


def info(reason: str, **metadata: str) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain="gofer", metadata=metadata)


def retry_info() -> error_details_pb2.RetryInfo:
    return error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=1))


class Script:
    """A node. ``answers`` has a function for each method; what it was asked is in ``asked``."""

    def __init__(self, **answers: Callable[[Any], Any]) -> None:
        self.answers = answers
        self.asked: List[Tuple[str, Any]] = []
        self.metadata: List[Dict[str, Any]] = []
        self.server: Optional[grpc.Server] = None

    def __enter__(self) -> Script:
        self.server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        for module in MODULES:
            for service in module.DESCRIPTOR.services_by_name.values():
                handlers = {method.name: self._handler(method) for method in service.methods}
                handler = grpc.method_handlers_generic_handler(service.full_name, handlers)
                self.server.add_generic_rpc_handlers((handler,))
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.server is not None
        self.server.stop(0).wait()

    def _handler(self, method: Any) -> Any:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            self.asked.append((method.name, request))
            self.metadata.append(dict(context.invocation_metadata()))
            try:
                answered = self.answers[method.name](request)
                if not method.server_streaming:
                    return answered
            except Status as status:
                refuse(context, status)
            return stream(answered, context)

        def stream(answered: Any, context: grpc.ServicerContext) -> Any:
            try:
                yield from answered
            except Status as status:
                refuse(context, status)

        kind = grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
        return kind(
            answer,
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )


def refuse(context: grpc.ServicerContext, status: Status) -> None:
    packed = []
    for detail in status.details:
        packed.append(any_pb2.Any())
        packed[-1].Pack(detail)
    if packed:
        whole = status_pb2.Status(code=status.code.value[0], message=status.message, details=packed)
        context.set_trailing_metadata((("grpc-status-details-bin", whole.SerializeToString()),))
    context.abort(status.code, status.message)
