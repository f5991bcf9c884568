#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Clusters whose members have different plugins, and clusters that move from one plugin to another, member by member
and under load: from one transport to the other by rolling restarts, from one storage to the other by conversion."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cluster_harness import ACKNOWLEDGED, QUICK_ELECTIONS, RunningCluster  # noqa: E402
from harness import ENVIRONMENT, TENOND  # noqa: E402
from load import Load, check_outcomes, under_load  # noqa: E402

THRIFT, WEBSOCKET = "thrift", "websocket"
FILEWAL, LEVELDB = "filewal", "leveldb"
# Between a stop and a start a member is away, so the others must not look for a leader at each.
SETTINGS = QUICK_ELECTIONS | {"raft.election_timeout_min": "500ms", "raft.election_timeout_max": "1s"}
TRANSFERS_MAX = 5  # until a node leads; one that a busy machine is too slow for is given up


def members(cluster: RunningCluster, node: int) -> dict[int, dict[str, str]]:
    """As this node sees them; the lanes to the others are its own."""
    done = cluster.tenonctl("-o", "json", "members", endpoints=cluster.endpoints[node])
    return {int(member["node_id"]): member for member in json.loads(done.stdout)["members"]}


def lanes(cluster: RunningCluster, node: int) -> dict[int, set[str]]:
    """The transports in use to each of the others; a lane that is down is '-'."""
    return {other: {member.get("control_transport", "-"), member.get("bulk_transport", "-")}
            for other, member in members(cluster, node).items() if other != node}  # fmt: skip


def all_lanes(cluster: RunningCluster) -> set[str]:
    return set().union(*(used for node in cluster.ids for used in lanes(cluster, node).values()))


def metric(cluster: RunningCluster, node: int, name: str) -> float:
    text = cluster.tenonctl("metrics", endpoints=cluster.endpoints[node]).stdout.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def data_directory(cluster: RunningCluster, node: int) -> Path:
    return cluster.directory / f"node-{node}" / "data"


class Mixed(unittest.TestCase):
    def check_states(self, cluster: RunningCluster) -> None:
        """Every node can lead, and all hold the same."""
        for node in cluster.ids:
            for _ in range(TRANSFERS_MAX):
                moved = cluster.tenonctl("leader", "transfer", str(node))
                if b"try again" not in moved.stderr:
                    break
            self.assertEqual(moved.returncode, 0, moved.stderr)
            cluster.wait_for(lambda: cluster.wait_for_leader() == node, f"node {node} to lead")  # noqa: B023
            self.assertEqual(cluster.put(node, b"led by %d" % node, b"yes"), ACKNOWLEDGED)
        cluster.wait_for_same_state()
        hashes = cluster.tenonctl("state-hash")
        self.assertEqual(hashes.returncode, 0, hashes.stdout + hashes.stderr)

    # Transports

    def roll_transports(self, load: Load, transports: list[str]) -> None:
        """One member after the other gets these transports, in this order of preference."""
        cluster = load.cluster
        cluster.change(transports=transports)
        for node in cluster.ids:
            load.stop_node(node)
            load.start_node(node)

    def test_a_cluster_moves_from_thrift_to_websocket_by_rolling_restarts(self) -> None:
        with RunningCluster(SETTINGS, transports=THRIFT) as cluster, under_load(cluster, b"move") as load:
            cluster.wait_for(lambda: all_lanes(cluster) == {THRIFT}, "all lanes over Thrift")
            self.roll_transports(load, [THRIFT, WEBSOCKET])
            self.roll_transports(load, [WEBSOCKET, THRIFT])
            self.roll_transports(load, [WEBSOCKET])
            cluster.wait_for(lambda: all_lanes(cluster) == {WEBSOCKET}, "all lanes over WebSocket")
            for writer in load.writers:
                writer.stopping.set()
                writer.join()
            check_outcomes(self, load, b"move")
            self.check_states(cluster)

    def test_each_pair_uses_a_transport_that_both_have(self) -> None:
        with RunningCluster(SETTINGS, transports="websocket+thrift,thrift,thrift+websocket") as cluster:
            cluster.wait_for(lambda: "-" not in all_lanes(cluster), "all lanes")
            self.assertEqual(lanes(cluster, 1)[2], {THRIFT}, "what node 1 prefers node 2 does not have")
            self.assertEqual(lanes(cluster, 2), {1: {THRIFT}, 3: {THRIFT}})
            self.assertEqual(lanes(cluster, 3)[2], {THRIFT})
            # Both have both: either may be connected first, and then it stays for as long as it works.
            self.assertLessEqual(lanes(cluster, 1)[3] | lanes(cluster, 3)[1], {THRIFT, WEBSOCKET})
            self.check_states(cluster)

    def test_a_lane_goes_on_over_the_other_transport_when_one_is_gone_from_the_peer(self) -> None:
        with RunningCluster(SETTINGS, transports="websocket+thrift") as cluster, under_load(cluster, b"lane") as load:
            cluster.wait_for(lambda: "-" not in all_lanes(cluster), "all lanes")
            for transport in (THRIFT, WEBSOCKET):
                cluster.change(transports=[transport], nodes=[3])
                load.stop_node(3)
                load.start_node(3)
                cluster.wait_for(lambda: lanes(cluster, 1)[3] == lanes(cluster, 2)[3] == {transport},  # noqa: B023
                                 f"lanes to node 3 over {transport}")  # fmt: skip
            for writer in load.writers:
                writer.stopping.set()
                writer.join()
            check_outcomes(self, load, b"lane")

    # Storages

    def convert(self, cluster: RunningCluster, node: int, source: str, target: str) -> None:
        directory = data_directory(cluster, node)
        words = [str(TENOND), "storage", "convert", "--from", f"{source}:{directory}", "--to", f"{target}:{directory}"]
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        self.assertEqual(done.returncode, 0, done.stderr)

    def roll_storages(self, load: Load, source: str, target: str) -> None:
        for node in load.cluster.ids:
            load.stop_node(node)
            self.convert(load.cluster, node, source, target)
            load.cluster.change(storage=target, nodes=[node])
            load.start_node(node)

    def check_move(self, target: str) -> None:
        settings = SETTINGS | {"snapshot.log_bytes": "1MiB"}
        with RunningCluster(settings, storages=FILEWAL) as cluster, under_load(cluster, b"move") as load:
            images = cluster.tenonctl("snapshot", "create")
            self.assertEqual(images.returncode, 0, images.stderr)
            self.roll_storages(load, FILEWAL, target)
            for writer in load.writers:
                writer.stopping.set()
                writer.join()
            check_outcomes(self, load, b"move")
            self.check_states(cluster)
            self.assertEqual(sum(metric(cluster, node, 'tenon_frames_dropped_total{reason="old_incarnation"')
                                 for node in cluster.ids), 0)  # fmt: skip
            cluster.kill(*cluster.ids)
            cluster.start(*cluster.ids)
            cluster.wait_for_leader()
            check_outcomes(self, load, b"move")

    def test_a_cluster_moves_from_filewal_to_leveldb_member_by_member(self) -> None:
        self.check_move(LEVELDB)

    def test_a_cluster_goes_on_when_each_member_is_converted_to_its_own_storage(self) -> None:
        self.check_move(FILEWAL)

    def test_members_with_different_storages_hold_the_same_through_kills(self) -> None:
        storages = f"{FILEWAL},{LEVELDB},{LEVELDB}"
        with RunningCluster(SETTINGS, storages=storages) as cluster, under_load(cluster, b"mixed") as load:
            for node in cluster.ids:
                load.stop_node(node)
                load.start_node(node)
            for writer in load.writers:
                writer.stopping.set()
                writer.join()
            cluster.kill(*cluster.ids)
            cluster.start(*cluster.ids)
            cluster.wait_for_leader()
            check_outcomes(self, load, b"mixed")
            self.check_states(cluster)

    # What is not in this version

    def test_a_member_whose_directory_was_wiped_does_not_start_and_does_not_count_when_it_is_made_to(self) -> None:
        with RunningCluster(SETTINGS) as cluster:
            leader = cluster.wait_for_leader()
            wiped, other = cluster.others(leader)
            self.assertEqual(cluster.put(leader, b"before", b"1"), ACKNOWLEDGED)
            cluster.stop(wiped)
            shutil.rmtree(data_directory(cluster, wiped))
            with self.assertRaisesRegex(AssertionError, "the data directory is empty, and cluster.start is not set"):
                cluster.start(wiped)
            # Against all advice it begins anew: its acknowledgements and its votes are those of another disk.
            cluster.change(has_answered=False, nodes=[wiped])
            cluster.start(wiped)
            self.assertEqual(cluster.put(leader, b"meanwhile", b"2"), ACKNOWLEDGED)
            dropped = 'tenon_frames_dropped_total{reason="old_incarnation"'
            cluster.wait_for(lambda: metric(cluster, leader, dropped) > 0, "frames that are dropped")
            cluster.kill(other)
            self.assertNotEqual(cluster.put(leader, b"alone", b"3", timeout_seconds=6.0), ACKNOWLEDGED)
            cluster.start(other)
            cluster.wait_for(lambda: cluster.put(leader, b"again", b"4") == ACKNOWLEDGED, "a majority of known disks")


if __name__ == "__main__":
    unittest.main(verbosity=2)
