#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tenonctl against a real node: what it prints, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import unittest
from pathlib import Path

from harness import Node, TENONCTL, free_port, run, temporary_directory

OK, ERROR, NO_CONNECTION, NOT_FOUND, USAGE = 0, 1, 2, 3, 64


class Tenonctl(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = temporary_directory()
        cls.node = Node(Path(cls.directory.name))
        cls.node.start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.terminate()
        cls.directory.cleanup()

    def run_command(self, code: int, *arguments: str, standard_input: bytes = b"") -> bytes:
        command = [str(TENONCTL), "--endpoints", f"127.0.0.1:{self.node.port}", *arguments]
        result = run(*command, standard_input=standard_input)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        if code != OK:
            self.assertNotEqual(result.stderr, b"")
        return result.stdout

    def test_put_get_and_del(self) -> None:
        self.run_command(OK, "put", "greeting", "hello")
        self.assertEqual(self.run_command(OK, "-o", "simple", "get", "greeting").rstrip(b"\n"), b"hello")
        self.run_command(OK, "del", "greeting")
        self.run_command(NOT_FOUND, "get", "greeting")
        self.run_command(NOT_FOUND, "del", "greeting")

    def test_a_value_from_standard_input_is_taken_as_it_is(self) -> None:
        value = bytes(range(256))
        self.run_command(OK, "put", "binary", "-", standard_input=value)
        document = json.loads(self.run_command(OK, "-o", "json", "get", "binary"))
        self.assertIn("base64", json.dumps(document))

    def test_scan_in_order_with_limit(self) -> None:
        for number in range(5):
            self.run_command(OK, "put", f"scan-{number}", str(number))
        lines = self.run_command(OK, "-o", "simple", "scan", "scan-", "--limit", "3").splitlines()
        self.assertEqual(len([line for line in lines if line.startswith(b"scan-")]), 3)
        json.loads(self.run_command(OK, "-o", "json", "scan", "scan-"))

    def test_cas(self) -> None:
        self.run_command(OK, "put", "swap", "one")
        self.run_command(OK, "cas", "swap", "one", "two")
        self.run_command(NOT_FOUND, "cas", "swap", "one", "three")
        self.assertEqual(self.run_command(OK, "-o", "simple", "get", "swap").rstrip(b"\n"), b"two")

    def test_status_names_role_and_node(self) -> None:
        document = json.loads(self.run_command(OK, "-o", "json", "status"))
        self.assertIn("leader", json.dumps(document))
        self.assertIn(b"leader", self.run_command(OK, "-o", "table", "status"))

    def test_no_connection(self) -> None:
        command = [str(TENONCTL), "--endpoints", f"127.0.0.1:{free_port()}", "get", "key"]
        result = run(*command)
        self.assertEqual(result.returncode, NO_CONNECTION, result.stderr)

    def test_usage(self) -> None:
        self.run_command(USAGE, "put", "only-a-key")
        self.run_command(USAGE, "no-such-command")
        self.run_command(USAGE, "--no-such-flag")

    def test_what_a_later_version_brings_says_so(self) -> None:
        command = [str(TENONCTL), "watch", "key"]
        result = run(*command)
        self.assertEqual(result.returncode, ERROR)
        self.assertIn(b"not in this version", result.stderr)

    def test_a_refused_request_is_an_error_with_its_reason(self) -> None:
        self.run_command(ERROR, "put", "large", "-", standard_input=b"v" * (1024 * 1024 + 1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
