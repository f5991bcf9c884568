#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`redirect = moved` beside a real Redis cluster, and the clients that find their way by it."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cluster_harness import QUICK_ELECTIONS, SLOW_ELECTIONS  # noqa: E402
from harness import ENVIRONMENT  # noqa: E402
from redis.cluster import RedisCluster as PythonClusterClient  # noqa: E402

import node_clients  # noqa: E402
from comparison import cluster_scenarios, differences, told  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402
from tenon_server import TenonCluster  # noqa: E402
from wire import Connection  # noqa: E402
from writers import NodeWriter  # noqa: E402

MOVED = {"api.resp.redirect": "moved"}
KEYS = 100


def ports_of(cluster: TenonCluster) -> list[int]:
    """The leader's, and then the followers'."""
    leader = cluster.wait_for_leader()
    return [cluster.redis_port(node) for node in (leader, *cluster.others(leader))]


def command_line(port: int, *words: str) -> str:
    done = subprocess.run(["redis-cli", "-c", "-p", str(port), *words], capture_output=True, text=True, timeout=60,
                          env=ENVIRONMENT, check=False)  # fmt: skip
    return done.stdout + done.stderr


def set_all(client: PythonClusterClient, prefix: str) -> None:
    for number in range(KEYS):
        client.set(f"{prefix}:{number}", number)


class Clients(unittest.TestCase):
    """Of a Redis cluster first, and of Tenon in the same words."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.redis = cls.enterClassContext(RedisCluster())
        cls.tenon = cls.enterClassContext(TenonCluster({**SLOW_ELECTIONS, **MOVED}))
        cls.tenon_ports = ports_of(cls.tenon)

    def test_two_replicas_of_a_redis_cluster_answer_the_same(self) -> None:
        found = differences(*self.redis.replicas, cluster_scenarios("replica"))
        if found:
            self.fail(told(found))

    def test_a_follower_answers_as_a_replica_does(self) -> None:
        found = differences(self.redis.replicas[0], self.tenon_ports[1], cluster_scenarios("replica"))
        if found:
            self.fail(told(found))

    def test_the_leader_answers_as_the_master_does(self) -> None:
        found = differences(self.redis.master, self.tenon_ports[0], cluster_scenarios("master"))
        if found:
            self.fail(told(found))

    def test_a_follower_names_the_address_of_the_leader(self) -> None:
        for port in self.tenon_ports[1:]:
            with Connection(port) as connection:
                self.assertEqual(connection.call(b"GET", b"a").raw,
                                 b"-MOVED 15495 127.0.0.1:%d\r\n" % self.tenon_ports[0])  # fmt: skip

    def test_all_nodes_tell_the_same_of_all_slots_and_of_each_other(self) -> None:
        for port in self.tenon_ports:
            with Connection(port) as connection:
                (every,) = connection.call(b"CLUSTER", b"SLOTS").items()
                begin, end, *nodes = every.items()
                self.assertEqual((begin.value, end.value), (0, 16383))
                self.assertEqual(nodes[0].items()[1].value, self.tenon_ports[0])
                self.assertEqual({node.items()[1].value for node in nodes}, set(self.tenon_ports))
                mine = connection.call(b"CLUSTER", b"MYID").text()
                lines = connection.call(b"CLUSTER", b"NODES").text().decode().splitlines()
                (own,) = [line.split() for line in lines if "myself" in line]
                self.assertEqual((own[0], own[1].partition("@")[0]), (mine.decode(), f"127.0.0.1:{port}"))
                self.assertEqual(len([line for line in lines if line]), 3)

    def test_redis_cli_follows_from_any_node(self) -> None:
        for name, ports in (("redis", self.redis.ports), ("tenon", self.tenon_ports)):
            for port in ports:
                self.assertEqual(command_line(port, "SET", f"cli:{port}", "value"), "OK\n", name)
                self.assertEqual(command_line(port, "GET", f"cli:{port}"), "value\n", name)

    def test_python_redis_goes_where_the_keys_are(self) -> None:
        for ports in (self.redis.ports, self.tenon_ports):
            client = PythonClusterClient(host="127.0.0.1", port=ports[1])
            set_all(client, "py")
            self.assertEqual([client.get(f"py:{number}") for number in range(KEYS)],
                             [b"%d" % number for number in range(KEYS)])  # fmt: skip
            self.assertEqual(len(client.get_replicas()), 2)
            client.close()

    @unittest.skipUnless(node_clients.is_there(), node_clients.NOT_THERE)
    def test_clients_for_node_go_where_the_keys_are(self) -> None:
        node_clients.run("cluster_clients.js", self.redis.ports[1:])
        node_clients.run("cluster_clients.js", self.tenon_ports[1:])


@unittest.skipUnless(node_clients.is_there(), node_clients.NOT_THERE)
class Failover(unittest.TestCase):
    def test_a_cluster_client_finds_the_next_leader_by_itself_and_all_that_was_acknowledged(self) -> None:
        with TenonCluster({**QUICK_ELECTIONS, **MOVED}) as cluster:
            leader = cluster.wait_for_leader()
            survivor = cluster.redis_port(cluster.others(leader)[0])
            with NodeWriter("ioredis-cluster", "moved", survivor) as writer:
                writer.wait_for_more(50)
                cluster.kill(leader)
                writer.wait_for_more(50)
            with Connection(survivor) as connection:
                connection.call(b"READONLY")
                cluster.wait_for_same_state(cluster.others(leader))
                found = [connection.call(b"GET", b"moved:%d" % number).value for number in writer.acknowledged]
            self.assertEqual(found, [b"%d" % number for number in writer.acknowledged])


if __name__ == "__main__":
    unittest.main(verbosity=2)
