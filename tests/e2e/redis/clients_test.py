#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Real clients on a real redis-server, which proves what they are asked to do."""

from __future__ import annotations

import sys
import unittest
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import redis  # noqa: E402

import node_clients  # noqa: E402
import python_client  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from writers import of_every_client  # noqa: E402


class PythonOnRedis(python_client.PythonClient):
    @classmethod
    def setUpClass(cls) -> None:
        cls.ports = [cls.enterClassContext(RedisServer()).port]


@unittest.skipUnless(node_clients.is_there(), node_clients.NOT_THERE)
class NodeOnRedis(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.ports = [cls.enterClassContext(RedisServer()).port]

    def test_writers_lose_nothing_that_was_acknowledged_when_the_server_is_killed(self) -> None:
        durable = ("--appendonly", "yes", "--appendfsync", "always")
        with RedisServer(*durable) as server, ExitStack() as stack:
            writers = [stack.enter_context(one) for one in of_every_client("redis", server.port)]
            for writer in writers:
                writer.wait_for_more(50)
            server.kill()
            server.start()
            for writer in writers:
                writer.wait_for_more(50)
            stack.close()
            with redis.Redis(port=server.port) as client:
                self.assertEqual([writer.missing(client) for writer in writers], [[]] * len(writers))
        self.assertTrue(all(writer.errors for writer in writers))

    def test_ioredis(self) -> None:
        node_clients.run("ioredis_clients.js", self.ports)

    def test_node_redis(self) -> None:
        node_clients.run("node_redis_clients.js", self.ports)


if __name__ == "__main__":
    unittest.main(verbosity=2)
