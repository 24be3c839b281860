"""A real HashiCorp Vault or OpenBao for the tests that otherwise ask vault.py; the same output and the same orders.

usage: vault_server.py DIRECTORY PROGRAM

The program runs as its own server for development. In front of it is a port with TLS that passes on what it is asked, word for
word, and remembers it. There is no namespace, as a Vault has none in its free edition.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from standin import Refused, serve

ROOT = "root-of-the-tests"
POLICY = """
path "kv/data/gofer/*" { capabilities = ["read"] }
path "kv/data/gofer/pipelines/default/locked/*" { capabilities = ["deny"] }
"""


class State:
    address = ""
    unseal_key = ""
    log: list[str] = []


def ask(method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, dict]:
    """Asks the real one; as its root, if nothing else is said."""
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{State.address}{path}", data or None, headers or {"X-Vault-Token": ROOT}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


def told(method: str, path: str, body: object = None) -> dict:
    status, found = ask(method, f"/v1/{path}", body)
    if status >= 300:
        raise RuntimeError(f"{method} {path}: {status} {found}")
    return found


def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict]:
    State.log.append(f"{method} {path}")
    passed = {name: value for name, value in headers.items() if name.startswith("x-vault-") or name == "content-type"}
    status, found = ask(method, path, body, passed)
    if status >= 300:
        raise Refused(status, found)
    return status, found


def obey(order: str, arguments: list[str]) -> object:
    if order == "put":
        told("POST", f"kv/data/{arguments[0]}", {"data": json.loads(" ".join(arguments[1:]))})
    elif order == "delete":
        told("DELETE", f"kv/data/{arguments[0]}")
    elif order == "revoke":
        told("PUT", "sys/leases/revoke-prefix/auth/approle/login")
    elif order == "seal":
        told("PUT", "sys/seal")
    elif order == "unseal":
        told("PUT", "sys/unseal", {"key": State.unseal_key})
    elif order == "log":
        logged, State.log = State.log, []
        return logged
    else:
        raise ValueError(order)
    return None


def start(program: str, log: pathlib.Path) -> None:
    """Starts it at a free port, and reads the key that opens its seal."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    State.address = f"http://{address}"
    command = ["setpriv", "--pdeathsig", "KILL", program, "server", "-dev", "-dev-no-store-token"]
    command += [f"-dev-listen-address={address}", f"-dev-root-token-id={ROOT}"]
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
    )
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("Unseal Key: "):
            State.unseal_key = line.removeprefix("Unseal Key: ").strip()
            break
    else:
        raise RuntimeError("the server ended")
    threading.Thread(target=lambda: log.write_text(server.stdout.read()), daemon=True).start()


def ready() -> bool:
    try:
        return ask("GET", "/v1/sys/health")[0] == 200
    except OSError:
        return False


def main() -> None:
    directory = pathlib.Path(sys.argv[1])
    start(sys.argv[2], directory / "log")
    while not ready():
        time.sleep(0.05)
    told("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}})
    told("POST", "sys/auth/approle", {"type": "approle"})
    told("PUT", "sys/policies/acl/gofer", {"policy": POLICY})
    told("POST", "auth/approle/role/gofer", {"token_policies": ["gofer"], "token_ttl": "20m"})
    role = told("GET", "auth/approle/role/gofer/role-id")["data"]["role_id"]
    secret = told("POST", "auth/approle/role/gofer/secret-id", {})["data"]["secret_id"]
    token = told("POST", "auth/token/create", {"policies": ["gofer"]})["auth"]["client_token"]
    for name, text in (("token", token), ("secret-id", secret)):
        (directory / name).write_text(text + "\n")
    files = {"secret_id_file": str(directory / "secret-id"), "token_file": str(directory / "token")}
    serve(directory, "vault", answer, obey, role_id=role, **files)


if __name__ == "__main__":
    main()
