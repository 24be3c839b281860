"""The messages of gofer.plugin.v1. Written by scripts/generate-clients."""

from .gen.gofer.plugin.v1.plugin_pb2 import *  # noqa: F403
