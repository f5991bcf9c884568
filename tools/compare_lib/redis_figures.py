# SPDX-License-Identifier: MIT
"""One redis-server beside three Tenon nodes, both asked by redis-benchmark over the Redis protocol."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from compare_lib import redis_benchmark
from compare_lib.errors import CompareError
from compare_lib.figures import Measured, Spread, Verdict, median, spread
from compare_lib.redis_benchmark import Programs, RedisLoad
from compare_lib.redis_server import RedisServer, find_program, version
from compare_lib.report import align, latency, per_second
from compare_lib.state_figures import Plan
from compare_lib.tenon_cluster import TenonCluster

# The share of each target that is wanted now; the whole of it is wanted once the path of a request was made shorter.
TARGET_SHARE = 0.7
REDIS_WRITES_MIN = 5_000.0  # a second with 64 clients; below, the machine was no fair ground
LINEARIZABLE = "linearizable"
LEASE = "lease"
SETTINGS = {
    LINEARIZABLE: {"api.resp.reads": "linearizable"},
    LEASE: {"api.resp.reads": "lease", "raft.lease_reads": "on"},
}


@dataclass(frozen=True)
class RedisRow:
    name: str
    load: RedisLoad
    reads: str  # how Tenon is told to read
    target: float  # Tenon's operations a second over Redis's

    def wanted(self) -> float:
        return TARGET_SHARE * self.target


def _write(clients: int, pipeline: int, target: float) -> RedisRow:
    behind = f", pipeline {pipeline}" if pipeline > 1 else ""
    return RedisRow(f"write, {clients} clients{behind}", RedisLoad("set", clients, pipeline), LINEARIZABLE, target)


def _read(reads: str, pipeline: int, target: float) -> RedisRow:
    behind = f", pipeline {pipeline}" if pipeline > 1 else ""
    return RedisRow(f"{reads} read, 64 clients{behind}", RedisLoad("get", 64, pipeline), reads, target)


WRITE_64 = _write(64, 1, 0.9)
ROWS = (WRITE_64, _write(256, 1, 0.8), _write(64, 16, 1.2), _read(LINEARIZABLE, 1, 0.75), _read(LINEARIZABLE, 16, 0.8),
        _read(LEASE, 1, 0.95), _read(LEASE, 16, 1.2))  # fmt: skip


@dataclass
class RedisFigures:
    redis: dict[RedisLoad, list[Measured]] = field(default_factory=dict)  # of each round
    tenon: dict[str, list[Measured]] = field(default_factory=dict)  # by row, of each round
    redis_version: str = ""

    def ratios(self, row: RedisRow) -> list[float]:
        """Of each round."""
        pairs = zip(self.tenon[row.name], self.redis[row.load], strict=True)
        return [_ratio(tenon, redis, row) for tenon, redis in pairs]


def _ratio(tenon: Measured, redis: Measured, row: RedisRow) -> float:
    if redis.per_second <= 0:
        raise CompareError(f"found a round in which Redis did nothing under '{row.name}', expected operations")
    return tenon.per_second / redis.per_second


@dataclass(frozen=True)
class Running:
    """A system that has been started, and what is measured on it."""

    plan: Plan
    programs: Programs
    port: int

    def fill(self) -> None:
        redis_benchmark.fill(self.programs, self.port, self.plan.shape)

    def measure(self, name: str, load: RedisLoad) -> Measured:
        found = redis_benchmark.run(self.programs, self.port, load, self.plan.shape)
        self.plan.say(f"  {name}: {load.test}, {load.clients} clients, pipeline {load.pipeline}: "
                      f"{found.per_second:.0f}/s")  # fmt: skip
        return found


def measure_redis(plan: Plan, programs: Programs, figures: RedisFigures) -> None:
    system = RedisServer(find_program("redis-server"), plan.directory / "redis")
    try:
        system.start()
        running = Running(plan, programs, system.port)
        running.fill()
        for load in dict.fromkeys(row.load for row in ROWS):
            figures.redis.setdefault(load, []).append(running.measure("redis", load))
    finally:
        system.stop()
        shutil.rmtree(system.directory, ignore_errors=True)


def measure_tenon(plan: Plan, programs: Programs, figures: RedisFigures, reads: str) -> None:
    """A cluster of its own for each way to read, of which the leader is asked."""
    settings = {**SETTINGS[reads], **plan.settings}
    system = TenonCluster(plan.build, plan.directory / "tenon", settings, apis=("thrift", "resp"))
    try:
        system.start()
        running = Running(plan, programs, system.leader_port("resp"))
        running.fill()
        for row in ROWS:
            if row.reads == reads:
                figures.tenon.setdefault(row.name, []).append(running.measure("tenon", row.load))
    finally:
        system.stop()
        shutil.rmtree(system.directory, ignore_errors=True)


def find_programs() -> Programs:
    """Raises CompareError for one that is missing, the server among them."""
    find_program("redis-server")
    return redis_benchmark.find_programs()


def check_plugin(build: Path) -> None:
    plugin = build / "plugins" / "tenon-api-resp.so"
    if not plugin.is_file():
        raise CompareError(f"found no {plugin}, expected a build with it; run `ninja -C {build} product`")


def measure(plan: Plan) -> RedisFigures:
    """The system that begins changes with the round."""
    check_plugin(plan.build)
    programs = find_programs()
    figures = RedisFigures(redis_version=version(find_program("redis-server")))
    turns: list[Callable[[], None]] = [
        lambda: measure_redis(plan, programs, figures),
        lambda: measure_tenon(plan, programs, figures, LINEARIZABLE),
        lambda: measure_tenon(plan, programs, figures, LEASE),
    ]
    for number in range(plan.rounds):
        plan.say(f"redis, round {number + 1} of {plan.rounds}")
        begin = number % len(turns)
        for turn in turns[begin:] + turns[:begin]:
            turn()
    return figures


def as_json(figures: RedisFigures) -> dict[str, object]:
    return {
        "redis_version": figures.redis_version,
        "target_share": TARGET_SHARE,
        "rows": {
            row.name: {
                "target": row.target,
                "ratio": asdict(spread(figures.ratios(row))),
                "tenon": [asdict(one) for one in figures.tenon[row.name]],
                "redis": [asdict(one) for one in figures.redis[row.load]],
            }
            for row in ROWS
        },
    }


def why_invalid(figures: RedisFigures) -> list[str]:
    """Why nothing follows from the rounds; empty: they count."""
    writes = median([one.per_second for one in figures.redis[WRITE_64.load]])
    if writes >= REDIS_WRITES_MIN:
        return []
    return [f"found Redis at {writes:.0f} writes/s with 64 clients, expected at least {REDIS_WRITES_MIN:.0f}; the "
            "machine or its disk is too slow or too busy, so run again when it is quiet"]  # fmt: skip


def verdicts(figures: RedisFigures) -> list[Verdict]:
    found = []
    for row in ROWS:
        ratio = median(figures.ratios(row))
        found.append(Verdict(f"{row.name}: ratio to Redis", f"{ratio:.2f}",
                             f">= {row.wanted():.3g}, which is {TARGET_SHARE:g} of {row.target:g}",
                             ratio >= row.wanted()))  # fmt: skip
    return found


def _line(name: str, measured: list[Measured], ratio: Spread | None) -> list[str]:
    return [
        name,
        per_second(spread([one.per_second for one in measured])),
        latency(median([one.p50_us for one in measured])),
        latency(median([one.p99_us for one in measured])),
        f"{ratio.middle:.2f} ({ratio.low:.2f}-{ratio.high:.2f})" if ratio else "",
    ]


def text(figures: RedisFigures) -> str:
    lines = [["", "ops/s (range)", "p50 ms", "p99 ms", "ratio (range)"]]
    for row in ROWS:
        lines.append(_line(f"{row.name}: tenon", figures.tenon[row.name], spread(figures.ratios(row))))
        lines.append(_line(f"{row.name}: redis", figures.redis[row.load], None))
    return (f"redis-benchmark on three Tenon nodes, and on {figures.redis_version}, one node, appendonly yes, "
            f"appendfsync always\n{align(lines)}")  # fmt: skip
