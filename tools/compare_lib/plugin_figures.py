# SPDX-License-Identifier: MIT
"""Tenon's own plugins beside each other: the same cluster with another storage or another transport, in turn, and how
long heartbeats take on each transport while an image of 1 GiB goes to the same peer."""

from __future__ import annotations

import math
import shutil
import subprocess
from dataclasses import dataclass, field

from cluster_lib.state_file import NodeState
from compare_lib import load_generator, state_figures
from compare_lib.errors import CompareError
from compare_lib.figures import WRITE_1, WRITE_64, Measured, Row, Verdict, median, spread
from compare_lib.report import align, latency, per_second
from compare_lib.state_figures import Plan, Running
from compare_lib.tenon_cluster import TenonCluster

ROWS = (WRITE_1, WRITE_64)
TRANSPORT_RATIO_MIN = 0.9
# A tenth of the default of raft.election_timeout_min.
HEARTBEAT_P99_SECONDS_MAX = 0.05
HEARTBEAT_METRIC = "tenon_raft_heartbeat_duration_seconds"
METRICS_SECONDS = 10.0


@dataclass(frozen=True)
class Combination:
    storage: str
    transport: str

    def name(self) -> str:
        return f"{self.storage}, {self.transport}"


USUAL = Combination("filewal", "thrift")
OTHER_STORAGE = Combination("leveldb", "thrift")
OTHER_TRANSPORT = Combination("filewal", "websocket")
COMBINATIONS = (USUAL, OTHER_STORAGE, OTHER_TRANSPORT)


@dataclass(frozen=True)
class Heartbeats:
    """Those that one follower has answered during a transfer."""

    within: dict[float, int]  # by seconds: how many took at most so long
    count: int
    transfer_seconds: float

    def p99_seconds(self) -> float:
        """The least bound below which 99 in 100 stay."""
        return next((bound for bound, count in sorted(self.within.items()) if 100 * count >= 99 * self.count), math.inf)


@dataclass
class PluginFigures:
    loads: dict[str, list[dict[str, Measured]]] = field(default_factory=dict)  # by combination, round and row
    heartbeats: dict[str, Heartbeats] = field(default_factory=dict)  # by transport

    def of(self, combination: Combination, row: Row, figure: str) -> list[float]:
        return [float(getattr(one[row.name], figure)) for one in self.loads[combination.name()]]

    def ratio(self, combination: Combination, row: Row) -> float:
        """Of the medians, to the usual combination."""
        usual = median(self.of(USUAL, row, "per_second"))
        if usual <= 0:
            raise CompareError(f"found that {USUAL.name()} did nothing under '{row.name}', expected operations")
        return median(self.of(combination, row, "per_second")) / usual

    def errors(self) -> int:
        every = [one for rounds in self.loads.values() for found in rounds for one in found.values()]
        return sum(count for one in every for count in one.errors.values())


def check_plugins(plan: Plan) -> None:
    for name in ("storage-filewal", "storage-leveldb", "transport-thrift", "transport-websocket"):
        plugin = plan.build / "plugins" / f"tenon-{name}.so"
        if not plugin.is_file():
            raise CompareError(f"found no {plugin}, expected a build with it; run `ninja -C {plan.build} product`")


def measure_load(plan: Plan, combination: Combination) -> dict[str, Measured]:
    directory = plan.directory / "plugins"
    system = TenonCluster(plan.build, directory, plan.settings, storage=combination.storage,
                          transport=combination.transport)  # fmt: skip
    try:
        system.start()
        load_generator.fill(plan.bench(), system.endpoints(), plan.shape)
        found = {row.name: load_generator.run(plan.bench(), system.endpoints(), row, plan.shape) for row in ROWS}
    finally:
        system.stop()
        shutil.rmtree(directory, ignore_errors=True)
    told = ", ".join(f"{row.name}: {found[row.name].per_second:.0f}/s" for row in ROWS)
    plan.say(f"  {combination.name()}: {told}")
    return found


def measure_loads(plan: Plan, figures: PluginFigures) -> None:
    """The one that begins changes with the round."""
    for number in range(plan.rounds):
        plan.say(f"plugins, round {number + 1} of {plan.rounds}")
        begin = number % len(COMBINATIONS)
        for combination in COMBINATIONS[begin:] + COMBINATIONS[:begin]:
            figures.loads.setdefault(combination.name(), []).append(measure_load(plan, combination))


def parse_heartbeats(text: str, peer: int) -> tuple[dict[float, int], int]:
    """From what a node counts: how many answers of the peer took at most so many seconds, and how many there were."""
    within: dict[float, int] = {}
    count = 0
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if f'peer="{peer}"' not in name:
            continue
        if name.startswith(f"{HEARTBEAT_METRIC}_bucket{{"):
            bound = float(name.partition('le="')[2].partition('"')[0])
            if bound != math.inf:
                within[bound] = int(float(value))
        elif name.startswith(f"{HEARTBEAT_METRIC}_count{{"):
            count = int(float(value))
    return within, count


def answered(running: Running, leader: NodeState, peer: int) -> tuple[dict[float, int], int]:
    endpoint = f"127.0.0.1:{leader.plan.api_ports['thrift']}"
    words = [str(running.plan.build / "tools/tenonctl/tenonctl"), "--endpoints", endpoint, "metrics"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=METRICS_SECONDS, check=False)
    if done.returncode != 0:
        raise CompareError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return parse_heartbeats(done.stdout, peer)


def difference(before: tuple[dict[float, int], int], after: tuple[dict[float, int], int], seconds: float) -> Heartbeats:
    within = {bound: count - before[0].get(bound, 0) for bound, count in after[0].items()}
    found = Heartbeats(within, after[1] - before[1], seconds)
    if found.count <= 0:
        raise CompareError("found no heartbeat that was answered during the transfer, expected some; run again")
    return found


def measure_heartbeats(plan: Plan, transport: str) -> Heartbeats:
    with state_figures.big_state(plan, "heartbeats", transport) as running:
        leader = running.leader()
        late = state_figures.late_node(running)
        wanted = running.applied(leader)
        before = answered(running, leader, late.plan.id)
        running.cluster.launch(late)
        seconds = state_figures.wait_for_image(running, late, wanted)
        if running.leader() is not leader:
            raise CompareError("found another leader after the transfer than before, expected the same; run again")
        found = difference(before, answered(running, leader, late.plan.id), seconds)
    plan.say(f"  {transport}: 99 of 100 of {found.count} heartbeats within {found.p99_seconds() * 1000:g} ms")
    return found


def measure(plan: Plan) -> PluginFigures:
    check_plugins(plan)
    figures = PluginFigures()
    measure_loads(plan, figures)
    for combination in (USUAL, OTHER_TRANSPORT):
        plan.say(f"heartbeats while 1 GiB of image flows to the same peer over {combination.transport}")
        figures.heartbeats[combination.transport] = measure_heartbeats(plan, combination.transport)
    return figures


def verdicts(figures: PluginFigures) -> list[Verdict]:
    found = []
    for row in ROWS:
        ratio = figures.ratio(OTHER_TRANSPORT, row)
        found.append(Verdict(f"{row.name}: {OTHER_TRANSPORT.transport} to {USUAL.transport}", f"{ratio:.2f}",
                             f">= {TRANSPORT_RATIO_MIN:g}", ratio >= TRANSPORT_RATIO_MIN))  # fmt: skip
    for transport, heartbeats in figures.heartbeats.items():
        p99 = heartbeats.p99_seconds()
        found.append(Verdict(f"heartbeat p99 over {transport} while 1 GiB of image flows to the same peer",
                             f"<= {p99 * 1000:g} ms", f"<= {HEARTBEAT_P99_SECONDS_MAX * 1000:g} ms",
                             p99 <= HEARTBEAT_P99_SECONDS_MAX))  # fmt: skip
    failed = figures.errors()
    found.append(Verdict("requests that no combination of plugins served", str(failed), "0", failed == 0))
    return found


def text(figures: PluginFigures) -> str:
    lines = [["", "ops/s (range)", "p50 ms", "p99 ms", f"to {USUAL.name()}"]]
    for row in ROWS:
        for combination in COMBINATIONS:
            lines.append([
                f"{row.name}: {combination.name()}",
                per_second(spread(figures.of(combination, row, "per_second"))),
                latency(median(figures.of(combination, row, "p50_us"))),
                latency(median(figures.of(combination, row, "p99_us"))),
                f"{figures.ratio(combination, row):.2f}",
            ])  # fmt: skip
    parts = [align(lines)]
    for transport, heartbeats in figures.heartbeats.items():
        parts.append(f"heartbeats over {transport} while an image of 1 GiB went to the same peer in "
                     f"{heartbeats.transfer_seconds:.1f} s: 99 of 100 of {heartbeats.count} were answered within "
                     f"{heartbeats.p99_seconds() * 1000:g} ms")  # fmt: skip
    return "\n".join(parts)
