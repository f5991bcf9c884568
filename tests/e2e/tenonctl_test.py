#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tenonctl against a real node: what it prints, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import time
import unittest
from pathlib import Path

from cluster_harness import RunningCluster
from harness import ENVIRONMENT, Node, TENONCTL, free_port, run, temporary_directory

OK, ERROR, NO_CONNECTION, NOT_FOUND, USAGE = 0, 1, 2, 3, 64


class Tenonctl(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = temporary_directory()
        cls.node = Node(Path(cls.directory.name))
        cls.node.start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.terminate()
        cls.directory.cleanup()

    def run_command(self, code: int, *arguments: str, standard_input: bytes = b"") -> bytes:
        command = [str(TENONCTL), "--endpoints", f"127.0.0.1:{self.node.port}", *arguments]
        result = run(*command, standard_input=standard_input)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        if code != OK:
            self.assertNotEqual(result.stderr, b"")
        return result.stdout

    def test_put_get_and_del(self) -> None:
        self.run_command(OK, "put", "greeting", "hello")
        self.assertEqual(self.run_command(OK, "-o", "simple", "get", "greeting").rstrip(b"\n"), b"hello")
        self.run_command(OK, "del", "greeting")
        self.run_command(NOT_FOUND, "get", "greeting")
        self.run_command(NOT_FOUND, "del", "greeting")

    def test_a_value_from_standard_input_is_taken_as_it_is(self) -> None:
        value = bytes(range(256))
        self.run_command(OK, "put", "binary", "-", standard_input=value)
        document = json.loads(self.run_command(OK, "-o", "json", "get", "binary"))
        self.assertIn("base64", json.dumps(document))

    def test_scan_in_order_with_limit(self) -> None:
        for number in range(5):
            self.run_command(OK, "put", f"scan-{number}", str(number))
        lines = self.run_command(OK, "-o", "simple", "scan", "scan-", "--limit", "3").splitlines()
        self.assertEqual(len([line for line in lines if line.startswith(b"scan-")]), 3)
        json.loads(self.run_command(OK, "-o", "json", "scan", "scan-"))

    def test_cas(self) -> None:
        self.run_command(OK, "put", "swap", "one")
        self.run_command(OK, "cas", "swap", "one", "two")
        self.run_command(NOT_FOUND, "cas", "swap", "one", "three")
        self.assertEqual(self.run_command(OK, "-o", "simple", "get", "swap").rstrip(b"\n"), b"two")

    def simple(self, *arguments: str, code: int = OK, standard_input: bytes = b"") -> str:
        return self.run_command(code, "-o", "simple", *arguments, standard_input=standard_input).decode()

    def test_a_write_shows_what_was_there_before(self) -> None:
        self.simple("put", "before", "one", "--previous")
        self.assertEqual(self.simple("put", "before", "two", "--previous").split()[1], "one")
        document = json.loads(self.run_command(OK, "-o", "json", "del", "before", "--previous"))
        self.assertEqual((document["previous"]["value"], document["previous"]["version"]), ("two", "2"))

    def test_append_and_increment(self) -> None:
        self.assertEqual(self.simple("append", "text", "ab"), "2\n")
        self.assertEqual(self.simple("append", "text", "c"), "3\n")
        self.assertEqual(self.simple("get", "text"), "abc")
        self.assertEqual(self.simple("increment", "number"), "1\n")
        self.assertEqual(self.simple("increment", "number", "--", "-11"), "-10\n")
        self.simple("increment", "text", code=ERROR)
        self.simple("put", "most", str(2**63 - 1))
        self.simple("increment", "most", code=ERROR)
        self.assertEqual(self.simple("get", "most"), str(2**63 - 1))

    def test_several_keys_are_read_at_once(self) -> None:
        for key in ("many-a", "many-b"):
            self.simple("put", key, f"value of {key}")
        self.assertEqual(self.simple("get", "many-b", "many-a"), "many-b\tvalue of many-b\nmany-a\tvalue of many-a\n")
        self.assertEqual(self.simple("get", "many-x", "many-a", code=NOT_FOUND), "many-a\tvalue of many-a\n")

    def reads_counted(self, asked: str, served: str) -> int:
        wanted = f'tenon_reads_total{{asked="{asked}",served="{served}"}} '
        lines = self.run_command(OK, "metrics").decode().splitlines()
        return int(next(line for line in lines if line.startswith(wanted)).removeprefix(wanted))

    def test_a_read_says_what_it_may_rest_on(self) -> None:
        self.simple("put", "ways", "v")
        log_before = int(json.loads(self.run_command(OK, "-o", "json", "status"))["nodes"][0]["commit_index"])
        # Leases are off unless a node is told otherwise.
        ways = {"linearizable": ("linearizable", "linearizable"), "lease": ("lease", "linearizable"),
                "stale": ("stale", "stale"), "stale=10s": ("stale", "stale"), "log": ("log", "log")}  # fmt: skip
        for consistency, (asked, served) in ways.items():
            before = self.reads_counted(asked, served)
            self.assertEqual(self.simple("get", "ways", "--consistency", consistency), "v")
            self.assertEqual(self.simple("scan", "ways", "--consistency", consistency), "ways\tv\n")
            self.assertEqual(self.reads_counted(asked, served), before + 2, consistency)
        log_after = int(json.loads(self.run_command(OK, "-o", "json", "status"))["nodes"][0]["commit_index"])
        self.assertGreaterEqual(log_after, log_before + 2)
        self.run_command(USAGE, "get", "ways", "--consistency", "strong")

    def test_a_key_expires_and_may_be_kept(self) -> None:
        self.simple("put", "short", "v", "--ttl", "300ms")
        self.simple("put", "long", "v", "--ttl", "1h")
        self.assertTrue(0 < int(self.simple("ttl", "long")) <= 3_600_000)
        self.simple("put", "long", "w", "--keep-ttl")
        self.assertNotEqual(self.simple("ttl", "long"), "never\n")
        self.simple("persist", "long")
        self.assertEqual(self.simple("ttl", "long"), "never\n")
        self.simple("persist", "long", code=NOT_FOUND)
        self.simple("expire", "long", "1m")
        self.assertTrue(0 < int(self.simple("ttl", "long")) <= 60_000)
        command = [str(TENONCTL), "--endpoints", f"127.0.0.1:{self.node.port}", "get", "short"]
        deadline = time.monotonic() + 30
        while run(*command).returncode == OK:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.simple("expire", "short", "1m", code=NOT_FOUND)

    def test_a_range_is_counted_read_backward_and_removed(self) -> None:
        for number in range(5):
            self.simple("put", f"range-{number}", "v")
        self.assertEqual(self.simple("scan", "--count", "range-"), "5\n")
        keys = self.simple("scan", "--keys", "--reverse", "range-").split()
        self.assertEqual(keys, [f"range-{number}" for number in (4, 3, 2, 1, 0)])
        document = json.loads(self.run_command(OK, "-o", "json", "scan", "--reverse", "range-", "--limit", "2"))
        rest = self.simple("scan", "--keys", "--reverse", "range-", "--cursor", document["cursor"]).split()
        self.assertEqual(rest, keys[2:])
        matching = self.simple("scan", "--keys", "--match", "r*-[1-3]").split()
        self.assertEqual(matching, ["range-1", "range-2", "range-3"])
        self.assertEqual(self.simple("scan", "--count", "--match", "range-?"), "5\n")
        self.simple("scan", "--match", "[a", code=ERROR)
        self.assertEqual(self.simple("del", "--range", "range-3", "range-5"), "2\n")
        self.assertEqual(self.simple("del", "--prefix", "range-"), "3\n")
        self.simple("del", "--prefix", "range-", code=NOT_FOUND)

    def test_a_transaction_is_one_step(self) -> None:
        text = b'if absent txn\nput txn "a b"\nincrement txn-count 2\nelse\nget txn\n'
        self.assertEqual(self.simple("txn", standard_input=text), "then\nput\nincrement\t2\n")
        self.assertEqual(self.simple("txn", code=NOT_FOUND, standard_input=text), "else\nget\ttxn\ta b\n")
        self.simple("txn", code=ERROR, standard_input=b"put txn lost\nincrement txn 1\n")
        self.assertEqual(self.simple("get", "txn"), "a b")

    def test_a_write_of_a_session_is_executed_once_however_often_it_is_tried(self) -> None:
        ENVIRONMENT["XDG_STATE_HOME"] = str(Path(self.directory.name).resolve() / "state")
        self.addCleanup(ENVIRONMENT.pop, "XDG_STATE_HOME")
        session = self.simple("session", "open", "mine", "--ttl", "5m")
        self.assertEqual(self.simple("session", "open", "mine"), session)
        words = ("append", "once", "x", "--session", "mine", "--sequence", "999")
        self.assertEqual([self.simple(*words) for _ in range(3)], ["1\n"] * 3)
        self.assertEqual(self.simple("get", "once"), "x")
        self.assertEqual(self.simple("append", "once", "y", "--session", session.strip(), "--sequence", "1000"), "2\n")
        self.assertEqual(self.simple(*words), "1\n")
        self.simple("append", "once", "z", "--session", "mine", "--sequence", "1", code=ERROR)
        self.simple("session", "keep-alive", "mine")
        self.simple("session", "close", "mine")
        self.simple("append", "once", "z", "--session", session.strip(), "--sequence", "1001", code=ERROR)
        self.assertEqual(self.simple("get", "once"), "xy")

    def test_status_names_role_and_node(self) -> None:
        document = json.loads(self.run_command(OK, "-o", "json", "status"))
        self.assertIn("leader", json.dumps(document))
        self.assertIn(b"leader", self.run_command(OK, "-o", "table", "status"))

    def test_no_connection(self) -> None:
        command = [str(TENONCTL), "--endpoints", f"127.0.0.1:{free_port()}", "get", "key"]
        result = run(*command)
        self.assertEqual(result.returncode, NO_CONNECTION, result.stderr)

    def test_usage(self) -> None:
        self.run_command(USAGE, "put", "only-a-key")
        self.run_command(USAGE, "no-such-command")
        self.run_command(USAGE, "--no-such-flag")

    def test_what_a_later_version_brings_says_so(self) -> None:
        command = [str(TENONCTL), "subscribe", "key"]
        result = run(*command)
        self.assertEqual(result.returncode, ERROR)
        self.assertIn(b"not in this version", result.stderr)

    def test_a_refused_request_is_an_error_with_its_reason(self) -> None:
        self.run_command(ERROR, "put", "large", "-", standard_input=b"v" * (1024 * 1024 + 1))


class TenonctlOfManyNodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = RunningCluster()
        cls.enterClassContext(cls.cluster)

    def setUp(self) -> None:
        self.leader = self.cluster.wait_for_leader()

    def run_command(self, code: int, *arguments: str, endpoints: str = "") -> str:
        result = self.cluster.tenonctl(*arguments, endpoints=endpoints)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result.stdout.decode()

    def test_status_has_a_row_for_each_node(self) -> None:
        rows = [line.split("\t") for line in self.run_command(OK, "-o", "simple", "status").splitlines()]
        self.assertEqual([row[0] for row in rows], list(self.cluster.endpoints.values()))
        self.assertEqual([row[1] for row in rows], ["1", "2", "3"])
        self.assertEqual([row[2] == "leader" for row in rows], [node == self.leader for node in self.cluster.ids])

    def test_members_names_every_voter_and_how_far_it_is(self) -> None:
        members = json.loads(self.run_command(OK, "-o", "json", "members"))["members"]
        self.assertEqual([member["node_id"] for member in members], ["1", "2", "3"])
        for member in members:
            node = int(member["node_id"])
            self.assertEqual(member["is_leader"], node == self.leader)
            self.assertEqual(len(member["addresses"]), 1)
            self.assertEqual(member["client_addresses"], [f"thrift://{self.cluster.endpoints[node]}"])
            self.assertEqual("match_index" in member, node != self.leader)

    def test_the_leader_is_shown_and_handed_over(self) -> None:
        self.assertEqual(self.run_command(OK, "-o", "simple", "leader", "show"), f"{self.leader}\n")
        target = self.cluster.others(self.leader)[0]
        self.assertEqual(self.run_command(OK, "-o", "simple", "leader", "transfer", str(target)), f"{target}\n")
        self.assertEqual(self.cluster.wait_for_leader(), target)
        self.assertNotEqual(self.run_command(OK, "-o", "simple", "leader", "transfer"), f"{target}\n")
        self.run_command(ERROR, "leader", "transfer", "9")

    def test_an_image_is_taken_and_every_node_has_the_same_state(self) -> None:
        self.run_command(OK, "put", "in-the-image", "v")
        endpoint = self.cluster.endpoints[self.leader]
        status = json.loads(self.run_command(OK, "-o", "json", "status", endpoints=endpoint))["nodes"][0]
        taken = self.run_command(OK, "-o", "simple", "snapshot", "create", endpoints=endpoint).split("\t")
        self.assertEqual(taken[0], endpoint)
        self.assertGreaterEqual(int(taken[1]), int(status["applied_index"]))
        self.assertGreater(int(taken[2]), 0)
        listed = json.loads(self.run_command(OK, "-o", "json", "snapshot", "list"))["nodes"]
        self.assertEqual([node["endpoint"] for node in listed], list(self.cluster.endpoints.values()))
        self.assertGreaterEqual(int(listed[self.cluster.ids.index(self.leader)]["index"]), int(taken[1]))
        deadline = time.monotonic() + 60
        while True:
            nodes = json.loads(self.run_command(OK, "-o", "json", "state-hash"))["nodes"]
            if len({node["applied_index"] for node in nodes}) == 1:
                break
            self.assertLess(time.monotonic(), deadline, nodes)
            time.sleep(0.05)
        self.assertEqual(len(nodes), 3)
        self.assertEqual(len({node["state_hash"] for node in nodes}), 1, nodes)

    def test_the_first_endpoint_may_be_any_node_or_gone(self) -> None:
        for node in self.cluster.ids:
            gone = f"127.0.0.1:{free_port()},{self.cluster.endpoints[node]}"
            self.run_command(OK, "put", "key", f"through {node}", endpoints=gone)
            self.assertEqual(self.run_command(OK, "get", "key", endpoints=gone), f"through {node}")

    def test_a_session_is_the_same_through_every_node(self) -> None:
        follower = self.cluster.endpoints[self.cluster.others(self.leader)[0]]
        session = self.run_command(OK, "-o", "simple", "session", "open", endpoints=follower).strip()
        words = ("-o", "simple", "append", "through-all", "x", "--session", session, "--sequence", "1")
        for node in self.cluster.ids:
            self.assertEqual(self.run_command(OK, *words, endpoints=self.cluster.endpoints[node]), "1\n")
        self.run_command(OK, "session", "close", session, endpoints=follower)
        for node in self.cluster.ids:
            self.run_command(ERROR, *words, endpoints=self.cluster.endpoints[node])

    def test_what_only_the_leader_can_do_finds_it_through_a_follower(self) -> None:
        follower, target = self.cluster.others(self.leader)
        words = ("-o", "simple", "leader", "transfer", str(target))
        self.assertEqual(self.run_command(OK, *words, endpoints=self.cluster.endpoints[follower]), f"{target}\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
