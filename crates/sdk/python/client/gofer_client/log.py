"""The messages of gofer.log.v1. Written by scripts/generate-clients."""

from .gen.gofer.log.v1.command_pb2 import *  # noqa: F403
from .gen.gofer.log.v1.event_pb2 import *  # noqa: F403
from .gen.gofer.log.v1.object_pb2 import *  # noqa: F403
from .gen.gofer.log.v1.release_pb2 import *  # noqa: F403
from .gen.gofer.log.v1.schedule_pb2 import *  # noqa: F403
from .gen.gofer.log.v1.secret_pb2 import *  # noqa: F403
from .gen.gofer.log.v1.subscription_pb2 import *  # noqa: F403
from .gen.gofer.log.v1.trigger_pb2 import *  # noqa: F403
