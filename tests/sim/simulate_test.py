#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Seeds of the simulation: a fixed range, and those that once found something."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import unittest
from pathlib import Path

SIMULATE = Path(sys.argv.pop(1))
FIRST_SEED = sys.argv.pop(1)
RUNS_IN_FULL = int(sys.argv.pop(1))
SEEDS = Path(__file__).with_name("seeds.txt")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SIMULATE, *arguments], capture_output=True, text=True, check=False)


class Simulation(unittest.TestCase):
    def test_no_promise_is_broken_in_a_range_of_seeds(self) -> None:
        share = int(os.environ.get("TENON_CAMPAIGN_PERCENT", "5"))
        runs = RUNS_IN_FULL * share // 100
        done = run("--seed", os.environ.get("TENON_SEED", FIRST_SEED), "--runs", str(runs))
        print(done.stdout[-4000:])
        self.assertEqual(done.returncode, 0)
        counts = dict(re.findall(r"^  (.+) (\d+)$", done.stdout, re.MULTILINE))
        for reached in (
            "elections", "truncations", "kills", "power losses", "writes done", "reads done", "transfers",
            "sessions opened", "requests of sessions done", "retries answered from the kept reply", "sessions lost",
            "keys expired", "clock entries",
            "writes acknowledged durably", "keys judged to be linearizable", "states of images compared",
            "register operations unknown", "clock jumps",
            "steady clock jumps", "states compared", "nodes stopped by their disks",
            "nodes that refuse to start on damage", "nodes short of room for the log", "corrupted frames dropped",
            "frames of wiped nodes dropped", "follows: it has not heard of a majority",
            "pre-votes refused, a leader is heard of", "reached: a torn tail is set aside",
            "reached: an unfinished image is gone on with", "reads at an older leader",
            "reached: two nodes lead at once, in different terms",
            "reached: a leader begins with entries of earlier terms to commit",
            "reached: the hard state is mended from its other copy",
            "reached: a term or a vote is lost with the power before it was saved",
            "members: add done", "members: promote done", "members: remove done", "members: replace done",
            "nodes emptied to join again", "reached: the voters were 3, 5, 4 and 3 again",
        ):
            self.assertGreater(int(counts.get(reached, "0")), 0, f"no run came to {reached}")
        faults = re.findall(r"^fault: (.+), possible in \d+ runs, (\d+) times$", done.stdout, re.MULTILINE)
        self.assertGreater(len(faults), 20)
        self.assertEqual([kind for kind, times in faults if times == "0"], [], "kinds of faults that never happened")

    def test_seeds_that_once_found_something_find_nothing(self) -> None:
        options: list[str] = []
        for line in SEEDS.read_text().splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] == "without":
                options = [part for kind in words[1:] for part in ("--without", kind)]
            elif words:
                done = run("--seed", *words, *options)
                self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout[-4000:]}")

    def test_a_kind_of_fault_that_is_left_out_does_not_happen_and_a_bound_is_kept(self) -> None:
        runs = ("--seed", "5", "--runs", "30")
        everything = run(*runs).stdout
        self.assertRegex(everything, "fault: kills, possible in [1-9]")
        less = run(*runs, "--without", "kills", "--seconds", "2").stdout
        self.assertIn("fault: kills, possible in 0 runs, 0 times", less)
        self.assertRegex(less, "fault: pauses, possible in [1-9]")
        hours = [float(re.search(r"simulated hours (\S+),", text)[1]) for text in (everything, less)]
        self.assertLess(hours[1], hours[0])

    def test_a_kind_of_fault_that_is_wanted_alone_may_happen_in_every_run_and_no_other_does(self) -> None:
        done = run("--seed", "5", "--runs", "20", "--only", "rivals", "--only", "kills", "--seconds", "3").stdout
        possible = dict(re.findall(r"^fault: (.+), possible in (\d+) runs", done, re.MULTILINE))
        self.assertEqual({kind for kind, runs in possible.items() if runs != "0"}, {"rivals", "kills"})
        self.assertEqual((possible["rivals"], possible["kills"]), ("20", "20"))

    def test_usage_is_explained(self) -> None:
        self.assertEqual(run("--minutes", "many").returncode, 64)
        self.assertEqual(run("--without", "no such fault").returncode, 64)
        self.assertEqual(run("--only", "no such fault").returncode, 64)


if __name__ == "__main__":
    unittest.main(verbosity=2)
