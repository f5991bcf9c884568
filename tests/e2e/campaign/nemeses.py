# SPDX-License-Identifier: MIT
"""What a campaign does to its nodes. Each fault is begun, lasts for a while and is ended; what it needs, nodes or the
network, no other fault has meanwhile."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from namespaces import ways_between
from nodes import CampaignCluster, CampaignNode

from tenon_kv.ttypes import TransferLeadershipRequest

NETWORK = 0  # as a thing that a fault needs; the others are nodes
BALLAST_STEPS = (16 << 20, 1 << 20, 64 << 10, 4 << 10)
ROOM_SECONDS = 1.0
Things = frozenset[int]


@dataclass
class Scene:
    """Where a fault takes place."""

    cluster: CampaignCluster
    moments: random.Random
    taken: Things  # by another fault

    def free(self) -> list[int]:
        return [number for number in self.cluster.nodes if number not in self.taken]

    def one(self) -> list[int]:
        return [self.moments.choice(self.free())]

    def leader(self) -> list[int]:
        """Or another, when it is taken or nobody leads."""
        leader = self.cluster.leader()
        return [leader] if leader in self.free() else self.one()

    def all(self) -> list[int]:
        return list(self.cluster.nodes)

    def nobody(self) -> list[int]:
        return []


@dataclass
class Fault:
    kind: str
    choose: Callable[[Scene], list[int]]  # the nodes that it needs
    begin: Callable[[Scene, list[int]], AbstractContextManager[None]]
    seconds: tuple[float, float]  # how long it lasts, evenly in the logarithm
    needs_network: bool = False
    needs_disk: bool = False

    def things(self, nodes: list[int]) -> Things:
        return frozenset([*nodes, NETWORK] if self.needs_network else nodes)


@contextmanager
def killed(scene: Scene, nodes: list[int]) -> Iterator[None]:
    scene.cluster.kill(*nodes)
    yield
    scene.cluster.start(*nodes)


@contextmanager
def stopped(scene: Scene, nodes: list[int]) -> Iterator[None]:
    for number in nodes:
        code = scene.cluster.nodes[number].stop()
        assert code == 0, f"node {number} ended with the code {code} when it was asked to stop"
    yield
    scene.cluster.start(*nodes)


@contextmanager
def paused(scene: Scene, nodes: list[int]) -> Iterator[None]:
    for number in nodes:
        scene.cluster.nodes[number].send(signal.SIGSTOP)
    yield
    for number in nodes:
        scene.cluster.nodes[number].send(signal.SIGCONT)


@contextmanager
def cut(scene: Scene, ways: list[tuple[int, int]]) -> Iterator[None]:
    network = scene.cluster.network
    assert network is not None
    network.cut(ways)
    yield
    network.heal(ways)


def isolated(scene: Scene, nodes: list[int]) -> AbstractContextManager[None]:
    return cut(scene, ways_between(nodes, set(scene.cluster.nodes) - set(nodes)))


def halved(scene: Scene, _: list[int]) -> AbstractContextManager[None]:
    numbers = scene.all()
    scene.moments.shuffle(numbers)
    half = scene.moments.randrange(1, len(numbers))
    return cut(scene, ways_between(numbers[:half], numbers[half:]))


def parted(scene: Scene, _: list[int]) -> AbstractContextManager[None]:
    """Two nodes that reach all but each other."""
    one, other = scene.moments.sample(scene.all(), 2)
    return cut(scene, ways_between([one], [other]))


def deafened(scene: Scene, nodes: list[int]) -> AbstractContextManager[None]:
    """A node that hears nobody, or that nobody hears, or both of it for one other node only."""
    others = [number for number in scene.all() if number not in nodes]
    if scene.moments.random() < 0.3:
        others = [scene.moments.choice(others)]
    ways = [(node, other) for node in nodes for other in others]
    return cut(scene, ways if scene.moments.random() < 0.5 else [(other, node) for node, other in ways])


@contextmanager
def slow_link(scene: Scene, nodes: list[int]) -> Iterator[None]:
    network = scene.cluster.network
    assert network is not None
    rate = scene.moments.choice(["256kbit", "1mbit", "4mbit"])
    for number in nodes:
        network.slow(number, rate)
    yield
    for number in nodes:
        network.quicken(number)


@contextmanager
def suffering(scene: Scene, nodes: list[int], settings: dict[str, str | None]) -> Iterator[None]:
    """Begins and ends with a kill, for what a node suffers is read at its start."""
    scene.cluster.kill(*nodes)
    scene.cluster.start(*nodes, settings=settings)
    yield
    scene.cluster.kill(*nodes)
    scene.cluster.start(*nodes)


def slow_disk(scene: Scene, nodes: list[int]) -> AbstractContextManager[None]:
    delay = scene.moments.choice([5, 50, 200, 400])
    percent = scene.moments.choice([10, 50, 100])
    return suffering(scene, nodes, {"fault.storage_sync_delay": f"{delay}ms",
                                    "fault.storage_sync_delay_percent": str(percent)})  # fmt: skip


def hanging_disk(scene: Scene, nodes: list[int]) -> AbstractContextManager[None]:
    at_write, milliseconds = scene.moments.randrange(1, 500), scene.moments.randrange(500, 5_000)
    return suffering(scene, nodes, {"fault.storage_stall_at_write": str(at_write),
                                    "fault.storage_stall_time": f"{milliseconds}ms"})  # fmt: skip


@contextmanager
def full_disk(scene: Scene, nodes: list[int]) -> Iterator[None]:
    victims = [scene.cluster.nodes[number] for number in nodes]
    for victim in victims:
        victim.may_run_out_of_room = True
        fill(disk_of(victim) / "ballast", leave_bytes=scene.moments.choice([0, 0, 256 << 10, 2 << 20]))
    yield
    for victim in victims:
        (disk_of(victim) / "ballast").unlink()
    time.sleep(ROOM_SECONDS)  # what has failed before that may end a node a little later
    for victim in victims:
        if victim.has_run_out_of_room():
            scene.cluster.start(victim.number)
        victim.may_run_out_of_room = False


def disk_of(node: CampaignNode) -> Path:
    assert node.disk is not None
    return node.disk.mount_point


def fill(ballast: Path, leave_bytes: int) -> None:
    """Takes all the room there is, less what is to be left."""
    with ballast.open("wb") as file:
        size = 0
        for step in BALLAST_STEPS:
            try:
                while True:
                    os.posix_fallocate(file.fileno(), size, step)
                    size += step
            except OSError:
                pass
        file.truncate(max(0, size - leave_bytes))


@contextmanager
def power_cut(scene: Scene, nodes: list[int]) -> Iterator[None]:
    victims = [scene.cluster.nodes[number] for number in nodes]
    for victim in victims:
        victim.is_up = False  # it may end when its disk fails
        assert victim.disk is not None
        victim.disk.cut_power()
    yield
    scene.cluster.kill(*nodes)
    for victim in victims:
        assert victim.disk is not None
        victim.disk.restore_power()
    scene.cluster.start(*nodes)


@contextmanager
def handed_over(scene: Scene, _: list[int]) -> Iterator[None]:
    leader = scene.cluster.leader()
    if leader is not None:
        try:
            with scene.cluster.nodes[leader].client() as client:
                client.cluster.transferLeadership(
                    TransferLeadershipRequest(target=scene.moments.choice([0, *scene.cluster.nodes]))
                )
        except Exception:  # noqa: BLE001  it leads no more, or cannot be reached
            pass
    yield


FAULTS = [
    Fault("kill one", Scene.one, killed, (0.05, 4)),
    Fault("kill the leader", Scene.leader, killed, (0.05, 4)),
    Fault("kill all", Scene.all, killed, (0.05, 1)),
    Fault("stop one", Scene.one, stopped, (0.05, 2)),
    Fault("pause one", Scene.one, paused, (0.05, 10)),
    Fault("pause the leader", Scene.leader, paused, (0.05, 10)),
    Fault("isolate one", Scene.one, isolated, (0.2, 8), needs_network=True),
    Fault("isolate the leader", Scene.leader, isolated, (0.2, 8), needs_network=True),
    Fault("split in two", Scene.nobody, halved, (0.2, 8), needs_network=True),
    Fault("part two", Scene.nobody, parted, (0.2, 8), needs_network=True),
    Fault("cut one way", Scene.one, deafened, (0.2, 8), needs_network=True),
    Fault("slow link", Scene.one, slow_link, (1, 8), needs_network=True),
    Fault("slow disk", Scene.one, slow_disk, (1, 8)),
    Fault("hanging disk", Scene.one, hanging_disk, (2, 8)),
    Fault("full disk", Scene.one, full_disk, (3, 12), needs_disk=True),
    Fault("full disks", Scene.all, full_disk, (3, 10), needs_disk=True),
    Fault("power cut of one", Scene.one, power_cut, (0.05, 3), needs_disk=True),
    Fault("power cut of all", Scene.all, power_cut, (0.05, 1), needs_disk=True),
    Fault("hand over", Scene.nobody, handed_over, (0.05, 1)),
]
