#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Looking at keys and changing them."""

from __future__ import annotations

import re

from pages import CONFLICT, NOT_FOUND, PageTest, main, page_of
from harness import campaign_rounds  # pages.py says where it is
from web import WebCluster

MANY_KEYS = 100_000
KEYS_A_PAGE = 50
KEYS_A_BATCH = 500
MARKUP = "<img src=x onerror=alert(1)>"


class Keys(PageTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster = WebCluster({"api.http.dashboard_writes": "yes"})
        cls.enterClassContext(cls.cluster)
        cls.leader, cls.follower = cls.cluster.leader_and_follower()

    def setUp(self) -> None:
        self.web = self.enterContext(self.cluster.web(self.leader))

    def put(self, key: str, value: str | bytes, query: str = "") -> None:
        self.assertEqual(self.web.call("PUT", f"/v1/kv/{key}{query}", value).status, 200)

    def value(self, key: str) -> bytes:
        return self.web.call("GET", f"/v1/kv/{key}").body

    def open(self, prefix: str) -> None:
        self.browser.open(page_of(self.cluster, self.follower, f"#keys/{prefix}"))
        self.browser.wait("#connection", f"connected to node {self.follower}")

    def choose(self, key: str) -> None:
        self.browser.click(".key", key)
        self.browser.wait("#detail h2", re.escape(key))

    def test_many_keys_are_paged_through_each_once_and_in_order(self) -> None:
        count = campaign_rounds(MANY_KEYS)
        keys = [f"many/{number:06}" for number in range(count)]
        for begin in range(0, count, KEYS_A_BATCH):
            puts = [{"op": "put", "key": key, "value": "v"} for key in keys[begin : begin + KEYS_A_BATCH]]
            self.assertEqual(self.web.call("POST", "/v1/batch", {"operations": puts}).status, 200)
        self.open("many/")
        self.browser.wait("#keys-summary", f"^50 of {'more than ' if count > 10_000 else ''}[0-9,]+ keys")
        seen: list[str] = []
        pages = -(-count // KEYS_A_PAGE)
        for page in range(1, pages + 1):
            self.browser.wait("#page-number", f"^Page {page:,}$")
            self.browser.wait("#keys-rows tr:first-child", keys[(page - 1) * KEYS_A_PAGE])
            seen += self.browser.texts(".key")
            if page < pages:
                self.browser.click("#next-page")
        self.assertEqual(seen, keys)
        self.assertTrue(self.browser.call("evaluate", script="document.getElementById('next-page').disabled"))
        self.browser.click("#previous-page")
        self.browser.wait("#keys-rows tr:first-child", keys[(pages - 2) * KEYS_A_PAGE])
        self.browser.click("#first-page")
        self.browser.wait("#keys-rows tr:first-child", keys[0])
        self.assert_no_problems()

    def test_a_write_of_somebody_else_arrives_in_the_list_and_in_the_value(self) -> None:
        self.put("arriving/a", "before")
        self.open("arriving/")
        self.choose("arriving/a")
        self.browser.wait("#detail pre", "^before$")
        self.put("arriving/a", "after")
        self.put("arriving/b", "new")
        self.browser.wait("#detail pre", "^after$")
        self.browser.wait("#keys-rows tr", r"arriving/a\s+2\s")
        self.browser.wait("#keys-rows tr", r"arriving/b\s+1\s")
        self.web.call("DELETE", "/v1/kv/arriving/a")
        self.browser.wait("#detail", "There is no such key any more")
        self.browser.wait("#keys-summary", "^1 of 1 key")
        self.assert_no_problems(NOT_FOUND)

    def test_of_an_edit_that_meets_another_nothing_is_lost(self) -> None:
        self.put("shared", "first")
        self.open("shared")
        self.choose("shared")
        self.browser.click("#detail button", "Edit")
        self.browser.fill("#value", "mine")
        self.put("shared", "theirs")
        self.browser.wait(".changed-meanwhile", "Somebody has changed this key")
        self.browser.click("#detail button", "Save")
        self.browser.wait(".conflict", "Nothing was changed. Somebody else has changed it.*theirs")
        self.browser.screenshot("conflict")
        self.assertEqual(self.value("shared"), b"theirs")
        self.browser.click(".conflict button", "Replace it with mine")
        self.browser.wait("#detail pre", "^mine$")
        self.assertEqual(self.value("shared"), b"mine")
        self.browser.click("#detail button", "Edit")
        self.browser.fill("#value", "mine again")
        self.put("shared", "theirs again")
        self.browser.click("#detail button", "Save")
        self.browser.click(".conflict button", "Keep theirs")
        self.browser.wait("#detail pre", "^theirs again$")
        self.assertEqual(self.value("shared"), b"theirs again")
        self.assert_no_problems(CONFLICT)

    def test_a_key_is_made_with_a_life_and_deleted(self) -> None:
        self.open("made")
        self.browser.wait("#keys-summary", "No key begins so")
        self.browser.click("#new-key")
        self.browser.fill("#key", "made/here")
        self.browser.fill("#value", "value")
        self.browser.call("evaluate", script="""{
            const life = document.getElementById('life');
            life.value = 'span';
            life.dispatchEvent(new Event('change'));
        }""")
        self.browser.fill("#span", "10m")
        self.browser.click("#detail button", "Create")
        self.browser.wait("#detail", r"Lives\s+for (9|10) min")
        self.browser.wait("#keys-rows tr", r"made/here.*(9|10) min")
        self.assertEqual(self.value("made/here"), b"value")
        self.browser.click("#detail button", "Delete")
        self.browser.click("dialog button", "Cancel")
        self.assertEqual(self.value("made/here"), b"value")
        self.browser.click("#detail button", "Delete")
        self.browser.click("dialog button", "Delete")
        self.browser.wait("#detail", "There is no such key any more")
        self.assertEqual(self.web.call("GET", "/v1/kv/made/here").status, 404)
        self.assert_no_problems(NOT_FOUND)

    def test_a_new_key_does_not_replace_one_that_is_there(self) -> None:
        self.put("taken", "theirs")
        self.open("taken")
        self.browser.click("#new-key")
        self.browser.fill("#value", "mine")
        self.browser.click("#detail button", "Create")
        self.browser.wait(".conflict", "There is such a key already")
        self.assertEqual(self.value("taken"), b"theirs")
        self.assert_no_problems(CONFLICT)

    def test_bytes_that_are_no_text_are_shown_and_edited_as_such(self) -> None:
        self.put("bytes%00%FF", bytes([0, 255, 10]))
        self.open("bytes")
        self.choose(r"bytes\x00\xff")
        self.browser.wait("#detail pre", "^00 ff 0a$")
        self.browser.click("#detail button", "Edit")
        self.browser.fill("#value", "00 fg")
        self.browser.click("#detail button", "Save")
        self.browser.wait("#detail [role=alert]", "no pairs of hexadecimal digits")
        self.browser.fill("#value", "01 fe")
        self.browser.click("#detail button", "Save")
        self.browser.wait("#detail pre", "^01 fe$")
        self.assertEqual(self.value("bytes%00%FF"), bytes([1, 254]))
        self.open("hex:6279746573 00")
        self.browser.wait(".key", r"^bytes\\x00\\xff$")
        self.assert_no_problems()

    def test_keys_and_values_are_never_taken_for_markup(self) -> None:
        self.put("markup/%3Cimg%20src=x%20onerror=alert(1)%3E", MARKUP)
        self.open("markup/")
        self.choose("markup/")
        self.browser.wait("#detail pre", r"^<img src=x onerror=alert\(1\)>$")
        self.browser.wait("#detail h2", r"^markup/<img src=x onerror=alert\(1\)>$")
        self.assertEqual(self.browser.call("evaluate", script="document.querySelectorAll('main img').length"), 0)
        self.assert_no_problems()


if __name__ == "__main__":
    main()
