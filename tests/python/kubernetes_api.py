"""A strict stand-in for the Kubernetes API, made from its published reference; it is none.

It knows what Gofer asks for: one Secret by its name, with the token of a service account. What a real one refuses, it refuses
with the same status and the same kind of object.

usage: kubernetes_api.py DIRECTORY NAMESPACE

Serves TLS, and prints a line of JSON once it does: its address, the file of its certificate, and the file of a token, which may
get Secrets, but not gofer.pipelines.default.locked. Then each line of its input is an order, and is answered by a line of JSON:

put     NAME JSON  makes or replaces a Secret whose data are these texts
rotate             replaces the token, in the file as well; the old one ends
stop, go           answers 503 from now on, or as it should
log                the requests since the last time, as method and path
"""

import base64
import json
import pathlib
import re
import secrets
import sys

from standin import Refused, serve

NAMESPACE = sys.argv[2]
PATH = re.compile(r"/api/v1/namespaces/([^/]+)/secrets/([^/]+)")
SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


class State:
    secrets: dict[str, dict[str, str]] = {}
    token = ""
    log: list[str] = []
    stopped = False


def refused(code: int, reason: str, message: str, **details: str) -> Refused:
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    return Refused(code, status | {"reason": reason, "details": details, "code": code})


def answer(method: str, url: str, headers: dict[str, str], _: bytes) -> tuple[int, dict]:
    State.log.append(f"{method} {url}")
    if State.stopped:
        raise refused(503, "ServiceUnavailable", "apiserver not ready")
    if headers.get("authorization") != f"Bearer {State.token}":
        raise refused(401, "Unauthorized", "Unauthorized")
    found = PATH.fullmatch(url)
    if found is None or method != "GET":
        raise refused(403, "Forbidden", f'forbidden: User "system:serviceaccount:builds:gofer" cannot {method} path "{url}"')
    namespace, name = found.groups()
    if namespace != NAMESPACE or name == "gofer.pipelines.default.locked" or not SUBDOMAIN.fullmatch(name):
        raise refused(403, "Forbidden", f'secrets "{name}" is forbidden: User cannot get it', name=name, kind="secrets")
    if name not in State.secrets:
        raise refused(404, "NotFound", f'secrets "{name}" not found', name=name, kind="secrets")
    data = {key: base64.b64encode(text.encode()).decode() for key, text in State.secrets[name].items()}
    metadata = {"name": name, "namespace": namespace, "uid": secrets.token_hex(16), "resourceVersion": "1"}
    return 200, {"kind": "Secret", "apiVersion": "v1", "metadata": metadata, "data": data, "type": "Opaque"}


def obey(order: str, arguments: list[str]) -> object:
    if order == "put":
        State.secrets[arguments[0]] = json.loads(" ".join(arguments[1:]))
    elif order == "rotate":
        draw_token()
    elif order in ("stop", "go"):
        State.stopped = order == "stop"
    elif order == "log":
        logged, State.log = State.log, []
        return logged
    else:
        raise ValueError(order)
    return None


def draw_token() -> None:
    State.token = "ey." + secrets.token_urlsafe(24)
    (DIRECTORY / "token").write_text(State.token + "\n")


if __name__ == "__main__":
    DIRECTORY = pathlib.Path(sys.argv[1])
    draw_token()
    serve(DIRECTORY, "kubernetes", answer, obey, token_file=str(DIRECTORY / "token"))
