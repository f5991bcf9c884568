#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The power of the disk that holds the data directories is cut at a random moment under load, again and again. What was
acknowledged is there afterwards, and what was refused is not.

Every write has a key and a value of its own, so that no later write hides what became of it. The seed is printed first;
the moments of the cuts follow from it. The processes live in another world than their disk: they are killed a moment
after the cut, so that they can answer wrongly, if they do.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
import unittest
from pathlib import Path
from zlib import crc32

from cluster_harness import ACKNOWLEDGED, CLUSTER_TOOL, REFUSED, UNKNOWN, RunningCluster, put
from harness import campaign_rounds, temporary_directory
from kill_cycles_test import Writer, scan
from power_cut_disk import PowerCutDisk, why_not_here

CYCLES = 100
WRITERS = 4
VALUE_BYTES_MAX = 6000
TORN_TAIL = "a crash cut the last write short"
SETTINGS = {
    "raft.heartbeat_interval": "50ms",
    "raft.election_timeout_min": "300ms",
    "raft.election_timeout_max": "600ms",
    "storage.filewal.segment_bytes": "1MiB",  # small, so that many are begun
}


def value_of(key: bytes) -> bytes:
    return b"value of " + key + b"." * (crc32(key) % VALUE_BYTES_MAX)


class SizedWriter(Writer):
    """Its values differ in size, and are large enough to fill segments."""

    def write(self, key: bytes) -> str:
        try:
            if self.client is None:
                self.client = self.cluster.client(self.node)
        except Exception:  # noqa: BLE001  nothing was sent
            return REFUSED
        return put(self.client, key, value_of(key))


class ClusterOnDisk(RunningCluster):
    """Of each node the data directory is on the disk, and what it says to the logger is not."""

    def __init__(self, disk: PowerCutDisk, nodes: int) -> None:
        super().__init__(SETTINGS, nodes)
        for node in self.ids:
            data_directory = disk.mount_point / f"node-{node}"
            data_directory.mkdir(mode=0o700)
            folder = self.directory / f"node-{node}"
            folder.mkdir(parents=True)
            (folder / "data").symlink_to(data_directory)

    def kill_all(self) -> None:
        """Some may have ended by themselves, because their disk has failed."""
        for node in self.ids:
            words = [str(CLUSTER_TOOL), "kill", "--dir", str(self.directory), str(node)]
            subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def torn_tails(self) -> int:
        files = self.directory.glob("node-*/stderr.log")
        return sum(path.read_text(errors="replace").count(TORN_TAIL) for path in files)


@unittest.skipIf(why_not_here() is not None, why_not_here() or "")
class PowerCut(unittest.TestCase):
    def setUp(self) -> None:
        self.seed = int(os.environ.get("TENON_SEED", str(random.SystemRandom().randrange(2**32))))
        print(f"seed {self.seed}", flush=True)
        self.moments = random.Random(self.seed)
        self.outcomes: dict[str, set[bytes]] = {ACKNOWLEDGED: set(), REFUSED: set(), UNKNOWN: set()}
        self.in_the_cut: set[bytes] = set()

    def test_one_node_keeps_what_it_acknowledged(self) -> None:
        self.run_campaign(1)

    def test_three_nodes_that_lose_their_power_together_keep_what_they_acknowledged(self) -> None:
        self.run_campaign(3)

    def run_campaign(self, nodes: int) -> None:
        cycles = campaign_rounds(CYCLES)
        with temporary_directory() as directory, PowerCutDisk(Path(directory)) as disk:
            with ClusterOnDisk(disk, nodes) as cluster:
                for cycle in range(cycles):
                    prefix = b"cycle-%04d" % cycle
                    self.write_and_cut(cluster, disk, prefix)
                    cluster.wait_for_leader()
                    self.check(cluster, prefix, f"seed {self.seed}, cycle {cycle}")
                self.check(cluster, b"cycle-", f"seed {self.seed}, in the end")
                torn_tails = cluster.torn_tails()
        counts = ", ".join(f"{len(keys)} {outcome}" for outcome, keys in self.outcomes.items())
        print(f"{nodes} node(s): {cycles} power cuts; writes: {counts}; none lost; {torn_tails} torn tails cut",
              flush=True)  # fmt: skip
        self.assertGreater(len(self.outcomes[ACKNOWLEDGED]), cycles)

    def write_and_cut(self, cluster: ClusterOnDisk, disk: PowerCutDisk, prefix: bytes) -> None:
        writers = [
            SizedWriter(cluster, b"%s-writer-%d" % (prefix, number), self.moments.choice(cluster.ids))
            for number in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        try:
            time.sleep(self.moments.uniform(0.05, 0.6))
            before = set().union(*(set(writer.outcomes[ACKNOWLEDGED]) for writer in writers))
            disk.cut_power()
            time.sleep(self.moments.choice([0.0, self.moments.uniform(0.0, 0.3)]))
        finally:
            for writer in writers:
                writer.stopping.set()
            cluster.kill_all()
            for writer in writers:
                writer.join()
        for writer in writers:
            for outcome, keys in writer.outcomes.items():
                self.outcomes[outcome].update(keys)
        self.in_the_cut = set().union(*(writer.outcomes[ACKNOWLEDGED] for writer in writers)) - before
        disk.restore_power()
        cluster.start(*cluster.ids)

    def lost_in_the_cut(self, lost: set[bytes]) -> set[bytes]:
        """What was acknowledged while the file system was being shut down. For a moment the kernel lets a sync succeed
        that it does not perform, which a machine without power does not live to tell; a plain program that appends and
        syncs sees the same. Each writer has one write under way, so there is no more of it than writers."""
        tolerated = lost & self.in_the_cut
        self.assertLessEqual(len(tolerated), WRITERS)
        for key in tolerated:
            self.outcomes[ACKNOWLEDGED].discard(key)
            self.outcomes[UNKNOWN].add(key)
        return tolerated

    def check(self, cluster: ClusterOnDisk, prefix: bytes, where: str) -> None:
        acknowledged = {key for key in self.outcomes[ACKNOWLEDGED] if key.startswith(prefix)}
        for node in cluster.ids:
            with cluster.client(node) as client:
                records = scan(client, prefix)
            found = {record.key for record in records}
            context = f"{where}, node {node}"
            for record in records:
                self.assertEqual(record.value, value_of(record.key), context)
                self.assertEqual(record.version, 1, f"{context}: {record.key!r} was applied twice")
            lost = acknowledged - found
            self.assertEqual(sorted(lost - self.lost_in_the_cut(lost))[:5], [], f"{context}: acknowledged and lost")
            self.assertEqual(sorted(found & self.outcomes[REFUSED])[:5], [], f"{context}: refused and there")
            nobodys = found - acknowledged - self.outcomes[UNKNOWN]
            self.assertEqual(sorted(nobodys)[:5], [], f"{context}: nobody wrote it")


if __name__ == "__main__":
    unittest.main(verbosity=2)
