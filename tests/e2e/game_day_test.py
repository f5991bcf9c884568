#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The examples of docs/game-days.md, run: one node of a cluster suffers what its section [fault] says, and the promises
hold."""

from __future__ import annotations

import re
import time
import unittest
from pathlib import Path

from cluster_harness import ACKNOWLEDGED, QUICK_ELECTIONS, REFUSED, UNKNOWN, RunningCluster
from harness import TENONCTL, run
from kill_cycles_test import Writer, scan

PAGE = Path(__file__).resolve().parents[2] / "docs" / "game-days.md"
WRITERS = 3
LOAD_SECONDS = 3.0


def example(name: str) -> dict[str, str]:
    """The [fault] section that stands in the page under this heading."""
    under = PAGE.read_text().split(f"\n### {name}\n", 1)[1].split("\n### ", 1)[0]
    section = re.search(r"```\n\[fault\]\n(.*?)```", under, re.DOTALL)
    assert section is not None
    lines = [line.split("=", 1) for line in section[1].splitlines() if line.strip()]
    return {f"fault.{key.strip()}": value.strip() for key, value in lines}


class GameDay(unittest.TestCase):
    def test_writes_go_on_beside_a_follower_whose_disk_is_slow(self) -> None:
        with RunningCluster() as cluster:
            victim = self.restart_follower(cluster, example("A slow disk"))
            self.load(cluster, cluster.others(victim))
            self.assert_suffered(cluster, victim, "storage.filewal", "sync_delay")
            self.assert_said(cluster, victim)

    def test_a_follower_whose_disk_hangs_leaves_the_others_at_work(self) -> None:
        with RunningCluster() as cluster:
            victim = self.restart_follower(cluster, example("A disk that hangs"))
            self.load(cluster, cluster.others(victim))
            self.assert_suffered(cluster, victim, "storage.filewal", "stall")

    def test_a_node_whose_disk_breaks_stops_and_the_others_go_on(self) -> None:
        with RunningCluster() as cluster:
            victim = self.restart_follower(cluster, example("A disk that breaks"))
            acknowledged = self.load(cluster, cluster.others(victim))
            cluster.wait_for(lambda: "failed as by EIO" in self.logger(cluster, victim), "the failure of the disk")
            cluster.wait_for(lambda: not self.answers(cluster, victim), "the end of the node")
            cluster.start(victim)
            cluster.wait_for_same_state()
            self.assert_there(cluster, cluster.ids, acknowledged)

    def test_a_full_disk_refuses_nothing_while_another_node_leads(self) -> None:
        with RunningCluster() as cluster:
            victim = self.restart_follower(cluster, example("A full disk"))
            self.load(cluster, cluster.others(victim))
            cluster.wait_for(lambda: "room for the log runs short" in self.logger(cluster, victim), "the warning")
            self.assertNotEqual(cluster.wait_for_leader(), victim)

    def test_no_acknowledged_write_is_lost_on_a_lossy_and_slow_network(self) -> None:
        with RunningCluster(QUICK_ELECTIONS | example("A lossy and slow network")) as cluster:
            cluster.wait_for_leader()
            acknowledged = self.load(cluster, cluster.ids)
            self.assert_suffered(cluster, 1, "transport.thrift", "loss")
            cluster.wait_for_same_state()
            self.assert_there(cluster, cluster.ids, acknowledged)

    def test_a_node_that_hears_nothing_is_done_without_and_comes_back(self) -> None:
        with RunningCluster() as cluster:
            victim = self.restart_follower(cluster, example("A partition of one direction"))
            acknowledged = self.load(cluster, cluster.others(victim))
            self.assert_suffered(cluster, victim, "transport.thrift", "isolation")
            cluster.stop(victim)
            cluster.start(victim)
            cluster.wait_for_same_state()
            self.assert_there(cluster, cluster.ids, acknowledged)

    def restart_follower(self, cluster: RunningCluster, faults: dict[str, str]) -> int:
        victim = cluster.others(cluster.wait_for_leader())[0]
        cluster.stop(victim)
        cluster.start(victim, settings=faults)
        return victim

    def load(self, cluster: RunningCluster, nodes: list[int]) -> set[bytes]:
        """Writes through these nodes for a while; what was acknowledged, which each of them shows in the end."""
        writers = [Writer(cluster, b"writer-%d" % number, nodes[number % len(nodes)]) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(LOAD_SECONDS)
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join()
        acknowledged = {key for writer in writers for key in writer.outcomes[ACKNOWLEDGED]}
        outcomes = {what: sum(len(writer.outcomes[what]) for writer in writers)
                    for what in (ACKNOWLEDGED, REFUSED, UNKNOWN)}  # fmt: skip
        print(outcomes, flush=True)
        self.assertGreater(len(acknowledged), 10, cluster.logger_ends())
        self.assert_there(cluster, nodes, acknowledged)
        return acknowledged

    def assert_there(self, cluster: RunningCluster, nodes: list[int], acknowledged: set[bytes]) -> None:
        for node in nodes:

            def found() -> set[bytes]:
                with cluster.client(node) as client:
                    return {record.key for record in scan(client, b"writer-")}

            there = cluster.wait_for(found, f"a scan through node {node}")
            self.assertEqual(sorted(acknowledged - there)[:5], [], f"node {node}: acknowledged and lost")

    def assert_suffered(self, cluster: RunningCluster, node: int, plugin: str, kind: str) -> None:
        counter = f'tenon_faults_injected_total{{plugin="{plugin}",kind="{kind}"}}'
        text = run(str(TENONCTL), "--endpoints", cluster.endpoints[node], "metrics").stdout.decode()
        values = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(counter)]
        self.assertEqual(len(values), 1, text)
        self.assertGreater(float(values[0]), 0)
        self.assertIn(f'tenon_fault_injection{{plugin="{plugin}"}} 1', text)

    def assert_said(self, cluster: RunningCluster, node: int) -> None:
        self.assertIn("FAULT INJECTION IS ON", self.logger(cluster, node))
        self.assertEqual(cluster.status(node).other["faults"], "storage")
        self.assertEqual(cluster.status(cluster.others(node)[0]).other["faults"], "none")

    def logger(self, cluster: RunningCluster, node: int) -> str:
        return (cluster.directory / f"node-{node}" / "stderr.log").read_text(errors="replace")

    def answers(self, cluster: RunningCluster, node: int) -> bool:
        try:
            cluster.status(node)
        except Exception:  # noqa: BLE001  the library has many
            return False
        return True


if __name__ == "__main__":
    unittest.main(verbosity=2)
