"""A strict stand-in for GitHub's REST API of pull requests and commit statuses, made from its published documentation; it is
not GitHub. It serves one repository, below /api/v3 as a GitHub Enterprise Server has it: lists in pages with Link and ETag,
single pull requests, statuses of their commits, limits and errors. What the documentation does not have is refused.

usage: pull_requests.py DIRECTORY

Prints a line of JSON once it serves. Then each line of its input is an order, and is answered by a line of JSON:

open N [BASE]    opens so many; their numbers and newest commits
push NUMBER      the newest commit of one is another
close NUMBER     merge NUMBER     reopen NUMBER
slip NUMBER      closes one just after the first page of the list is sent the next time, so that the second page leaves one out
limit SECONDS    refuses for so long, and says how long that is
used-up SECONDS  the next answer is the last one of the limit, until so many seconds later
fail N           the next N requests are answered with errors of the server
hang N           the next N requests are not answered
token TOKEN      this is the right one from now on
log              what was asked since the last time
"""

import hashlib
import json
import re
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import github_rules

NAME = "octocat/hello-world"
PREFIX = f"/api/v3/repos/{NAME}"
LIMIT = 5000
LOCK = threading.Lock()
USER = {"login": "octocat", "id": 1, "type": "User"}


class Kept:
    token = f"ghp_{secrets.token_hex(18)}"
    pulls: dict[int, dict] = {}
    slip: int | None = None
    failures = hanging = 0
    refused_until = used_up_until = 0.0
    is_last_one = False
    log: dict = {}


def begin_log() -> dict:
    said = Kept.log
    Kept.log = {"requests": 0, "not_modified": 0, "pages": 0, "singles": 0, "early": 0, "wrong": [], "statuses": []}
    return said


def commit() -> str:
    return secrets.token_hex(20)


def repository() -> dict:
    html = f"https://github.example/{NAME}"
    return {
        "id": 1296269, "name": NAME.split("/")[1], "full_name": NAME, "owner": USER, "private": True, "html_url": html,
        "clone_url": f"{html}.git", "pulls_url": f"https://github.example/api/v3/repos/{NAME}/pulls{{/number}}",
        "default_branch": "main",
    }


def open_one(base: str) -> dict:
    number = 2 * len(Kept.pulls) + 1  # The numbers between are those of issues.
    sha, now = commit(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    Kept.pulls[number] = {
        "id": 1000 + number, "number": number, "state": "open", "locked": False, "title": f"Change {number}", "user": USER,
        "html_url": f"https://github.example/{NAME}/pull/{number}", "body": "Please pull this in.", "draft": False,
        "created_at": now, "updated_at": now, "closed_at": None, "merged_at": None, "labels": [], "milestone": None,
        "head": {"label": f"octocat:topic-{number}", "ref": f"topic-{number}", "sha": sha, "user": USER, "repo": repository()},
        "base": {"label": f"octocat:{base}", "ref": base, "sha": "0" * 40, "user": USER, "repo": repository()},
    }
    return {"number": number, "head": sha}


def end(number: int, is_merged: bool) -> dict:
    pull, now = Kept.pulls[number], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    pull |= {"state": "closed", "closed_at": now, "merged_at": now if is_merged else None}
    return {"number": number, "head": pull["head"]["sha"]}


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status, self.message = status, message


def page_of(query: str) -> tuple[int, int]:
    """Which page of which size is asked for: only of those that are open, the oldest first."""
    given = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    names = dict(given)
    if len(names) != len(given) or set(names) != {"state", "sort", "direction", "per_page", "page"}:
        raise Refused(422, f"unexpected parameters: {query}")
    if (names["state"], names["sort"], names["direction"]) != ("open", "created", "asc"):
        raise Refused(422, f"unexpected values: {query}")
    size, page = int(names["per_page"]), int(names["page"])
    if not 1 <= size <= 100 or page < 1:
        raise Refused(422, f"no such page: {query}")
    return page, size


def listed(query: str, tag: str | None) -> tuple[int, list | None, list[tuple[str, str]]]:
    page, size = page_of(query)
    Kept.log["pages"] += 1
    pulls = [pull for _, pull in sorted(Kept.pulls.items()) if pull["state"] == "open"]
    found = json.loads(json.dumps(pulls[(page - 1) * size : page * size]))
    headers = []
    if len(pulls) > page * size:
        url = f"https://github.example{PREFIX}/pulls?state=open&per_page={size}&page="
        headers.append(("Link", f'<{url}{page + 1}>; rel="next", <{url}{-(-len(pulls) // size)}>; rel="last"'))
    if page == 1 and Kept.slip is not None:
        end(Kept.slip, False)
        Kept.slip = None
    etag = f'W/"{hashlib.sha256(json.dumps([found, headers]).encode()).hexdigest()}"'
    headers.append(("ETag", etag))
    if tag == etag:
        Kept.log["not_modified"] += 1
        return 304, None, headers
    return 200, found, headers


def single(number: int) -> dict:
    Kept.log["singles"] += 1
    if number not in Kept.pulls:
        raise Refused(404, "Not Found")
    pull = Kept.pulls[number]
    is_merged = pull["merged_at"] is not None
    more = {"merged": is_merged, "mergeable": None, "merged_by": USER if is_merged else None}
    return pull | more | {"comments": 0, "commits": 1, "additions": 1, "deletions": 0, "changed_files": 1}


def take_status(sha: str, body: bytes) -> dict:
    if sha not in {pull["head"]["sha"] for pull in Kept.pulls.values()}:
        raise Refused(422, f"No commit found for SHA: {sha}")
    sent = json.loads(body)
    if refused := github_rules.status_refused(sent):
        raise Refused(refused[0], refused[1]["message"])
    Kept.log["statuses"].append({"sha": sha, **sent})
    return {"id": len(Kept.log["statuses"]), **sent}


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, found: object, headers: list[tuple[str, str]]) -> None:
        text = b"" if found is None else json.dumps(found).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if found is not None:
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def limits(self) -> tuple[list[tuple[str, str]], tuple[int, str] | None]:
        """The headers of limits, and a refusal if one is used up. Whoever asks before it may is noted."""
        now = time.time()
        if now < Kept.refused_until:
            Kept.log["early"] += self.server.was_told
            self.server.was_told = True
            wait = int(Kept.refused_until - now) + 1
            return [("Retry-After", str(wait))], (403, "You have exceeded a secondary rate limit. Please wait.")
        self.server.was_told = False
        if now < Kept.used_up_until and not Kept.is_last_one:
            Kept.log["early"] += 1
            return [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", str(int(Kept.used_up_until)))], (
                403, f"API rate limit exceeded for user ID {USER['id']}."
            )
        remaining, reset = ("0", int(Kept.used_up_until)) if Kept.is_last_one else (str(LIMIT - 1), int(now) + 3600)
        Kept.is_last_one = False
        return [("X-RateLimit-Limit", str(LIMIT)), ("X-RateLimit-Remaining", remaining), ("X-RateLimit-Reset", str(reset))], None

    def decide(self, body: bytes) -> tuple[int, object, list[tuple[str, str]]]:
        if Kept.failures:
            Kept.failures -= 1
            return 502, {"message": "Server Error"}, []
        if refused := github_rules.refused(self.headers, Kept.token):
            return *refused, []
        limits, refusal = self.limits()
        if refusal:
            return refusal[0], {"message": refusal[1]}, limits
        url = urlsplit(self.path)
        number = re.fullmatch(rf"{PREFIX}/pulls/([1-9][0-9]*)", url.path)
        status = re.fullmatch(rf"{PREFIX}/statuses/([0-9a-f]{{40}})", url.path)
        if self.command == "GET" and url.path == f"{PREFIX}/pulls":
            code, found, headers = listed(url.query, self.headers.get("If-None-Match"))
            return code, found, limits + headers
        if self.command == "GET" and number and not url.query:
            return 200, single(int(number[1])), limits
        if self.command == "POST" and status and not url.query:
            return 201, take_status(status[1], body), limits
        raise Refused(404, "Not Found")

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with LOCK:
            Kept.log["requests"] += 1
            is_hanging = Kept.hanging > 0
            Kept.hanging -= is_hanging
            if not is_hanging:
                try:
                    said = self.decide(body)
                except (Refused, ValueError) as error:
                    status, message = error.args if isinstance(error, Refused) else (400, str(error))
                    said = status, {"message": message}, []
                    Kept.log["wrong"].append(f"{self.command} {self.path}: {message}")
        if is_hanging:
            # Until whoever asked has gone.
            self.rfile.read(1)
            self.close_connection = True
            return
        self.answer(*said)

    do_GET = do_POST = handle_any

    def log_message(self, *_: object) -> None:
        pass


def obey(order: str, arguments: list[str]) -> object:
    number = int(arguments[0]) if arguments and arguments[0].isdigit() else 0
    if order == "open":
        return [open_one(arguments[1] if len(arguments) > 1 else "main") for _ in range(number)]
    if order == "push":
        Kept.pulls[number]["head"]["sha"] = sha = commit()
        return {"number": number, "head": sha}
    if order in {"close", "merge"}:
        return end(number, order == "merge")
    if order == "reopen":
        Kept.pulls[number] |= {"state": "open", "closed_at": None}
        return {"number": number, "head": Kept.pulls[number]["head"]["sha"]}
    if order == "slip":
        Kept.slip = number
        return {"number": number, "head": Kept.pulls[number]["head"]["sha"]}
    if order == "limit":
        Kept.refused_until = time.time() + number
    elif order == "used-up":
        Kept.used_up_until, Kept.is_last_one = time.time() + number, True
    elif order == "fail":
        Kept.failures = number
    elif order == "hang":
        Kept.hanging = number
    elif order == "token":
        Kept.token = arguments[0]
    elif order == "log":
        return begin_log()
    else:
        return {"unknown": order}
    return {}


begin_log()
server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
server.daemon_threads, server.was_told = True, False
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"api": f"http://127.0.0.1:{server.server_port}/api/v3", "token": Kept.token, "name": NAME}), flush=True)
for line in sys.stdin:
    words = line.split()
    with LOCK:
        said = obey(words[0], words[1:])
    print(json.dumps(said), flush=True)
