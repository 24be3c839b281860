"""A client of Gofer clusters.

>>> import gofer_client
>>> from gofer_client import api, model
>>> client = gofer_client.connect(["10.0.0.1:7600", "10.0.0.2:7600", "10.0.0.3:7600"])
>>> request = api.StartRunRequest(pipeline=model.PipelineRef(namespace="default", pipeline="nightly"))

``client.start_run(request)`` then is one of three: Committed with the run and the revision; Rejected with the reason and
what to do; Unknown, when the answer was lost or the time was up, with the request id. The same request with this id
again, later or from another process, starts the run unless it was started already.

Calls go to one of the nodes and, when it fails, to the next one, until the time is up. Writes are repeated with the same
request id only. Streams go on with the next node where they were. What can be said is in ``gofer_client.api``,
``gofer_client.model`` and ``gofer_client.log``, which are generated from ``proto/``.

>>> client.close()
"""

from . import api, log, model
from ._client import Client, Events, connect
from ._outcome import Committed, GoferError, Outcome, Rejected, Unknown, Unreachable, Violation
from ._stream import Stream

__all__ = [
    "Client",
    "Committed",
    "Events",
    "GoferError",
    "Outcome",
    "Rejected",
    "Stream",
    "Unknown",
    "Unreachable",
    "Violation",
    "api",
    "connect",
    "log",
    "model",
]
