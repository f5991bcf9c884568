#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A leader is stopped for longer than the election timeout, while all read and write; then it goes on. It knows nothing
of the time that has passed, and what was sent to it meanwhile waits in its sockets.

Clients read by every consistency and write through every node all the time. While the leader is stopped and the others
have acknowledged more, each kind of read and a write are sent to it on connections that were open before. The history
of all clients is then judged: no read that is promised to be linearizable was stale, and nothing was acknowledged that
the new leader does not have. Stale reads are held against their bound.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cluster_harness import RunningCluster  # noqa: E402
from harness import BUILD_DIRECTORY, Client, campaign_rounds, temporary_directory  # noqa: E402
from recorder import (  # noqa: E402
    LEASE,
    LINEARIZABLE,
    LOG,
    MAX_AGE_MS,
    STALE,
    STRICT,
    History,
    Loader,
    read_once,
    write_once,
)

TRIALS = 200
PROBES = 3  # of each kind of read
KEYS = 3
ELECTIONS = {
    "raft.heartbeat_interval": "30ms",
    "raft.election_timeout_min": "200ms",
    "raft.election_timeout_max": "400ms",
}
SETTINGS = ELECTIONS | {"raft.lease_reads": "on", "limits.timeout_default": "4s"}
CHECK_HISTORY = BUILD_DIRECTORY / "tests" / "support" / "check_history"


class Probe(threading.Thread):
    """One request on a connection of its own, sent when it is started."""

    def __init__(self, history: History, client: Client, name: str, key: str, consistency: int | None) -> None:
        super().__init__(daemon=True)
        self.history = history
        self.client = client
        self.probe_name = name
        self.key = key
        self.consistency = consistency
        self.answered = False

    def run(self) -> None:
        if self.consistency is None:
            value = f"{self.probe_name} {self.key}"
            self.answered = write_once(self.history, self.client, self.probe_name, self.key, value)
        else:
            self.answered = read_once(self.history, self.client, self.probe_name, self.key, self.consistency)
        self.client.close()


class StoppedLeader(unittest.TestCase):
    def test_no_read_is_stale_and_no_write_is_lost_when_a_stopped_leader_goes_on(self) -> None:
        seed = int(os.environ.get("TENON_SEED", str(random.SystemRandom().randrange(2**32))))
        print(f"seed {seed}", flush=True)
        self.moments = random.Random(seed)
        self.history = History()
        self.answers = {"read": 0, "write": 0}
        trials = campaign_rounds(TRIALS)
        with RunningCluster(SETTINGS) as cluster:
            self.cluster = cluster
            cluster.wait_for_leader()
            loaders = [Loader(cluster, self.history, node, consistency) for node in cluster.ids
                       for consistency in (None, LINEARIZABLE, LEASE, STALE, LOG)]  # fmt: skip
            self.choose_keys(loaders, "before")
            for loader in loaders:
                loader.start()
            for trial in range(trials):
                self.choose_keys(loaders, f"trial-{trial}")
                self.stop_and_continue(f"trial-{trial}")
            for loader in loaders:
                loader.stopping.set()
            for loader in loaders:
                loader.join()
            self.read_all_in_the_end(trials)
            lease_reads = self.served_by_lease()
        done = {loader.client_name: loader.done for loader in loaders}
        print(f"{trials} trials: {self.history.count('put')} writes acknowledged, "
              f"{self.history.count('put', 'unknown')} unknown, {self.history.count('get')} linearizable reads, "
              f"{lease_reads} of them by a lease, {len(self.history.stale_reads)} stale reads; "
              f"{self.answers['read']} reads sent to a stopped leader were answered; by client {done}",
              flush=True)  # fmt: skip
        self.judge()
        self.assertTrue(all(done.values()), "a client got no answer at all")
        self.assertGreater(lease_reads, 0)
        self.assertGreater(self.answers["read"], 0, "no stopped leader has answered what was sent to it meanwhile")

    def choose_keys(self, loaders: list[Loader], prefix: str) -> None:
        for loader in loaders:
            loader.keys = [f"{prefix}-{number}" for number in range(KEYS)]

    def stop_and_continue(self, key_prefix: str) -> None:
        cluster = self.cluster
        leader = cluster.wait_for_leader()
        time.sleep(self.moments.uniform(0.05, 0.3))
        probes = [Probe(self.history, cluster.client(leader, timeout_seconds=8.0), f"probe {consistency}.{number}",
                        f"{key_prefix}-{number % KEYS}", consistency)
                  for consistency in (*STRICT, STALE) for number in range(PROBES)]  # fmt: skip
        writer = Probe(self.history, cluster.client(leader, timeout_seconds=8.0), "probe", f"{key_prefix}-0", None)
        pid = self.pid_of(leader)
        os.kill(pid, signal.SIGSTOP)
        try:
            others = cluster.others(leader)
            cluster.wait_for_leader(others)
            self.write_through(others[0], key_prefix)
            # From here on a stale read is too old when it shows what was before the stop.
            time.sleep(MAX_AGE_MS / 1000 + self.moments.uniform(0.01, 0.2))
            for probe in [*probes, writer]:
                probe.start()
            time.sleep(0.03)  # until all of it is in the sockets of the process
        finally:
            os.kill(pid, signal.SIGCONT)
        for probe in [*probes, writer]:
            probe.join()
        self.answers["read"] += sum(probe.answered for probe in probes)
        self.answers["write"] += writer.answered

    def write_through(self, node: int, key_prefix: str) -> None:
        """Every key is written once more, which the stopped leader does not know."""
        with self.cluster.client(node) as client:
            for number in range(KEYS):
                key = f"{key_prefix}-{number}"
                written = self.cluster.wait_for(
                    lambda key=key: write_once(self.history, client, "tester", key, f"{time.monotonic_ns()}"),
                    "a write through the others",
                )
                self.assertTrue(written)

    def read_all_in_the_end(self, trials: int) -> None:
        """What was acknowledged and is not there any more is found out by these."""
        self.cluster.wait_for_leader()
        for node in self.cluster.ids:
            with self.cluster.client(node) as client:
                for trial in range(trials):
                    for number in range(KEYS):
                        key = f"trial-{trial}-{number}"
                        self.assertTrue(read_once(self.history, client, f"last {node}", key, LINEARIZABLE))

    def pid_of(self, node: int) -> int:
        nodes = json.loads(self.cluster.tool("status"))["nodes"]
        return next(one["pid"] for one in nodes if one["id"] == node)

    def served_by_lease(self) -> int:
        total = 0
        for node in self.cluster.ids:
            with self.cluster.client(node) as client:
                for line in client.cluster.metrics().text.splitlines():
                    if line.startswith('tenon_reads_total{asked="lease",served="lease"}'):
                        total += int(float(line.split()[-1]))
        return total

    def judge(self) -> None:
        with temporary_directory() as directory:
            file = Path(directory) / "history.jsonl"
            self.history.write(file)
            judged = subprocess.run([str(CHECK_HISTORY), str(file)], capture_output=True, text=True, check=False)
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)
        self.assertEqual(self.history.too_old(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
