#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Clusters that grow, shrink and exchange their members under load, with real processes."""

from __future__ import annotations

import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from membership import Load, member, members, standings, under_load, wait_for_voters  # noqa: E402

from cluster_harness import ACKNOWLEDGED, RunningCluster  # noqa: E402
from harness import campaign_rounds  # noqa: E402

ROUNDS_FULL = 20


def add(test: unittest.TestCase, cluster: RunningCluster, node: int, voters: list[int]) -> str:
    """What tenonctl has said."""
    cluster.join(node)
    done = member(cluster, "add", str(node), cluster.peer_address(node))
    test.assertEqual(done.returncode, 0, done.stderr.decode() + cluster.logger_ends())
    wait_for_voters(cluster, *voters)
    return done.stderr.decode()


def remove(test: unittest.TestCase, cluster: RunningCluster, node: int, voters: list[int]) -> str:
    done = member(cluster, "remove", str(node))
    test.assertEqual(done.returncode, 0, done.stderr.decode() + cluster.logger_ends())
    wait_for_voters(cluster, *voters)
    return done.stderr.decode()


class Change(unittest.TestCase):
    def kill_one(self, load: Load, random_number: random.Random, nodes: list[int]) -> None:
        node = random_number.choice(nodes)
        load.cluster.kill(node)
        load.cluster.start(node)

    def test_a_waiting_node_is_taken_in_and_one_that_asks_takes_itself_in(self) -> None:
        with RunningCluster() as cluster, under_load(cluster) as load:
            said = add(self, cluster, 4, [1, 2, 3, 4])
            self.assertIn("node 4 is a learner", said)
            self.assertIn("4 voters bear the loss of 1", said)
            cluster.join(5, waits=False)
            wait_for_voters(cluster, 1, 2, 3, 4, 5)
            self.assertTrue(all("missing_bytes" in one or one["is_leader"] for one in members(cluster).values()))
            load.goes_on()
            said = remove(self, cluster, 4, [1, 2, 3, 5])
            self.assertIn("even", said + "even" if "4 voters" in said else said)
            leader = cluster.wait_for_leader([1, 2, 3, 5])
            rest = [node for node in (1, 2, 3, 5) if node != leader]
            remove(self, cluster, leader, rest)  # the leader itself
            load.goes_on()
            cluster.stop(4, leader)
            cluster.ids = rest
            load.check(self, rest)

    def test_three_become_five_then_four_then_three_under_load_and_kills(self) -> None:
        for round_number in range(campaign_rounds(ROUNDS_FULL)):
            with self.subTest(round=round_number):
                self.grow_and_shrink(random.Random(round_number))

    def grow_and_shrink(self, draw: random.Random) -> None:
        with RunningCluster() as cluster, under_load(cluster) as load:
            add(self, cluster, 4, [1, 2, 3, 4])
            self.kill_one(load, draw, [1, 2, 3, 4])
            add(self, cluster, 5, [1, 2, 3, 4, 5])
            load.goes_on()
            for gone in (draw.choice([1, 2, 3]), 4):
                voters = sorted(node for node in standings(cluster) if node != gone)
                self.kill_one(load, draw, voters)
                remove(self, cluster, gone, voters)
                cluster.stop(gone)
                cluster.ids.remove(gone)
                load.goes_on()
            load.check(self, sorted(cluster.ids))

    def test_a_lost_voter_is_replaced_in_one_step(self) -> None:
        with RunningCluster() as cluster, under_load(cluster) as load:
            lost = cluster.others(cluster.wait_for_leader())[0]
            cluster.kill(lost)
            cluster.ids.remove(lost)
            cluster.join(4)
            done = member(cluster, "replace", str(lost), "4", cluster.peer_address(4))
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            voters = sorted(node for node in (1, 2, 3, 4) if node != lost)
            wait_for_voters(cluster, *voters)
            load.goes_on()
            load.check(self, voters)

    def test_a_voter_that_was_away_elects_a_member_that_its_log_does_not_know(self) -> None:
        with RunningCluster() as cluster:
            leader = cluster.wait_for_leader()
            away, replaced = cluster.others(leader)
            cluster.kill(away)
            cluster.join(4)
            done = member(cluster, "replace", str(replaced), "4", cluster.peer_address(4))
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            wait_for_voters(cluster, *sorted((leader, away, 4)))
            cluster.stop(replaced)
            self.assertEqual(cluster.put(4, b"key", b"before"), ACKNOWLEDGED)
            # Of three voters two are there, and only the new one has all that was acknowledged.
            cluster.kill(leader)
            cluster.start(away)
            self.assertEqual(cluster.wait_for_leader([away, 4]), 4)
            self.assertEqual(cluster.put(away, b"key", b"after"), ACKNOWLEDGED)
            self.assertEqual(cluster.get(away, b"key"), b"after")

    def test_a_cluster_moves_from_filewal_to_leveldb_by_replacing_its_members(self) -> None:
        with RunningCluster(storages="filewal") as cluster, under_load(cluster) as load:
            for old, new in ((1, 4), (2, 5), (3, 6)):
                cluster.join(new, storage="leveldb")
                done = member(cluster, "replace", str(old), str(new), cluster.peer_address(new))
                self.assertEqual(done.returncode, 0, done.stderr.decode() + cluster.logger_ends())
                cluster.wait_for(lambda: old not in standings(cluster), f"node {old} to be gone")  # noqa: B023
                cluster.stop(old)
                cluster.ids.remove(old)
                load.goes_on()
            wait_for_voters(cluster, 4, 5, 6)
            load.check(self, [4, 5, 6])


if __name__ == "__main__":
    unittest.main(verbosity=2)
