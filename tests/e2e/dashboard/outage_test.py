#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the dashboard says when nodes go and come."""

from __future__ import annotations

import re

from pages import GONE, PageTest, card, main, page_of, tile
from web import WebCluster


class Outage(PageTest):
    def setUp(self) -> None:
        self.cluster = self.enterContext(WebCluster())
        self.leader, self.follower = self.cluster.leader_and_follower()

    def open(self, node: int, view: str = "") -> None:
        self.browser.open(page_of(self.cluster, node, view))
        self.browser.wait("#connection", f"connected to node {node}")

    def test_of_a_leader_that_dies_the_successor_is_shown(self) -> None:
        self.open(self.follower)
        self.browser.wait(tile("Voters that answer"), "^3 of 3$")
        self.cluster.kill(self.leader)
        others = self.cluster.others(self.leader)
        leader = self.cluster.wait_for_leader(others)
        self.browser.wait(tile("Leader"), f"^node {leader}$")
        self.browser.wait(card(leader), "leader.*answers in.*it leads")
        self.browser.wait(card(self.leader), "silent.*no answer for \\d+ s; what stands here is as old")
        self.browser.wait("#timeline li", rf"node {leader}\s+leads in term {self.cluster.status(leader).term}")
        self.browser.wait(tile("Voters that answer"), "^2 of 3$")
        self.cluster.start(self.leader)
        self.browser.wait(tile("Voters that answer"), "^3 of 3$")
        self.browser.wait(card(self.leader), "follower.*answers in")
        self.assert_no_problems(*GONE)

    def test_whoever_looks_at_a_node_that_dies_goes_on_at_another(self) -> None:
        self.open(self.leader, "#keys/some")
        self.browser.wait("#keys-summary", "No key begins so")
        self.browser.call("evaluate", script="location.hash = '#overview'")
        self.browser.wait(tile("Voters that answer"), "^3 of 3$")
        self.cluster.kill(self.leader)
        self.browser.wait("#lost", f"Node {self.leader} has not answered since .* Going on at node")
        self.browser.screenshot("going-on")
        self.browser.wait("#moved", f"You were at node {self.leader}, which did not answer since")
        place = self.browser.call("address")
        pages = {page_of(self.cluster, node, "#overview") for node in self.cluster.others(self.leader)}
        self.assertIn(place, pages)
        self.browser.wait("#connection", "connected to node")
        leader = self.cluster.wait_for_leader(self.cluster.others(self.leader))
        self.browser.wait(tile("Leader"), f"^node {leader}$")
        self.assert_no_problems(*GONE)

    def test_who_wants_to_stay_stays_and_is_told_how_old_it_all_is(self) -> None:
        self.open(self.follower)
        self.browser.wait(tile("Voters that answer"), "^3 of 3$")
        self.cluster.kill(self.follower)
        self.browser.wait("#lost", "Going on at node")
        self.browser.click("#lost button", "Stay here")
        self.browser.wait("#lost", r"has not answered since .* What stands here is as old; node \d answers")
        self.browser.wait("#load-age", r"as of 1\d s ago")  # longer than it would have waited
        self.cluster.start(self.follower)
        self.browser.wait("#connection", f"connected to node {self.follower}")
        self.assertEqual(self.browser.texts("#lost"), [])
        self.assertEqual(self.browser.call("address"), page_of(self.cluster, self.follower))
        self.assert_no_problems(*GONE)

    def test_without_any_node_it_says_so_and_marks_all_with_its_age_until_they_are_back(self) -> None:
        self.open(self.follower)
        self.browser.wait(tile("Voters that answer"), "^3 of 3$")
        self.cluster.kill(*self.cluster.ids)
        self.browser.wait("#lost", r"No node answers. What stands here is from \S+ and before, \d+ s old. Still")
        self.browser.wait("#connection", f"no connection to node {self.follower} for \\d+ s")
        for place in ("#nodes-age", "#load-age"):
            self.browser.wait(place, r"as of \d+ s ago")
        for node in self.cluster.ids:
            self.browser.wait(card(node), "silent")
        first = age(self.browser.wait("#nodes-age"))
        self.browser.wait("#nodes-age", f"as of {first + 2} s ago")
        self.browser.screenshot("disconnected")
        self.cluster.start(*self.cluster.ids)
        self.browser.wait("#connection", f"connected to node {self.follower}")
        self.browser.wait(tile("Voters that answer"), "^3 of 3$")
        self.assertEqual(self.browser.texts("#lost"), [])
        self.browser.wait(tile("Leader"), r"^node \d$")
        self.assertEqual([text for text in self.browser.texts(".age") if text], [])
        self.assert_no_problems(*GONE)


def age(text: str) -> int:
    found = re.search(r"(\d+) s", text)
    assert found is not None, text
    return int(found.group(1))


if __name__ == "__main__":
    main()
