# SPDX-License-Identifier: MIT
"""Processes that are named by their id and the moment of their start, so that an id that the system has given to
another process since is never signalled."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.01


@dataclass(frozen=True)
class ProcessName:
    pid: int
    start_ticks: int  # since the machine's boot, from /proc


def _stat_fields(pid: int) -> list[str] | None:
    """Those after the program's name, which may hold anything: the first is the state, the 18th how many threads there
    are, the 20th the start."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def state(name: ProcessName) -> str:
    """running, paused or stopped. A process that nobody has waited for is stopped; but not one whose first thread alone
    has ended, for its files are open and locked until the last one has given the memory back."""
    fields = _stat_fields(name.pid)
    if fields is None or int(fields[19]) != name.start_ticks:
        return "stopped"
    if fields[0] in ("Z", "X"):
        return "running" if int(fields[17]) > 1 else "stopped"
    return "paused" if fields[0] in ("T", "t") else "running"


def launch(command: list[str], folder: Path, output: Path) -> tuple[ProcessName, subprocess.Popen[bytes]]:
    """Starts a process that outlives this one and does not hear the terminal's signals. Its output is appended."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TENON")}
    with output.open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    # As long as nobody has waited for the process its id is its own.
    fields = _stat_fields(process.pid)
    assert fields is not None
    return ProcessName(process.pid, int(fields[19])), process


def send(name: ProcessName, number: signal.Signals) -> bool:
    """False: the process is gone, and no other was signalled in its place."""
    try:
        descriptor = os.pidfd_open(name.pid)
    except ProcessLookupError:
        return False
    try:
        # The descriptor holds whoever has the id now; only then is it compared.
        if state(name) == "stopped":
            return False
        signal.pidfd_send_signal(descriptor, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)


def wait_until(name: ProcessName, wanted: str, deadline: float) -> bool:
    """False: it was in another state until then, a moment of time.monotonic()."""
    while state(name) != wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
