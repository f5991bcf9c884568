# SPDX-License-Identifier: MIT
"""Writers that work through a change of a cluster and remember what each write became, and when it was under way.

Every write has a key and a value of its own, so that no later write hides what became of it. Who imports this has the
directory above on its path.
"""

from __future__ import annotations

import select
import socket
import threading
import time
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cluster_harness import ACKNOWLEDGED, REFUSED, UNKNOWN, RunningCluster, put
from harness import Client

from tenon_kv.ttypes import ScanRequest

PAUSE_SECONDS = 0.002  # of a writer between two writes


@dataclass
class Write:
    key: bytes
    node: int  # that it was sent to
    began: float
    ended: float
    outcome: str


@dataclass
class Stop:
    """From the request to stop until the process had ended."""

    node: int
    was_leader: bool
    began: float
    ended: float


class Writer(threading.Thread):
    """Holds to a node for as long as that answers, and then goes on to the next."""

    def __init__(self, cluster: RunningCluster, prefix: bytes, node: int) -> None:
        super().__init__(daemon=True)
        self.cluster, self.prefix, self.node = cluster, prefix, node
        self.client: Client | None = None
        self.writes: list[Write] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            key = b"%s-%06d" % (self.prefix, len(self.writes))
            node, began = self.node, time.monotonic()
            outcome = self.write(key)
            self.writes.append(Write(key, node, began, time.monotonic(), outcome))
            if outcome != ACKNOWLEDGED:
                self.leave()
            time.sleep(PAUSE_SECONDS)
        self.leave()

    def write(self, key: bytes) -> str:
        try:
            if self.client is None:
                self.client = self.cluster.client(self.node)
            elif has_ended(self.client):
                return REFUSED
        except Exception:  # noqa: BLE001  nothing was sent
            return REFUSED
        return put(self.client, key, b"value of " + key)

    def leave(self) -> None:
        if self.client is not None:
            self.client.close()
        self.client = None
        self.node = self.node % len(self.cluster.ids) + 1


def has_ended(client: Client) -> bool:
    """Whether the node has closed the connection, so that nothing is sent into it."""
    connection = client.socket.handle
    is_readable = bool(select.select([connection], [], [], 0)[0])  # the library's own timeout would hold a read up
    try:
        return is_readable and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


@dataclass
class Load:
    """Writers, and the stops of nodes meanwhile."""

    cluster: RunningCluster
    writers: list[Writer]
    stops: list[Stop] = field(default_factory=list)

    def acknowledged(self) -> int:
        return sum(write.outcome == ACKNOWLEDGED for writer in self.writers for write in list(writer.writes))

    def stop_node(self, node: int) -> None:
        """As an operator does, and remembers when."""
        was_leader = self.cluster.wait_for_leader() == node
        began = time.monotonic()
        self.cluster.stop(node)
        self.stops.append(Stop(node, was_leader, began, time.monotonic()))

    def start_node(self, node: int) -> None:
        """And waits until it has all that was acknowledged before it came back, and writes go on."""
        self.cluster.start(node)
        leader = self.cluster.wait_for_leader()
        commit = self.cluster.status(leader).commit_index
        self.cluster.wait_for(lambda: self.cluster.status(node).applied_index >= commit, f"node {node} to catch up")
        before = self.acknowledged()
        self.cluster.wait_for(lambda: self.acknowledged() >= before + 20, "writes that go on")


@contextmanager
def under_load(cluster: RunningCluster, prefix: bytes, writers: int = 4) -> Iterator[Load]:
    load = Load(cluster, [Writer(cluster, b"%s-%d" % (prefix, number), cluster.ids[number % len(cluster.ids)])
                          for number in range(writers)])  # fmt: skip
    for writer in load.writers:
        writer.start()
    try:
        yield load
    finally:
        for writer in load.writers:
            writer.stopping.set()
        for writer in load.writers:
            writer.join()


def check_outcomes(test: unittest.TestCase, load: Load, prefix: bytes) -> None:
    """What was acknowledged is there once through every node, what was refused nowhere, and a write became unknown only
    while the leader stopped, or the very node that it was sent to: then it may have met the end of the connection."""
    writes = [write for writer in load.writers for write in writer.writes]
    keys = {outcome: {write.key for write in writes if write.outcome == outcome}
            for outcome in (ACKNOWLEDGED, REFUSED, UNKNOWN)}  # fmt: skip
    print(", ".join(f"{len(found)} {outcome}" for outcome, found in keys.items()), flush=True)
    load.cluster.wait_for_same_state()
    for node in load.cluster.ids:
        with load.cluster.client(node) as client:
            records = scan(client, prefix)
        found = {record.key for record in records}
        for record in records:
            test.assertEqual(record.value, b"value of " + record.key)
            test.assertEqual(record.version, 1, f"node {node}: {record.key!r} was applied twice")
        test.assertEqual(sorted(keys[ACKNOWLEDGED] - found)[:5], [], f"node {node}: acknowledged and lost")
        test.assertEqual(sorted(found & keys[REFUSED])[:5], [], f"node {node}: refused and there")
        test.assertEqual(sorted(found - keys[ACKNOWLEDGED] - keys[UNKNOWN])[:5], [], f"node {node}: nobody wrote it")
    at_the_leader = 0
    for write in writes:
        if write.outcome != UNKNOWN:
            continue
        stops = [stop for stop in load.stops if write.began < stop.ended and write.ended > stop.began]
        at_the_leader += any(stop.was_leader for stop in stops)
        concerned = [stop for stop in stops if stop.was_leader or stop.node == write.node]
        test.assertTrue(concerned, f"{write} became unknown, and neither the leader nor its node stopped: {load.stops}")

    print(f"{at_the_leader} of the unknown were in flight when the leader stopped", flush=True)

def scan(client: Client, prefix: bytes) -> list:
    records, cursor = [], None
    while True:
        page = client.kv.scan(ScanRequest(prefix=prefix, cursor=cursor))
        records.extend(page.records)
        cursor = page.cursor
        if cursor is None:
            return records
