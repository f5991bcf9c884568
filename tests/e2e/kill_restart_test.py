#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What was acknowledged is there after SIGKILL at a random moment under concurrent writers, again and again.

Every writer owns its keys and writes one number after the other to them, so that at any time a key must hold the last
number that was acknowledged, or one that was sent after it. The seed is printed first; the moments of the kills follow
from it.
"""

from __future__ import annotations

import os
import random
import threading
import time
import unittest
from pathlib import Path

from harness import Client, Node, campaign_rounds, temporary_directory

from tenon_kv.ttypes import GetRequest, PutRequest, RemoveRequest, ScanRequest, TenonError, Outcome

WRITERS = 4
KEYS_PER_WRITER = 5
ROUNDS = 100


class Writer(threading.Thread):
    """Puts and removes on its own keys until told to stop. A value of None stands for an absent key."""

    def __init__(self, number: int, port: int, history: "History") -> None:
        super().__init__()
        self.number = number
        self.port = port
        self.history = history
        self.stopping = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            with Client(self.port) as client:
                while not self.stopping.is_set():
                    self.write_once(client)
        except TenonError as error:
            if error.outcome != Outcome.UNKNOWN:
                self.error = error
        except Exception:  # noqa: BLE001  the connection broke, as it must when the node is killed
            pass

    def write_once(self, client: Client) -> None:
        key = b"writer-%d-%d" % (self.number, random.randrange(KEYS_PER_WRITER))
        value = self.history.next_value(key)
        if value is None:
            client.kv.remove(RemoveRequest(key=key))
        else:
            client.kv.put(PutRequest(key=key, value=value))
        self.history.acknowledged(key)


class History:
    """For each key, what was acknowledged last and what was sent after it. A key has one writer at a time."""

    def __init__(self) -> None:
        self.possible: dict[bytes, list[bytes | None]] = {}
        self.counter = 0
        self.acknowledgements = 0
        self.lock = threading.Lock()

    def next_value(self, key: bytes) -> bytes | None:
        with self.lock:
            self.counter += 1
            value = None if self.counter % 7 == 0 else b"value-%d-" % self.counter + b"x" * (self.counter % 2000)
            self.possible.setdefault(key, [None]).append(value)
            return value

    def acknowledged(self, key: bytes) -> None:
        with self.lock:
            self.acknowledgements += 1
            del self.possible[key][:-1]

    def settle(self, key: bytes, found: bytes | None) -> None:
        """What was read is decided: nothing else can come any more."""
        self.possible[key] = [found]


class KillRestart(unittest.TestCase):
    def test_everything_acknowledged_is_there_after_each_kill(self) -> None:
        seed = int(os.environ.get("TENON_SEED", str(random.SystemRandom().randrange(2**32))))
        print(f"seed {seed}", flush=True)
        moments = random.Random(seed)
        history = History()
        rounds = campaign_rounds(ROUNDS)
        with temporary_directory() as directory:
            node = Node(Path(directory))
            try:
                node.start()
                for round_number in range(rounds):
                    self.write_and_kill(node, history, moments)
                    node.start()
                    self.check(node, history, round_number)
                node.terminate()
                node.start()
                self.check(node, history, rounds)
            finally:
                if node.process is not None:
                    node.kill()
        print(f"{rounds} kills, {history.acknowledgements} acknowledged writes, none lost", flush=True)
        self.assertGreater(history.acknowledgements, rounds)

    def write_and_kill(self, node: Node, history: History, moments: random.Random) -> None:
        writers = [Writer(number, node.port, history) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(moments.uniform(0.01, 0.4))
        node.kill()
        for writer in writers:
            writer.stopping.set()
            writer.join()
            self.assertIsNone(writer.error)

    def check(self, node: Node, history: History, round_number: int) -> None:
        with Client(node.port) as client:
            scanned = {record.key: record.value for record in scan_all(client)}
            for key, possible in history.possible.items():
                record = client.kv.get(GetRequest(key=key)).record
                found = None if record is None else record.value
                self.assertIn(found, possible, f"round {round_number}, key {key!r}")
                self.assertEqual(scanned.get(key), found)
                history.settle(key, found)


def scan_all(client: Client) -> list:
    records, cursor = [], None
    while True:
        page = client.kv.scan(ScanRequest(prefix=b"writer-", limit=7, cursor=cursor))
        records.extend(page.records)
        cursor = page.cursor
        if cursor is None:
            return records


if __name__ == "__main__":
    unittest.main(verbosity=2)
