#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What clients of the Redis protocol cannot do to a node: every excess ends in an error or a closed connection, costs
no more than its bound, is counted, and leaves the other clients as they were."""

from __future__ import annotations

import os
import random
import resource
import select
import socket
import sys
import time
import unittest
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import TENONCTL, campaign_rounds, run  # noqa: E402

from tenon_server import TenonServer  # noqa: E402
from wire import Closed, Connection, NoReply, command  # noqa: E402

KIB = 1024
MIB = 1024 * KIB
WAIT_SECONDS = 30.0
IDLE_CLIENTS = 10_000
IDLE_CLIENT_BYTES_MAX = 8 * KIB
GARBAGE_CONNECTIONS = 4000


def metrics_of(port: int) -> dict[str, float]:
    """By name, over all labels, of this client API alone."""
    done = run(str(TENONCTL), "--endpoints", f"127.0.0.1:{port}", "metrics")
    found: dict[str, float] = {}
    for line in done.stdout.decode().splitlines():
        name, _, value = line.rpartition(" ")
        if name and not name.startswith("#") and "resp" in name:
            found[name.partition("{")[0]] = found.get(name.partition("{")[0], 0.0) + float(value)
    return found


class Bounds(unittest.TestCase):
    """A node of its own for each class, with the bounds that its tests need."""

    settings: dict[str, str | None] = {}

    @classmethod
    def setUpClass(cls) -> None:
        settings = {f"api.resp.{name}": value for name, value in cls.settings.items()}
        cls.server = cls.enterClassContext(TenonServer(settings))
        cls.process = cls.server.node.process

    def setUp(self) -> None:
        self.good = self.connect()
        self.assertEqual(self.good.call(b"SET", b"good", b"client").raw, b"+OK\r\n")
        self.before = metrics_of(self.server.node.port)

    def tearDown(self) -> None:
        """The same process still serves the client that was there before."""
        assert self.process is not None
        self.assertIsNone(self.process.poll(), self.server.node.logger_text())
        self.assertEqual(self.good.call(b"GET", b"good").raw, b"$6\r\nclient\r\n")

    def connect(self) -> Connection:
        return self.enterContext(Connection(self.server.port, reply_seconds=WAIT_SECONDS))

    def counted(self, name: str) -> float:
        """How much more than before the test."""
        return metrics_of(self.server.node.port)[f"tenon_api_{name}"] - self.before.get(f"tenon_api_{name}", 0.0)

    def wait_for_count(self, name: str, wanted: float) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while self.counted(name) < wanted:
            self.assertLess(time.monotonic(), deadline, f"{name} moved by {self.counted(name)}, expected {wanted}")
            time.sleep(0.05)

    def resident_bytes(self) -> int:
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * KIB
        raise AssertionError("no VmRSS")

    def assert_refused(self, data: bytes, reply: bytes) -> None:
        """An error and the end of the connection, and one more that is counted."""
        connection = self.connect()
        connection.send(data)
        self.assertEqual(connection.read_until_closed(), (reply, True), data[:80])


class Requests(Bounds):
    settings = {"arguments_max": "64", "bulk_bytes_max": "2MiB", "inline_bytes_max": "4KiB",
                "query_buffer_bytes_max": "4MiB", "buffer_bytes_max": "64MiB", "transaction_commands_max": "50",
                "watched_keys_max": "20"}  # fmt: skip

    def test_counts_and_lengths_are_refused_before_anything_is_kept(self) -> None:
        for data, reply in (
            (b"*65\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
            (b"*2147483647\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
            (b"*2\r\n$3\r\nGET\r\n$%d\r\n" % (2 * MIB + 1), b"-ERR Protocol error: invalid bulk length\r\n"),
            (b"*2\r\n$3\r\nGET\r\n$-5\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
            (b"*1\r\n*1\r\n", b"-ERR Protocol error: expected '$', got '*'\r\n"),
            (b"GET " + b"a" * 5 * KIB, b"-ERR Protocol error: too big inline request\r\n"),
            (b"*" + b"1" * 70 * KIB, b"-ERR Protocol error: too big mbulk count string\r\n"),
        ):
            self.assert_refused(data, reply)
        self.wait_for_count("requests_malformed_total", 7)

    def test_a_request_at_the_limits_is_served(self) -> None:
        words = [b"MGET"] + [b"none"] * 63
        self.assertEqual(self.good.call(*words).raw, b"*63\r\n" + b"$-1\r\n" * 63)
        self.assertEqual(self.good.call(b"SET", b"large", b"v" * MIB).raw, b"+OK\r\n")
        self.good.send(b"GET " + b"a" * (4 * KIB - 20) + b"\r\n")
        self.assertEqual(self.good.read().raw, b"$-1\r\n")
        self.assertEqual(self.good.call(b"DEL", b"large").raw, b":1\r\n")

    def test_a_value_beyond_the_limit_of_the_node_is_an_error_and_the_client_stays(self) -> None:
        reply = self.good.call(b"SET", b"large", b"v" * (MIB + 1))
        self.assertTrue(reply.raw.startswith(b"-ERR "), reply)
        self.assertEqual(self.good.call(b"EXISTS", b"large").raw, b":0\r\n")

    def test_many_arguments_that_are_large_together_end_the_connection(self) -> None:
        connection = self.connect()
        part = b"$%d\r\n%s\r\n" % (MIB, b"v" * MIB)
        with self.assertRaises(Closed):
            connection.send(b"*33\r\n$4\r\nMSET\r\n")
            for _ in range(32):
                connection.send(part)
            connection.read()
            self.fail("a request of 32 MiB was answered")

    def test_browsers_are_closed_without_a_word(self) -> None:
        self.assert_refused(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nSET a b\r\n", b"")
        self.assert_refused(b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://example.com\r\n\r\n", b"")
        self.wait_for_count("requests_malformed_total", 1)

    def test_a_transaction_has_a_bound(self) -> None:
        connection = self.connect()
        connection.call(b"MULTI")
        replies = [connection.call(b"SET", b"bounded", b"%d" % number) for number in range(60)]
        self.assertTrue(all(one.raw == b"+QUEUED\r\n" for one in replies[:50]))
        self.assertTrue(all(one.kind == b"-" for one in replies[50:]), replies[50:])
        self.assertTrue(connection.call(b"EXEC").raw.startswith(b"-EXECABORT "))
        self.assertEqual(connection.call(b"EXISTS", b"bounded").raw, b":0\r\n")

    def test_watched_keys_have_a_bound(self) -> None:
        connection = self.connect()
        replies = [connection.call(b"WATCH", b"w%d" % number) for number in range(25)]
        self.assertTrue(all(one.raw == b"+OK\r\n" for one in replies[:20]))
        self.assertTrue(all(one.kind == b"-" for one in replies[20:]), replies[20:])

    def test_patterns_that_could_be_matched_in_many_ways_cost_little(self) -> None:
        self.good.call(b"SET", b"a" * 10_000, b"value")
        began = time.monotonic()
        self.assertEqual(self.good.call(b"KEYS", b"a*" * 120 + b"b").raw, b"*0\r\n")
        self.assertLess(time.monotonic() - began, WAIT_SECONDS)
        self.good.call(b"DEL", b"a" * 10_000)

    def test_random_bytes_never_end_the_process(self) -> None:
        choose = random.Random(8)
        pieces = [b"*1\r\n", b"*3\r\n", b"$3\r\n", b"$-1\r\n", b"SET", b"GET", b"\r\n", b"\x00\xff", b"\"", b"'",
                  b"*-1\r\n", b"$0\r\n", b"MULTI\r\n", b"EXEC\r\n", b"HELLO 3\r\n", b"CLIENT REPLY OFF\r\n",
                  b"SUBSCRIBE a\r\n"]  # fmt: skip
        for _ in range(campaign_rounds(GARBAGE_CONNECTIONS)):
            with Connection(self.server.port) as connection:
                try:
                    for _ in range(choose.randrange(1, 30)):
                        connection.send(choose.choice(pieces) if choose.random() < 0.8 else choose.randbytes(20))
                    connection.socket.shutdown(socket.SHUT_WR)
                except (Closed, OSError):
                    pass


class Pace(Bounds):
    """Clients that read or write slowly, or not at all."""

    settings = {"output_bytes_max": "4MiB", "buffer_bytes_max": "64MiB"}

    def test_a_client_that_does_not_read_is_closed(self) -> None:
        self.good.call(b"SET", b"large", b"v" * 512 * KIB)
        connection = self.connect()
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
        request = command(b"GET", b"large")
        connection.socket.settimeout(WAIT_SECONDS)
        with self.assertRaises((ConnectionError, TimeoutError)) as raised:
            for _ in range(10_000):
                connection.socket.sendall(request * 10)
                time.sleep(0.001)
        self.assertNotIsInstance(raised.exception, TimeoutError)
        self.wait_for_count("connections_closed_total", 1)
        self.assertLess(self.resident_bytes(), 512 * MIB)

    def test_a_subscriber_that_does_not_read_is_closed_and_others_get_every_message(self) -> None:
        slow, quick = self.connect(), self.connect()
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
        for subscriber in (slow, quick):
            subscriber.call(b"SUBSCRIBE", b"news")
        message = b"m" * 128 * KIB
        for _ in range(128):
            self.assertEqual(self.good.call(b"PUBLISH", b"news", message).kind, b":")
            self.assertEqual(quick.read().items()[2].text(), message)
        self.wait_for_count("connections_closed_total", 1)

    def test_a_message_beyond_the_limit_is_an_error_and_the_client_stays(self) -> None:
        self.assertEqual(self.good.call(b"PUBLISH", b"news", b"m" * MIB).kind, b"-")

    def test_a_command_byte_by_byte_is_answered(self) -> None:
        connection = self.connect()
        for byte in command(b"SET", b"slowly", b"written"):
            connection.send(bytes([byte]))
            time.sleep(0.005)
        self.assertEqual(connection.read().raw, b"+OK\r\n")

    def test_a_client_that_sends_nothing_more_gets_all_its_replies(self) -> None:
        connection = self.connect()
        connection.send(command(b"SET", b"half", b"closed") + command(b"GET", b"half") * 1000)
        connection.socket.shutdown(socket.SHUT_WR)
        data = b""
        while part := connection.socket.recv(65536):
            data += part
        self.assertEqual(data, b"+OK\r\n" + b"$6\r\nclosed\r\n" * 1000)


class Stalls(Bounds):
    """A client that must wait for something costs nothing meanwhile."""

    settings = {"output_bytes_max": "64MiB", "buffer_bytes_max": "256MiB", "pipelined_requests_max": "200"}

    def processor_seconds(self) -> float:
        """That the process has used."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_a_client_that_reads_nothing_lets_the_process_rest_and_gets_everything_when_it_reads(self) -> None:
        value = b"v" * 512 * KIB
        self.good.call(b"SET", b"large", value)
        connection = self.connect()
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * KIB)
        connection.send(command(b"GET", b"large") * 60)
        time.sleep(1)
        connection.send(command(b"SET", b"behind", b"it"))
        before = self.processor_seconds()
        time.sleep(2)
        self.assertLess(self.processor_seconds() - before, 1.0)
        self.assertEqual(self.good.call(b"EXISTS", b"behind").raw, b":0\r\n")
        for _ in range(60):
            self.assertEqual(connection.read().text(), value)
        self.assertEqual(connection.read().raw, b"+OK\r\n")

    def test_reads_and_writes_in_one_pipeline_are_answered_in_their_order(self) -> None:
        connection = self.connect()
        pairs = [(command(b"SET", b"mixed", b"%d" % number) + command(b"GET", b"mixed")) for number in range(5000)]
        connection.send(b"".join(pairs))
        for number in range(5000):
            self.assertEqual(connection.read().raw, b"+OK\r\n")
            self.assertEqual(connection.read().text(), b"%d" % number)

    def test_what_follows_a_command_of_many_steps_is_answered_behind_it(self) -> None:
        connection = self.connect()
        connection.send(b"".join(command(b"SET", b"walked:%d" % number, b"value") for number in range(3000)))
        for _ in range(3000):
            self.assertEqual(connection.read().raw, b"+OK\r\n")
        connection.send(command(b"KEYS", b"walked:*") + command(b"PING") + command(b"GET", b"walked:1"))
        self.assertEqual(len(connection.read().items()), 3000)
        self.assertEqual(connection.read().raw, b"+PONG\r\n")
        self.assertEqual(connection.read().text(), b"value")


class Replies(Bounds):
    def test_values_that_are_too_much_for_one_reply_are_an_error_and_never_absent(self) -> None:
        keys = [b"large:%d" % number for number in range(8)]
        for key in keys:
            self.assertEqual(self.good.call(b"SET", key, b"v" * MIB).raw, b"+OK\r\n")
        self.assertEqual([len(one.text()) for one in self.good.call(b"MGET", *keys[:6]).items()], [MIB] * 6)
        refused = self.good.call(b"MGET", *keys)
        self.assertTrue(refused.raw.startswith(b"-ERR the values are more than one reply may hold"), refused.raw[:80])
        self.assertEqual(self.good.call(b"DEL", *keys).raw, b":8\r\n")

    def test_a_transaction_is_told_whose_message_was_too_large(self) -> None:
        connection = self.connect()
        for words in ((b"MULTI",), (b"INCR", b"counted"), (b"PUBLISH", b"news", b"m" * 300_000)):
            connection.call(*words)
        number, message = connection.call(b"EXEC").items()
        self.assertEqual(number.raw, b":1\r\n")
        self.assertTrue(message.raw.startswith(b"-ERR "), message.raw)
        self.assertEqual(connection.call(b"GET", b"counted").text(), b"1")

    def test_a_life_goes_on_while_nothing_is_written(self) -> None:
        self.assertEqual(self.good.call(b"SET", b"mortal", b"value", b"PX", b"100000").raw, b"+OK\r\n")
        time.sleep(2)
        left = self.good.call(b"PTTL", b"mortal").value
        self.assertLess(left, 98_500)
        self.assertEqual(self.good.call(b"PEXPIRE", b"mortal", b"99000", b"LT").raw, b":0\r\n")


class OneRequest(Bounds):
    settings = {"queue_depth": "1", "notify_keyspace_events": "KEA"}

    def test_a_queue_of_one_request_serves_many_clients(self) -> None:
        clients = [self.connect() for _ in range(20)]
        for client in clients:
            client.send(command(b"INCR", b"shared") * 20)
        found = sorted(client.read().value for client in clients for _ in range(20))
        self.assertEqual(found, list(range(1, 401)))


class Silence(Bounds):
    settings = {"idle_timeout": "2s"}

    def test_silent_clients_are_closed_and_those_that_wait_for_something_are_not(self) -> None:
        silent, half, subscriber = self.connect(), self.connect(), self.connect()
        self.assertEqual(silent.call(b"PING").raw, b"+PONG\r\n")
        half.send(b"*2\r\n$3\r\nGET\r\n$5\r\nab")
        subscriber.call(b"SUBSCRIBE", b"news")
        waiting, deadline = [silent, half], time.monotonic() + WAIT_SECONDS
        while waiting:
            self.assertLess(time.monotonic(), deadline, "a silent client was not closed")
            self.good.call(b"PING")
            readable = select.select([one.socket for one in waiting], [], [], 0.2)[0]
            self.assertTrue(all(one.recv(1) == b"" for one in readable))
            waiting = [one for one in waiting if one.socket not in readable]
        self.good.call(b"PUBLISH", b"news", b"still there")
        self.assertEqual(subscriber.read().items()[2].text(), b"still there")


class Connections(Bounds):
    settings = {"connections_max": "60", "connections_per_address_max": "40"}

    def test_connections_of_one_address_have_a_bound_and_then_the_next_is_closed(self) -> None:
        with ExitStack() as stack:
            served = refused = 0
            for _ in range(60):
                connection = stack.enter_context(Connection(self.server.port, reply_seconds=WAIT_SECONDS))
                try:
                    served += connection.call(b"PING").raw == b"+PONG\r\n"
                    refused += connection.arrived != b""
                except Closed:
                    refused += 1
            self.assertEqual((served, refused), (39, 21))
            self.wait_for_count("connections_refused_total", 21)
        self.wait_until_served()

    def wait_until_served(self) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                if self.connect().call(b"PING").raw == b"+PONG\r\n":
                    return
            except (Closed, NoReply):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)

    def test_connections_of_all_addresses_have_a_bound_together(self) -> None:
        with ExitStack() as stack:
            served = 0
            for number in range(90):
                raw = socket.socket()
                stack.callback(raw.close)
                raw.bind((f"127.0.0.{2 + number % 3}", 0))
                raw.settimeout(WAIT_SECONDS)
                raw.connect(("127.0.0.1", self.server.port))
                try:
                    raw.sendall(b"PING\r\n")
                    served += raw.recv(64) == b"+PONG\r\n"
                except ConnectionError:
                    pass
            self.assertEqual(served, 59)


class IdleClients(Bounds):
    settings = {"connections_max": "12000", "connections_per_address_max": "12000", "buffer_bytes_max": "64MiB"}

    @classmethod
    def setUpClass(cls) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most < IDLE_CLIENTS + 100:
            raise unittest.SkipTest(f"a process may have {most} files open")
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        super().setUpClass()

    def test_ten_thousand_idle_clients_cost_little_and_disturb_nobody(self) -> None:
        before = self.resident_bytes()
        with ExitStack() as stack:
            clients = []
            for _ in range(IDLE_CLIENTS):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", self.server.port)))
                client.sendall(b"PING\r\n")
                clients.append(client)
            for client in clients:
                client.settimeout(WAIT_SECONDS)
                self.assertEqual(client.recv(64), b"+PONG\r\n")
            grown = self.resident_bytes() - before
            self.assertLess(grown, IDLE_CLIENTS * IDLE_CLIENT_BYTES_MAX, "bytes of memory for the clients together")
            for number in range(200):
                self.assertEqual(self.good.call(b"SET", b"good", b"client").raw, b"+OK\r\n", number)
            self.assertEqual(metrics_of(self.server.node.port)["tenon_connections"], IDLE_CLIENTS + 1)
        self.wait_for_count("connections_closed_total", IDLE_CLIENTS)

    def test_half_sent_requests_of_many_clients_stay_below_their_common_bound(self) -> None:
        before = self.resident_bytes()
        with ExitStack() as stack:
            for _ in range(1000):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", self.server.port)))
                client.settimeout(WAIT_SECONDS)
                try:
                    client.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1000000\r\n" + b"v" * 256 * KIB)
                except ConnectionError:
                    continue
            self.wait_for_count("connections_closed_total", 1)
            self.assertLess(self.resident_bytes() - before, 160 * MIB)


if __name__ == "__main__":
    unittest.main(verbosity=2)
