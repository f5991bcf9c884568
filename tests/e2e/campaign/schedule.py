# SPDX-License-Identifier: MIT
"""When which fault begins and ends: drawn from a seed, now and then two at once, and every kind as often as any other.
Who is the leader, and how quick the machine is, no seed decides: a seed repeats the plan and not the run."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from clients import Clients
from nemeses import Fault, Scene, Things
from nodes import CampaignCluster

SECOND_FAULT_CHANCE = 0.3
REST_SECONDS = (0.1, 2.5)
SERVICE_SECONDS = 60.0  # after the last fault has ended, until operations are done again
OPERATIONS_OF_SERVICE = 50


@dataclass
class Running:
    kind: str
    things: Things
    context: AbstractContextManager[None]
    ends: float


class Schedule:
    """Keeps a file of what was done when, on the clock of the history."""

    def __init__(self, cluster: CampaignCluster, clients: Clients, faults: list[Fault], seed: int, file: Path) -> None:
        self.cluster = cluster
        self.clients = clients
        self.faults = faults
        self.moments = random.Random(seed)
        self.file = file
        self.deck: list[Fault] = []
        self.counts: Counter[str] = Counter({fault.kind: 0 for fault in faults})
        self.twos = 0
        self.longest_wait = 0.0

    def run_round(self) -> None:
        """One fault, or two, and then service again."""
        running = [self.begin(self.next_fault(), frozenset())]
        if self.moments.random() < SECOND_FAULT_CHANCE:
            time.sleep(self.moments.uniform(0.0, 1.0))
            self.begin_second(running)
        for one in sorted(running, key=lambda one: one.ends):
            time.sleep(max(0.0, one.ends - time.monotonic()))
            self.say(f"end {one.kind}")
            one.context.__exit__(None, None, None)
            self.cluster.check_alive()
        self.wait_for_service()
        time.sleep(self.moments.uniform(*REST_SECONDS))
        self.cluster.check_alive()

    def next_fault(self) -> Fault:
        if not self.deck:
            self.deck = list(self.faults)
            self.moments.shuffle(self.deck)
        return self.deck.pop()

    def begin(self, fault: Fault, taken: Things) -> Running:
        scene = Scene(self.cluster, self.moments, taken)
        nodes = fault.choose(scene)
        return self.begin_on(fault, scene, nodes)

    def begin_on(self, fault: Fault, scene: Scene, nodes: list[int]) -> Running:
        shortest, longest = fault.seconds
        seconds = math.exp(self.moments.uniform(math.log(shortest), math.log(longest)))
        self.say(f"begin {fault.kind} {nodes} for {seconds:.2f} s")
        context = fault.begin(scene, nodes)
        context.__enter__()
        self.counts[fault.kind] += 1
        return Running(fault.kind, fault.things(nodes), context, time.monotonic() + seconds)

    def begin_second(self, running: list[Running]) -> None:
        """When what the next fault needs is free; else it comes later."""
        taken = running[0].things
        fault = self.next_fault()
        scene = Scene(self.cluster, self.moments, taken)
        nodes = fault.choose(scene) if scene.free() else self.cluster.nodes
        if fault.things(list(nodes)) & taken:
            self.deck.insert(0, fault)
            return
        running.append(self.begin_on(fault, scene, list(nodes)))
        self.twos += 1

    def wait_for_service(self) -> None:
        began, done = time.monotonic(), self.clients.done
        while self.clients.done < done + OPERATIONS_OF_SERVICE:
            self.clients.check_alive()
            self.cluster.check_alive()
            if time.monotonic() - began > SERVICE_SECONDS:
                raise AssertionError(f"no service for {SERVICE_SECONDS:g} s after all faults had ended")
            time.sleep(0.05)
        self.longest_wait = max(self.longest_wait, time.monotonic() - began)

    def say(self, text: str) -> None:
        with self.file.open("a") as file:
            file.write(f"{time.monotonic_ns()} {text}\n")
