# SPDX-License-Identifier: MIT
"""wrk, which puts the same load on whoever speaks HTTP: 64 connections that stay open, with one request at a time."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cluster_lib.node_config import HOST
from compare_lib.errors import CompareError
from compare_lib.figures import Measured

CONNECTIONS = 64
THREADS = 1
SCRIPT = Path(__file__).resolve().parent / "wrk_requests.lua"
GRACE_SECONDS = 30.0  # beyond the duration


@dataclass(frozen=True)
class HttpRequest:
    """Neither part has a tab or an end of line."""

    path: str
    body: str = ""


def find_program() -> Path:
    found = shutil.which("wrk")
    if found is None:
        raise CompareError("found no wrk; `tools/setup.sh compare` installs it")
    return Path(found)


def write_requests(file: Path, requests: list[HttpRequest]) -> None:
    file.write_text("".join(f"{one.path}\t{one.body}\n" for one in requests))


def whole_seconds(seconds: float) -> int:
    """It knows no parts of them."""
    return max(1, round(seconds))


def command(program: Path, port: int, method: str, requests: Path, seconds: float) -> list[str]:
    return [str(program), f"--threads={THREADS}", f"--connections={CONNECTIONS}",
            f"--duration={whole_seconds(seconds)}s", f"--script={SCRIPT}", f"http://{HOST}:{port}", "--", method,
            str(requests)]  # fmt: skip


def parse(text: str) -> Measured:
    """What the script says in the last line of its output. An answer with a status of 400 or more is an error."""
    try:
        found = json.loads(text.strip().splitlines()[-1])
        errors = {str(what): int(count) for what, count in found["errors"].items() if count}
        done = found["requests"] - errors.get("status", 0)
        return Measured(done / (found["duration_us"] / 1e6), float(found["p50_us"]), float(found["p99_us"]), errors)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, ZeroDivisionError) as error:
        raise CompareError(f"found {text[-300:]!r} from wrk, expected the line of JSON of {SCRIPT.name} "
                           f"({error!r})") from error  # fmt: skip


def run_once(program: Path, port: int, method: str, requests: Path, seconds: float) -> Measured:
    words = command(program, port, method, requests, seconds)
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=whole_seconds(seconds) + GRACE_SECONDS,
                              check=False)  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise CompareError(f"wrk did not end within {GRACE_SECONDS:g} s of its time and was killed") from error
    if done.returncode != 0:
        raise CompareError(f"{' '.join(words)} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    return parse(done.stdout)


def run(program: Path, port: int, method: str, requests: Path, warmup_seconds: float, seconds: float) -> Measured:
    if warmup_seconds > 0:
        run_once(program, port, method, requests, warmup_seconds)
    return run_once(program, port, method, requests, seconds)
