#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What an operator has: lines for each event, levels that change while a node runs, a service manager, metrics, and a
check of the configuration. docs/operations.md is checked against what nodes say."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from cluster_harness import QUICK_ELECTIONS, SLOW_ELECTIONS, WAIT_SECONDS, RunningCluster
from harness import ENVIRONMENT, TENONCTL, Client, Node, free_port, run, temporary_directory

from tenon_kv.ttypes import GetRequest, PutRequest

EXIT_CONFIG = 78
ROOT = Path(__file__).resolve().parents[2]
STORAGE_PLUGINS = ("filewal", "leveldb", "memory")
OPERATIONS = ROOT / "docs" / "operations.md"
LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error) [a-z._0-9-]+: .")
SAMPLE = re.compile(r'^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$')

Family = tuple[str, str]  # kind and help


def wait_until(holds: Callable[[], bool], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(what())
        time.sleep(0.02)


def parse_metrics(text: str) -> tuple[dict[str, Family], dict[str, float]]:
    """The families, and each sample by its name with labels. Raises ValueError when the text is not of the format."""
    families: dict[str, Family] = {}
    helps: dict[str, str] = {}
    samples: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, help_text = line.removeprefix("# HELP ").split(" ", 1)
            helps[name] = help_text
        elif line.startswith("# TYPE "):
            name, kind = line.removeprefix("# TYPE ").split(" ")
            if name in families or name not in helps:
                raise ValueError(f"{name}: its kind comes twice, or before its help")
            families[name] = (kind, helps[name])
        else:
            found = SAMPLE.match(line)
            if found is None:
                raise ValueError(f"no sample: {line}")
            name = found.group(1)
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            if name not in families and families.get(base, ("", ""))[0] != "histogram":
                raise ValueError(f"a sample without its family: {line}")
            key = name + ("{" + found.group(2) + "}" if found.group(2) else "")
            if key in samples:
                raise ValueError(f"twice: {key}")
            samples[key] = float(found.group(3))
    return families, samples


def documented_families() -> dict[str, Family]:
    rows = re.findall(r"^\| `([a-z_0-9]+)` \| (counter|gauge|histogram) \| (.*) \|$", OPERATIONS.read_text(), re.M)
    return {name: (kind, help_text) for name, kind, help_text in rows}


class Lines(unittest.TestCase):
    """Of three nodes."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = RunningCluster({"raft.election_timeout_min": "500ms", "logger.levels": "raft=debug"})
        cls.enterClassContext(cls.cluster)

    def lines(self, node: int) -> list[str]:
        return (self.cluster.directory / f"node-{node}" / "stderr.log").read_text().splitlines()

    def expect(self, node: int, pattern: str) -> None:
        wait_until(
            lambda: any(re.search(pattern, line) for line in self.lines(node)),
            lambda: f"node {node} has no line of {pattern}:\n" + "\n".join(self.lines(node)),
        )

    def test_an_election_a_vote_and_a_handover_are_told_with_term_node_and_reason(self) -> None:
        leader = self.cluster.wait_for_leader()
        followers = self.cluster.others(leader)
        self.expect(leader, r" info raft: asks to be elected, term \d+: ")
        self.expect(leader, r" info raft: leads in term \d+: a majority voted for it$")
        for follower in followers:
            self.expect(follower, rf" info raft: follows node {leader} in term \d+")
        voted = [line for node in followers for line in self.lines(node) if " info raft: votes for node" in line]
        self.assertTrue(voted, self.cluster.logger_ends())
        self.assertRegex(voted[0], r"votes for node \d in term \d+: its log goes at least as far")
        self.assertEqual(self.cluster.tenonctl("leader", "transfer").returncode, 0)
        self.expect(leader, r" info raft: leads no more, term \d+: ")
        after = self.cluster.wait_for_leader()
        self.expect(leader, rf" info raft: .*follows node {after} in term \d+")
        self.expect(after, r" info raft: asks to be elected, term \d+: the leader handed over")

    def test_the_membership_and_what_becomes_known_of_it_are_told(self) -> None:
        self.cluster.wait_for_leader()
        for node in self.cluster.ids:
            self.expect(node, r" info raft: the voters are 1, 2, 3$")
            for voter in self.cluster.ids:
                self.expect(node, rf" info raft: node {voter} is known by its data directory [0-9a-f]{{32}} from now")

    def test_each_plugin_is_told_of_with_file_identity_version_and_abi(self) -> None:
        self.cluster.wait_for_leader()
        for room in ("storage.filewal", "transport.thrift", "api.thrift"):
            kind, name = room.split(".")
            file = rf"/.*/tenon-{kind}-{name}\.so"
            self.expect(1, rf" info {room}: loaded {file}: dev\.tenon\.{room}, version \S+, ABI \d+\.\d+$")
        for room in ("transport.thrift", "api.thrift"):
            self.expect(1, rf" info {room}: started$")

    def test_every_line_has_time_severity_and_room(self) -> None:
        self.cluster.wait_for_leader()
        for node in self.cluster.ids:
            for line in self.lines(node):
                self.assertRegex(line, LINE)


class Reload(unittest.TestCase):
    def change(self, node: Node, *pairs: tuple[str, str]) -> None:
        text = node.config_file.read_text()
        for old, new in pairs:
            self.assertIn(old, text)
            text = text.replace(old, new)
        node.config_file.write_text(text)
        assert node.process is not None
        node.process.send_signal(signal.SIGHUP)

    def expect(self, file: Path, pattern: str) -> None:
        wait_until(
            lambda: file.exists() and re.search(pattern, file.read_text(errors="replace")) is not None,
            lambda: f"no {pattern} in:\n{file.read_text(errors='replace')}",
        )

    def test_levels_change_while_the_node_runs_and_a_wrong_file_changes_nothing(self) -> None:
        settings = {"logger.level": "info", "limits.scan_records_max": "10"}
        with temporary_directory() as directory, Node(Path(directory), settings) as node:
            output = node.logger_file
            self.change(node, ("level = info", "level = debug"), ("scan_records_max = 10", "scan_records_max = 11"))
            self.expect(output, r"info server: .*the level info becomes debug; changed, and without effect until a "
                                r"restart: limits\.scan_records_max")
            self.change(node, ("level = debug", "level = loud"))
            refusal = r"error server: .* is refused; nothing changes: .*node\.conf:\d+: logger\.level: .*loud"
            self.expect(output, refusal)
            self.change(node, ("level = loud", "level = warning\nlevels = server=info"))
            self.expect(output, r"the level debug becomes warning, server=info")
            with Client(node.port) as client:
                client.kv.put(PutRequest(key=b"k", value=b"v"))
                self.assertEqual(client.kv.get(GetRequest(key=b"k")).record.value, b"v")

    def test_json_lines_go_to_a_file_that_is_opened_again(self) -> None:
        with temporary_directory() as directory:
            file = Path(directory) / "tenond.out"
            with Node(Path(directory), {"logger.format": "json", "logger.file": str(file)}) as node:
                renamed = file.with_suffix(".1")
                file.rename(renamed)
                self.change(node)
                self.expect(file, "the configuration was read again")
                node.terminate()
                documents = [json.loads(line) for path in (renamed, file) for line in path.read_text().splitlines()]
                for document in documents:
                    self.assertEqual(sorted(document), ["level", "message", "room", "time"])
                self.assertTrue(any("leads in term" in document["message"] for document in documents))
                self.assertEqual(node.logger_text(), "")


class Manager(unittest.TestCase):
    """A service manager with a socket of its own."""

    def test_the_manager_is_told_of_start_role_life_reload_and_end(self) -> None:
        for abstract in (False, True):
            with self.subTest(abstract=abstract), temporary_directory() as directory:
                self.check(Path(directory), f"@tenon-e2e-{free_port()}" if abstract else f"{directory}/notify")

    def check(self, directory: Path, name: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind("\0" + name[1:] if name.startswith("@") else name)
            manager.settimeout(WAIT_SECONDS)
            told: list[str] = []

            def expect(part: str) -> None:
                while True:
                    told.append(manager.recv(4096).decode())
                    if part in told[-1]:
                        return

            variables = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "400000"}
            with mock.patch.dict(ENVIRONMENT, variables), Node(directory) as node:
                assert node.process is not None
                expect("EXTEND_TIMEOUT_USEC=")
                self.assertFalse(any("READY=1" in one for one in told))
                expect("READY=1\nSTATUS=")
                expect("WATCHDOG=1")
                expect("WATCHDOG=1")
                self.assertTrue(any("STATUS=leads in term" in one for one in told), told)
                node.process.send_signal(signal.SIGHUP)
                expect("RELOADING=1\nMONOTONIC_USEC=")
                expect("READY=1")
                node.terminate()
                expect("STOPPING=1")

    def test_the_unit_file_is_one(self) -> None:
        if shutil.which("systemd-analyze") is None:
            self.skipTest("there is no systemd-analyze here")
        unit = (ROOT / "deploy" / "systemd" / "tenond@.service").read_text()
        with temporary_directory() as directory:
            path = Path(directory) / "tenond@1.service"
            # What is not installed here would be reported as missing.
            path.write_text(re.sub(r"(?m)^Documentation=.*$", "", unit).replace("/usr/bin/tenond", "/bin/true"))
            command = ["systemd-analyze", "verify", str(path)]
            checked = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = RunningCluster(SLOW_ELECTIONS)
        cls.enterClassContext(cls.cluster)
        cls.leader = cls.cluster.wait_for_leader()

    def text_of(self, node: int, cluster: RunningCluster | None = None) -> str:
        result = run(str(TENONCTL), "--endpoints", (cluster or self.cluster).endpoints[node], "metrics")
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.decode()

    def samples_of(self, node: int) -> dict[str, float]:
        return parse_metrics(self.text_of(node))[1]

    def test_what_operations_says_of_metrics_is_what_there_is(self) -> None:
        # The fault is one that nobody notices, so that the metrics of faults are there.
        settings = QUICK_ELECTIONS | {"fault.storage_read_delay": "1us"}
        with RunningCluster(settings, storages=",".join(STORAGE_PLUGINS), apis="thrift,http,resp") as cluster:
            leader = cluster.wait_for_leader()
            heartbeats = "tenon_raft_heartbeat_duration_seconds"
            cluster.wait_for(lambda: heartbeats in self.text_of(leader, cluster), "an answer to a heartbeat")
            families: dict[str, Family] = {}
            for node in reversed(cluster.ids):  # of several plugins' texts for one name, that of the first stands
                families |= parse_metrics(self.text_of(node, cluster))[0]
        table = "\n".join(f"| `{name}` | {kind} | {text} |" for name, (kind, text) in sorted(families.items()))
        self.assertEqual(documented_families(), families, f"the table of docs/operations.md is to be:\n{table}")

    def test_a_write_moves_the_metrics_that_it_concerns(self) -> None:
        moved = (
            'tenon_requests_total{api="thrift",op="put",code="done"}',
            'tenon_request_duration_seconds_count{api="thrift",op="put"}',
            "tenon_raft_propose_duration_seconds_count",
            'tenon_wal_fsync_duration_seconds_count{plugin="filewal"}',
            "tenon_raft_commit_index",
        )
        before = self.samples_of(self.leader)
        self.assertEqual(self.cluster.put(self.leader, b"key", b"value"), "acknowledged")
        for name in moved:  # the leader's own disk may come after those of the others
            wait_until(lambda: self.samples_of(self.leader)[name] > before[name], lambda: f"{name} stays")

    def test_roles_and_lags_are_those_of_the_cluster(self) -> None:
        for node in self.cluster.ids:
            samples = self.samples_of(node)
            self.assertEqual(samples["tenon_raft_is_leader"], 1 if node == self.leader else 0)
            lags = {name for name in samples if name.startswith("tenon_raft_replication_lag_entries")}
            peers = self.cluster.others(node) if node == self.leader else []
            self.assertEqual(lags, {f'tenon_raft_replication_lag_entries{{peer="{peer}"}}' for peer in peers})
            self.assertGreaterEqual(samples["tenon_raft_leader_changes_total"], 1)
            self.assertGreaterEqual(samples['tenon_connections{api="thrift"}'], 1)
            wait_until(lambda: self.samples_of(node)["tenon_storage_bytes"] > 0, lambda: "no storage_bytes")

    def test_histograms_ascend_to_their_count(self) -> None:
        families, samples = parse_metrics(self.text_of(self.leader))
        histograms = [name for name, (kind, _) in families.items() if kind == "histogram"]
        self.assertIn("tenon_request_duration_seconds", histograms)
        for name in histograms:
            last: dict[str, float] = {}
            for key, value in samples.items():
                if not key.startswith(name + "_bucket{"):
                    continue
                labels = re.sub(r',?le="[^"]*"', "", key.removeprefix(name + "_bucket"))
                self.assertGreaterEqual(value, last.get(labels, 0), key)
                last[labels] = value
            for labels, value in last.items():
                self.assertEqual(value, samples[name + "_count" + (labels if labels != "{}" else "")])

    def test_promtool_finds_no_fault(self) -> None:
        if shutil.which("promtool") is None:
            self.skipTest("there is no promtool here")
        text = self.text_of(self.leader)
        command = ["promtool", "check", "metrics"]
        checked = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))


class CheckConfig(unittest.TestCase):
    def refused(self, settings: dict[str, str | None], *expected: str) -> None:
        with temporary_directory() as directory:
            node = Node(Path(directory), settings)
            result = run(*node.command("--check-config"))
            self.assertEqual(result.returncode, EXIT_CONFIG, result.stdout + result.stderr)
            for part in expected:
                self.assertIn(part, result.stderr.decode())

    def test_two_plugins_at_one_address_are_refused(self) -> None:
        address = f"127.0.0.1:{free_port()}"
        self.refused(
            {"api.thrift.listen": address, "transport.plugin": "thrift", "transport.thrift.listen": address},
            "node.conf:", "listens already", address,
        )

    def test_an_address_without_a_port_is_refused(self) -> None:
        self.refused({"api.thrift.listen": "127.0.0.1"}, "api.thrift.listen", "HOST:PORT")

    def test_directories_that_cannot_be_used_are_refused(self) -> None:
        with temporary_directory() as other:
            file = Path(other) / "file"
            file.write_text("x")
            self.refused({"node.data_directory": str(file)}, "node.conf:", "node.data_directory", "no directory")
            self.refused({"logger.file": f"{other}/missing/out"}, "node.conf:", "logger.file", "missing")

    def test_a_room_that_is_not_there_is_refused_with_the_nearest(self) -> None:
        self.refused({"logger.levels": "raff=debug"}, "logger.levels", "'raff'", "'raft'")
        self.refused({"logger.levels": "raft=loud"}, "logger.levels", "raft=loud")

    def test_what_only_a_start_can_tell_is_said(self) -> None:
        with temporary_directory() as directory:
            result = run(*Node(Path(directory)).command("--check-config"))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("Only a start can tell", result.stdout.decode())


if __name__ == "__main__":
    unittest.main(verbosity=2)
