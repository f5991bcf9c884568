#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What Redis clients saw while leaders were killed and paused can be explained by commands that took effect one by one.

Clients of every node set, read, append, count and run transactions, with and without WATCH. A definite refusal is taken
at its word: it has changed nothing. `-UNKNOWN` may have been applied or not, and ends the connection.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cluster_harness import QUICK_ELECTIONS  # noqa: E402
from harness import BUILD_DIRECTORY, campaign_rounds, temporary_directory  # noqa: E402

from tenon_server import TenonCluster  # noqa: E402
from wire import Closed, Connection, NoReply, Reply  # noqa: E402

CHECK_HISTORY = BUILD_DIRECTORY / "tests" / "support" / "check_history"
ROUNDS = 40
CLIENTS_PER_NODE = 3
REGISTERS = 3
REPLY_SECONDS = 5.0
DEFINITE = (b"TRYAGAIN ", b"CLUSTERDOWN ", b"LOADING ")
SETTINGS = {**QUICK_ELECTIONS, "limits.timeout_default": "2s"}
Operation = dict[str, object]


class Refused(Exception):
    """The server says that it has not applied it."""


class Unknown(Exception):
    """Nobody can say whether it was applied."""


def text_of(reply: Reply) -> str | None:
    return None if reply.value is None else reply.text().decode()


class HistoryClient(threading.Thread):
    """One request at a time, to one node."""

    def __init__(self, name: str, port: int, seed: int) -> None:
        super().__init__()
        self.client_name = name
        self.port = port
        self.random = random.Random(seed)
        self.stopping = threading.Event()
        self.prefix = "0"
        self.operations: list[Operation] = []
        self.outcomes: Counter[str] = Counter()
        self.problems: list[str] = []
        self.connection: Connection | None = None
        self.values = 0

    def run(self) -> None:
        makers = [self.put, self.get, self.get, self.delete, self.append, self.increment, self.put_if_absent, self.swap,
                  self.transaction]  # fmt: skip
        while not self.stopping.is_set():
            operation: Operation = {"client": self.client_name, "call": time.monotonic_ns()}
            maker = self.random.choice(makers)
            try:
                maker(operation)
                outcome = "done"
            except Refused:
                outcome = "refused"
            except (Unknown, Closed, NoReply):
                outcome = "unknown"
                self.disconnect()
            except OSError:
                time.sleep(0.02)  # not connected, so nothing was sent
                continue
            self.outcomes[outcome] += 1
            if "key" in operation:
                self.operations.append({**operation, "outcome": outcome, "return": time.monotonic_ns()})
        self.disconnect()

    def disconnect(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def call(self, *words: str) -> Reply:
        if self.connection is None:
            self.connection = Connection(self.port, reply_seconds=REPLY_SECONDS)
        return self.judged(self.connection.call(*[word.encode() for word in words]))

    def judged(self, reply: Reply) -> Reply:
        if reply.kind != b"-":
            return reply
        if reply.text().startswith(DEFINITE):
            raise Refused
        if not reply.text().startswith(b"UNKNOWN "):
            self.problems.append(repr(reply.raw))
        self.assert_closed()
        raise Unknown

    def assert_closed(self) -> None:
        assert self.connection is not None
        try:
            more = self.connection.read()
        except Closed:
            return
        except NoReply:
            self.problems.append("the connection went on behind -UNKNOWN")
        else:
            self.problems.append(f"{more.raw!r} came behind -UNKNOWN")

    def register(self, operation: Operation, kind: str) -> str:
        key = f"{self.prefix}:register:{self.random.randrange(REGISTERS)}"
        operation.update(kind=kind, key=key)
        return key

    def value(self) -> str:
        """One that nobody else writes."""
        self.values += 1
        return f"{self.client_name}.{self.values}"

    def put(self, operation: Operation) -> None:
        key = self.register(operation, "put")
        operation["value"] = self.value()
        if self.random.random() < 0.5:
            self.call("SET", key, str(operation["value"]))
        else:
            operation["found"] = text_of(self.call("SET", key, str(operation["value"]), "GET"))

    def get(self, operation: Operation) -> None:
        key = self.register(operation, "get")
        operation["found"] = text_of(self.call("GET", key))

    def delete(self, operation: Operation) -> None:
        key = self.register(operation, "delete")
        operation["changed"] = self.call("DEL", key).value == 1

    def append(self, operation: Operation) -> None:
        key = self.register(operation, "append")
        operation["value"] = self.value()
        operation["result"] = self.call("APPEND", key, str(operation["value"])).value

    def increment(self, operation: Operation) -> None:
        operation.update(kind="increment", key=f"{self.prefix}:counter", by=1)
        operation["result"] = self.call("INCR", f"{self.prefix}:counter").value

    def put_if_absent(self, operation: Operation) -> None:
        key = self.register(operation, "put_if_absent")
        operation["value"] = self.value()
        operation["changed"] = self.call("SET", key, str(operation["value"]), "NX").value is not None

    def swap(self, operation: Operation) -> None:
        """By WATCH. What was disturbed may be again as it was, so it is told as if it had been refused."""
        attempt: Operation = {}
        key = self.register(attempt, "cas")
        attempt.update(value=self.value())
        self.call("WATCH", key)
        attempt["expected"] = text_of(self.call("GET", key))
        self.call("MULTI")
        self.call("SET", key, str(attempt["value"]))
        operation.update(attempt)
        operation["call"] = time.monotonic_ns()
        if self.call("EXEC").value is None:
            raise Refused
        operation["changed"] = True

    def transaction(self, operation: Operation) -> None:
        attempt: Operation = {}
        key = self.register(attempt, "transaction")
        value, counter = self.value(), f"{self.prefix}:counter"
        self.call("MULTI")
        self.call("GET", key)
        self.call("SET", key, value)
        self.call("INCR", counter)
        if self.random.random() < 0.5:
            self.call("PUBLISH", "news", value)
        steps: list[Operation] = [{"kind": "get", "key": key}, {"kind": "put", "key": key, "value": value},
                                  {"kind": "increment", "key": counter, "by": 1}]  # fmt: skip
        operation.update(attempt, compares=[], steps=steps, otherwise=[], call=time.monotonic_ns())
        found, _, result, *_ = self.call("EXEC").items()  # what became of the message says nothing of the rest
        steps[0]["found"] = text_of(found)
        steps[2]["result"] = result.value
        operation["changed"] = True


class Histories(unittest.TestCase):
    def test_what_clients_saw_while_leaders_died_is_linearizable(self) -> None:
        seed = int(os.environ.get("TENON_SEED", str(random.SystemRandom().randrange(2**32))))
        print(f"seed {seed}", flush=True)
        moments = random.Random(seed)
        with TenonCluster(SETTINGS) as cluster:
            cluster.wait_for_leader()
            clients = [HistoryClient(f"c{node}{number}", cluster.redis_port(node), moments.randrange(2**32))
                       for node in cluster.ids for number in range(CLIENTS_PER_NODE)]  # fmt: skip
            for client in clients:
                client.start()
            try:
                for number in range(campaign_rounds(ROUNDS)):
                    for client in clients:
                        client.prefix = str(number)
                    self.disturb(cluster, moments, number)
                cluster.wait_for_leader()
                time.sleep(0.5)
            finally:
                for client in clients:
                    client.stopping.set()
                for client in clients:
                    client.join()
        outcomes = sum((client.outcomes for client in clients), Counter())
        print(f"outcomes: {dict(outcomes)}", flush=True)
        self.assertEqual([problem for client in clients for problem in client.problems][:10], [])
        self.assertGreater(outcomes["done"], 0)
        self.judge([operation for client in clients for operation in client.operations])

    def disturb(self, cluster: TenonCluster, moments: random.Random, number: int) -> None:
        leader = cluster.wait_for_leader()
        time.sleep(moments.uniform(0.2, 0.6))
        if number % 2 == 0:
            cluster.kill(leader)
            cluster.wait_for_leader(cluster.others(leader))
            time.sleep(moments.uniform(0.1, 0.4))
            cluster.start(leader)
        else:
            cluster.tool("pause", str(leader))
            cluster.wait_for_leader(cluster.others(leader))
            time.sleep(moments.uniform(0.1, 0.4))
            cluster.tool("resume", str(leader))

    def judge(self, operations: list[Operation]) -> None:
        with temporary_directory() as directory:
            path = Path(directory) / "history.jsonl"
            path.write_text("".join(json.dumps(one) + "\n" for one in operations))
            done = subprocess.run([str(CHECK_HISTORY), str(path)], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                kept = BUILD_DIRECTORY / "redis-history.jsonl"
                kept.write_bytes(path.read_bytes())
                said = (done.stdout + done.stderr)[-4000:]
                self.fail(f"check_history ended with {done.returncode} for {kept}: {said}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
