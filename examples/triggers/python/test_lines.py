"""The trigger, without a cluster."""

from __future__ import annotations

import tempfile
import unittest

from gofer_client.triggers.testing import Cluster

from lines import Lines


class EachLineIsToldOfOnce(unittest.TestCase):
    def test(self) -> None:
        with tempfile.NamedTemporaryFile("w") as file, Cluster() as cluster:
            cluster.subscribe("log", {"file": file.name})
            first = cluster.run(Lines())
            print("one\ntwo\nthr", end="", file=file, flush=True)
            self.assertEqual([cluster.next("log").payload["line"] for _ in range(2)], ["one", "two"])
            first.stop()
            cluster.run(Lines())
            print("ee", file=file, flush=True)
            self.assertEqual(cluster.next("log").payload["line"], "three")
            self.assertEqual(len(cluster.taken("log")), 3)


if __name__ == "__main__":
    unittest.main()
