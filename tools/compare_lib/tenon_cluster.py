# SPDX-License-Identifier: MIT
"""Three Tenon nodes on this machine, with Tenon's default settings, and the build that they are of."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from cluster_lib.cluster import Cluster
from cluster_lib.errors import ClusterError
from cluster_lib.node_config import Choices, plan_on_free_ports
from cluster_lib.state_file import ClusterState, NodeState
from compare_lib.errors import CompareError

NODES = 3
START_SECONDS = 60.0
BUILD_SECONDS = 3600.0
ROOT = Path(__file__).resolve().parents[2]
OWN_BUILD = ROOT / "build-release"


def make_build() -> Path:
    """Configures build-release/ if need be, and brings it up to date."""
    if not (OWN_BUILD / "build.ninja").is_file():
        _run(["meson", "setup", str(OWN_BUILD), str(ROOT), "--buildtype=release", "-Db_ndebug=false"])
    _run(["ninja", "-C", str(OWN_BUILD), "product"])
    return OWN_BUILD


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CompareError(f"{' '.join(command)} failed ({error}); `tools/setup.sh` installs what a build needs, and "
                           "--build names one that is there") from error  # fmt: skip
    if done.returncode != 0:
        raise CompareError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


def check_build(build: Path) -> str:
    """How it is optimised. Raises CompareError for a build that is not, or that lacks a program."""
    for program in (build / "server" / "tenond", bench_of(build)):
        if not program.is_file():
            raise CompareError(f"found no {program}, expected a build; run `ninja -C {build} product`")
    try:
        options = json.loads((build / "meson-info" / "intro-buildoptions.json").read_text())
        chosen = {option["name"]: option["value"] for option in options}
        optimization, sanitize, ndebug = chosen["optimization"], chosen["b_sanitize"], chosen["b_ndebug"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CompareError(f"{build} does not say how it was built ({error}), expected what Meson leaves there; "
                           "leave out --build to have a build made") from error  # fmt: skip
    if optimization not in ("2", "3") or sanitize != "none":
        raise CompareError(f"found a build with optimization={optimization} and b_sanitize={sanitize} in {build}, "
                           "expected 2 or 3 and none; name another, or leave out --build to have one made")  # fmt: skip
    return f"optimization={optimization}, b_ndebug={ndebug}"


def bench_of(build: Path) -> Path:
    return build / "tools" / "bench" / "tenon-bench"


class TenonCluster:
    """Runs between start() and stop(); the last of its nodes are not started when `started` is less than `nodes`."""

    def __init__(
        self,
        build: Path,
        directory: Path,
        settings: dict[str, str],
        nodes: int = NODES,
        started: int = NODES,
        storage: str = "filewal",
        transport: str = "thrift",
        apis: tuple[str, ...] = ("thrift",),
    ) -> None:
        self.apis = apis
        self.storage = storage
        self.transport = transport
        self.nodes = nodes
        self.started = started
        self.build = build
        self.directory = directory
        self.settings = settings
        self.cluster: Cluster | None = None

    def endpoints(self) -> list[str]:
        assert self.cluster is not None
        return [f"127.0.0.1:{node.plan.api_ports['thrift']}" for node in self.cluster.state.nodes]

    def ports(self, api: str) -> list[int]:
        """Where the nodes serve that API."""
        assert self.cluster is not None
        return [node.plan.api_ports[api] for node in self.cluster.state.nodes]

    def leader_port(self, api: str) -> int:
        """Where the leader serves that API."""
        assert self.cluster is not None
        leader = self.cluster.wait_for_leader(START_SECONDS)
        return next(node.plan.api_ports[api] for node in self.cluster.state.nodes if node.plan.id == leader)

    def choices(self) -> Choices:
        transports = [[self.transport]] if self.nodes > 1 else []
        return Choices(self.nodes, storages=[self.storage], transports=transports, apis=list(self.apis))

    def start(self) -> None:
        self.directory.mkdir(parents=True)
        base_port, plans = plan_on_free_ports(self.choices())
        nodes = [NodeState(one) for one in plans]
        state = ClusterState(str(self.build), "compare", base_port, self.settings, nodes)
        self.cluster = Cluster(self.directory, state)
        try:
            for node in nodes[: self.started]:
                self.cluster.launch(node)
            self.cluster.wait_for_answers(nodes[: self.started], START_SECONDS)
            self.cluster.wait_for_leader(START_SECONDS)
        except ClusterError as error:
            raise CompareError(str(error)) from error

    def stop(self) -> None:
        """By SIGTERM; by SIGKILL what has not ended then."""
        if self.cluster is None:
            return
        try:
            self.cluster.stop(self.cluster.alive())
        except ClusterError:
            # What matters here is that nothing of it is left to disturb the other system.
            self.cluster.end_children()
        self.cluster = None
