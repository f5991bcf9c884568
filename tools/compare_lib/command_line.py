# SPDX-License-Identifier: MIT
"""The rounds of tools/compare, and its command line."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from cluster_lib.errors import ClusterError
from cluster_lib.node_config import split_setting
from compare_lib import (
    disk_probe,
    etcd_cluster,
    http_figures,
    load_generator,
    plugin_figures,
    redis_figures,
    report,
    state_figures,
    tenon_cluster,
)
from compare_lib.errors import CompareError
from compare_lib.figures import ROWS, Measured, Round, Verdict, verdicts, why_invalid
from compare_lib.load_generator import LoadShape

EXIT_ERROR = 1  # a wrong command line ends with 2
EXIT_FAIL = 3  # with --check: a figure is not reached
EXIT_INVALID = 4  # nothing follows from the run
EXIT_INTERRUPTED = 130
PARTS = ("race", "redis", "http", "plugins", "state")
ROUNDS_MAX = 100
LOOK_SECONDS = 1.0  # at what others do
MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs")
Record = dict[str, object]  # what was measured, for --json


class System(Protocol):
    """What is compared. Only one of them runs at a time."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def endpoints(self) -> list[str]: ...


class Invalid(Exception):
    """Nothing follows from the rounds."""


@dataclass(frozen=True)
class Race:
    """What every round needs."""

    build: Path
    etcd_server: Path
    etcd_bench: Path
    directory: Path
    shape: LoadShape
    settings: dict[str, str]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="compare",
        description="Compares three Tenon nodes with three etcd members and with Redis, and Tenon with itself.",
    )
    made.add_argument("--build", type=Path, metavar="DIR", help="an optimised build (default: build-release/, made)")
    made.add_argument("--dir", type=Path, default=Path("/var/tmp"), metavar="D",
                      help="where the data of both goes, on a disk (/var/tmp)")  # fmt: skip
    made.add_argument("--rounds", type=int, default=5, metavar="N", help="of each system, in turn (5)")
    made.add_argument("--duration", type=float, default=5.0, metavar="SECONDS", help="of each row in a round (5)")
    made.add_argument("--warmup", type=float, default=1.0, metavar="SECONDS", help="before each, not counted (1)")
    made.add_argument("--key-bytes", type=int, default=16, metavar="N", help="16")
    made.add_argument("--value-bytes", type=int, default=256, metavar="N", help="256")
    made.add_argument("--keys", type=int, default=10_000, metavar="N",
                      help="of the key space, all written first (10000)")  # fmt: skip
    made.add_argument("--target", choices=("leader", "any"), default="leader",
                      help="who gets the requests: the leader, or every node in turn (leader)")  # fmt: skip
    made.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="as in tools/cluster")
    made.add_argument("--part", choices=(*PARTS, "all"), default="all",
                      help="race: beside etcd; redis: beside one redis-server; http: beside etcd's JSON gateway, with "
                           "dashboards open; plugins: Tenon's own beside each other; state: what a large state costs "
                           "Tenon (all)")  # fmt: skip
    made.add_argument("--check", action="store_true", help="prints PASS or FAIL for each figure that is promised")
    made.add_argument("--json", type=Path, metavar="FILE", help="also writes everything there")
    return made


def check_arguments(arguments: argparse.Namespace) -> None:
    if not 1 <= arguments.rounds <= ROUNDS_MAX:
        raise CompareError(f"--rounds: found {arguments.rounds}, expected 1 to {ROUNDS_MAX}")
    if not 0.1 <= arguments.duration <= 3600:
        raise CompareError(f"--duration: found {arguments.duration:g}, expected 0.1 to 3600 seconds")
    if not 0 <= arguments.warmup <= 3600:
        raise CompareError(f"--warmup: found {arguments.warmup:g}, expected 0 to 3600 seconds")
    if not arguments.dir.is_dir():
        raise CompareError(f"--dir: found no directory {arguments.dir}; make it, or name another")
    settings_of(arguments)
    kind = file_system_of(arguments.dir.resolve(), Path("/proc/self/mounts").read_text())
    if kind in MEMORY_FILE_SYSTEMS:
        raise CompareError(f"--dir: found {arguments.dir} on {kind}, expected a disk, where a sync costs something")


def file_system_of(directory: Path, mounts: str) -> str:
    """The kind of the file system, from the text of /proc/self/mounts."""
    best = ("", "unknown")
    for line in mounts.splitlines():
        words = line.split()
        if len(words) < 3:
            continue
        place = words[1].replace("\\040", " ")
        is_within = directory == Path(place) or Path(place) in directory.parents
        if is_within and len(place) >= len(best[0]):
            best = (place, words[2])
    return best[1]


def processor_times(text: str) -> tuple[int, int]:
    """Of the first line of /proc/stat: all ticks, and those in which nothing ran."""
    fields = [int(word) for word in text.splitlines()[0].split()[1:9]]
    return sum(fields), fields[3] + fields[4]


def busy_share() -> float:
    """Of the processors, while nothing of ours runs."""
    before = processor_times(Path("/proc/stat").read_text())
    time.sleep(LOOK_SECONDS)
    after = processor_times(Path("/proc/stat").read_text())
    return 1 - (after[1] - before[1]) / max(1, after[0] - before[0])


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def measure(system: System, program: Path, shape: LoadShape, name: str) -> dict[str, Measured]:
    """Every row, on a cluster that is started for it with empty disks and is gone afterwards."""
    try:
        system.start()
        load_generator.fill(program, system.endpoints(), shape)
        found = {}
        for row in ROWS:
            found[row.name] = load_generator.run(program, system.endpoints(), row, shape)
            say(f"  {name}: {row.name}: {found[row.name].per_second:.0f}/s")
        return found
    finally:
        system.stop()


def run_round(race: Race, number: int) -> Round:
    """The system that begins changes with the round, so that neither always has the warmer machine."""
    directory = race.directory / f"round-{number}"
    directory.mkdir()
    busy = busy_share()
    alone = disk_probe.sync_p50_us(directory, 1)
    of_three = disk_probe.sync_p50_us(directory, 3)
    tenon = tenon_cluster.TenonCluster(race.build, directory / "tenon", race.settings)
    etcd = etcd_cluster.EtcdCluster(race.etcd_server, directory / "etcd")
    turns = [("tenon", tenon, tenon_cluster.bench_of(race.build)), ("etcd", etcd, race.etcd_bench)]
    if number % 2 == 1:
        turns.reverse()
    found = {name: measure(system, program, race.shape, name) for name, system, program in turns}
    shutil.rmtree(directory)
    return Round(found["tenon"], found["etcd"], alone, of_three, busy)


def settings_of(arguments: argparse.Namespace) -> dict[str, str]:
    return dict(split_setting(one) for one in arguments.set)


def race(
    arguments: argparse.Namespace, build: Path, shape: LoadShape, directory: Path, record: Record
) -> list[Verdict]:
    """Raises Invalid."""
    settings = settings_of(arguments)
    etcd_server = etcd_cluster.find_server()
    say("building the load generator of etcd")
    etcd_bench = load_generator.build_etcd_bench(build / "compare")
    plan = Race(build, etcd_server, etcd_bench, directory, shape, settings)
    rounds = []
    for number in range(arguments.rounds):
        say(f"round {number + 1} of {arguments.rounds}")
        rounds.append(run_round(plan, number))
    conditions = {
        "Tenon": f"{build}, {tenon_cluster.check_build(build)}"
                 + "".join(f", {name}={value}" for name, value in settings.items()),
        "etcd": f"{etcd_cluster.version(etcd_server)}, default settings",
        "load": f"{arguments.rounds} rounds with empty disks each; {shape.duration_seconds:g} s a row; keys of "
                f"{shape.key_bytes} bytes, {shape.keys} of them, values of {shape.value_bytes} bytes, "
                f"{load_generator.CONNECTIONS} connections, to {shape.target}; "
                "one system at a time, the other not started",
    }  # fmt: skip
    return tell(rounds, conditions, record)


def tell(rounds: list[Round], conditions: dict[str, str], record: Record) -> list[Verdict]:
    """Prints what the rounds have shown, and keeps it. Raises Invalid."""
    invalid = why_invalid(rounds)
    found = verdicts(rounds)
    record.update(report.as_json(rounds, conditions, invalid, found))
    print(report.text(rounds, conditions), flush=True)
    return counted(found, invalid)


def counted(found: list[Verdict], invalid: list[str]) -> list[Verdict]:
    """The verdicts, if they count. Raises Invalid."""
    for reason in invalid:
        print(f"INVALID: {reason}")
    if invalid:
        raise Invalid
    return found


def conclude(found: list[Verdict], check: bool) -> int:
    """The exit code, and with --check what it follows from."""
    if not check:
        return 0
    print(report.verdict_lines(found))
    return 0 if all(one.passed for one in found) else EXIT_FAIL


def state(
    arguments: argparse.Namespace, build: Path, shape: LoadShape, directory: Path, record: Record
) -> list[Verdict]:
    plan = state_figures.Plan(build, directory, arguments.rounds, shape, settings_of(arguments), say)
    figures = state_figures.measure(plan)
    found = state_figures.verdicts(figures)
    record.update(state=asdict(figures), state_verdicts=[asdict(one) for one in found])
    print("\n" + state_figures.text(figures), flush=True)
    return found


def redis(
    arguments: argparse.Namespace, build: Path, shape: LoadShape, directory: Path, record: Record
) -> list[Verdict]:
    """Raises Invalid."""
    plan = state_figures.Plan(build, directory, arguments.rounds, shape, settings_of(arguments), say)
    figures = redis_figures.measure(plan)
    found = redis_figures.verdicts(figures)
    record.update(redis=redis_figures.as_json(figures), redis_verdicts=[asdict(one) for one in found])
    print("\n" + redis_figures.text(figures), flush=True)
    return counted(found, redis_figures.why_invalid(figures))


def web(
    arguments: argparse.Namespace, build: Path, shape: LoadShape, directory: Path, record: Record
) -> list[Verdict]:
    plan = state_figures.Plan(build, directory, arguments.rounds, shape, settings_of(arguments), say)
    figures = http_figures.measure(plan)
    found = http_figures.verdicts(figures)
    record.update(http=http_figures.as_json(figures), http_verdicts=[asdict(one) for one in found])
    print("\n" + http_figures.text(figures), flush=True)
    return found


def plugins(
    arguments: argparse.Namespace, build: Path, shape: LoadShape, directory: Path, record: Record
) -> list[Verdict]:
    plan = state_figures.Plan(build, directory, arguments.rounds, shape, settings_of(arguments), say)
    figures = plugin_figures.measure(plan)
    found = plugin_figures.verdicts(figures)
    record.update(plugins=asdict(figures), plugin_verdicts=[asdict(one) for one in found])
    print("\n" + plugin_figures.text(figures), flush=True)
    return found


def run(arguments: argparse.Namespace) -> int:
    check_arguments(arguments)
    parts = PARTS if arguments.part == "all" else (arguments.part,)
    if "race" in parts:
        etcd_cluster.find_server()
    if "redis" in parts:
        redis_figures.find_programs()
    if "http" in parts:
        http_figures.find_programs()
    build = arguments.build.resolve() if arguments.build else tenon_cluster.make_build()
    tenon_cluster.check_build(build)
    shape = LoadShape(arguments.key_bytes, arguments.value_bytes, arguments.keys, arguments.warmup, arguments.duration,
                      arguments.target)  # fmt: skip
    found: list[Verdict] = []
    record: Record = {}
    with tempfile.TemporaryDirectory(prefix="tenon-compare-", dir=arguments.dir.resolve()) as work:
        try:
            for name, one in (("race", race), ("redis", redis), ("http", web), ("plugins", plugins),
                              ("state", state)):  # fmt: skip
                if name in parts:
                    found += one(arguments, build, shape, Path(work), record)
        except Invalid:
            return EXIT_INVALID
        finally:
            if arguments.json is not None:
                arguments.json.write_text(json.dumps(record, indent=1) + "\n")
    return conclude(found, arguments.check)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(words: list[str]) -> int:
    arguments = parser().parse_args(words)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return run(arguments)
    except (CompareError, ClusterError, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print("compare: interrupted; what it had started is ended", file=sys.stderr)
        return EXIT_INTERRUPTED
