# SPDX-License-Identifier: MIT
"""What the tests of the membership share: the members as an operator sees them, and clients that write through changes
of the cluster and remember what became of each write."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cluster_harness import ACKNOWLEDGED, REFUSED, UNKNOWN, RunningCluster  # noqa: E402

from tenon_kv.ttypes import ScanRequest  # noqa: E402

PAUSE_SECONDS = 0.01


def members(cluster: RunningCluster) -> dict[int, dict[str, str]]:
    """By the leader's word, as far as one answers."""
    done = cluster.tenonctl("-o", "json", "member", "list")
    return {int(member["node_id"]): member for member in json.loads(done.stdout)["members"]}


def standings(cluster: RunningCluster) -> dict[int, str]:
    return {node: member["standing"] for node, member in members(cluster).items()}


def wait_for_voters(cluster: RunningCluster, *voters: int) -> None:
    wanted = {node: "voter" for node in voters}
    cluster.wait_for(lambda: standings(cluster) == wanted, f"the voters {voters}")


def member(cluster: RunningCluster, *words: str, timeout: str = "30s") -> subprocess.CompletedProcess[bytes]:
    """`tenonctl member ..`, while elections may come between: what was surely not done is tried again."""
    deadline = time.monotonic() + 60
    while True:
        done = cluster.tenonctl("--timeout", timeout, "member", *words)
        text = done.stderr.decode()
        passes = any(part in text for part in ("leadership", "no leader", "does not lead", "under way", "just now",
                                               "cannot be made now", "may have been", "a moment ago"))  # fmt: skip
        if done.returncode == 0 or not passes or time.monotonic() > deadline:
            return done
        time.sleep(0.2)


class Writer(threading.Thread):
    """Writes keys of its own to whichever node answers."""

    def __init__(self, cluster: RunningCluster, number: int) -> None:
        super().__init__(daemon=True)
        self.cluster, self.number = cluster, number
        self.outcomes: dict[bytes, str] = {}
        self.stopping = threading.Event()

    def run(self) -> None:
        turn = self.number
        while not self.stopping.is_set():
            key = b"load-%d-%06d" % (self.number, len(self.outcomes))
            nodes = list(self.cluster.ids)
            outcome = self.cluster.put(nodes[turn % len(nodes)], key, b"value of " + key, 5.0)
            self.outcomes[key] = outcome
            turn += outcome != ACKNOWLEDGED
            time.sleep(PAUSE_SECONDS)


class Load:
    def __init__(self, cluster: RunningCluster, writers: int) -> None:
        self.cluster = cluster
        self.writers = [Writer(cluster, number) for number in range(writers)]

    def keys(self, outcome: str) -> set[bytes]:
        return {key for writer in self.writers for key, found in dict(writer.outcomes).items() if found == outcome}

    def stop(self) -> None:
        for writer in self.writers:
            writer.stopping.set()
        for writer in self.writers:
            writer.join()

    def goes_on(self) -> None:
        """Until some more writes were acknowledged."""
        wanted = len(self.keys(ACKNOWLEDGED)) + 10
        self.cluster.wait_for(lambda: len(self.keys(ACKNOWLEDGED)) >= wanted, "writes that go on")

    def check(self, test: unittest.TestCase, nodes: list[int]) -> None:
        """Ends the writers; every acknowledged write is there once on each of these nodes, and no refused one."""
        self.stop()
        self.cluster.wait_for_same_state(nodes)
        for node in nodes:
            found = scan(self.cluster, node)
            test.assertEqual(sorted(self.keys(ACKNOWLEDGED) - found.keys())[:5], [], f"node {node}: lost")
            test.assertEqual(sorted(found.keys() & self.keys(REFUSED))[:5], [], f"node {node}: refused, and there")
            test.assertEqual({version for version in found.values()}, {1}, f"node {node}: applied twice")
        print(", ".join(f"{len(self.keys(one))} {one}" for one in (ACKNOWLEDGED, REFUSED, UNKNOWN)), flush=True)


def scan(cluster: RunningCluster, node: int) -> dict[bytes, int]:
    versions: dict[bytes, int] = {}
    cursor = None
    with cluster.client(node) as client:
        while True:
            page = client.kv.scan(ScanRequest(prefix=b"load-", cursor=cursor))
            versions.update((record.key, record.version) for record in page.records)
            cursor = page.cursor
            if cursor is None:
                return versions


@contextmanager
def under_load(cluster: RunningCluster, writers: int = 2) -> Iterator[Load]:
    load = Load(cluster, writers)
    for writer in load.writers:
        writer.start()
    try:
        load.goes_on()
        yield load
    finally:
        load.stop()


def stderr_of(cluster: RunningCluster, node: int) -> str:
    return (cluster.directory / f"node-{node}" / "stderr.log").read_text(errors="replace")
