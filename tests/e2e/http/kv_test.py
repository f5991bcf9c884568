#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Keys over HTTP, against three real nodes."""

from __future__ import annotations

import sys
import time
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from web import WebCluster  # noqa: E402


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = WebCluster()
        cls.enterClassContext(cls.cluster)
        cls.leader, cls.follower = cls.cluster.leader_and_follower()

    def setUp(self) -> None:
        self.web = self.cluster.web(self.follower)
        self.addCleanup(self.web.close)

    def test_what_is_written_at_one_node_is_read_at_all(self) -> None:
        value = bytes(range(256)) * 10
        path = "/v1/kv/" + urllib.parse.quote(b"bytes/\x00\xff ?#%", safe="/")
        written = self.web.call("PUT", path, value)
        self.assertEqual(written.status, 200, written.body)
        for node in self.cluster.ids:
            with self.cluster.web(node) as web:
                read = web.call("GET", path)
                self.assertEqual((read.status, read.body), (200, value))
                self.assertEqual(read.fields["ETag"], written.fields["ETag"])
                self.assertEqual(read.fields["X-Tenon-Leader"], str(self.leader))

    def test_of_two_who_have_read_the_same_one_writes(self) -> None:
        tag = self.web.call("PUT", "/v1/kv/shared", "0").fields["ETag"]
        first = self.web.call("PUT", "/v1/kv/shared", "1", If_Match=tag)
        second = self.web.call("PUT", "/v1/kv/shared", "2", If_Match=tag)
        self.assertEqual((first.status, second.status), (200, 412))
        self.assertEqual(second.fields["ETag"], first.fields["ETag"])
        self.assertEqual(second.json()["error"]["outcome"], "done")
        self.assertEqual(self.web.call("GET", "/v1/kv/shared").body, b"1")
        self.assertEqual(self.web.call("PUT", "/v1/kv/shared", "3", If_None_Match="*").status, 412)
        self.assertEqual(self.web.call("GET", "/v1/kv/shared", If_None_Match=first.fields["ETag"]).status, 304)
        self.assertEqual(self.web.call("DELETE", "/v1/kv/shared", If_Match=tag).status, 412)
        self.assertTrue(self.web.call("DELETE", "/v1/kv/shared", If_Match=first.fields["ETag"]).json()["deleted"])
        self.assertEqual(self.web.call("GET", "/v1/kv/shared").status, 404)
        self.assertFalse(self.web.call("DELETE", "/v1/kv/shared").json()["deleted"])

    def test_a_key_lives_as_long_as_it_was_given(self) -> None:
        self.web.call("PUT", "/v1/kv/short?ttl=300ms", "v")
        read = self.web.call("GET", "/v1/kv/short")
        left = int(read.fields["X-Tenon-Expires-At-Ms"]) - int(read.fields["X-Tenon-Cluster-Time-Ms"])
        self.assertTrue(0 < left <= 300)
        deadline = time.monotonic() + 30
        while self.web.call("GET", "/v1/kv/short").status != 404:
            self.assertLess(time.monotonic(), deadline)

    def test_a_range_is_read_page_by_page(self) -> None:
        for number in range(25):
            self.web.call("PUT", f"/v1/kv/page/{number:02}", f"v{number}")
        keys, cursor, pages = [], "", 0
        while True:
            page = self.web.call("GET", f"/v1/kv?prefix=page%2F&limit=10{cursor}").json()
            keys += [record["key"] for record in page["records"]]
            pages += 1
            if "cursor" not in page:
                break
            cursor = "&cursor=" + page["cursor"]
        self.assertEqual((keys, pages), ([f"page/{number:02}" for number in range(25)], 3))
        self.assertEqual(self.web.call("GET", "/v1/kv?prefix=page/&count").json()["count"], "25")
        last = self.web.call("GET", "/v1/kv?prefix=page/&reverse&limit=1&keys").json()["records"]
        self.assertEqual([(one["key"], "value" in one) for one in last], [("page/24", False)])

    def test_a_follower_passes_on_or_redirects_as_it_is_asked(self) -> None:
        self.assertEqual(self.web.call("PUT", "/v1/kv/forwarded", "v").status, 200)
        redirect = self.web.call("PUT", "/v1/kv/redirected?forward=no", "v")
        self.assertEqual(redirect.status, 307)
        leader = f"http://127.0.0.1:{self.cluster.port(self.leader, 'http')}"
        self.assertEqual(redirect.fields["Location"], f"{leader}/v1/kv/redirected?forward=no")
        self.assertEqual(redirect.json()["error"]["leader"], {"node": str(self.leader), "address": leader})
        self.assertEqual(self.web.call("GET", "/v1/kv/redirected").status, 404)
        with self.cluster.web(self.leader) as web:
            self.assertEqual(web.call("PUT", "/v1/kv/redirected?forward=no", "v").status, 200)

    def test_a_value_beyond_the_limit_is_refused_with_its_number(self) -> None:
        refused = self.web.call("PUT", "/v1/kv/large", bytes(1024 * 1024 + 1))
        self.assertEqual((refused.status, refused.code), (413, "too_large"))
        self.assertIn("1048576", refused.json()["error"]["message"])
        self.assertEqual(self.web.call("PUT", "/v1/kv/full", bytes(1024 * 1024)).status, 200)
        append = {"operations": [{"op": "append", "key": "full", "value": "x"}]}
        refused = self.web.call("POST", "/v1/txn", append)
        self.assertEqual((refused.status, refused.code), (413, "too_large"))
        self.assertIn("limits.value_bytes_max (1048576)", refused.json()["error"]["message"])
        [result] = self.web.call("POST", "/v1/batch", append).json()["results"]
        self.assertIn("limits.value_bytes_max (1048576)", result["error"]["message"])


class WithoutMajority(unittest.TestCase):
    def test_a_write_that_nobody_can_decide_is_unknown_or_surely_refused(self) -> None:
        with WebCluster() as cluster:
            leader, follower = cluster.leader_and_follower()
            with cluster.web(leader) as web:
                web.call("PUT", "/v1/kv/k", "before")
                cluster.kill(*cluster.others(leader))
                answers = [web.call("PUT", "/v1/kv/k?timeout=1s", "after") for _ in range(2)]
                self.assertEqual((answers[0].status, answers[0].code), (504, "unknown_outcome"))
                cluster.wait_for(lambda: web.call("PUT", "/v1/kv/k?timeout=1s", "late").status == 503, "no leader")
                refused = web.call("GET", "/v1/kv/k?timeout=1s")
                self.assertEqual((refused.status, refused.json()["error"]["outcome"]), (503, "refused"))
                self.assertEqual(web.call("GET", "/v1/kv/k?consistency=stale").body, b"before")
                self.assertEqual(web.call("GET", "/readyz").status, 503)
                self.assertEqual(web.call("GET", "/livez").status, 200)
            self.assertNotEqual(follower, leader)


if __name__ == "__main__":
    unittest.main(verbosity=2)
