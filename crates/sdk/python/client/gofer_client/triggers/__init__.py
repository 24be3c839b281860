"""Triggers for Gofer: programs that look at the world outside and tell a cluster what has happened there.

>>> import os, time
>>> from gofer_client.triggers import Description, Event, Plugin, Setting, Subscription, Trigger
>>> class Files(Trigger):
...     '''Fires whenever a file is there that was not.'''
...     def describe(self):
...         return Description("1.0", [Setting("directory", description="where to look for files")])
...     def watch(self, subscription):
...         while True:
...             for name in os.listdir(subscription.settings["directory"]):
...                 subscription.send(Event(name, payload={"name": name}))
...             subscription.wait(5)

``Plugin.from_env(Files()).run()`` then runs until the cluster does not take it any more.

An event counts once by its key, however often it is told. A stream to a node may end at any time: what was not answered is
sent again on the next one, to whichever node answers, so nothing is lost while the program lives. What it must remember when
it dies itself belongs into the cursor of the subscription, which moves together with the events: see
:meth:`Subscription.send_all`.

A trigger that has a method ``http`` also answers what somebody sends to /v1/plugins/TRIGGER of any node, such as the webhooks
of a service. This one tells all subscriptions to a branch of what was pushed there:

>>> import hmac, json
>>> from gofer_client.triggers import HttpRequest, HttpResponse, Subscriptions
>>> class Pushes(Trigger):
...     def describe(self):
...         return Description("1.0", [Setting("branch")])
...     def http(self, request, subscriptions):
...         signature = hmac.new(b"secret", request.body, "sha256").hexdigest().encode()
...         if not hmac.compare_digest(signature, (request.header("X-Signature") or "").encode()):
...             return HttpResponse(403)
...         push = json.loads(request.body)
...         # The service sends the same delivery again until it is answered.
...         event = Event(request.header("X-Delivery"), payload=push)
...         for subscriber in subscriptions:
...             if subscriber.settings["branch"] == push["branch"]:
...                 subscriber.send(event)
...         return HttpResponse(202)
"""

from ._event import Event, Fate, Outcome
from ._http import HttpRequest, HttpResponse, Subscriber, Subscriptions
from ._plugin import Plugin, Refused, Trigger
from ._setting import Description, Kind, Setting
from ._subscription import Changed, Invalid, Name, Stopped, Subscription

__all__ = [
    "Changed",
    "Description",
    "Event",
    "Fate",
    "HttpRequest",
    "HttpResponse",
    "Invalid",
    "Kind",
    "Name",
    "Outcome",
    "Plugin",
    "Refused",
    "Setting",
    "Stopped",
    "Subscriber",
    "Subscription",
    "Subscriptions",
    "Trigger",
]
