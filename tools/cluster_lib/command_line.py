# SPDX-License-Identifier: MIT
"""The commands of tools/cluster."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from pathlib import Path

from cluster_lib import state_file
from cluster_lib.cluster import Cluster
from cluster_lib.errors import ClusterError
from cluster_lib.node_config import (
    NODES_MAX,
    Choices,
    NodePlan,
    check_ports,
    plan,
    plan_on_free_ports,
    split_setting,
)
from cluster_lib.state_file import ClusterState, NodeState

EXIT_ERROR = 1  # a wrong command line ends with 2
EXIT_INTERRUPTED = 130
LEADER = "leader"  # in the place of a node's number
# What can be said only when a cluster is made.
MAKING = ("nodes", "storage", "transport", "api", "base_port", "build", "set")


def names(text: str) -> list[str]:
    found = text.split(",")
    if not all(found):
        raise argparse.ArgumentTypeError(f"found '{text}', expected names separated by commas")
    return found


def name_lists(text: str) -> list[list[str]]:
    return [names(item.replace("+", ",")) for item in names(text)]


def node_count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= NODES_MAX:
        raise argparse.ArgumentTypeError(f"found '{text}', expected 1 to {NODES_MAX}")
    return int(text)


def node_number(text: str) -> int | None:
    """None: whoever leads."""
    if text == LEADER:
        return None
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"found '{text}', expected the number of a node, or {LEADER}")
    return int(text)


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"found '{text}', expected seconds above 0, at most 3600")
    return value


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="cluster", description="Runs a cluster of real nodes on this machine.")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("--dir", type=Path, required=True, metavar="D", help="where everything of it is kept")
        return command

    up = add("up", "starts a cluster, waits for a leader and prints one line of JSON")
    up.add_argument("--nodes", type=node_count, metavar="N", help="how many (3)")
    up.add_argument("--storage", type=names, metavar="NAME[,NAME..]",
                    help="the storage of all nodes, or of the first, the second, .. (filewal)")  # fmt: skip
    up.add_argument("--transport", type=name_lists, metavar="NAME[,NAME..]",
                    help="in the same way the transport; NAME+NAME gives one node several (thrift)")  # fmt: skip
    up.add_argument("--api", type=names, metavar="NAME[,NAME..]", help="what every node serves (thrift)")
    up.add_argument("--base-port", type=int, metavar="P", help="node N has the ports P + 10 N to P + 10 N + 9")
    up.add_argument("--build", type=Path, metavar="DIR", help="the build directory (build/ of this checkout)")
    up.add_argument("--set", action="append", metavar="SECTION.KEY=VALUE", help="goes into every node's config file")
    up.add_argument("--timeout", type=seconds, default=60.0, metavar="SECONDS", help="how long to wait (60)")
    add("status", "prints the same line for the cluster as it is")
    for name, summary in (
        ("kill", "ends nodes by SIGKILL"),
        ("pause", "halts nodes by SIGSTOP"),
        ("resume", "lets paused nodes go on"),
        ("stop", "ends nodes by SIGTERM, as an operator does"),
        ("start", "starts stopped nodes and waits until they answer"),
    ):
        command = add(name, summary)
        command.add_argument("node", type=node_number, nargs="+", metavar="N", help=f"a number, or `{LEADER}`")
        if name == "start":
            command.add_argument("--timeout", type=seconds, default=60.0, metavar="SECONDS")
            command.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE",
                                 help="goes into the config of these nodes, for this start alone")  # fmt: skip
    join = add("join", "starts a new node, which the cluster takes in; `tenonctl member remove` takes one out")
    join.add_argument("node", type=node_count, metavar="N", help="a number that no node has yet")
    join.add_argument("--storage", metavar="NAME", help="its storage (that of node 1)")
    join.add_argument("--waits", action="store_true", help="it only waits for `tenonctl member add`")
    join.add_argument("--timeout", type=seconds, default=60.0, metavar="SECONDS")
    add("down", "stops every node and keeps the data")
    return made


def make_cluster(directory: Path, arguments: argparse.Namespace) -> Cluster:
    build = (arguments.build or Path(__file__).resolve().parents[2] / "build").resolve()
    if not (build / "server" / "tenond").is_file():
        raise ClusterError(f"found no {build}/server/tenond, expected a build; build it, or name another by --build")
    choices = Choices(arguments.nodes or 3)
    choices.storages = arguments.storage or choices.storages
    choices.transports = arguments.transport or choices.transports
    choices.apis = arguments.api or choices.apis
    if "thrift" not in choices.apis:
        raise ClusterError("--api: expected thrift among the names; this tool asks the nodes through it")
    settings = dict(split_setting(text) for text in arguments.set or [])
    if arguments.base_port is None:
        base_port, plans = plan_on_free_ports(choices)
    else:
        base_port, plans = arguments.base_port, plan(choices, arguments.base_port)
        check_ports(plans)
    cluster_id = f"local-{secrets.token_hex(4)}"
    state = ClusterState(str(build), cluster_id, base_port, settings, [NodeState(one) for one in plans])
    cluster = Cluster(directory, state)
    cluster.save()
    return cluster


def open_or_make(directory: Path, arguments: argparse.Namespace) -> Cluster:
    if not state_file.path_of(directory).exists():
        return make_cluster(directory, arguments)
    given = [name for name in MAKING if getattr(arguments, name) is not None]
    if given:
        flag = given[0].replace("_", "-")
        raise ClusterError(f"found a cluster in {directory} already, whose options are fixed; leave out --{flag} to "
                           "start what is stopped of it, or remove the directory (after `down`) to make another")
    return Cluster(directory, state_file.load(directory))


def up(directory: Path, arguments: argparse.Namespace) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with state_file.locked(directory):
        cluster = open_or_make(directory, arguments)
        try:
            stopped = [node for node in cluster.state.nodes if cluster.process_state(node) == "stopped"]
            for node in stopped:
                cluster.launch(node)
            cluster.wait_for_answers(stopped, arguments.timeout)
            cluster.wait_for_leader(arguments.timeout)
        except BaseException:
            cluster.end_children()
            raise
        print(json.dumps(cluster.describe()), flush=True)


def start(cluster: Cluster, nodes: list[NodeState], settings: dict[str, str], timeout_seconds: float) -> None:
    try:
        for node in nodes:
            cluster.launch(node, settings)
        cluster.wait_for_answers(nodes, timeout_seconds)
    except BaseException:
        cluster.end_children()
        raise


def join(cluster: Cluster, arguments: argparse.Namespace) -> None:
    """Returns when the node answers; that it has become a voter says `tenonctl member list`."""
    number, first = arguments.node, cluster.state.nodes[0].plan
    if any(node.plan.id == number for node in cluster.state.nodes):
        raise ClusterError(f"found node {number} in this cluster already; `start {number}` starts it")
    if not first.transports:
        raise ClusterError("found a cluster without a transport, expected one; make it with --transport thrift")
    first_port = cluster.state.base_port + 10 * number
    offset = first_port - (cluster.state.base_port + 10 * first.id)
    made = NodePlan(
        id=number,
        storage=arguments.storage or first.storage,
        transports=first.transports,
        api_ports={name: port + offset for name, port in first.api_ports.items()},
        transport_ports={name: port + offset for name, port in first.transport_ports.items()},
        joins=True,
        asks=not arguments.waits,
    )
    check_ports([made])
    cluster.state.nodes.append(NodeState(made))
    start(cluster, [cluster.state.nodes[-1]], {}, arguments.timeout)


def down(cluster: Cluster) -> None:
    """What does not end in time is killed, and that is an error."""
    try:
        cluster.stop(cluster.alive())
    except ClusterError as error:
        left = cluster.alive()
        cluster.kill(left)
        killed = ", ".join(str(node.plan.id) for node in left) or "none"
        raise ClusterError(f"every node is stopped, and of them had to be killed: {killed}; {error}") from error


def run(arguments: argparse.Namespace) -> None:
    directory = arguments.dir.resolve()
    if arguments.command == "up":
        return up(directory, arguments)
    if arguments.command == "status":
        return print(json.dumps(Cluster(directory, state_file.load(directory)).describe()))
    with state_file.locked(directory):
        cluster = Cluster(directory, state_file.load(directory))
        if arguments.command == "down":
            return down(cluster)
        if arguments.command == "join":
            return join(cluster, arguments)
        numbers = [cluster.leader() if number is None else number for number in arguments.node]
        nodes = [cluster.state.node(number) for number in dict.fromkeys(numbers)]
        if arguments.command == "start":
            return start(cluster, nodes, dict(map(split_setting, arguments.set)), arguments.timeout)
        signals = {"kill": cluster.kill, "stop": cluster.stop, "pause": cluster.pause, "resume": cluster.resume}
        return signals[arguments.command](nodes)


def main(words: list[str]) -> int:
    arguments = parser().parse_args(words)
    try:
        run(arguments)
    except ClusterError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return EXIT_ERROR
    except OSError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print("cluster: interrupted; what this command had started is ended", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0
