#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What tools/compare makes of HTTP: what it asks of both systems, what it reads, and what follows from it."""

from __future__ import annotations

import base64
import json
import re
import socket
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from compare_lib import dashboards, http_figures, http_systems, wrk  # noqa: E402
from compare_lib.dashboards import HOME_TOPICS, OTHER_TOPICS, Link  # noqa: E402
from compare_lib.errors import CompareError  # noqa: E402
from compare_lib.figures import Measured  # noqa: E402
from compare_lib.http_figures import LOADS, ROWS, HttpFigures  # noqa: E402
from compare_lib.load_generator import LoadShape  # noqa: E402
from compare_lib.wrk import HttpRequest  # noqa: E402

SHAPE = LoadShape(16, 256, 700, 1.0, 5.0, "leader")
LINE = ('{"requests":1000,"duration_us":2000000,"p50_us":900,"p99_us":4000,'
        '"errors":{"connect":0,"read":0,"write":0,"status":100,"timeout":0}}')  # fmt: skip


def measured(per_second: float, **errors: int) -> Measured:
    return Measured(per_second, 1000.0, 2000.0, dict(errors))


def figures(share: float = 0.95, slow_ms: float = 10.0) -> HttpFigures:
    found = HttpFigures(metrics_ms=[1.0] * 99 + [slow_ms] * 2, events_per_second=[800.0], etcd_version="etcd 3")
    for row in ROWS:
        for system, rate in (("tenon", 20_000.0), ("etcd", 4_000.0)):
            found.loads.setdefault(system, {})[row] = [measured(rate)] * 3
    for load in LOADS:
        found.without[load] = in_turns(10_000.0, 10_000.0, 10_000.0)
        found.with_open[load] = in_turns(*[share * 10_000.0] * 3)
    return found


def in_turns(*rounds: float) -> list[Measured]:
    """Of rounds in which so much was done a second on average: more in the first turn, less in the last."""
    shares = [1.5, *[1.0] * (http_figures.PAIRS - 2), 0.5]
    return [measured(share * middle) for middle in rounds for share in shares]


class Verdicts(unittest.TestCase):
    def passed(self, found: HttpFigures) -> list[bool]:
        return [one.passed for one in http_figures.verdicts(found)]

    def test_all_pass_within_their_bounds(self) -> None:
        self.assertEqual(self.passed(figures(0.901, 49.9)), [True] * 4)

    def test_each_fails_alone(self) -> None:
        self.assertEqual(self.passed(figures(slow_ms=50.0)), [False, True, True, True])
        for number, load in enumerate(LOADS):
            found = figures()
            found.with_open[load] = in_turns(8_999.0, 8_999.0, 8_999.0)
            self.assertEqual(self.passed(found), [True, number != 0, number != 1, True])
        found = figures()
        found.with_open[LOADS[0]][0] = measured(9_500.0, status=1)
        self.assertEqual(self.passed(found), [True, True, True, False])

    def test_the_cost_is_the_median_of_those_of_the_rounds(self) -> None:
        found = figures()
        found.without[LOADS[0]] = in_turns(100, 1000, 10)
        found.with_open[LOADS[0]] = in_turns(50, 990, 9)
        self.assertEqual(found.shares(LOADS[0]), [0.5, 0.99, 0.9])
        self.assertEqual(http_figures.verdicts(found)[1].found, "10.0 %")

    def test_what_a_machine_gains_or_loses_meanwhile_it_does_with_dashboards_and_without(self) -> None:
        for power in range(3):
            turns = {
                is_open: sum(at**power for at, one in enumerate(http_figures.TURNS) if one == is_open)
                for is_open in (False, True)
            }
            self.assertEqual(turns[True], turns[False])

    def test_a_round_in_which_nothing_was_done_has_no_ratio(self) -> None:
        found = figures()
        found.loads["etcd"][ROWS[0]] = [measured(0)] * 3
        with self.assertRaisesRegex(CompareError, "nothing was done by etcd"):
            http_figures.text(found)

    def test_a_percentile_is_a_value_that_was_measured(self) -> None:
        self.assertEqual(http_figures.percentile([float(one) for one in range(1, 101)], 0.99), 99.0)
        self.assertEqual(http_figures.percentile([3.0, 1.0], 0.5), 1.0)
        self.assertEqual(http_figures.percentile([5.0], 0.99), 5.0)
        with self.assertRaisesRegex(CompareError, "found no answer"):
            http_figures.percentile([], 0.5)

    def test_the_text_has_both_systems_and_both_sides_of_every_ratio(self) -> None:
        text = http_figures.text(figures())
        for row in ROWS:
            for system in http_figures.SYSTEMS:
                self.assertEqual(len(re.findall(rf"^{re.escape(row)}: {system} ", text, re.MULTILINE)), 1)
        for load in LOADS:
            self.assertEqual(len(re.findall(rf"^{re.escape(load)}: ", text, re.MULTILINE)), 2)
        self.assertIn("101 answers, p50 1.0 ms, p90 1.0 ms, p99 10.0 ms, max 10.0 ms", text)


class Requests(unittest.TestCase):
    def test_both_systems_are_asked_for_the_same_keys_and_values(self) -> None:
        ours, theirs = http_systems.tenon_writes(SHAPE), http_systems.etcd_writes(SHAPE)
        self.assertEqual((ours.method, theirs.method), ("PUT", "POST"))
        self.assertEqual(len(ours.requests), SHAPE.keys)
        for our, their in zip(ours.requests, theirs.requests, strict=True):
            put = json.loads(their.body)
            key, value = (base64.b64decode(put[name]).decode() for name in ("key", "value"))
            self.assertEqual((our.path, our.body), (f"/v1/kv/{key}", value))
            self.assertEqual((len(key), len(value)), (SHAPE.key_bytes, SHAPE.value_bytes))
        for our, their in zip(http_systems.tenon_reads(SHAPE).requests, http_systems.etcd_reads(SHAPE).requests,
                              strict=True):  # fmt: skip
            self.assertEqual(our, HttpRequest(f"/v1/kv/{base64.b64decode(json.loads(their.body)['key']).decode()}"))

    def test_both_are_filled_with_every_key_once_in_requests_that_they_take(self) -> None:
        wanted = {one.path.removeprefix("/v1/kv/"): one.body for one in http_systems.tenon_writes(SHAPE).requests}
        ours = [json.loads(one.body)["operations"] for one in http_systems.tenon_fill(SHAPE)]
        self.assertEqual({put["key"]: put["value"] for puts in ours for put in puts}, wanted)
        theirs = [json.loads(one.body)["success"] for one in http_systems.etcd_fill(SHAPE)]
        puts = [put["request_put"] for one in theirs for put in one]
        self.assertEqual({base64.b64decode(put["key"]).decode(): base64.b64decode(put["value"]).decode()
                          for put in puts}, wanted)  # fmt: skip
        self.assertEqual(len(puts), SHAPE.keys)
        self.assertLessEqual(max(map(len, theirs)), 128)

    def test_a_load_is_a_line_for_each_request(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "requests"
            wrk.write_requests(file, [HttpRequest("/a"), HttpRequest("/b", '{"c": 1}')])
            self.assertEqual(file.read_text(), '/a\t\n/b\t{"c": 1}\n')


class Wrk(unittest.TestCase):
    def test_it_gets_64_connections_and_whole_seconds(self) -> None:
        words = wrk.command(Path("wrk"), 7, "PUT", Path("/r"), 2.4)
        self.assertEqual(words[1:4], ["--threads=1", "--connections=64", "--duration=2s"])
        self.assertEqual(words[-4:], ["http://127.0.0.1:7", "--", "PUT", "/r"])
        self.assertEqual(wrk.whole_seconds(0.1), 1)

    def test_its_result_is_the_last_line_and_answers_that_were_errors_do_not_count(self) -> None:
        self.assertEqual(wrk.parse("Running 2s test\n" + LINE + "\n"), Measured(450.0, 900.0, 4000.0, {"status": 100}))

    def test_what_is_no_result_is_refused(self) -> None:
        for text in ("", "Running", "{}", LINE.replace("2000000", "0")):
            with self.assertRaisesRegex(CompareError, "from wrk"):
                wrk.parse(text)

    def test_one_that_fails_is_an_error_with_what_it_said(self) -> None:
        with self.assertRaisesRegex(CompareError, "ended with 1"):
            wrk.run_once(Path("/bin/false"), 1, "GET", Path("/r"), 1.0)


class Pages(unittest.TestCase):
    def test_they_subscribe_to_what_the_page_subscribes_to(self) -> None:
        source = (ROOT / "plugins/api/http/dashboard/files/source.js").read_text()
        at_home = set(re.findall(r"this\.home\.subscribe\('(\w+)'", source))
        at_every = set(re.findall(r"\blink\.subscribe\('(\w+)'", source))
        self.assertEqual(set(OTHER_TOPICS), at_every)
        self.assertEqual(set(HOME_TOPICS), at_home | at_every)

    def test_they_ask_as_often_as_the_page_does(self) -> None:
        link = (ROOT / "plugins/api/http/dashboard/files/link.js").read_text()
        every_ms = int(re.search(r"kAskEveryMs = (\d+)", link).group(1))  # type: ignore[union-attr]
        self.assertEqual(dashboards.ASK_TURNS * dashboards.LOOK_EVERY_SECONDS * 1000, every_ms)

    def test_a_frame_is_masked_and_says_how_long_it_is(self) -> None:
        short = dashboards.frame({"id": 0, "method": "ping"})
        self.assertEqual(short[:2], bytes([0x81, 0x80 | (len(short) - 6)]))
        self.assertEqual(json.loads(short[6:]), {"jsonrpc": "2.0", "id": 0, "method": "ping"})
        long = dashboards.frame({"id": 0, "method": "m" * 200})
        self.assertEqual((long[1], int.from_bytes(long[2:4], "big")), (0x80 | 126, len(long) - 8))

    def test_events_are_counted_and_a_lost_connection_is_noticed(self) -> None:
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        ours.setblocking(False)
        link = Link(ours, is_home=True)
        dashboards.look(link, asks=True)
        self.assertEqual(theirs.recv(1000), dashboards.PING)
        theirs.sendall(b'x{"jsonrpc":"2.0","method":"event"..}{"jsonrpc":"2.0","method":"event"..}{"id":0}')
        dashboards.look(link, asks=False)
        self.assertEqual((link.events, link.is_lost), (2, False))
        theirs.close()
        dashboards.look(link, asks=False)
        self.assertTrue(link.is_lost)


if __name__ == "__main__":
    unittest.main()
