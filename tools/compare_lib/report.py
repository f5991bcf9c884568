# SPDX-License-Identifier: MIT
"""The rounds as a table for people, and as JSON."""

from __future__ import annotations

from dataclasses import asdict

from compare_lib.figures import (
    ROWS,
    WRITE_1,
    Round,
    Row,
    Spread,
    Verdict,
    errors_of,
    median,
    of_rounds,
    ratios,
    spread,
)  # fmt: skip

SYSTEMS = ("tenon", "etcd")
COLUMNS = ("", "ops/s (range)", "p50 ms", "p99 ms", "ratio (range)")


def latency(value_us: float) -> str:
    return f"{value_us / 1000:.3f}" if value_us < 10_000 else f"{value_us / 1000:.1f}"


def per_second(found: Spread) -> str:
    return f"{found.middle:.0f} ({found.low:.0f}-{found.high:.0f})"


def line_of(rounds: list[Round], row: Row, system: str) -> list[str]:
    ratio = spread(ratios(rounds, row))
    return [
        f"{row.name}: {system}",
        per_second(spread(of_rounds(rounds, system, row, "per_second"))),
        latency(median(of_rounds(rounds, system, row, "p50_us"))),
        latency(median(of_rounds(rounds, system, row, "p99_us"))),
        f"{ratio.middle:.2f} ({ratio.low:.2f}-{ratio.high:.2f})" if system == "tenon" else "",
    ]


def align(lines: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    shown = []
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        shown.append("  ".join(cells).rstrip())
    return "\n".join(shown)


def text(rounds: list[Round], conditions: dict[str, str]) -> str:
    """The medians of the rounds, each with the lowest and the highest where it matters."""
    parts = ["\n".join(f"{name}: {value}" for name, value in conditions.items())]
    parts.append(align([list(COLUMNS)] + [line_of(rounds, row, system) for row in ROWS for system in SYSTEMS]))
    alone = spread([one.sync_alone_us for one in rounds])
    of_three = spread([one.sync_of_three_us for one in rounds])
    wait = median(of_rounds(rounds, "tenon", WRITE_1, "p50_us")) / of_three.middle
    busy = spread([one.busy_share * 100 for one in rounds])
    parts.append(
        f"disk: pwrite of 4 KiB and fdatasync, p50: {alone.middle:.0f} us ({alone.low:.0f}-{alone.high:.0f}) alone, "
        f"{of_three.middle:.0f} us ({of_three.low:.0f}-{of_three.high:.0f}) with three at once; "
        f"Tenon's p50 with 1 client is {wait:.2f} times the latter\n"
        f"processors in use by others before a round: {busy.middle:.0f} % ({busy.low:.0f}-{busy.high:.0f})"
    )
    for system in SYSTEMS:
        failed = errors_of(rounds, system)
        parts += [f"{system}: {count} x {what}" for what, count in sorted(failed.items())]
    return "\n\n".join(parts)


def verdict_lines(verdicts: list[Verdict]) -> str:
    return "\n".join(
        f"{'PASS' if one.passed else 'FAIL'}  {one.figure}: found {one.found}, wanted {one.wanted}" for one in verdicts
    )


def as_json(
    rounds: list[Round], conditions: dict[str, str], invalid: list[str], verdicts: list[Verdict]
) -> dict[str, object]:
    summary = {}
    for row in ROWS:
        one: dict[str, object] = {"ratio": asdict(spread(ratios(rounds, row)))}
        for system in SYSTEMS:
            one[system] = {
                figure: asdict(spread(of_rounds(rounds, system, row, figure)))
                for figure in ("per_second", "p50_us", "p99_us")
            }
        summary[row.name] = one
    return {
        "conditions": conditions,
        "summary": summary,
        "invalid": invalid,
        "verdicts": [asdict(one) for one in verdicts],
        "rounds": [asdict(one) for one in rounds],
    }
