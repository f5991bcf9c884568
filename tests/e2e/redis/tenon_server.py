# SPDX-License-Identifier: MIT
"""Nodes that speak the Redis protocol beside the Thrift API, for as long as a test needs them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from cluster_harness import RunningCluster
from harness import START_SECONDS, Node, free_port, temporary_directory

from wire import Connection


class TenonServer:
    """`settings` are of its config, beside those that it needs."""

    def __init__(self, settings: dict[str, str | None] | None = None) -> None:
        self.settings = settings or {}

    def __enter__(self) -> "TenonServer":
        self.temporary = temporary_directory()
        self.port = free_port()
        settings = {"api.plugin": "thrift,resp", "api.resp.listen": f"127.0.0.1:{self.port}", **self.settings}
        self.node = Node(Path(self.temporary.name) / "node", settings)
        try:
            self.node.start()
            wait_until_served(self.port, self.node.logger_text)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.node.__exit__()
        self.temporary.cleanup()


class TenonCluster(RunningCluster):
    def __init__(self, settings: dict[str, str] | None = None) -> None:
        super().__init__(settings, apis="thrift,resp")

    def __enter__(self) -> "TenonCluster":
        super().__enter__()
        try:
            for node in self.ids:
                wait_until_served(self.redis_port(node), self.logger_ends)
        except BaseException:
            self.__exit__()
            raise
        return self

    def redis_port(self, node: int) -> int:
        return self.port(node, "resp")


def wait_until_served(port: int, logger_text: Callable[[], str]) -> None:
    """A node answers over Thrift before its other APIs are there."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with Connection(port) as connection:
                if connection.call(b"PING").raw == b"+PONG\r\n":
                    return
        except OSError as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"nobody serves the Redis protocol: {error}\n{logger_text()}") from error
            time.sleep(0.01)
