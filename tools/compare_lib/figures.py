# SPDX-License-Identifier: MIT
"""What the rounds have shown, as medians, ranges and ratios, and what follows from them.

A ratio is taken within a round, where both systems had the same machine and the same hour, and then the median of the
ratios.
"""

from __future__ import annotations

from dataclasses import dataclass

from compare_lib.errors import CompareError

RATIO_MIN = 8.0  # Tenon's operations a second over etcd's, at 64 clients
ETCD_WRITES_MIN = 3000.0  # a second at 64 clients; below, the machine was no fair ground
PERCENTILES = ("p50_us", "p99_us")


@dataclass(frozen=True)
class Row:
    """One kind of load."""

    name: str
    kind: str  # "put" or "get", as the load generators report it
    clients: int


WRITE_1 = Row("write, 1 client", "put", 1)
WRITE_64 = Row("write, 64 clients", "put", 64)
WRITE_256 = Row("write, 256 clients", "put", 256)
READ_64 = Row("linearizable read, 64 clients", "get", 64)
ROWS = (WRITE_1, WRITE_64, WRITE_256, READ_64)


@dataclass(frozen=True)
class Measured:
    """One system under one row's load in one round."""

    per_second: float
    p50_us: float
    p99_us: float
    errors: dict[str, int]


@dataclass(frozen=True)
class Round:
    tenon: dict[str, Measured]  # by the row's name
    etcd: dict[str, Measured]
    sync_alone_us: float
    sync_of_three_us: float
    busy_share: float  # of the processors, by others, just before


@dataclass(frozen=True)
class Spread:
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Verdict:
    figure: str
    found: str
    wanted: str
    passed: bool


def median(values: list[float]) -> float:
    if not values:
        raise CompareError("found no measurement, expected at least one")
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def spread(values: list[float]) -> Spread:
    return Spread(min(values, default=0.0), median(values), max(values, default=0.0))


def of_rounds(rounds: list[Round], system: str, row: Row, figure: str) -> list[float]:
    return [float(getattr(getattr(one, system)[row.name], figure)) for one in rounds]


def ratios(rounds: list[Round], row: Row) -> list[float]:
    """Tenon's operations a second over etcd's, of each round."""
    found = []
    for one in rounds:
        other = one.etcd[row.name].per_second
        if other <= 0:
            raise CompareError(f"found a round in which etcd did nothing under '{row.name}', expected operations")
        found.append(one.tenon[row.name].per_second / other)
    return found


def errors_of(rounds: list[Round], system: str) -> dict[str, int]:
    """By class, over all rows and rounds."""
    found: dict[str, int] = {}
    for one in rounds:
        for measured in getattr(one, system).values():
            for what, count in measured.errors.items():
                found[what] = found.get(what, 0) + count
    return found


def why_invalid(rounds: list[Round]) -> list[str]:
    """Why nothing follows from the rounds; empty: they count."""
    reasons = []
    writes = median(of_rounds(rounds, "etcd", WRITE_64, "per_second"))
    if writes < ETCD_WRITES_MIN:
        reasons.append(f"found etcd at {writes:.0f} writes/s with 64 clients, expected at least {ETCD_WRITES_MIN:.0f}; "
                       "the machine or its disk is too slow or too busy, so run again when it is quiet")  # fmt: skip
    failed = errors_of(rounds, "etcd")
    if failed:
        named = ", ".join(f"{count} x {what}" for what, count in sorted(failed.items()))
        reasons.append(f"found requests that etcd did not serve ({named}), expected none; run again")
    return reasons


def at_least(rounds: list[Round], row: Row) -> Verdict:
    found = median(ratios(rounds, row))
    return Verdict(f"{row.name}: ratio to etcd", f"{found:.2f}", f">= {RATIO_MIN:g}", found >= RATIO_MIN)


def verdicts(rounds: list[Round]) -> list[Verdict]:
    slow_ms = median(of_rounds(rounds, "tenon", WRITE_64, "p99_us")) / 1000
    typical_ms = median(of_rounds(rounds, "etcd", WRITE_64, "p50_us")) / 1000
    failed = sum(errors_of(rounds, "tenon").values())
    return [
        at_least(rounds, WRITE_64),
        at_least(rounds, READ_64),
        Verdict(f"{WRITE_64.name}: p99 below etcd's p50", f"{slow_ms:.2f} ms", f"< {typical_ms:.2f} ms",
                slow_ms < typical_ms),
        Verdict("requests that Tenon did not serve", str(failed), "0", failed == 0),
    ]  # fmt: skip
