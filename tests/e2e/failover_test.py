#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""When the leader is killed under a client that writes every millisecond, writes go on and nothing is lost.

How long that takes is printed here, and judged by tools/failover --check.
"""

from __future__ import annotations

import json
import subprocess
import unittest
from pathlib import Path

from harness import BUILD_DIRECTORY, campaign_rounds

FAILOVER_TOOL = Path(__file__).resolve().parents[2] / "tools" / "failover"
TRIALS = 50


class Failover(unittest.TestCase):
    def test_writes_go_on_after_each_kill_of_the_leader_and_none_is_lost(self) -> None:
        trials = campaign_rounds(TRIALS)
        words = [str(FAILOVER_TOOL), "--trials", str(trials), "--json", "--build", str(BUILD_DIRECTORY)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        print(done.stderr, done.stdout, flush=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["trials"], result["wrong"]), (trials, 0))
        self.assertGreater(result["acknowledged"], 100 * trials)


if __name__ == "__main__":
    unittest.main(verbosity=2)
