# SPDX-License-Identifier: MIT
"""redis-cli and redis-benchmark: how they are called, and what they print."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from dataclasses import dataclass

from harness import ENVIRONMENT
from wire import command

RUN_SECONDS = 120.0
PIPED_COMMANDS = 10_000
BENCHMARKS = "ping_inline,ping_mbulk,set,get,incr,mset"
BENCHMARK_NAMES = ("PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)")
_PER_SECOND = re.compile(r"^([A-Z_]+(?: \(10 keys\))?): ([0-9.]+) requests per second", re.MULTILINE)


@dataclass(frozen=True)
class Call:
    """One call of redis-cli."""

    words: list[str]
    standard_input: bytes = b""


# Run one after the other, and what each prints is the same on every server.
CALLS = [
    Call(["FLUSHALL"]),
    Call(["PING"]),
    Call(["SET", "cli:key", "two words"]),
    Call(["GET", "cli:key"]),
    Call(["GET", "cli:nothing"]),
    Call(["--no-raw", "GET", "cli:nothing"]),
    Call(["--no-raw", "GET", "cli:key"]),
    Call(["-3", "--no-raw", "GET", "cli:nothing"]),
    Call(["-3", "CONFIG", "GET", "save"]),
    Call(["--no-raw", "MGET", "cli:key", "cli:nothing"]),
    Call(["--csv", "MGET", "cli:key", "cli:nothing"]),
    Call(["--json", "MGET", "cli:key", "cli:nothing"]),
    Call(["-x", "SET", "cli:input"], b"from the standard input"),
    Call(["GET", "cli:input"]),
    Call([], b"SET cli:many 1\nINCR cli:many\nGET cli:many\nMULTI\nINCR cli:many\nEXEC\n"),
    Call(["-e", "INCR", "cli:key"]),
    Call(["NONSENSE", "a", "b"]),
    Call(["-r", "3", "INCR", "cli:repeated"]),
    Call(["-n", "0", "DBSIZE"]),
    Call(["-n", "20", "DBSIZE"]),
    Call(["--no-auth-warning", "--user", "default", "--pass", "anything", "PING"]),
    Call(["--scan", "--pattern", "cli:m*"]),
    Call(["--pipe"], b"".join(command(b"SET", b"cli:pipe:%d" % one, b"%d" % one) for one in range(PIPED_COMMANDS))),
    Call(["GET", f"cli:pipe:{PIPED_COMMANDS - 1}"]),
    Call(["--pipe"], b"SET cli:inline value\r\nNONSENSE\r\nGET cli:inline\r\n"),
    Call(["DBSIZE"]),
]


def call(port: int, one: Call) -> tuple[int, str]:
    """The exit code, and all that it printed but the echo that --pipe ends with."""
    words = ["redis-cli", "-h", "127.0.0.1", "-p", str(port), *one.words]
    done = subprocess.run(words, input=one.standard_input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=RUN_SECONDS, env=ENVIRONMENT, check=False)  # fmt: skip
    return done.returncode, done.stdout.decode(errors="replace").replace(str(port), "PORT")


def talk(port: int, *lines: str) -> str:
    """What redis-cli shows to a person who types these lines, without the colours of its hints."""
    parent, child = pty.openpty()
    words = ["redis-cli", "-p", str(port)]
    environment = {**ENVIRONMENT, "TERM": "dumb", "HOME": "/nonexistent"}
    process = subprocess.Popen(words, stdin=child, stdout=child, stderr=child, env=environment, start_new_session=True)
    os.close(child)
    shown = b""
    try:
        for line in (*lines, "quit"):
            shown += _shown_until(parent, b"> ")
            os.write(parent, line.encode() + b"\n")
        shown += _shown_until(parent, None)
        process.wait(RUN_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(parent)
    return shown.decode(errors="replace").replace("\r", "").replace(str(port), "PORT")


def _shown_until(terminal: int, end: bytes | None) -> bytes:
    """Until the prompt, or with None until the program ends."""
    shown, deadline = b"", time.monotonic() + RUN_SECONDS
    while end is None or not shown.endswith(end):
        if not select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise AssertionError(f"redis-cli shows only {shown!r}")
        try:
            part = os.read(terminal, 65536)
        except OSError:
            part = b""  # what a terminal says whose other side is gone
        if not part:
            if end is None:
                return shown
            raise AssertionError(f"redis-cli ended behind {shown!r}")
        shown += part
    return shown


def benchmark(port: int, *flags: str) -> dict[str, float]:
    """Requests a second by test. Raises AssertionError for an error or a warning among what it prints."""
    words = ["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-t", BENCHMARKS, "-q", *flags]
    done = subprocess.run(words, capture_output=True, text=True, timeout=RUN_SECONDS, env=ENVIRONMENT, check=False)
    said = (done.stdout + done.stderr).replace("\r", "\n")
    if done.returncode != 0 or re.search("error|warning", said, re.IGNORECASE):
        raise AssertionError(f"{' '.join(words)} ended with {done.returncode}: {said[-3000:]}")
    return {found[1]: float(found[2]) for found in _PER_SECOND.finditer(said)}
