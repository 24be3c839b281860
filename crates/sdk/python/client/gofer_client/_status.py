"""What the status of a failed call means."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import grpc
from google.rpc import error_details_pb2, status_pb2

from ._outcome import Rejected, Violation

DOMAIN = "gofer"
"""The domain of the details that every error of a node has."""
DETAILS = "grpc-status-details-bin"
TRANSIENT = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
    }
)


def is_transient(error: grpc.RpcError) -> bool:
    """Whether another try may fare better.

    What a broken connection is turned into has various codes, but no details.
    """
    code = error.code()
    if code in TRANSIENT:
        return True
    info, _, retry = _details(error)
    if code == grpc.StatusCode.RESOURCE_EXHAUSTED:
        return retry
    return code == grpc.StatusCode.INTERNAL and info is None


def is_from_node(error: grpc.RpcError) -> bool:
    """Whether a node said so itself, so that the connection to it works."""
    return _details(error)[0] is not None


def rejected(error: grpc.RpcError) -> Rejected:
    """The refusal in the terms of this package."""
    info, violations, _ = _details(error)
    metadata = dict(info.metadata) if info is not None else {}
    help_, field = metadata.pop("help", ""), metadata.pop("field", "")
    return Rejected(
        code=error.code(),
        message=error.details() or error.code().name,
        reason=info.reason if info is not None else "",
        help=help_,
        field=field or (violations[0].field if violations else ""),
        violations=violations,
        metadata=metadata,
    )


def reason(error: grpc.RpcError) -> str:
    """Why a try failed, in a few words."""
    return str(error.details() or error.code().name)


def _details(error: grpc.RpcError) -> Tuple[Optional[error_details_pb2.ErrorInfo], List[Violation], bool]:
    info: Optional[error_details_pb2.ErrorInfo] = None
    violations: List[Violation] = []
    retry = False
    metadata: Any = error.trailing_metadata() or ()
    for key, value in metadata:
        if key != DETAILS:
            continue
        try:
            details = status_pb2.Status.FromString(value).details
        except Exception:  # What is no status tells nothing.
            continue
        for detail in details:
            if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                found = error_details_pb2.ErrorInfo.FromString(detail.value)
                info = found if found.domain == DOMAIN else info
            elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                bad = error_details_pb2.BadRequest.FromString(detail.value)
                violations += [Violation(one.field, one.description) for one in bad.field_violations]
            elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
                retry = True
    return info, violations, retry
