#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the dashboard shows of a cluster at work."""

from __future__ import annotations

import re
import threading

from pages import PageTest, card, main, page_of, tile
from web import WebCluster

NARROW = 400
FOCUS_STOPS = 11


class View(PageTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster = WebCluster({"limits.slow_operation": "1ms"}, storages="filewal,leveldb")
        cls.enterClassContext(cls.cluster)
        cls.leader, cls.follower = cls.cluster.leader_and_follower()
        cls.enterClassContext(Writers(cls.cluster, cls.follower))

    def open(self, view: str = "", **appearance: object) -> str:
        policy = self.browser.open(page_of(self.cluster, self.follower, view), **appearance)
        self.browser.wait("#connection", f"connected to node {self.follower}")
        return policy

    def test_every_node_is_on_the_map_by_its_own_word(self) -> None:
        self.open()
        self.browser.wait(tile("Leader"), f"^node {self.leader}$")
        self.browser.wait(tile("Voters that answer"), "^3 of 3$")
        term = self.cluster.status(self.leader).term
        for node in self.cluster.ids:
            role = "leader" if node == self.leader else "follower"
            storage = "leveldb" if node == 2 else "filewal"
            self.browser.wait(card(node), rf"{role}.*answers in.*Term\s+{term}\s.*Storage\s+{storage}\s")
            self.browser.wait(card(node), r"Transport\s+(thrift|websocket)\s.*Applied|Applied.*Transport\s+\w+")
            self.browser.wait(card(node), "it leads" if node == self.leader else r"Behind the leader\s+(nothing|\d)")
        self.assert_no_problems()

    def test_a_page_that_the_others_do_not_know_says_where_they_would(self) -> None:
        known = page_of(self.cluster, self.follower)
        self.browser.open(known.replace("127.0.0.1", "localhost"))
        self.browser.wait("#unknown-place", re.escape(f"by localhost:{self.cluster.port(self.follower, 'http')}"))
        self.browser.wait("#unknown-place a", f"^{re.escape(known)}$")
        self.browser.wait(tile("Voters that answer"), "^1 of 3$")
        self.browser.click("#unknown-place a", known)
        self.browser.wait(tile("Voters that answer"), "^3 of 3$")
        self.assertEqual(self.browser.texts("#unknown-place"), [])

    def test_a_write_that_arrives_is_seen(self) -> None:
        self.open()
        before = self.browser.wait(tile("Revision"), r"\d")
        self.browser.wait("#rates", r"^[1-9][\d.,]* writes")
        self.browser.wait("#times", r"writes [\d.]+ (µs|ms|s)")
        after = self.browser.wait(tile("Revision"), rf"^(?!{re.escape(before)}$)")
        self.assertGreater(number(after), number(before))
        self.assert_no_problems()

    def test_elections_and_members_are_on_the_timeline(self) -> None:
        self.open()
        self.browser.wait("#timeline li", "the voters are|is known by")
        self.browser.click("#timeline-more")
        self.browser.wait("#timeline li", rf"node {self.leader}\s+leads in term \d+")
        self.browser.wait("#timeline li", "node \\d is known by its data directory")
        self.browser.click("#timeline-kinds label", "elections")
        self.browser.wait("#timeline", r"^(?!.*leads in term)")
        self.assert_no_problems()

    def test_slow_operations_are_told_with_their_keys(self) -> None:
        self.open()
        self.browser.wait("#slow li", rf"node {self.follower}\s+[\d.]+ m?s put busy/\d over http")
        self.browser.click("#slow-more")
        self.browser.call("evaluate", script="""{
            const order = document.getElementById('slow-order');
            order.value = 'slowest';
            order.dispatchEvent(new Event('change'));
        }""")
        self.browser.wait("#slow li:first-child", r"[\d.]+ m?s \w+")
        self.assert_no_problems()

    def test_plugins_are_told_with_their_options(self) -> None:
        self.open("#plugins")
        self.browser.wait('section[aria-label="Plugins of node 2"]', "storage.leveldb.*version")
        self.browser.click('section[aria-label="Plugins of node 1"] summary', "api.http")
        self.browser.wait('section[aria-label="Plugins of node 1"] details[open]',
                          rf"listen\s+127.0.0.1:{self.cluster.port(1, 'http')}")  # fmt: skip
        self.assert_no_problems()

    def test_nothing_can_be_changed_unless_the_node_is_told_so(self) -> None:
        self.open("#keys/busy")
        self.browser.click(".key", "busy")
        self.browser.wait("#detail", "Revision")
        self.assertEqual(self.browser.texts("#new-key, #detail button"), [])
        self.assert_no_problems()

    def test_the_policy_allows_only_this_node_and_its_frame_the_nodes_of_the_cluster(self) -> None:
        def places(*nodes: int) -> set[str]:
            return {f"{scheme}://127.0.0.1:{self.cluster.port(node, 'http')}" for node in nodes
                    for scheme in ("ws", "wss")}  # fmt: skip

        policy = parts_of(self.open())
        self.assertEqual(policy["default-src"], "'self'")
        self.assertNotIn("script-src", policy)
        self.assertEqual(set(policy["connect-src"].split()), {"'self'"} | places(self.follower))
        with self.cluster.web(self.follower) as web:
            policy = parts_of(web.call("GET", "/dashboard/reach.html").fields["Content-Security-Policy"])
        self.assertEqual(policy["default-src"], "'none'")
        self.assertEqual(set(policy["connect-src"].split()), places(*self.cluster.ids))

    def test_everything_can_be_reached_by_the_keyboard_and_shows_that_it_is(self) -> None:
        self.open()
        self.browser.wait("#timeline li")
        names = []
        for _ in range(FOCUS_STOPS):
            self.browser.call("press", key="Tab")
            focus = self.browser.call("focus")
            names.append(focus["name"])
            self.assertTrue(focus["isMarked"], focus)
        self.assertEqual(names[:4], ["Skip to the content", "to-overview", "to-keys", "to-plugins"])
        self.assertEqual(names.count("open its page"), 2)
        self.open()
        for key in ("Tab", "Tab", "Tab", "Enter"):
            self.browser.call("press", key=key)
        self.browser.wait("#keys-rows", "busy")

    def test_it_looks_as_it_should_in_light_in_dark_and_on_a_telephone(self) -> None:
        for name, appearance in {
            "light": {}, "dark": {"scheme": "dark"}, "narrow": {"width": NARROW, "height": 800},
        }.items():  # fmt: skip
            for view in ("overview", "keys", "plugins"):
                self.open(f"#{view}", **appearance)
                self.browser.wait({"overview": "#times", "keys": "#keys-rows", "plugins": "#plugin-nodes"}[view],
                                  {"overview": "writes", "keys": "busy", "plugins": "leveldb"}[view])  # fmt: skip
                if view == "overview":  # until there is something to draw
                    self.browser.call("evaluate", script="new Promise((done) => setTimeout(done, 4000))")
                self.browser.screenshot(f"{name}-{view}")
                width = self.browser.call("evaluate", script="document.documentElement.scrollWidth")
                self.assertLessEqual(width, appearance.get("width", 1280), f"{view} is wider than the window")
                self.assert_no_problems()


class Writers:
    """Somebody who writes for as long as it is entered."""

    def __init__(self, cluster: WebCluster, node: int) -> None:
        self.cluster, self.node, self.over = cluster, node, threading.Event()
        self.thread = threading.Thread(target=self.write)

    def write(self) -> None:
        with self.cluster.web(self.node) as web:
            number = 0
            while not self.over.wait(0.02):
                number += 1
                web.call("PUT", f"/v1/kv/busy/{number % 10}", f'{{"number": {number}}}')

    def __enter__(self) -> "Writers":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def parts_of(policy: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in policy.split(";"))


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


if __name__ == "__main__":
    main()
