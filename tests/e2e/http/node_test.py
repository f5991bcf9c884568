#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a real node says of itself over HTTP."""

from __future__ import annotations

import subprocess
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from web import WebCluster  # noqa: E402


class NodeText(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = WebCluster()
        cls.enterClassContext(cls.cluster)
        cls.leader, cls.follower = cls.cluster.leader_and_follower()

    def test_every_node_is_alive_and_ready(self) -> None:
        for node in self.cluster.ids:
            with self.cluster.web(node) as web:
                self.assertEqual(web.call("GET", "/livez").body, b"ok\n")
                self.cluster.wait_for(lambda: web.call("GET", "/readyz").status == 200, f"node {node} to be ready")
                self.assertIn(b"[+]leader ok\n", web.call("GET", "/readyz?verbose").body)
                version = web.call("GET", "/version").json()
                self.assertEqual((version["node_id"], version["api"]), (str(node), "v1"))

    def test_the_metrics_are_what_prometheus_expects(self) -> None:
        with self.cluster.web(self.leader) as web:
            web.call("PUT", "/v1/kv/k", "v")
            web.call("GET", "/v1/kv/absent")
            text = web.call("GET", "/metrics").body
        words = ["/usr/bin/promtool", "check", "metrics"]
        checked = subprocess.run(words, input=text, capture_output=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, b""), checked.stdout)
        self.assertIn(b'tenon_api_responses_total{plugin="http",code="404"} 1', text.splitlines())

    def test_the_metrics_of_a_busy_node_come(self) -> None:
        over = threading.Event()

        def write() -> None:
            with self.cluster.web(self.leader) as web:
                while not over.is_set():
                    web.call("PUT", "/v1/kv/busy", bytes(1000))

        writers = [threading.Thread(target=write) for _ in range(8)]
        for writer in writers:
            writer.start()
        try:
            with self.cluster.web(self.leader) as web:
                self.assertEqual([web.call("GET", "/metrics").status for _ in range(21)], [200] * 21)
        finally:
            over.set()
            for writer in writers:
                writer.join()


if __name__ == "__main__":
    unittest.main(verbosity=2)
