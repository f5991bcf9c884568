#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Images of the state with real processes: a restart begins with one, and a node that is far behind is sent one, though
both sides are killed on the way and writes go on. The seed is printed first; the moments of the kills follow from it.
"""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
import unittest
from pathlib import Path

from cluster_harness import ACKNOWLEDGED, QUICK_ELECTIONS, TRANSPORT, RunningCluster, put
from harness import BUILD_DIRECTORY, ENVIRONMENT, Client, campaign_rounds, free_port, run, temporary_directory

from tenon_kv.ttypes import GetRequest

VALUE_BYTES = 64 << 10
# The log that is kept in any case behind an image; what a node is behind by more than this comes within an image.
LOG_TAIL_BYTES = 8 << 20
# From a node's port for clients, as tools/cluster gives them.
TRANSPORT_PORT_OFFSET = {"thrift": 5, "websocket": 6}[TRANSPORT]
BLOWS = 40  # against a transfer: a side is killed, or its links are cut
STATE_BYTES = 1 << 30  # that is transferred
TRANSFER_SECONDS = 300.0
SMALL_IMAGES = {
    **QUICK_ELECTIONS,
    "snapshot.log_bytes": "1MiB",
    "snapshot.log_held_bytes_max": "8MiB",
    "storage.filewal.segment_bytes": "1MiB",
}


def value_of(number: int) -> bytes:
    return random.Random(number).randbytes(VALUE_BYTES)


class Writer(threading.Thread):
    """Puts one key after the other through whichever node takes it, and remembers what was acknowledged."""

    def __init__(self, cluster: RunningCluster, nodes: list[int], first: int) -> None:
        super().__init__()
        self.cluster = cluster
        self.nodes = nodes
        self.next = first
        self.acknowledged: list[int] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            node = self.nodes[self.next % len(self.nodes)]
            try:
                with self.cluster.client(node, 3.0) as client:
                    while not self.stopping.is_set() and self.put_next(client):
                        pass
            except Exception:  # noqa: BLE001  the node is down
                self.next += 1
                time.sleep(0.05)

    def put_next(self, client: object) -> bool:
        self.next += 1
        outcome = put(client, b"live/%d" % self.next, b"value %d" % self.next)
        if outcome == ACKNOWLEDGED:
            self.acknowledged.append(self.next)
        return outcome == ACKNOWLEDGED


class Images(unittest.TestCase):
    def fill(self, cluster: RunningCluster, node: int, numbers: range) -> None:
        with cluster.client(node) as client:
            for number in numbers:
                self.assertEqual(put(client, b"filled/%d" % number, value_of(number)), ACKNOWLEDGED)

    def metric(self, cluster: RunningCluster, node: int, name: str) -> int:
        text = cluster.tenonctl("metrics", endpoints=cluster.endpoints[node]).stdout.decode()
        return next(int(float(line.split()[1])) for line in text.splitlines() if line.startswith(name + " "))

    def logger(self, cluster: RunningCluster, node: int) -> str:
        return (cluster.directory / f"node-{node}" / "stderr.log").read_text(errors="replace")

    def check_filled(self, cluster: RunningCluster, node: int, numbers: range) -> None:
        for number in numbers:
            self.assertEqual(cluster.get(node, b"filled/%d" % number), value_of(number), f"key {number} on node {node}")

    def test_s1_a_restart_begins_with_the_image_and_the_log_behind_it_and_every_key_is_right(self) -> None:
        numbers = range(2 * LOG_TAIL_BYTES // VALUE_BYTES)
        with RunningCluster(SMALL_IMAGES) as cluster:
            self.fill(cluster, cluster.wait_for_leader(), numbers)
            for node in cluster.ids:
                cluster.wait_for(lambda: self.metric(cluster, node, "tenon_raft_first_index") > 1, "a shorter log")
            before = cluster.wait_for_same_state()
            cluster.kill(*cluster.ids)
            cluster.start(*cluster.ids)
            # What follows the image is applied once a leader has committed it anew.
            leader = cluster.wait_for_leader()
            cluster.wait_for(lambda: cluster.status(leader).revision >= before.revision, "the log behind the image")
            after = cluster.wait_for_same_state()
            self.assertEqual(after.keys, before.keys)
            self.assertEqual(after.revision, before.revision)
            for node in cluster.ids:
                self.assertIn("loaded the image of index", self.logger(cluster, node))
            self.check_filled(cluster, cluster.ids[0], numbers)

    def cut_links(self, cluster: RunningCluster, node: int) -> int:
        """Closes every connection between this node and its peers; how many there were."""
        port = cluster.ports[node] + TRANSPORT_PORT_OFFSET
        words = ["ss", "--kill", "--no-header", "--tcp", "state", "established"]
        done = run(*words, f"( sport = :{port} or dport = :{port} )")
        return len(done.stdout.splitlines())

    def test_a_node_far_behind_gets_an_image_though_both_sides_are_killed_and_links_cut_on_the_way(self) -> None:
        seed = int(os.environ.get("TENON_SEED", str(random.randrange(1 << 32))))
        print(f"seed {seed}", flush=True)
        moments = random.Random(seed)
        numbers = range(campaign_rounds(STATE_BYTES // VALUE_BYTES))
        # Taken quickly, because the test waits for them, and sent slowly, so that the blows fall while one is sent.
        slow = {
            **SMALL_IMAGES,
            "snapshot.take_bytes_per_second": "0",
            "snapshot.send_bytes_per_second": "16MiB",
        }
        with RunningCluster(slow) as cluster:
            leader = cluster.wait_for_leader()
            late = cluster.others(leader)[0]
            cluster.stop(late)
            present = cluster.others(late)
            behind = cluster.status(leader).applied_index
            self.fill(cluster, cluster.wait_for_leader(present), numbers)
            for node in present:
                cluster.wait_for(
                    lambda: self.metric(cluster, node, "tenon_raft_first_index") > behind + 1, "a log that begins later"
                )
            writer = Writer(cluster, present, 0)
            writer.start()
            try:
                cluster.start(late)
                for _ in range(campaign_rounds(BLOWS)):
                    time.sleep(moments.uniform(0.05, 1.0))
                    cluster.wait_for(lambda: self.cut_links(cluster, late) > 0, "links to cut")
                    # Whoever it is: the late node may lead once it is not late any more.
                    victim = moments.choice([late, late, cluster.wait_for_leader()])
                    time.sleep(moments.uniform(0.05, 1.0))
                    cluster.kill(victim)
                    cluster.start(victim)
                cluster.wait_for(
                    lambda: self.metric(cluster, late, "tenon_raft_first_index") > behind + 1, "an image",
                    TRANSFER_SECONDS,
                )  # fmt: skip
            finally:
                writer.stopping.set()
                writer.join()
            self.assertIn("an image of index", self.logger(cluster, late))
            cluster.wait_for_leader()
            cluster.wait_for_same_state()
            self.assertTrue(writer.acknowledged)
            for number in writer.acknowledged:
                self.assertEqual(cluster.get(late, b"live/%d" % number), b"value %d" % number)
            self.check_filled(cluster, late, numbers)

    def test_a_copied_image_fills_a_new_cluster_and_a_damaged_one_changes_nothing(self) -> None:
        keys = {b"key%d" % number: b"value %d" % number for number in range(200)}
        with RunningCluster() as cluster, temporary_directory() as directory:
            leader = cluster.wait_for_leader()
            for key, value in keys.items():
                self.assertEqual(cluster.put(leader, key, value), ACKNOWLEDGED)
            taken = cluster.tenonctl("snapshot", "create", endpoints=cluster.endpoints[leader])
            self.assertEqual(taken.returncode, 0, taken.stderr)
            (image,) = (cluster.directory / f"node-{leader}").rglob("*.image")
            backup = Path(directory) / "backup"
            backup.write_bytes(image.read_bytes())
            self.check_damaged_backups(backup)
            self.check_restored(backup, keys)

    def check_damaged_backups(self, backup: Path) -> None:
        whole = backup.read_bytes()
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 1
        for name, content in {"truncated": whole[: len(whole) // 2], "flipped": bytes(flipped)}.items():
            damaged = backup.with_name(name)
            damaged.write_bytes(content)
            target = backup.with_name("of " + name)
            done = self.restore(damaged, target, "another")
            self.assertEqual(done.returncode, 1)
            self.assertIn("offset", done.stderr)
            self.assertFalse(target.exists(), "a backup that is not good leaves nothing behind")

    def check_restored(self, backup: Path, keys: dict[bytes, bytes]) -> None:
        target = backup.with_name("restored")
        port = free_port()
        done = self.restore(backup, target, "another")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"restored {len(keys)} keys", done.stdout)
        self.assertEqual(self.restore(backup, target, "another").returncode, 1, "nothing is overwritten")
        words = self.tenond_words(target, "another", f"api.thrift.listen=127.0.0.1:{port}")
        node = subprocess.Popen(words, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        try:
            for key, value in keys.items():
                self.assertEqual(self.get_soon(port, key), value)
        finally:
            node.terminate()
            self.assertEqual(node.wait(30), 0)

    def get_soon(self, port: int, key: bytes) -> bytes | None:
        deadline = time.monotonic() + 30
        while True:
            try:
                with Client(port) as client:
                    record = client.kv.get(GetRequest(key=key)).record
                    return None if record is None else record.value
            except Exception:  # noqa: BLE001  it is starting
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def restore(self, backup: Path, target: Path, cluster: str) -> subprocess.CompletedProcess[str]:
        words = self.tenond_words(target, cluster, "cluster.initial_members=1")
        words[1:1] = ["restore", str(backup)]
        return subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT)

    @staticmethod
    def tenond_words(directory: Path, cluster: str, *settings: str) -> list[str]:
        config = directory.with_name("node.conf")
        config.write_text("[node]\nid = 1\n[storage]\nplugin = filewal\n[api]\nplugin = thrift\n")
        all_settings = [f"node.data_directory={directory}", f"cluster.id={cluster}", *settings]
        flags = [word for setting in all_settings for word in ("--set", setting)]
        return [str(BUILD_DIRECTORY / "server" / "tenond"), "--config", str(config), *flags]


if __name__ == "__main__":
    unittest.main(verbosity=2)
