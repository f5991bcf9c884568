# SPDX-License-Identifier: MIT
"""What is kept between two commands: D/cluster.json, replaced as a whole, and D/cluster.lock, so that one command at a
time changes it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cluster_lib.errors import ClusterError
from cluster_lib.node_config import NodePlan
from cluster_lib.processes import ProcessName

FORMAT = 1


@dataclass
class NodeState:
    plan: NodePlan
    process: ProcessName | None = None  # the last that was started
    has_answered: bool = False  # at least once since the cluster was made


@dataclass
class ClusterState:
    build_directory: str
    cluster_id: str
    base_port: int
    settings: dict[str, str]
    nodes: list[NodeState]

    def node(self, identifier: int) -> NodeState:
        for node in self.nodes:
            if node.plan.id == identifier:
                return node
        raise ClusterError(f"found no node {identifier}; this cluster has the nodes 1 to {len(self.nodes)}")


def path_of(directory: Path) -> Path:
    return directory / "cluster.json"


def save(directory: Path, state: ClusterState) -> None:
    temporary = directory / "cluster.json.new"
    temporary.write_text(json.dumps({"format": FORMAT, **asdict(state)}, indent=1) + "\n")
    os.replace(temporary, path_of(directory))


def load(directory: Path) -> ClusterState:
    path = path_of(directory)
    try:
        document = json.loads(path.read_text())
        if document.pop("format") != FORMAT:
            raise ValueError("it was written by another version of this tool")
        nodes = [
            NodeState(
                NodePlan(**node["plan"]),
                ProcessName(**node["process"]) if node["process"] else None,
                node["has_answered"],
            )
            for node in document.pop("nodes")
        ]
        return ClusterState(nodes=nodes, **document)
    except FileNotFoundError as error:
        raise ClusterError(f"found no cluster in {directory}; make one with: cluster up --dir {directory}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"{path} cannot be read ({error}); end its processes by hand and remove "
                           f"{directory}") from error


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Waits for other commands on the same cluster. Needs: the directory is there."""
    try:
        lock = (directory / "cluster.lock").open("w")
    except FileNotFoundError as error:
        raise ClusterError(f"found no cluster in {directory}; make one with: cluster up --dir {directory}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
