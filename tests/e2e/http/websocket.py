# SPDX-License-Identifier: MIT
"""A WebSocket client that sends what a test wants, frame by frame."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from dataclasses import dataclass

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The status with which an upgrade was answered."""


@dataclass
class Frame:
    code: int
    payload: bytes

    @property
    def close_code(self) -> int:
        return struct.unpack(">H", self.payload[:2])[0]


class WebSocket:
    def __init__(self, port: int, protocol: str | None = "tenon.v1+json", receive_buffer: int = 0,
                 **fields: str) -> None:  # fmt: skip
        self.socket = socket.socket()
        self.socket.settimeout(30)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.input = b""
        self.next_id = 0
        self.notifications: list[dict] = []
        sent = {"Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()}  # fmt: skip
        if protocol is not None:
            sent["Sec-WebSocket-Protocol"] = protocol
        sent |= {name.replace("_", "-"): value for name, value in fields.items()}
        lines = ["GET /ws HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self.input:
            self._receive()
        head, _, self.input = self.input.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            self.socket.close()
            raise Refused(int(head.split()[1]))
        assert b"tenon.v1+json" in head

    def _receive(self) -> None:
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError("the connection ended")
        self.input += received

    def _take(self, size: int) -> bytes:
        while len(self.input) < size:
            self._receive()
        taken, self.input = self.input[:size], self.input[size:]
        return taken

    def send_frame(self, payload: bytes, code: int = TEXT, final: bool = True, masked: bool = True) -> None:
        head = bytes([code | (0x80 if final else 0)])
        mask_bit = 0x80 if masked else 0
        size = len(payload)
        if size < 126:
            head += bytes([size | mask_bit])
        elif size < 65536:
            head += bytes([126 | mask_bit]) + struct.pack(">H", size)
        else:
            head += bytes([127 | mask_bit]) + struct.pack(">Q", size)
        key = b"mask" if masked else b""
        body = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload)) if masked else payload
        self.socket.sendall(head + key + body)

    def receive_frame(self) -> Frame:
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._take(8))[0]
        frame = Frame(first & 0x0F, self._take(size))
        if frame.code == PING:
            self.send_frame(frame.payload, PONG)
            return self.receive_frame()
        return frame

    def receive(self) -> dict:
        frame = self.receive_frame()
        assert frame.code == TEXT, frame
        return json.loads(frame.payload)

    def call(self, method: str, **parameters: object) -> dict:
        """The whole reply. Notifications that come before it are kept."""
        self.next_id += 1
        words = {"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": parameters}
        self.send_frame(json.dumps(words).encode())
        while True:
            message = self.receive()
            if message.get("id") == self.next_id:
                return message
            self.notifications.append(message)

    def subscribe(self, topic: str, **parameters: object) -> str:
        return self.call("subscribe", topic=topic, **parameters)["result"]["subscription"]

    def next(self, subscription: str, method: str = "event") -> dict:
        """What the next notification of this kind says; others are dropped."""
        while True:
            message = self.notifications.pop(0) if self.notifications else self.receive()
            if message["method"] == method and message["params"]["subscription"] == subscription:
                return message["params"]

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "WebSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
