# SPDX-License-Identifier: MIT
"""Clients that read and write in their own threads, and record what they saw as support/linearizability.hpp says it.

Times are of the monotonic clock of the machine: taken before the first byte is sent, and after the last has come.
"""

from __future__ import annotations

import bisect
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from cluster_harness import RunningCluster
from harness import Client

from tenon_kv.ttypes import Consistency, GetRequest, Outcome, PutRequest, TenonError

LINEARIZABLE, LEASE, STALE, LOG = (
    Consistency.LINEARIZABLE,
    Consistency.LEASE,
    Consistency.STALE,
    Consistency.LOG,
)
# Reads of these are linearizable.
STRICT = (LINEARIZABLE, LEASE, LOG)
MAX_AGE_MS = 200


@dataclass
class StaleRead:
    call_ns: int
    revision: int


@dataclass
class History:
    """Any thread may add to it."""

    operations: list[dict[str, object]] = field(default_factory=list)
    stale_reads: list[StaleRead] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, operation: dict[str, object]) -> None:
        with self.lock:
            self.operations.append(operation)

    def add_stale(self, read: StaleRead) -> None:
        with self.lock:
            self.stale_reads.append(read)

    def write(self, path: Path) -> None:
        with self.lock:
            path.write_text("".join(json.dumps(one) + "\n" for one in self.operations))

    def count(self, kind: str, outcome: str = "done") -> int:
        with self.lock:
            return sum(one["kind"] == kind and one["outcome"] == outcome for one in self.operations)

    def too_old(self) -> list[str]:
        """Of the stale reads those that lack what was acknowledged more than MAX_AGE_MS before they were asked for."""
        with self.lock:
            writes = sorted((one["return"], one["revision"]) for one in self.operations
                            if one["kind"] == "put" and one["outcome"] == "done")  # fmt: skip
            ends = [end for end, _ in writes]
            newest = [0]
            for _, revision in writes:
                newest.append(max(newest[-1], revision))
            found = []
            for read in self.stale_reads:
                due = newest[bisect.bisect_left(ends, read.call_ns - MAX_AGE_MS * 1_000_000)]
                if read.revision < due:
                    found.append(f"asked for at {read.call_ns}, shows revision {read.revision}, {due} was due")
            return found


def read_once(history: History, client: Client, name: str, key: str, consistency: int) -> bool:
    """False: there was no answer, or a refusal."""
    max_age_ms = MAX_AGE_MS if consistency == STALE else None
    call = time.monotonic_ns()
    try:
        reply = client.kv.get(GetRequest(key=key.encode(), consistency=consistency, max_age_ms=max_age_ms))
    except Exception:  # noqa: BLE001  a read that has failed says nothing
        return False
    if consistency == STALE:
        history.add_stale(StaleRead(call, reply.revision))
        return True
    record = reply.record
    history.add({"client": name, "call": call, "return": time.monotonic_ns(), "outcome": "done", "key": key,
                 "kind": "get", "found": None if record is None else record.value.decode(),
                 "version": 0 if record is None else record.version, "revision": reply.revision})  # fmt: skip
    return True


def write_once(history: History, client: Client, name: str, key: str, value: str) -> bool:
    """False: it was not acknowledged."""
    operation: dict[str, object] = {"client": name, "call": time.monotonic_ns(), "key": key, "kind": "put",
                                    "value": value}  # fmt: skip
    try:
        reply = client.kv.put(PutRequest(key=key.encode(), value=value.encode()))
        operation |= {"outcome": "done", "revision": reply.revision}
    except TenonError as error:
        operation |= {"outcome": "unknown" if error.outcome == Outcome.UNKNOWN else "refused"}
    except Exception:  # noqa: BLE001  sent, and no answer
        operation |= {"outcome": "unknown"}
    operation |= {"return": time.monotonic_ns()}
    history.add(operation)
    return operation["outcome"] == "done"


class Loader(threading.Thread):
    """Reads by one consistency, or with None writes, through one node, one request after another."""

    def __init__(self, cluster: RunningCluster, history: History, node: int, consistency: int | None) -> None:
        super().__init__(daemon=True)
        self.cluster = cluster
        self.history = history
        self.node = node
        self.consistency = consistency
        kind = "write" if consistency is None else Consistency._VALUES_TO_NAMES[consistency].lower()
        self.client_name = f"{kind} {node}"
        self.keys: list[str] = []
        self.done = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        client: Client | None = None
        number = 0
        while not self.stopping.is_set():
            number += 1
            time.sleep(0.01)
            try:
                client = client or self.cluster.client(self.node, timeout_seconds=8.0)
            except Exception:  # noqa: BLE001  nothing was sent
                continue
            if self.request(client, number):
                self.done += 1
            elif self.consistency is None:
                client.close()  # an answer may still come, and would be taken for that of the next
                client = None
        if client is not None:
            client.close()

    def request(self, client: Client, number: int) -> bool:
        key = self.keys[number % len(self.keys)]
        if self.consistency is None:
            return write_once(self.history, client, self.client_name, key, f"{self.client_name} {number}")
        return read_once(self.history, client, self.client_name, key, self.consistency)
