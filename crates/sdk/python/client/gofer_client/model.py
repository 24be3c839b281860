"""The messages of gofer.model.v1. Written by scripts/generate-clients."""

from .gen.gofer.model.v1.archive_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.cluster_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.config_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.diagnosis_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.object_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.release_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.run_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.schedule_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.secret_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.subscription_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.trigger_pb2 import *  # noqa: F403
from .gen.gofer.model.v1.values_pb2 import *  # noqa: F403
