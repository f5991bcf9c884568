#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Nodes are killed, paused, cut off from each other, and their disks made slow, full and powerless, while clients work
through all of them; then the whole history is judged, every operation of it.

The seed is printed first; TENON_SEED repeats its plan. What cannot be had on this machine is left out, and said.
"""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import namespaces  # noqa: E402
import power_cut_disk  # noqa: E402
from clients import Clients, Load  # noqa: E402
from harness import BUILD_DIRECTORY, campaign_rounds, temporary_directory  # noqa: E402
from namespaces import Network  # noqa: E402
from nemeses import FAULTS, Fault  # noqa: E402
from nodes import CampaignCluster  # noqa: E402
from schedule import Schedule  # noqa: E402

# Of a full run, in nodes: seconds and operations at least. A run that is too slow for the operations goes on for up to
# twice the time.
FULL_RUN = {3: (600, 500_000), 5: (600, 500_000)}
SESSIONS = 64
OPERATIONS_PER_SECOND = 2_000  # at most, so that the nodes are not starved of processors
READ_SHARE_MIN = 0.3
UNDECIDED_SHARE_MAX = 0.01
JUDGE_SECONDS = 1_800
CHECK_HISTORY = BUILD_DIRECTORY / "tests" / "support" / "check_history"
LYING_DISK = BUILD_DIRECTORY / "tests" / "e2e" / "campaign" / "client" / "lying_disk.so"
EVIDENCE = BUILD_DIRECTORY / "campaign-evidence"
IS_FULL = campaign_rounds(100) == 100


class Campaign(unittest.TestCase):
    def setUp(self) -> None:
        self.seed = int(os.environ.get("TENON_SEED", str(random.SystemRandom().randrange(2**32))))
        print(f"seed {self.seed}", flush=True)

    def test_every_history_of_three_nodes_is_linearizable(self) -> None:
        self.run_campaign(3)

    @unittest.skipUnless(IS_FULL, "five nodes are left to the full run")
    def test_every_history_of_five_nodes_is_linearizable(self) -> None:
        self.run_campaign(5)

    @unittest.skipIf(power_cut_disk.why_not_here() is not None, power_cut_disk.why_not_here() or "")
    def test_disks_that_lie_about_a_sync_are_found_out(self) -> None:
        """What a campaign is for: with such disks a power cut of all loses what was acknowledged."""
        with temporary_directory() as name, ExitStack() as stack:
            folder = Path(name)
            network = stack.enter_context(Network(3)) if namespaces.has_entered() else None
            sanitizers = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
            lie = {"LD_PRELOAD": str(LYING_DISK), "ASAN_OPTIONS": sanitizers}
            cluster = stack.enter_context(CampaignCluster(folder, 3, network, True, lie))
            history = folder / "history.jsonl"
            clients = stack.enter_context(Clients(Load(cluster.endpoints, SESSIONS, 500, self.seed, history)))
            schedule = Schedule(cluster, clients, [], self.seed, folder / "schedule.txt")
            schedule.wait_for_service()
            # So that the nodes start again, and know of something.
            for node in cluster.nodes.values():
                subprocess.run(["sync", "--file-system", str(node.data_directory)], check=True)
            schedule.wait_for_service()
            power_cuts = [fault for fault in FAULTS if fault.kind == "power cut of all"]
            Schedule(cluster, clients, power_cuts, self.seed, folder / "schedule.txt").run_round()
            summary = clients.finish()
            done = check_history(history)
        verdict = done.stdout.strip().rpartition("\n")[2]
        print(f"disks that lie: {verdict}; and of lists and counters {summary['faults'][:1]}", flush=True)
        self.assertTrue(verdict.startswith("not linearizable"), done.stdout)
        self.assertNotEqual(summary["faults"], [])

    def run_campaign(self, nodes: int) -> None:
        with temporary_directory() as name, ExitStack() as stack:
            folder = Path(name)
            try:
                self.run_in(folder, nodes, stack)
            except BaseException:
                keep_evidence(folder, EVIDENCE / f"seed-{self.seed}-nodes-{nodes}")
                raise

    def run_in(self, folder: Path, nodes: int, stack: ExitStack) -> None:
        network = stack.enter_context(Network(nodes)) if namespaces.has_entered() else None
        with_disks = power_cut_disk.why_not_here() is None
        cluster = stack.enter_context(CampaignCluster(folder, nodes, network, with_disks))
        history = folder / "history.jsonl"
        load = Load(cluster.endpoints, SESSIONS, OPERATIONS_PER_SECOND, self.seed, history)
        clients = stack.enter_context(Clients(load))
        schedule = Schedule(cluster, clients, possible_faults(network is not None, with_disks), self.seed,
                            folder / "schedule.txt")  # fmt: skip
        seconds, operations = (campaign_rounds(count) for count in FULL_RUN[nodes])
        run_for(schedule, seconds, operations)
        summary = clients.finish()
        index, state = cluster.wait_for_same_state()
        print(f"{nodes} nodes: all at {index} with the state {state}", flush=True)
        report(schedule, summary, cluster.sayings())
        self.assertEqual(summary["faults"], [], "what is there in the end is not what was acknowledged")
        self.assertEqual(cluster.defects(), [])
        self.judge(history)
        self.check_counts(summary["counts"], schedule, operations)

    def judge(self, history: Path) -> None:
        began = time.monotonic()
        done = check_history(history)
        verdict = done.stdout.strip().rpartition("\n")[2]
        print(f"{verdict}; judged in {time.monotonic() - began:.0f} s", flush=True)
        found = re.search(r"(\d+) keys or groups of keys, (\d+) undecided", verdict)
        self.assertIsNotNone(found, done.stdout + done.stderr)
        assert found is not None
        self.assertFalse(verdict.startswith("not"), done.stdout)
        self.assertLess(int(found[2]), UNDECIDED_SHARE_MAX * int(found[1]), done.stdout)

    def check_counts(self, counts: dict[str, dict[str, int]], schedule: Schedule, operations: int) -> None:
        done = sum(endings["done"] for endings in counts.values())
        reads = sum(endings["done"] for kind, endings in counts.items() if kind.endswith("get"))
        self.assertGreater(reads, READ_SHARE_MIN * done)
        for kind, endings in counts.items():
            self.assertGreater(endings["done"], 0, kind)
        if IS_FULL:
            self.assertGreaterEqual(done, operations)
            self.assertGreater(sum(endings["unknown"] for endings in counts.values()), 0)
            self.assertEqual([kind for kind, count in schedule.counts.items() if count == 0], [])
            self.assertGreater(schedule.twos, 0)


def check_history(history: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(CHECK_HISTORY), str(history)], capture_output=True, text=True, check=False,
                          timeout=JUDGE_SECONDS)  # fmt: skip


def possible_faults(with_network: bool, with_disks: bool) -> list[Fault]:
    left_out = [fault.kind for fault in FAULTS
                if (fault.needs_network and not with_network) or (fault.needs_disk and not with_disks)]  # fmt: skip
    if left_out:
        why = "; ".join(filter(None, [namespaces.why_not_here(), power_cut_disk.why_not_here()]))
        print(f"LEFT OUT, because {why}: {', '.join(left_out)}", flush=True)
    return [fault for fault in FAULTS if fault.kind not in left_out]


def run_for(schedule: Schedule, seconds: int, operations: int) -> None:
    began = time.monotonic()
    while True:
        passed = time.monotonic() - began
        is_enough = passed >= seconds and (schedule.clients.done >= operations or not IS_FULL)
        if is_enough or passed > 2 * seconds:
            print(f"{passed:.0f} s, {schedule.clients.done} operations done", flush=True)
            return
        schedule.run_round()


def report(schedule: Schedule, summary: dict[str, Any], sayings: dict[str, int]) -> None:
    kinds = ", ".join(f"{count} {kind}" for kind, count in schedule.counts.items())
    print(f"faults: {kinds}; {schedule.twos} times two at once", flush=True)
    print(f"service came back within {schedule.longest_wait:.1f} s of the end of the faults", flush=True)
    print(", ".join(f"{count} {what}" for what, count in sayings.items()), flush=True)
    for kind, endings in summary["counts"].items():
        print(f"{kind}: " + ", ".join(f"{count} {ending}" for ending, count in endings.items()), flush=True)


def keep_evidence(folder: Path, target: Path) -> None:
    """Logs, plan, history and what the disks hold; not the images of the disks."""
    shutil.rmtree(target, ignore_errors=True)
    with suppress(shutil.Error):  # of files that the nodes have taken away meanwhile
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns("disk.image", "ballast", "lost+found"))
    print(f"evidence is in {target}", flush=True)


def end_by_exception(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit("terminated")


if __name__ == "__main__":
    if namespaces.why_not_here() is None:
        namespaces.enter()
    signal.signal(signal.SIGTERM, end_by_exception)
    # A node that aborts leaves its memory with the evidence, if the system writes it where the process ran.
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    unittest.main(verbosity=2)
