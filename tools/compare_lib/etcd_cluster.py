# SPDX-License-Identifier: MIT
"""Three etcd members on this machine, with etcd's default settings but for names, addresses and directories."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from cluster_lib import processes
from cluster_lib.node_config import HOST, is_free
from cluster_lib.processes import ProcessName
from compare_lib.errors import CompareError

MEMBERS = 3
PORTS = range(32100, 32700, 10)  # of the first try on; a member takes two
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05
ASK_SECONDS = 1.0
LOG_LINES_SHOWN = 12


def find_server() -> Path:
    found = shutil.which("etcd")
    if found is None:
        raise CompareError("found no etcd server; `tools/setup.sh compare` installs it")
    return Path(found)


def version(server: Path) -> str:
    done = subprocess.run([str(server), "--version"], capture_output=True, text=True, timeout=10, check=False)
    return done.stdout.splitlines()[0] if done.stdout else "etcd of an unknown version"


def free_ports(count: int) -> list[int]:
    for first in PORTS:
        ports = list(range(first, first + count))
        if all(is_free(port) for port in ports):
            return ports
    raise CompareError(f"found no {count} free ports in a row from {PORTS.start} on, expected them for etcd")


def member_command(server: Path, directory: Path, number: int, ports: list[int]) -> list[str]:
    """`ports` are the client ports of all members and then their peer ports. No variable reaches the server: etcd takes
    settings from them."""
    clients, peers = ports[:MEMBERS], ports[MEMBERS:]
    cluster = ",".join(f"m{one + 1}=http://{HOST}:{port}" for one, port in enumerate(peers))
    return [
        "/usr/bin/env",
        "--ignore-environment",
        str(server),
        f"--name=m{number + 1}",
        f"--data-dir={directory}",
        f"--listen-client-urls=http://{HOST}:{clients[number]}",
        f"--advertise-client-urls=http://{HOST}:{clients[number]}",
        f"--listen-peer-urls=http://{HOST}:{peers[number]}",
        f"--initial-advertise-peer-urls=http://{HOST}:{peers[number]}",
        f"--initial-cluster={cluster}",
        "--initial-cluster-state=new",
        f"--initial-cluster-token=compare-{os.getpid()}",
    ]


def is_healthy(port: int) -> bool:
    """Which a member is when there is a leader."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=ASK_SECONDS) as answer:
            return json.load(answer).get("health") in ("true", True)
    except (OSError, urllib.error.URLError, ValueError, AttributeError):
        return False


class EtcdCluster:
    """Runs between start() and stop()."""

    def __init__(self, server: Path, directory: Path) -> None:
        self.server = server
        self.directory = directory
        self.ports: list[int] = []
        self.members: list[tuple[ProcessName, subprocess.Popen[bytes]]] = []

    def endpoints(self) -> list[str]:
        return [f"{HOST}:{port}" for port in self.ports[:MEMBERS]]

    def log_file(self, number: int) -> Path:
        return self.directory / f"m{number + 1}.log"

    def start(self) -> None:
        self.directory.mkdir(parents=True)
        self.ports = free_ports(2 * MEMBERS)
        for number in range(MEMBERS):
            command = member_command(self.server, self.directory / f"m{number + 1}", number, self.ports)
            self.members.append(processes.launch(command, self.directory, self.log_file(number)))
        deadline = time.monotonic() + START_SECONDS
        while not all(is_healthy(port) for port in self.ports[:MEMBERS]):
            for number, (name, _) in enumerate(self.members):
                if processes.state(name) == "stopped":
                    raise CompareError(f"etcd member m{number + 1} ended, expected it to run{self.log_end(number)}")
            if time.monotonic() > deadline:
                raise CompareError(f"etcd is not healthy {START_SECONDS:g} s after its start{self.log_end(0)}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """By SIGTERM; by SIGKILL what has not ended then."""
        for name, _ in self.members:
            processes.send(name, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for name, child in self.members:
            if not processes.wait_until(name, "stopped", deadline):
                processes.send(name, signal.SIGKILL)
            child.wait()
        self.members.clear()

    def log_end(self, number: int) -> str:
        lines = self.log_file(number).read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return "; the end of its log:\n" + "\n".join(f"  {line}" for line in lines)
