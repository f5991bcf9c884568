#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Three real nodes: elections, replication, and what remains when nodes are killed.

The labels A1 to H1 and P1 to P4 are those of a checklist for replicated stores: A elections, B writes, C reads,
D catching up, E conflicting tails, F quorums, G a leader's crash, H exactly once, P persistence.
"""

from __future__ import annotations

import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from cluster_harness import ACKNOWLEDGED, QUICK_ELECTIONS, REFUSED, SLOW_ELECTIONS, RunningCluster
from harness import Client

from tenon_kv.ttypes import ErrorCode, GetRequest, Outcome, PutRequest, TenonError, TransferLeadershipRequest

OBSERVED_SECONDS = 5.0
# Less than the shortest election timeout of SLOW_ELECTIONS.
SHORT_SECONDS = 1.0


def write_through_all(cluster: RunningCluster, prefix: bytes, count: int, nodes: list[int] | None = None) -> None:
    """Key after key, through one node after the other; each has to be acknowledged."""
    through = nodes or cluster.ids
    for number in range(count):
        key = b"%s-%d" % (prefix, number)
        outcome = cluster.put(through[number % len(through)], key, b"value of " + key)
        assert outcome == ACKNOWLEDGED, f"{key!r}: {outcome}\n{cluster.logger_ends()}"


def lost_through(client: Client, prefix: bytes, count: int) -> list[bytes]:
    """Keys of write_through_all() that do not have their value."""
    lost = []
    for number in range(count):
        key = b"%s-%d" % (prefix, number)
        record = client.kv.get(GetRequest(key=key)).record
        if record is None or record.value != b"value of " + key:
            lost.append(key)
    return lost


class Checking(unittest.TestCase):
    def assert_all_there(self, cluster: RunningCluster, prefix: bytes, count: int) -> None:
        for node in cluster.ids:
            with cluster.client(node) as client:
                self.assertEqual(lost_through(client, prefix, count), [], f"through node {node}")

    def assert_nowhere(self, cluster: RunningCluster, key: bytes) -> None:
        for node in cluster.ids:
            self.assertIsNone(cluster.get(node, key), f"through node {node}")


class Undisturbed(Checking):
    """One cluster in which no node is hurt."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = RunningCluster(SLOW_ELECTIONS)
        cls.enterClassContext(cls.cluster)

    def test_a1_exactly_one_node_leads_and_all_name_it(self) -> None:
        leader = self.cluster.wait_for_leader()
        statuses = self.cluster.statuses()
        self.assertEqual([node for node, status in statuses.items() if status.role == "leader"], [leader])
        self.assertEqual({status.leader for status in statuses.values()}, {leader})
        self.assertEqual(len({status.term for status in statuses.values()}), 1)

    def test_a2_while_the_leader_lives_nobody_begins_an_election(self) -> None:
        leader = self.cluster.wait_for_leader()
        term = self.cluster.status(leader).term
        deadline = time.monotonic() + OBSERVED_SECONDS
        while time.monotonic() < deadline:
            for status in self.cluster.statuses().values():
                self.assertEqual((status.term, status.leader), (term, leader))
                self.assertNotEqual(status.role, "candidate")
            time.sleep(0.1)

    def test_b1_a_follower_passes_a_write_on_and_says_where_the_leader_serves_clients(self) -> None:
        leader = self.cluster.wait_for_leader()
        for follower in self.cluster.others(leader):
            self.assertEqual(self.cluster.put(follower, b"b1", b"through %d" % follower), ACKNOWLEDGED)
            self.assertEqual(self.cluster.get(leader, b"b1"), b"through %d" % follower)
            with self.cluster.client(follower) as client, self.assertRaises(TenonError) as raised:
                client.cluster.transferLeadership(TransferLeadershipRequest())
            self.assertEqual((raised.exception.code, raised.exception.outcome), (ErrorCode.NOT_LEADER, Outcome.REFUSED))
            self.assertEqual(raised.exception.leader_node, leader)
            self.assertEqual(raised.exception.leader_address, self.cluster.endpoints[leader])

    def test_b2_a_write_at_the_leader_is_committed_and_applied_everywhere(self) -> None:
        leader = self.cluster.wait_for_leader()
        before = self.cluster.wait_for_same_state()
        self.assertEqual(self.cluster.put(leader, b"b2", b"value"), ACKNOWLEDGED)
        after = self.cluster.wait_for_same_state()
        self.assertGreater(after.commit_index, before.commit_index)
        self.assertEqual(after.revision, before.revision + 1)

    def test_c1_a_write_through_any_node_is_read_at_once_through_any_other(self) -> None:
        for writer in self.cluster.ids:
            for reader in self.cluster.ids:
                value = b"from %d for %d" % (writer, reader)
                self.assertEqual(self.cluster.put(writer, b"c1", value), ACKNOWLEDGED)
                self.assertEqual(self.cluster.get(reader, b"c1"), value)

    def test_c2_writes_one_after_the_other_have_rising_revisions_and_the_last_one_stays(self) -> None:
        clients = [self.cluster.client(node) for node in self.cluster.ids]
        revisions = []
        for number in range(150):
            request = PutRequest(key=b"c2", value=b"%d" % number)
            revisions.append(clients[number % len(clients)].kv.put(request).revision)
        self.assertEqual(revisions, sorted(set(revisions)))
        for client in clients:
            self.assertEqual(client.kv.get(GetRequest(key=b"c2")).record.value, b"149")
            client.close()

    def test_h1_each_acknowledged_write_is_applied_once_on_every_node(self) -> None:
        before = self.cluster.wait_for_same_state()
        clients = [self.cluster.client(node) for node in self.cluster.ids]
        for number in range(120):
            clients[number % len(clients)].kv.put(PutRequest(key=b"h1", value=b"%d" % number))
        for client in clients:
            self.assertEqual(client.kv.get(GetRequest(key=b"h1")).record.version, 120)
            client.close()
        after = self.cluster.wait_for_same_state()
        self.assertEqual((after.revision, after.keys), (before.revision + 120, before.keys + 1))


class Followers(Checking):
    def test_d1_p1_a_follower_that_was_away_catches_up(self) -> None:
        with RunningCluster() as cluster:
            leader = cluster.wait_for_leader()
            away = cluster.others(leader)[0]
            write_through_all(cluster, b"before", 30)
            cluster.kill(away)
            write_through_all(cluster, b"meanwhile", 200, cluster.others(away))
            cluster.start(away)
            state = cluster.wait_for_same_state()
            self.assertEqual(state.keys, 230)
            self.assert_all_there(cluster, b"before", 30)
            self.assert_all_there(cluster, b"meanwhile", 200)

    def test_f1_two_of_three_commit(self) -> None:
        with RunningCluster() as cluster:
            leader = cluster.wait_for_leader()
            cluster.kill(cluster.others(leader)[0])
            remaining = [leader, cluster.others(leader)[1]]
            write_through_all(cluster, b"two", 40, remaining)
            self.assertEqual(cluster.wait_for_same_state(remaining).keys, 40)

    def test_a_follower_that_was_paused_goes_on(self) -> None:
        with RunningCluster() as cluster:
            away = cluster.others(cluster.wait_for_leader())[0]
            cluster.tool("pause", str(away))
            write_through_all(cluster, b"meanwhile", 50, cluster.others(away))
            cluster.tool("resume", str(away))
            cluster.wait_for_leader()
            write_through_all(cluster, b"after", 10)
            self.assert_all_there(cluster, b"meanwhile", 50)


class Majorities(Checking):
    def test_f2_without_a_majority_nothing_is_acknowledged_and_with_it_the_cluster_goes_on(self) -> None:
        with RunningCluster({**QUICK_ELECTIONS, "limits.timeout_default": "1s"}) as cluster:
            leader = cluster.wait_for_leader()
            write_through_all(cluster, b"before", 10)
            committed = cluster.wait_for_same_state().commit_index
            cluster.kill(*cluster.others(leader))
            outcomes = [cluster.put(leader, b"f2-%d" % number, b"value") for number in range(5)]
            self.assertNotIn(ACKNOWLEDGED, outcomes)
            self.assertEqual(cluster.status(leader).commit_index, committed)
            with self.assertRaises(TenonError):
                cluster.get(leader, b"before-0")
            cluster.start(*cluster.others(leader))
            cluster.wait_for_leader()
            write_through_all(cluster, b"after", 10)
            self.assert_all_there(cluster, b"before", 10)
            for number, outcome in enumerate(outcomes):
                if outcome == REFUSED:
                    self.assert_nowhere(cluster, b"f2-%d" % number)

    def leave_an_uncommitted_tail(self, cluster: RunningCluster, key: bytes) -> int:
        """Kills the followers, writes at the leader, kills that too, and returns it: its log alone has the write."""
        leader = cluster.wait_for_leader()
        cluster.wait_for_same_state()
        cluster.kill(*cluster.others(leader))
        self.assertNotEqual(cluster.put(leader, key, b"value", SHORT_SECONDS), ACKNOWLEDGED)
        status = cluster.status(leader)
        self.assertGreater(int(status.other["last_index"]), status.commit_index, "the write is not in the log")
        cluster.kill(leader)
        return leader

    def test_e1_p3_what_no_majority_had_never_appears_once_the_majority_has_gone_on(self) -> None:
        with RunningCluster(SLOW_ELECTIONS) as cluster:
            write_through_all(cluster, b"before", 10)
            old_leader = self.leave_an_uncommitted_tail(cluster, b"tail")
            majority = cluster.others(old_leader)
            cluster.start(*majority)
            cluster.wait_for_leader(majority)
            write_through_all(cluster, b"instead", 20, majority)
            cluster.start(old_leader)
            self.assertEqual(cluster.wait_for_same_state().keys, 30)
            self.assert_nowhere(cluster, b"tail")
            cluster.kill(*cluster.ids)
            cluster.start(*cluster.ids)
            cluster.wait_for_leader()
            self.assert_nowhere(cluster, b"tail")
            self.assert_all_there(cluster, b"before", 10)
            self.assert_all_there(cluster, b"instead", 20)

    def test_p3_after_a_restart_of_all_a_write_of_unknown_outcome_is_everywhere_or_nowhere_for_good(self) -> None:
        with RunningCluster(SLOW_ELECTIONS) as cluster:
            self.leave_an_uncommitted_tail(cluster, b"tail")
            cluster.start(*cluster.ids)
            cluster.wait_for_leader()
            found = cluster.get(cluster.ids[0], b"tail")
            self.assertIn(found, (None, b"value"))
            for node in cluster.ids:
                self.assertEqual(cluster.get(node, b"tail"), found)
            leader = cluster.wait_for_leader()
            remaining = cluster.others(leader)
            cluster.kill(leader)
            cluster.wait_for_leader(remaining)
            write_through_all(cluster, b"other", 2, remaining)
            for node in remaining:
                self.assertEqual(cluster.get(node, b"tail"), found)


class Leaders(Checking):
    def test_g1_p2_when_the_leader_is_killed_another_goes_on_and_the_old_one_comes_back_as_a_follower(self) -> None:
        with RunningCluster() as cluster:
            leader = cluster.wait_for_leader()
            term = cluster.status(leader).term
            write_through_all(cluster, b"before", 30)
            cluster.kill(leader)
            remaining = cluster.others(leader)
            new_leader = cluster.wait_for_leader(remaining)
            self.assertGreater(cluster.status(new_leader).term, term)
            write_through_all(cluster, b"after", 30, remaining)
            cluster.start(leader)
            self.assertEqual(cluster.wait_for_leader(), new_leader)
            self.assertEqual(cluster.status(leader).role, "follower")
            self.assertEqual(cluster.wait_for_same_state().keys, 60)
            self.assert_all_there(cluster, b"before", 30)
            self.assert_all_there(cluster, b"after", 30)

    def test_a_leader_that_stops_in_good_order_hands_over_and_loses_nothing(self) -> None:
        with RunningCluster() as cluster:
            leader = cluster.wait_for_leader()
            write_through_all(cluster, b"before", 30)
            cluster.stop(leader)
            remaining = cluster.others(leader)
            cluster.wait_for_leader(remaining)
            write_through_all(cluster, b"after", 10, remaining)
            cluster.start(leader)
            cluster.wait_for_leader()
            self.assert_all_there(cluster, b"before", 30)
            self.assert_all_there(cluster, b"after", 10)

    def test_a_leader_that_was_paused_answers_no_read_from_its_past(self) -> None:
        with RunningCluster() as cluster:
            leader = cluster.wait_for_leader()
            self.assertEqual(cluster.put(leader, b"key", b"old"), ACKNOWLEDGED)
            with cluster.client(leader) as before, ThreadPoolExecutor(1) as pool:
                cluster.tool("pause", str(leader))
                remaining = cluster.others(leader)
                cluster.wait_for_leader(remaining)
                self.assertEqual(cluster.put(remaining[0], b"key", b"new"), ACKNOWLEDGED)
                # The request waits in the paused node's socket; it is read there before any word of the others.
                read = pool.submit(before.kv.get, GetRequest(key=b"key"))
                time.sleep(SHORT_SECONDS)
                cluster.tool("resume", str(leader))
                try:
                    self.assertEqual(read.result().record.value, b"new")
                except TenonError as error:
                    self.assertEqual(error.outcome, Outcome.REFUSED)
            cluster.wait_for_leader()
            self.assertEqual(cluster.get(leader, b"key"), b"new")

    def test_p4_restarts_of_all_apply_nothing_twice_and_lose_nothing(self) -> None:
        with RunningCluster() as cluster:
            with cluster.client(cluster.wait_for_leader()) as client:
                for number in range(40):
                    client.kv.put(PutRequest(key=b"p4", value=b"%d" % number))
            write_through_all(cluster, b"p4", 30)
            before = cluster.wait_for_same_state()
            for _ in range(3):
                cluster.kill(*cluster.ids)
                cluster.start(*cluster.ids)
                cluster.wait_for_leader()
                after = cluster.wait_for_same_state()
                self.assertEqual((after.revision, after.keys), (before.revision, before.keys))
                for node in cluster.ids:
                    with cluster.client(node) as client:
                        record = client.kv.get(GetRequest(key=b"p4")).record
                        self.assertEqual((record.value, record.version), (b"39", 40))
                self.assert_all_there(cluster, b"p4", 30)


if __name__ == "__main__":
    unittest.main(verbosity=2)
