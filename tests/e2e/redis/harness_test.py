#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What compares Tenon with Redis is judged itself: two Redis servers agree, and one that is not the same is found."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from comparison import PROTOCOLS, differences, every_scenario, first_random_difference, told  # noqa: E402
from likeness import alike  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from script import Scenario, parse_step, split_words  # noqa: E402
from wire import Reply  # noqa: E402


EVENTS = ("--notify-keyspace-events", "KEA")


def bulk(text: bytes) -> Reply:
    return Reply(b"$%d\r\n%s\r\n" % (len(text), text), b"$", text)


def array(*items: Reply) -> Reply:
    return Reply(b"*%d\r\n" % len(items) + b"".join(one.raw for one in items), b"*", list(items))


def integer(value: int) -> Reply:
    return Reply(b":%d\r\n" % value, b":", value)


class TwoServers(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.reference = cls.enterClassContext(RedisServer(*EVENTS))

    def test_two_redis_servers_answer_the_same_to_every_script(self) -> None:
        with RedisServer(*EVENTS) as other:
            found = differences(self.reference.port, other.port, every_scenario())
        if found:
            self.fail(told(found))

    def test_two_redis_servers_answer_the_same_to_commands_drawn_by_chance(self) -> None:
        with RedisServer() as other:
            self.assertEqual(first_random_difference(self.reference.port, other.port, 1, 5000), "")

    def test_commands_drawn_by_chance_find_a_server_that_lacks_one(self) -> None:
        with RedisServer("--rename-command", "GETEX", "") as other:
            found = first_random_difference(self.reference.port, other.port, 1, 5000)
        self.assertIn("unknown command 'GETEX'", found)

    def test_a_server_that_lacks_a_command_is_found_in_both_protocols(self) -> None:
        with RedisServer("--rename-command", "GETEX", "") as other:
            scenarios = [one for one in every_scenario() if one.title.startswith("GETEX")]
            found = differences(self.reference.port, other.port, scenarios)
        self.assertIn("unknown command 'GETEX'", str(found[0]))
        self.assertEqual({one.protocol for one in found}, set(PROTOCOLS))

    def test_what_a_server_says_beyond_its_replies_is_found_at_the_end(self) -> None:
        step = parse_step('raw "PING\\r\\nECHO more\\r\\n"', "here")
        with RedisServer("--rename-command", "ECHO", "") as other:
            found = differences(self.reference.port, other.port, [Scenario("too much", [step])])
        self.assertEqual([one.step.text for one in found], ["a: QUIT"] * len(PROTOCOLS))


class Words(unittest.TestCase):
    def test_words_are_quoted_as_in_redis_cli(self) -> None:
        self.assertEqual(split_words("SET \"a \\x00\\n\\\"\" 'b c' <3*x>"), [b"SET", b'a \x00\n"', b"b c", b"xxx"])

    def test_a_quote_that_is_not_closed_is_an_error_of_the_script(self) -> None:
        for text in ('GET "a', "GET 'a"):
            with self.assertRaises((ValueError, IndexError)):
                split_words(text)

    def test_marks_and_a_connection_stand_before_the_command(self) -> None:
        step = parse_step("b: ~near=5 ~replies=2 TTL key", "here")
        self.assertEqual((step.connection, step.words, step.marks, step.replies()),
                         ("b", [b"TTL", b"key"], {"near": "5", "replies": "2"}, 2))  # fmt: skip


class Likeness(unittest.TestCase):
    """Each mark lets differ what it names, and nothing else."""

    def assert_like(self, marks: dict[str, str], wanted: Reply, like: Reply, unlike: Reply) -> None:
        self.assertFalse(alike(wanted, like, {}))
        self.assertTrue(alike(wanted, like, marks))
        self.assertFalse(alike(wanted, unlike, marks))

    def test_sorted(self) -> None:
        one, other = bulk(b"a"), bulk(b"b")
        self.assert_like({"sorted": ""}, array(one, other), array(other, one), array(one, one))

    def test_kind(self) -> None:
        nothing = Reply(b"$-1\r\n", b"$", None)
        self.assert_like({"kind": ""}, bulk(b"a"), bulk(b"b"), nothing)
        self.assertFalse(alike(bulk(b"a"), integer(1), {"kind": ""}))

    def test_near(self) -> None:
        self.assert_like({"near": "5"}, integer(100), integer(95), integer(94))

    def test_prefix(self) -> None:
        self.assert_like({"prefix": "2"}, bulk(b"abc"), bulk(b"abd"), bulk(b"acc"))

    def test_keep(self) -> None:
        wanted = bulk(b"# Server\r\na:1\r\nb:2\r\n")
        self.assert_like({"keep": "a"}, wanted, bulk(b"a:1\r\n"), bulk(b"a:2\r\nb:2\r\n"))
        self.assert_like({"keep": "a"}, wanted, bulk(b"a:1\r\n"), bulk(b"b:2\r\n"))
        pairs = array(bulk(b"a"), bulk(b"1"), bulk(b"b"), bulk(b"2"))
        self.assert_like({"keep": "b"}, pairs, array(bulk(b"b"), bulk(b"2")), array(bulk(b"b"), bulk(b"1")))

    def test_mask(self) -> None:
        wanted = array(bulk(b"id"), integer(1), bulk(b"b"), bulk(b"2"))
        like = array(bulk(b"id"), integer(7), bulk(b"b"), bulk(b"2"))
        self.assert_like({"mask": "id"}, wanted, like, array(bulk(b"id"), integer(1), bulk(b"b"), bulk(b"3")))
        self.assertFalse(alike(wanted, array(bulk(b"b"), bulk(b"2")), {"mask": "id"}))

    def test_first(self) -> None:
        flags, turned = array(bulk(b"x"), bulk(b"y")), array(bulk(b"y"), bulk(b"x"))
        wanted = array(array(bulk(b"get"), flags, integer(1)))
        like = array(array(bulk(b"get"), turned, integer(2)))
        self.assert_like({"first": "2"}, wanted, like, array(array(bulk(b"set"), flags, integer(1))))

    def test_shape(self) -> None:
        wanted = array(bulk(b"id"), array(integer(1), integer(2)))
        self.assert_like({"shape": ""}, wanted, array(bulk(b"other"), array(integer(3), integer(4))),
                         array(bulk(b"id"), array(integer(1))))  # fmt: skip
        self.assertFalse(alike(wanted, array(bulk(b"id"), array(integer(1), bulk(b"2"))), {"shape": ""}))

    def test_may_refuse(self) -> None:
        self.assert_like({"may-refuse": ""}, bulk(b"a"), Reply(b"-ERR a\r\n", b"-", b"ERR a"), bulk(b"b"))

    def test_address(self) -> None:
        def moved(slot: int, port: int) -> Reply:
            text = b"MOVED %d 127.0.0.1:%d" % (slot, port)
            return Reply(b"-%s\r\n" % text, b"-", text)

        self.assert_like({"address": ""}, moved(5, 7000), moved(5, 7001), moved(6, 7000))

    def test_errors_are_the_same_to_the_byte_whatever_the_mark(self) -> None:
        wanted, found = Reply(b"-ERR a\r\n", b"-", b"ERR a"), Reply(b"-ERR b\r\n", b"-", b"ERR b")
        for marks in ({"sorted": ""}, {"near": "5"}, {"keep": "a"}, {"mask": "a"}, {"prefix": "1"}, {"first": "2"}):
            self.assertFalse(alike(wanted, found, marks), marks)


if __name__ == "__main__":
    unittest.main(verbosity=2)
