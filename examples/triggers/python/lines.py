"""Tells of each line that is appended to a file.

The cursor is how many bytes of the file were told of, so no line is lost or told of twice, whatever dies when.

    gofer trigger install lines > token
    GOFER_TRIGGER=lines GOFER_PLUGIN_TOKEN_FILE=token python lines.py
"""

from __future__ import annotations

import logging
from typing import List, Tuple

from gofer_client.triggers import Description, Event, Plugin, Setting, Subscription, Trigger

BATCH = 100
"""Most lines that are told of at once."""
PAUSE = 0.5
"""Pause when there are no more, in seconds."""


class Lines(Trigger):
    def describe(self) -> Description:
        return Description("1.0", [Setting("file", description="path of the file")])

    def watch(self, subscription: Subscription) -> None:
        while True:
            events, after = read(subscription.settings["file"], int(subscription.cursor or b"0"))
            if events:
                subscription.send_all(events, str(after).encode())
            else:
                subscription.wait(PAUSE)


def read(path: str, at: int) -> Tuple[List[Event], int]:
    """The whole lines of a file from a place on, and the place after them."""
    events: List[Event] = []
    with open(path, "rb") as file:
        file.seek(at)
        for line in file:
            if not line.endswith(b"\n") or len(events) == BATCH:
                break
            text = line[:-1].decode(errors="replace")
            events.append(Event(str(at), "line", payload={"line": text, "offset": at}))
            at += len(line)
    return events, at


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    Plugin.from_env(Lines()).run()
