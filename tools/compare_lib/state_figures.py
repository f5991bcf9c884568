# SPDX-License-Identifier: MIT
"""What a large state costs Tenon: images of it while writes go on, a restart with it, the replay of a log, its transfer
to an empty node, and the expiry of many keys at once. Tenon alone, against itself: each cost is told as a multiple of
what the same cluster did without, or against a bound."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from cluster_lib.cluster import Cluster
from cluster_lib.state_file import NodeState
from compare_lib import load_generator
from compare_lib.errors import CompareError
from compare_lib.figures import WRITE_64, Measured, Row, Verdict, median
from compare_lib.load_generator import LoadShape
from compare_lib.tenon_cluster import TenonCluster, bench_of

KEYS = 1_000_000
VALUE_BYTES = 100
EXPIRING_KEYS = 100_000
EXPIRING_KEY_BYTES = 24  # others than those of the load
EXPIRY_SECONDS = 12.0  # after the filling of those keys began
TRANSFER_VALUE_BYTES = 256 << 10
TRANSFER_KEYS = 4096  # 1 GiB with those values
WAIT_SECONDS = 300.0
QUIET_SECONDS = 3.0  # for what a node frees behind its work
POLL_SECONDS = 0.02
MIB = 1 << 20

P99_RATIO_MAX = 2.0
RESTART_SECONDS_MAX = 4.0
REPLAY_PER_SECOND_MIN = 400_000.0
TRANSFER_BYTES_MAX = 64 * MIB

# Images when they are asked for, and no others.
NO_IMAGES = {"snapshot.log_bytes": "1024GiB"}
# Early and as fast as can be, for what is measured is what comes after them.
QUICK_IMAGES = {"snapshot.log_bytes": "64MiB", "snapshot.take_bytes_per_second": "0"}


@dataclass
class StateFigures:
    """Of each round."""

    alone: list[Measured] = field(default_factory=list)
    with_images: list[Measured] = field(default_factory=list)
    images_taken: int = 0  # in all of with_images, by all nodes, each one after the other
    restart_seconds: list[float] = field(default_factory=list)
    replay_commands: int = 0
    replay_entries: int = 0
    replay_seconds: list[float] = field(default_factory=list)
    transfer_bytes: int = 0  # of the image, as stored
    transfer_seconds: float = 0.0
    transfer_state_bytes: int = 0  # of the leader's memory before it
    sender_bytes: int = 0  # of memory beyond the steady state
    receiver_bytes: int = 0
    without_expiry: list[Measured] = field(default_factory=list)
    with_expiry: list[Measured] = field(default_factory=list)

    def image_ratios(self) -> list[float]:
        return [during.p99_us / alone.p99_us for during, alone in zip(self.with_images, self.alone)]

    def expiry_ratios(self) -> list[float]:
        return [during.p99_us / alone.p99_us for during, alone in zip(self.with_expiry, self.without_expiry)]

    def replay_per_second(self) -> float:
        return self.replay_commands / median(self.replay_seconds)


@dataclass(frozen=True)
class Plan:
    build: Path
    directory: Path
    rounds: int
    shape: LoadShape
    settings: dict[str, str]
    say: Callable[[str], None]

    def bench(self) -> Path:
        return bench_of(self.build)


def wait_until(done: Callable[[], bool], what: str) -> float:
    """How long it took, in seconds."""
    begin = time.monotonic()
    while not done():
        if time.monotonic() - begin > WAIT_SECONDS:
            raise CompareError(f"{what} did not happen within {WAIT_SECONDS:g} s")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - begin


class Running:
    """A cluster of Tenon for one of the figures; with fewer nodes started than it has, when that is wanted."""

    def __init__(
        self,
        plan: Plan,
        name: str,
        settings: dict[str, str],
        nodes: int = 3,
        started: int = 3,
        transport: str = "thrift",
    ) -> None:
        self.plan = plan
        self.directory = plan.directory / name
        self.image_bytes = 0  # of big_state()
        self.system = TenonCluster(plan.build, self.directory, {**settings, **plan.settings}, nodes, started,
                                   transport=transport)  # fmt: skip

    def __enter__(self) -> Running:
        self.system.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.system.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def cluster(self) -> Cluster:
        assert self.system.cluster is not None
        return self.system.cluster

    def nodes(self) -> list[NodeState]:
        return self.cluster.state.nodes

    def leader(self) -> NodeState:
        leader = self.cluster.wait_for_leader(WAIT_SECONDS)
        return next(node for node in self.nodes() if node.plan.id == leader)

    def follower(self) -> NodeState:
        leader = self.leader()
        return next(node for node in self.cluster.running() if node is not leader)

    def endpoints(self) -> list[str]:
        return [f"127.0.0.1:{node.plan.api_ports['thrift']}" for node in self.cluster.running()]

    def fill(self, shape: LoadShape, *flags: str, clients: int = 256) -> None:
        row = Row("fill", "put", clients)
        load_generator.only_fill(self.plan.bench(), self.endpoints(), shape, row, *flags)

    def load(self, shape: LoadShape) -> Measured:
        return load_generator.run(self.plan.bench(), self.endpoints(), WRITE_64, shape)

    def tenonctl(self, words: list[str], endpoints: list[str]) -> list[dict[str, str]]:
        """What each endpoint says; of one that does not answer the error."""
        command = [str(self.plan.build / "tools/tenonctl/tenonctl"), "--endpoints", ",".join(endpoints), "-o", "json",
                   "--timeout", f"{WAIT_SECONDS:g}s", *words]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False)
        try:
            return list(json.loads(done.stdout)["nodes"])
        except (ValueError, KeyError) as error:
            raise CompareError(f"found {done.stdout[:200]!r} and {done.stderr.strip()[-500:]!r} from "
                               f"{' '.join(command)}, expected its JSON") from error  # fmt: skip

    def take_image(self, endpoint: str) -> int:
        """Its size; returns when it is there."""
        (said,) = self.tenonctl(["snapshot", "create"], [endpoint])
        if "bytes" not in said:
            raise CompareError(f"{endpoint} took no image: {said.get('error', 'it did not say why')}")
        return int(said["bytes"])

    def status(self, node: NodeState, name: str) -> int:
        """-1: the node does not answer."""
        (said,) = self.tenonctl(["status"], [f"127.0.0.1:{node.plan.api_ports['thrift']}"])
        return int(said[name]) if name in said else -1

    def applied(self, node: NodeState) -> int:
        return self.status(node, "applied_index")

    def keys(self) -> int:
        return self.status(self.leader(), "keys")

    def restart(self, node: NodeState) -> float:
        """Kills it, and tells how long it takes from its start until it has applied what it had applied."""
        before = self.applied(node)
        self.cluster.kill([node])
        self.cluster.launch(node)
        return wait_until(lambda: self.applied(node) >= before, "a restart")


class ImageTakers:
    """Has every node take one image after the other."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.stopping = threading.Event()
        self.taken = 0
        self.threads = [threading.Thread(target=self.run, args=(one,)) for one in running.endpoints()]

    def run(self, endpoint: str) -> None:
        while not self.stopping.is_set():
            self.running.take_image(endpoint)
            self.taken += 1

    def __enter__(self) -> ImageTakers:
        for one in self.threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for one in self.threads:
            one.join()


def memory_bytes(node: NodeState, name: str) -> int:
    """VmRSS, or VmHWM, the most that it was."""
    assert node.process is not None
    for line in Path(f"/proc/{node.process.pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise CompareError(f"found no {name} of process {node.process.pid}, expected it in /proc")


def forget_most(node: NodeState) -> None:
    """From now on VmHWM is the most since now."""
    assert node.process is not None
    Path(f"/proc/{node.process.pid}/clear_refs").write_text("5")


def measure_images_and_restart(plan: Plan, figures: StateFigures) -> None:
    shape = replace(plan.shape, keys=KEYS, value_bytes=VALUE_BYTES)
    with Running(plan, "images", NO_IMAGES) as running:
        plan.say(f"  writing {KEYS} keys")
        running.fill(shape, "--incompressible")
        for _ in range(plan.rounds):
            figures.alone.append(running.load(shape))
            with ImageTakers(running) as takers:
                figures.with_images.append(running.load(shape))
            figures.images_taken += takers.taken
            plan.say(f"  p99 {figures.alone[-1].p99_us / 1000:.2f} ms, with images taken "
                     f"{figures.with_images[-1].p99_us / 1000:.2f} ms")  # fmt: skip
        for endpoint in running.endpoints():
            running.take_image(endpoint)
        running.load(replace(shape, duration_seconds=1.0))  # the log behind the image
        for _ in range(plan.rounds):
            figures.restart_seconds.append(running.restart(running.follower()))
            plan.say(f"  restart: {figures.restart_seconds[-1]:.2f} s")


def measure_replay(plan: Plan, figures: StateFigures) -> None:
    shape = replace(plan.shape, keys=KEYS, value_bytes=VALUE_BYTES)
    with Running(plan, "replay", NO_IMAGES, nodes=1, started=1) as running:
        running.fill(shape)
        (node,) = running.nodes()
        figures.replay_commands = KEYS
        figures.replay_entries = running.applied(node)
        for _ in range(plan.rounds):
            figures.replay_seconds.append(running.restart(node))
            plan.say(f"  replay: {figures.replay_seconds[-1]:.2f} s")


@contextlib.contextmanager
def big_state(plan: Plan, name: str, transport: str) -> Iterator[Running]:
    """Two nodes of three hold 1 GiB, and their logs no longer go back to its beginning."""
    shape = replace(plan.shape, keys=TRANSFER_KEYS, value_bytes=TRANSFER_VALUE_BYTES)
    with Running(plan, name, QUICK_IMAGES, started=2, transport=transport) as running:
        plan.say("  writing 1 GiB")
        running.fill(shape, "--incompressible", clients=16)
        running.image_bytes = max(running.take_image(endpoint) for endpoint in running.endpoints())
        yield running


def late_node(running: Running) -> NodeState:
    """The one that was not started."""
    return next(node for node in running.nodes() if node.process is None)


def wait_for_image(running: Running, late: NodeState, wanted: int) -> float:
    """Until the late node has applied what is wanted; how long that took, in seconds."""
    seconds = wait_until(lambda: running.applied(late) >= wanted, "the transfer of 1 GiB")
    if "image of index" not in running.cluster.log_file(late).read_text():
        raise CompareError("found that the late node got the log, expected an image; run again")
    return seconds


def measure_transfer(plan: Plan, figures: StateFigures) -> None:
    with big_state(plan, "transfer", "thrift") as running:
        figures.transfer_bytes = running.image_bytes
        leader = running.leader()
        late = late_node(running)
        time.sleep(QUIET_SECONDS)
        forget_most(leader)
        steady = memory_bytes(leader, "VmRSS")
        wanted = running.applied(leader)
        running.cluster.launch(late)
        figures.transfer_seconds = wait_for_image(running, late, wanted)
        figures.sender_bytes = max(0, memory_bytes(leader, "VmHWM") - steady)
        most = memory_bytes(late, "VmHWM")
        time.sleep(QUIET_SECONDS)
        # What it has not given back is no steady state, so the leader, which holds the same, has a say too.
        figures.receiver_bytes = max(0, most - min(memory_bytes(late, "VmRSS"), steady))
        figures.transfer_state_bytes = steady


def measure_expiry(plan: Plan, figures: StateFigures) -> None:
    """All keys expire in the middle of a load of two seconds."""
    shape = replace(plan.shape, warmup_seconds=0.5, duration_seconds=2.0)
    expiring = replace(shape, keys=EXPIRING_KEYS, key_bytes=EXPIRING_KEY_BYTES, value_bytes=VALUE_BYTES)
    with Running(plan, "expiry", NO_IMAGES) as running:
        running.fill(shape)
        kept = running.keys()
        for _ in range(plan.rounds):
            figures.without_expiry.append(running.load(shape))
            due = time.monotonic() + EXPIRY_SECONDS
            running.fill(expiring, f"--fill-expiry={EXPIRY_SECONDS:g}s")
            time.sleep(max(0.0, due - time.monotonic() - 1.5))
            if running.keys() < kept + EXPIRING_KEYS:
                raise CompareError("found that keys had expired before the load began; the machine is too slow or busy")
            figures.with_expiry.append(running.load(shape))
            wait_until(lambda: running.keys() == kept, "the expiry of all keys")
            plan.say(f"  p99 {figures.without_expiry[-1].p99_us / 1000:.2f} ms, while {EXPIRING_KEYS} keys expire "
                     f"{figures.with_expiry[-1].p99_us / 1000:.2f} ms")  # fmt: skip


def measure(plan: Plan) -> StateFigures:
    figures = StateFigures()
    for name, one in (
        ("images of 1 M keys, and restarts with them", measure_images_and_restart),
        ("replay of a log of 1 M writes", measure_replay),
        ("transfer of 1 GiB to an empty node", measure_transfer),
        ("expiry of 100 000 keys at once", measure_expiry),
    ):
        plan.say(name)
        one(plan, figures)
    return figures


def verdicts(figures: StateFigures) -> list[Verdict]:
    images, expiry = median(figures.image_ratios()), median(figures.expiry_ratios())
    restart, replay = median(figures.restart_seconds), figures.replay_per_second()
    most = max(figures.sender_bytes, figures.receiver_bytes)
    return [
        Verdict("write p99 while images of 1 M keys are taken, to without", f"{images:.2f}", f"<= {P99_RATIO_MAX:g}",
                images <= P99_RATIO_MAX),
        Verdict("restart with 1 M keys of 100 B", f"{restart:.2f} s", f"<= {RESTART_SECONDS_MAX:g} s",
                restart <= RESTART_SECONDS_MAX),
        Verdict("replay of the log", f"{replay:.0f} writes/s", f">= {REPLAY_PER_SECOND_MIN:.0f}",
                replay >= REPLAY_PER_SECOND_MIN),
        Verdict("memory for a transfer of 1 GiB beyond the steady state, on the side that needs more",
                f"{most / MIB:.0f} MiB", f"<= {TRANSFER_BYTES_MAX // MIB} MiB", most <= TRANSFER_BYTES_MAX),
        Verdict("write p99 while 100 000 keys expire at once, to without", f"{expiry:.2f}", f"< {P99_RATIO_MAX:g}",
                expiry < P99_RATIO_MAX),
    ]  # fmt: skip


def text(figures: StateFigures) -> str:
    def ms(measured: list[Measured]) -> str:
        return f"{median([one.p99_us for one in measured]) / 1000:.2f} ms"

    def ratios(found: list[float]) -> str:
        return f"{median(found):.2f} ({min(found):.2f}-{max(found):.2f}) times"

    per_entry = figures.replay_commands / max(1, figures.replay_entries)
    return "\n".join([
        f"images of {KEYS} keys: write p99 {ms(figures.alone)} without, {ms(figures.with_images)} while all nodes take "
        f"one after the other ({figures.images_taken} in {len(figures.with_images)} rounds), "
        f"{ratios(figures.image_ratios())}",
        f"restart with {KEYS} keys of {VALUE_BYTES} B: {median(figures.restart_seconds):.2f} s "
        f"({min(figures.restart_seconds):.2f}-{max(figures.restart_seconds):.2f})",
        f"replay of {figures.replay_commands} writes in {figures.replay_entries} entries, {per_entry:.1f} each: "
        f"{median(figures.replay_seconds):.2f} s with the start of the process, {figures.replay_per_second():.0f} "
        "writes/s",
        f"transfer of {figures.transfer_bytes / MIB:.0f} MiB to an empty node: {figures.transfer_seconds:.1f} s; "
        f"memory beyond the {figures.transfer_state_bytes / MIB:.0f} MiB of the state at rest: "
        f"{figures.sender_bytes / MIB:.0f} MiB of the sender, "
        f"{figures.receiver_bytes / MIB:.0f} MiB of the receiver",
        f"expiry of {EXPIRING_KEYS} keys at once: write p99 {ms(figures.without_expiry)} without, "
        f"{ms(figures.with_expiry)} with, {ratios(figures.expiry_ratios())}",
    ])  # fmt: skip
