import sys
import time

import gofer_client
from gofer_client import Committed, Rejected, api, model

with gofer_client.connect(sys.argv[1].split(",")) as client:
    request = api.StartRunRequest(pipeline=model.PipelineRef(namespace="default", pipeline="nightly"))
    deadline = time.monotonic() + 300
    while True:
        outcome = client.start_run(request)
        if isinstance(outcome, Committed):
            run = outcome.value.run
            break
        if isinstance(outcome, Rejected):
            sys.exit(f"{outcome.reason}: {outcome.message} ({outcome.help})")
        if time.monotonic() > deadline:
            sys.exit(str(outcome))
        request.request_id = outcome.request_id.bytes  # Asked again with the same id, it is started once.
    for state in client.watch_run(api.WatchRunRequest(run=run)):
        print(f"run {run.run}: {model.RunStatus.Name(state.status)}")
    for record in client.logs(api.StreamLogsRequest(run=run)):
        print(f"{record.task}: {record.data.decode()}", end="")
