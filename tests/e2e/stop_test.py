#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How a node begins and ends: SIGTERM, the data directory's lock, refused configurations, what needs no plugin code."""

from __future__ import annotations

import os
import threading
import unittest
from pathlib import Path

from harness import Client, Node, TENOND, run, temporary_directory

from tenon_kv.ttypes import GetRequest, Outcome, PutRequest, TenonError

EXIT_CONFIG = 78
EXIT_SECONDS = 5.0


class Stop(unittest.TestCase):
    def test_sigterm_answers_what_is_in_flight_and_ends_in_time(self) -> None:
        acknowledged: list[int] = []
        unexpected: list[Exception] = []

        def write(port: int) -> None:
            try:
                with Client(port) as client:
                    for number in range(1_000_000):
                        client.kv.put(PutRequest(key=b"key-%d" % number, value=b"value"))
                        acknowledged.append(number)
            except TenonError as error:
                if error.outcome == Outcome.DONE:
                    unexpected.append(error)
            except Exception:  # noqa: BLE001  the connection ends when the node does
                pass

        with temporary_directory() as directory, Node(Path(directory)) as node:
            writer = threading.Thread(target=write, args=(node.port,))
            writer.start()
            while len(acknowledged) < 100:
                pass
            code, seconds = node.terminate()
            writer.join()
            self.assertEqual(code, 0, node.logger_text())
            self.assertLess(seconds, EXIT_SECONDS)
            self.assertEqual(unexpected, [])
            node.start()
            with Client(node.port) as client:
                for number in (0, acknowledged[-1]):
                    self.assertEqual(client.kv.get(GetRequest(key=b"key-%d" % number)).record.value, b"value")

    def test_its_threads_are_scheduled_as_the_configuration_says(self) -> None:
        for scheduling, policy in (("batch", os.SCHED_BATCH), ("inherit", os.SCHED_OTHER)):
            with temporary_directory() as directory, Node(Path(directory), {"node.scheduling": scheduling}) as node:
                assert node.process is not None
                threads = [int(name) for name in os.listdir(f"/proc/{node.process.pid}/task")]
                self.assertGreater(len(threads), 3)
                self.assertEqual({os.sched_getscheduler(thread) for thread in threads}, {policy}, scheduling)

    def test_a_second_process_on_the_same_data_directory_is_refused(self) -> None:
        with temporary_directory() as directory, Node(Path(directory)) as node:
            second = Node(Path(directory) / "second", {"node.data_directory": str(node.data_directory)})
            refused = run(*second.command())
            self.assertEqual(refused.returncode, 1, refused.stderr)
            self.assertIn(str(node.data_directory), refused.stderr.decode())
            with Client(node.port) as client:
                client.kv.put(PutRequest(key=b"still", value=b"here"))

    def test_a_directory_of_another_node_is_refused(self) -> None:
        with temporary_directory() as directory:
            node = Node(Path(directory))
            node.start()
            node.terminate()
            other = Node(
                Path(directory) / "other",
                {"node.data_directory": str(node.data_directory), "node.id": "2", "cluster.initial_members": "2"},
            )
            refused = run(*other.command())
            self.assertEqual(refused.returncode, 1)
            self.assertIn("node", refused.stderr.decode())

    def test_an_empty_directory_is_no_cluster_unless_it_is_told_to_be_one(self) -> None:
        with temporary_directory() as directory:
            node = Node(Path(directory), {"cluster.start": None, "cluster.initial_members": None})
            refused = run(*node.command())
            self.assertEqual(refused.returncode, 1)
            self.assertIn("cluster.start", refused.stderr.decode())


class Refusals(unittest.TestCase):
    def refused(
        self, settings: dict[str, str | None], *expected: str, flags: tuple[str, ...] = ("--check-config",)
    ) -> None:
        with temporary_directory() as directory:
            node = Node(Path(directory), settings)
            result = run(*node.command(*flags))
            self.assertEqual(result.returncode, EXIT_CONFIG, result.stderr)
            for part in expected:
                self.assertIn(part, result.stderr.decode())
            self.assertFalse(node.data_directory.exists())

    def test_an_unknown_key_names_file_line_and_the_nearest_key(self) -> None:
        self.refused({"limits.value_byte_max": "1MiB"}, "node.conf:", "value_byte_max", "value_bytes_max")

    def test_a_value_out_of_range_names_the_key(self) -> None:
        self.refused({"limits.value_bytes_max": "1GiB"}, "node.conf:", "value_bytes_max", "1GiB")

    def test_an_unknown_plugin_names_what_was_searched(self) -> None:
        self.refused({"storage.plugin": "filewall", "storage.filewal.segment_bytes": None}, "filewall", "plugins")

    def test_an_unknown_plugin_option_names_the_nearest(self) -> None:
        self.refused({"storage.filewal.segment_byte": "1MiB"}, "segment_byte", "segment_bytes", "node.conf:")

    def test_a_plugin_option_out_of_range_is_refused(self) -> None:
        self.refused({"storage.filewal.segment_bytes": "1KiB"}, "segment_bytes", "1KiB")

    def test_a_node_that_joins_a_cluster_names_no_initial_members(self) -> None:
        self.refused({"cluster.start": "join"}, "this node joins a cluster")

    def test_members_without_an_address_and_addresses_without_a_transport_are_refused(self) -> None:
        members = {"cluster.initial_members": "1,2,3"}
        self.refused(members, "cluster.peers")
        peers = {**members, "cluster.peers": "2=thrift://127.0.0.1:1, 3=thrift://127.0.0.1:2"}
        self.refused(peers, "[transport]")

    def test_refusals_hold_at_a_real_start_too(self) -> None:
        self.refused({"storage.filewal.segment_byte": "1MiB"}, "segment_byte", flags=())


class WithoutPluginCode(unittest.TestCase):
    def test_a_good_config_is_accepted_and_nothing_is_made(self) -> None:
        with temporary_directory() as directory:
            node = Node(Path(directory))
            result = run(*node.command("--check-config"))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertFalse(node.data_directory.exists())

    def test_print_config_names_origins(self) -> None:
        with temporary_directory() as directory:
            node = Node(Path(directory))
            result = run(*node.command("--print-config", "--set", "limits.scan_records_max=77"))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("77", result.stdout.decode())
            self.assertIn("node.conf:", result.stdout.decode())
            self.assertIn("default", result.stdout.decode())
            self.assertIn("segment_bytes", result.stdout.decode())

    def test_plugins_are_listed_and_explained(self) -> None:
        listed = run(str(TENOND), "--list-plugins")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn("filewal", listed.stdout.decode())
        self.assertIn("thrift", listed.stdout.decode())
        explained = run(str(TENOND), "--help-plugin", "storage.filewal")
        self.assertEqual(explained.returncode, 0, explained.stderr)
        self.assertIn("segment_bytes", explained.stdout.decode())


if __name__ == "__main__":
    unittest.main(verbosity=2)
