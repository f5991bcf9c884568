# SPDX-License-Identifier: MIT
"""A network of its own for the nodes of a test, in which links are cut one way or both, and made slow. Needs root.

enter() puts the test into namespaces of its own: of processes, mounts and network. When the test ends, in whatever way,
the kernel ends all processes in there and takes down mounts, loop devices, network namespaces and links.

Each node has a network namespace with one link to a bridge; the test itself has the bridge, and so a way to every node
that no cut concerns. Nobody asks for hardware addresses, they are set; a direction is cut by a wrong one at its sender,
so that packets are lost without a word, on connections that are open too.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from typing import NoReturn

ENTERED = "TENON_OWN_NAMESPACES"  # in the environment of a test that has them
CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG = 1
PROGRAMS = ("unshare", "nsenter", "mount", "ip", "tc")
END_SECONDS = 20
INTERFACE = "eth0"
BRIDGE = "bridge"
NOBODY = "02:00:00:00:de:ad"


def why_not_here() -> str | None:
    """Why this machine cannot have such a network; None: it can, as was tried."""
    if has_entered():
        return None
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"{program} is not installed"
    trial = "mount -t tmpfs tmpfs /run && ip link add one type veth peer name two && ip link add three type bridge"
    words = ["unshare", "--net", "--mount", "--pid", "--fork", "sh", "-c", trial]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"the kernel refuses it: {done.stderr.strip()}"


def has_entered() -> bool:
    return ENTERED in os.environ


def enter() -> None:
    """Goes on in namespaces of its own, in a process of its own. To be called before threads are begun. This process
    waits for it, passes SIGTERM on, and ends with its exit code."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    first = os.fork()
    if first != 0:
        wait_for_end(first)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "proc", "proc", "/proc")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    os.environ[ENTERED] = "1"
    # The first process of a namespace takes in those that lose their parents, and with it all others end.
    test = os.fork()
    if test != 0:
        wait_for_end(test)


def wait_for_end(awaited: int) -> NoReturn:
    """Ends with the exit code of the child. One that is asked to end has a while for it."""

    def ask_to_end(*_: object) -> None:
        signal.alarm(END_SECONDS)
        os.kill(awaited, signal.SIGTERM)

    signal.signal(signal.SIGTERM, ask_to_end)
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from a terminal the test has it too
    while True:
        child, status = os.wait()
        if child == awaited:
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
