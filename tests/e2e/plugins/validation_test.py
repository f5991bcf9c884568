#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A node that loads a plugin which breaks the contract: what becomes of it follows from node.plugin_validation."""

from __future__ import annotations

import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import BUILD_DIRECTORY, STOP_SECONDS, TENONCTL, Node, run, temporary_directory  # noqa: E402

FINDING = "PLUGIN_MISBEHAVING tenon_host.metric_create: found a call on another thread, expected the control thread"
COUNTED = 'tenon_plugin_findings_total{plugin="api.careless",blame="plugin"}'


def careless_node(directory: Path, validation: str) -> Node:
    places = (BUILD_DIRECTORY / "plugins", BUILD_DIRECTORY / "tests" / "support" / "plugins")
    return Node(directory, {
        "node.plugin_validation": validation,
        "node.plugin_directories": ":".join(map(str, places)),
        "api.plugin": "thrift,careless",
    })  # fmt: skip


def metrics_of(node: Node) -> str:
    return run(str(TENONCTL), "--endpoints", f"127.0.0.1:{node.port}", "metrics").stdout.decode()


class Validation(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(self.enterContext(temporary_directory()))

    def test_report_counts_and_logs_what_a_plugin_does_wrong_and_the_node_serves(self) -> None:
        with careless_node(self.directory, "report") as node:
            self.wait(lambda: FINDING in node.logger_text(), node)
            counts = [line.rsplit(" ", 1)[1] for line in metrics_of(node).splitlines() if line.startswith(COUNTED)]
            self.assertEqual(len(counts), 1)
            self.assertGreaterEqual(float(counts[0]), 1)
            self.assertEqual(node.terminate()[0], 0)

    def test_abort_ends_the_node_with_the_finding(self) -> None:
        node = careless_node(self.directory, "abort")
        node.launch()
        assert node.process is not None
        self.assertEqual(node.process.wait(STOP_SECONDS), -signal.SIGABRT)
        self.assertIn(FINDING, node.logger_text())

    def test_off_lets_it_pass(self) -> None:
        with careless_node(self.directory, "off") as node:
            self.assertNotIn("tenon_plugin_findings_total", metrics_of(node))
            self.assertNotIn("MISBEHAVING", node.logger_text())
            self.assertEqual(node.terminate()[0], 0)

    def wait(self, holds, node: Node) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while not holds():
            self.assertLess(time.monotonic(), deadline, node.logger_text())
            time.sleep(0.02)


if __name__ == "__main__":
    unittest.main(verbosity=2)
