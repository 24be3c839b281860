"""Tells of what is sent to it.

A request to /v1/plugins/topics/TOPIC on any node is an event for the subscriptions to the topic, known by its header X-Delivery.
With TOPICS_TOKEN set, only senders that show it are heard.

    gofer trigger install topics > token
    GOFER_TRIGGER=topics GOFER_PLUGIN_TOKEN_FILE=token python topics.py
    gofer subscription create ci/news --trigger topics --set topic=news
    curl -H 'X-Delivery: 1' -d hello localhost:7600/v1/plugins/topics/news
"""

from __future__ import annotations

import hmac
import logging
import os

from gofer_client.triggers import (
    Changed,
    Description,
    Event,
    HttpRequest,
    HttpResponse,
    Invalid,
    Outcome,
    Plugin,
    Setting,
    Subscriptions,
    Trigger,
)


class Topics(Trigger):
    def __init__(self, token: str = "") -> None:
        self.token = token
        """What senders must show. Empty: anybody may send."""

    def describe(self) -> Description:
        return Description("1.0", [Setting("topic", description="what to listen to")])

    def http(self, request: HttpRequest, subscriptions: Subscriptions) -> HttpResponse:
        shown = (request.header("authorization") or "").encode("latin-1")
        if self.token and not hmac.compare_digest(shown, f"Bearer {self.token}".encode()):
            return answer(401, "show the token")
        key = request.header("x-delivery")
        if not key:
            return answer(400, "send X-Delivery, which the event is known by")
        topic = request.path.strip("/")
        event = Event(key, "message", payload={"topic": topic, "text": request.body.decode(errors="replace")})
        told = []
        try:
            for subscriber in subscriptions:
                if subscriber.settings["topic"] == topic:
                    fate = subscriber.send(event)
                    what = f"run {fate.run}" if fate.outcome is Outcome.FIRED else "no run"
                    told.append("/".join(subscriber.name) + ": " + what)
        except Invalid as error:
            return answer(400, str(error))
        except Changed as error:
            return answer(503, str(error))
        return answer(202, "\n".join(sorted(told))) if told else answer(404, f"nobody listens to {topic}")


def answer(status: int, text: str) -> HttpResponse:
    return HttpResponse(status, f"{text}\n".encode(), [("content-type", "text/plain; charset=utf-8")])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    Plugin.from_env(Topics(os.environ.get("TOPICS_TOKEN", ""))).run()
