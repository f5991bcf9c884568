#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How tools/test.sh counts: from what Meson wrote, and never a good end without a test."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"


class Counting(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.results = Path(folder.name) / "results"
        self.log = Path(folder.name) / "log"

    def run_tool(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [str(TOOLS / "test_results.py"), *map(str, arguments)]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def collect(self, code: int, *words: str) -> None:
        entries = [{"name": f"t{n}", "result": word, "stdout": f"said {n}"} for n, word in enumerate(words)]
        self.log.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        self.assertEqual(self.run_tool("collect", self.results, self.log, code).returncode, 0)

    def report(self) -> tuple[int, list[str]]:
        done = self.run_tool("report", self.results)
        return done.returncode, done.stdout.splitlines()

    def test_each_word_of_meson_is_counted_once(self) -> None:
        failures = ("FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS", "a later word")
        self.collect(1, "OK", "EXPECTEDFAIL", "SKIP", *failures)
        code, lines = self.report()
        self.assertEqual((code, lines[-1]), (1, "2 passed, 6 failed, 1 skipped"))

    def test_success_is_exit_code_0_and_one_line(self) -> None:
        self.collect(0, "OK", "SKIP")
        self.run_tool("record", self.results, "tidy", "ok")
        self.assertEqual(self.report(), (0, ["2 passed, 0 failed, 1 skipped"]))

    def test_a_failure_is_named_with_the_end_of_its_output(self) -> None:
        self.collect(1, "OK", "FAIL")
        self.log.write_text("".join(f"line {number}\n" for number in range(100)))
        self.run_tool("record", self.results, "build", "fail", self.log)
        code, lines = self.report()
        self.assertEqual((code, lines[-2:]), (1, ["failed: t1, build", "1 passed, 2 failed, 0 skipped"]))
        self.assertIn("  said 1", lines)
        self.assertNotIn("  said 0", lines)
        self.assertIn("  line 99", lines)
        self.assertNotIn("  line 59", lines)

    def test_a_run_without_a_test_fails(self) -> None:
        self.assertEqual(self.report(), (1, ["no test ran; wanted: at least one", "0 passed, 0 failed, 0 skipped"]))
        self.run_tool("record", self.results, "tidy", "ok")
        self.collect(0)
        code, lines = self.report()
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_run_with_only_skipped_tests_fails(self) -> None:
        self.collect(0, "SKIP")
        code, lines = self.report()
        self.assertEqual((code, lines[-1]), (1, "0 passed, 0 failed, 1 skipped"))

    def test_a_missing_test_log_fails(self) -> None:
        self.run_tool("collect", self.results, self.log, 1)
        code, lines = self.report()
        self.assertEqual((code, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"))

    def test_meson_ending_badly_without_a_failed_test_fails(self) -> None:
        self.collect(2, "OK")
        code, lines = self.report()
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_wrong_usage_is_refused(self) -> None:
        self.assertEqual(self.run_tool("record", self.results, "tidy", "perhaps").returncode, 64)
        self.assertEqual(self.run_tool("recount").returncode, 64)


class Arguments(unittest.TestCase):
    def run_tests(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(TOOLS / "test.sh"), *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_list_names_every_part(self) -> None:
        listed = self.run_tests("--list")
        self.assertEqual(listed.returncode, 0)
        parts = ["asan-ubsan", "tsan", "clang", "coverage", "tidy", "e2e", "campaign"]
        parts += ["simulation", "mutants", "crash", "contract", "fuzz"]
        self.assertEqual(listed.stdout.split(), parts)

    def test_an_unknown_part_or_argument_is_usage(self) -> None:
        for arguments in (("--full", "everything"), ("--full", "tsan", "clang"), ("quick",)):
            with self.subTest(arguments):
                refused = self.run_tests(*arguments)
                self.assertEqual((refused.returncode, refused.stdout), (64, ""))
                self.assertIn(f"unknown argument '{' '.join(arguments)}'", refused.stderr)
                self.assertIn("usage: tools/test.sh", refused.stderr)


if __name__ == "__main__":
    unittest.main()
