#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""JSON-RPC over WebSocket with real nodes: what clients are told as it happens, and what becomes of bad frames."""

from __future__ import annotations

import re
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from web import WebCluster  # noqa: E402
from websocket import BINARY, CLOSE, TEXT, Refused, WebSocket  # noqa: E402

PROTOCOL_ERROR, UNKNOWN_DATA, TOO_BIG, BAD_TEXT = 1002, 1003, 1009, 1007
CALL = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = WebCluster()
        cls.enterClassContext(cls.cluster)

    def setUp(self) -> None:
        self.leader, self.follower = self.cluster.leader_and_follower()
        self.web = self.cluster.web(self.leader)
        self.addCleanup(self.web.close)

    def live(self, node: int, **fields: object) -> WebSocket:
        made = WebSocket(self.cluster.port(node, "http"), **fields)
        self.addCleanup(made.close)
        return made

    def test_a_client_sees_writes_as_they_happen_and_goes_on_at_another_node(self) -> None:
        first = self.live(self.follower)
        watched = first.subscribe("kv:seen/")
        self.assertEqual(first.next(watched)["data"]["changes"], [])
        self.web.call("PUT", "/v1/kv/seen/1", "one")
        self.web.call("PUT", "/v1/kv/other", "x")
        event = first.next(watched)
        change = event["data"]["changes"][0]
        record = change["record"]
        self.assertEqual((change["change"], record["key"], record["value"]), ("put", "seen/1", "one"))
        first.close()
        self.web.call("PUT", "/v1/kv/seen/2", bytes([255]))
        self.web.call("DELETE", "/v1/kv/seen/1")
        second = self.live(self.leader)
        again = second.subscribe("kv:seen/", resume={"revision": event["revision"]})
        changes = second.next(again)["data"]["changes"]
        while len(changes) < 2:
            changes += second.next(again)["data"]["changes"]
        self.assertEqual([one["change"] for one in changes], ["put", "delete"])
        self.assertEqual(changes[0]["record"]["value_base64"], "/w==")

    def test_a_message_that_is_published_at_one_node_is_heard_at_another(self) -> None:
        live = self.live(self.follower)
        rooms = live.subscribe("pubsub:room/*")
        deadline = time.monotonic() + 60
        # A subscription begins in its own time, and what is published before is not heard.
        while not (heard := [one for one in live.notifications if one["method"] == "event"]):
            self.assertLess(time.monotonic(), deadline)
            self.assertEqual(self.web.call("POST", "/v1/channels/room/1", b"hello").status, 200)
            live.call("ping")
        self.assertEqual(heard[0]["params"]["subscription"], rooms)
        self.assertEqual(heard[0]["params"]["data"]["messages"][0], {"channel": "room/1", "message": "hello"})

    def test_a_client_sees_the_cluster_and_its_metrics(self) -> None:
        live = self.live(self.follower)
        cluster = live.next(live.subscribe("cluster"))["data"]
        self.assertEqual(cluster["node"]["node_id"], str(self.follower))
        self.assertEqual(sorted(one["id"] for one in cluster["members"]), [str(node) for node in self.cluster.ids])
        metrics = live.subscribe("metrics")
        first = live.next(metrics)["data"]
        self.assertTrue(first["full"])
        self.assertEqual(first["values"]["tenon_voters"], 3)
        self.web.call("PUT", "/v1/kv/counted", "v")
        while "tenon_revision" not in (delta := live.next(metrics)["data"])["values"]:
            self.assertFalse(delta["full"])
        self.assertNotIn("tenon_voters", delta["values"])

    def test_a_client_is_told_of_an_election(self) -> None:
        live = self.live(self.follower)
        events = live.subscribe("events")
        live.next(live.subscribe("cluster"))
        began_ms = time.time() * 1000
        self.cluster.kill(self.leader)

        def is_told(data: dict) -> bool:
            new = re.search(r"^leads in term|follows node (\d+) in", data["text"])
            return int(data["time_ms"]) >= began_ms and new is not None and new[1] != str(self.leader)

        try:
            while not is_told((event := live.next(events))["data"]):
                self.assertIn(event["data"]["kind"], ("election", "membership", "standing", "snapshot"))
            self.assertEqual(event["data"]["kind"], "election")
            later = self.live(self.follower)
            again = later.subscribe("events", resume={"sequence": str(int(event["sequence"]) - 1)})
            self.assertEqual(later.next(again), event | {"subscription": again})
        finally:
            self.cluster.start(self.leader)

    def test_an_upgrade_that_should_not_be_is_refused(self) -> None:
        for status, words in ((400, {"protocol": None}), (400, {"protocol": "chat"}),
                              (403, {"Origin": "http://evil.example"}), (421, {"Host": "evil.example"}),
                              (400, {"Sec_WebSocket_Version": "8"}), (426, {"Upgrade": "tea"})):  # fmt: skip
            with self.subTest(words=words), self.assertRaises(Refused) as caught:
                self.live(self.leader, **words)
            self.assertEqual(caught.exception.args, (status,))
        own = f"http://127.0.0.1:{self.cluster.port(self.leader, 'http')}"
        self.live(self.leader, protocol="chat, tenon.v1+json", Origin=own)

    def test_frames_that_should_not_be_end_the_connection_with_a_code(self) -> None:
        def unmasked(live: WebSocket) -> None:
            live.send_frame(CALL, masked=False)

        def binary(live: WebSocket) -> None:
            live.send_frame(CALL, code=BINARY)

        def too_big(live: WebSocket) -> None:
            live.send_frame(b" " * (64 * 1024 + 1))

        def too_big_in_fragments(live: WebSocket) -> None:
            live.send_frame(b" " * 40_000, final=False)
            live.send_frame(b" " * 40_000, code=0)

        def no_text(live: WebSocket) -> None:
            live.send_frame(b"\xff\xfe")

        def stray_continuation(live: WebSocket) -> None:
            live.send_frame(CALL, code=0)

        for code, send in ((PROTOCOL_ERROR, unmasked), (UNKNOWN_DATA, binary), (TOO_BIG, too_big),
                           (TOO_BIG, too_big_in_fragments), (BAD_TEXT, no_text),
                           (PROTOCOL_ERROR, stray_continuation)):  # fmt: skip
            with self.subTest(send=send.__name__):
                live = self.live(self.leader)
                send(live)
                frame = live.receive_frame()
                self.assertEqual((frame.code, frame.close_code), (CLOSE, code))
                live.close()
        # A connection is counted when the client, too, has closed it.
        self.cluster.wait_for(lambda: self.closed("malformed") >= 4 and self.closed("frame_too_large") >= 2, "counts")

    def closed(self, reason: str) -> int:
        begin = f'tenon_api_connections_closed_total{{plugin="http",reason="{reason}"}} '
        lines = self.web.call("GET", "/metrics").body.decode().splitlines()
        return next(int(line.removeprefix(begin)) for line in lines if line.startswith(begin))

    def test_a_call_in_fragments_is_one(self) -> None:
        live = self.live(self.leader)
        live.send_frame(CALL[:10], final=False)
        live.send_frame(b"", code=9)
        live.send_frame(CALL[10:], code=0)
        frame = live.receive_frame()
        frame = live.receive_frame() if frame.code != TEXT else frame
        self.assertEqual(frame.payload, b'{"jsonrpc":"2.0","id":1,"result":{}}')

    def test_a_client_that_does_not_read_harms_nobody_and_misses_nothing_that_is_kept(self) -> None:
        slow = self.live(self.leader, receive_buffer=4096)
        watched = slow.subscribe("kv:flood/")
        slow.next(watched)
        last = ""
        for number in range(300):
            last = str(number)
            self.assertEqual(self.web.call("PUT", f"/v1/kv/flood/{last}", bytes(20_000)).status, 200)
        deadline = time.monotonic() + 60
        seen: list[str] = []
        while seen[-1:] != ["flood/" + last]:
            self.assertLess(time.monotonic(), deadline)
            seen += [one["record"]["key"] for one in slow.next(watched)["data"]["changes"]]
        self.assertEqual(seen, [f"flood/{number}" for number in range(300)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
