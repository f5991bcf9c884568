#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a dashboard that was opened before says of members that come and go."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "members"))

from membership import member  # noqa: E402
from pages import GONE, PageTest, card, page_of, tile  # noqa: E402
from web import WebCluster  # noqa: E402


class Join(PageTest):
    def test_a_member_that_joins_is_heard_of_by_its_own_word_on_the_same_page(self) -> None:
        with WebCluster() as cluster:
            _, home = cluster.leader_and_follower()
            self.browser.open(page_of(cluster, home))
            self.browser.wait(tile("Voters that answer"), "^3 of 3$")
            self.browser.call("evaluate", script="window.isTheSamePage = true")
            cluster.join(4, waits=False)
            self.browser.wait(card(4), r"follower.*voter.*answers in.*Storage\s+\w")
            self.browser.wait(tile("Voters that answer"), "^4 of 4$")
            self.browser.wait("#timeline li", "node 4 is a voter now")
            self.assertTrue(self.browser.call("evaluate", script="window.isTheSamePage"))
            self.assert_no_problems(*GONE)
            # The connection is as good as those to the members of old: the page finds its way by it.
            others = [node for node in cluster.others(home) if node != 4]
            cluster.kill(*others, home)
            self.browser.wait("#moved", f"You were at node {home}, which did not answer since")
            self.assertEqual(self.browser.call("address"), page_of(cluster, 4))
            cluster.start(*others, home)
            self.browser.wait(tile("Voters that answer"), "^4 of 4$")
            done = member(cluster, "remove", str(home))
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            self.browser.wait(tile("Voters that answer"), "^3 of 3$")
            self.assertEqual(self.browser.texts(card(home)), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
