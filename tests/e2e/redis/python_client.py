# SPDX-License-Identifier: MIT
"""What Debian's python3-redis must get from servers that share one database, of which `ports` are."""

from __future__ import annotations

import threading
import time
import unittest

import redis

SCAN_KEYS = 100_000
WAIT_SECONDS = 10.0


class PythonClient(unittest.TestCase):
    """For classes that say which servers; not run by itself."""

    ports: list[int]

    def client(self, port: int | None = None) -> "redis.Redis[bytes]":
        made = redis.Redis(port=port or self.ports[0], socket_timeout=30)
        self.addCleanup(made.close)
        return made

    def other(self) -> "redis.Redis[bytes]":
        """Of another server than client(), when there is one."""
        return self.client(self.ports[-1])

    def test_plain_commands_and_their_types(self) -> None:
        client = self.client()
        self.assertIs(client.set("py:plain", b"\x00value"), True)
        self.assertEqual(client.get("py:plain"), b"\x00value")
        self.assertIsNone(client.set("py:plain", "other", nx=True))
        self.assertEqual(client.set("py:plain", "other", xx=True, get=True), b"\x00value")
        self.assertEqual(client.mget("py:plain", "py:nothing"), [b"other", None])
        client.delete("py:number")
        self.assertEqual(client.incrby("py:number", 5), 5)
        self.assertEqual(client.incrbyfloat("py:number", 0.5), 5.5)
        self.assertEqual(self.other().get("py:number"), b"5.5")
        self.assertEqual(client.info("server")["redis_mode"], "standalone")
        self.assertIn("maxmemory", client.config_get("maxmemory"))
        self.assertEqual(client.command_getkeys("MSET", "a", "1", "b", "2"), ["a", "b"])
        with self.assertRaisesRegex(redis.ResponseError, "value is not an integer or out of range"):
            client.incr("py:plain")

    def test_a_pipeline_is_answered_in_its_order(self) -> None:
        pipeline = self.client().pipeline(transaction=False)
        for number in range(2000):
            pipeline.set(f"py:pipe:{number}", number)
        for number in range(2000):
            pipeline.get(f"py:pipe:{number}")
        self.assertEqual(pipeline.execute(), [True] * 2000 + [b"%d" % number for number in range(2000)])

    def test_a_command_of_a_pipeline_sees_what_those_before_it_did(self) -> None:
        pipeline = self.client().pipeline(transaction=False)
        for number in range(100):
            pipeline.set("py:pipe", number).get("py:pipe")
        self.assertEqual(pipeline.execute(), [one for number in range(100) for one in (True, b"%d" % number)])

    def test_a_transaction_that_another_has_disturbed_is_not_done(self) -> None:
        client, other = self.client(), self.other()
        client.set("py:watched", 1)
        with client.pipeline() as pipeline:
            pipeline.watch("py:watched")
            other.set("py:watched", 2)
            pipeline.multi()
            pipeline.set("py:watched", 3)
            with self.assertRaises(redis.WatchError):
                pipeline.execute()
        self.assertEqual(client.get("py:watched"), b"2")

    def test_transactions_that_disturb_each_other_lose_no_increment(self) -> None:
        client = self.client()
        client.set("py:counter", 0)

        def increment(pipeline: "redis.client.Pipeline[bytes]") -> None:
            value = int(pipeline.get("py:counter") or 0)
            pipeline.multi()
            pipeline.set("py:counter", value + 1)

        def increment_often(port: int) -> None:
            with redis.Redis(port=port, socket_timeout=30) as own:
                for _ in range(25):
                    own.transaction(increment, "py:counter")

        threads = [threading.Thread(target=increment_often, args=(self.ports[number % len(self.ports)],))
                   for number in range(4)]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(client.get("py:counter"), b"100")

    def test_a_scan_under_writes_finds_every_key_that_stays(self) -> None:
        writer, reader = self.client(), self.other()
        names = [b"py:scan:%07d" % number for number in range(SCAN_KEYS)]
        for begin in range(0, SCAN_KEYS, 1000):
            writer.mset({name: "still" for name in names[begin : begin + 1000]})
        ended = threading.Event()
        rounds = 0

        def disturb() -> None:
            nonlocal rounds
            while not ended.is_set():
                moving = [b"%s:moving" % names[(rounds * 7919 + number * 104_729) % SCAN_KEYS] for number in range(100)]
                writer.mset({name: "moving" for name in moving})
                writer.delete(*moving)
                rounds += 1

        thread = threading.Thread(target=disturb)
        thread.start()
        try:
            found = set(reader.scan_iter(match="py:scan:*", count=1000))
        finally:
            ended.set()
            thread.join()
        self.assertGreater(rounds, 0)
        self.assertEqual([name for name in names if name not in found][:10], [])

    def test_a_key_is_gone_when_its_time_has_come(self) -> None:
        client = self.client()
        client.set("py:brief", "value", px=300)
        self.assertTrue(0 < client.pttl("py:brief") <= 300)
        deadline = time.monotonic() + WAIT_SECONDS
        while client.exists("py:brief") and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertIsNone(client.get("py:brief"))
        self.assertEqual(client.ttl("py:brief"), -2)

    def test_messages_reach_subscribers_of_other_servers_in_their_order(self) -> None:
        publisher = self.other()
        with self.client().pubsub(ignore_subscribe_messages=False) as subscriber:
            subscriber.subscribe("py:news")
            subscriber.psubscribe("py:w*")
            kinds = [self._message(subscriber)["type"] for _ in range(2)]
            self.assertEqual(kinds, ["subscribe", "psubscribe"])
            publisher.publish("py:weather", "rain")
            for number in range(100):
                publisher.publish("py:news", number)
            found = [self._message(subscriber)["data"] for _ in range(101)]
        self.assertEqual(found, [b"rain"] + [b"%d" % number for number in range(100)])

    def _message(self, subscriber: "redis.client.PubSub") -> dict[str, object]:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if message := subscriber.get_message(timeout=1.0):
                return message
        self.fail(f"no message within {WAIT_SECONDS:g} s")

    def test_many_threads_share_a_pool(self) -> None:
        client = self.client()
        client.set("py:pool", 0)
        threads = [threading.Thread(target=lambda: [client.incr("py:pool") for _ in range(100)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(client.get("py:pool"), b"800")
