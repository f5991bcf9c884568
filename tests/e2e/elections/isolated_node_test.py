#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A node is cut off from the others by its network, in one direction or both, for longer than an election timeout, and
comes back. Whoever leads then goes on leading, in the same term: also when the node that comes back has led before.

Needs network namespaces, and so root; where they cannot be had the test is left out, and says so.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "campaign"))

import namespaces  # noqa: E402
from harness import campaign_rounds, temporary_directory  # noqa: E402
from namespaces import Network, ways_between  # noqa: E402
from nodes import CampaignCluster  # noqa: E402

TRIALS = 100
NODES = 3
# Not so quick that a machine which is busy with others deposes a leader.
ELECTIONS: dict[str, str | None] = {
    "raft.heartbeat_interval": "50ms",
    "raft.election_timeout_min": "600ms",
    "raft.election_timeout_max": "1200ms",
}
CUT_SECONDS = (1.5, 3.0)
WATCH_SECONDS = 1.3
# A follower that is not heard, or hears nothing, is a whole other matter for those who vote than one that is gone.
CUTS = ("both", "outgoing", "incoming")
Leadership = tuple[int, int]  # node, term


class Cluster(CampaignCluster):
    def start(self, *numbers: int, settings: dict[str, str | None] | None = None) -> None:
        super().start(*numbers, settings=ELECTIONS | (settings or {}))


@unittest.skipIf(namespaces.why_not_here() is not None, namespaces.why_not_here() or "")
class IsolatedNode(unittest.TestCase):
    def test_a_node_that_was_cut_off_changes_no_leader_when_it_comes_back(self) -> None:
        seed = int(os.environ.get("TENON_SEED", str(random.SystemRandom().randrange(2**32))))
        print(f"seed {seed}", flush=True)
        self.moments = random.Random(seed)
        counts: Counter[str] = Counter()
        trials = campaign_rounds(TRIALS)
        with temporary_directory() as name, Network(NODES) as network, \
                Cluster(Path(name), NODES, network, with_disks=False) as cluster:  # fmt: skip
            self.cluster = cluster
            self.network = network
            for trial in range(trials):
                counts[self.run_trial(trial)] += 1
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        print(f"{trials} trials: {kinds}; no return has changed a leader", flush=True)
        self.assertEqual(sum(counts.values()), trials)

    def run_trial(self, trial: int) -> str:
        before = self.cluster.wait_for(self.common_leadership, "a leader that all name")
        was_leader = self.moments.random() < 0.3
        followers = [node for node in self.cluster.nodes if node != before[0]]
        victim = before[0] if was_leader else self.moments.choice(followers)
        others = [node for node in self.cluster.nodes if node != victim]
        cut = self.moments.choice(CUTS)
        ways = [way for way in ways_between([victim], others)
                if cut == "both" or (way[0] == victim) == (cut == "outgoing")]  # fmt: skip
        self.network.cut(ways)
        what = f"trial {trial}, node {victim} cut off ({cut}), {before} led before"
        try:
            time.sleep(self.moments.uniform(*CUT_SECONDS))
            # Who leads when the node comes back: one of the others, or a leader that only hears or is only heard.
            during = self.cluster.wait_for(lambda: self.leadership_of(others), "a leader of those that are connected")
        finally:
            self.network.heal(ways)
        if not was_leader:
            self.assertEqual(during, before, f"{what}: meanwhile")
        after = self.cluster.wait_for(self.common_leadership, f"{what}: it came back")
        self.assertEqual(after, during, f"{what}: it came back")
        deadline = time.monotonic() + WATCH_SECONDS
        while time.monotonic() < deadline:
            for number, node in self.cluster.nodes.items():
                status = node.status()
                assert status is not None
                self.assertEqual((status.leader, status.term), during,
                                 f"{what}: it came back, as node {number} says")  # fmt: skip
            time.sleep(0.1)
        return f"{'leaders' if was_leader else 'followers'} cut off ({cut})"

    def leadership_of(self, nodes: list[int]) -> Leadership | None:
        """That all of these name, and one of them has."""
        statuses = {number: self.cluster.nodes[number].status() for number in nodes}
        named = {(status.leader, status.term) for status in statuses.values() if status is not None}
        if len(named) != 1 or None in statuses.values():
            return None
        leader, term = named.pop()
        status = statuses.get(leader) or self.cluster.nodes.get(leader) and self.cluster.nodes[leader].status()
        return (leader, term) if status and status.role == "leader" and status.term == term else None

    def common_leadership(self) -> Leadership | None:
        return self.leadership_of(list(self.cluster.nodes))


def end_by_exception(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit("terminated")


if __name__ == "__main__":
    if namespaces.why_not_here() is None:
        namespaces.enter()
    signal.signal(signal.SIGTERM, end_by_exception)
    unittest.main(verbosity=2)
