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

    def test_a_full_backup_and_the_logs_behind_it_fill_a_new_cluster(self) -> None:
        with RunningCluster() as old, RunningCluster() as new, temporary_directory() as directory:
            folder = Path(directory)
            files = self.take_chain(old, folder)
            leader = old.wait_for_leader()
            with old.client(leader) as client:
                put(client, b"too late", b"for every backup")
            records = [record for record in scan(old, leader) if record["key"] != "too late"]
            self.empty(new)
            self.check_refused(new, folder, files)
            self.restore_all(new, *files)
            for node in new.ids:
                self.assertEqual(scan(new, node), records)
            hashes = new.tenonctl("state-hash").stdout.decode().splitlines()
            self.assertEqual(len({line.split("\t", 1)[1] for line in hashes}), 1, hashes)

    def take_chain(self, cluster: RunningCluster, folder: Path) -> list[Path]:
        """A full backup and three incremental ones: from any node, with all kinds of writes and a change of leader."""
        files = [folder / name for name in ("full", "first", "second", "third")]
        leader = cluster.wait_for_leader()
        for step, (previous, file) in enumerate(zip([None, *files], files)):
            fill(cluster, range(40 * step, 40 * step + 50))
            cluster.tenonctl("del", "key/%06d" % (40 * step + 3))
            cluster.tenonctl("increment", "counter", "5")
            cluster.tenonctl("put", f"expiring{step}", "soon", "--ttl", "1h")
            words = ["--since", str(previous)] if previous else []
            node = cluster.ids[step % len(cluster.ids)]
            done = backup(cluster, node, *words, str(file))
            self.assertEqual(done.returncode, 0, done.stderr)
            if step == 1:
                cluster.kill(leader)
                cluster.wait_for_leader(cluster.others(leader))
                cluster.start(leader)
                cluster.wait_for_leader()
        return files

    def check_refused(self, cluster: RunningCluster, folder: Path, files: list[Path]) -> None:
        full, first, second, third = files
        whole = second.read_bytes()
        damaged = {
            "cut": whole[: len(whole) // 2],
            "flipped": whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :],
            "longer": whole + b"more",
            "foreign": b"a letter to a friend " * 50,
        }
        for name, content in damaged.items():
            file = folder / name
            file.write_bytes(content)
            self.expect_refusal(cluster, [full, first, file], str(file), "offset")
        self.expect_refusal(cluster, [full, second, third], str(second), "in the order in which they were taken")
        self.expect_refusal(cluster, [full, second, first], str(second), "in the order in which they were taken")
        self.expect_refusal(cluster, [full, first, first], str(first), "in the order in which they were taken")
        self.expect_refusal(cluster, [first, second], str(first), "name the full backup first")
        self.expect_refusal(cluster, [full, full], str(full), "offset 0")
        self.expect_refusal(cluster, [full, folder / "nowhere"], "nowhere", "cannot be read")

    def expect_refusal(self, cluster: RunningCluster, files: list[Path], *words: str) -> None:
        done = restore(cluster, 1, *files)
        self.assertEqual(done.returncode, 1, done.stdout)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse(data_directory(cluster, 1).exists(), "what is not good leaves nothing behind")

    def test_a_log_that_was_cut_or_is_of_another_cluster_is_refused_with_what_to_do(self) -> None:
        with RunningCluster(nodes=1) as cluster, RunningCluster(nodes=1) as other, temporary_directory() as directory:
            fill(cluster, range(5))
            fill(other, range(5))
            full, next_file = Path(directory) / "full", Path(directory) / "next"
            self.assertEqual(backup(cluster, 1, str(full)).returncode, 0)
            done = backup(other, 1, "--since", str(full), str(next_file))
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"is of the cluster '", done.stderr)
            fill(cluster, range(5, 9))
            compacted = cluster.tenonctl("compact")
            self.assertEqual(compacted.returncode, 0, compacted.stderr)
            _, first_before, first, bytes_before, bytes_after = compacted.stdout.decode().split()
            self.assertLess(int(first_before), int(first))
            self.assertLess(int(bytes_after), int(bytes_before))
            done = backup(cluster, 1, "--since", str(full), str(next_file))
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"take a full backup", done.stderr)
            (Path(directory) / "cut").write_bytes(full.read_bytes()[:-5])
            done = backup(cluster, 1, "--since", str(Path(directory) / "cut"), str(next_file))
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"no good backup", done.stderr)
            self.assertEqual(sorted(path.name for path in Path(directory).iterdir()), ["cut", "full"])

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
