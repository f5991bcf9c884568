#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A sync of one node's disk fails once, under load, and the later ones would succeed: that node stops, the cluster goes
on, and nothing that was acknowledged is lost, also when the node has come back.

strace makes the call fail. It does so on the threads of a node that runs, so it needs the right to trace it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import unittest

from cluster_harness import ACKNOWLEDGED, REFUSED, UNKNOWN, RunningCluster
from kill_cycles_test import Writer, scan

WRITERS = 4
ATTACH_SECONDS = 30.0


class FailingSync:
    """While it is entered, the next fdatasync of a process fails with EIO, and none after it."""

    def __init__(self, process: int) -> None:
        self.process = process

    def __enter__(self) -> "FailingSync":
        self.output = tempfile.TemporaryFile("w+")
        inject = "inject=fdatasync:error=EIO:when=1"
        words = ["strace", "-f", "-e", "trace=fdatasync", "-e", inject, "-p", str(self.process)]
        self.strace = subprocess.Popen(words, stdout=self.output, stderr=self.output, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.strace.terminate()
        self.strace.wait()
        self.output.close()

    def text(self) -> str:
        self.output.seek(0)
        return self.output.read()


@unittest.skipIf(shutil.which("strace") is None, "strace is not installed")
class SyncFailure(unittest.TestCase):
    def test_a_leader_whose_sync_fails_stops_and_nothing_is_lost(self) -> None:
        self.look(lambda cluster: cluster.wait_for_leader())

    def test_a_follower_whose_sync_fails_stops_and_nothing_is_lost(self) -> None:
        self.look(lambda cluster: cluster.others(cluster.wait_for_leader())[0])

    def look(self, choose) -> None:
        with RunningCluster() as cluster:
            victim = choose(cluster)
            writers = [Writer(cluster, b"writer-%d" % number, cluster.ids[number % 3]) for number in range(WRITERS)]
            for writer in writers:
                writer.start()
            try:
                self.fail_sync(cluster, victim)
                others = cluster.others(victim)
                cluster.wait_for_leader(others)
                counts = [len(writer.outcomes[ACKNOWLEDGED]) for writer in writers]
                cluster.wait_for(
                    lambda: any(len(writer.outcomes[ACKNOWLEDGED]) > count + 20
                                for writer, count in zip(writers, counts)),
                    "writes that go on without the node",
                )  # fmt: skip
            finally:
                for writer in writers:
                    writer.stopping.set()
                for writer in writers:
                    writer.join()
            self.check(cluster, writers, others)
            cluster.start(victim)
            cluster.wait_for_leader()
            cluster.wait_for_same_state()
            self.check(cluster, writers, cluster.ids)

    def fail_sync(self, cluster: RunningCluster, victim: int) -> None:
        process = self.state_of(cluster, victim)["pid"]
        with FailingSync(process) as failing:
            deadline = time.monotonic() + ATTACH_SECONDS
            while self.state_of(cluster, victim)["state"] != "stopped":
                if failing.strace.poll() is not None and "INJECTED" not in failing.text():
                    self.skipTest(f"strace could not trace the node: {failing.text().strip()}")
                self.assertLess(time.monotonic(), deadline, f"the node goes on: {failing.text()}")
                time.sleep(0.05)
            self.assertIn("INJECTED", failing.text())
        logger = (cluster.directory / f"node-{victim}" / "stderr.log").read_text(errors="replace")
        self.assertIn("fdatasync", logger)
        self.assertIn("Input/output error", logger)

    def state_of(self, cluster: RunningCluster, node: int) -> dict:
        document = json.loads(cluster.tool("status"))
        return next(one for one in document["nodes"] if one["id"] == node)

    def check(self, cluster: RunningCluster, writers: list[Writer], nodes: list[int]) -> None:
        acknowledged = {key for writer in writers for key in writer.outcomes[ACKNOWLEDGED]}
        refused = {key for writer in writers for key in writer.outcomes[REFUSED]}
        unknown = {key for writer in writers for key in writer.outcomes[UNKNOWN]}
        self.assertGreater(len(acknowledged), 0)
        for node in nodes:
            with cluster.client(node) as client:
                records = scan(client, b"writer-")
            found = {record.key for record in records}
            self.assertEqual(sorted(acknowledged - found)[:5], [], f"node {node}: acknowledged and lost")
            self.assertEqual(sorted(found & refused)[:5], [], f"node {node}: refused and there")
            self.assertEqual(sorted(found - acknowledged - unknown)[:5], [], f"node {node}: nobody wrote it")


if __name__ == "__main__":
    unittest.main(verbosity=2)
