#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The commands of docs/plugin-guide.md as they are written there, in the order of the page, in one shell.

They run in a directory whose build-release is the build under test, and in a network of their own, because their port
is fixed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest

from prefix import BUILD_DIRECTORY, TREE, clean_environment
from tempfile import TemporaryDirectory

PAGE_SECONDS = 600.0
INSIDE = "TENON_TEST_HAS_NETWORK"


class Guide(unittest.TestCase):
    def test_every_command_does_what_the_page_says(self) -> None:
        page = (TREE / "docs" / "plugin-guide.md").read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        self.assertGreater(len(blocks), 8)
        # Each block says that it is done, so that the last one that began is the one that failed.
        script = "set -e\numask 022\n" + "".join(f"{block}echo BLOCK-DONE\n" for block in blocks)
        with TemporaryDirectory(prefix="tenon-guide-") as directory:
            os.symlink(BUILD_DIRECTORY, os.path.join(directory, "build-release"))
            shell = subprocess.Popen(["bash"], cwd=directory, env=clean_environment(), text=True, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0)  # fmt: skip
            try:
                said, _ = shell.communicate(script, PAGE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, 9)
                said, _ = shell.communicate()
        self.assertEqual((shell.returncode, said.count("BLOCK-DONE")), (0, len(blocks)), said)
        self.assertRegex(said, r"ledger +OK")
        self.assertRegex(said, r"conformance +OK")
        self.assertIn("100% tests passed, 0 tests failed out of 2", said)
        self.assertIn("nothing is wrong with it", said)
        self.assertIn(" 0 failed, 0 crashed, 0 hung", said)
        self.assertIn("tenon-storage-ledger.so", said)


def in_a_network_of_its_own() -> None:
    """Goes on in a new network namespace, where the system allows one; its ports are then nobody else's."""
    if os.environ.get(INSIDE):
        return
    namespace = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--user", "--map-root-user"]
    if subprocess.run([*namespace, "ip", "link", "set", "lo", "up"], check=False, capture_output=True).returncode != 0:
        return
    os.environ[INSIDE] = "yes"
    script = 'ip link set lo up && exec "$@"'
    os.execvp(namespace[0], [*namespace, "sh", "-c", script, "sh", sys.executable, *sys.argv])


if __name__ == "__main__":
    in_a_network_of_its_own()
    unittest.main(verbosity=2)
