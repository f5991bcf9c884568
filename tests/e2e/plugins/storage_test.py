#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One line of the config chooses where a node keeps its log, and nothing else changes, in the file or for the client.
What a storage does not keep is said before anybody relies on it."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import TENOND, Client, Node, run, temporary_directory  # noqa: E402

from tenon_kv.ttypes import GetRequest, PutRequest  # noqa: E402

DURABLE = ("filewal", "leveldb")
README = Path(__file__).resolve().parents[3] / "README.md"
LINE = "plugin = filewal"


def swap(node: Node, storage: str) -> None:
    """Changes the one line that README.md shows, which chooses the storage, and leaves every other as it is."""
    text = node.config_file.read_text()
    assert text.count(LINE) == 1, text
    node.config_file.write_text(text.replace(LINE, f"plugin = {storage}"))


def new_node(directory: Path) -> Node:
    return Node(directory, {"storage.plugin": "filewal", "storage.filewal.segment_bytes": None})


def put(node: Node) -> None:
    with Client(node.port) as client:
        client.kv.put(PutRequest(key=b"key", value=b"value"))


def values(node: Node) -> list[bytes]:
    with Client(node.port) as client:
        reply = client.kv.get(GetRequest(key=b"key"))
    return [reply.record.value] if reply.record is not None else []


class Storages(unittest.TestCase):
    def test_the_line_is_the_one_of_the_readme(self) -> None:
        self.assertIn(f"[storage]\n{LINE}\n", README.read_text())

    def test_each_durable_storage_has_what_it_acknowledged_after_a_kill(self) -> None:
        for storage in DURABLE:
            with self.subTest(storage), temporary_directory() as directory:
                node = new_node(Path(directory))
                swap(node, storage)
                with node:
                    put(node)
                    node.kill()
                    node.start()
                    self.assertEqual(values(node), [b"value"])
                    self.assertNotIn("not durable", node.logger_text())

    def test_memory_forgets_and_says_so_first(self) -> None:
        with temporary_directory() as directory:
            node = new_node(Path(directory))
            swap(node, "memory")
            with node:
                self.assertIn("storage.memory is not durable", node.logger_text())
                put(node)
                self.assertEqual(values(node), [b"value"])
                node.kill()
                node.start()
                self.assertEqual(values(node), [])
        listed = run(str(TENOND), "--list-plugins").stdout.decode()
        self.assertEqual(listed.count("not durable"), 1, listed)

    def test_a_directory_of_another_storage_is_refused_with_the_command_that_converts_it(self) -> None:
        for before, after in (("filewal", "leveldb"), ("leveldb", "filewal"), ("filewal", "memory")):
            with self.subTest(before=before, after=after), temporary_directory() as directory:
                node = new_node(Path(directory))
                text = node.config_file.read_text()
                swap(node, before)
                with node:
                    put(node)
                    self.assertEqual(node.terminate()[0], 0)
                node.config_file.write_text(text)
                swap(node, after)
                refused = run(*node.command())
                self.assertNotEqual(refused.returncode, 0)
                kept_in = node.data_directory / "storage"
                command = f"tenond storage convert --from {before}:{kept_in} --to {after}:"
                self.assertIn(command, refused.stderr.decode())
                node.config_file.write_text(text)
                swap(node, before)
                with node:
                    self.assertEqual(values(node), [b"value"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
