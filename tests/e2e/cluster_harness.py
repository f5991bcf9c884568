# SPDX-License-Identifier: MIT
"""A cluster of real nodes, run by tools/cluster as an operator would, and what tests ask of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from harness import BUILD_DIRECTORY, STORAGES, TENONCTL, Client, of_chosen_storage, run, temporary_directory

from tenon_kv.ttypes import GetRequest, Outcome, PutRequest, StatusReply, TenonError

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from cluster_lib.node_config import TRANSPORT_OFFSETS  # noqa: E402

Found = TypeVar("Found")

CLUSTER_TOOL = Path(__file__).resolve().parents[2] / "tools" / "cluster"
TOOL_SECONDS = 150.0
WAIT_SECONDS = 60.0
SURELY_NOT_APPLIED = (Outcome.REFUSED, Outcome.OVERLOADED)
# Elections that are quick enough for a test and not upset by a machine that is busy with others.
QUICK_ELECTIONS = {
    "raft.heartbeat_interval": "50ms",
    "raft.election_timeout_min": "300ms",
    "raft.election_timeout_max": "600ms",
}
# For what has to happen before an election does.
SLOW_ELECTIONS = {
    "raft.heartbeat_interval": "100ms",
    "raft.election_timeout_min": "2s",
    "raft.election_timeout_max": "4s",
}

# What breaks the contract between node and plugins ends the node, and so the test.
VALIDATION = {"node.plugin_validation": "abort"}
# Which transport the nodes of every cluster speak to each other.
TRANSPORT = os.environ.get("TENON_TRANSPORT", "thrift")

ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"


class RunningCluster:
    """Ends its nodes, also after a failure."""

    def __init__(self, settings: dict[str, str] | None = None, nodes: int = 3, storages: str = STORAGES,
                 transports: str = TRANSPORT, apis: str = "thrift") -> None:  # fmt: skip
        self.temporary = temporary_directory()
        self.directory = Path(self.temporary.name) / "cluster"
        self.settings = VALIDATION | (QUICK_ELECTIONS if settings is None else settings)
        self.ids = list(range(1, nodes + 1))
        self.storages = storages
        self.transports = transports
        self.apis = apis

    def __enter__(self) -> "RunningCluster":
        try:
            settings = of_chosen_storage(self.settings)
            flags = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
            document = self.tool("up", "--nodes", str(len(self.ids)), "--build", str(BUILD_DIRECTORY), "--storage",
                                 self.storages, "--transport", self.transports, "--api", self.apis,
                                 *flags)  # fmt: skip
            nodes = json.loads(document)["nodes"]
            self.api_endpoints = {node["id"]: node["endpoints"] for node in nodes}
            self.endpoints = {node["id"]: node["endpoints"]["thrift"] for node in nodes}
            self.ports = {node: int(endpoint.rpartition(":")[2]) for node, endpoint in self.endpoints.items()}
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.ids:
            words = [str(CLUSTER_TOOL), "kill", "--dir", str(self.directory), str(node)]
            subprocess.run(words, stderr=subprocess.DEVNULL, check=False)  # it may be stopped already
        self.temporary.cleanup()

    def tool(self, command: str, *arguments: str) -> str:
        words = [str(CLUSTER_TOOL), command, "--dir", str(self.directory), *arguments]
        done = subprocess.run(words, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
        if done.returncode != 0:
            raise AssertionError(f"cluster {command}: {done.stderr}\n{self.logger_ends()}")
        return done.stdout

    def kill(self, *nodes: int) -> None:
        self.tool("kill", *map(str, nodes))

    def start(self, *nodes: int, settings: dict[str, str] | None = None) -> None:
        """`settings` are of this one start, beside those of the cluster."""
        flags = [word for name, value in (settings or {}).items() for word in ("--set", f"{name}={value}")]
        self.tool("start", *flags, *map(str, nodes))

    def stop(self, *nodes: int) -> None:
        self.tool("stop", *map(str, nodes))

    def join(self, node: int, storage: str | None = None, waits: bool = True) -> None:
        """Starts a new node, which waits for `tenonctl member add` or else asks the cluster by itself."""
        self.tool("join", str(node), *(["--waits"] if waits else []), *(["--storage", storage] if storage else []))
        document = json.loads(self.tool("status"))
        self.api_endpoints[node] = next(one["endpoints"] for one in document["nodes"] if one["id"] == node)
        endpoint = self.api_endpoints[node]["thrift"]
        self.ids.append(node)
        self.endpoints[node] = endpoint
        self.ports[node] = int(endpoint.rpartition(":")[2])

    def peer_address(self, node: int) -> str:
        """Where the others reach it."""
        document = json.loads((self.directory / "cluster.json").read_text())
        plan = next(one["plan"] for one in document["nodes"] if one["plan"]["id"] == node)
        name, port = next(iter(plan["transport_ports"].items()))
        return f"{name}://127.0.0.1:{port}"

    def change(self, storage: str | None = None, transports: list[str] | None = None, has_answered: bool | None = None,
               nodes: Sequence[int] = ()) -> None:  # fmt: skip
        """What an operator changes in the config files of these nodes, or of all; each has it from its next start on.
        Without has_answered a node is told to begin a new cluster."""
        path = self.directory / "cluster.json"
        document = json.loads(path.read_text())
        for node in document["nodes"]:
            plan = node["plan"]
            if plan["id"] not in (nodes or self.ids):
                continue
            if storage is not None:
                plan["storage"] = storage
            if transports is not None:
                first_port = document["base_port"] + 10 * plan["id"]
                plan["transports"] = transports
                plan["transport_ports"] = {name: first_port + TRANSPORT_OFFSETS[name] for name in transports}
            if has_answered is not None:
                node["has_answered"] = has_answered
        path.write_text(json.dumps(document))

    def port(self, node: int, api: str) -> int:
        return int(self.api_endpoints[node][api].rpartition(":")[2])

    def others(self, *nodes: int) -> list[int]:
        return [node for node in self.ids if node not in nodes]

    def client(self, node: int, timeout_seconds: float = 10.0) -> Client:
        return Client(self.ports[node], timeout_seconds)

    def tenonctl(self, *arguments: str, endpoints: str = "") -> subprocess.CompletedProcess[bytes]:
        return run(str(TENONCTL), "--endpoints", endpoints or ",".join(self.endpoints.values()), *arguments)

    def status(self, node: int) -> StatusReply:
        with self.client(node) as client:
            return client.cluster.status()

    def statuses(self, nodes: list[int] | None = None) -> dict[int, StatusReply]:
        return {node: self.status(node) for node in (nodes or self.ids)}

    def wait_for_leader(self, nodes: list[int] | None = None) -> int:
        """The one that all of these nodes name, and that says so itself."""
        asked = nodes or self.ids

        def common_leader() -> int:
            statuses = self.statuses(asked)
            named = {status.leader for status in statuses.values()}
            leader = named.pop() if len(named) == 1 else 0
            return leader if leader in statuses and statuses[leader].role == "leader" else 0

        return self.wait_for(common_leader, "a leader that all name")

    def wait_for_same_state(self, nodes: list[int] | None = None) -> StatusReply:
        """Until all of these nodes have applied the same; the status of one of them."""

        def same_state() -> StatusReply | None:
            statuses = list(self.statuses(nodes).values())
            states = {(status.commit_index, status.applied_index, status.revision, status.keys) for status in statuses}
            one = statuses[0]
            return one if len(states) == 1 and one.applied_index == one.commit_index else None

        return self.wait_for(same_state, "all nodes in the same state")

    def wait_for(self, look: Callable[[], Found], what: str, seconds: float = WAIT_SECONDS) -> Found:
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = look()
            except Exception as error:  # noqa: BLE001  a node that is starting or has lost its leader
                found, problem = None, error
            else:
                problem = None
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {seconds:g} s ({problem})\n{self.logger_ends()}")
            time.sleep(0.02)

    def put(self, node: int, key: bytes, value: bytes, timeout_seconds: float = 10.0) -> str:
        """ACKNOWLEDGED, REFUSED or UNKNOWN: what a client may conclude."""
        try:
            with self.client(node, timeout_seconds) as client:
                return put(client, key, value)
        except Exception:  # noqa: BLE001  the connection could not be opened: nothing was sent
            return REFUSED

    def get(self, node: int, key: bytes) -> bytes | None:
        with self.client(node) as client:
            record = client.kv.get(GetRequest(key=key)).record
            return None if record is None else record.value

    def logger_ends(self) -> str:
        texts = []
        for path in sorted(self.directory.glob("node-*/stderr.log")):
            lines = path.read_text(errors="replace").splitlines()[-15:]
            texts.append("\n".join([f"{path.parent.name}:", *lines]))
        return "\n".join(texts)


def put(client: Client, key: bytes, value: bytes) -> str:
    """As RunningCluster.put(), over a connection that is open."""
    try:
        client.kv.put(PutRequest(key=key, value=value))
        return ACKNOWLEDGED
    except TenonError as error:
        return REFUSED if error.outcome in SURELY_NOT_APPLIED else UNKNOWN
    except Exception:  # noqa: BLE001  sent, and no answer
        return UNKNOWN
