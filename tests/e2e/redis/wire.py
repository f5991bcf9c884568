# SPDX-License-Identifier: MIT
"""The Redis protocol over a raw socket: commands to bytes, and replies as the very bytes that came.

A reply is read by its own structure only, so that what a server sends beyond it is found as the next reply.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

REPLY_SECONDS = 10.0
RECEIVE_BYTES = 65536
LINE_BYTES_MAX = 1 << 20
SIMPLE = b"+-:_,#("  # the whole reply is one line
BULK = b"$=!"
AGGREGATE = {b"*": 1, b"~": 1, b">": 1, b"%": 2}  # how many replies make one element


class NoReply(Exception):
    """Nothing, or less than a reply, came in time."""


class Closed(Exception):
    """The server closed the connection where a reply was due."""


class NotRedis(Exception):
    """What came is no reply of the protocol."""


def command(*words: bytes) -> bytes:
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


@dataclass(frozen=True)
class Reply:
    """One reply: its bytes, and what they stand for."""

    raw: bytes
    kind: bytes  # the first byte
    value: "bytes | int | None | list[Reply]"  # of a map: names and values in turn

    def items(self) -> "list[Reply]":
        return self.value if isinstance(self.value, list) else []

    def text(self) -> bytes:
        """Of a line or a bulk string; of a verbatim string without its format."""
        if isinstance(self.value, bytes):
            return self.value[4:] if self.kind == b"=" else self.value
        if isinstance(self.value, int):
            return b"%d" % self.value
        raise NotRedis(f"found {self.raw[:80]!r} where a string was expected")


class Connection:
    """Blocking, with a limit of time for each reply."""

    def __init__(self, port: int, host: str = "127.0.0.1", reply_seconds: float = REPLY_SECONDS) -> None:
        self.socket = socket.create_connection((host, port), timeout=reply_seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reply_seconds = reply_seconds
        self.arrived = bytearray()

    def send(self, data: bytes) -> None:
        """Raises Closed when the server has closed already."""
        try:
            self.socket.sendall(data)
        except ConnectionError as error:
            raise Closed(str(error)) from error

    def call(self, *words: bytes) -> Reply:
        self.send(command(*words))
        return self.read()

    def read(self) -> Reply:
        """Raises NoReply, Closed or NotRedis."""
        return self._reply(time.monotonic() + self.reply_seconds)

    def read_until_closed(self) -> tuple[bytes, bool]:
        """All that comes until the server closes or is silent; whether it closed."""
        data, closed = bytes(self.arrived), False
        self.arrived.clear()
        self.socket.settimeout(min(self.reply_seconds, 1.0))
        try:
            while part := self.socket.recv(RECEIVE_BYTES):
                data += part
            closed = True
        except TimeoutError:
            pass
        except ConnectionError:
            closed = True
        return data, closed

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fill(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise NoReply(f"only {bytes(self.arrived[:80])!r} came")
        self.socket.settimeout(left)
        try:
            part = self.socket.recv(RECEIVE_BYTES)
        except TimeoutError as error:
            raise NoReply(f"only {bytes(self.arrived[:80])!r} came") from error
        except ConnectionError as error:
            raise Closed(str(error)) from error
        if not part:
            raise Closed(f"after {bytes(self.arrived[:80])!r}")
        self.arrived += part

    def _take(self, count: int, deadline: float) -> bytes:
        while len(self.arrived) < count:
            self._fill(deadline)
        taken = bytes(self.arrived[:count])
        del self.arrived[:count]
        return taken

    def _line(self, deadline: float) -> bytes:
        while (end := self.arrived.find(b"\r\n")) < 0:
            if len(self.arrived) > LINE_BYTES_MAX:
                raise NotRedis("a line without an end")
            self._fill(deadline)
        return self._take(end + 2, deadline)

    def _reply(self, deadline: float) -> Reply:
        line = self._line(deadline)
        kind, rest = line[:1], line[1:-2]
        if kind and kind in SIMPLE:
            return Reply(line, kind, int(rest) if kind == b":" else rest)
        if not (kind and (kind in BULK or kind in AGGREGATE)):
            raise NotRedis(f"found {line[:80]!r}")
        count = int(rest)
        if count < 0:
            return Reply(line, kind, None)
        if kind in BULK:
            body = self._take(count + 2, deadline)
            if not body.endswith(b"\r\n"):
                raise NotRedis(f"found {body[-20:]!r} at the end of a bulk string of {count} bytes")
            return Reply(line + body, kind, body[:-2])
        items = [self._reply(deadline) for _ in range(count * AGGREGATE[kind])]
        return Reply(line + b"".join(one.raw for one in items), kind, items)
