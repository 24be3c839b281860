"""A server of buckets for tests: moto's, a stand-in that speaks S3's protocol and checks signatures and policies.

usage: s3.py DIRECTORY BUCKET [--tls]

Prints a line of JSON once it serves: its endpoint, the keys of a user who may do all and of one who may only read, and with
--tls the files of the certificate it shows and of another one. Then each line of its input is an order, and is answered by
a line of JSON:

keys    the keys in the bucket with their sizes
age     [PREFIX]  makes all of them, or those that begin so, three days older
damage  KEY  flips the first byte
delete  KEY
put     KEY  puts a byte
stop    closes the port
start   opens the same port again
counts  the requests since the last time, by method
"""

import datetime
import json
import os
import pathlib
import sys
import threading

# Before moto reads them: every request must be signed, and values larger than this are in files.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "0"
os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = "65536"

from certificates import certificate
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import BaseWSGIServer, make_server


class QuietHandler(MotoRequestHandler):
    """Serves one request after the other on a connection, and says nothing about them."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        pass


class Server:
    def __init__(self, tls: tuple[str, str] | None) -> None:
        self.counts: dict[str, int] = {}
        self.lock = threading.Lock()
        self.app = DomainDispatcherApplication(create_backend_app)
        self.tls = tls
        self.port = 0
        self.serving: BaseWSGIServer | None = None
        self.start()

    def __call__(self, environ: dict, start_response: object) -> object:
        with self.lock:
            method = environ["REQUEST_METHOD"]
            self.counts[method] = self.counts.get(method, 0) + 1
        return self.app(environ, start_response)

    def start(self) -> None:
        if self.serving is None:
            self.serving = make_server(
                "127.0.0.1", self.port, self, threaded=True, request_handler=QuietHandler, ssl_context=self.tls
            )
            self.serving.daemon_threads = True
            self.port = self.serving.server_port
            threading.Thread(target=self.serving.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self.serving is not None:
            self.serving.shutdown()
            self.serving.server_close()
            self.serving = None


def user(name: str, actions: list[str]) -> dict[str, str]:
    backend = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.create_user("us-east-1", name)
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    backend.put_user_policy(name, "buckets", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    key = backend.create_access_key(name)
    return {"id": key.access_key_id, "secret": key.secret_access_key}


def main() -> None:
    directory, bucket = pathlib.Path(sys.argv[1]), sys.argv[2]
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.create_bucket(bucket, "us-east-1")
    tls = "--tls" in sys.argv[3:]
    own, other = (certificate(directory, name) if tls else None for name in ("own", "other"))
    server = Server(own)
    ready = {
        "endpoint": f"{'https' if tls else 'http'}://127.0.0.1:{server.port}",
        "owner": user("owner", ["s3:*"]),
        "reader": user("reader", ["s3:GetObject", "s3:ListBucket"]),
        "certificate": own and own[0],
        "other_certificate": other and other[0],
    }

    def keys() -> dict[str, int]:
        return {name: key.size for name, key in list(backend.buckets[bucket].keys.items())}

    def age(prefix: str = "") -> None:
        for key in [key for name, key in list(backend.buckets[bucket].keys.items()) if name.startswith(prefix)]:
            key.last_modified -= datetime.timedelta(days=3)

    def damage(name: str) -> None:
        key = backend.buckets[bucket].keys[name]
        value = key.value
        key.value = bytes([value[0] ^ 1]) + value[1:]

    def counts() -> dict[str, int]:
        with server.lock:
            counted, server.counts = server.counts, {}
        return counted

    orders = {
        "keys": keys,
        "age": age,
        "damage": damage,
        "delete": lambda name: backend.delete_object(bucket, name),
        "put": lambda name: backend.put_object(bucket, name, b"x"),
        "stop": server.stop,
        "start": server.start,
        "counts": counts,
    }
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        order, *arguments = line.split()
        answer = orders[order](*arguments)
        print(json.dumps(answer if order in ("keys", "counts") else None), flush=True)


if __name__ == "__main__":
    main()
