# SPDX-License-Identifier: MIT
"""A network of its own for the nodes of a test, in which links are cut one way or both, and made slow. Needs root.

enter() starts the test anew in namespaces of its own: of processes, mounts and network. When the test ends, in
whatever way, the kernel ends all processes in there and takes down mounts, loop devices, network namespaces and links.

Each node has a network namespace with one link to a bridge; the test itself has the bridge, and so a way to every node
that no cut concerns. Nobody asks for hardware addresses, they are set; a direction is cut by a wrong one at its sender,
so that packets are lost without a word, on connections that are open too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

ENTERED = "TENON_OWN_NAMESPACES"  # in the environment of a test that has been started anew
PROGRAMS = ("unshare", "nsenter", "mount", "ip", "tc")
INTERFACE = "eth0"
BRIDGE = "bridge"
NOBODY = "02:00:00:00:de:ad"


def why_not_here() -> str | None:
    """Why this machine cannot have such a network; None: it can, as was tried."""
    if os.environ.get(ENTERED):
        return None
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"{program} is not installed"
    trial = "mount -t tmpfs tmpfs /run && ip link add one type veth peer name two && ip link add three type bridge"
    done = subprocess.run([*unshare(), "sh", "-c", trial], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"the kernel refuses it: {done.stderr.strip()}"


def unshare() -> list[str]:
    return ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def enter() -> None:
    """Goes on in namespaces of its own. To be called before anything else is done: the program begins anew."""
    if not os.environ.get(ENTERED):
        os.environ[ENTERED] = "1"
        os.execvp("unshare", [*unshare(), sys.executable, *sys.argv])
    if os.getpid() == 1:
        be_the_first_process()


def be_the_first_process() -> None:
    """Takes in the processes that lose their parents, until the test, a child that this returns in, has ended."""
    test = os.fork()
    if test == 0:
        run("mount", "-t", "tmpfs", "tmpfs", "/run")
        return
    while True:
        child, status = os.wait()
        if child == test:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


class Network:
    """Of the nodes 1 to `nodes`, while it is entered. Needs: enter(), and one network at a time."""

    def __init__(self, nodes: int) -> None:
        self.nodes = list(range(1, nodes + 1))

    def __enter__(self) -> "Network":
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", BRIDGE, "address", hardware_address(0), "type", "bridge")
        run("ip", "address", "add", f"{self.address(0)}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        for node in self.nodes:
            self.add(node)
        for node in self.nodes:
            run("ip", "neighbour", "replace", self.address(node), "lladdr", hardware_address(node), "dev", BRIDGE,
                "nud", "permanent")  # fmt: skip
            for other in [0, *self.nodes]:
                if other != node:
                    self.set_way(node, other, hardware_address(other))
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            run("ip", "link", "delete", port_of(node))
            run("ip", "netns", "delete", self.namespace(node))
        run("ip", "link", "delete", BRIDGE)

    def add(self, node: int) -> None:
        name, port = self.namespace(node), port_of(node)
        run("ip", "netns", "add", name)
        run("ip", "link", "add", port, "type", "veth", "peer", "name", INTERFACE, "address", hardware_address(node),
            "netns", name)  # fmt: skip
        run("ip", "link", "set", port, "master", BRIDGE, "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "address", "add", f"{self.address(node)}/24", "dev", INTERFACE)
        run("ip", "-n", name, "link", "set", INTERFACE, "up")

    @staticmethod
    def namespace(node: int) -> str:
        return f"node{node}"

    @staticmethod
    def address(node: int) -> str:
        """0: of the test itself."""
        return f"10.0.0.{node or 254}"

    def command(self, node: int) -> list[str]:
        """What goes before the words of a command that is to run where the node does; it keeps its process id."""
        return ["nsenter", f"--net=/run/netns/{self.namespace(node)}"]

    def cut(self, ways: Iterable[tuple[int, int]]) -> None:
        """Nothing that the first of a pair sends reaches the second, from now on. 0 is the test itself."""
        for sender, receiver in ways:
            self.set_way(sender, receiver, NOBODY)

    def heal(self, ways: Iterable[tuple[int, int]]) -> None:
        for sender, receiver in ways:
            self.set_way(sender, receiver, hardware_address(receiver))

    def slow(self, node: int, rate: str) -> None:
        """What the node sends goes at this rate, as in 1mbit, and is dropped when 200 ms of it wait."""
        run("tc", "-n", self.namespace(node), "qdisc", "replace", "dev", INTERFACE, "root", "tbf", "rate", rate,
            "burst", "16k", "latency", "200ms")  # fmt: skip

    def quicken(self, node: int) -> None:
        """Needs: slow(node)."""
        run("tc", "-n", self.namespace(node), "qdisc", "del", "dev", INTERFACE, "root")

    def set_way(self, sender: int, receiver: int, to: str) -> None:
        where = ["ip", "-n", self.namespace(sender)] if sender else ["ip"]
        run(*where, "neighbour", "replace", self.address(receiver), "lladdr", to, "dev",
            INTERFACE if sender else BRIDGE, "nud", "permanent")  # fmt: skip


def ways_between(some: Iterable[int], others: Iterable[int]) -> list[tuple[int, int]]:
    """Both directions of every link between the two sets."""
    those = list(others)
    return [way for one in some for other in those for way in ((one, other), (other, one))]


def port_of(node: int) -> str:
    return f"port{node}"


def hardware_address(node: int) -> str:
    return f"02:00:00:00:00:{node:02x}"


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout
