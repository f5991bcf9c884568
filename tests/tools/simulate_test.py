#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/simulate by itself, with a program in the place of the simulator that fails as its arguments say."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"

# Seed 13 fails with kills, two clients and three nodes or more; without them nothing does. Pauses never happen.
STAND_IN = """#!/usr/bin/python3
import argparse, sys
parser = argparse.ArgumentParser()
for name in ('--seed', '--minutes', '--step'):
    parser.add_argument(name, type=int, default=1)
for name, most in (('--nodes', 5), ('--clients', 8), ('--seconds', 40)):
    parser.add_argument(name, type=int, default=most)
parser.add_argument('--without', action='append', default=[])
given = parser.parse_args()
print('first seed', given.seed)
seeds = range(given.seed, given.seed + 4 * given.step, given.step)
for seed in seeds:
    if seed != 13 or 'kills' in given.without or given.clients < 2 or given.nodes < 3 or given.seconds < 4:
        continue
    print('FAIL kind=lost-write t=5us: it is gone')
    print('seed 13: 5 nodes, 3 clients; faults: pauses, kills, frames lost')
    sys.exit(1)
print('runs 40, events 1000, simulated hours 2.5, 5 for each minute of CPU')
print('  writes done 7')
print('fault: kills, possible in 40 runs, 3 times')
print('fault: pauses, possible in 40 runs, 0 times')
print('digest 1')
"""


class Simulate(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.build = Path(directory.name)
        program = self.build / "tests" / "sim" / "simulate"
        program.parent.mkdir(parents=True)
        program.write_text(STAND_IN)
        program.chmod(0o755)

    def simulate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "TENON_BUILD": str(self.build)}
        return subprocess.run([TOOLS / "simulate", *arguments], env=environment, capture_output=True, text=True,
                              check=False)

    def test_a_campaign_adds_up_what_its_processes_report(self) -> None:
        done = self.simulate("--minutes", "1", "--seed", "100", "--jobs", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("120 seeds, 3000 events, 7.50 simulated hours, 5.00 for each minute of CPU", done.stdout)
        self.assertIn("  writes done 21", done.stdout)
        self.assertIn("  kills: 9 times, possible in 120 runs", done.stdout)

    def test_a_kind_of_fault_that_never_happened_is_said(self) -> None:
        done = self.simulate("--minutes", "1", "--seed", "100")
        self.assertIn("NEVER HAPPENED: pauses", done.stdout)
        self.assertNotIn("NEVER HAPPENED: kills", done.stdout)

    def test_a_campaign_that_fails_says_how_to_see_it_again_and_with_how_little(self) -> None:
        done = self.simulate("--minutes", "1", "--seed", "10", "--jobs", "2")
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAIL kind=lost-write", done.stdout)
        replay = done.stdout.splitlines()[-1]
        self.assertEqual(replay, "replay: tools/simulate --seed 13 --without pauses --without 'frames lost' "
                                 "--nodes 3 --clients 2 --seconds 5")

    def test_a_seed_that_breaks_nothing_is_not_made_smaller(self) -> None:
        done = self.simulate("--shrink", "--seed", "100")
        self.assertEqual(done.returncode, 0)
        self.assertIn("breaks no promise", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
