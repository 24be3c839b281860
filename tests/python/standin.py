"""What stand-ins have in common: a server with TLS that answers JSON, and orders on standard input."""

import json
import pathlib
import ssl
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from certificates import certificate

# What is said to a request by its method, its path, its headers with lower-case names, and its body.
Answer = Callable[[str, str, dict[str, str], bytes], tuple[int, dict]]


class Refused(Exception):
    """A request is refused with a status and a body."""

    def __init__(self, status: int, body: dict) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


def serve(directory: pathlib.Path, name: str, answer: Answer, obey: Callable[[str, list[str]], object], **said: str) -> None:
    """Serves at a free port, says where, and then does what it is told; one thing at a time."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {key.lower(): value for key, value in self.headers.items()}
            with lock:
                try:
                    status, found = answer(self.command, self.path, headers, body)
                except Refused as refused:
                    status, found = refused.status, refused.body
            text = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, *_: object) -> None:
            pass

    files = certificate(directory, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ready = {"address": f"https://127.0.0.1:{server.server_port}", "certificate": files[0]}
    print(json.dumps(ready | said), flush=True)
    for line in sys.stdin:
        order, *arguments = line.split()
        with lock:
            print(json.dumps(obey(order, arguments)), flush=True)
