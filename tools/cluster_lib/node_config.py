# SPDX-License-Identifier: MIT
"""The config file of each node, and the ports that it uses: base port + 10 * node + the offset of the plugin."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass, field
from pathlib import Path

from cluster_lib.errors import ClusterError

NODES_MAX = 9
HOST = "127.0.0.1"
API_OFFSETS = {"thrift": 0, "http": 1, "resp": 2}
TRANSPORT_OFFSETS = {"thrift": 5, "websocket": 6}
# For plugins of other names, in the order in which they are given.
API_SPARE_OFFSETS = (3, 4)
TRANSPORT_SPARE_OFFSETS = (7, 8, 9)
# Below the ports that the system gives to outgoing connections.
FREE_PORTS = range(20000, 32000, 10)


@dataclass
class NodePlan:
    """What never changes about a node."""

    id: int
    storage: str
    transports: list[str]
    api_ports: dict[str, int]
    transport_ports: dict[str, int]
    joins: bool = False  # it was not there when the cluster began
    asks: bool = True  # of one that joins: it asks the members itself, and is not only waited for

    def ports(self) -> list[int]:
        return [*self.api_ports.values(), *self.transport_ports.values()]

    def addresses(self) -> str:
        return "|".join(f"{name}://{HOST}:{port}" for name, port in self.transport_ports.items())


@dataclass
class Choices:
    """What `up` was asked for."""

    nodes: int = 3
    storages: list[str] = field(default_factory=lambda: ["filewal"])
    transports: list[list[str]] = field(default_factory=list)  # empty: thrift, and none where a node has no peer
    apis: list[str] = field(default_factory=lambda: ["thrift"])


def offsets(names: list[str], known: dict[str, int], spare: tuple[int, ...], kind: str) -> dict[str, int]:
    others = [name for name in names if name not in known]
    if len(others) > len(spare):
        raise ClusterError(f"found {len(others)} plugins of the kind {kind} beyond {', '.join(known)}; there are "
                           f"ports for {len(spare)} of them")
    return {name: known[name] if name in known else spare[others.index(name)] for name in names}


def plan(choices: Choices, base_port: int) -> list[NodePlan]:
    """Node i takes the i-th of several storages and transports, from the first again after the last."""
    api_offsets = offsets(choices.apis, API_OFFSETS, API_SPARE_OFFSETS, "api")
    given = choices.transports or ([["thrift"]] if choices.nodes > 1 else [[]])
    every_transport = list(dict.fromkeys(name for names in given for name in names))
    transport_offsets = offsets(every_transport, TRANSPORT_OFFSETS, TRANSPORT_SPARE_OFFSETS, "transport")
    plans = []
    for number in range(1, choices.nodes + 1):
        transports = given[(number - 1) % len(given)]
        first_port = base_port + 10 * number
        plans.append(
            NodePlan(
                id=number,
                storage=choices.storages[(number - 1) % len(choices.storages)],
                transports=transports,
                api_ports={name: first_port + offset for name, offset in api_offsets.items()},
                transport_ports={name: first_port + transport_offsets[name] for name in transports},
            )
        )
    check_common_transports(plans)
    return plans


def check_common_transports(plans: list[NodePlan]) -> None:
    for one in plans:
        for other in plans:
            if one.id < other.id and not set(one.transports) & set(other.transports):
                raise ClusterError(
                    f"found that node {one.id} ({', '.join(one.transports)}) and node {other.id} "
                    f"({', '.join(other.transports)}) have no transport in common; give one node several as in "
                    f"--transport thrift+websocket,thrift"
                )


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the node does: what a connection of the past has left behind is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            return True
        except OSError:
            return False


def plan_on_free_ports(choices: Choices) -> tuple[int, list[NodePlan]]:
    for base_port in random.SystemRandom().sample(list(FREE_PORTS), 100):
        plans = plan(choices, base_port)
        if all(is_free(port) for one in plans for port in one.ports()):
            return base_port, plans
    raise ClusterError(f"found no free ports from {FREE_PORTS.start} on in 100 tries; give --base-port")


def check_ports(plans: list[NodePlan]) -> None:
    for one in plans:
        for port in one.ports():
            if not 1 <= port <= 65535:
                raise ClusterError(f"found port {port} for node {one.id}, expected one of 1 to 65535; "
                                   "give a lower --base-port")
            if not is_free(port):
                raise ClusterError(f"found port {port} of node {one.id} in use on {HOST}, expected it to be free; "
                                   "end what listens there, give another --base-port, or none")


def split_setting(text: str) -> tuple[str, str]:
    """The name, which is section.key and has a dot more where the section is a plugin's, and the value."""
    name, equals, value = text.partition("=")
    section, dot, key = name.strip().rpartition(".")
    if not (equals and dot and section and key) or any(letter in text for letter in "[]\n"):
        raise ClusterError(f"--set: found '{text}', expected section.key=value as in raft.heartbeat_interval=30ms")
    return f"{section}.{key}", value.strip()


def config_text(
    node: NodePlan, plans: list[NodePlan], cluster_id: str, data_directory: Path, is_first_start: bool,
    settings: dict[str, str],
) -> str:  # fmt: skip
    values = {"node.id": str(node.id), "node.data_directory": str(data_directory), "cluster.id": cluster_id}
    # Whoever came later is known to the others by the membership.
    founders = [one for one in plans if not one.joins]
    if node.joins:
        values["cluster.start"] = "join"
        values["cluster.peers"] = f"{node.id}={node.addresses()}"
        if node.asks:
            values["cluster.join"] = ", ".join(f"{one.id}={one.addresses()}" for one in founders)
    else:
        if is_first_start:
            # Only then: a node whose disk is gone later must not begin anew without being noticed.
            values["cluster.start"] = "new"
        values["cluster.initial_members"] = ",".join(str(one.id) for one in founders)
        if node.transports:
            values["cluster.peers"] = ", ".join(f"{one.id}={one.addresses()}" for one in founders)
    if node.transports:
        values["transport.plugin"] = ",".join(node.transports)
    values["storage.plugin"] = node.storage
    values["api.plugin"] = ",".join(node.api_ports)
    for name, port in node.transport_ports.items():
        values[f"transport.{name}.listen"] = f"{HOST}:{port}"
    for name, port in node.api_ports.items():
        values[f"api.{name}.listen"] = f"{HOST}:{port}"
    values.update(settings)
    sections: dict[str, list[str]] = {}
    for name, value in values.items():
        section, key = name.rsplit(".", 1)
        sections.setdefault(section, []).append(f"{key} = {value}")
    parts = ["# Written anew at each start of the node by tools/cluster.\n"]
    parts += [f"[{section}]\n" + "\n".join(lines) + "\n" for section, lines in sections.items()]
    return "\n".join(parts)
