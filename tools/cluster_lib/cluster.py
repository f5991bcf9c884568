# SPDX-License-Identifier: MIT
"""A cluster on this machine: starting its nodes, signalling them, asking them."""

from __future__ import annotations

import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster_lib import processes, state_file
from cluster_lib.errors import ClusterError
from cluster_lib.node_config import HOST, config_text
from cluster_lib.state_file import ClusterState, NodeState
from cluster_lib.thrift_client import Answered, Connection, NoAnswer, NodeStatus, Unreachable

ASK_SECONDS = 1.0
POLL_SECONDS = 0.02
STOP_SECONDS = 20.0  # a node drains for at most 5 s
KILL_SECONDS = 10.0
LOG_LINES_SHOWN = 12


class Cluster:
    """Needs: the lock of the directory, for every function that changes something."""

    def __init__(self, directory: Path, state: ClusterState) -> None:
        self.directory = directory
        self.state = state
        self.children: dict[int, subprocess.Popen[bytes]] = {}  # those that this command has started

    def save(self) -> None:
        state_file.save(self.directory, self.state)

    def folder(self, node: NodeState) -> Path:
        return self.directory / f"node-{node.plan.id}"

    def data_directory(self, node: NodeState) -> Path:
        return self.folder(node) / "data"

    def log_file(self, node: NodeState) -> Path:
        return self.folder(node) / "stderr.log"

    def process_state(self, node: NodeState) -> str:
        return "stopped" if node.process is None else processes.state(node.process)

    def running(self) -> list[NodeState]:
        return [node for node in self.state.nodes if self.process_state(node) == "running"]

    def alive(self) -> list[NodeState]:
        """Running or paused."""
        return [node for node in self.state.nodes if self.process_state(node) != "stopped"]

    def launch(self, node: NodeState, settings: dict[str, str] | None = None) -> None:
        """Starts the process and waits for nothing. `settings` are of this one start, beside those of the cluster."""
        if self.process_state(node) != "stopped":
            assert node.process is not None
            raise ClusterError(f"found node {node.plan.id} {self.process_state(node)} (pid {node.process.pid}), "
                               "expected it stopped; `stop`, `kill` or `resume` it")
        folder = self.folder(node)
        folder.mkdir(exist_ok=True)
        config_file = folder / "node.conf"
        plans = [one.plan for one in self.state.nodes]
        config_file.write_text(
            config_text(node.plan, plans, self.state.cluster_id, self.data_directory(node), not node.has_answered,
                        self.state.settings | (settings or {}))
        )  # fmt: skip
        tenond = Path(self.state.build_directory) / "server" / "tenond"
        try:
            node.process, child = processes.launch([str(tenond), "--config", str(config_file)], folder,
                                                   self.log_file(node))  # fmt: skip
        except OSError as error:
            raise ClusterError(f"{tenond} cannot be started ({error}); build it again, or make another "
                               "cluster") from error
        self.children[node.plan.id] = child
        self.save()

    def ask(self, node: NodeState) -> NodeStatus | None:
        """None: it does not answer."""
        port = node.plan.api_ports.get("thrift")
        if port is None:
            return None
        try:
            with Connection(HOST, port, ASK_SECONDS) as connection:
                status = connection.status()
        except (Unreachable, NoAnswer, Answered):
            return None
        return status if status.node_id == node.plan.id else None

    def ask_running(self) -> dict[int, NodeStatus]:
        """By node, of those that answer; all are asked at once."""
        nodes = self.running()
        if not nodes:
            return {}
        with ThreadPoolExecutor(len(nodes)) as pool:
            answers = pool.map(self.ask, nodes)
            return {node.plan.id: status for node, status in zip(nodes, answers) if status is not None}

    def wait_for_answers(self, nodes: list[NodeState], timeout_seconds: float) -> None:
        """Until each of these nodes has answered once."""
        deadline = time.monotonic() + timeout_seconds
        waiting = list(nodes)
        while waiting:
            for node in list(waiting):
                if self.ask(node) is not None:
                    node.has_answered = True
                    waiting.remove(node)
                elif self.process_state(node) == "stopped":
                    raise ClusterError(self.describe_death(node))
            if waiting and time.monotonic() > deadline:
                raise ClusterError(f"node {waiting[0].plan.id} did not answer within {timeout_seconds:g} s"
                                   + self.log_end(waiting[0]))
            time.sleep(POLL_SECONDS)
        self.save()

    def wait_for_leader(self, timeout_seconds: float) -> int:
        """Until every running node knows the same leader, and that one says that it leads."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            running = self.running()
            answers = self.ask_running()
            leaders = {status.leader for status in answers.values()}
            if len(answers) == len(running) and len(leaders) == 1:
                leader = leaders.pop()
                if leader in answers and answers[leader].role == "leader":
                    return leader
            for node in self.state.nodes:
                if node.plan.id in self.children and self.process_state(node) == "stopped":
                    raise ClusterError(self.describe_death(node))
            if time.monotonic() > deadline:
                said = [f"node {one} {status.role} of term {status.term}, leader {status.leader or 'not known'}"
                        for one, status in sorted(answers.items())]  # fmt: skip
                raise ClusterError(f"no leader that all know within {timeout_seconds:g} s; found {len(running)} nodes "
                                   f"running, and of them: {', '.join(said) or 'no answer'}; their logs are "
                                   f"{self.directory}/node-N/stderr.log")
            time.sleep(POLL_SECONDS)

    def leader(self) -> int:
        """Who says that it leads, in the latest term."""
        leading = [(status.term, node) for node, status in self.ask_running().items() if status.role == "leader"]
        if not leading:
            raise ClusterError("found no node that says that it leads; `status` shows what each of them says")
        return max(leading)[1]

    def signal(self, nodes: list[NodeState], number: signal.Signals, wanted: str, timeout_seconds: float) -> None:
        """Sends it to all of them at once and waits until each process is in the state `wanted`."""
        for node in nodes:
            if node.process is None or not processes.send(node.process, number):
                raise ClusterError(f"found node {node.plan.id} stopped, expected it running; "
                                   f"`start {node.plan.id}` starts it")
        deadline = time.monotonic() + timeout_seconds
        for node in nodes:
            assert node.process is not None
            if not processes.wait_until(node.process, wanted, deadline):
                raise ClusterError(f"node {node.plan.id} (pid {node.process.pid}) is not {wanted} "
                                   f"{timeout_seconds:g} s after {number.name}; `kill {node.plan.id}` ends it"
                                   + self.log_end(node))
            child = self.children.get(node.plan.id)
            if wanted == "stopped" and child is not None:
                child.wait()

    def stop(self, nodes: list[NodeState]) -> None:
        """SIGTERM, also for those that are paused."""
        self.resume([node for node in nodes if self.process_state(node) == "paused"])
        self.signal(nodes, signal.SIGTERM, "stopped", STOP_SECONDS)

    def kill(self, nodes: list[NodeState]) -> None:
        self.signal(nodes, signal.SIGKILL, "stopped", KILL_SECONDS)

    def pause(self, nodes: list[NodeState]) -> None:
        self.signal(nodes, signal.SIGSTOP, "paused", KILL_SECONDS)

    def resume(self, nodes: list[NodeState]) -> None:
        self.signal(nodes, signal.SIGCONT, "running", KILL_SECONDS)

    def end_children(self) -> None:
        """Ends what this command has started, after it failed."""
        for node in self.alive():
            if node.plan.id in self.children and node.process is not None:
                processes.send(node.process, signal.SIGKILL)
                processes.wait_until(node.process, "stopped", time.monotonic() + KILL_SECONDS)

    def describe_death(self, node: NodeState) -> str:
        child = self.children.get(node.plan.id)
        code = child.poll() if child is not None else None
        if code is None:
            how = "ended"
        elif code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
        else:
            how = f"ended with exit code {code}"
        return f"node {node.plan.id} {how}, expected it to run" + self.log_end(node)

    def log_end(self, node: NodeState) -> str:
        path = self.log_file(node)
        try:
            lines = path.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        except OSError:
            lines = []
        if not lines:
            return f"; {path} is empty"
        return f"; the end of {path}:\n" + "\n".join(f"  {line}" for line in lines)

    def describe(self) -> dict[str, object]:
        """What `up` and `status` print."""
        answers = self.ask_running()
        leading = [(status.term, node) for node, status in answers.items() if status.role == "leader"]
        nodes = []
        for node in self.state.nodes:
            state = self.process_state(node)
            status = answers.get(node.plan.id)
            nodes.append(
                {
                    "id": node.plan.id,
                    "pid": node.process.pid if node.process is not None and state != "stopped" else None,
                    "data_dir": str(self.data_directory(node)),
                    "endpoints": {name: f"{HOST}:{port}" for name, port in node.plan.api_ports.items()},
                    "state": state,
                    "role": None if status is None else status.role,
                    "term": None if status is None else status.term,
                }
            )
        return {"leader": max(leading)[1] if leading else None, "nodes": nodes}
