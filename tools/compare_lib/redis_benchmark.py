# SPDX-License-Identifier: MIT
"""redis-benchmark, which puts the same load on whoever speaks the Redis protocol."""

from __future__ import annotations

import csv
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cluster_lib.node_config import HOST
from compare_lib.errors import CompareError
from compare_lib.figures import Measured
from compare_lib.load_generator import LoadShape
from compare_lib.redis_server import find_program

GUESSED_PER_SECOND = 5_000.0  # before anything was measured
GUESS_SECONDS = 0.2
RUN_SECONDS_MAX = 600.0
COLUMNS = ("test", "rps", "p50_latency_ms", "p99_latency_ms")


@dataclass(frozen=True)
class RedisLoad:
    """One kind of load."""

    test: str  # "set" or "get", as redis-benchmark calls it
    clients: int
    pipeline: int


@dataclass(frozen=True)
class Programs:
    benchmark: Path
    command_line: Path


def find_programs() -> Programs:
    return Programs(find_program("redis-benchmark"), find_program("redis-cli"))


def command(programs: Programs, port: int, load: RedisLoad, shape: LoadShape, requests: int) -> list[str]:
    return [str(programs.benchmark), "-h", HOST, "-p", str(port), "-t", load.test, "-c", str(load.clients),
            "-P", str(load.pipeline), "-d", str(shape.value_bytes), "-r", str(shape.keys), "-n", str(requests),
            "--csv"]  # fmt: skip


def parse(text: str, said: str) -> Measured:
    """`said` is its standard error, where it complains of errors and warns."""
    rows = [row for row in csv.DictReader(text.splitlines()) if row.get("test") in ("SET", "GET")]
    try:
        if len(rows) != 1 or said.strip():
            raise ValueError(said.strip() or f"{len(rows)} results")
        name, rate, typical, slow = (rows[0][column] for column in COLUMNS)
        return Measured(float(rate), float(typical) * 1000, float(slow) * 1000, {})
    except (ValueError, KeyError, TypeError) as error:
        raise CompareError(f"found {text[:300]!r} from redis-benchmark, expected one line with a result "
                           f"({error})") from error  # fmt: skip


def run_once(programs: Programs, port: int, load: RedisLoad, shape: LoadShape, seconds: float, rate: float) -> Measured:
    """As many requests as take about so long at this rate."""
    requests = max(load.clients * load.pipeline, round(seconds * rate))
    words = command(programs, port, load, shape, requests)
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=RUN_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired as error:
        raise CompareError(f"redis-benchmark did not end within {RUN_SECONDS_MAX:g} s and was killed") from error
    if done.returncode != 0:
        raise CompareError(f"{' '.join(words)} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    return parse(done.stdout, done.stderr)


def run(programs: Programs, port: int, load: RedisLoad, shape: LoadShape) -> Measured:
    """It is told a number of requests and not how long, so it runs shortly first, which is not counted."""
    rate = run_once(programs, port, load, shape, GUESS_SECONDS, GUESSED_PER_SECOND).per_second
    if shape.warmup_seconds > 0:
        rate = run_once(programs, port, load, shape, shape.warmup_seconds, rate).per_second
    return run_once(programs, port, load, shape, shape.duration_seconds, rate)


def fill(programs: Programs, port: int, shape: LoadShape) -> None:
    """Writes every key of redis-benchmark's once."""
    value = "x" * shape.value_bytes
    lines = "".join(f"SET key:{number:012} {value}\r\n" for number in range(shape.keys))
    words = [str(programs.command_line), "-h", HOST, "-p", str(port), "--pipe"]
    done = subprocess.run(words, input=lines, capture_output=True, text=True, timeout=RUN_SECONDS_MAX, check=False)
    if done.returncode != 0 or f"errors: 0, replies: {shape.keys}" not in done.stdout:
        raise CompareError(f"redis-cli could not write {shape.keys} keys: {(done.stdout + done.stderr)[-2000:]}")
