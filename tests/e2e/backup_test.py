#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Backups with real processes: taken from any node while writes go on, and restored into a new cluster of three."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import unittest
from pathlib import Path

from cluster_harness import ACKNOWLEDGED, RunningCluster, put
from harness import BUILD_DIRECTORY, ENVIRONMENT, TENONCTL, run, temporary_directory

TENOND = BUILD_DIRECTORY / "server" / "tenond"
KEYS = 300
VALUE_BYTES = 8 << 10  # more than one part of an image in all


def value_of(number: int) -> bytes:
    return b"%06d" % number * (VALUE_BYTES // 6)


class Writer(threading.Thread):
    """Puts key after key through one node, and remembers which were acknowledged."""

    def __init__(self, cluster: RunningCluster, node: int) -> None:
        super().__init__(daemon=True)
        self.cluster, self.node = cluster, node
        self.acknowledged = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        with self.cluster.client(self.node) as client:
            while not self.stopping.is_set():
                if put(client, b"live/%06d" % self.acknowledged, b"%d" % self.acknowledged) == ACKNOWLEDGED:
                    self.acknowledged += 1

    def stop(self) -> None:
        self.stopping.set()
        self.join()


def backup(cluster: RunningCluster, node: int, *words: str) -> subprocess.CompletedProcess[bytes]:
    return cluster.tenonctl("backup", *words, endpoints=cluster.endpoints[node])


def fill(cluster: RunningCluster, numbers: range, prefix: bytes = b"key") -> None:
    with cluster.client(cluster.wait_for_leader()) as client:
        for number in numbers:
            assert put(client, prefix + b"/%06d" % number, value_of(number)) == ACKNOWLEDGED


def scan(cluster: RunningCluster, node: int) -> list[dict[str, str]]:
    """Every record with all of its members."""
    return json.loads(cluster.tenonctl("-o", "json", "scan", endpoints=cluster.endpoints[node]).stdout)["records"]


def restore(cluster: RunningCluster, node: int, *files: Path) -> subprocess.CompletedProcess[str]:
    config = cluster.directory / f"node-{node}" / "node.conf"
    words = [str(TENOND), "restore", *map(str, files), "--config", str(config)]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT)


def data_directory(cluster: RunningCluster, node: int) -> Path:
    return cluster.directory / f"node-{node}" / "data"


class Backups(unittest.TestCase):
    def empty(self, cluster: RunningCluster) -> None:
        """Of a cluster that has started once only the config files are left."""
        cluster.wait_for_leader()
        cluster.stop(*cluster.ids)
        for node in cluster.ids:
            self.assertTrue(data_directory(cluster, node).is_dir())
            shutil.rmtree(data_directory(cluster, node))

    def restore_all(self, cluster: RunningCluster, *files: Path) -> None:
        for node in cluster.ids:
            done = restore(cluster, node, *files)
            self.assertEqual(done.returncode, 0, done.stderr)
        cluster.start(*cluster.ids)
        cluster.wait_for_leader()
        cluster.wait_for_same_state()

    def test_a_backup_from_a_follower_under_writes_fills_a_new_cluster_of_three(self) -> None:
        with RunningCluster() as old, RunningCluster() as new, temporary_directory() as directory:
            fill(old, range(KEYS))
            leader = old.wait_for_leader()
            writer = Writer(old, leader)
            writer.start()
            old.wait_for(lambda: writer.acknowledged > 20, "writes")
            file = Path(directory) / "backup"
            before = writer.acknowledged
            done = backup(old, old.others(leader)[0], str(file))
            after = writer.acknowledged
            writer.stop()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertGreater(after, before, "the writes went on meanwhile")
            self.assertEqual(done.stderr, b"", "no progress bar without a terminal")
            self.assertEqual([path.name for path in Path(directory).iterdir()], ["backup"])
            records = {record["key"]: record for record in scan(old, leader)}
            self.empty(new)
            self.restore_all(new, file)
            for node in new.ids:
                restored = scan(new, node)
                live = [record for record in restored if record["key"].startswith("live/")]
                self.assertGreaterEqual(len(live), before, "all that was acknowledged before is there")
                self.assertLessEqual(len(live), after + 1, "and nothing that was begun later")
                self.assertEqual(len(restored), KEYS + len(live))
                for record in restored:
                    self.assertEqual(record, records[record["key"]])

    def test_a_backup_is_not_written_over_a_file_and_leaves_nothing_when_it_fails(self) -> None:
        with RunningCluster(nodes=1) as cluster, temporary_directory() as directory:
            cluster.wait_for_leader()
            file = Path(directory) / "backup"
            file.write_text("mine")
            done = backup(cluster, 1, str(file))
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"is there already", done.stderr)
            self.assertEqual(file.read_text(), "mine")
            cluster.stop(1)
            done = run(str(TENONCTL), "--endpoints", cluster.endpoints[1], "backup", str(file.with_name("other")))
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual([path.name for path in Path(directory).iterdir()], ["backup"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
