"""What GitHub's REST API refuses, by its published documentation. Stand-ins share it; none of them is GitHub."""

STATES = {"error", "failure", "pending", "success"}


def refused(headers, token: str | None) -> tuple[int, dict] | None:
    """A request that the API doesn't take, by its headers; with no token, whoever asks is let in."""
    if not headers.get("User-Agent"):
        return 403, {"message": "Request forbidden by administrative rules."}
    if token is not None and headers.get("Authorization") != f"Bearer {token}":
        return 401, {"message": "Bad credentials"}
    if headers.get("Accept") != "application/vnd.github+json" or headers.get("X-GitHub-Api-Version") != "2022-11-28":
        return 415, {"message": "Unsupported 'Accept' header"}
    return None


def status_refused(sent: dict) -> tuple[int, dict] | None:
    """A status of a commit that the API doesn't take."""
    is_fine = sent.get("state") in STATES and len(sent.get("description") or "") <= 140
    if not is_fine or set(sent) - {"state", "context", "description", "target_url"}:
        return 422, {"message": "Validation Failed"}
    return None
