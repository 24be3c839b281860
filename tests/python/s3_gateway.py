"""A real server of buckets for tests: versitygw, which keeps objects as files.

usage: s3_gateway.py DIRECTORY BUCKET PROGRAM

Prints a line of JSON once it serves: its endpoint, and the keys of a user who may do all. Then each line of its input is an
order, and is answered by a line of JSON:

keys           the keys in the bucket with their sizes
age  [PREFIX]  makes all of them, or those that begin so, three days older
put  KEY       puts a byte
"""

import json
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3

DAYS = 3 * 86_400


def start(program: str, data: pathlib.Path, log: pathlib.Path, user: dict[str, str]) -> str:
    """Starts the server at a free port; another one is tried where somebody else was faster."""
    environment = os.environ | {"ROOT_ACCESS_KEY": user["id"], "ROOT_SECRET_KEY": user["secret"]}
    for _ in range(10):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        # It does not outlive this program.
        command = ["setpriv", "--pdeathsig", "KILL", program]
        command += ["--port", address, "--health", "/health", "--quiet", "posix", str(data)]
        with log.open("ab") as output:
            server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        while server.poll() is None:
            try:
                urllib.request.urlopen(f"http://{address}/health", timeout=5).close()
                return f"http://{address}"
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
    raise RuntimeError(log.read_text())


def main() -> None:
    directory, bucket = pathlib.Path(sys.argv[1]), sys.argv[2]
    data = directory / "data"
    root = data / bucket
    root.mkdir(parents=True)
    user = {"id": secrets.token_hex(8), "secret": secrets.token_hex(16)}
    endpoint = start(sys.argv[3], data, directory / "log", user)
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=user["id"],
        aws_secret_access_key=user["secret"],
        region_name="us-east-1",
    )

    def keys() -> dict[str, int]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}

    def age(prefix: str = "") -> None:
        for key in keys():
            if key.startswith(prefix):
                path = root / key
                try:
                    old = path.stat().st_mtime - DAYS
                    os.utime(path, (old, old))
                except FileNotFoundError:
                    pass  # A sweep removed it.

    orders = {"keys": keys, "age": age, "put": lambda key: client.put_object(Bucket=bucket, Key=key, Body=b"x")}
    print(json.dumps({"endpoint": endpoint, "owner": user}), flush=True)
    for line in sys.stdin:
        order, *arguments = line.split()
        answer = orders[order](*arguments)
        print(json.dumps(answer if order == "keys" else None), flush=True)


if __name__ == "__main__":
    main()
