"""The trigger, without a cluster."""

from __future__ import annotations

import unittest

from gofer_client.triggers.testing import Cluster

from topics import Topics


class AMessageStartsOneRunOfWhoListens(unittest.TestCase):
    def test(self) -> None:
        with Cluster() as cluster:
            cluster.subscribe("reader", {"topic": "news"})
            cluster.run(Topics("secret"))

            def send(path: str, token: str) -> int:
                headers = [("Authorization", f"Bearer {token}"), ("X-Delivery", "1")]
                return cluster.http("POST", path, b"hello", headers).status

            self.assertEqual(send("/news", "another"), 401)
            self.assertEqual(send("/sport", "secret"), 404)
            self.assertEqual([send("/news", "secret") for _ in range(2)], [202, 202])
            self.assertEqual(cluster.next("reader").payload, {"topic": "news", "text": "hello"})
            self.assertEqual(len(cluster.taken("reader")), 1)


if __name__ == "__main__":
    unittest.main()
