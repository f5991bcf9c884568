# SPDX-License-Identifier: MIT
"""Runs tenon-bench, or the same closed loop against etcd, and reads the line of JSON that both print."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from compare_lib.errors import CompareError
from compare_lib.figures import WRITE_64, Measured, Row

CONNECTIONS = 8
GRACE_SECONDS = 60.0  # beyond warm-up and duration: for connecting and finding the leader
FILL_TIMEOUT_SECONDS = 600.0
FILL_SECONDS = 0.1  # of load behind the filling, which nobody looks at
GO_BUILD_SECONDS = 600.0
GO_LIBRARIES = Path("/usr/share/gocode")


@dataclass(frozen=True)
class LoadShape:
    """What both systems get."""

    key_bytes: int
    value_bytes: int
    keys: int
    warmup_seconds: float
    duration_seconds: float
    target: str  # "leader", or "any": connections go to the nodes in turn


def command(program: Path, endpoints: list[str], row: Row, shape: LoadShape) -> list[str]:
    """Both programs understand these flags."""
    return [
        str(program),
        f"--endpoints={','.join(endpoints)}",
        f"--target={shape.target}",
        f"--clients={row.clients}",
        f"--connections={min(row.clients, CONNECTIONS)}",
        f"--key-bytes={shape.key_bytes}",
        f"--value-bytes={shape.value_bytes}",
        f"--keys={shape.keys}",
        f"--read-share={1 if row.kind == 'get' else 0}",
        f"--warmup={round(shape.warmup_seconds * 1000)}ms",
        f"--duration={round(shape.duration_seconds * 1000)}ms",
        "--json",
    ]


def parse(text: str, row: Row) -> Measured:
    """Raises CompareError for what is no result of that row."""
    try:
        found = json.loads(text)
        if found["clients"] != row.clients:
            raise CompareError(f"found a result of {found['clients']} clients, expected {row.clients}")
        kind = found[row.kind]
        errors = {str(what): int(count) for what, count in found["errors"].items()}
        return Measured(float(kind["per_second"]), float(kind["p50_us"]), float(kind["p99_us"]), errors)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CompareError(f"found {text[:200]!r} from a load generator, expected its line of JSON ({error!r}); "
                           "build both again") from error  # fmt: skip


def _take_output(words: list[str], timeout_seconds: float) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout_seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise CompareError(f"{Path(words[0]).name} did not end within {timeout_seconds:g} s and was killed") from error
    if done.returncode != 0:
        raise CompareError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def run(program: Path, endpoints: list[str], row: Row, shape: LoadShape) -> Measured:
    timeout = shape.warmup_seconds + shape.duration_seconds + GRACE_SECONDS
    return parse(_take_output(command(program, endpoints, row, shape), timeout), row)


def fill(program: Path, endpoints: list[str], shape: LoadShape, row: Row = WRITE_64, *flags: str) -> None:
    """Writes every key once."""
    short = replace(shape, warmup_seconds=0.0, duration_seconds=FILL_SECONDS)
    _take_output([*command(program, endpoints, row, short), "--fill", *flags], FILL_TIMEOUT_SECONDS)


def build_etcd_bench(directory: Path) -> Path:
    """From etcd_bench.go and Debian's etcd library; what go keeps goes below `directory` too."""
    source = Path(__file__).resolve().parent / "etcd_bench.go"
    if not (GO_LIBRARIES / "src/go.etcd.io/etcd/clientv3").is_dir():
        raise CompareError(f"found no etcd client library below {GO_LIBRARIES}; `tools/setup.sh compare` installs it")
    directory.mkdir(exist_ok=True)
    program = directory / "etcd-bench"
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOFLAGS": "",
        "GOPATH": f"{directory / 'go'}:{GO_LIBRARIES}",
        "GOCACHE": str(directory / "go-cache"),
    }
    try:
        subprocess.run(["go", "build", "-o", str(program), str(source)], env=environment, cwd=directory, check=True,
                       capture_output=True, text=True, timeout=GO_BUILD_SECONDS)  # fmt: skip
    except FileNotFoundError as error:
        raise CompareError("found no go compiler; `tools/setup.sh compare` installs it") from error
    except subprocess.SubprocessError as error:
        said = str(getattr(error, "stderr", "") or error).strip()
        raise CompareError(f"{source} cannot be built: {said[-2000:]}") from error
    return program
