# SPDX-License-Identifier: MIT
"""SIGKILL of the leader under one client that writes every millisecond, again and again.

The outage of a trial is the longest time between two acknowledgements from the last one before the kill on. Every write
has a key of its own, so that in the end each acknowledged one has to be there through every node, and each refused one
nowhere.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from cluster_lib.cluster import Cluster
from cluster_lib.errors import ClusterError
from cluster_lib.node_config import HOST, Choices, plan_on_free_ports, split_setting
from cluster_lib.state_file import ClusterState, NodeState
from cluster_lib.thrift_client import SURELY_NOT_APPLIED, Answered, Connection, NoAnswer, Unreachable

WRITE_INTERVAL_SECONDS = 0.001
CLIENT_TIMEOUT_SECONDS = 1.0
WRITES_BEFORE = 100  # acknowledged, before the leader is killed
WRITES_AFTER = 100  # acknowledged after the kill, before the trial ends
RECOVERY_SECONDS = 60.0  # beyond which a trial has failed
OUTAGE_P99_MS = 800.0
SETTINGS = {
    "raft.heartbeat_interval": "30ms",
    "raft.election_timeout_min": "150ms",
    "raft.election_timeout_max": "300ms",
}


@dataclass
class Outcomes:
    """Of the writes of one trial. Only the writer's thread changes it."""

    acknowledged: list[tuple[bytes, float]] = field(default_factory=list)  # with the moment
    refused: list[bytes] = field(default_factory=list)
    unknown: list[bytes] = field(default_factory=list)


class Writer(threading.Thread):
    """One client. It holds to a node for as long as that answers, and then goes on to the next."""

    def __init__(self, ports: list[int], prefix: bytes, first: int) -> None:
        super().__init__(daemon=True)
        self.ports = ports
        self.prefix = prefix
        self.position = first
        self.connection: Connection | None = None
        self.outcomes = Outcomes()
        self.stopping = threading.Event()

    def run(self) -> None:
        number = 0
        due = time.monotonic()
        while not self.stopping.is_set():
            number += 1
            self.write(self.prefix + b"%08d" % number)
            due = max(due + WRITE_INTERVAL_SECONDS, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
        self.leave()

    def write(self, key: bytes) -> None:
        try:
            if self.connection is None:
                self.connection = Connection(HOST, self.ports[self.position], CLIENT_TIMEOUT_SECONDS)
            self.connection.put(key, b"value of " + key)
            self.outcomes.acknowledged.append((key, time.monotonic()))
        except Unreachable:
            self.outcomes.refused.append(key)
            self.leave()
        except NoAnswer:
            self.outcomes.unknown.append(key)
            self.leave()
        except Answered as error:
            if error.outcome in SURELY_NOT_APPLIED:
                self.outcomes.refused.append(key)
            else:
                self.outcomes.unknown.append(key)
            # A node that cannot write may be the one that has lost its leader.
            self.leave()

    def leave(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None
        self.position = (self.position + 1) % len(self.ports)

    def wait_for(self, count: int, timeout_seconds: float) -> None:
        """Until `count` writes are acknowledged."""
        deadline = time.monotonic() + timeout_seconds
        while len(self.outcomes.acknowledged) < count:
            if time.monotonic() > deadline:
                raise ClusterError(f"found {len(self.outcomes.acknowledged)} acknowledged writes after "
                                   f"{timeout_seconds:g} s, expected {count}")
            time.sleep(WRITE_INTERVAL_SECONDS)


class Trials:
    def __init__(self, cluster: Cluster, moments: random.Random) -> None:
        self.cluster = cluster
        self.moments = moments
        self.ports = [node.plan.api_ports["thrift"] for node in cluster.state.nodes]
        self.outcomes: list[Outcomes] = []
        self.outages_ms: list[float] = []

    def run_one(self) -> None:
        leader = self.cluster.state.node(self.cluster.wait_for_leader(RECOVERY_SECONDS))
        writer = Writer(self.ports, b"trial-%04d-" % len(self.outcomes), self.moments.randrange(len(self.ports)))
        self.outcomes.append(writer.outcomes)
        writer.start()
        try:
            writer.wait_for(WRITES_BEFORE, RECOVERY_SECONDS)
            time.sleep(self.moments.uniform(0.0, 0.1))
            before = len(writer.outcomes.acknowledged)
            self.cluster.kill([leader])
            # One answer may have been on its way already.
            writer.wait_for(before + WRITES_AFTER, RECOVERY_SECONDS)
        finally:
            writer.stopping.set()
            writer.join()
        times = [moment for _, moment in writer.outcomes.acknowledged[before - 1 :]]
        self.outages_ms.append(max(later - earlier for earlier, later in zip(times, times[1:])) * 1000)
        self.cluster.launch(leader)
        self.cluster.wait_for_answers([leader], RECOVERY_SECONDS)

    def check(self) -> list[str]:
        """What is wrong with what the nodes have in the end; each is asked."""
        self.cluster.wait_for_leader(RECOVERY_SECONDS)
        findings = []
        for node in self.cluster.state.nodes:
            with Connection(HOST, node.plan.api_ports["thrift"], 10.0) as connection:
                found = connection.scan(b"trial-")
            for outcomes in self.outcomes:
                for key, _ in outcomes.acknowledged:
                    if found.get(key) != b"value of " + key:
                        findings.append(f"node {node.plan.id}: {key.decode()} was acknowledged and is lost")
                for key in outcomes.refused:
                    if key in found:
                        findings.append(f"node {node.plan.id}: {key.decode()} was refused and is there")
        return findings


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that is not below this share of the values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="failover", description="Measures the write outage when a leader is killed.")
    made.add_argument("--trials", type=int, default=50, metavar="N", help="how many (50)")
    made.add_argument("--check", action="store_true", help=f"fails when the p99 is above {OUTAGE_P99_MS:g} ms")
    made.add_argument("--build", type=Path, metavar="DIR", help="the build directory (build/ of this checkout)")
    made.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="as in tools/cluster")
    made.add_argument("--seed", type=int, help="of the moments; printed first")
    made.add_argument("--json", action="store_true", help="prints the result as one line of JSON")
    return made


def measure(arguments: argparse.Namespace, directory: Path, seed: int) -> tuple[Trials, list[str]]:
    build = (arguments.build or Path(__file__).resolve().parents[2] / "build").resolve()
    settings = {**SETTINGS, **dict(split_setting(text) for text in arguments.set)}
    base_port, plans = plan_on_free_ports(Choices())
    nodes = [NodeState(one) for one in plans]
    cluster = Cluster(directory, ClusterState(str(build), "failover", base_port, settings, nodes))
    trials = Trials(cluster, random.Random(seed))
    try:
        for node in nodes:
            cluster.launch(node)
        cluster.wait_for_answers(nodes, RECOVERY_SECONDS)
        for number in range(arguments.trials):
            trials.run_one()
            print(f"trial {number + 1}: {trials.outages_ms[-1]:.0f} ms", file=sys.stderr, flush=True)
        return trials, trials.check()
    except ClusterError as error:
        raise ClusterError(f"{error}{''.join(cluster.log_end(node) for node in nodes)}") from error
    finally:
        cluster.end_children()


def report(arguments: argparse.Namespace, trials: Trials, findings: list[str]) -> bool:
    outages = trials.outages_ms
    result = {
        "trials": len(outages),
        "p50_ms": round(percentile(outages, 50)),
        "p99_ms": round(percentile(outages, 99)),
        "max_ms": round(max(outages)),
        "acknowledged": sum(len(one.acknowledged) for one in trials.outcomes),
        "refused": sum(len(one.refused) for one in trials.outcomes),
        "unknown": sum(len(one.unknown) for one in trials.outcomes),
        "wrong": len(findings),
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        print("write outage in {trials} trials: p50 {p50_ms} ms, p99 {p99_ms} ms, max {max_ms} ms".format(**result))
        print("{acknowledged} acknowledged, {refused} refused, {unknown} unknown, {wrong} wrong".format(**result))
    for finding in findings[:20]:
        print(f"failover: {finding}", file=sys.stderr)
    is_fast = percentile(outages, 99) <= OUTAGE_P99_MS
    if arguments.check:
        word = "ok" if is_fast else "too slow"
        print(f"p99 at most {OUTAGE_P99_MS:g} ms: {word}", file=sys.stderr if arguments.json else sys.stdout)
    return not findings and (is_fast or not arguments.check)


def main(words: list[str]) -> int:
    arguments = parser().parse_args(words)
    if arguments.trials < 1:
        print(f"failover: --trials: found {arguments.trials}, expected 1 or more", file=sys.stderr)
        return 2
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}", file=sys.stderr, flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="tenon-failover-") as directory:
            return 0 if report(arguments, *measure(arguments, Path(directory), seed)) else 1
    except ClusterError as error:
        print(f"failover: {error}", file=sys.stderr)
        return 1
