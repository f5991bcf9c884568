# SPDX-License-Identifier: MIT
"""Clients that write without pause, and know what was acknowledged, while servers die and come back."""

from __future__ import annotations

import subprocess
import threading
import time
from abc import ABC, abstractmethod

import redis

import node_clients

WAIT_SECONDS = 60.0


class Writer(ABC):
    """Writes `name`:0, `name`:1, .. with their numbers as values, each once."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.port = port
        self.acknowledged: list[int] = []
        self.errors: list[str] = []
        self.thread = threading.Thread(target=self.run)

    @abstractmethod
    def run(self) -> None:
        """Until end()."""

    @abstractmethod
    def end(self) -> None:
        """Lets run() return."""

    def __enter__(self) -> "Writer":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.thread.join()

    def wait_for_more(self, count: int) -> None:
        """Until so many more were acknowledged."""
        wanted, deadline = len(self.acknowledged) + count, time.monotonic() + WAIT_SECONDS
        while len(self.acknowledged) < wanted:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{self.name} has {len(self.acknowledged)} writes acknowledged after {WAIT_SECONDS:g} s, "
                    f"expected {wanted}; its last errors: {self.errors[-5:]}"
                )
            time.sleep(0.01)

    def missing(self, client: "redis.Redis[bytes]") -> list[int]:
        """What was acknowledged and is not there."""
        numbers = list(self.acknowledged)
        found: list[bytes | None] = []
        for begin in range(0, len(numbers), 1000):
            found += client.mget([f"{self.name}:{number}" for number in numbers[begin : begin + 1000]])
        return [number for number, value in zip(numbers, found, strict=True) if value != b"%d" % number]


class PythonWriter(Writer):
    def __init__(self, name: str, port: int) -> None:
        super().__init__(name, port)
        self.ended = threading.Event()

    def run(self) -> None:
        client = redis.Redis(port=self.port, socket_timeout=10)
        number = 0
        while not self.ended.is_set():
            try:
                if client.set(f"{self.name}:{number}", number):
                    self.acknowledged.append(number)
            except (redis.RedisError, OSError) as error:
                self.errors.append(str(error))
                time.sleep(0.02)
            number += 1
        client.close()

    def end(self) -> None:
        self.ended.set()


class NodeWriter(Writer):
    """`kind` is ioredis, ioredis-cluster or node-redis."""

    def __init__(self, kind: str, name: str, port: int) -> None:
        super().__init__(name, port)
        words = [*node_clients.command("writer.js"), kind, str(port), name]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=node_clients.environment([port]))  # fmt: skip

    def run(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                if line.strip().isdigit():
                    self.acknowledged.append(int(line))
                else:
                    self.errors.append(line.strip())

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def of_every_client(name: str, port: int) -> list[Writer]:
    return [PythonWriter(f"{name}-python", port), NodeWriter("ioredis", f"{name}-ioredis", port),
            NodeWriter("node-redis", f"{name}-node-redis", port)]  # fmt: skip
