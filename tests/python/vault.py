"""A strict stand-in for a HashiCorp Vault or an OpenBao, made from its published API; it is neither.

It knows what Gofer asks for: the engine KV version 2 at kv/, the method AppRole at auth/approle/, and lookup-self; tokens that
end, policies, a namespace, and the seal. What a real one refuses, it refuses with the same status and text.

usage: vault.py DIRECTORY NAMESPACE

Serves TLS, and prints a line of JSON once it does: its address, the file of its certificate, a role and its secret, and the
file of a token. Both may read below kv/gofer, but not kv/gofer/pipelines/default/locked. Then each line of its input is an order, and
is answered by a line of JSON:

put     PATH JSON  a new version of what is at a path below kv/
delete  PATH       deletes the newest version softly
revoke             ends all tokens that logins gave
seal, unseal
log                the requests since the last time, as method and path, and how many logins there were
"""

import json
import pathlib
import secrets
import sys

from standin import Refused, serve

NAMESPACE = sys.argv[2]
ROLE, SECRET = secrets.token_hex(16), secrets.token_hex(16)


class State:
    values: dict[str, list[dict | None]] = {}
    tokens: set[str] = set()
    log: list[str] = []
    sealed = False


def refused(status: int, *errors: str) -> Refused:
    return Refused(status, {"errors": list(errors)})


def may_read(path: str) -> bool:
    return path.startswith("kv/data/gofer/") and not path.startswith("kv/data/gofer/pipelines/default/locked/")


def read(path: str) -> tuple[int, dict]:
    versions = State.values.get(path.removeprefix("kv/data/"))
    if not versions:
        raise refused(404)
    deleted = "" if versions[-1] is not None else "2026-01-01T00:00:00.000000000Z"
    metadata = {"version": len(versions), "created_time": "2026-01-01T00:00:00Z", "deletion_time": deleted}
    metadata |= {"destroyed": False, "custom_metadata": None}
    envelope = {"request_id": secrets.token_hex(16), "lease_id": "", "renewable": False, "lease_duration": 0}
    envelope |= {"data": {"data": versions[-1], "metadata": metadata}, "wrap_info": None, "warnings": None, "auth": None}
    return (200 if versions[-1] is not None else 404), envelope


def log_in(body: bytes) -> tuple[int, dict]:
    try:
        sent = json.loads(body)
    except ValueError:
        raise refused(400, "failed to parse JSON input") from None
    if "role_id" not in sent:
        raise refused(400, "missing role_id")
    if (sent["role_id"], sent.get("secret_id")) != (ROLE, SECRET):
        raise refused(400, "invalid role or secret ID")
    token = "hvs." + secrets.token_urlsafe(24)
    State.tokens.add(token)
    auth = {"client_token": token, "policies": ["default", "gofer"], "lease_duration": 1200, "renewable": True}
    return 200, {"auth": auth, "data": None, "lease_id": ""}


def answer(method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict]:
    State.log.append(f"{method} {url}")
    if State.sealed:
        raise refused(503, "Vault is sealed")
    if not url.startswith("/v1/"):
        raise refused(404, "no handler for route")
    path = url.removeprefix("/v1/")
    if headers.get("x-vault-request") != "true":
        raise refused(412, "missing 'X-Vault-Request' header")
    if headers.get("x-vault-namespace", "").strip("/") != NAMESPACE:
        raise refused(404, f'no handler for route "{path}". route entry not found.')
    if (method, path) == ("POST", "auth/approle/login"):
        return log_in(body)
    token = headers.get("x-vault-token")
    if token is None:
        raise refused(403, "permission denied")
    if token not in State.tokens:
        raise refused(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
    if (method, path) == ("GET", "auth/token/lookup-self"):
        return 200, {"data": {"policies": ["default", "gofer"], "ttl": 900}}
    if not may_read(path):
        raise refused(403, "1 error occurred:\n\t* permission denied\n\n")
    if method != "GET":
        raise refused(405)
    return read(path)


def obey(order: str, arguments: list[str]) -> object:
    if order == "put":
        State.values.setdefault(arguments[0], []).append(json.loads(" ".join(arguments[1:])))
    elif order == "delete":
        State.values[arguments[0]][-1] = None
    elif order == "revoke":
        State.tokens = {token for token in State.tokens if token.startswith("file.")}
    elif order in ("seal", "unseal"):
        State.sealed = order == "seal"
    elif order == "log":
        logged, State.log = State.log, []
        return logged
    else:
        raise ValueError(order)
    return None


def main() -> None:
    directory = pathlib.Path(sys.argv[1])
    token = "file." + secrets.token_hex(16)
    State.tokens.add(token)
    for name, text in (("token", token), ("secret-id", SECRET)):
        (directory / name).write_text(text + "\n")
    files = {"secret_id_file": str(directory / "secret-id"), "token_file": str(directory / "token")}
    serve(directory, "vault", answer, obey, role_id=ROLE, namespace=NAMESPACE, **files)


if __name__ == "__main__":
    main()
