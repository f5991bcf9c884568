#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Nodes of a cluster are killed and started again at random moments under load. What was acknowledged is there through
every node, what was refused nowhere, and nothing is there twice.

Every write has a key and a value of its own, so that no later write hides what became of it. The seed is printed first;
who is killed when follows from it.
"""

from __future__ import annotations

import os
import random
import threading
import time
import unittest

from cluster_harness import ACKNOWLEDGED, REFUSED, UNKNOWN, RunningCluster, put
from harness import Client, campaign_rounds

from tenon_kv.ttypes import ScanRequest

WRITERS = 4
CYCLES = 200
PAUSE_SECONDS = 0.002  # of a writer between two writes
# Whom a cycle kills, by weight. Of `each` the nodes are killed and started one after the other, so that those who come
# back first may go on without the last one, whatever it had.
VICTIMS = {"leader": 35, "follower": 20, "two": 15, "all": 15, "each": 15}


class Writer(threading.Thread):
    """Holds to a node for as long as that answers, and then goes on to the next."""

    def __init__(self, cluster: RunningCluster, prefix: bytes, node: int) -> None:
        super().__init__()
        self.cluster = cluster
        self.prefix = prefix
        self.node = node
        self.client: Client | None = None
        self.outcomes: dict[str, list[bytes]] = {ACKNOWLEDGED: [], REFUSED: [], UNKNOWN: []}
        self.stopping = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            key = b"%s-%06d" % (self.prefix, number)
            outcome = self.write(key)
            self.outcomes[outcome].append(key)
            if outcome != ACKNOWLEDGED:
                self.leave()
            time.sleep(PAUSE_SECONDS)
        self.leave()

    def write(self, key: bytes) -> str:
        try:
            if self.client is None:
                self.client = self.cluster.client(self.node)
        except Exception:  # noqa: BLE001  nothing was sent
            return REFUSED
        return put(self.client, key, b"value of " + key)

    def leave(self) -> None:
        if self.client is not None:
            self.client.close()
        self.client = None
        self.node = self.node % len(self.cluster.ids) + 1


class KillCycles(unittest.TestCase):
    def test_every_acknowledged_write_is_there_through_every_node_after_each_kill(self) -> None:
        seed = int(os.environ.get("TENON_SEED", str(random.SystemRandom().randrange(2**32))))
        print(f"seed {seed}", flush=True)
        self.moments = random.Random(seed)
        self.acknowledged: set[bytes] = set()
        self.unknown: set[bytes] = set()
        self.refused: set[bytes] = set()
        cycles = campaign_rounds(CYCLES)
        with RunningCluster() as cluster:
            for cycle in range(cycles):
                prefix = b"cycle-%04d" % cycle
                victims = self.run_cycle(cluster, prefix)
                cluster.wait_for_leader()
                self.check(cluster, prefix, f"seed {seed}, cycle {cycle}, killed {victims}")
            self.check(cluster, b"cycle-", f"seed {seed}, in the end")
        print(f"{cycles} cycles: {len(self.acknowledged)} acknowledged, {len(self.refused)} refused, "
              f"{len(self.unknown)} unknown, none lost", flush=True)  # fmt: skip
        self.assertGreater(len(self.acknowledged), cycles)

    def run_cycle(self, cluster: RunningCluster, prefix: bytes) -> list[int]:
        writers = [
            Writer(cluster, b"%s-writer-%d" % (prefix, number), self.moments.choice(cluster.ids))
            for number in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        try:
            time.sleep(self.moments.uniform(0.05, 0.4))
            kind, victims = self.choose_victims(cluster)
            if kind == "each":
                self.kill_and_start_each(cluster, victims)
            else:
                cluster.kill(*victims)
                time.sleep(self.moments.choice([0.0, 0.0, self.moments.uniform(0.0, 1.0)]))
                cluster.start(*victims)
            time.sleep(self.moments.uniform(0.0, 0.4))
        finally:
            for writer in writers:
                writer.stopping.set()
            for writer in writers:
                writer.join()
        for writer in writers:
            self.acknowledged.update(writer.outcomes[ACKNOWLEDGED])
            self.refused.update(writer.outcomes[REFUSED])
            self.unknown.update(writer.outcomes[UNKNOWN])
        return victims

    def kill_and_start_each(self, cluster: RunningCluster, victims: list[int]) -> None:
        for victim in victims:
            cluster.kill(victim)
            time.sleep(self.moments.uniform(0.0, 0.3))
        for victim in self.moments.sample(victims, len(victims)):
            cluster.start(victim)
            time.sleep(self.moments.choice([0.0, self.moments.uniform(0.0, 2.0)]))

    def choose_victims(self, cluster: RunningCluster) -> tuple[str, list[int]]:
        """The kind, and the nodes in the order in which they are killed."""
        leader = cluster.wait_for_leader()
        followers = cluster.others(leader)
        kind = self.moments.choices(list(VICTIMS), list(VICTIMS.values()))[0]
        if kind == "leader":
            return kind, [leader]
        if kind == "follower":
            return kind, [self.moments.choice(followers)]
        return kind, self.moments.sample(cluster.ids, 2 if kind == "two" else 3)

    def check(self, cluster: RunningCluster, prefix: bytes, where: str) -> None:
        expected = {key for key in self.acknowledged if key.startswith(prefix)}
        seen: set[bytes] = set()
        for node in cluster.ids:
            with cluster.client(node) as client:
                records = scan(client, prefix)
            for record in records:
                self.assertEqual(record.value, b"value of " + record.key, where)
                self.assertEqual(record.version, 1, f"{where}, node {node}: {record.key!r} was applied twice")
            found = {record.key for record in records}
            context = f"{where}, node {node}"
            self.assertEqual(sorted(expected - found)[:5], [], f"{context}: acknowledged and lost")
            self.assertEqual(sorted(found & self.refused)[:5], [], f"{context}: refused and there")
            self.assertEqual(sorted(found - expected - self.unknown)[:5], [], f"{context}: nobody wrote it")
            # A node that is asked later may know more of what is unknown, and never less.
            self.assertEqual(sorted(seen - found)[:5], [], f"{context}: it was there through another node")
            seen = found


def scan(client: Client, prefix: bytes) -> list:
    records, cursor = [], None
    while True:
        page = client.kv.scan(ScanRequest(prefix=prefix, cursor=cursor))
        records.extend(page.records)
        cursor = page.cursor
        if cursor is None:
            return records


if __name__ == "__main__":
    unittest.main(verbosity=2)
