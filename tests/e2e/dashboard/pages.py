# SPDX-License-Identifier: MIT
"""Clusters whose nodes serve the dashboard, and what its tests look for on the page."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "http"))

from web import WebCluster  # noqa: E402

from browser import Browser, is_there  # noqa: E402

# What a browser itself says of a node that is not there, or has just started and not heard of all members; no page can
# keep it from doing so.
GONE = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "WebSocket is closed before",
        "Connection closed before receiving", "Unexpected response code: 503")  # fmt: skip
SKIPPED = 77  # which Meson counts and shows apart from what has passed
CONFLICT = "the server responded with a status of 412"
NOT_FOUND = "the server responded with a status of 404"


def page_of(cluster: WebCluster, node: int, view: str = "") -> str:
    return f"http://127.0.0.1:{cluster.port(node, 'http')}/{view}"


def tile(name: str) -> str:
    return f'.tile:has(.label:text-is("{name}")) strong'


def card(node: int) -> str:
    return f'.node[aria-label="Node {node}"]'


def main() -> None:
    if not is_there():
        print("skipped: there is no chromium, node or npm; tools/setup.sh test installs them", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)


class PageTest(unittest.TestCase):
    """One browser for each class, and one page for each test."""

    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def assert_no_problems(self, *expected: str) -> None:
        self.assertEqual(self.browser.problems(*expected), [])
