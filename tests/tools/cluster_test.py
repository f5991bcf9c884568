#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/cluster by itself, with a program in the place of tenond that answers `status` and does nothing else."""

from __future__ import annotations

import configparser
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

from cluster_lib import processes  # noqa: E402
from cluster_lib.thrift_client import Answered, NoAnswer, decode_reply, field, string  # noqa: E402

# Node 1 leads. One whose config says [test] die = 1 ends with a word in its log.
STAND_IN = """#!/usr/bin/python3
import configparser, socket, struct, sys
config = configparser.ConfigParser()
config.read(sys.argv[2])
if config.has_section('test'):
    sys.exit('the disk is on fire')
host, port = config['api.thrift']['listen'].split(':')
number = config['node'].getint('id')
role = b'leader' if number == 1 else b'follower'
reply = struct.pack('>bhq', 10, 1, number) + struct.pack('>bhi', 11, 3, len(role)) + role
reply += struct.pack('>bhq', 10, 4, 7) + struct.pack('>bhq', 10, 5, 1)
message = struct.pack('>Ii', 0x80010002, 6) + b'status' + struct.pack('>i', 0) + struct.pack('>bh', 12, 0)
message += reply + b'\\0\\0'
with socket.create_server((host, int(port))) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(struct.pack('>i', len(message)) + message)
"""


class ClusterTool(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="tenon-cluster-test-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.directory = self.root / "cluster"
        self.build = self.root / "build"
        (self.build / "server").mkdir(parents=True)
        stand_in = self.build / "server" / "tenond"
        stand_in.write_text(STAND_IN)
        stand_in.chmod(0o755)
        self.addCleanup(self.run_tool, "down")

    def run_tool(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        words = [str(TOOLS / "cluster"), command, "--dir", str(self.directory), *arguments]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    def take(self, command: str, *arguments: str) -> str:
        done = self.run_tool(command, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def up(self, *arguments: str) -> dict:
        return json.loads(self.take("up", "--build", str(self.build), *arguments))

    def status(self) -> list[str]:
        return [node["state"] for node in json.loads(self.take("status"))["nodes"]]

    def refused(self, part: str, command: str, *arguments: str) -> None:
        done = self.run_tool(command, *arguments)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertTrue(done.stderr.startswith("cluster: "), done.stderr)
        self.assertIn(part, done.stderr)

    def config(self, node: int) -> configparser.ConfigParser:
        found = configparser.ConfigParser()
        found.read(self.directory / f"node-{node}" / "node.conf")
        return found

    def test_up_prints_one_line_with_the_leader_and_each_node(self) -> None:
        done = self.take("up", "--build", str(self.build))
        self.assertEqual(done.count("\n"), 1)
        document = json.loads(done)
        self.assertEqual(document["leader"], 1)
        self.assertEqual([node["id"] for node in document["nodes"]], [1, 2, 3])
        for node in document["nodes"]:
            self.assertEqual(node["data_dir"], str(self.directory.resolve() / f"node-{node['id']}" / "data"))
            self.assertTrue(node["endpoints"]["thrift"].startswith("127.0.0.1:"))
            os.kill(node["pid"], 0)
        self.assertEqual(json.loads(self.take("status")), document)

    def test_a_node_gets_its_storage_its_transports_and_every_peer(self) -> None:
        self.up("--storage", "filewal,leveldb", "--transport", "thrift+websocket,thrift", "--set",
                "raft.heartbeat_interval=30ms", "--set", "storage.filewal.segment_bytes=1MiB")  # fmt: skip
        first, second, third = (self.config(node) for node in (1, 2, 3))
        storages = [config["storage"]["plugin"] for config in (first, second, third)]
        self.assertEqual(storages, ["filewal", "leveldb", "filewal"])
        self.assertEqual([config["transport"]["plugin"] for config in (first, second, third)],
                         ["thrift,websocket", "thrift", "thrift,websocket"])  # fmt: skip
        listen = first["transport.websocket"]["listen"]
        peers = f"|websocket://{listen}, 2=thrift://{second['transport.thrift']['listen']}, 3="
        self.assertIn(peers, first["cluster"]["peers"])
        self.assertEqual(first["cluster"]["peers"], second["cluster"]["peers"])
        self.assertEqual(second["cluster"]["initial_members"], "1,2,3")
        self.assertEqual(third["raft"]["heartbeat_interval"], "30ms")
        self.assertEqual(third["storage.filewal"]["segment_bytes"], "1MiB")

    def test_ports_follow_from_the_base_port(self) -> None:
        free = self.up("--nodes", "1")["nodes"][0]["endpoints"]["thrift"]
        self.take("down")
        shutil.rmtree(self.directory)
        base = int(free.split(":")[1]) - 10
        document = self.up("--nodes", "2", "--base-port", str(base), "--api", "thrift,http")
        self.assertEqual(document["nodes"][1]["endpoints"],
                         {"thrift": f"127.0.0.1:{base + 20}", "http": f"127.0.0.1:{base + 21}"})  # fmt: skip
        self.assertEqual(self.config(2)["transport.thrift"]["listen"], f"127.0.0.1:{base + 25}")

    def test_a_port_in_use_is_named_before_anything_starts(self) -> None:
        port = int(self.up("--nodes", "1")["nodes"][0]["endpoints"]["thrift"].split(":")[1])
        other = self.root / "other"
        words = [str(TOOLS / "cluster"), "up", "--dir", str(other), "--build", str(self.build)]
        done = subprocess.run([*words, "--base-port", str(port - 10)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"found port {port} of node 1 in use", done.stderr)
        self.assertFalse((other / "cluster.json").exists())

    def test_a_new_cluster_is_made_at_the_first_start_only(self) -> None:
        self.up("--nodes", "2")
        self.assertEqual(self.config(2)["cluster"]["start"], "new")
        self.take("kill", "2")
        self.take("start", "2")
        self.assertNotIn("start", self.config(2)["cluster"])

    def test_nodes_are_killed_paused_resumed_stopped_and_started(self) -> None:
        self.up()
        self.take("pause", "2")
        self.take("kill", "1")
        self.take("stop", "3")
        self.assertEqual(self.status(), ["stopped", "paused", "stopped"])
        self.refused("found node 1 stopped", "kill", "1")
        self.refused("found node 2 paused", "start", "2")
        self.take("resume", "2")
        self.take("start", "1", "3")
        self.assertEqual(self.status(), ["running", "running", "running"])
        self.take("pause", "1")
        self.take("stop", "1")
        self.take("down")
        self.assertEqual(self.status(), ["stopped", "stopped", "stopped"])
        self.take("down")
        self.assertEqual(json.loads(self.take("up"))["leader"], 1)

    def test_the_leader_can_be_named_by_that_word(self) -> None:
        self.up()
        self.take("kill", "leader")  # the stand-in of node 1 leads
        self.assertEqual(self.status(), ["stopped", "running", "running"])
        self.refused("found no node that says that it leads", "kill", "leader")
        wrong = self.run_tool("kill", "two")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("expected the number of a node, or leader", wrong.stderr)

    def test_a_process_that_has_the_number_of_a_node_by_chance_is_never_signalled(self) -> None:
        self.up("--nodes", "1")
        self.take("kill", "1")
        stranger = subprocess.Popen(["/bin/sleep", "60"])
        try:
            path = self.directory / "cluster.json"
            document = json.loads(path.read_text())
            document["nodes"][0]["process"]["pid"] = stranger.pid
            path.write_text(json.dumps(document))
            self.refused("found node 1 stopped", "kill", "1")
            self.take("down")
            self.assertIsNone(stranger.poll())
            ticks = document["nodes"][0]["process"]["start_ticks"]
            self.assertFalse(processes.send(processes.ProcessName(stranger.pid, ticks), signal.SIGKILL))
        finally:
            stranger.kill()
            stranger.wait()

    def test_a_node_that_dies_at_its_start_shows_the_end_of_its_log_and_nothing_is_left_running(self) -> None:
        self.refused("the disk is on fire", "up", "--build", str(self.build), "--set", "test.die=1")
        self.assertEqual(self.status(), ["stopped", "stopped", "stopped"])

    def test_what_cannot_be_is_refused_with_what_to_do(self) -> None:
        build = ("--build", str(self.build))
        self.refused("cluster up --dir", "kill", "1")
        self.refused("--build", "up", "--build", str(self.root / "none"))
        self.refused("no transport in common", "up", *build, "--transport", "thrift,websocket")
        self.refused("section.key=value", "up", *build, "--set", "heartbeat=1")
        self.refused("expected thrift", "up", *build, "--api", "http")
        self.up("--nodes", "1")
        self.refused("leave out --build", "up", *build)
        self.refused("the nodes 1 to 1", "kill", "2")
        self.assertEqual(self.run_tool("up", "--nodes", "10").returncode, 2)


class Answers(unittest.TestCase):
    HEADER = b"\x80\x01\x00\x02" + string(b"put") + b"\0\0\0\0"

    def test_an_error_of_a_node_has_its_outcome(self) -> None:
        for number, outcome in ((0, "unknown"), (2, "refused"), (4, "overloaded"), (99, "unknown")):
            error = field(8, 2, number.to_bytes(4, "big")) + field(11, 3, string(b"why")) + b"\0"
            with self.assertRaises(Answered) as raised:
                decode_reply(self.HEADER + field(12, 1, error) + b"\0")
            self.assertEqual((raised.exception.outcome, str(raised.exception)), (outcome, "why"))

    def test_an_exception_is_no_answer(self) -> None:
        with self.assertRaises(NoAnswer):
            decode_reply(b"\x80\x01\x00\x03" + self.HEADER[4:] + field(11, 1, string(b"why")) + b"\0")

    def test_no_length_is_believed(self) -> None:
        huge_string, huge_list = field(11, 0, b"\x7f\xff\xff\xff"), field(15, 0, b"\x0a\x7f\xff\xff\xff")
        for wrong in (huge_string, huge_list, b"\x0c\0\0" * 50, b"\x09\0\0"):
            with self.assertRaises(ValueError):
                decode_reply(self.HEADER + wrong)


if __name__ == "__main__":
    unittest.main(verbosity=2)
