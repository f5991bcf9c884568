# SPDX-License-Identifier: MIT
"""Dashboards that people have left open: what each page holds and sends, without a browser. A page has a WebSocket to
the node that served it and one to each other member, subscribes on each, and asks each now and then whether it is
there. What comes is counted and thrown away, so that the clients cost the machine little."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass

from cluster_lib.node_config import HOST
from compare_lib.errors import CompareError

# As plugins/api/http/dashboard/files/source.js subscribes.
HOME_TOPICS = ("cluster", "metrics", "plugins", "events", "slow")
OTHER_TOPICS = ("cluster", "plugins", "events", "slow")
LOOK_EVERY_SECONDS = 1.0
ASK_TURNS = 5  # of looking; link.js asks each kAskEveryMs while events come
CONNECT_SECONDS = 30.0
ROOM = 1 << 20
EVENT = b'"method":"event"'
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the sample of RFC 6455


def frame(call: dict[str, object]) -> bytes:
    """Masked with zeros, which leaves the text as it is."""
    payload = json.dumps({"jsonrpc": "2.0", **call}).encode()
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else bytes([0x80 | 126]) + len(payload).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + payload


PING = frame({"id": 0, "method": "ping"})


def greeting(topics: tuple[str, ...]) -> bytes:
    calls = [frame({"id": 1, "method": "hello"})]
    calls += [frame({"id": 2 + number, "method": "subscribe", "params": {"topic": topic}})
              for number, topic in enumerate(topics)]  # fmt: skip
    return b"".join(calls)


@dataclass
class Link:
    socket: socket.socket
    is_home: bool
    events: int = 0
    is_lost: bool = False


def open_link(port: int, is_home: bool) -> Link:
    opened = socket.create_connection((HOST, port), timeout=CONNECT_SECONDS)
    opened.sendall(f"GET /ws HTTP/1.1\r\nHost: {HOST}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
                   f"Sec-WebSocket-Protocol: tenon.v1+json\r\n\r\n".encode())  # fmt: skip
    head = b""
    while b"\r\n\r\n" not in head:
        received = opened.recv(4096)
        if not received:
            raise CompareError(f"a dashboard was hung up on by port {port} before its WebSocket was open")
        head += received
    if not head.startswith(b"HTTP/1.1 101"):
        raise CompareError(f"found {head.splitlines()[0]!r} for a dashboard at port {port}, expected a WebSocket")
    opened.sendall(greeting(HOME_TOPICS if is_home else OTHER_TOPICS))
    opened.setblocking(False)
    return Link(opened, is_home)


class Dashboards:
    """They are open while it is entered. Each page is looked at in turn, once in LOOK_EVERY_SECONDS."""

    def __init__(self, home_port: int, other_ports: list[int], count: int) -> None:
        self.home_port, self.other_ports, self.count = home_port, other_ports, count
        self.pages: list[list[Link]] = []
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> Dashboards:
        try:
            for _ in range(self.count):
                page: list[Link] = []
                self.pages.append(page)
                page.append(open_link(self.home_port, is_home=True))
                for port in self.other_ports:
                    page.append(open_link(port, is_home=False))
        except OSError as error:
            self._close()
            raise CompareError(f"{self.count} dashboards could not be opened: {error}") from error
        except CompareError:
            self._close()
            raise
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()
        self._close()

    def events(self) -> int:
        """That all pages have been told of by now. Raises CompareError when one of them was told of nothing or has lost
        a connection: they would cost less than they should."""
        homes = [page[0] for page in self.pages]
        lost = sum(link.is_lost for page in self.pages for link in page)
        silent = sum(link.events == 0 for link in homes)
        if lost or silent:
            raise CompareError(f"found {lost} lost connections of dashboards and {silent} dashboards that were told of "
                               "nothing, expected none; run again")  # fmt: skip
        return sum(link.events for page in self.pages for link in page)

    def _close(self) -> None:
        for page in self.pages:
            for link in page:
                link.socket.close()

    def _run(self) -> None:
        due = time.monotonic()
        turn = 0
        while not self.is_over.wait(max(0.0, due - time.monotonic())):
            for link in self.pages[turn % self.count]:
                look(link, asks=turn // self.count % ASK_TURNS == 0)
            turn += 1
            due += LOOK_EVERY_SECONDS / self.count


def look(link: Link, asks: bool) -> None:
    """Takes what has come; and asks whether the node is there, when that is due."""
    try:
        while not link.is_lost:
            received = link.socket.recv(ROOM)
            link.events += received.count(EVENT)
            link.is_lost = not received
            if len(received) < ROOM:
                break
    except BlockingIOError:
        pass
    except OSError:
        link.is_lost = True
    if asks and not link.is_lost:
        try:
            link.socket.send(PING)
        except OSError:
            link.is_lost = True
