#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a cluster refuses to take in, and what becomes of nodes that were removed, have lost their disk, or are all that
is left, with real processes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from membership import member, members, standings, stderr_of, wait_for_voters  # noqa: E402

from cluster_harness import ACKNOWLEDGED, REFUSED, RunningCluster  # noqa: E402
from harness import ENVIRONMENT, TENOND, campaign_rounds, free_port  # noqa: E402

RETURNS_FULL = 100


def other(cluster: RunningCluster, node: int) -> dict[str, str]:
    return cluster.status(node).other or {}


class Standing(unittest.TestCase):
    def refused(self, cluster: RunningCluster, words: list[str], *parts: str) -> None:
        before = standings(cluster)
        done = member(cluster, *words)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, 1, text)
        for part in parts:
            self.assertIn(part, text)
        self.assertEqual(standings(cluster), before)

    def test_what_is_not_that_node_is_refused_by_its_name(self) -> None:
        with RunningCluster() as cluster, RunningCluster(nodes=1, transports="thrift") as foreign:
            cluster.wait_for_leader()
            nobody = f"thrift://127.0.0.1:{free_port()}"
            self.refused(cluster, ["add", "4", nobody], "node 4", "was not found at " + nobody, "cannot connect")
            self.refused(cluster, ["add", "4", cluster.peer_address(2)], "this is node 2, the hello is for node 4")
            self.refused(cluster, ["add", "4", foreign.peer_address(1)], "this is cluster local-", "of cluster local-")
            self.refused(cluster, ["add", "2", cluster.peer_address(2)], "node 2 is a voter already",
                         "member replace 2")  # fmt: skip
            self.refused(cluster, ["add", "4", "carrier://127.0.0.1:1"], "no transport takes the addresses of node 4")
            self.refused(cluster, ["promote", "4"], "node 4 is no member")
            self.refused(cluster, ["remove", "4"], "node 4 is no member")
            self.refused(cluster, ["replace", "7", "4", nobody], "node 7 is no voter")
        with RunningCluster(nodes=1, transports="thrift") as cluster:
            self.refused(cluster, ["remove", "1"], "node 1 is the last voter")

    def test_a_removal_that_leaves_too_few_that_answer_is_refused_with_the_figures(self) -> None:
        with RunningCluster() as cluster:
            leader = cluster.wait_for_leader()
            gone, left = cluster.others(leader)
            cluster.kill(gone)
            time.sleep(1.0)  # for longer than an election timeout it is not heard of
            self.refused(cluster, ["remove", str(left)], "2, of whom 2 have to answer, and now 1 does", "--force")
            # The one that is gone may leave: the two that remain both answer.
            done = member(cluster, "remove", str(gone))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("2 voters bear the loss of 0", done.stderr.decode())
            wait_for_voters(cluster, *sorted([leader, left]))

    def test_a_learner_stays_one_until_it_is_promoted(self) -> None:
        with RunningCluster() as cluster:
            cluster.join(4)
            done = member(cluster, "add", "4", cluster.peer_address(4), "--learner")
            self.assertEqual(done.returncode, 0, done.stderr)
            cluster.wait_for(lambda: members(cluster)[4].get("missing_bytes") == "0", "the learner to catch up")
            self.assertEqual(standings(cluster)[4], "learner")
            self.assertEqual(other(cluster, 4)["standing"], "learner")
            self.assertEqual(cluster.put(4, b"through the learner", b"yes"), ACKNOWLEDGED)
            self.assertEqual(cluster.get(4, b"through the learner"), b"yes")
            self.assertEqual(member(cluster, "promote", "4").returncode, 0)
            wait_for_voters(cluster, 1, 2, 3, 4)

    def test_a_removed_node_says_so_serves_nobody_and_changes_no_leader_when_it_returns(self) -> None:
        with RunningCluster() as cluster:
            leader = cluster.wait_for_leader()
            gone, away = cluster.others(leader)[0], 0
            self.assertEqual(member(cluster, "remove", str(gone)).returncode, 0)
            cluster.wait_for(lambda: other(cluster, gone)["standing"] == "removed", "the node to be told")
            self.assertEqual(cluster.put(gone, b"key", b"value"), REFUSED)
            self.assertIn("removed from the cluster", stderr_of(cluster, gone))
            rest = cluster.others(gone)
            before = (cluster.wait_for_leader(rest), cluster.status(rest[0]).term)
            for away in range(campaign_rounds(RETURNS_FULL)):
                cluster.kill(gone)
                cluster.start(gone)
                cluster.wait_for(lambda: other(cluster, gone)["standing"] == "removed", "the node to say so again")
                self.assertEqual(cluster.put(rest[0], b"key %d" % away, b"value"), ACKNOWLEDGED)
                self.assertEqual((cluster.wait_for_leader(rest), cluster.status(rest[0]).term), before)

    def test_a_node_that_was_away_when_it_was_removed_is_told_when_it_returns(self) -> None:
        with RunningCluster() as cluster:
            leader = cluster.wait_for_leader()
            gone = cluster.others(leader)[0]
            cluster.kill(gone)
            self.assertEqual(member(cluster, "remove", str(gone)).returncode, 0)
            rest = cluster.others(gone)
            before = (cluster.wait_for_leader(rest), cluster.status(rest[0]).term)
            cluster.start(gone)
            cluster.wait_for(lambda: other(cluster, gone)["standing"] == "removed", "the node to be told")
            self.assertEqual((cluster.wait_for_leader(rest), cluster.status(rest[0]).term), before)

    def test_a_voter_that_has_lost_its_disk_is_not_let_in_as_that_voter(self) -> None:
        with RunningCluster() as cluster:
            leader = cluster.wait_for_leader()
            wiped = cluster.others(leader)[0]
            cluster.wait_for(lambda: all("incarnation" in one for one in members(cluster).values()), "incarnations")
            cluster.kill(wiped)
            shutil.rmtree(cluster.directory / f"node-{wiped}" / "data")
            cluster.change(has_answered=False, nodes=[wiped])
            cluster.start(wiped)
            cluster.wait_for(lambda: other(cluster, wiped)["standing"] == "refused", "the node to be told")
            self.assertIn(f"member replace {wiped}", other(cluster, wiped)["standing_text"])
            # As the message says: it is taken out, and comes in as a new one.
            self.assertEqual(member(cluster, "remove", str(wiped)).returncode, 0)
            cluster.kill(wiped)
            shutil.rmtree(cluster.directory / f"node-{wiped}" / "data")
            peers = f"{wiped}={cluster.peer_address(wiped)}"
            self.become_joining(cluster, wiped)
            cluster.start(wiped)
            self.assertIn(peers, (cluster.directory / f"node-{wiped}" / "node.conf").read_text())
            wait_for_voters(cluster, 1, 2, 3)

    def become_joining(self, cluster: RunningCluster, node: int) -> None:
        path = cluster.directory / "cluster.json"
        document = json.loads(path.read_text())
        for one in document["nodes"]:
            if one["plan"]["id"] == node:
                one["plan"]["joins"] = True
                one["plan"]["asks"] = True
        path.write_text(json.dumps(document))

    # What is left of a cluster that is lost

    def recover(self, cluster: RunningCluster, node: int, *flags: str) -> subprocess.CompletedProcess[str]:
        config = cluster.directory / f"node-{node}" / "node.conf"
        words = [str(TENOND), "recover", "--force-new-cluster", "--config", str(config), *flags]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=ENVIRONMENT,
                              cwd=config.parent)  # fmt: skip

    def test_one_node_becomes_a_new_cluster_with_all_that_it_has(self) -> None:
        for storage in ("filewal", "leveldb"):
            with self.subTest(storage=storage), RunningCluster(storages=storage) as cluster:
                self.recover_alone(cluster)

    def recover_alone(self, cluster: RunningCluster) -> None:
        cluster.wait_for_leader()
        for number in range(50):
            self.assertEqual(cluster.put(1, b"key %d" % number, b"value"), ACKNOWLEDGED)
        cluster.tenonctl("snapshot", "create", endpoints=cluster.endpoints[1])
        self.assertEqual(cluster.put(1, b"behind the image", b"value"), ACKNOWLEDGED)
        cluster.wait_for_same_state()
        running = self.recover(cluster, 1, "--yes")
        self.assertEqual(running.returncode, 1)
        self.assertIn("another process has the data directory", running.stderr + running.stdout)
        cluster.kill(1, 2, 3)
        look = self.recover(cluster, 1)
        self.assertIn("nothing was changed", look.stdout, look.stderr)
        self.assertIn("DANGER", look.stdout)
        done = self.recover(cluster, 1, "--yes", "--new-cluster-id", "after")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("it is the cluster after of node 1 alone now", done.stdout)
        cluster.start(1, settings={"cluster.id": "after"})
        cluster.start(2)
        cluster.wait_for(lambda: cluster.status(1).role == "leader", "the new cluster")
        self.assertEqual(cluster.get(1, b"key 49"), b"value")
        self.assertEqual(cluster.get(1, b"behind the image"), b"value")
        self.assertEqual(cluster.put(1, b"new", b"value"), ACKNOWLEDGED)
        self.assertEqual(standings(cluster).get(1), "voter")
        # The old members are another cluster.
        cluster.wait_for(lambda: "this is cluster after" in stderr_of(cluster, 1), "the refusal of the old member")


if __name__ == "__main__":
    unittest.main(verbosity=2)
