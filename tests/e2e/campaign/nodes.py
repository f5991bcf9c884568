# SPDX-License-Identifier: MIT
"""The nodes of a campaign: real processes, each with a network namespace and a disk of its own where that can be had.

What happens to a node by the campaign's hand is told to it first, so that a node that ends by itself is found. Who
imports this has the directory above on its path.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from cluster_harness import QUICK_ELECTIONS, VALIDATION
from harness import ENVIRONMENT, STORAGES, TENOND, Client, config_text, free_port, of_chosen_storage
from namespaces import Network
from power_cut_disk import PowerCutDisk

from tenon_kv.ttypes import StatusReply

Found = TypeVar("Found")

ASK_SECONDS = 2.0
WAIT_SECONDS = 60.0
DISK_BYTES = 256 << 20
SETTINGS: dict[str, str | None] = QUICK_ELECTIONS | VALIDATION | {
    "raft.lease_reads": "on",
    # Small, so that segments are begun, images taken and sent, and late nodes met by them.
    "storage.filewal.segment_bytes": "1MiB",
    "snapshot.log_bytes": "2MiB",
    "snapshot.log_held_bytes_max": "8MiB",
}
# What a node says when it has found a defect, of its own or of a plugin.
DEFECTS = ("invariant broken", "PLUGIN_MISBEHAVING", "Assertion", "terminate called", "AddressSanitizer",
           "ThreadSanitizer", "runtime error")  # fmt: skip
# What shows that faults were felt.
SAYINGS = {
    "elections won": "leads in term",
    "leaders that lost their majority": "it has not heard of a majority",
    "images that became durable": "an image of index",
    "times short of room": "room for the log runs short",
    "torn tails": "a crash cut the last write short",
    "starts with a fault in the disk": "FAULT INJECTION IS ON",
}
NO_ROOM = "No space left on device"


class CampaignNode:
    """One tenond. `is_up`: the campaign wants it to run. `may_run_out_of_room`: its disk is full, and it stops when it
    has used up what it had set aside."""

    def __init__(self, number: int, folder: Path, network: Network | None, disk: PowerCutDisk | None) -> None:
        self.number = number
        self.folder = folder
        self.network = network
        self.disk = disk
        storages = STORAGES.split(",")
        self.storage = storages[(number - 1) % len(storages)]
        self.host = network.address(number) if network else "127.0.0.1"
        self.api_port = 7101 if network else free_port()
        self.transport_port = 7201 if network else free_port()
        self.data_directory = (disk.mount_point if disk else folder) / "data"
        self.logger_file = folder / "node.out"
        self.process: subprocess.Popen[bytes] | None = None
        self.is_up = False
        self.may_run_out_of_room = False
        self.has_started = False

    @property
    def endpoint(self) -> str:
        return f"{self.host}:{self.api_port}"

    def write_config(self, nodes: list["CampaignNode"], settings: dict[str, str | None]) -> None:
        values: dict[str, str | None] = {
            "node.id": str(self.number),
            "node.data_directory": str(self.data_directory),
            "cluster.id": "campaign",
            # A node that has lost its disk must not begin anew without being noticed.
            "cluster.start": None if self.has_started else "new",
            "cluster.initial_members": ",".join(str(node.number) for node in nodes),
            "cluster.peers": ",".join(f"{node.number}=thrift://{node.host}:{node.transport_port}" for node in nodes),
            "transport.plugin": "thrift",
            "transport.thrift.listen": f"{self.host}:{self.transport_port}",
            "storage.plugin": self.storage,
            "api.plugin": "thrift",
            "api.thrift.listen": self.endpoint,
        }
        (self.folder / "node.conf").write_text(config_text(of_chosen_storage(values | SETTINGS | settings)))

    def start(self, environment: dict[str, str]) -> None:
        words = self.network.command(self.number) if self.network else []
        with self.logger_file.open("ab") as output:
            self.process = subprocess.Popen([*words, str(TENOND), "--config", str(self.folder / "node.conf")],
                                            stdout=output, stderr=output, cwd=self.folder,
                                            env=ENVIRONMENT | environment)  # fmt: skip
        self.is_up = True

    def send(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def kill(self) -> None:
        self.is_up = False
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.is_up = False
        self.process.terminate()
        code = self.process.wait(WAIT_SECONDS)
        self.process = None
        return code

    def client(self, timeout_seconds: float = ASK_SECONDS) -> Client:
        return Client(self.api_port, timeout_seconds, self.host)

    def status(self) -> StatusReply | None:
        """None: it does not answer."""
        try:
            with self.client() as client:
                return client.cluster.status()
        except Exception:  # noqa: BLE001  the library has many
            return None

    def state(self) -> tuple[int, str] | None:
        """What it has applied up to, and the hash of its state then."""
        try:
            with self.client() as client:
                reply = client.cluster.getStateHash()
                return reply.applied_index, reply.state_hash
        except Exception:  # noqa: BLE001
            return None

    def end_by_itself(self) -> str | None:
        """What is to be said of a node that the campaign wants to run and that does not."""
        if not self.is_up or self.process is None or self.process.poll() is None or self.has_run_out_of_room():
            return None
        return f"node {self.number} ended by itself with the code {self.process.returncode}"

    def has_run_out_of_room(self) -> bool:
        has_ended = self.process is not None and self.process.poll() is not None
        return self.may_run_out_of_room and has_ended and any(
            "the node stops" in line and NO_ROOM in line for line in self.logger_lines()[-20:]
        )

    def logger_lines(self) -> list[str]:
        return self.logger_file.read_text(errors="replace").splitlines() if self.logger_file.exists() else []

    def defects(self) -> list[str]:
        return [f"node {self.number}: {line}" for line in self.logger_lines()
                if any(word in line for word in DEFECTS)]  # fmt: skip


class CampaignCluster:
    """Ends its nodes, also after a failure."""

    def __init__(self, folder: Path, nodes: int, network: Network | None, with_disks: bool,
                 environment: dict[str, str] | None = None) -> None:  # fmt: skip
        self.stack = ExitStack()
        self.environment = environment or {}
        self.network = network
        self.nodes: dict[int, CampaignNode] = {}
        for number in range(1, nodes + 1):
            node_folder = folder / f"node-{number}"
            node_folder.mkdir()
            disk = self.stack.enter_context(PowerCutDisk(node_folder, DISK_BYTES)) if with_disks else None
            self.nodes[number] = CampaignNode(number, node_folder, network, disk)

    def __enter__(self) -> "CampaignCluster":
        try:
            self.start(*self.nodes)
            self.wait_for(self.leader, "the first leader")
            self.wait_for(lambda: all(node.status() for node in self.nodes.values()), "an answer of every node")
            for node in self.nodes.values():
                node.has_started = True
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes.values():
            node.kill()
        self.stack.close()

    @property
    def endpoints(self) -> str:
        return ",".join(node.endpoint for node in self.nodes.values())

    def start(self, *numbers: int, settings: dict[str, str | None] | None = None) -> None:
        """`settings` are of this one start, beside those of the campaign."""
        for number in numbers:
            node = self.nodes[number]
            node.write_config(list(self.nodes.values()), settings or {})
            node.start(self.environment)

    def kill(self, *numbers: int) -> None:
        for number in numbers:  # all of them before the first is waited for
            self.nodes[number].is_up = False
            self.nodes[number].send(signal.SIGKILL)
        for number in numbers:
            self.nodes[number].kill()

    def leader(self) -> int | None:
        """The one of the latest term; None: nobody says that it leads."""
        statuses = {number: node.status() for number, node in self.nodes.items() if node.is_up}
        terms = {number: status.term for number, status in statuses.items() if status and status.role == "leader"}
        return max(terms, key=lambda number: terms[number]) if terms else None

    def wait_for_same_state(self) -> tuple[int, str]:
        """Until all nodes have applied the same; up to where, and the hash of the state. Those who differ at the same
        index never come to agree."""

        def same() -> tuple[int, str] | None:
            states = [node.state() for node in self.nodes.values()]
            return states[0] if len(set(states)) == 1 else None

        return self.wait_for(same, "all nodes in the same state")

    def wait_for(self, look: Callable[[], Found | None], what: str, seconds: float = WAIT_SECONDS) -> Found:
        deadline = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            self.check_alive()
            if time.monotonic() > deadline:
                states = {number: (node.status(), node.state()) for number, node in self.nodes.items()}
                raise AssertionError(f"{what}: not within {seconds:g} s; {states}")
            time.sleep(0.05)

    def check_alive(self) -> None:
        ends = [end for node in self.nodes.values() if (end := node.end_by_itself())]
        if ends:
            raise AssertionError("; ".join(ends))

    def sayings(self) -> dict[str, int]:
        """How often the nodes said what, by SAYINGS."""
        lines = [line for node in self.nodes.values() for line in node.logger_lines()]
        return {name: sum(words in line for line in lines) for name, words in SAYINGS.items()}

    def defects(self) -> list[str]:
        return [defect for node in self.nodes.values() for defect in node.defects()]
