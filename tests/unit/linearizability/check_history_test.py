#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What check_history says of files, and with which exit code."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECK_HISTORY = sys.argv.pop(1)
HISTORIES = Path(__file__).parent


def check(*arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([CHECK_HISTORY, *arguments], input=text, capture_output=True, text=True, check=False)


class CheckHistory(unittest.TestCase):
    def test_a_good_history_is_linearizable(self) -> None:
        done = check(HISTORIES / "good" / "unknown_takes_effect_late.jsonl")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("linearizable: 7 operations, 6 done, 1 unknown, 1 keys", done.stdout)

    def test_a_bad_history_is_shown_by_what_contradicts_itself(self) -> None:
        done = check(HISTORIES / "bad" / "stale_read.jsonl")
        self.assertEqual(done.returncode, 1)
        self.assertIn("NOT LINEARIZABLE x", done.stdout)
        self.assertIn("which leaves x = 'new', and none of these can be next", done.stdout)
        self.assertTrue(done.stdout.splitlines()[-1].startswith("not linearizable: 3 operations"))

    def test_several_files_are_one_history(self) -> None:
        lines = (HISTORIES / "bad" / "stale_read.jsonl").read_text().splitlines()
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number, line in enumerate(lines):
                files.append(Path(folder) / f"client{number}")
                files[-1].write_text(line + "\n")
            self.assertEqual(check(*files).returncode, 1)
            self.assertEqual(check(*files[:2]).returncode, 0)
            self.assertEqual(check("-", text="\n".join(lines)).returncode, 1)

    def test_what_cannot_be_read_is_neither_passed_nor_failed(self) -> None:
        for text in ("{", '{"call": 1}'):
            done = check("-", text=text)
            self.assertEqual(done.returncode, 2)
            self.assertIn("standard input:1: ", done.stderr)
        self.assertEqual(check("/nowhere/at/all").returncode, 2)

    def test_a_search_that_runs_out_of_steps_is_undecided(self) -> None:
        done = check("--steps", "3", HISTORIES / "good" / "unknown_takes_effect_late.jsonl")
        self.assertEqual(done.returncode, 2)
        self.assertIn("UNDECIDED x", done.stdout)

    def test_usage_is_explained(self) -> None:
        self.assertEqual(check().returncode, 64)


if __name__ == "__main__":
    unittest.main(verbosity=2)
