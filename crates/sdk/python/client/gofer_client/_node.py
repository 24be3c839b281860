"""A node with the connection to it."""

from __future__ import annotations

import socket
import threading
from typing import List, Optional, Tuple

import grpc

CONNECT_MAX = 3.0
"""Longest wait for a connection, in seconds."""
ANSWER_BYTES_MAX = 64 * 1024 * 1024
"""Largest answer that is read."""
OPTIONS: List[Tuple[str, int]] = [
    ("grpc.max_receive_message_length", ANSWER_BYTES_MAX),
    # A node that answers no ping is given up, which is how a watch notices one that hangs.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # Tries are ours to make: they go to other nodes.
    ("grpc.enable_retries", 0),
    # A new channel is a new connection, and does not wait for what an earlier one waits for.
    ("grpc.use_local_subchannel_pool", 1),
]


class NoConnection(Exception):
    """Nothing can be sent to the node, and why."""


class Node:
    """Used by several threads."""

    def __init__(self, address: str, host: str, port: int) -> None:
        self.address = address
        self._peer = (host, port)
        self._lock = threading.Lock()
        self._channel: Optional[grpc.Channel] = None
        self._closed = False

    def connect(self, limit: float) -> grpc.Channel:
        """A channel over which calls can be sent now."""
        limit = min(limit, CONNECT_MAX)
        with self._lock:
            if self._closed:
                raise ValueError("the client is closed")
            if self._channel is not None:
                return self._channel
        # Asked first, since a channel does not say why it could not connect.
        try:
            socket.create_connection(self._peer, timeout=limit).close()
        except OSError as error:
            raise NoConnection(error.strerror or str(error)) from None
        channel = grpc.insecure_channel(self.address, options=OPTIONS)
        if not _becomes_ready(channel, limit):
            channel.close()
            raise NoConnection("no connection in time")
        with self._lock:
            if self._channel is None and not self._closed:
                self._channel = channel
                return channel
            spare, channel = channel, self._channel  # Another thread was faster.
        spare.close()
        if channel is None:
            raise ValueError("the client is closed")
        return channel

    def drop(self, channel: grpc.Channel) -> None:
        """Makes a new connection next time. Streams that others have on the old one go on as long as they can."""
        with self._lock:
            if self._channel is channel:
                self._channel = None

    def close(self) -> None:
        """Ends all calls."""
        with self._lock:
            self._closed = True
            if self._channel is not None:
                self._channel.close()
                self._channel = None


def _becomes_ready(channel: grpc.Channel, limit: float) -> bool:
    changed = threading.Event()
    states: List[grpc.ChannelConnectivity] = []

    def observe(state: grpc.ChannelConnectivity) -> None:
        states.append(state)
        if state in (
            grpc.ChannelConnectivity.READY,
            grpc.ChannelConnectivity.TRANSIENT_FAILURE,
            grpc.ChannelConnectivity.SHUTDOWN,
        ):
            changed.set()

    channel.subscribe(observe, try_to_connect=True)
    changed.wait(limit)
    channel.unsubscribe(observe)
    return grpc.ChannelConnectivity.READY in states
