"""Strict stand-ins for what shared tasks talk to, made from the published interfaces; they are none of these services.

- An incoming webhook of Slack: one path, JSON with a text or attachments, `ok` or an error as plain text.
- GitHub's API of commit statuses, below /api/v3 as a GitHub Enterprise Server has it: its headers, its body, its errors.
- A mail server that wants STARTTLS and a password, and one that wants neither. An order that is out of place is refused.

usage: receivers.py DIRECTORY

Prints a line of JSON once it serves: addresses, and what opens them. Then each line of its input is an order, and is answered
by a line of JSON:

busy N     the next N requests over HTTP are asked to come again in a second
log        what was taken since the last time
"""

import base64
import json
import pathlib
import re
import secrets
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import github_rules
from certificates import certificate

HOOK = f"/services/T0/B0/{secrets.token_hex(12)}"
TOKEN = f"ghp_{secrets.token_hex(18)}"
PASSWORD = f"mail-{secrets.token_hex(12)}"
LOCK = threading.Lock()
COMMIT = "6dcb09b5b57875f334f61aebed695e2e4193db5e"


class Taken:
    slack: list[dict] = []
    github: list[dict] = []
    mail: list[dict] = []
    busy = 0
    requests = 0


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: str, kind: str, *headers: tuple[str, str]) -> None:
        text = body.encode()
        self.send_response(status)
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(text))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with LOCK:
            Taken.requests += 1
            if Taken.busy:
                Taken.busy -= 1
                return self.answer(429, "rate_limited", "text/plain", ("Retry-After", "1"))
            if self.path.startswith("/services/"):
                return self.answer(*slack(self.path, self.headers, body), "text/plain")
            status, found = github(self.path, self.headers, body)
            return self.answer(status, json.dumps(found), "application/json; charset=utf-8")

    def log_message(self, *_: object) -> None:
        pass


def slack(path: str, headers, body: bytes) -> tuple[int, str]:
    if path != HOOK:
        return 404, "no_service"
    try:
        sent = json.loads(body)
    except ValueError:
        return 400, "invalid_payload"
    known = {"text", "attachments", "channel", "username"}
    if headers.get("Content-Type") != "application/json" or not isinstance(sent, dict) or set(sent) - known:
        return 400, "invalid_payload"
    if not sent.get("text") and not sent.get("attachments"):
        return 400, "no_text"
    if sent.get("channel") == "#gone":
        return 404, "channel_not_found"
    Taken.slack.append(sent)
    return 200, "ok"


def github(path: str, headers, body: bytes) -> tuple[int, dict]:
    if refused := github_rules.refused(headers, TOKEN):
        return refused
    found = re.fullmatch(r"/api/v3/repos/octocat/hello-world/statuses/([0-9a-f]{40})", path)
    if not found:
        return 404, {"message": "Not Found"}
    if found[1] != COMMIT:
        return 422, {"message": f"No commit found for SHA: {found[1]}"}
    sent = json.loads(body)
    if refused := github_rules.status_refused(sent):
        return refused
    Taken.github.append(sent)
    return 201, {"id": len(Taken.github), **sent}


class Mail(socketserver.StreamRequestHandler):
    """One conversation, by RFC 5321."""

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
        self.wfile.flush()

    def handle(self) -> None:
        self.greeted = self.encrypted = self.known = False
        self.sender, self.recipients = None, []
        self.say("220 stand-in ESMTP")
        while line := self.rfile.readline(4096):
            if not line.endswith(b"\r\n"):
                return self.say("500 lines end with CRLF")
            words = line.decode().strip()
            if words.upper() == "QUIT":
                return self.say("221 bye")
            self.obey(words)

    def obey(self, words: str) -> None:
        wants_all = self.server.context is not None
        verb = words.split(" ", 1)[0].split(":")[0].upper()
        if verb == "EHLO":
            self.greeted = True
            offers = ["stand-in"]
            if wants_all:
                offers.append("AUTH PLAIN" if self.encrypted else "STARTTLS")
            for offer in offers[:-1]:
                self.say(f"250-{offer}")
            self.say(f"250 {offers[-1]}")
        elif not self.greeted:
            self.say("503 say hello first")
        elif verb == "STARTTLS" and wants_all and not self.encrypted:
            self.say("220 go ahead")
            self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
            self.encrypted, self.greeted = True, False
        elif wants_all and not self.encrypted:
            self.say("530 5.7.0 Must issue a STARTTLS command first")
        elif verb == "AUTH" and wants_all:
            sent = base64.b64decode(words.split(" ")[2]).split(b"\0")
            self.known = sent[1:] == [b"gofer", PASSWORD.encode()]
            self.say("235 2.7.0 welcome" if self.known else "535 5.7.8 Authentication credentials invalid")
        elif wants_all and not self.known:
            self.say("530 5.7.0 Authentication required")
        elif verb == "MAIL":
            self.sender, self.recipients = words, []
            self.say("250 2.1.0 ok")
        elif verb == "RCPT" and self.sender:
            if "nobody@" in words:
                return self.say("550 5.1.1 no such user here")
            self.recipients.append(words.split("<")[1].rstrip(">"))
            self.say("250 2.1.5 ok")
        elif verb == "DATA" and self.recipients:
            self.say("354 end with a dot")
            lines = []
            while (line := self.rfile.readline(4096)) != b".\r\n":
                if not line:
                    return
                lines.append(line.decode())
            with LOCK:
                Taken.mail.append({"to": self.recipients, "encrypted": self.encrypted, "text": "".join(lines)})
            self.sender = None
            self.say("250 2.0.0 queued")
        else:
            self.say("503 5.5.1 not now")


def mail_server(context: ssl.SSLContext | None) -> int:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    server.daemon_threads, server.context = True, context
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


files = certificate(pathlib.Path(sys.argv[1]), "mail")
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(*files)
web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
web.daemon_threads = True
threading.Thread(target=web.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{web.server_port}"
ready = {"hook": base + HOOK, "github": f"{base}/api/v3", "token": TOKEN, "password": PASSWORD, "commit": COMMIT}
ready |= {"mail": str(mail_server(tls)), "open_mail": str(mail_server(None)), "certificate": files[0]}
print(json.dumps(ready), flush=True)
for line in sys.stdin:
    order, *arguments = line.split()
    with LOCK:
        if order == "busy":
            Taken.busy, said = int(arguments[0]), {}
        else:
            said = {"slack": Taken.slack, "github": Taken.github, "mail": Taken.mail, "requests": Taken.requests}
            Taken.slack, Taken.github, Taken.mail, Taken.requests = [], [], [], 0
    print(json.dumps(said), flush=True)
