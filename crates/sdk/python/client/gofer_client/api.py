"""The messages of gofer.api.v1. Written by scripts/generate-clients."""

from .gen.gofer.api.v1.backup_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.cluster_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.common_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.event_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.namespace_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.object_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.pipeline_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.release_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.run_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.schedule_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.secret_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.subscription_service_pb2 import *  # noqa: F403
from .gen.gofer.api.v1.trigger_service_pb2 import *  # noqa: F403
