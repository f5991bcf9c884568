#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Real clients on a cluster of three nodes: any node will do, and what was acknowledged outlives every leader."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import redis  # noqa: E402
from cluster_harness import QUICK_ELECTIONS, SLOW_ELECTIONS  # noqa: E402
from harness import campaign_rounds  # noqa: E402

import node_clients  # noqa: E402
import python_client  # noqa: E402
from tenon_server import TenonCluster  # noqa: E402
from wire import Closed, Connection, Reply, command  # noqa: E402
from writers import Writer, of_every_client  # noqa: E402

# What a client may take for sure: it was not applied.
DEFINITE = (b"TRYAGAIN ", b"CLUSTERDOWN ", b"LOADING ")
UNDECIDED_WRITES = 20
LEADERS_KILLED = 20
three_nodes: list[int]  # their ports: a follower's, the leader's, and the other follower's


def ports_of(cluster: TenonCluster) -> list[int]:
    leader = cluster.wait_for_leader()
    first, last = cluster.others(leader)
    return [cluster.redis_port(node) for node in (first, leader, last)]


def wait_for_more(writers: dict[int, list[Writer]], nodes: Iterable[int]) -> None:
    for node in nodes:
        for writer in writers[node]:
            writer.wait_for_more(50)


def setUpModule() -> None:
    """For all tests that end no node."""
    global three_nodes
    settings = {**SLOW_ELECTIONS, "api.resp.notify_keyspace_events": "KEA"}
    three_nodes = ports_of(unittest.enterModuleContext(TenonCluster(settings)))


class PythonOnThreeNodes(python_client.PythonClient):
    @classmethod
    def setUpClass(cls) -> None:
        cls.ports = three_nodes


@unittest.skipUnless(node_clients.is_there(), node_clients.NOT_THERE)
class NodeOnThreeNodes(unittest.TestCase):
    def test_ioredis(self) -> None:
        node_clients.run("ioredis_clients.js", three_nodes, SERVES_STRINGS_ONLY="yes")

    def test_node_redis(self) -> None:
        node_clients.run("node_redis_clients.js", three_nodes)

    def test_writers_lose_nothing_that_was_acknowledged_when_leaders_are_killed(self) -> None:
        with TenonCluster() as cluster, ExitStack() as stack:
            leader = cluster.wait_for_leader()
            nodes = (leader, cluster.others(leader)[0])
            writers = {
                node: [stack.enter_context(one) for one in of_every_client(f"on-{node}", cluster.redis_port(node))]
                for node in nodes
            }
            for _ in range(campaign_rounds(LEADERS_KILLED)):
                leader = cluster.wait_for_leader()
                wait_for_more(writers, nodes)
                cluster.kill(leader)
                wait_for_more(writers, [node for node in nodes if node != leader])
                cluster.start(leader)
                wait_for_more(writers, nodes)
            stack.close()
            for node in cluster.ids:
                with redis.Redis(port=cluster.redis_port(node)) as client:
                    missing = [one.missing(client) for every in writers.values() for one in every]
                    self.assertEqual(missing, [[]] * len(missing), f"on node {node}")


class Undecided(unittest.TestCase):
    """Writes whose fate nobody knows, and writes that were surely refused, are not the same to a client."""

    def setUp(self) -> None:
        settings = {**QUICK_ELECTIONS, "limits.timeout_default": "500ms"}
        self.cluster = self.enterContext(TenonCluster(settings))
        self.leader = self.cluster.wait_for_leader()

    def connect(self, node: int) -> Connection:
        return self.enterContext(Connection(self.cluster.redis_port(node), reply_seconds=30.0))

    def replies_until_closed(self, connection: Connection) -> list[Reply]:
        replies: list[Reply] = []
        try:
            while len(replies) < UNDECIDED_WRITES:
                replies.append(connection.read())
        except Closed:
            pass
        return replies

    def assert_unknown_closes(self, connection: Connection) -> None:
        """Definite answers first, if any; then one -UNKNOWN, and nothing more."""
        replies = self.replies_until_closed(connection)
        self.assertTrue(replies, "the connection was closed without a word")
        self.assertRegex(replies[-1].raw, rb"\A-UNKNOWN [^\r\n]+\r\n\Z")
        for reply in replies[:-1]:
            self.assertTrue(reply.raw == b"+OK\r\n" or reply.text().startswith(DEFINITE), reply)
        with self.assertRaises(Closed):
            connection.read()

    def writes(self) -> bytes:
        return b"".join(command(b"SET", b"undecided:%d" % number, b"x") for number in range(UNDECIDED_WRITES))

    def test_writes_that_a_leader_could_not_commit_are_unknown_and_end_the_connection(self) -> None:
        connection = self.connect(self.leader)
        followers = self.cluster.others(self.leader)
        self.cluster.tool("pause", *map(str, followers))
        connection.send(self.writes())
        self.assert_unknown_closes(connection)
        self.cluster.tool("resume", *map(str, followers))

    def test_writes_that_a_follower_has_passed_on_to_a_leader_that_died_are_unknown_or_refused(self) -> None:
        follower = self.cluster.others(self.leader)[0]
        connection = self.connect(follower)
        self.assertEqual(connection.call(b"SET", b"before", b"x").raw, b"+OK\r\n")
        self.cluster.tool("pause", str(self.leader))
        connection.send(self.writes())
        self.assert_unknown_closes(connection)
        self.cluster.kill(self.leader)
        self.cluster.wait_for_leader(self.cluster.others(self.leader))
        self.assertEqual(self.connect(follower).call(b"GET", b"before").raw, b"$1\r\nx\r\n")

    def test_a_node_without_a_quorum_refuses_and_keeps_the_connection(self) -> None:
        survivor = self.cluster.others(self.leader)[0]
        connection = self.connect(survivor)
        self.cluster.kill(*self.cluster.others(survivor))

        def refused() -> Reply | None:
            """Until the node knows that nobody leads."""
            try:
                with Connection(self.cluster.redis_port(survivor), reply_seconds=30.0) as other:
                    reply = other.call(b"SET", b"key", b"value")
            except Closed:
                return None
            return reply if reply.raw.startswith(b"-CLUSTERDOWN ") else None

        self.cluster.wait_for(refused, "a definite refusal")
        for words in ((b"SET", b"key", b"value"), (b"GET", b"key"), (b"INCR", b"key")):
            reply = connection.call(*words)
            self.assertTrue(reply.kind == b"-" and reply.text().startswith(DEFINITE), (words, reply))
        self.assertEqual(connection.call(b"PING").raw, b"+PONG\r\n")


class Subscribers(unittest.TestCase):
    def setUp(self) -> None:
        self.connections = [self.enterContext(Connection(port)) for port in three_nodes]

    def test_a_message_reaches_the_subscribers_of_every_node_once_from_any_node(self) -> None:
        for connection in self.connections:
            connection.call(b"SUBSCRIBE", b"news")
        for sender, port in enumerate(three_nodes):
            with Connection(port) as publisher:
                publisher.call(b"PUBLISH", b"news", b"from %d" % sender)
            for connection in self.connections:
                self.assertEqual([one.text() for one in connection.read().items()],
                                 [b"message", b"news", b"from %d" % sender])  # fmt: skip

    def test_events_of_keys_reach_subscribers_of_every_node(self) -> None:
        for connection in self.connections:
            connection.call(b"SUBSCRIBE", b"__keyspace@0__:key")
        with Connection(three_nodes[0]) as writer:
            writer.call(b"SET", b"key", b"value")
            writer.call(b"DEL", b"key")
        for connection in self.connections:
            self.assertEqual([connection.read().items()[2].text() for _ in range(2)], [b"set", b"del"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
