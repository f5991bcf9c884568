#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Watches of real nodes: what was written arrives once and in order, also while the node that serves it is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import unittest

from cluster_harness import ACKNOWLEDGED, RunningCluster
from harness import TENONCTL

from tenon_kv.ttypes import ChangeKind, ErrorCode, GetRequest, PutRequest, RemoveRequest, TenonError, WatchRequest

WRITES = 300
ROUNDS = 3


class WatchingProcess:
    """`tenonctl watch`, with the lines that it has printed so far."""

    def __init__(self, endpoints: str, *arguments: str) -> None:
        words = [str(TENONCTL), "--endpoints", endpoints, "-o", "json", "watch", *arguments]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: list[dict] = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.finish()

    def finish(self) -> int:
        code = self.process.wait(timeout=60)
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def values(self) -> list[str]:
        return [line["record"]["value"] for line in list(self.lines)]

    def revisions(self) -> list[int]:
        return [int(line["record"]["mod_revision"]) for line in list(self.lines)]


class Watch(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = RunningCluster()
        cls.enterClassContext(cls.cluster)

    def setUp(self) -> None:
        for node in self.cluster.ids:
            if not self.is_up(node):
                self.cluster.start(node)
        self.leader = self.cluster.wait_for_leader()

    def is_up(self, node: int) -> bool:
        try:
            self.cluster.status(node)
            return True
        except Exception:  # noqa: BLE001  it is not
            return False

    def next_revision(self) -> int:
        """Of the cluster; what one node has applied may be behind it."""
        with self.cluster.client(self.leader) as client:
            return client.kv.get(GetRequest(b"any")).revision + 1

    def write(self, key: bytes, value: bytes) -> None:
        """Until a node acknowledges it; each try lasts longer than the node keeps it waiting."""
        nodes = self.cluster.ids
        self.cluster.wait_for(
            lambda: any(self.cluster.put(node, key, value) == ACKNOWLEDGED for node in nodes), "a write")

    def test_every_node_serves_the_same_changes(self) -> None:
        begin = self.next_revision()
        with self.cluster.client(self.leader) as client:
            for number in range(20):
                client.kv.put(PutRequest(b"same-%d" % number, b"v"))
            client.kv.remove(RemoveRequest(b"same-3"))
        seen = []
        for node in self.cluster.ids:
            changes = []
            from_revision = begin
            with self.cluster.client(node) as client:
                while len(changes) < 21:
                    reply = client.kv.watch(WatchRequest(prefix=b"same-", from_revision=from_revision, wait_ms=30_000,
                                                         limit=4, return_previous=True))
                    changes += [(one.kind, one.record.key, one.record.mod_revision, one.previous is not None)
                                for one in reply.changes]
                    from_revision = reply.next_revision
            seen.append(changes)
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])
        self.assertEqual([one[1] for one in seen[0]], [b"same-%d" % number for number in range(20)] + [b"same-3"])
        self.assertEqual(seen[0][20][0], ChangeKind.REMOVED)
        self.assertEqual([one[2] for one in seen[0]], list(range(begin, begin + 21)))

    def test_a_watch_without_changes_says_how_far_it_is(self) -> None:
        with self.cluster.client(self.leader) as client:
            begin = self.next_revision()
            client.kv.put(PutRequest(b"loud", b"v"))
            reply = client.kv.watch(WatchRequest(prefix=b"quiet-", from_revision=begin, wait_ms=100))
            self.assertEqual(reply.changes, [])
            self.assertEqual(reply.next_revision, begin + 1)

    def test_writes_while_nodes_are_killed_arrive_once_and_in_order(self) -> None:
        begin = self.next_revision()
        # The node that is killed serves one of the watches, and leads at times.
        orders = [self.cluster.ids, self.cluster.ids[::-1]]
        watches = [WatchingProcess(",".join(self.cluster.endpoints[node] for node in order), "--prefix", "killed-",
                                   "--from-revision", str(begin)) for order in orders]
        written = []
        for round_number in range(ROUNDS):
            victim = self.cluster.ids[round_number % len(self.cluster.ids)]
            for number in range(WRITES // ROUNDS):
                if number == 30:
                    self.cluster.kill(victim)
                if number == 70:
                    self.cluster.start(victim)
                value = f"{round_number}-{number}"
                self.write(b"killed-key", value.encode())
                written.append(value)
            self.cluster.wait_for_leader()
        for watch in watches:
            self.cluster.wait_for(lambda: watch.values()[-1:] == written[-1:], "the last write at a watch")
            revisions = watch.revisions()
            self.assertEqual(revisions, sorted(set(revisions)))
            # A write whose first try was lost may stand twice, but side by side.
            once = [value for at, value in enumerate(watch.values()) if at == 0 or watch.values()[at - 1] != value]
            self.assertEqual(once, written)
            self.assertEqual(watch.interrupt(), -signal.SIGINT)
        self.assertEqual(watches[0].lines, watches[1].lines)

    def test_a_watch_ends_after_as_many_changes_as_were_asked_for(self) -> None:
        watch = WatchingProcess(self.cluster.endpoints[self.leader], "counted", "--limit", "2", "--from-revision",
                                str(self.next_revision()))
        for value in (b"1", b"2", b"3"):
            self.write(b"counted", value)
        self.assertEqual(watch.finish(), 0)
        self.assertEqual(watch.values(), ["1", "2"])


class WatchWithLittleHistory(unittest.TestCase):
    def test_a_watch_that_comes_too_late_is_told_where_it_can_begin(self) -> None:
        with RunningCluster({"limits.watch_history_bytes": "64KiB"}, nodes=1) as cluster:
            leader = cluster.wait_for_leader()
            with cluster.client(leader) as client:
                for number in range(100):
                    client.kv.put(PutRequest(b"key", bytes(2000)))
                with self.assertRaises(TenonError) as caught:
                    client.kv.watch(WatchRequest(prefix=b"", from_revision=1, wait_ms=1000))
                self.assertEqual(caught.exception.code, ErrorCode.COMPACTED)
                oldest = caught.exception.oldest_revision
                self.assertTrue(1 < oldest <= 100)
                reply = client.kv.watch(WatchRequest(prefix=b"", from_revision=oldest, wait_ms=1000))
                self.assertEqual(reply.changes[0].record.mod_revision, oldest)
                # The node ends what the client's interface has let go of, a moment after the reply.
                cluster.wait_for(lambda: "\ntenon_watches 0\n" in client.cluster.metrics().text, "no watch left open")
                self.assertTrue("\ntenon_watches_compacted_total 1\n" in client.cluster.metrics().text)
            late = cluster.tenonctl("watch", "key", "--from-revision", "1")
            self.assertEqual(late.returncode, 1)
            self.assertIn(b"compacted", late.stderr)
            self.assertIn(f"keeps those from {oldest} on".encode(), late.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
