# SPDX-License-Identifier: MIT
"""One redis-server on this machine that makes every write durable before it answers, with its default settings else."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from cluster_lib import processes
from cluster_lib.node_config import HOST, is_free
from cluster_lib.processes import ProcessName
from compare_lib.errors import CompareError

PORTS = range(32700, 32760)
START_SECONDS = 30.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
LOG_LINES_SHOWN = 12


def find_program(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise CompareError(f"found no {name}; `tools/setup.sh compare` installs it")
    return Path(found)


def version(server: Path) -> str:
    done = subprocess.run([str(server), "--version"], capture_output=True, text=True, timeout=10, check=False)
    words = done.stdout.split()
    return next((f"Redis {word[2:]}" for word in words if word.startswith("v=")), "Redis of an unknown version")


def server_command(server: Path, directory: Path, port: int) -> list[str]:
    """No config file but these words: each write is in the file of commands, and synced, before its reply."""
    return [str(server), "--port", str(port), "--bind", HOST, "--dir", str(directory), "--appendonly", "yes",
            "--appendfsync", "always"]  # fmt: skip


def answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64) == b"+PONG\r\n"
    except OSError:
        return False


class RedisServer:
    """Runs between start() and stop()."""

    def __init__(self, server: Path, directory: Path) -> None:
        self.server = server
        self.directory = directory
        self.port = 0
        self.process: tuple[ProcessName, subprocess.Popen[bytes]] | None = None

    def start(self) -> None:
        self.directory.mkdir(parents=True)
        self.port = next((port for port in PORTS if is_free(port)), 0)
        if not self.port:
            raise CompareError(f"found no free port from {PORTS.start} on, expected one for redis-server")
        command = server_command(self.server, self.directory, self.port)
        self.process = processes.launch(command, self.directory, self.directory / "redis.log")
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.port):
            if processes.state(self.process[0]) == "stopped" or time.monotonic() > deadline:
                raise CompareError(f"redis-server does not answer, expected it to{self._log_end()}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """By SIGTERM; by SIGKILL what has not ended then."""
        if self.process is None:
            return
        name, child = self.process
        processes.send(name, signal.SIGTERM)
        if not processes.wait_until(name, "stopped", time.monotonic() + STOP_SECONDS):
            processes.send(name, signal.SIGKILL)
        child.wait()
        self.process = None

    def _log_end(self) -> str:
        lines = (self.directory / "redis.log").read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return "; the end of its log:\n" + "\n".join(f"  {line}" for line in lines)
