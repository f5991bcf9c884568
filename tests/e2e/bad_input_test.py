#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a client can do wrong: a typed error or a closed connection, never a crash, and a good client goes on."""

from __future__ import annotations

import random
import socket
import struct
import unittest
from pathlib import Path

from harness import Client, Node, temporary_directory

from tenon_kv.ttypes import (
    Compare,
    CompareRelation,
    CompareTarget,
    ErrorCode,
    GetRequest,
    Operation,
    Outcome,
    PutRequest,
    RemoveRequest,
    ScanRequest,
    TenonError,
    TransactionRequest,
)

KIB = 1024
MIB = 1024 * KIB
VERSION_CALL = 0x80010001  # strict binary protocol, a call
GARBAGE_FRAMES = 300


def frame(payload: bytes) -> bytes:
    return struct.pack(">i", len(payload)) + payload


def call(name: bytes, arguments: bytes, sequence: int = 1) -> bytes:
    header = struct.pack(">Ii", VERSION_CALL, len(name)) + name
    return header + struct.pack(">i", sequence) + arguments


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = temporary_directory()
        cls.node = Node(Path(cls.directory.name))
        cls.node.start()
        cls.process = cls.node.process

    @classmethod
    def tearDownClass(cls) -> None:
        code, _ = cls.node.terminate()
        cls.directory.cleanup()
        assert code == 0, "the node did not end as it should after bad input"

    def tearDown(self) -> None:
        """The same process still answers a good client."""
        assert self.process is not None
        self.assertIsNone(self.process.poll(), self.node.logger_text())
        with Client(self.node.port) as client:
            client.kv.put(PutRequest(key=b"good", value=b"client"))
            self.assertEqual(client.kv.get(GetRequest(key=b"good")).record.value, b"client")

    def assert_error(self, code: int, part: str, request: object) -> None:
        with Client(self.node.port) as client, self.assertRaises(TenonError) as raised:
            request(client)  # type: ignore[operator]
        self.assertEqual(raised.exception.code, code)
        self.assertEqual(raised.exception.outcome, Outcome.REFUSED)
        self.assertIn(part, raised.exception.message)

    def send(self, data: bytes) -> bytes:
        """All that the node answers to raw bytes until it closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.node.port), timeout=2) as raw:
            answer = b""
            try:
                raw.sendall(data)
                raw.shutdown(socket.SHUT_WR)
                while part := raw.recv(65536):
                    answer += part
            except (TimeoutError, ConnectionError):
                pass
            return answer

    def test_an_empty_key_is_invalid(self) -> None:
        for request in (
            lambda client: client.kv.put(PutRequest(key=b"", value=b"x")),
            lambda client: client.kv.get(GetRequest(key=b"")),
            lambda client: client.kv.remove(RemoveRequest(key=b"")),
        ):
            self.assert_error(ErrorCode.INVALID, "key", request)

    def test_a_key_of_64_kib_is_taken_and_one_byte_more_is_too_large(self) -> None:
        with Client(self.node.port) as client:
            client.kv.put(PutRequest(key=b"k" * 64 * KIB, value=b"x"))
            client.kv.remove(RemoveRequest(key=b"k" * 64 * KIB))
        too_large = PutRequest(key=b"k" * (64 * KIB + 1), value=b"x")
        self.assert_error(ErrorCode.TOO_LARGE, "65536", lambda client: client.kv.put(too_large))

    def test_a_value_at_the_limit_is_taken_and_one_byte_more_is_too_large(self) -> None:
        with Client(self.node.port) as client:
            client.kv.put(PutRequest(key=b"large", value=b"v" * MIB))
            self.assertEqual(client.kv.get(GetRequest(key=b"large")).record.value, b"v" * MIB)
            client.kv.remove(RemoveRequest(key=b"large"))
        too_large = PutRequest(key=b"large", value=b"v" * (MIB + 1))
        self.assert_error(ErrorCode.TOO_LARGE, str(MIB), lambda client: client.kv.put(too_large))

    def test_a_scan_of_everything_comes_in_bounded_pages(self) -> None:
        with Client(self.node.port) as client:
            for batch in range(5):
                numbers = range(batch * 500, batch * 500 + 500)
                puts = [Operation(put=PutRequest(key=b"page-%05d" % number, value=b"v" * 100)) for number in numbers]
                client.kv.transaction(TransactionRequest(compares=[], operations=puts))
            page = client.kv.scan(ScanRequest(prefix=b"page-", limit=2**62))
            self.assertLess(len(page.records), 2500)
            self.assertIsNotNone(page.cursor)
            keys, cursor = [record.key for record in page.records], page.cursor
            while cursor is not None:
                page = client.kv.scan(ScanRequest(prefix=b"page-", cursor=cursor))
                keys.extend(record.key for record in page.records)
                cursor = page.cursor
            self.assertEqual(keys, [b"page-%05d" % i for i in range(2500)])

    def test_a_transaction_that_touches_too_many_keys_is_too_large(self) -> None:
        gets = [Operation(get=GetRequest(key=b"k"))] * 6_000
        self.assert_error(
            ErrorCode.TOO_LARGE,
            "10000",
            lambda client: client.kv.transaction(TransactionRequest(compares=[], operations=gets, otherwise=gets)),
        )

    def test_compare_and_swap_holds_and_fails(self) -> None:
        def swap(client: Client, expected: bytes, value: bytes) -> bool:
            compare = Compare(
                key=b"swap", target=CompareTarget.VALUE, relation=CompareRelation.EQUAL, value=expected
            )
            put = Operation(put=PutRequest(key=b"swap", value=value))
            return client.kv.transaction(TransactionRequest(compares=[compare], operations=[put])).succeeded

        with Client(self.node.port) as client:
            client.kv.put(PutRequest(key=b"swap", value=b"one"))
            self.assertTrue(swap(client, b"one", b"two"))
            self.assertFalse(swap(client, b"one", b"three"))
            self.assertEqual(client.kv.get(GetRequest(key=b"swap")).record.value, b"two")

    def test_an_unknown_method_is_answered_with_its_name(self) -> None:
        self.assertIn(b"noSuchMethod", self.send(frame(call(b"noSuchMethod", b"\0"))))

    def test_negative_and_oversized_frame_lengths_close_the_connection(self) -> None:
        for length in (-1, -(2**31), 2**31 - 1, 512 * MIB):
            self.assertEqual(self.send(struct.pack(">i", length) + b"x" * 100), b"")

    def test_an_http_client_is_told_nothing_and_closed(self) -> None:
        self.assertEqual(self.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), b"")

    def test_lengths_inside_a_frame_are_not_believed(self) -> None:
        field = b"\x0c\x00\x01"  # a struct, id 1: the request
        for length in (-1, -(2**31), 2**31 - 1, 100):
            key = b"\x0b\x00\x01" + struct.pack(">i", length) + b"abc"
            self.send(frame(call(b"get", field + key)))
        for size in (-1, 2**31 - 1):
            compares = b"\x0f\x00\x01\x0c" + struct.pack(">i", size)
            self.send(frame(call(b"transaction", field + compares)))
        self.send(frame(call(b"get", b"\x0c\x00\x01" * 100_000)))

    def test_truncated_frames_at_every_length(self) -> None:
        whole = frame(call(b"get", b"\x0c\x00\x01\x0b\x00\x01" + struct.pack(">i", 3) + b"abc\0\0"))
        self.assertIn(b"get", self.send(whole))
        for size in range(0, len(whole), 3):
            self.send(whole[:size])

    def test_random_frames(self) -> None:
        seed = random.SystemRandom().randrange(2**32)
        print(f"seed {seed}", flush=True)
        garbage = random.Random(seed)
        whole = call(b"put", b"\x0c\x00\x01\x0b\x00\x01" + struct.pack(">i", 3) + b"abc\0\0")
        with socket.create_connection(("127.0.0.1", self.node.port), timeout=5) as _idle:
            for _ in range(GARBAGE_FRAMES):
                mutated = bytearray(whole)
                for _ in range(garbage.randrange(1, 6)):
                    mutated[garbage.randrange(len(mutated))] = garbage.randrange(256)
                with socket.create_connection(("127.0.0.1", self.node.port), timeout=5) as raw:
                    raw.sendall(frame(bytes(mutated)))

    def test_a_client_that_never_reads_costs_the_others_nothing(self) -> None:
        request = frame(call(b"get", b"\x0c\x00\x01\x0b\x00\x01" + struct.pack(">i", 3) + b"abc\0\0"))
        with socket.create_connection(("127.0.0.1", self.node.port), timeout=2) as raw:
            raw.setblocking(False)
            sent = 0
            try:
                while sent < 64 * MIB:
                    sent += raw.send(request * 1000)
            except (BlockingIOError, ConnectionError):
                pass
            with Client(self.node.port) as client:
                client.kv.put(PutRequest(key=b"beside", value=b"it"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
