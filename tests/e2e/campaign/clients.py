# SPDX-License-Identifier: MIT
"""The process with the clients of a campaign, and what it says."""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import BUILD_DIRECTORY, ENVIRONMENT

CAMPAIGN_CLIENT = BUILD_DIRECTORY / "tests" / "e2e" / "campaign" / "client" / "campaign_client"
FINISH_SECONDS = 300.0


@dataclass
class Load:
    endpoints: str
    sessions: int
    operations_per_second: int  # at most
    seed: int
    history: Path


class Clients:
    """They work while it is entered."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.done = 0  # operations, as it said last
        self.summary: dict[str, Any] | None = None

    def __enter__(self) -> "Clients":
        load = self.load
        words = [load.endpoints, load.sessions, load.operations_per_second, load.seed, load.history]
        self.error_file = load.history.with_suffix(".err")
        with self.error_file.open("wb") as errors:
            self.process = subprocess.Popen(
                [str(CAMPAIGN_CLIENT), *map(str, words)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=ENVIRONMENT,
            )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("done "):
                self.done = int(line.split()[1])
            else:
                self.summary = json.loads(line)

    def check_alive(self) -> None:
        if self.process.poll() is not None:
            raise AssertionError(f"the clients ended by themselves: {self.error_file.read_text(errors='replace')}")

    def finish(self) -> dict[str, Any]:
        """Ends the load and reads every key; what was counted and what is wrong."""
        assert self.process.stdin is not None
        self.check_alive()
        self.process.stdin.write("finish\n")
        self.process.stdin.flush()
        self.reader.join(FINISH_SECONDS)
        if self.summary is None:
            raise AssertionError(f"the clients do not finish: {self.error_file.read_text(errors='replace')}")
        self.process.wait(FINISH_SECONDS)
        return self.summary
