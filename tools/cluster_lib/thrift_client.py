# SPDX-License-Identifier: MIT
"""As much of Thrift as these tools need: framed binary calls to a node, without generated code and without a library.

A struct that was read is a dictionary from field id to value; strings are bytes.
"""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass

FRAME_BYTES_MAX = 64 << 20
DEPTH_MAX = 16
VERSION_CALL = 0x80010001  # the strict binary protocol, a call
REPLY = 2
STOP, BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST = 0, 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15
NUMBERS = {BOOL: ">?", BYTE: ">b", DOUBLE: ">d", I16: ">h", I32: ">i", I64: ">q"}
OUTCOMES = {1: "done", 2: "refused", 3: "session expired", 4: "overloaded"}
SURELY_NOT_APPLIED = ("refused", "session expired", "overloaded")


class Unreachable(Exception):
    """Nothing was sent: the node does not take connections."""


class NoAnswer(Exception):
    """The request was sent, perhaps in part, and nothing says what became of it."""


class Answered(Exception):
    """The node answered with an error. `outcome` is "refused", "unknown", .. as in the interface."""

    def __init__(self, outcome: str, message: str, leader_address: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.leader_address = leader_address


def field(kind: int, identifier: int, value: bytes) -> bytes:
    return struct.pack(">bh", kind, identifier) + value


def string(value: bytes) -> bytes:
    return struct.pack(">i", len(value)) + value


class Reader:
    """Values of the binary protocol from one frame. Raises ValueError for what is none."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0

    def take(self, size: int) -> bytes:
        if size < 0 or size > len(self.data) - self.offset:
            raise ValueError("a length goes beyond the end of the answer")
        self.offset += size
        return self.data[self.offset - size : self.offset]

    def number(self, form: str) -> int:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def value(self, kind: int, depth: int = 0) -> object:
        if depth > DEPTH_MAX:
            raise ValueError("the answer is nested too deeply")
        if kind in NUMBERS:
            return self.number(NUMBERS[kind])
        if kind == STRING:
            return self.take(self.number(">i"))
        if kind == STRUCT:
            return self.fields(depth + 1)
        if kind == MAP:
            key, value, size = struct.unpack(">bbi", self.take(6))
            return {self.value(key, depth + 1): self.value(value, depth + 1) for _ in range(self.checked(size))}
        if kind in (SET, LIST):
            element, size = struct.unpack(">bi", self.take(5))
            return [self.value(element, depth + 1) for _ in range(self.checked(size))]
        raise ValueError(f"found the type {kind}, which the binary protocol does not have")

    def checked(self, size: int) -> int:
        if size < 0 or size > len(self.data) - self.offset:
            raise ValueError("a container is larger than the answer")
        return size

    def fields(self, depth: int = 0) -> dict[int, object]:
        found = {}
        while (kind := self.number(">b")) != STOP:
            identifier = self.number(">h")
            found[identifier] = self.value(kind, depth)
        return found


@dataclass(frozen=True)
class NodeStatus:
    """What a node says of itself."""

    node_id: int
    role: str
    term: int
    leader: int  # 0: not known


class Connection:
    """One connection to a node's Thrift API; of no use any more once NoAnswer was raised."""

    def __init__(self, host: str, port: int, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        try:
            self.socket = socket.create_connection((host, port), timeout=timeout_seconds)
        except OSError as error:
            raise Unreachable(f"{host}:{port}: {error}") from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def status(self) -> NodeStatus:
        reply = self.call(b"Cluster:status", b"")
        role = reply.get(3, b"")
        assert isinstance(role, bytes)
        return NodeStatus(int(reply.get(1, 0)), role.decode(), int(reply.get(4, 0)), int(reply.get(5, 0)))

    def put(self, key: bytes, value: bytes) -> None:
        """Returns when the write is acknowledged."""
        request = field(STRING, 1, string(key)) + field(STRING, 2, string(value)) + b"\0"
        self.call(b"put", field(STRUCT, 1, request))

    def scan(self, prefix: bytes) -> dict[bytes, bytes]:
        """Every key that begins with `prefix`, page by page."""
        found: dict[bytes, bytes] = {}
        cursor = b""
        while True:
            request = field(STRING, 1, string(prefix)) + (field(STRING, 8, string(cursor)) if cursor else b"") + b"\0"
            reply = self.call(b"scan", field(STRUCT, 1, request))
            for record in reply.get(2, []):  # type: ignore[attr-defined]
                found[record[1]] = record[2]
            if 3 not in reply:
                return found
            cursor = reply[3]  # type: ignore[assignment]

    def call(self, method: bytes, arguments: bytes) -> dict[int, object]:
        """The struct that the method returns."""
        deadline = time.monotonic() + self.timeout_seconds
        message = struct.pack(">I", VERSION_CALL) + string(method) + struct.pack(">i", 0) + arguments + b"\0"
        try:
            self.socket.settimeout(self.timeout_seconds)
            self.socket.sendall(struct.pack(">i", len(message)) + message)
            size = struct.unpack(">i", self.receive(4, deadline))[0]
            if not 0 <= size <= FRAME_BYTES_MAX:
                raise NoAnswer(f"found an answer of {size} bytes; is this the Thrift API of a node?")
            return decode_reply(self.receive(size, deadline))
        except OSError as error:
            raise NoAnswer(f"the connection was lost: {error}") from error
        except (ValueError, struct.error) as error:
            raise NoAnswer(f"found an answer that cannot be read: {error}") from error

    def receive(self, size: int, deadline: float) -> bytes:
        data = b""
        while len(data) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise NoAnswer(f"no answer within {self.timeout_seconds:g} s")
            self.socket.settimeout(left)
            part = self.socket.recv(size - len(data))
            if not part:
                raise NoAnswer("the connection was closed before the answer came")
            data += part
        return data


def decode_reply(frame: bytes) -> dict[int, object]:
    reader = Reader(frame)
    kind = reader.number(">I") & 0xFF
    reader.take(reader.number(">i"))
    reader.number(">i")
    result = reader.fields()
    if kind != REPLY:
        raise NoAnswer(f"the node answered with an exception: {result.get(1, b'')!r}")
    if 1 in result:
        error = result[1]
        assert isinstance(error, dict)
        outcome = OUTCOMES.get(error.get(2, 0), "unknown")
        raise Answered(outcome, error.get(3, b"").decode(errors="replace"), error.get(5, b"").decode(errors="replace"))
    reply = result.get(0, {})
    assert isinstance(reply, dict)
    return reply
