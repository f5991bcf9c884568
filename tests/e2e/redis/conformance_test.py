#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tenon answers as Redis does: the same bytes to a real redis-server and to a node, and replies byte for byte.

Everything that is sent is in scripts/, whose format script.py tells; and what redis-cli makes of the replies.
"""

from __future__ import annotations

import os
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from command_line_client import BENCHMARK_NAMES, CALLS, benchmark, call, talk  # noqa: E402
from comparison import differences, every_scenario, first_random_difference, told  # noqa: E402
from harness import campaign_rounds  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from tenon_server import TenonServer  # noqa: E402
from wire import Connection, command  # noqa: E402

EVENTS = "KEA"  # which events of keys both tell
RANDOM_ROUNDS = 40
RANDOM_COMMANDS = 1000
BENCHMARK_FLAGS = (
    ("-n", "2000", "-c", "20"),
    ("-n", "2000", "-c", "20", "-P", "16", "-r", "1000", "-d", "256"),
    ("-n", "2000", "-c", "20", "-P", "16", "-3"),
)


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.redis = cls.enterClassContext(RedisServer("--notify-keyspace-events", EVENTS)).port
        cls.tenon = cls.enterClassContext(TenonServer({"api.resp.notify_keyspace_events": EVENTS})).port

    def test_every_script_is_answered_as_by_redis(self) -> None:
        found = differences(self.redis, self.tenon, every_scenario())
        if found:
            self.fail(told(found))

    def test_commands_drawn_by_chance_are_answered_as_by_redis(self) -> None:
        seed = int(os.environ.get("TENON_SEED", random.SystemRandom().randrange(2**32)))
        print(f"TENON_SEED={seed}", flush=True)
        for number in range(campaign_rounds(RANDOM_ROUNDS)):
            found = first_random_difference(self.redis, self.tenon, seed + number, RANDOM_COMMANDS)
            self.assertEqual(found, "", found)

    def test_commands_for_other_types_are_unknown_as_redis_says_it(self) -> None:
        with Connection(self.redis) as redis, Connection(self.tenon) as tenon:
            served = {one.text() for one in tenon.call(b"COMMAND", b"LIST").items()}
            others = {one.text() for one in redis.call(b"COMMAND", b"LIST").items()} - served
            others = {name for name in others if b"|" not in name}
            self.assertIn(b"lpush", others)
            wanted = redis.call(b"nonsense", b"key", b"value").raw
            for name in sorted(others):
                self.assertEqual(tenon.call(name, b"key", b"value").raw, wanted.replace(b"nonsense", name))

    def test_what_newer_clients_say_of_themselves_is_taken_or_refused_cleanly(self) -> None:
        with Connection(self.tenon) as tenon:
            for words in ((b"SETINFO", b"LIB-NAME", b"name"), (b"SETINFO", b"LIB-VER", b"1.0"),
                          (b"MAINT_NOTIFICATIONS", b"ON"), (b"NO-TOUCH", b"on")):  # fmt: skip
                reply = tenon.call(b"CLIENT", *words)
                refusal = b"-ERR unknown subcommand '%s'. Try CLIENT HELP.\r\n" % words[0]
                self.assertIn(reply.raw, (b"+OK\r\n", refusal))

    def test_redis_cli_prints_the_same(self) -> None:
        for one in CALLS:
            self.assertEqual(call(self.tenon, one), call(self.redis, one), one.words)

    def test_redis_cli_shows_the_same_to_a_person(self) -> None:
        lines = ("set a 1", "incr a", "get a", "multi", "set b 1", "nonsense", "exec", "config get save")
        self.assertEqual(talk(self.tenon, *lines), talk(self.redis, *lines))

    def test_redis_benchmark_runs_every_test_without_a_word_of_complaint(self) -> None:
        for server in (self.redis, self.tenon):
            for flags in BENCHMARK_FLAGS:
                self.assertEqual(tuple(benchmark(server, *flags)), BENCHMARK_NAMES)


class LeastLimits(unittest.TestCase):
    """The node with the least limits that it can be given; plugins/api/resp/request/bundle.hpp counts on them."""

    LIMITS: dict[str, str | None] = {"limits.value_bytes_max": "1KiB", "limits.request_bytes_max": "128KiB"}

    def test_the_largest_requests_that_commands_of_a_pipeline_share_are_taken(self) -> None:
        keys = [b"%0256d" % number for number in range(256)]
        value = 1024 * b"x"
        with TenonServer(self.LIMITS) as server, Connection(server.port) as client:
            for words, reply in (
                ((b"SET", value), b"+OK\r\n"),
                ((b"GET",), b"$1024\r\n" + value + b"\r\n"),
                ((b"SET", b"7"), b"+OK\r\n"),
                ((b"INCR",), b":8\r\n"),
                ((b"APPEND", 1000 * b"y"), b":1001\r\n"),
                ((b"APPEND", value), b"-ERR string exceeds maximum allowed size"),
                ((b"DEL",), b":1\r\n"),
            ):
                client.send(b"".join(command(words[0], key, *words[1:]) for key in keys))
                for _ in keys:
                    found = client.read().raw
                    self.assertTrue(found.startswith(reply), (words[0], found[:100]))
            # One that the node takes no more has no part in what becomes of the others.
            too_large = [number % 8 == 7 for number in range(len(keys))]
            pairs = zip(keys, too_large, strict=True)
            client.send(b"".join(command(b"SET", key, value + one * b"x") for key, one in pairs))
            for one in too_large:
                found = client.read().raw
                self.assertTrue(found.startswith(b"-ERR" if one else b"+OK"), (one, found[:100]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
