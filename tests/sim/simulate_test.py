#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Seeds of the simulation: a fixed range, those that once found something, and that a seed is one run each time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

SIMULATE = Path(sys.argv.pop(1))
SEEDS = Path(__file__).with_name("seeds.txt")
RUNS_IN_FULL = 20_000


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SIMULATE, *arguments], capture_output=True, text=True, check=False)


class Simulation(unittest.TestCase):
    def test_no_promise_is_broken_in_a_range_of_seeds(self) -> None:
        share = int(os.environ.get("TENON_CAMPAIGN_PERCENT", "5"))
        runs = RUNS_IN_FULL * share // 100
        done = run("--seed", os.environ.get("TENON_SEED", "1"), "--runs", str(runs))
        print(done.stdout[-4000:])
        self.assertEqual(done.returncode, 0)
        counts = dict(re.findall(r"^  (.+) (\d+)$", done.stdout, re.MULTILINE))
        for reached in (
            "elections", "truncations", "kills", "power losses", "writes done", "reads done", "transfers",
            "sessions opened", "requests of sessions done", "retries answered from the kept reply", "sessions lost",
            "keys expired", "clock entries", "clock jumps", "states compared",
        ):
            self.assertGreater(int(counts.get(reached, "0")), 0, f"no run came to {reached}")

    def test_seeds_that_once_found_something_find_nothing(self) -> None:
        for line in SEEDS.read_text().splitlines():
            seed = line.split("#")[0].strip()
            if seed:
                done = run("--seed", seed)
                self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout[-4000:]}")

    def test_a_seed_is_the_same_run_in_every_process(self) -> None:
        runs = [run("--seed", "77", "--runs", "3") for _ in range(2)]
        digests = [re.findall(r"^digest [0-9a-f]+$", one.stdout, re.MULTILINE) for one in runs]
        self.assertEqual(len(digests[0]), 1)
        self.assertEqual(digests[0], digests[1])
        other = run("--seed", "78", "--runs", "3")
        self.assertNotIn(digests[0][0], other.stdout)

    def test_usage_is_explained(self) -> None:
        self.assertEqual(run("--minutes", "many").returncode, 64)


if __name__ == "__main__":
    unittest.main(verbosity=2)
