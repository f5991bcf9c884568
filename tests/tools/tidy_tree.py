# SPDX-License-Identifier: MIT
"""A small checkout for the tests of tools/tidy, and what tidy says of it."""
import subprocess
import tempfile
import unittest
from pathlib import Path

TIDY = Path(__file__).resolve().parents[2] / "tools" / "tidy"
SPDX = "// SPDX-License-Identifier: MIT\n"
HEADER = SPDX + "#pragma once\n"


class TidyTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        subprocess.run(["git", "init", "--quiet", folder.name], check=True)

    def write(self, path: str, text: str = "") -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def write_built(self, path: str, text: str) -> None:
        """A source file that begins and is built as it should be."""
        self.write(path, SPDX + text)
        self.write("meson.build", f"library('x', '{path}')\n")

    def run_tidy(self, *options: str) -> tuple[int, list[str]]:
        """(exit code, findings), without the count that is the last line."""
        command = [str(TIDY), "--root", str(self.root), *(options or ("--no-format",))]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        *findings, count = done.stdout.splitlines()
        self.assertRegex(count, rf"^{len(findings)} findings in \d+ files$")
        return done.returncode, findings

    def assert_clean(self) -> None:
        self.assertEqual(self.run_tidy(), (0, []))

    def assert_finds(self, *beginnings: str) -> None:
        """Exactly these findings, in this order: each begins with `path:line: ` and goes on with the text given."""
        code, findings = self.run_tidy()
        self.assertEqual(code, 1)
        self.assertEqual(len(findings), len(beginnings), findings)
        for finding, beginning in zip(findings, beginnings):
            self.assertTrue(finding.startswith(beginning), f"{finding!r} does not begin with {beginning!r}")
