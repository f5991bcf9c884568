# SPDX-License-Identifier: MIT
"""A real redis-server on a free port, for as long as a test needs it."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from harness import ENVIRONMENT, free_port, temporary_directory

from wire import Closed, Connection, NoReply

START_SECONDS = 30.0
STOP_SECONDS = 30.0


class RedisServer:
    """Keeps nothing on disk; `options` are further words of its command line."""

    def __init__(self, *options: str) -> None:
        self.options = options
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "RedisServer":
        self.temporary = temporary_directory()
        self.port = free_port()
        self.log_file = Path(self.temporary.name) / "redis.log"
        self.start()
        return self

    def start(self) -> None:
        """Also again, after kill()."""
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.temporary.name,
                 "--save", "", "--appendonly", "no", *self.options]  # fmt: skip
        with self.log_file.open("ab") as output:
            self.process = subprocess.Popen(words, stdout=output, stderr=output, env=ENVIRONMENT)
        try:
            self._wait_for_answer()
        except BaseException:
            self.__exit__()
            raise

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        self.temporary.cleanup()

    def _wait_for_answer(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with Connection(self.port) as connection:
                    if connection.call(b"PING").raw == b"+PONG\r\n":
                        return
            except (OSError, Closed, NoReply):
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"redis-server did not come up:\n{self.log_file.read_text(errors='replace')}")
            time.sleep(0.01)
