# SPDX-License-Identifier: MIT
"""A real Redis cluster of one master that has all slots and two replicas: what `redirect = moved` looks like."""

from __future__ import annotations

import time
from contextlib import ExitStack

from harness import free_port

from redis_server import RedisServer
from wire import Connection

WAIT_SECONDS = 60.0
NODES = 3


class RedisCluster:
    """`ports` are the master's and then the replicas'."""

    def __enter__(self) -> "RedisCluster":
        with ExitStack() as stack:
            self.bus_ports = [free_port() for _ in range(NODES)]
            servers = [stack.enter_context(RedisServer("--cluster-enabled", "yes", "--cluster-port", str(bus_port),
                                                       "--repl-diskless-sync-delay", "0",
                                                       "--repl-ping-replica-period", "1"))
                       for bus_port in self.bus_ports]  # fmt: skip
            self.ports = [server.port for server in servers]
            self.master, *self.replicas = self.ports
            self._join()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def _join(self) -> None:
        with Connection(self.master) as master:
            master.call(b"CLUSTER", b"ADDSLOTSRANGE", b"0", b"16383")
            master_id = master.call(b"CLUSTER", b"MYID").text()
        for port in self.replicas:
            with Connection(port) as replica:
                replica.call(b"CLUSTER", b"MEET", b"127.0.0.1", b"%d" % self.master,
                             b"%d" % self.bus_ports[0])  # fmt: skip
                _wait(replica, (b"CLUSTER", b"INFO"), b"cluster_slots_assigned:16384")
                replica.call(b"CLUSTER", b"REPLICATE", master_id)
        for port in self.ports:
            with Connection(port) as node:
                _wait(node, (b"CLUSTER", b"INFO"), b"cluster_state:ok")
                _wait(node, (b"CLUSTER", b"NODES"), b" slave ", NODES - 1)
                if port != self.master:
                    _wait(node, (b"INFO", b"replication"), b"master_link_status:up")
        with Connection(self.master) as master:
            _wait(master, (b"INFO", b"replication"), b",state=online,", NODES - 1)
        for port in self.ports:
            with Connection(port) as node:
                _wait_for_all(node)


def _wait_for_all(node: Connection) -> None:
    """Until this node tells clients of every other."""
    deadline = time.monotonic() + WAIT_SECONDS
    while len(node.call(b"CLUSTER", b"SLOTS").items()[0].items()) < 2 + NODES:
        if time.monotonic() > deadline:
            raise AssertionError("a node of the Redis cluster does not name all others")
        time.sleep(0.05)


def _wait(node: Connection, words: tuple[bytes, ...], part: bytes, count: int = 1) -> None:
    """Until the answer holds that part so often, be it said of the node itself or of others."""
    deadline = time.monotonic() + WAIT_SECONDS
    while node.call(*words).text().replace(b"myself,", b" ").replace(b"  ", b" ").count(part) < count:
        if time.monotonic() > deadline:
            raise AssertionError(f"no {part!r} in {node.call(*words)}")
        time.sleep(0.05)
